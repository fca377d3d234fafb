"""Close-ups: cut where the head is, and painted like the rest but larger."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tiny
import torch
from figures import waving
from tiny import REACH, SIZE

from dancekit.core import closeup, maps
from dancekit.core.paint import Painter
from dancekit.core.skeleton import INDEX

TIMES, SIDE = 2, 8


def painter() -> Painter:
    return tiny.painter(tiny.generator(1, 1), face=tiny.generator(1, 7), closer=TIMES, side=SIDE)


def poses(length: int = 9) -> np.ndarray:
    points = waving(length, 18, 8, 21)
    points[..., 0] += (np.arange(length) % 4)[:, None]
    return points


def test_a_close_up_is_wide_enough_for_the_head_and_halves_evenly() -> None:
    assert closeup.side(280, 16) == 64
    assert all(closeup.side(body, 16) % 16 == 0 and closeup.side(body, 16) >= 0.2 * body for body in range(60, 600, 7))


def test_the_middle_of_the_head_is_known_only_where_all_of_it_is() -> None:
    points = poses(2)
    points[1, INDEX["left_ear"]] = np.nan
    middles = closeup.middle(points)
    named = [points[0, INDEX[name], :2] for name in ("nose", "left_ear", "right_ear")]
    assert middles[0] == pytest.approx(np.mean(named, axis=0))
    assert np.isnan(middles[1]).all()


def test_what_is_cut_beyond_the_picture_is_empty() -> None:
    picture = np.arange(1, 31, dtype=np.uint8).reshape(5, 6)
    assert np.array_equal(closeup.cut(picture, (2, 1), 3), picture[1:4, 2:5])
    beyond = closeup.cut(picture, (-2, 3), 4)
    assert np.array_equal(beyond[:2, 2:], picture[3:, :2])
    assert not beyond[2:].any()
    assert not beyond[:, :2].any()
    assert not closeup.cut(picture, (20, 20), 4).any()


@pytest.mark.parametrize("hand", [(60, 14), (95, 60)])
def test_arms_beside_the_head_are_the_pictures_and_the_face_the_close_ups(hand: tuple[int, int]) -> None:
    points = np.full((33, 3), np.nan, np.float32)
    for name, place in (("shoulder", (60, 110)), ("elbow", (110, 110)), ("wrist", hand)):
        points[INDEX[f"left_{name}"]] = (*place, 1)
    share = closeup.beside_arms(points, 120)
    assert share.shape == (120, 120)
    assert share[110, 105] == 0, "the elbow"
    assert share[hand[1], hand[0]] < 0.01
    assert share[60, 60] == 1, "the face"
    assert share[10, 10] == 1
    assert (share[:, :20] == 1).all()
    assert share[(hand[1] + 110 * 3) // 4, (hand[0] + 110 * 3) // 4] == 0, "the forearm"


@pytest.mark.parametrize(("seen", "face"), [(1.0, 0.0), (0.8, 0.5), (0.7, 1.0), (0.4, 1.0)])
def test_an_arm_plainly_before_the_face_is_the_pictures_and_one_behind_it_hides_nothing(
    seen: float, face: float
) -> None:
    points = np.full((33, 3), np.nan, np.float32)
    for name, place in (("shoulder", (0, 120)), ("elbow", (10, 70)), ("wrist", (100, 60))):
        points[INDEX[f"left_{name}"]] = (*place, seen)
    share = closeup.beside_arms(points, 120)
    assert share[64, 60] == pytest.approx(face, abs=0.01)
    assert share[40, 60] == 1, "above the arm"


@pytest.mark.parametrize(("wrist", "face"), [(0.95, 0.0), (0.875, 0.5), (0.8, 1.0)])
@pytest.mark.parametrize("fingers", [0.4, 0.7, 0.99])
def test_the_wrist_tells_whether_a_hand_is_before_the_face(wrist: float, fingers: float, face: float) -> None:
    points = np.full((33, 3), np.nan, np.float32)
    for name, place, seen in (("wrist", (40, 60), wrist), ("index", (65, 60), fingers)):
        points[INDEX[f"left_{name}"]] = (*place, seen)
    assert closeup.beside_arms(points, 120)[60, 60] == pytest.approx(face, abs=0.01)


def test_arms_that_nobody_sees_hide_nothing() -> None:
    assert (closeup.beside_arms(np.full((33, 3), np.nan, np.float32), 50) == 1).all()


def test_arms_are_left_to_the_picture_when_a_dance_is_painted() -> None:
    points = poses()
    for side in ("left", "right"):
        points[:, INDEX[f"{side}_elbow"], :2] = points[:, INDEX["nose"], :2] - np.array([2.0, 2.0], np.float32)
    for time, one in enumerate(painter().paint(points, SIZE, 1, 4)):
        assert isinstance(one.trust, np.ndarray)
        assert np.array_equal(one.trust, closeup.beside_arms(closeup.inside(points[time], TIMES, one.corner), SIDE))
        assert one.trust.min() < 0.5 < one.trust.max()


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("batch", [1, 4, 30])
def test_faces_are_painted_from_the_poses_around_them_seen_from_their_corners(stride: int, batch: int) -> None:
    who, points = painter(), poses()
    painted = list(who.paint(points, SIZE, stride, batch))
    alone = list(replace(who, face=None).paint(points, SIZE, stride, batch))
    assert len(painted) == len(points)
    for time, (one, other) in enumerate(zip(painted, alone, strict=True)):
        assert np.array_equal(one.picture, other.picture)
        assert one.times == TIMES
        times = (time + stride * np.arange(-REACH, REACH + 1)).clip(0, len(points) - 1)
        seen = points[times] * np.array([TIMES, TIMES, 1], np.float32)
        middle = closeup.middle(seen[REACH])
        assert np.abs(np.array(one.corner) + SIDE / 2 - middle).max() <= 0.5
        pose = maps.segments(torch.from_numpy(seen - np.array([*one.corner, 0], np.float32)))
        drawn = maps.draw(pose, (SIDE, SIDE), who.drawing.line).flatten(0, 1)[None]
        with torch.no_grad():
            assert who.face is not None
            (made,) = who.face(drawn)
        colour, alpha = ((made[:3] + 1) * 127.5).permute(1, 2, 0).numpy(), made[3].numpy() * 255
        assert one.face is not None
        assert np.abs(one.face - np.dstack((colour, alpha))).max() <= 0.51


def test_where_no_head_is_known_there_is_no_close_up() -> None:
    points = poses()
    points[2:4] = (np.nan, np.nan, 0)
    painted = list(painter().paint(points, SIZE, 1, 4))
    assert [one.face is None for one in painted] == [time in (2, 3) for time in range(len(points))]
    assert all(one.whole().shape == (SIZE[1] * TIMES, SIZE[0] * TIMES, 4) for one in painted)
