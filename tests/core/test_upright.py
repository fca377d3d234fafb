"""Which way up a film is: told from the trunk in nearly all of it, never from a part, and landmarks turned with it."""

from __future__ import annotations

import numpy as np
import pytest
from figures import track, unseen, waving

from dancekit.core import upright
from dancekit.core.skeleton import INDEX

SIZE = (320, 480)


def filmed(turn: int, length: int = 100) -> np.ndarray:
    """Somebody who stands, in a film that is to be turned clockwise by so many degrees."""
    return upright.turned(waving(length), SIZE, -turn % 360)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_film_is_turned_so_that_the_person_stands(turn: int) -> None:
    points = filmed(turn)
    assert upright.turn_of(points) == turn
    size = upright.turned_size(SIZE, turn)
    assert np.allclose(upright.turned(points, size, turn), waving(100), atol=1e-3)
    assert (points[..., 0].max() <= size[0]) and (points[..., 1].max() <= size[1])
    assert np.array_equal(points[..., 2], waving(100)[..., 2])


def test_a_point_is_turned_by_hand() -> None:
    point = np.array([[10.0, 30.0, 0.5]])
    turned = [upright.turned(point, SIZE, turn)[0].tolist() for turn in (0, 90, 180, 270)]
    assert turned == [[10, 30, 0.5], [450, 10, 0.5], [310, 450, 0.5], [30, 310, 0.5]]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_dance_on_the_floor_or_on_the_hands_for_a_part_of_a_film_is_none_of_the_films(turn: int) -> None:
    for share, told in ((30, 0), (79, 0), (82, turn)):
        points = np.concatenate((waving(100 - share), filmed(turn, share)))
        assert upright.turn_of(points) == told, share
    rolling = np.concatenate((filmed(90, 50), filmed(270, 50)))
    assert upright.turn_of(rolling) == 0, "not to the same side"


def test_only_frames_that_surely_show_the_trunk_count() -> None:
    points = np.concatenate((waving(30), filmed(180, 70)))
    points[:30, INDEX["left_hip"], 2] = 0.2
    assert upright.turn_of(points) == 180, "what stands may be a guess"
    points[:, INDEX["left_hip"], 2] = 1
    points[:30] = unseen(points, *range(30))[:30]
    assert upright.turn_of(points) == 180, "or nobody is there"
    points = filmed(180)
    points[:60, INDEX["right_shoulder"], 2] = 0.1
    assert upright.turn_of(points) == 0, "too few are left"
    assert upright.turn_of(np.full_like(points, np.nan)) == 0


def test_the_advice_names_the_film_and_the_cure() -> None:
    def said(turn: int, given: int = 0) -> str:
        return upright.advice(track(filmed(turn)).points, "the person in walk.mp4", "prepare it again", given)

    assert said(0) == said(0, 90) == ""
    assert said(180) == (
        "the person in walk.mp4 is upside down in nearly all frames. "
        "If it is the film that is so, prepare it again with --turn 180."
    )
    assert "lies with the head to the left" in said(90)
    assert said(90).endswith("--turn 90.")
    assert "lies with the head to the right" in said(270)
    assert said(180, 90).endswith("--turn 270."), "in all"
    assert said(90, 270).endswith("prepare it again without --turn.")
