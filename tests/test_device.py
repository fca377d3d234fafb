"""The device: one that cannot compute is left alone where nobody asked for it, and refused where somebody did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from dancekit import device, doctor, installed, recipe, train
from dancekit.errors import DancekitError
from dancekit.io import weights
from dancekit.io.workspace import Workspace
from dancekit.run import say_nothing
from dancekit.types import no_progress

SAID = "CUDA error: no kernel image is available for execution on the device"


@pytest.fixture
def useless_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU that PyTorch sees, and for which it has no arithmetic."""

    def fail(wanted: torch.device) -> None:
        if wanted.type == "cuda":
            raise RuntimeError(f"{SAID}\nCUDA kernel errors might be asynchronously reported. And so on.")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(device, "_try", fail)
    monkeypatch.delenv("LOCAL_RANK", raising=False)


@pytest.mark.usefixtures("useless_gpu")
def test_a_gpu_that_cannot_compute_gives_way_to_the_cpu_and_it_is_told_why() -> None:
    told: list[str] = []
    machine = device.find("auto", told.append)
    assert (machine.device.type, machine.name, machine.memory) == ("cpu", "CPU", 0)
    recipe, why = machine.recipe()
    assert recipe == "standard"
    assert f"PyTorch cannot compute on the GPU ({SAID}); " in why
    assert told == [f"Note: PyTorch cannot compute on the GPU ({SAID}); the CPU takes longer. See: dancekit doctor"]


@pytest.mark.parametrize(
    ("kind", "gigabytes", "suits"),
    [("cuda", 24, "standard"), ("cuda", 4, "standard"), ("cuda", 2, "cpu"), ("cpu", 0, "standard")],
)
def test_whatever_has_room_for_it_is_given_the_larger_recipe(kind: str, gigabytes: int, suits: str) -> None:
    name, why = device.Machine(torch.device(kind), "Some GPU", gigabytes * 2**30).recipe()
    assert name == suits
    assert ("Some GPU" in why) == (kind == "cuda")
    assert ("only 2.0 GB" in why) == (gigabytes == 2), "why she gets the smaller one"
    assert ("--recipe cpu" in why) == (kind == "cpu"), "a slow one may want the smaller one"


def test_whatever_recipe_a_machine_is_given_starts_from_a_base_that_comes_with_dancekit() -> None:
    machines = [device.Machine(torch.device(kind), "It", size * 2**30) for kind, size in (("cuda", 24), ("cpu", 0))]
    for name in {machine.recipe()[0] for machine in machines}:
        base = recipe.load(name).base
        assert base, f"{name} has none"
        assert weights.available(base), f"{base} is not bundled"


def test_nothing_is_learnt_where_gradients_are_wrong(trained_home: Path, tmp_path: Path) -> None:
    who, apple = Workspace(trained_home).person("me"), device.Machine(torch.device("mps"), "Apple GPU", 0)
    with pytest.raises(DancekitError, match="nothing can be learnt on Apple's GPU"):
        train.set_up(who, Workspace(tmp_path), recipe.load("tiny"), apple, 0, no_progress, say_nothing)
    device.refuse_learning(torch.device("cpu"))
    device.refuse_learning(torch.device("cuda"))


def test_of_several_gpus_the_one_that_computes_is_asked_what_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[torch.device] = []

    @contextmanager
    def chosen(one: torch.device) -> Iterator[None]:
        asked.append(one)
        yield

    monkeypatch.setattr(torch.cuda, "device", chosen)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: asked == [torch.device("cuda:1")])
    assert device.number_type(torch.device("cuda:1"), "bfloat16") == torch.bfloat16
    assert device.number_type(torch.device("cuda:1"), "float32") == torch.float32


@pytest.mark.usefixtures("useless_gpu")
def test_a_gpu_that_was_asked_for_by_hand_and_cannot_compute_is_refused() -> None:
    with pytest.raises(DancekitError, match="--device cuda: PyTorch cannot use this device here") as caught:
        device.find("cuda")
    assert SAID in caught.value.problem


def test_apples_gpu_on_another_computer_is_refused_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(wanted: torch.device) -> None:
        raise NotImplementedError("Could not run 'aten::empty.memory_format' with arguments from the 'MPS' backend.")

    monkeypatch.setattr(device, "_try", fail)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(DancekitError) as caught:
        device.find("mps")
    there_is_none = "this computer has no GPU that MPS can use; it is for Macs with Apple silicon"
    assert caught.value.problem == f"--device mps: {there_is_none}."
    assert "Leave it out" in caught.value.hint
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)  # a Mac's that cannot compute
    with pytest.raises(DancekitError, match="--device mps: PyTorch cannot use this device here"):
        device.find("mps")


@pytest.mark.usefixtures("useless_gpu")
def test_of_several_processes_none_computes_elsewhere_than_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(DancekitError, match=r"^cuda:1: PyTorch cannot use this device here"):
        device.find("auto")


@pytest.mark.usefixtures("useless_gpu")
def test_doctor_finds_the_gpu_that_cannot_compute() -> None:
    found = {finding.name: finding for finding in doctor._device()}
    assert found["device"].fine
    assert not found["GPU"].fine
    assert SAID in found["GPU"].what
    assert "driver" in found["GPU"].cure


def test_a_device_is_tried_with_arithmetic() -> None:
    assert device.find("cpu") == device.Machine(torch.device("cpu"), "CPU", 0)
    with pytest.raises((RuntimeError, NotImplementedError)):
        device._try(torch.device("meta"))


def test_missing_packages_are_got_from_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "required", lambda: ["no-such-package-as-this"])
    missing = next(finding for finding in doctor._packages({}) if not finding.fine)
    assert missing.what == "missing: no-such-package-as-this"
    assert missing.cure == "In the checkout: git pull, then pip install -c constraints.txt ."


def test_what_else_the_computer_does_for_a_moment_does_not_choose_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, calls = [0.0], [0]

    def convolve(x: torch.Tensor, *given: object, **more: object) -> None:
        calls[0] += 1
        disturbed = calls[0] % 7 and calls[0] > 3  # most of the time, something else is going on
        clock[0] += (0.001 if x.dtype == torch.float32 else 0.0005) + (0.01 if disturbed else 0)

    monkeypatch.setattr(torch.nn.functional, "conv2d", convolve)
    monkeypatch.setattr(device.time, "perf_counter", lambda: clock[0])
    single, half = device._shortest((torch.float32, torch.bfloat16))
    assert (single, half) == pytest.approx((0.001, 0.0005))


def test_the_numbers_are_tried_on_one_core_and_the_others_are_left_as_they_were() -> None:
    before = torch.get_num_threads()
    device._faster_in_bfloat16.cache_clear()
    chosen = device.number_type(torch.device("cpu"), "bfloat16")
    assert torch.get_num_threads() == before
    for _ in range(20):
        device._faster_in_bfloat16.cache_clear()
        assert device.number_type(torch.device("cpu"), "bfloat16") == chosen
