"""Spans: what is held out is never trained on, and windows stay within a shot and within what is usable."""

from __future__ import annotations

import numpy as np
import pytest

from dancekit.core import spans


def test_three_of_twenty_parts_are_held_out_in_whole_spans() -> None:
    held = spans.held_out(200)
    assert np.flatnonzero(held).tolist() == [*range(30, 40), *range(100, 110), *range(160, 170)]


@pytest.mark.parametrize("length", [0, 1, 19, 20, 33, 1999])
def test_the_split_is_17_to_3_at_any_length(length: int) -> None:
    held = spans.held_out(length)
    assert held.shape == (length,)
    assert abs(held.sum() - 0.15 * length) < 3


def slow_windows(usable: np.ndarray, shots: tuple[int, ...], count: int, stride: int) -> list[int]:
    """The same by trying every start."""
    shot_of = [sum(first <= time for first in shots) for time in range(len(usable))]
    runs = {start: range(start, start + count * stride, stride) for start in range(len(usable))}
    return [
        start for start, run in runs.items()
        if run[-1] < len(usable) and all(usable[t] for t in run) and shot_of[start] == shot_of[run[-1]]
    ]  # fmt: skip


@pytest.mark.parametrize(("count", "stride"), [(1, 1), (3, 1), (3, 2), (5, 3)])
def test_windows_are_all_runs_that_may_be_used(count: int, stride: int) -> None:
    usable = np.random.default_rng(count).random(120) > 0.12
    shots = (0, 17, 18, 60, 111)
    found = spans.windows(usable, shots, count, stride)
    assert found.tolist() == slow_windows(usable, shots, count, stride)
    assert len(found) > 5


def test_runs_are_within_a_shot_and_long_enough() -> None:
    usable = np.zeros(40, bool)
    usable[[3, 4, 5, 9, 18, 19, 20, 21, 39]] = True
    shots = [(0, 20), (20, 40)]
    assert spans.runs(usable, shots, 1) == [(3, 6), (9, 10), (18, 20), (20, 22), (39, 40)]
    assert spans.runs(usable, shots, 2) == [(3, 6), (18, 20), (20, 22)]
    assert spans.runs(usable[:0], [], 1) == []


def test_too_short_a_film_has_no_windows() -> None:
    assert len(spans.windows(np.ones(4, bool), (0,), 3, 2)) == 0
    assert spans.windows(np.ones(5, bool), (0,), 3, 2).tolist() == [0]
    assert len(spans.windows(np.ones(0, bool), (0,), 1, 1)) == 0


def test_frames_around_a_window_are_held_at_the_ends_of_the_shot() -> None:
    times = np.array([[20, 22, 24], [12, 14, 16]])
    wide = spans.around(times, 2, 2, (12, 28))
    assert wide.tolist() == [[16, 18, 20, 22, 24, 26, 27], [12, 12, 12, 14, 16, 18, 20]]
    assert spans.around(times, 0, 2, (0, 99)).tolist() == times.tolist()
