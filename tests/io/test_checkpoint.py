"""Tensors on disk: they come back bit for bit, damage is named, and nothing in a file can run."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import nn

from dancekit.errors import WorkspaceError
from dancekit.io import checkpoint
from dancekit.io.files import FORMAT

CURE = "Train again."


class Trap:
    """Unpickling this would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_tensors_and_card_come_back_exactly(tmp_path: Path) -> None:
    tensors = {"a": torch.randn(3, 4), "b": torch.randn(5).half(), "c": torch.tensor(7), "d": torch.randn(2).bfloat16()}
    checkpoint.save(tmp_path / "state.safetensors", tensors, {"steps": 3, "name": "Änne"})
    after, card = checkpoint.load(tmp_path / "state.safetensors", CURE)
    assert card == {"format": FORMAT, "steps": 3, "name": "Änne"}
    assert after.keys() == tensors.keys()
    assert all(
        torch.equal(after[name], tensor) and after[name].dtype == tensor.dtype for name, tensor in tensors.items()
    )
    assert checkpoint.read_card(tmp_path / "state.safetensors", CURE) == card


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells what a process has mapped")
def test_what_was_read_no_longer_holds_the_file(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    checkpoint.save(path, {"a": torch.randn(300, 400), "step": torch.tensor(3.0)}, {})
    after, _ = checkpoint.load(path, CURE)
    assert after["step"] == 3
    assert str(path) not in Path("/proc/self/maps").read_text()  # Windows does not replace files that are mapped


@pytest.mark.parametrize("words", ["No space left on device (os error 28)", "Auf dem Datenträger ... (os error 112)"])
def test_a_full_disk_is_known_in_every_language(tmp_path: Path, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise SafetensorError(words)

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(WorkspaceError, match="the disk is full"):
        checkpoint.save(tmp_path / "a.safetensors", {}, {})


def test_views_of_one_tensor_are_stored_each_on_its_own(tmp_path: Path) -> None:
    whole = torch.arange(12.0).view(3, 4)
    checkpoint.save(tmp_path / "a.safetensors", {"turned": whole.T, "row": whole[1].clone()}, {})
    after, _ = checkpoint.load(tmp_path / "a.safetensors", CURE)
    assert torch.equal(after["turned"], whole.T)


def test_an_optimiser_goes_on_exactly_where_it_was(tmp_path: Path) -> None:
    def fresh() -> tuple[nn.Linear, torch.optim.Adam]:
        torch.manual_seed(0)
        module = nn.Linear(3, 2)
        return module, torch.optim.Adam(module.parameters(), 0.1, (0.5, 0.999))

    def step(module: nn.Linear, optimiser: torch.optim.Adam, seed: int) -> None:
        optimiser.zero_grad()
        module(torch.randn(4, 3, generator=torch.Generator().manual_seed(seed))).square().sum().backward()
        optimiser.step()

    straight, optimiser = fresh()
    for seed in range(4):
        step(straight, optimiser, seed)

    stopped, optimiser = fresh()
    for seed in range(2):
        step(stopped, optimiser, seed)
    tensors = checkpoint.named("G1", stopped) | checkpoint.optimiser_tensors("optimiser.generator", optimiser)
    checkpoint.save(tmp_path / "state.safetensors", tensors, {})

    resumed, optimiser = fresh()
    saved, _ = checkpoint.load(tmp_path / "state.safetensors", CURE)
    resumed.load_state_dict(checkpoint.part(saved, "G1"))
    checkpoint.restore_optimiser(optimiser, checkpoint.part(saved, "optimiser.generator"))
    for seed in (2, 3):
        step(resumed, optimiser, seed)
    assert torch.equal(straight.weight, resumed.weight)


def test_moments_lie_in_memory_as_their_weights_do(tmp_path: Path) -> None:
    layer = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(layer.parameters(), 0.1, fused=True)
    layer(torch.randn(1, 3, 8, 8)).sum().backward()
    optimiser.step()
    checkpoint.save(tmp_path / "state.safetensors", checkpoint.optimiser_tensors("optimiser", optimiser), {})
    again = torch.optim.Adam(layer.parameters(), 0.1, fused=True)
    saved, _ = checkpoint.load(tmp_path / "state.safetensors", CURE)
    checkpoint.restore_optimiser(again, checkpoint.part(saved, "optimiser"))
    for name in ("exp_avg", "exp_avg_sq"):
        was, now = optimiser.state[layer.weight][name], again.state[layer.weight][name]
        assert torch.equal(was, now)
        assert now.stride() == was.stride() == layer.weight.stride()


def test_parts_are_told_apart_by_whole_names() -> None:
    tensors = {"G1/a": torch.zeros(1), "G1.average/a": torch.ones(1), "G10/a": torch.ones(1)}
    assert list(checkpoint.part(tensors, "G1")) == ["a"]
    assert checkpoint.part(tensors, "G1")["a"] == 0


def test_a_fresh_optimiser_stays_fresh_where_nothing_was_saved() -> None:
    optimiser = torch.optim.Adam([nn.Parameter(torch.zeros(1))], 0.1)
    checkpoint.restore_optimiser(optimiser, {})
    assert optimiser.state_dict()["state"] == {}


@pytest.mark.parametrize("damage", ["empty", "rubbish", "cut", "header", "no card"])
def test_damage_is_named_with_its_cure(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "state.safetensors"
    checkpoint.save(path, {"a": torch.randn(100)}, {"steps": 3})
    whole = path.read_bytes()
    if damage == "no card":
        save_file({"a": torch.zeros(1)}, path)
    else:
        broken = {"empty": b"", "rubbish": b"rubbish" * 9, "cut": whole[:-40], "header": whole[:8] + b"?" + whole[9:]}
        path.write_bytes(broken[damage])
    with pytest.raises(WorkspaceError, match=r"state\.safetensors: this file is damaged") as caught:
        checkpoint.load(path, CURE)
    assert caught.value.hint == CURE


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="missing"):
        checkpoint.load(tmp_path / "state.safetensors", CURE)


def test_a_newer_format_asks_for_an_update(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    save_file({"a": torch.zeros(1)}, path, {"card": json.dumps({"format": FORMAT + 1})})
    with pytest.raises(WorkspaceError, match="newer dancekit") as caught:
        checkpoint.load(path, CURE)
    assert "git pull" in caught.value.hint


def test_nothing_in_a_file_can_run(tmp_path: Path) -> None:
    path, sprung = tmp_path / "state.safetensors", tmp_path / "sprung"
    path.write_bytes(pickle.dumps({"a": Trap(sprung)}))
    with pytest.raises(WorkspaceError, match="damaged"):
        checkpoint.load(path, CURE)
    torch.save({"a": Trap(sprung)}, path)
    with pytest.raises(WorkspaceError, match="damaged"):
        checkpoint.load(path, CURE)
    assert not sprung.exists()


def test_a_save_that_fails_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    checkpoint.save(path, {"a": torch.zeros(1)}, {"steps": 1})
    with pytest.raises(TypeError):
        checkpoint.save(path, {"a": torch.ones(1)}, {"steps": object()})
    assert checkpoint.read_card(path, CURE)["steps"] == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.safetensors"]
