"""Which frames are learnt from and which are held out (section 4.1: 17 parts to 3, in spans of time)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

PARTS = 20
HELD_OUT = (3, 10, 16)
"""Which of the 20 equal spans of a clip are never trained on."""


def held_out(length: int) -> np.ndarray:
    """bool [T]: True for frames of the held-out spans."""
    return np.isin(np.arange(length) * PARTS // max(length, 1), HELD_OUT)


def windows(usable: np.ndarray, shots: Sequence[int], count: int, stride: int) -> np.ndarray:
    """First frames of all runs of `count` usable frames, `stride` apart, that stay within one shot.

    usable: bool [T].
    """
    length, last = len(usable), (count - 1) * stride
    starts = np.arange(max(0, length - last))
    good = np.ones(len(starts), bool)
    for step in range(count):
        good &= usable[starts + step * stride]
    shot = np.searchsorted(np.asarray(shots), np.arange(length), side="right")
    return starts[good & (shot[starts] == shot[np.minimum(starts + last, length - 1)])]


def runs(usable: np.ndarray, shots: Sequence[tuple[int, int]], least: int) -> list[tuple[int, int]]:
    """(first, end) of every run of at least so many consecutive usable frames of one shot. usable: bool [T]. shots:
    (first, end) frames of each."""
    found = []
    for begin, until in shots:
        inside = np.concatenate(([False], usable[begin:until], [False]))
        found += (begin + np.flatnonzero(inside[1:] != inside[:-1])).reshape(-1, 2).tolist()
    return [(first, end) for first, end in found if end - first >= least]


def around(times: np.ndarray, reach: int, stride: int, bounds: tuple[int, int]) -> np.ndarray:
    """Frame numbers [N, T + 2 * reach]: `times` [N, T] with `reach` more on both sides, kept within [first, end)."""
    before = times[:, :1] - stride * np.arange(reach, 0, -1)
    after = times[:, -1:] + stride * np.arange(1, reach + 1)
    return np.clip(np.concatenate((before, times, after), 1), bounds[0], bounds[1] - 1)
