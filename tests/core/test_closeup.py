"""Close-ups: cut where the head is, painted like the rest but larger, and laid over it without a rim."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tiny
import torch
from figures import waving
from tiny import REACH, SIZE

from dancekit.core import closeup, compose, maps
from dancekit.core.closeup import Painted
from dancekit.core.paint import Painter
from dancekit.core.skeleton import INDEX

TIMES, SIDE = 2, 8


def painter() -> Painter:
    return Painter(tiny.generator(1, 1), None, (REACH, REACH), 0.8, 1, False, torch.device("cpu"), torch.float32,
                   face=tiny.generator(1, 7), closer=TIMES, side=SIDE)  # fmt: skip


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


def solid(height: int, width: int, colour: tuple[int, int, int, int]) -> np.ndarray:
    return np.tile(np.array(colour, np.uint8), (height, width, 1))


def test_a_picture_without_close_ups_is_as_it_was() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (6, 5, 4), np.uint8)
    assert Painted(picture).whole() is picture


def test_a_close_up_shows_in_its_middle_and_nowhere_beyond_its_rim() -> None:
    body, face = solid(20, 20, (200, 10, 10, 255)), solid(16, 16, (10, 200, 10, 255))
    whole = Painted(body, face, (12, 14), TIMES).whole()
    assert whole.shape == (40, 40, 4)
    assert whole[22, 20].tolist() == [10, 200, 10, 255]
    outside = np.ones((40, 40), bool)
    outside[14:30, 12:28] = False
    assert (whole[outside] == (200, 10, 10, 255)).all()
    assert (whole[..., 3] == 255).all(), "two solid pictures mix to a solid one"
    between = (whole[22, :, 0] > 15) & (whole[22, :, 0] < 195)
    assert between.sum() >= 4, "the one becomes the other softly"
    larger = Painted(body, solid(32, 32, (10, 200, 10, 255)), (4, 4), TIMES).whole()
    assert 20 < np.abs(np.diff(larger[18, :, 0].astype(int))).max() < 120


def test_a_close_up_may_reach_beyond_the_picture() -> None:
    body, face = solid(10, 10, (200, 0, 0, 255)), solid(8, 8, (9, 9, 9, 255))
    whole = Painted(body, face, (-4, -4), TIMES).whole()
    assert whole[0, 0].tolist() == [9, 9, 9, 255]
    assert (whole[4:] == (200, 0, 0, 255)).all()
    assert (Painted(body, face, (50, 3), TIMES).whole() == (200, 0, 0, 255)).all()


def test_a_close_up_shows_nobody_far_beyond_the_person_in_the_picture() -> None:
    body, face = solid(20, 20, (0, 0, 0, 0)), solid(24, 24, (9, 9, 9, 255))
    assert not Painted(body, face, (8, 8), TIMES).whole().any()
    body[:, :10] = (200, 0, 0, 255)
    whole = Painted(body, face, (8, 8), TIMES).whole()
    assert whole[20, 19].tolist() == [9, 9, 9, 255]
    assert not whole[:, 26:].any()


def test_veils_around_the_hair_of_a_close_up_are_not_seen() -> None:
    face = solid(32, 32, (250, 200, 150, 255))
    face[:12, :, 3] = 60
    face[12:14, :, 3] = 180
    whole = Painted(solid(40, 40, (0, 0, 0, 255)), face, (24, 24), 2).whole()
    column = whole[24:56, 40].astype(int)
    assert (column[6:12, 3] < 5).all(), "of a veil nothing is left, nor is the picture seen behind it"
    assert (column[12:14, 3] > 160).all(), "soft hair stays"
    assert (column[14:24, 3] == 255).all()


def test_the_outline_of_a_close_up_has_no_teeth_but_keeps_what_is_wider() -> None:
    face = solid(64, 64, (250, 200, 150, 255))
    face[:20, :, 3] = 0
    face[16:20, ::4, 3] = 255
    face[12:20, 24:34, 3] = 255
    whole = Painted(solid(48, 48, (0, 0, 0, 255)), face, (16, 16), 2).whole()[16:80, 16:80].astype(int)
    assert (whole[15:18, 36:44, 3] < 30).all(), "the teeth are gone"
    assert (whole[15:20, 26:32, 3] > 220).all(), "a lock of hair stays"
    assert (whole[22:40, 20:44, 3] == 255).all()


def test_the_small_picture_keeps_its_px_where_no_close_up_is() -> None:
    body = np.random.default_rng(0).integers(0, 256, (24, 20, 4), np.uint8)
    body[..., 3] = 255
    one = Painted(body, solid(16, 16, (10, 200, 10, 255)), (12, 14), TIMES)
    small = one.small()
    assert small.shape == body.shape
    assert small.dtype == np.uint8
    assert np.abs(small[11, 10].astype(int) - (10, 200, 10, 255)).max() <= 1, "the middle of the close-up"
    outside = np.ones((24, 20), bool)
    outside[6:16, 5:15] = False
    assert np.array_equal(small[outside], body[outside])
    assert Painted(body, times=TIMES).small() is body
    assert np.array_equal(one.at((20, 24)), small)
    assert np.array_equal(one.at((40, 48)), one.whole())
    assert one.at((80, 96)).shape == (96, 80, 4)


def test_hair_is_the_close_ups_alone() -> None:
    body, face = solid(60, 60, (200, 0, 0, 255)), solid(80, 80, (0, 200, 0, 255))
    whole = Painted(body, face, (20, 20), TIMES).whole()
    assert (whole[26:84, 60, 0] == 0).all(), "nearly to its upper rim"
    assert (whole[94:, 60, 0] > 50).all(), "and not so far down"


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


def test_edges_of_an_enlarged_picture_are_narrower_than_enlarging_makes_them() -> None:
    soft = np.array([0, 0, 0, 32, 128, 224, 255, 255, 255], np.uint8)
    picture = np.full((6, len(soft), 4), (200, 100, 50, 0), np.uint8)
    picture[..., 3] = soft
    whole = Painted(picture, times=2).whole()
    plain = compose.resized(picture, (18, 12))
    between = [((one[6, :, 3] > 10) & (one[6, :, 3] < 245)).sum() for one in (whole, plain)]
    assert between[0] < between[1]
    half = np.abs(plain[6, :, 3].astype(int) - 128).argmin()
    assert abs(int(whole[6, half, 3]) - int(plain[6, half, 3])) < 30, "where she ends stays where it is"
    assert (whole[6, :4, 3] == 0).all()
    assert (whole[6, -4:, 3] == 255).all()
    seen = whole[6][whole[6, :, 3] > 40]
    assert np.abs(seen[:, :3].astype(int) - (200, 100, 50)).max() <= 3, "and no colour changes"


def test_colours_of_what_is_invisible_do_not_matter() -> None:
    picture = solid(8, 8, (0, 255, 0, 0))
    picture[2:6, 2:6] = (250, 20, 30, 255)
    for size in ((16, 16), (4, 4)):
        seen = compose.resized(picture, size)
        colours = seen[seen[..., 3] > 30][:, :3].astype(int)
        assert len(colours)
        assert np.abs(colours - (250, 20, 30)).max() <= 4
    assert compose.resized(picture, (8, 8)) is picture


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
        drawn = maps.draw(pose, (SIDE, SIDE), who.line).flatten(0, 1)[None]
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
