"""The verdict: plain facts first, a note for everything that will hurt, and none where all is well."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from figures import figure

from dancekit.core import verdict
from dancekit.core.skeleton import INDEX
from dancekit.core.verdict import Facts

GOOD = Facts(3000, 3000, Fraction(30), 1, {"head": 1.0, "left arm": 0.9, "feet": 0.8}, 0.72, 0, False, "greenscreen")


def notes(**changes: object) -> list[str]:
    """Every sentence but the summary."""
    lines = verdict.in_words(replace(GOOD, **changes))  # type: ignore[arg-type]
    assert all(line.startswith("Note: ") for line in lines[1:])
    return lines[1:]


def test_a_good_film_is_summed_up_in_one_sentence() -> None:
    (line,) = verdict.in_words(GOOD)
    for told in ("3000 of 3000 frames", "100 s", "72%", "greenscreen"):
        assert told in line


def test_frames_without_a_person_are_counted() -> None:
    (note,) = notes(used=2960)
    assert "40 frames" in note
    assert "2960 of 3000" in verdict.in_words(replace(GOOD, used=2960))[0]


def test_what_is_rarely_seen_is_named_and_nothing_else() -> None:
    (note,) = notes(seen={"head": 1.0, "left arm": 0.36, "right leg": 0.2, "feet": 0.0})
    assert "right leg, feet" in note
    assert "head" not in note
    assert "left arm" not in note


def test_several_people_are_told_of_until_one_is_picked() -> None:
    (note,) = notes(others=2)
    assert "--pick" in note
    assert notes(others=2, picked=True) == []


def test_two_who_are_close_together_are_told_of() -> None:
    (note,) = notes(close=True)
    assert "taken for one another" in note
    assert "--start" in note


def test_a_film_that_may_lie_on_its_side_is_told_of() -> None:
    (note,) = notes(askew="the person in walk.mp4 is upside down")
    assert note == "Note: the person in walk.mp4 is upside down"


def test_shots_are_counted() -> None:
    (note,) = notes(shots=4)
    assert "4 shots" in note


def test_small_people_and_short_films_are_told_of() -> None:
    (note,) = notes(fill=0.29)
    assert "closer" in note
    assert notes(fill=0.3) == []
    (note,) = notes(frames=270, used=270)
    assert "very little film" in note
    (note,) = notes(frames=1300, used=1300)
    assert "little film" in note
    assert "very" not in note
    assert notes(frames=1350, used=1350) == []
    assert len(notes(frames=1350, used=1340)) == 2


def figures_alpha() -> tuple[np.ndarray, np.ndarray]:
    """The figure and a cut-out that covers all of it."""
    points, alpha = figure(100, 50, 110), np.zeros((120, 100), np.uint8)
    alpha[5:115, 25:75] = 255
    return points, alpha


def test_a_pose_within_its_cutout_fits() -> None:
    assert verdict.mismatch(*figures_alpha()) == 0


def test_confident_landmarks_beside_the_cutout_count() -> None:
    points, alpha = figures_alpha()
    body = len(points) - INDEX["left_shoulder"]
    points[[INDEX["left_wrist"], INDEX["left_elbow"]], 0] = 90
    assert verdict.mismatch(points, alpha) == pytest.approx(2 / body)
    points[INDEX["left_wrist"], 2] = 0.3
    assert verdict.mismatch(points, alpha) == pytest.approx(1 / (body - 1))
    points[INDEX["left_elbow"], :2] = np.nan
    assert verdict.mismatch(points, alpha) == 0


def test_landmarks_beyond_the_picture_say_nothing() -> None:
    points, alpha = figures_alpha()
    points[INDEX["left_foot"], :2] = 50, 130
    points[INDEX["right_foot"], :2] = -3, 50
    assert verdict.mismatch(points, alpha) == 0


def test_a_pose_without_any_sure_landmark_fits_nothing() -> None:
    points, alpha = figures_alpha()
    assert verdict.mismatch(points, np.zeros_like(alpha)) == 1
    unsure = points.copy()
    unsure[:, 2] = 0.2
    assert verdict.mismatch(unsure, alpha) == 1
    points[:, :2] += 500
    assert verdict.mismatch(points, alpha) == 1
