"""Face and hands: found in a pose, with a soft edge; unseen ones nowhere."""

from __future__ import annotations

import numpy as np
import torch

from dancekit.core import focus, maps
from dancekit.core.skeleton import INDEX, J


def pose(**places: tuple[float, float]) -> maps.Segments:
    """A pose of which only these landmarks are seen."""
    points = np.full((1, J, 3), np.nan, np.float32)
    for name, place in places.items():
        points[0, INDEX[name]] = (*place, 1.0)
    return maps.segments(torch.from_numpy(points))


def test_a_hand_is_in_focus_with_a_soft_edge() -> None:
    seen = pose(left_wrist=(40, 50), left_pinky=(40, 58), left_index=(40, 58))
    found = focus.near(seen, 8.0, (100, 90))
    assert found.shape == (1, 1, 90, 100)
    row = found[0, 0, 54]
    assert row[40] == 1
    assert row[46] > 0.9
    assert 0.2 < row[52] < 0.8
    assert row[60] == 0
    assert found[0, 0, 80:].max() == 0


def test_the_face_is_in_focus_and_the_legs_are_not() -> None:
    face = {"nose": (50, 20), "left_eye": (53, 17), "right_eye": (47, 17), "left_ear": (57, 18), "right_ear": (43, 18)}
    found = focus.near(pose(**face, left_hip=(55, 60), left_knee=(55, 80)), 7.0, (100, 100))[0, 0]
    assert found[18, 50] == 1
    assert found[50:].max() == 0


def test_what_is_not_seen_is_not_in_focus() -> None:
    assert focus.near(pose(left_wrist=(40, 50)), 8.0, (64, 64)).max() == 0


def arm(confidence: float, x: float = 40) -> maps.Segments:
    """A forearm of which the landmarker is so sure, at its elbow as well as at its wrist, and a shin."""
    points = np.full((1, J, 3), np.nan, np.float32)
    for name, place in (
        ("left_elbow", (x, 30)),
        ("left_wrist", (x, 60)),
        ("left_knee", (80, 30)),
        ("left_ankle", (80, 60)),
    ):
        points[0, INDEX[name]] = (*place, confidence)
    return maps.segments(torch.from_numpy(points))


def test_an_arm_that_is_seen_but_not_clearly_is_in_doubt_with_a_soft_edge() -> None:
    found = focus.doubt(arm(0.7), 8.0, (100, 90))
    assert found.shape == (1, 1, 90, 100)
    row = found[0, 0, 45]
    assert row[40] == 1
    assert 0.2 < row[52] < 0.8
    assert row[62:].max() == 0  # nor the shin


def test_clear_arms_and_hidden_ones_are_in_no_doubt_and_in_between_it_is_gradual() -> None:
    most = [float(focus.doubt(arm(sure), 8.0, (100, 90)).max()) for sure in (0.3, 0.45, 0.52, 0.6, 0.78, 0.85, 0.93, 1)]
    assert most[:2] == [0, 0]
    assert 0 < most[2] < 1
    assert most[3:5] == [1, 1]
    assert 0 < most[5] < 1
    assert most[6:] == [0, 0]


def test_an_arm_that_is_not_seen_at_all_is_in_no_doubt() -> None:
    assert focus.doubt(pose(left_wrist=(40, 50)), 8.0, (64, 64)).max() == 0
