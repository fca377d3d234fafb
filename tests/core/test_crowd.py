"""The crowd: people unlike each other, drawn where their landmarks say, the same again from the same seed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from dancekit.core import crowd
from dancekit.core.tracks import body_height, found


@pytest.fixture(scope="module")
def people() -> list[crowd.Scenes]:
    return [crowd.meet(np.random.default_rng([3, number])) for number in range(3)]


def test_everybody_is_whole_and_about_as_tall(people: list[crowd.Scenes]) -> None:
    for one in people:
        assert found(one.track).all()
        assert 0.6 * crowd.TALL < np.nanmedian(body_height(one.track)) < 1.3 * crowd.TALL
        points = one.track.points[..., :2]
        assert ((points > -5) & (points < one.track.size[0] + 5)).all()


def test_larger_pictures_show_the_same_people() -> None:
    small, large = (crowd.meet(np.random.default_rng([3, 1]), tall) for tall in (60, 120))
    assert np.allclose(small.track.points[..., :2] * 2, large.track.points[..., :2], atol=1)
    pictures = [next(one.drawn())[1] for one in (small, large)]
    shrunk = cv2.resize(pictures[1], pictures[0].shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(shrunk.astype(int) - pictures[0]).mean() < 2


def test_landmarks_lie_on_the_drawn_person(people: list[crowd.Scenes]) -> None:
    _, alpha = next(people[0].drawn())
    spots = people[0].track.points[0, [11, 12, 23, 24, 25, 26], :2].round().astype(int)
    assert (alpha[spots[:, 1], spots[:, 0]] > 200).all()


def test_every_scene_is_a_shot_of_its_own(people: list[crowd.Scenes]) -> None:
    spans = people[0].track.spans()
    assert len(spans) == len(people[0].figures) > 1
    assert {end - first for first, end in spans} == {len(people[0].figures[0].origins)}


def test_people_differ_and_come_back_from_their_seed(people: list[crowd.Scenes]) -> None:
    again = crowd.meet(np.random.default_rng([3, 0]))
    assert np.array_equal(again.track.points, people[0].track.points)
    assert not np.array_equal(people[0].track.points, people[1].track.points)
    pictures = [next(one.drawn())[0] for one in (again, *people)]
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[1], pictures[2])
