"""Steady choices: the cheapest path of all, found without trying all; and shares that add up."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dancekit.core.paths import gather, mixed, steady


@pytest.mark.parametrize("change", [0.0, 0.3, 1.0, 100.0])
def test_no_other_path_costs_less(change: float) -> None:
    costs = np.random.default_rng(3).random((6, 3)).astype(np.float32)

    def total(path: tuple[int, ...]) -> float:
        return sum(costs[time, place] for time, place in enumerate(path)) + change * sum(np.diff(path) != 0)

    best = min(total(path) for path in itertools.product(range(3), repeat=6))
    assert total(tuple(steady(costs, change).tolist())) == pytest.approx(best, abs=1e-5)


def test_nothing_is_chosen_of_no_moments() -> None:
    assert len(steady(np.zeros((0, 4), np.float32), 1.0)) == 0


def test_a_change_is_shared_out_over_the_moments_around_it() -> None:
    chosen = np.array([4] * 5 + [7] * 5)
    assert mixed(chosen, 0, 2) == [(4, 1.0)]
    assert mixed(chosen, 9, 2) == [(7, 1.0)]
    assert mixed(chosen, 4, 2) == [(4, 0.6), (7, 0.4)]


def test_those_are_gathered_first_that_stand_for_most() -> None:
    places = np.array([0.0, 0.1, 0.2, 5.0, 5.1, 5.3, 9.0], np.float32)
    unlike = np.abs(places[:, None] - places)
    assert gather(unlike, 3) == [3, 1, 6]
    assert sorted(gather(unlike, 9)) == [0, 1, 2, 3, 4, 5, 6]
