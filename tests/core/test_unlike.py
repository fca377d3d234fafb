"""How unlike poses are: hands by where they point and how long they are, the clearer the better."""

from __future__ import annotations

import numpy as np
from figures import figure, waving

from dancekit.core import unlike
from dancekit.core.limbs import HANDS, LIMBS, MEMBERS
from dancekit.core.skeleton import INDEX

HAND = LIMBS.index("left hand")
WRIST = INDEX["left_wrist"]
FINGERS = [INDEX[f"left_{name}"] for name in ("pinky", "index", "thumb")]


def turned(degrees: float, long: float = 1.0) -> np.ndarray:
    """The figure with its left hand turned at the wrist, and so many times as long."""
    points, angle = figure(), np.radians(degrees)
    away = points[FINGERS, :2] - points[WRIST, :2]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    points[FINGERS, :2] = points[WRIST, :2] + long * away @ turn
    return points


def cost(held: np.ndarray, clear: float = 1.0) -> float:
    poses, asked = (unlike.poses_of(points[None], 200.0) for points in (held, figure()))
    return float(unlike.by_hand(poses, asked, HAND, np.array([clear], np.float32))[0, 0])


def test_hands_are_alike_that_point_alike_and_are_as_long() -> None:
    costs = [cost(turned(degrees)) for degrees in (0, 30, 90, 180)]
    assert costs == sorted(costs)
    assert costs[-1] > 4 * costs[0]
    assert cost(turned(0, 0.4)) > cost(turned(90)), "it would not be seen as it is"
    assert cost(figure(), 0.5) > cost(turned(30)), "rather a clear one that is turned a little"
    assert cost(figure(), 0.5) < cost(turned(180))


def test_an_arm_alone_does_not_make_hands_unlike() -> None:
    points = figure()
    points[INDEX["left_elbow"], 0] += 20
    assert cost(points) == cost(figure())


def test_what_is_kept_is_clear_and_held_in_every_way() -> None:
    poses = np.stack([turned(0), turned(5), turned(90), turned(95), turned(180), turned(185)])
    kept = np.array([0, 1, 2, 3, 5])
    clear = np.array([0.2, 1, 1, 0.2, 1], np.float32)
    assert sorted(unlike.gather_hands(poses, 200.0, HAND, kept, clear, 3)) == [1, 2, 5]
    assert len(unlike.gather_hands(poses, 200.0, HAND, kept, clear, 50)) == len(kept)


def test_paces_are_half_of_the_way_from_before_to_after() -> None:
    before = np.stack([figure()] * 2)
    after = before + np.array([6, 8, 0], np.float32)
    assert np.allclose(unlike.paces(before, after), 5)
    raised = unlike.paces(figure()[None], waving(9)[8][None])[0]
    moved = {name for name, members in zip(LIMBS, MEMBERS, strict=True) if raised[members].max() > 1}
    assert moved == {"left arm", "left hand"}
    nobody = np.full_like(before, np.nan)
    assert np.isnan(unlike.paces(nobody, after)).all()
    assert not unlike.smears(nobody, after, 200.0).any(), "what is not known does not count"


def test_the_length_of_a_hand_is_that_of_the_moments_around() -> None:
    dance = np.stack([figure()] * 9 + [turned(0, 2)] * 9)
    dance[4] = turned(0, 0.3)
    long = unlike.hands_long(dance)
    left = long[:, [LIMBS[hand] for hand in HANDS].index("left hand")]
    assert np.allclose(left[:9], left[0]), "one moment is not to be believed"
    assert np.allclose(left[9:], 2 * left[0], rtol=0.1)
    assert unlike.hands_long(dance[:0]).shape == (0, len(HANDS))
