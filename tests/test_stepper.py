"""Steps one after another: compiled, recorded or plain, they are the same steps."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from tiny import batch, lesson, networks
from torch import Tensor
from torch.optim import Adam

from dancekit import stepper
from dancekit.core.augment import Augmentation
from dancekit.core.batch import Batch
from dancekit.core.objective import Weights
from dancekit.core.step import PLAIN, Work, take_step
from dancekit.io.dataset import to_device
from dancekit.stepper import Stepper, Take

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch warns of itself while it compiles
CPU = torch.device("cpu")
HOW = lesson(augmentation=Augmentation(0.2, 0.5, 0.05))
WEIGHTS = Weights(colour=10.0, focus=2.0, every=2)


def raw(stage: int) -> Batch:
    """A batch as it comes from the films: frames are bytes."""
    given = batch(stage)
    colour, alpha = (given.frames[:, :, :3] + 1) * 127.5, given.frames[:, :, 3:] * 255
    return Batch(given.poses, torch.cat((colour, alpha), 2).byte(), given.known.byte(), given.wild, given.looks)


def trainee(stage: int, device: torch.device) -> tuple[Take, Callable[[], list[Tensor]]]:
    """What takes steps of networks that are always the same in the beginning, and what tells their weights."""
    torch.manual_seed(0)
    nets = networks(stage)
    for net in (nets.draw, nets.refine, nets.pair, nets.time, nets.wild, nets.perceptual):
        if net is not None:
            net.to(device)
    critics = [p for critic in nets.critics() for p in critic.parameters()]
    rate, recorded = torch.tensor(1e-3, device=device), device.type == "cuda"
    optimisers = {
        name: Adam(parameters, lr=rate if recorded else 1e-3, capturable=recorded)
        for name, parameters in (("generator", list(nets.trained.parameters())), ("critics", critics))
    }

    def take(given: Batch, random: torch.Generator, judging: bool, work: Work) -> dict[str, Tensor]:
        return take_step(nets, optimisers, given, HOW, WEIGHTS, torch.float32, random, judging, work=work)

    return take, lambda: [p.detach().cpu().clone() for p in (*nets.trained.parameters(), *critics)]


def trained(steps: Stepper, stage: int, count: int = 6) -> list[float]:
    """The perceptual losses of some steps, every second of which is judged."""
    told = []
    with steps.at_work():
        for place in range(count):
            told.append(float(steps.step(raw(stage), place, place % 2 == 1)["perceptual"]))
    return told


@pytest.mark.parametrize("stage", [1, 2])
def test_a_step_can_be_compiled_whole_and_stays_the_same(stage: int) -> None:
    """Where tracing had to stop in the middle of a part, `fullgraph` would fail."""
    torch.compiler.reset()
    traced = Work._make(torch.compile(part, fullgraph=True, dynamic=False, backend="aot_eager") for part in PLAIN)
    found = []
    for work in (PLAIN, traced):
        take, weights = trainee(stage, CPU)
        given = to_device(raw(stage), CPU)
        losses = take(given, torch.Generator().manual_seed(1), True, work)
        found.append((losses, weights()))
    for name, value in found[0][0].items():
        assert torch.allclose(value, found[1][0][name], rtol=1e-4), name
    assert all(torch.allclose(a, b, atol=2e-4) for a, b in zip(found[0][1], found[1][1], strict=True))


def test_what_cannot_be_compiled_here_is_done_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def broken(part: Callable[..., object], dynamic: bool) -> Callable[..., object]:
        def fail(*_: object) -> None:
            tried.append(part)
            raise RuntimeError("no C++ compiler.\nSet TORCHDYNAMO_VERBOSE=1")

        return fail

    monkeypatch.setattr(stepper.torch, "compile", broken)
    take, weights = trainee(1, CPU)
    plain, plain_weights = trainee(1, CPU)
    told: list[str] = []
    assert trained(Stepper(take, CPU, compiling=True, say=told.append), 1) == trained(Stepper(plain, CPU), 1)
    assert all(torch.equal(a, b) for a, b in zip(weights(), plain_weights(), strict=True))
    assert tried == [PLAIN.generate], "one failure is enough"
    assert told == ["Training steps cannot be compiled here (no C++ compiler); they go on without, which is slower."]


def test_what_cannot_be_recorded_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Graph:
        def register_generator_state(self, random: torch.Generator) -> None:
            pass

    def recording(*given: object, **options: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing\nCUDA kernel errors might be")

    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", recording)
    told: list[str] = []
    take, _ = trainee(1, CPU)
    steps = Stepper(take, CPU, say=told.append)
    steps._recording = True  # as on an NVIDIA GPU, of which nothing else is needed to see what is said
    trained(steps, 1, 12)
    assert told == [
        "Training steps cannot be recorded here (operation not permitted when stream is capturing); they go on "
        "without, which is slower."
    ]


def test_too_little_memory_is_not_taken_for_a_failure_to_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> dict[str, Tensor]:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        trained(Stepper(full, CPU, compiling=True), 1)


def test_a_failure_in_the_middle_of_training_is_not_hidden() -> None:
    take, _ = trainee(1, CPU)
    calls = []

    def sometimes(given: Batch, random: torch.Generator, judging: bool, work: Work) -> dict[str, Tensor]:
        calls.append(judging)
        if len(calls) > 4:
            raise RuntimeError("a cable came loose")
        return take(given, random, judging, PLAIN)

    with pytest.raises(RuntimeError, match="cable"):
        trained(Stepper(sometimes, CPU, compiling=True), 1)
    assert len(calls) == 5


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here")
@pytest.mark.parametrize("stage", [1, 2])
def test_recorded_steps_are_those_that_were_not(stage: int) -> None:
    told = []
    for recording in (False, True):
        take, weights = trainee(stage, torch.device("cuda"))
        steps = Stepper(take, torch.device("cuda"), recording=recording)
        told.append((trained(steps, stage, 14), weights()))
    assert told[0][0] == pytest.approx(told[1][0], rel=1e-2)
    assert all(torch.allclose(a, b, atol=5e-3) for a, b in zip(told[0][1], told[1][1], strict=True))
