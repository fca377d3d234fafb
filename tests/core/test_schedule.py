"""The schedule: shares become amounts, another total stretches what is left, and rates rise and fall as they should."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dancekit.core import schedule
from dancekit.core.schedule import Stint

SMALL, LARGE = (80, 160), (112, 224)
PHASES = [(1, SMALL, 0.2), (2, SMALL, 0.1), (1, LARGE, 0.5), (2, LARGE, 0.2)]


def spent(stints: list[Stint], *amounts: float) -> list[Stint]:
    """The stints with these amounts spent."""
    return [replace(stint, spent=amount) for stint, amount in zip(stints, amounts, strict=True)]


def test_phases_share_the_total() -> None:
    stints = schedule.planned(PHASES, 600)
    assert [stint.amount for stint in stints] == pytest.approx([120, 60, 300, 120])
    assert [(stint.stage, stint.size) for stint in stints] == [(1, SMALL), (2, SMALL), (1, LARGE), (2, LARGE)]
    assert [s.amount for s in schedule.planned([(1, SMALL, 3.0), (2, SMALL, 1.0)], 8)] == pytest.approx([6, 2])


def test_how_much_is_spent_is_a_share_of_the_whole() -> None:
    stints = schedule.planned(PHASES, 600)
    assert schedule.spent_share(spent(stints, 120, 30, 0, 0)) == pytest.approx(0.25)
    assert schedule.spent_share(spent(stints, 121, 60, 300, 121)) == 1, "what is spent beyond a stint does not count"
    assert schedule.spent_share([]) == 1


@pytest.mark.parametrize("total", [1.0, 3.0, 10.0, 999.0])
def test_steps_are_shared_out_whole(total: float) -> None:
    stints = schedule.planned(PHASES, total, whole=True)
    assert sum(stint.amount for stint in stints) == total
    for stint, (_, _, share) in zip(stints, PHASES, strict=True):
        assert stint.amount == int(stint.amount)
        assert abs(stint.amount - share * total) < 1
    begun = [replace(stints[0], spent=1.0), *stints[1:]]
    assert schedule.replanned(begun, PHASES, total, whole=True) == begun, "nothing changes with the same total"
    more = schedule.replanned(begun, PHASES, 2 * total + 5, whole=True)
    assert sum(stint.amount for stint in more) == 2 * total + 5
    assert all(stint.amount == int(stint.amount) for stint in more)


def test_stints_are_done_one_after_the_other() -> None:
    stints = schedule.planned(PHASES, 600)
    assert schedule.current(stints) == 0
    assert schedule.current(spent(stints, 121, 59, 0, 0)) == 1
    assert schedule.current(spent(stints, 120, 60, 300, 120)) is None


def test_what_is_learnt_is_said_in_plain_words() -> None:
    assert [schedule.learnt(stage) for stage in (1, 2, schedule.FACE)] == ["the whole person", "texture", "the face"]
    assert [schedule.called(stage) for stage in (1, 2, schedule.FACE)] == ["stage I", "stage II", "the face"]


def test_progress_ends_at_one() -> None:
    assert Stint(1, SMALL, 10, 2.5).progress == 0.25
    assert Stint(1, SMALL, 10, 11).progress == 1
    assert Stint(1, SMALL, 0).progress == 1


@pytest.mark.parametrize("total", [300.0, 600.0, 1800.0])
def test_another_total_stretches_what_is_left_alone(total: float) -> None:
    stints = spent(schedule.planned(PHASES, 600), 120, 30, 0, 0)
    again = schedule.replanned(stints, PHASES, total)
    assert sum(stint.amount for stint in again) == pytest.approx(total)
    assert again[0] == stints[0]
    left = [stint.amount - stint.spent for stint in again[1:]]
    assert left == pytest.approx([share * (total - 150) / 450 for share in (30, 300, 120)])
    assert [stint.spent for stint in again] == [120, 30, 0, 0]


def test_nothing_is_left_of_a_total_that_is_spent_already() -> None:
    stints = spent(schedule.planned(PHASES, 600), 120, 30, 0, 0)
    assert schedule.current(schedule.replanned(stints, PHASES, 100)) is None


def test_a_finished_training_goes_on_at_the_largest_size() -> None:
    stints = spent(schedule.planned(PHASES, 600), 121, 60, 300, 121)
    assert schedule.replanned(stints, PHASES, 600) == stints
    more = schedule.replanned(stints, PHASES, 1302)
    assert more[:4] == stints
    assert [(s.stage, s.size, s.spent) for s in more[4:]] == [(1, LARGE, 0.0), (2, LARGE, 0.0)]
    assert [s.amount for s in more[4:]] == pytest.approx([500, 200])
    assert schedule.current(more) == 4


def test_the_rate_rises_stays_and_falls_to_nothing() -> None:
    def rate(progress: float, step: int = 1000) -> float:
        return schedule.learning_rate(0.1, progress, 0.5, step, 9)

    assert rate(0, 0) == pytest.approx(0.01)
    assert rate(0, 4) == pytest.approx(0.05)
    assert rate(0, 9) == rate(0.5) == pytest.approx(0.1)
    assert rate(0.75) == pytest.approx(0.05)
    assert rate(1) == 0
    assert schedule.learning_rate(0.1, 1.0, 0.0, 0, 0) == pytest.approx(0.1), "neither warm-up nor decay"


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3])
def test_the_average_looks_back_over_a_share_of_the_steps(share: float) -> None:
    steps, average = 5000, 0.0
    for step in range(steps):
        average += schedule.newest_weight(step, share) * (step - average)
    assert (steps - average) / steps == pytest.approx(share / (1 + share), rel=0.02)


def test_the_average_begins_with_the_first_weights_and_can_be_switched_off() -> None:
    assert schedule.newest_weight(0, 0.1) == 1
    assert schedule.newest_weight(5000, 0.0) == 1


@pytest.mark.parametrize("total", [1, 2, 3, 7, 23, 40, 599])
def test_whole_steps_add_up_and_a_stop_anywhere_changes_nothing(total: int) -> None:
    stints = schedule.planned(PHASES, total, whole=True)
    assert sum(stint.amount for stint in stints) == total
    assert stints[0].amount >= 1, "stage I comes first"
    done = stints
    for _ in range(total):
        number = schedule.current(done)
        assert number is not None
        done = [replace(s, spent=s.spent + (place == number)) for place, s in enumerate(done)]
        done = schedule.replanned(done, PHASES, total, whole=True)
    assert [stint.spent for stint in done] == [stint.amount for stint in stints]


def test_a_second_stage_that_begins_from_nothing_is_not_shown_at_once() -> None:
    first, young, old = Stint(1, (8, 8), 10, 1), Stint(2, (8, 8), 10, 1), Stint(2, (8, 8), 10, 3)
    assert schedule.shown([first, young], residual=False) == [first]
    assert schedule.shown([first, old], residual=False) == [first, old]
    assert schedule.shown([first, young, Stint(3, (8, 8), 10)], residual=True) == [first, young]
