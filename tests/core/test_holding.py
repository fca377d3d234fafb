"""Hands that are seen as a picture has them: whole ones, to the tips of their fingers, or none."""

from __future__ import annotations

import cv2
import numpy as np
from figures import waving
from test_warp import HAND, SIZE, SKIN, WIDTHS, WRIST, arm_before, bars, everywhere, hand_in, seen, solid, trusted_in

from dancekit.core import sketch, warp
from dancekit.core.limbs import CELL, LIMBS
from dancekit.core.skeleton import INDEX

LONE = waving(9)[8]
KNUCKLE = LONE[INDEX["left_index"], :2]
ALONG = (KNUCKLE - LONE[WRIST, :2]) / np.linalg.norm(KNUCKLE - LONE[WRIST, :2])
WIDTH = float(WIDTHS[sketch.BAR_NAMES.index("left hand")])


def with_fingers(points: np.ndarray) -> np.ndarray:
    """The left arm of a pose, with a long finger."""
    picture = arm_before(np.zeros_like(solid(SKIN)), 10, points)
    tip = KNUCKLE + 2.9 * WIDTH * ALONG
    cv2.line(picture, tuple(KNUCKLE.astype(int)), tuple(tip.astype(int)), (*SKIN, 255), 3)
    return picture


def test_fingers_before_the_trunk_are_not_lent_as_a_part_of_it() -> None:
    """What is beneath a hand comes from elsewhere: fingers that stayed there would be an outline of it."""
    points = waving(9)[0].copy()
    points[[INDEX[f"right_{name}"] for name in ("elbow", "wrist", "pinky", "index", "thumb")], 0] -= 60
    middle = points[[INDEX["left_hip"], INDEX["right_shoulder"]], :2].mean(0)
    way = np.array([-1.0, 0.1]) / np.hypot(1, 0.1)
    points[WRIST, :2] = middle - way * 1.5 * WIDTH
    for name, on in (("pinky", 0.3), ("index", 0.3), ("thumb", 0.2)):
        points[INDEX[f"left_{name}"], :2] = middle + way * on * WIDTH
    shirt = solid((240, 240, 245))
    tip = middle + way * 2.6 * WIDTH
    cv2.line(
        shirt, tuple((points[WRIST, :2] - 2 * way).astype(int)), tuple(tip.astype(int)), (*SKIN, 255), round(WIDTH)
    )
    button = tuple((middle + np.array([0, 3 * WIDTH])).astype(int))
    cv2.circle(shirt, button, 3, (*SKIN, 255), -1)
    layers = hand_in(shirt, points).layers
    arm, trunk = LIMBS.index("left arm"), LIMBS.index("trunk")

    def layer(place: np.ndarray) -> int:
        return int(layers[int(place[1]) // CELL, int(place[0]) // CELL])

    assert layer(middle) == arm
    assert layer(tip) == layer(middle + way * 1.8 * WIDTH) == arm
    assert layer(tip + way * WIDTH) == layer(middle + np.array([0, -3 * WIDTH])) == trunk
    assert layer(np.array(button)) == trunk, "what is like a hand, and does not touch it, is none"


def test_fingers_are_the_hands_and_what_floats_further_away_is_not() -> None:
    picture = with_fingers(LONE)
    found = hand_in(picture, LONE)
    tip = (KNUCKLE + 2.7 * WIDTH * ALONG) // 2
    assert found.around[int(tip[1]), int(tip[0])] == 1
    beside = picture.copy()
    away = LONE[WRIST, :2] + 2.8 * WIDTH * np.array([-ALONG[1], ALONG[0]]) + 6 * ALONG
    cv2.circle(beside, tuple(away.astype(int)), 3, (*SKIN, 60), -1)
    place = away // 2
    assert hand_in(beside, LONE).around[int(place[1]), int(place[0])] == 0, "even if it is faint"
    assert hand_in(picture, LONE).around[int(place[1]), int(place[0])] == 1
    assert seen(beside, LONE).alone[HAND] < seen(picture, LONE).alone[HAND]


def test_of_a_hand_without_a_palm_nothing_is_seen() -> None:
    whole = with_fingers(LONE)
    assert trusted_in(warp.lay(bars(LONE), WIDTHS, SIZE, everywhere([(hand_in(whole, LONE), 1.0)]))).max() > 0.9
    tips = whole.copy()
    cv2.line(tips, tuple(LONE[WRIST, :2].astype(int)), tuple((KNUCKLE + ALONG).astype(int)), (0, 0, 0, 0), 14)
    assert trusted_in(warp.lay(bars(LONE), WIDTHS, SIZE, everywhere([(hand_in(tips, LONE), 1.0)]))).max() == 0


def test_hands_on_each_other_are_not_seen_as_they_are() -> None:
    given = everywhere([(hand_in(with_fingers(LONE), LONE), 1.0)])
    crossed = LONE.copy()
    for name in ("wrist", "pinky", "index", "thumb"):
        crossed[INDEX[f"right_{name}"], :2] = LONE[INDEX[f"left_{name}"], :2] + (1, 0)
    assert trusted_in(warp.lay(bars(crossed), WIDTHS, SIZE, given)).max() == 0


def test_at_the_wrist_a_hand_gives_way_to_the_painted_one() -> None:
    given = everywhere([(hand_in(with_fingers(LONE), LONE), 1.0)])
    trusted = trusted_in(warp.lay(bars(LONE), WIDTHS, SIZE, given))
    shares = [trusted[int(y), int(x)] for x, y in (LONE[WRIST, :2] + far * ALONG for far in (1, 3, 9))]
    assert shares == sorted(shares)
    assert shares[0] < 0.6 < 0.95 < shares[-1]
