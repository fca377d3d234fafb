"""Painted pictures: close-ups laid over them without a rim, and what is smaller or larger than it was painted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dancekit.core import compose, painted
from dancekit.core.detail import Sketched
from dancekit.core.painted import Painted
from dancekit.core.warp import Held, Laid

TIMES = 2


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


class Hand:
    """What a pose borrows: a square hand, px of the larger picture, and nothing else."""

    def __init__(self, first: int, end: int) -> None:
        self.first, self.end = first, end

    def laid(self, corner: tuple[int, int], size: tuple[int, int]) -> Laid:
        picture, trusted = np.zeros((200, 200, 4), np.uint8), np.zeros((200, 200), np.float32)
        picture[self.first : self.end, self.first : self.end] = (10, 200, 10, 255)
        trusted[self.first - 20 : self.end + 20, self.first - 20 : self.end + 20] = 1
        part = np.s_[corner[1] : corner[1] + size[1], corner[0] : corner[0] + size[0]]
        seen, cover = trusted[part], trusted[part] * (picture[part][..., 3] > 0)
        return Laid(picture[part], seen, [Held((slice(0, size[1]), slice(0, size[0])), seen, cover, 0 * cover)])

    def sketched(self, corner: tuple[int, int], size: tuple[int, int], coarse: int) -> Sketched:
        empty = np.zeros((size[1] // coarse, size[0] // coarse), np.float32)
        return Sketched(np.dstack([empty] * 4), empty, empty)


def test_a_hand_that_is_borrowed_may_reach_beyond_what_is_painted() -> None:
    body = np.zeros((100, 100, 4), np.uint8)
    body[40:60, 40:60] = (10, 200, 10, 255)
    borrowed: Any = Hand(78, 126)
    whole = Painted(body, times=TIMES, borrowed=borrowed).whole()
    assert (whole[78:126, 78:126] == (10, 200, 10, 255)).all()
    assert not whole[:, 126:].any()


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
    assert np.array_equal(one.at((20, 24))[0], small)
    assert np.array_equal(one.at((40, 48))[0], one.whole())
    assert one.at((80, 96))[0].shape == (96, 80, 4)


def test_several_sizes_at_once_are_each_as_by_itself_and_laid_over_once(monkeypatch: pytest.MonkeyPatch) -> None:
    laid: list[int] = []
    lay = painted._lay
    monkeypatch.setattr(painted, "_lay", lambda *given: laid.append(1) or lay(*given))
    body = np.random.default_rng(0).integers(0, 256, (24, 20, 4), np.uint8)
    one, sizes = Painted(body, solid(16, 16, (10, 200, 10, 255)), (12, 14), TIMES), ((20, 24), (40, 48), (80, 96))
    alone = [one.small(), one.whole(), compose.resized(one.whole(), sizes[2])]
    assert laid == [1, 1, 1]
    together = one.at(*sizes)
    assert laid == [1, 1, 1, 1]
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))
    plain, larger = Painted(body).at(*sizes[:2])
    assert plain is body
    assert np.array_equal(larger, compose.resized(body, sizes[1]))
    assert not any(picture.any() for picture in Painted(0 * body, times=TIMES).at(*sizes)), "nothing is in it"
    assert len(laid) == 4


def test_hair_is_the_close_ups_alone() -> None:
    body, face = solid(60, 60, (200, 0, 0, 255)), solid(80, 80, (0, 200, 0, 255))
    whole = Painted(body, face, (20, 20), TIMES).whole()
    assert (whole[26:84, 60, 0] == 0).all(), "nearly to its upper rim"
    assert (whole[94:, 60, 0] > 50).all(), "and not so far down"


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


@pytest.mark.parametrize(("side", "seen"), [(3, False), (12, True)])
def test_specks_that_a_close_up_leaves_beside_a_face_are_not_seen(side: int, seen: bool) -> None:
    face = solid(48, 48, (250, 200, 150, 0))
    face[8:30, 10:30, 3] = 255
    face[33 : 33 + side, 20 : 20 + side, 3] = 255
    whole = Painted(solid(60, 60, (0, 0, 0, 255)), face, (36, 36), 2).whole()
    beside = whole[36 + 32 : 36 + 36, 36 + 19 : 36 + 24]
    assert (beside[..., 3] > 20).any() == seen
    assert whole[36 + 20, 36 + 20].tolist() == [250, 200, 150, 255], "the face"
