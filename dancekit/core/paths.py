"""Choosing: some of many that stand for all, and one of these at every moment, changed no more than is worth it."""

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


def gather(unlike: np.ndarray, many: int) -> list[int]:
    """Choose at most so many of N, which together are most like all of T, the most telling first.

    unlike: float32 [T, N], how unlike each is (row) to each that may be chosen (column).
    """
    left, chosen = np.full(len(unlike), 1e6, np.float32), list[int]()
    while len(chosen) < min(many, unlike.shape[1]):
        gains = np.minimum(unlike, left[:, None]).sum(0)
        gains[chosen] = np.inf
        chosen.append(int(gains.argmin()))
        left = np.minimum(left, unlike[:, chosen[-1]])
    return chosen
