"""Training steps one after another; on an NVIDIA GPU a step is compiled, recorded once and then replayed.

A step asks for some thousand small pieces of work. Asking takes Python longer than a fast GPU takes to do them; a
recording (a CUDA graph) asks for all of them at once, and compiled code does several in one go.
"""

from __future__ import annotations

import contextlib
import importlib.util
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from dancekit.core import step
from dancekit.core.batch import Batch
from dancekit.core.step import Work
from dancekit.io.dataset import to_device
from dancekit.run import Say, say_nothing

Take = Callable[[Batch, torch.Generator, bool, Work], dict[str, Tensor]]
"""One step: a batch on the device, random numbers, whether the discriminators judge, and how; gives the losses."""
_WARMING = 3
"""Steps before recording: optimisers make their moments, and libraries choose their ways, in the first ones."""
_UNDER_WAY = 2
"""Steps that may be asked for before they are done: enough that the GPU never waits, few enough that the clock of
training tells the truth."""


@dataclass(frozen=True)
class _Recording:
    graph: torch.cuda.CUDAGraph
    batch: Batch
    losses: dict[str, Tensor]


class Stepper:
    """Takes the steps of one stint.

    compiling: compile them first, which takes a minute or so. recording: replay recorded steps, if the device is an
    NVIDIA GPU. What cannot be compiled or recorded here is done step by step; say is told so, once, and why.
    """

    def __init__(
        self,
        take: Take,
        device: torch.device,
        compiling: bool = False,
        recording: bool = True,
        say: Say = say_nothing,
    ) -> None:
        self._take, self._device, self._say = take, device, say
        self._work = _compiled() if compiling else step.PLAIN
        self._recording = recording and device.type == "cuda"
        self._random = torch.Generator(device)
        self._taken = Counter[bool]()
        self._recordings: dict[bool, _Recording] = {}
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._under_way: deque[torch.cuda.Event] = deque()

    @property
    def warming(self) -> int:
        """How many steps of each kind, after a first plain one, it takes until all later ones are alike."""
        return 1 + _WARMING if self._recording else int(self._work is not step.PLAIN)

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """All steps are taken within; what they left under way is done at the end."""
        if self._stream is None:
            yield
            return
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        try:
            # All steps of a stint are alike, so it pays to try which way of doing a convolution is fastest.
            with torch.cuda.stream(self._stream), torch.backends.cudnn.flags(enabled=True, benchmark=True):
                yield
        finally:
            self._recordings.clear()
            torch.cuda.current_stream(self._device).wait_stream(self._stream)

    def step(self, batch: Batch, seed: int, judging: bool) -> dict[str, Tensor]:
        """Take a step on a batch of the CPU; the losses, which hold until the next step."""
        self._random.manual_seed(seed)
        recorded = self._recordings.get(judging)
        if recorded is None and self._recording and self._taken[judging] >= _WARMING:
            recorded = self._record(batch, judging)
        if recorded is None:
            self._random.manual_seed(seed)  # recording, where it fails, uses some
            losses = self._warm(batch, seed, judging)
            self._taken[judging] += 1
        else:
            for given, kept in zip(batch.tensors(), recorded.batch.tensors(), strict=True):
                kept.copy_(given, non_blocking=True)
            recorded.graph.replay()
            losses = recorded.losses
        self._wait()
        return losses

    def _warm(self, batch: Batch, seed: int, judging: bool) -> dict[str, Tensor]:
        """A step, compiled if that can be done here. It has changed nothing when it fails in compiling."""
        given = to_device(batch, self._device)
        known = self._work is step.PLAIN or self._taken[judging] > 0
        try:
            # PyTorch warns of itself while it compiles.
            with contextlib.nullcontext() if known else warnings.catch_warnings(action="ignore"):
                return self._take(given, self._random, judging, self._work)
        except RuntimeError as error:
            if known or isinstance(error, torch.OutOfMemoryError):
                raise
            self._work = step.PLAIN  # no compiler on this computer, or one that cannot do it
            self._tell("compiled", error)
            self._random.manual_seed(seed)
            return self._take(given, self._random, judging, self._work)

    def _record(self, batch: Batch, judging: bool) -> _Recording | None:
        """Record a step, which does not take it; None if that cannot be done here, and then not tried again."""
        graph, given = torch.cuda.CUDAGraph(), batch.on(self._device)
        graph.register_generator_state(self._random)
        try:
            # Other threads go on loading pictures meanwhile.
            with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
                losses = self._take(to_device(given, self._device), self._random, judging, self._work)
        except RuntimeError as error:  # too little memory for its own, or something that cannot be recorded
            # What ends a recording that has failed says no more than that: why it failed came before.
            self._tell("recorded", error.__context__ if isinstance(error.__context__, RuntimeError) else error)
            self._recording = False
            self._recordings.clear()
            self._random = torch.Generator(self._device)  # in older versions of PyTorch the other one is of no more use
            return None
        self._recordings[judging] = _Recording(graph, given, losses)
        return self._recordings[judging]

    def _tell(self, how: str, error: RuntimeError) -> None:
        """Say what steps cannot be here; no step is tried in this way again."""
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        self._say(f"Training steps cannot be {how} here ({reason}); they go on without, which is slower.")

    def _wait(self) -> None:
        """Until few enough steps are under way."""
        if self._stream is None:
            return
        done = torch.cuda.Event()
        done.record(self._stream)
        self._under_way.append(done)
        if len(self._under_way) > _UNDER_WAY:
            self._under_way.popleft().synchronize()


def can_compile(device: torch.device) -> bool:
    """Whether steps can be compiled for a device: an NVIDIA GPU, with Triton, which PyTorch brings along on Linux."""
    return device.type == "cuda" and importlib.util.find_spec("triton") is not None


def _compiled() -> Work:
    torch.compiler.reset()  # what earlier stints compiled is not needed any more
    return Work._make(torch.compile(part, dynamic=False) for part in step.PLAIN)
