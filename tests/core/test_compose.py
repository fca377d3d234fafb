"""Compositing: nothing but the person is drawn, where she belongs, with clean edges at any scale."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from dancekit.core import compose

SIZE = (60, 50)
SKIN = (210, 140, 110)


def painted(size: tuple[int, int] = (24, 32), colour: tuple[int, int, int] = SKIN,
            key: tuple[int, int, int] = (0, 255, 0), soft: float = 1.0) -> np.ndarray:  # fmt: skip
    """A crop uint8 [h, w, 4]: a round person of one colour with soft edges, the key's colour where she is not."""
    picture = np.empty((size[1], size[0], 4), np.uint8)
    alpha = np.zeros(size[::-1], np.float32)
    cv2.ellipse(alpha, (size[0] // 2, size[1] // 2), (size[0] // 4, size[1] // 3), 0, 0, 360, 255, -1)
    picture[..., 3] = cv2.GaussianBlur(alpha, (0, 0), soft) if soft else alpha
    picture[..., :3] = np.where(picture[..., 3:] > 0, colour, key)
    return picture


def box(left: float, top: float, scale: float = 1.0, size: tuple[int, int] = (24, 32)) -> np.ndarray:
    return np.array([left, top, left + scale * size[0], top + scale * size[1]], np.float32)


def plain(colour: tuple[int, int, int], size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.full((size[1], size[0], 3), colour, np.uint8)


def test_at_whole_px_the_person_is_laid_over_the_background_exactly() -> None:
    person, background = painted(), np.random.default_rng(0).integers(0, 256, (50, 60, 3)).astype(np.uint8)
    before = background.copy()
    result = compose.over(compose.place(person, box(10, 5), SIZE), background)
    alpha = person[..., 3:].astype(float) / 255
    wanted = background.astype(float)
    wanted[5:37, 10:34] = alpha * person[..., :3] + (1 - alpha) * wanted[5:37, 10:34]
    assert np.abs(result - wanted).max() <= 0.51
    assert (background == before).all()


@pytest.mark.parametrize("scale", [0.3, 0.7, 1.0, 1.5, 3.0])
@pytest.mark.parametrize("soft", [0.0, 1.0])
def test_no_fringe_shows_at_any_scale(scale: float, soft: float) -> None:
    placed = compose.place(painted(soft=soft), box(2.3, 3.6, scale), (100, 110))
    same = compose.over(placed, plain(SKIN, (100, 110)))
    assert np.abs(same.astype(int) - SKIN).max() <= 1, "a person of the background's colour cannot be seen"
    dark = compose.over(placed, plain((0, 0, 0), (100, 110))).astype(float)
    assert (dark[..., 1] <= dark[..., 0] * SKIN[1] / SKIN[0] + 1).all(), "green of the key"
    assert dark.max() <= SKIN[0] + 1


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("gone", ["faded", "never there"])
def test_who_cannot_be_seen_leaves_the_background_as_it_is(scale: float, gone: str) -> None:
    person, strength = (painted(), 0.0) if gone == "faded" else (painted() * 0, 1.0)
    placed, background = compose.place(person, box(2.3, 3.6, scale), SIZE, strength), plain((9, 80, 200))
    assert (compose.over(placed, background) == background).all()
    assert not compose.alone(placed, SIZE).any()


@pytest.mark.parametrize("scale", [0.35, 1.0, 2.6])
@pytest.mark.parametrize("corner", [(3.0, 4.0), (3.5, 4.25), (-7.6, 11.3)])
def test_the_person_is_as_large_and_stands_where_her_box_says(scale: float, corner: tuple[float, float]) -> None:
    size = (90, 110)
    placed = compose.place(painted(), box(*corner, scale), size)
    alpha = compose.alone(placed, size)[..., 3].astype(float)
    rows, columns = np.indices(alpha.shape) + 0.5
    if corner[0] > 0:
        own = painted()[..., 3].astype(float)
        assert alpha.sum() == pytest.approx(own.sum() * scale**2, rel=0.02)
        middle = [(own * grid).sum() / own.sum() for grid in (np.indices(own.shape) + 0.5)]
        assert (alpha * rows).sum() / alpha.sum() == pytest.approx(corner[1] + middle[0] * scale, abs=0.15)
        assert (alpha * columns).sum() / alpha.sum() == pytest.approx(corner[0] + middle[1] * scale, abs=0.15)
    assert alpha[:, int(corner[0] + 24 * scale) + 2 :].max() == 0


@pytest.mark.parametrize("corner", [(-100, 5), (5, -100), (70, 5), (5, 60), (-24, 0), (60, 50)])
def test_a_person_beyond_the_canvas_leaves_it_alone(corner: tuple[float, float]) -> None:
    placed = compose.place(painted(), box(*corner), SIZE)
    assert (compose.over(placed, plain((1, 2, 3))) == (1, 2, 3)).all()
    assert not compose.alone(placed, SIZE).any()


@pytest.mark.parametrize("corner", [(-12.0, 5.0), (50.0, 5.0), (10.0, -16.0), (10.0, 34.0), (-12.0, 34.0)])
def test_the_canvas_cuts_the_person_off(corner: tuple[float, float]) -> None:
    wide = (SIZE[0] + 80, SIZE[1] + 80)
    cut = compose.alone(compose.place(painted(), box(*corner), SIZE), SIZE)
    whole = compose.alone(compose.place(painted(), box(corner[0] + 40, corner[1] + 40), wide), wide)
    assert (cut == whole[40:-40, 40:-40]).all()
    assert cut[..., 3].max() > 250


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.4])
def test_a_person_fades(scale: float) -> None:
    half = compose.place(painted(soft=0), box(10, 5, scale), SIZE, 0.5)
    result = compose.over(half, plain((10, 20, 30)))
    assert result[int(5 + 16 * scale), int(10 + 12 * scale)].tolist() == pytest.approx([110, 80, 70], abs=1)
    assert result.max() <= 110, "nowhere is she more there than asked"
    gone = compose.over(compose.place(painted(), box(10, 5, scale), SIZE, 0.0), plain((10, 20, 30)))
    assert (gone == (10, 20, 30)).all()


def test_alone_her_colour_is_not_dimmed_at_the_edge() -> None:
    result = compose.alone(compose.place(painted(), box(10.5, 5.25, 1.4), SIZE), SIZE)
    edge = (result[..., 3] > 20) & (result[..., 3] < 235)
    assert edge.sum() > 30
    assert np.abs(result[edge][:, :3].astype(int) - SKIN).max() <= 8
    assert (result[result[..., 3] == 0] == 0).all()


def test_alone_and_then_laid_over_is_the_same_as_laid_over() -> None:
    placed = compose.place(painted(), box(10.5, 5.25, 1.4), SIZE)
    alone, background = compose.alone(placed, SIZE), plain((30, 90, 200))
    share = alone[..., 3:].astype(float) / 255
    later = alone[..., :3] * share + background * (1 - share)
    assert np.abs(later - compose.over(placed, background)).max() < 2


@pytest.mark.parametrize("size", [(60, 50), (30, 90), (200, 40), (64, 48), (7, 5)])
def test_a_picture_covers_the_canvas_and_keeps_its_middle(size: tuple[int, int]) -> None:
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[14:34, 22:42] = 250
    result = compose.cover(picture, size)
    assert result.shape == (size[1], size[0], 3)
    rows, columns = np.indices(size[::-1]) + 0.5
    weight = result[..., 0].astype(float)
    if weight.any() and not weight.all():
        assert (weight * rows).sum() / weight.sum() == pytest.approx(size[1] / 2, abs=0.6)
        assert (weight * columns).sum() / weight.sum() == pytest.approx(size[0] / 2, abs=0.6)
    scale = max(size[0] / 64, size[1] / 48)
    seen = min(20 * scale, size[0]) * min(20 * scale, size[1])
    assert weight.sum() / 250 == pytest.approx(seen, rel=0.06, abs=2)


def test_a_picture_of_the_right_size_is_not_touched() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (50, 60, 3)).astype(np.uint8)
    assert (compose.cover(picture, SIZE) == picture).all()


def test_the_person_holds_then_fades_and_comes_back_as_slowly() -> None:
    seen = np.ones(100, bool)
    seen[20:60] = False
    strength = compose.presence(seen, 20.0, hold=0.35, fade=0.5)
    assert (strength[:27] == 1).all(), "held for 7 frames"
    assert strength[27:37] == pytest.approx(np.arange(9, -1, -1) / 10)
    assert (strength[37:60] == 0).all()
    assert strength[60:70] == pytest.approx(np.arange(1, 11) / 10)
    assert (strength[70:] == 1).all()


def test_a_short_absence_is_not_seen_at_all() -> None:
    seen = np.ones(30, bool)
    seen[10:14] = False
    assert (compose.presence(seen, 20.0) == 1).all()


def test_a_driver_who_enters_late_fades_in() -> None:
    seen = np.arange(30) >= 10
    strength = compose.presence(seen, 20.0, fade=0.25)
    assert (strength[:10] == 0).all()
    assert strength[10:15] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])


def test_the_last_pose_is_held() -> None:
    points = np.arange(6, dtype=np.float32)[:, None, None] * np.ones((1, 33, 3), np.float32)
    seen = np.array([False, False, True, False, True, False])
    assert compose.held(points, seen)[:, 0, 0].tolist() == [2, 2, 2, 2, 4, 4]
    assert (compose.held(points, np.ones(6, bool)) == points).all()


def test_patches_far_from_every_landmark_vanish_and_others_stay() -> None:
    picture = np.full((100, 80, 4), 90, np.uint8)
    picture[..., 3] = 0
    picture[20:80, 30:50, 3] = 255
    picture[30:34, 56:60, 3] = 200
    picture[90:96, 5:12, 3] = 180
    points = np.array([[40, 30, 1], [58, 32, 1], [np.nan, np.nan, 0]], np.float32)
    cleaned = compose.without_specks(picture, points, 6.0)
    assert (cleaned[20:80, 30:50, 3] == 255).all()
    assert (cleaned[30:34, 56:60, 3] == 200).all(), "a hand apart from the body stays"
    assert (cleaned[90:96, 5:12, 3] == 0).all()
    assert (cleaned[..., :3] == 90).all()
    nowhere = np.full_like(points, np.nan)
    assert (compose.without_specks(picture, nowhere, 6.0)[20:80, 30:50, 3] == 255).all()
