"""Depth: it decides about doubtful arms only, and never loses one."""

from __future__ import annotations

import numpy as np
import pytest

from dancekit.core import depth
from dancekit.core.skeleton import INDEX, J

LENGTH = 100.0
"""Of the trunk, px."""
LEFT = [INDEX[f"left_{name}"] for name in ("elbow", "wrist", "pinky", "index", "thumb")]
RIGHT = [INDEX[f"right_{name}"] for name in ("elbow", "wrist", "pinky", "index", "thumb")]


def pose(confidence: float) -> np.ndarray:
    """Somebody upright, her arms all of one confidence, all else seen."""
    points = np.ones((J, 3), np.float32)
    points[:, :2] = 300
    for side, x in (("left", 330), ("right", 270)):
        points[INDEX[f"{side}_shoulder"], :2] = x, 100
        points[INDEX[f"{side}_hip"], :2] = x, 100 + LENGTH
    points[LEFT + RIGHT, 2] = confidence
    return points


def told(confidence: float, nearer: float) -> np.ndarray:
    """Confidence of all landmarks where the left forearm is so many trunk lengths nearer than the trunk."""
    away = np.full(J, 40.0)
    away[LEFT] -= nearer * LENGTH
    return depth.weighed(pose(confidence), away)[:, 2]


def test_a_doubtful_arm_is_before_the_body_if_it_is_near_and_behind_it_if_it_is_far() -> None:
    near, far = told(0.65, 1.4), told(0.65, -0.6)
    assert (near[LEFT] > 0.75).all()
    assert (far[LEFT] < 0.5).all()
    assert told(0.65, depth._BEFORE)[LEFT] == pytest.approx(0.65)


def test_what_the_landmarker_is_sure_of_stays() -> None:
    assert told(1.0, -3.0)[LEFT] == pytest.approx(1.0)
    assert (told(0.97, -3.0)[LEFT] > 0.93).all()


def test_no_arm_is_lost_by_it_and_none_becomes_more_than_certain() -> None:
    assert told(0.4, -3.0)[LEFT] == pytest.approx(depth._LEAST)
    assert told(0.2, -3.0)[LEFT] == pytest.approx(0.2)
    assert (told(0.9, 3.0) <= 1).all()


def test_the_other_arm_and_all_else_stay() -> None:
    given = pose(0.65)
    away = np.zeros(J)
    away[LEFT] = -2 * LENGTH
    away[RIGHT] = -depth._BEFORE * LENGTH
    result = depth.weighed(given, away)
    rest = np.setdiff1d(np.arange(J), LEFT)
    assert result[rest] == pytest.approx(given[rest])
    assert np.array_equal(result[:, :2], given[:, :2])
    assert given[LEFT, 2] == pytest.approx(0.65)  # what was given is not changed


def test_it_does_not_matter_how_large_somebody_is_or_from_where_depth_counts() -> None:
    given, away = pose(0.7), np.zeros(J)
    away[LEFT] = -1.1 * LENGTH
    large = given * np.array([3, 3, 1], np.float32)
    assert depth.weighed(large, 3 * away + 500)[:, 2] == pytest.approx(depth.weighed(given, away)[:, 2], abs=1e-5)


def test_a_trunk_without_length_does_no_harm() -> None:
    given = pose(0.7)
    given[:, :2] = 50
    away = np.zeros(J)
    away[LEFT] = -1
    assert np.isfinite(depth.weighed(given, away)).all()
