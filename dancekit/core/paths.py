"""Choosing one of several at every moment, without changing from one to another more than is worth it."""

from __future__ import annotations

import numpy as np


def steady(costs: np.ndarray, change: float) -> np.ndarray:
    """The choices int [T] with the least sum of costs float32 [T, N] and of `change` for every time that they change
    (Viterbi's algorithm)."""
    came = np.zeros(costs.shape, np.uint16)
    total = np.zeros(costs.shape[1], np.float32)
    for time, here in enumerate(costs):
        best = int(total.argmin())
        changed = total[best] + change < total
        came[time] = np.where(changed, best, np.arange(len(total)))
        total = np.where(changed, total[best] + change, total) + here
        total -= total.min()
    chosen, place = np.zeros(len(costs), np.int64), int(total.argmin())
    for time in reversed(range(len(costs))):
        chosen[time] = place
        place = int(came[time, place])
    return chosen


def mixed(chosen: np.ndarray, time: int, reach: int) -> list[tuple[int, float]]:
    """What is chosen around a time, and the share of each: a change takes so many frames either way."""
    around = chosen[max(0, time - reach) : time + reach + 1]
    which, counts = np.unique(around, return_counts=True)
    return [(int(one), float(count) / len(around)) for one, count in zip(which, counts, strict=True)]
