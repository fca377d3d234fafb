"""How much memory there is, and how the C library gives it back."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

_SMALL = 4 << 30
"""Memory that is free on a small computer, bytes."""
_PART = 4
"""A part of the free memory that may be filled with what can be read again, as one in so many."""


def keep_freed_memory() -> None:
    """On Linux, stop the C library from handing large buffers back to the system after every operation.

    Training and cutting out free and take the same buffers thousands of times; fetching them anew costs a good part of
    each step.
    """
    if sys.platform == "linux":
        try:
            library = ctypes.CDLL(None)
            if not library.mallopt(-3, 1 << 30):  # M_MMAP_THRESHOLD; older ones take no more than 32 MB
                library.mallopt(-3, 1 << 25)
            library.mallopt(-1, (1 << 31) - 1)  # M_TRIM_THRESHOLD
        except (OSError, AttributeError):  # another C library
            return


def for_cache(most: int) -> int:
    """Bytes of memory to keep in what can be read again, at most so many. Processes that torchrun began on this
    computer share it."""
    return min(most, free_memory() // _PART // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def free_memory() -> int:
    """Bytes of memory that are free, about; where nothing tells, a small computer's."""
    found = [_available(), _left_of_group()]
    return min((many for many in found if many is not None), default=_SMALL)


def _available() -> int | None:
    """What the system has left; where it tells only how much there is, half of that."""
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1])
    if sys.platform == "win32":
        status = _MemoryStatus(ctypes.sizeof(_MemoryStatus))
        if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            return int(status.free)
        return None
    with suppress(OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return None


def _left_of_group() -> int | None:
    """What a container leaves to the processes in it (control groups of Linux)."""
    group = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):
        most, taken = (int((group / f"memory.{name}").read_text(encoding="ascii")) for name in ("max", "current"))
        return max(0, most - taken)
    return None


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of Windows."""

    _fields_ = (("length", ctypes.c_ulong), ("load", ctypes.c_ulong), ("total", ctypes.c_ulonglong),
                ("free", ctypes.c_ulonglong), *((f"other{n}", ctypes.c_ulonglong) for n in range(5)))  # fmt: skip
