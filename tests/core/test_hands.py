"""Hands: what is rated crisp, how alone one is, and when a frame's is seen in place of the painted one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from dancekit.core import hands
from dancekit.core.limbs import LIMBS
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
    assert hands.alone(apart(**near), hands.OTHERS[LIMBS.index("left hand")]).item() == pytest.approx(alone, abs=1e-6)


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
    found = np.array([1, 2, 3, 4, 5, 6, 30, 32], np.float32)
    crisp = hands.crispness(found)
    assert crisp[-4:].tolist() == [1, 1, 1, 1], "more than half of them show less"
    assert (np.diff(crisp[:5]) > 0).all()
    assert crisp[0] < 0.2
    assert hands.crispness(np.zeros(8, np.float32)).tolist() == [1] * 8, "nothing tells them apart"
    worth = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.4, 0.4, 0.5], np.float32)
    rated = hands.rated(worth)
    assert rated[-1] == 1
    assert (np.diff(rated) >= 0).all()
    assert rated[0] < 0.2
    assert np.allclose(hands.rated(2 * worth), rated)
    assert hands.rated(0 * worth).tolist() == [0] * 8


def test_a_hand_is_seen_as_it_is_or_not_at_all() -> None:
    assert hands.decided(np.array([0.3, 0.6])).tolist() == [0, 1]
    assert [hands.as_long(20, 20), hands.as_long(20, 50), hands.as_long(50, 20)] == [1, 0, 0]
    assert hands.kept(np.array([0.5, 0.95]), 0.5).tolist() == [0, 0.5]


def test_a_hand_agrees_whose_outline_is_painted_alike() -> None:
    there, (frame, painted) = np.zeros((40, 80), bool), np.zeros((2, 40, 80), np.float32)
    there[10:30, 10:30] = True
    frame[12:28, 12:28] = painted[12:28, 12:28] = 255
    assert hands.agreed(there, frame, painted) == 1
    painted[16:, :] = painted[:, 16:] = 0
    assert hands.agreed(there, frame, painted) == 0
    assert hands.agreed(np.zeros_like(there), frame, painted) == 0


def test_a_hand_is_as_light_as_hands_usually_are() -> None:
    hand, (frame, usual) = np.zeros((30, 60), np.float32), np.zeros((2, 30, 60, 4), np.float32)
    hand[10:20, 10:50] = 1
    frame[10:20, 10:50] = (250, 240, 230, 255)
    assert not hands.toned(hand, frame, usual).any(), "nothing is known of hands"
    usual[8:18, 10:50] = (150, 140, 130, 255)
    assert np.allclose(hands.toned(hand, frame, usual)[10:20, 10:50], -70, atol=0.1)
    frame[10:20, 30:50, :3] -= 100
    lit, shade = hands.toned(hand, frame, usual)[14, [15, 45], 0]
    assert lit < -45 < -25 < shade, "mostly as a whole, and what is in the shade the less"


@pytest.mark.parametrize(("frames", "sure"), [(0.2, 0.0), (1.0, 1.0)])
def test_a_hand_is_on_another_limb_within_its_width(frames: float, sure: float) -> None:
    squared = apart(**{"left thigh": 2.0 * frames})
    assert hands.alone(squared, hands.OTHERS[LIMBS.index("right hand")], hands.ON).item() == pytest.approx(sure)
