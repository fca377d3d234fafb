"""A square with a known island and a known hole, bones where a body is solid, and changes of known size."""

from __future__ import annotations

import numpy as np
import pytest
from figures import figure

from dancekit.core import silhouette
from dancekit.core.skeleton import INDEX

GREY = 128


def square() -> np.ndarray:
    """Alpha uint8 [40, 50]: a square of 20 x 20 px."""
    alpha = np.zeros((40, 50), np.uint8)
    alpha[10:30, 10:30] = 255
    return alpha


def test_a_square_is_whole() -> None:
    solid = np.ones((40, 50), bool)
    assert silhouette.islands(square()) == 0
    assert silhouette.holes(square(), solid) == 0
    assert silhouette.islands(np.full((8, 8), 255, np.uint8)) == 0
    assert silhouette.holes(np.full((8, 8), 255, np.uint8), solid[:8, :8]) == 0


def test_islands_are_what_is_apart_from_her() -> None:
    alpha = square()
    alpha[2:7, 35:45] = 200
    alpha[35:40, 0:10] = 128
    assert silhouette.islands(alpha) == pytest.approx(100 / 500)
    alpha[35:40, 0:10] = 127
    assert silhouette.islands(alpha) == pytest.approx(50 / 450), "what is less than half there is not hers"
    alpha[7:11, 34] = alpha[10, 30:34] = 255
    assert silhouette.islands(alpha) == 0, "now it hangs together"


def test_corners_connect_her_and_close_holes() -> None:
    alpha = square()
    alpha[30:35, 30:35] = 255
    assert silhouette.islands(alpha) == 0
    ring = np.zeros((7, 7), np.uint8)
    ring[[1, 2, 3, 4, 5, 4, 3, 2], [3, 4, 5, 4, 3, 2, 1, 2]] = 255
    assert silhouette.holes(ring, np.ones((7, 7), bool)) == pytest.approx(5 / 8)


def test_holes_are_enclosed() -> None:
    alpha, solid = square(), np.ones((40, 50), bool)
    alpha[15:20, 15:19] = 0
    assert silhouette.holes(alpha, solid) == pytest.approx(20 / 380)
    alpha[10:15, 15] = 0
    assert silhouette.holes(alpha, solid) == 0, "a bay is no hole"
    rim = square()[10:30, 10:30].copy()
    rim[10:, 5:10] = 0
    assert silhouette.holes(rim, solid[:20, :20]) == 0, "nor is a gap that the picture's rim cuts"


def test_holes_that_the_truth_has_do_not_count() -> None:
    true = square()
    true[15:20, 15:19] = 0
    alpha = true.copy()
    alpha[22:24, 12:28] = 0
    solid = silhouette.silhouette(true)
    assert silhouette.holes(true, solid) == 0
    assert silhouette.holes(alpha, solid) == pytest.approx(32 / (380 - 32))


def test_without_a_person_there_is_nothing_to_be_apart_or_open() -> None:
    assert silhouette.islands(np.zeros((9, 9), np.uint8)) == 0
    assert silhouette.holes(np.zeros((9, 9), np.uint8), np.ones((9, 9), bool)) == 0


def test_she_is_solid_along_her_bones_and_not_between_her_limbs() -> None:
    points = figure(200.0, 100.0, 230.0)
    solid = silhouette.bones(points, 200.0, (200, 240))
    for name in ("left_wrist", "right_knee", "left_elbow", "nose"):
        across, down = points[INDEX[name], :2].astype(int)
        assert solid[down, across], name
    assert solid[110, 100], "the trunk"
    assert not solid[210, 100], "between the feet"
    assert not solid[20:, :60].any()
    column = solid[150, 105:120]
    assert 4 <= column.sum() <= 8, "a thigh of 3 % of the height"


def test_what_is_not_surely_seen_is_not_solid() -> None:
    points = figure(200.0, 100.0, 230.0)
    points[INDEX["left_elbow"], 2] = 0.1
    points[INDEX["right_shoulder"]] = (np.nan, np.nan, 0)
    solid = silhouette.bones(points, 200.0, (200, 240))
    across, down = points[INDEX["left_elbow"], :2].astype(int)
    assert not solid[down, across]
    assert not solid[110, 100]
    nobody = np.full((33, 3), (np.nan, np.nan, 0.0), np.float32)
    assert not silhouette.bones(nobody, 200.0, (200, 240)).any()


def person(colour: int, left: int = 10) -> np.ndarray:
    """uint8 [40, 50, 4]: a square person of one grey; what is under alpha 0 is white."""
    picture = np.full((40, 50, 4), 255, np.uint8)
    picture[..., 3] = 0
    picture[10:30, left : left + 20] = (colour, colour, colour, 255)
    return picture


def test_a_picture_is_shown_before_plain_grey_with_room_around_it() -> None:
    picture = person(30)
    picture[0, 0] = (228, 28, 128, 51)
    shown = silhouette.shown_over(picture, GREY, 6)
    assert shown.shape == (52, 62, 3)
    assert shown[6, 6].tolist() == [148, 108, 128]
    assert (shown[16:36, 16:36] == 30).all()
    shown[6, 6] = shown[16:36, 16:36] = GREY
    assert (shown == GREY).all()


def test_change_is_in_levels_of_her_own_area() -> None:
    assert silhouette.change(person(100), person(100), GREY) == 0
    assert silhouette.change(person(100), person(110), GREY) == pytest.approx(10)
    step = silhouette.change(person(GREY + 40, 10), person(GREY + 40, 11), GREY)
    assert step == pytest.approx(2 * 20 * 40 / 400), "one column left and one new"
    wide = np.pad(person(100), ((50, 50), (70, 70), (0, 0)))
    assert silhouette.change(wide, np.pad(person(110), ((50, 50), (70, 70), (0, 0))), GREY) == pytest.approx(10)
    nobody = np.zeros((40, 50, 4), np.uint8)
    assert silhouette.change(nobody, nobody, GREY) == 0


@pytest.mark.parametrize("turned", [False, True])
def test_what_moves_changes_by_its_contrast_for_each_px(turned: bool) -> None:
    still, moved = (np.tile(np.arange(60, dtype=np.uint8) * 3 + by, (40, 1))[..., None].repeat(3, 2) for by in (6, 0))
    still, moved = (np.ascontiguousarray(one.swapaxes(0, 1)) if turned else one for one in (still, moved))
    where = np.zeros(still.shape[:2], bool)
    where[5:20, 8:30] = True
    assert silhouette.contrast_within(still, where) == pytest.approx(3)
    assert silhouette.change_within(still, moved, where) / 3 == pytest.approx(2), "it moved by two px"
    assert silhouette.contrast_within(np.full_like(still, 90), where) == 0
