"""How the C library gives memory back."""

from __future__ import annotations

import ctypes
import sys


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
