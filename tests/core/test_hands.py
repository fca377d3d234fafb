"""Hands: what is rated crisp, how alone one is, and when a frame's is seen in place of the painted one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from dancekit.core import hands
from dancekit.core.sketch import BAR_NAMES


def apart(**near: float) -> np.ndarray:
    """Squared widths from every bar to one cell: far from all but these."""
    squared = np.full((len(BAR_NAMES), 1, 1), 100.0)
    for name, widths in near.items():
        squared[BAR_NAMES.index(name.replace("_", " "))] = widths**2
    return squared


@pytest.mark.parametrize(
    ("near", "alone"),
    [
        ({"left_hand": 0.2, "left_forearm": 0.5}, 1.0),
        ({"left_hand": 0.2, "trunk": 1.5}, 0.0),
        ({"left_hand": 0.2, "trunk": 1.9}, 0.5),
        ({"left_hand": 0.2, "left_upper_arm": 1.0}, 0.0),
        ({"left_hand": 0.2, "right_hand": 0.5}, 0.0),
    ],
)
def test_a_hand_is_alone_where_only_its_forearm_is_near(near: dict[str, float], alone: float) -> None:
    assert hands.alone(apart(**near), "left hand").item() == pytest.approx(alone, abs=1e-6)


def test_detail_is_what_is_within_a_hand_and_not_around_it() -> None:
    where = np.zeros((60, 60), bool)
    where[20:40, 20:40] = True
    plain = np.zeros((60, 60, 4), np.uint8)
    plain[where] = (200, 150, 130, 255)
    fingers = plain.copy()
    fingers[20:40:4, 20:40, :3] = 90
    blurred = cv2.GaussianBlur(cv2.resize(fingers[20:40, 20:40], (60, 60)), (0, 0), 12)
    found = [hands.detail(picture, where, 10.0) for picture in (plain, blurred, fingers)]
    assert found[0] == pytest.approx(0, abs=1e-3)
    assert found[2] > 5 * found[1]
    assert hands.detail(fingers, np.zeros_like(where), 10.0) == 0


def test_smears_are_seen_through() -> None:
    assert hands.firm(np.array([0, 0, 255, 255], np.uint8)) == 1
    assert hands.firm(np.array([0, 100, 100, 255], np.uint8)) == pytest.approx(1 / 3)
    assert hands.firm(np.zeros(4, np.uint8)) == 0


def test_hands_are_rated_beside_the_best_of_the_film() -> None:
    clear = np.full(8, 0.2, np.float32)
    found = np.array([1, 2, 3, 4, 5, 6, 30, 32], np.float32)
    rated, crisp = hands.rated(clear, found)
    assert crisp[-2:].tolist() == [1, 1]
    assert rated[-1] == pytest.approx(0.75)
    assert (np.diff(rated) >= 0).all()
    assert rated[0] < 0.1
    same, crisp = hands.rated(clear, np.zeros(8, np.float32))
    assert crisp.tolist() == [1] * 8, "nothing tells them apart"
    assert np.allclose(same, same[0])
    assert hands.rated(0 * clear, found)[0].tolist() == [0] * 8


def test_a_hand_is_seen_as_it_is_or_not_at_all() -> None:
    assert hands.decided(np.array([0.3, 0.6])).tolist() == [0, 1]
    assert [hands.as_long(20, 20), hands.as_long(20, 50), hands.as_long(50, 20)] == [1, 0, 0]
    assert hands.kept(np.array([0.5, 0.95]), 0.5).tolist() == [0, 0.5]


def test_two_hands_are_decided_by_themselves() -> None:
    trusted, frame, painted = np.zeros((80, 160), np.float32), *np.zeros((2, 40, 80), np.float32)
    for left in (20, 100):
        trusted[20:60, left : left + 40] = 1
    frame[12:28, 12:28] = painted[12:28, 12:28] = 255
    frame[12:28, 52:68], painted[12:16, 52:56] = 255, 255
    agreed = hands.agreed(trusted, frame, painted)
    assert agreed[20:60, 20:60].min() == 1
    assert agreed[:, 80:].max() == 0
    nothing = np.zeros_like(trusted)
    assert hands.agreed(nothing, frame, painted).max() == 0


def test_a_hand_is_as_light_as_what_is_painted_there() -> None:
    trusted, (frame, painted) = np.zeros((30, 60), np.float32), np.zeros((2, 30, 60, 4), np.float32)
    trusted[5:25, 5:25] = trusted[5:25, 35:55] = 1
    frame[10:20, 10:20] = frame[10:20, 40:50] = (250, 240, 230, 255)
    painted[8:18, 10:20] = (150, 140, 130, 255)
    added = hands.toned(trusted, frame, painted)
    assert np.allclose(added[10:20, 10:20], -70)
    assert np.abs(added[20:]).max() == 0, "where the frame shows nothing, nothing is added"
    assert np.abs(added[:, 30:]).max() == 0, "nothing is painted there"
