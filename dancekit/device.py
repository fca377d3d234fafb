"""Which device to compute on, what it can do, and which recipe suits it."""

from __future__ import annotations

import contextlib
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

from dancekit.errors import DancekitError
from dancekit.group import local_rank
from dancekit.threads import usable, workers

_TRIALS = 20
"""How often each kind of numbers is tried: see _faster_in_bfloat16."""
_LARGER = 3.5
"""Gigabytes of a GPU's memory that the recipe `standard` surely fits: networks six times as large held 2.9 of them."""


@dataclass(frozen=True)
class Machine:
    """The device to compute on. memory: bytes of its own memory, 0 for the CPU. trouble: why a GPU that is there is not
    used, in words."""

    device: torch.device
    name: str
    memory: int
    trouble: str = ""

    def recipe(self) -> tuple[str, str]:
        """(recipe that suits it, why in words): of those whose pictures were judged, the best that it does soon."""
        gigabytes = self.memory / 2**30
        if self.device.type == "cuda" and gigabytes < _LARGER:
            return "cpu", f"{self.name} has only {gigabytes:.1f} GB, the smallest recipe fits"
        if self.device.type == "cuda":
            return "standard", f"{self.name} with {gigabytes:.0f} GB"
        trouble = self.trouble or "no GPU that PyTorch can use"
        return "standard", f"{trouble}; {usable()} CPU cores; smaller, and dances in half the time: --recipe cpu"


def find(wish: str = "auto", say: Callable[[str], None] = lambda text: None) -> Machine:
    """The device asked for, or the best there is: an NVIDIA GPU, else the CPU (Apple's GPU on request). Where nothing
    was asked for, a GPU that cannot compute is left alone, which is said; but processes that work together need one
    each.

    Raises:
        DancekitError: the wish cannot be fulfilled.
    """
    own = f":{local_rank()}" if local_rank() is not None else ""  # a GPU for each process
    name = ("cuda" if torch.cuda.is_available() else "cpu") if wish == "auto" else wish
    name += own if name == "cuda" else ""
    try:
        device = torch.device(name)
    except (RuntimeError, ValueError) as error:
        known = "auto, cpu, cuda, cuda:1 (the second GPU) or mps (Apple's GPU)"
        raise DancekitError(f"--device {wish}: there is no such device.", f"Choose {known}.") from error
    try:
        _try(device)
    except (RuntimeError, AssertionError, ValueError) as error:
        if device.type == "mps" and not torch.backends.mps.is_available():
            raise DancekitError(
                f"--device {wish}: this computer has no GPU that MPS can use; it is for Macs with Apple silicon.",
                "Leave it out: dancekit then chooses what there is.",
            ) from error
        if wish == "auto" and not own:
            trouble = f"PyTorch cannot compute on the GPU ({_briefly(error)})"
            say(f"Note: {trouble}; the CPU takes longer. See: dancekit doctor")
            return Machine(torch.device("cpu"), "CPU", 0, trouble)
        asked = f"--device {wish}" if wish != "auto" else name
        raise DancekitError(
            f"{asked}: PyTorch cannot use this device here ({_briefly(error)}).",
            "Use --device cpu, or see: dancekit doctor",
        ) from error
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return Machine(device, properties.name, properties.total_memory)
    return Machine(device, "Apple GPU" if device.type == "mps" else "CPU", 0)


def _try(device: torch.device) -> None:
    """Compute what training computes most: memory alone can be had of a GPU for which there is no arithmetic."""
    ones = torch.ones(1, 1, 2, 2, device=device)
    torch.nn.functional.conv2d(ones, ones).sum().item()


def _briefly(error: Exception) -> str:
    """The first sentence of what PyTorch says, which may go on for a page."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0].partition(". ")[0]
    return textwrap.shorten(said.rstrip("."), 100, placeholder=" ...")


def number_type(device: torch.device, precision: str) -> torch.dtype:
    """What the networks compute in: bfloat16 if the recipe asks for it and the device is faster with it."""
    if precision != "bfloat16":
        return torch.float32
    if device.type == "cuda":
        with torch.cuda.device(device):  # else the first card would be asked
            return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    return torch.bfloat16 if device.type == "cpu" and _faster_in_bfloat16() else torch.float32


@cache
def _faster_in_bfloat16() -> bool:
    """Try a convolution both ways, once: processors differ too much for a table, and the trial takes milliseconds.

    The two take turns on one core, and the shortest time of many counts: what else the computer does for a moment must
    not decide, or one process in twenty would compute otherwise than those it works with.
    """
    with workers(1) as each:
        ((single, half),) = each(_shortest, [(torch.float32, torch.bfloat16)])
    return half < 0.8 * single


def _shortest(dtypes: tuple[torch.dtype, ...]) -> list[float]:
    """The shortest time that a convolution takes in each of some kinds of numbers, seconds."""
    given = [(torch.ones(1, 64, 48, 48, dtype=dtype).to(memory_format=torch.channels_last),
              torch.ones(64, 64, 3, 3, dtype=dtype)) for dtype in dtypes]  # fmt: skip
    times = [float("inf")] * len(given)
    for _ in range(_TRIALS):
        for place, (x, weight) in enumerate(given):
            start = time.perf_counter()
            torch.nn.functional.conv2d(x, weight, padding=1)
            times[place] = min(times[place], time.perf_counter() - start)
    return times


def refuse_learning(device: torch.device) -> None:
    """Stop where training would go wrong without a word.

    Raises:
        DancekitError: the device is Apple's GPU, of whose gradients PyTorch 2.13 computes some wrongly (those of tanh,
            and of means of what lies channels last; its issues 175188 and 175190).
    """
    if device.type == "mps":
        raise DancekitError(
            "--device mps: nothing can be learnt on Apple's GPU, since PyTorch computes some gradients wrongly there.",
            "Leave it out: the CPU learns well. Dancing (transfer) may use --device mps.",
        )


def clock(device: torch.device) -> float:
    """Seconds, once everything that the device was asked for is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter()


def peak_gigabytes(device: torch.device) -> float:
    """The most memory that this process has held so far: the GPU's, or the computer's; 0 where that cannot be told."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    if sys.platform == "win32":
        return 0.0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9


def forget_peak(device: torch.device | None) -> None:
    """Let `peak_gigabytes` count from now on, where the system can: GPUs and Linux."""
    if device is not None and device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif sys.platform == "linux":
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
