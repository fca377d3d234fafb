"""The shadow on the floor: where the floor is, from poses alone, and what falls on it."""

from __future__ import annotations

import numpy as np
import pytest

from dancekit.core import compose, shadow
from dancekit.core.compose import Placed
from dancekit.core.skeleton import INDEX, J

FPS, TALL, GROUND, CANVAS = 25.0, 400.0, 500.0, (480, 640)


def standing(frames: int = 75, x: float = 240.0) -> np.ndarray:
    """Landmarks [T, J, 3] of somebody who stands with her heels and toes at GROUND, 80 px apart."""
    points = np.full((frames, J, 3), (x, GROUND - 0.6 * TALL, 1.0), np.float32)
    for side, away in (("left", 40), ("right", -40)):
        for name, up in (("ankle", 20), ("heel", 0), ("foot", 0), ("knee", 110), ("hip", 200)):
            points[:, INDEX[f"{side}_{name}"], :2] = x + away, GROUND - up
    return points


def leg(side: str) -> list[int]:
    return [INDEX[f"{side}_{name}"] for name in ("ankle", "heel", "foot")]


def floor(points: np.ndarray, spans: tuple[tuple[int, int], ...] | None = None) -> shadow.Floor:
    return shadow.floor_below(points, np.full(len(points), TALL), spans or ((0, len(points)),), FPS)


def at(where: shadow.Floor, x: float) -> np.ndarray:
    """The floor's y [T] below a place."""
    return where.y + where.slope * (x - where.x)


def person(feet: float = GROUND) -> Placed:
    """A bar of a person, 80 px wide and TALL, whose feet are at some height on the canvas."""
    picture = np.full((round(TALL), 80, 4), (50, 100, 150, 255), np.float32)
    return Placed(picture, 200, round(feet - TALL))


def test_who_stands_has_the_floor_at_her_soles() -> None:
    where = floor(standing())
    assert np.allclose(at(where, 240), GROUND, atol=0.01)
    assert np.allclose(where.slope, 0, atol=1e-6)


@pytest.mark.parametrize(("seconds", "high"), [(0.4, 0.12), (0.7, 0.3)])
def test_a_jump_leaves_the_floor_where_it_was(seconds: float, high: float) -> None:
    points, length = standing(), round(seconds * FPS)
    air = np.linspace(-1, 1, length + 2)[1:-1]
    points[30 : 30 + length, :, 1] -= ((1 - air**2) * high * TALL)[:, None]
    assert np.abs(at(floor(points), 240) - GROUND).max() < 0.03 * TALL


def test_a_leg_that_is_held_up_has_the_floor_of_the_other() -> None:
    points = standing(150)
    points[:, leg("left"), 1] -= 0.4 * TALL
    where = floor(points)
    assert np.allclose(at(where, 280), GROUND, atol=0.01)
    assert np.allclose(where.slope, 0, atol=1e-6)


def test_who_walks_away_takes_the_floor_along() -> None:
    points = standing(100)
    points[..., 1] -= np.linspace(0, 0.3 * TALL, 100)[:, None]
    wanted = GROUND - np.linspace(0, 0.3 * TALL, 100)
    assert np.abs(at(floor(points), 240) - wanted)[10:-10].max() < 0.03 * TALL


def test_the_floor_slopes_where_one_foot_is_nearer() -> None:
    points = standing()
    points[:, leg("left"), 0] += 100
    points[:, leg("left"), 1] += 0.05 * TALL
    where = floor(points)
    left, right = at(where, 380)[40], at(where, 200)[40]
    assert left == pytest.approx(GROUND + 0.05 * TALL, abs=0.015 * TALL)
    assert right == pytest.approx(GROUND, abs=0.015 * TALL)


def test_nothing_of_her_is_below_the_floor() -> None:
    points = standing()
    points[:, INDEX["left_wrist"], :2] = 300, GROUND + 60
    assert np.allclose(at(floor(points), 300), GROUND + 60, atol=0.5)


def test_a_cut_moves_the_floor_at_once() -> None:
    points = standing()
    points[40:, :, 1] -= 100
    where = floor(points, ((0, 40), (40, 75)))
    assert np.allclose(at(where, 240), np.where(np.arange(75) < 40, GROUND, GROUND - 100), atol=0.01)


def test_a_foot_that_is_never_seen_stands_where_the_other_does() -> None:
    points = standing()
    points[:, leg("right"), :2] = np.nan
    assert np.allclose(at(floor(points), 240), GROUND, atol=0.01)


def test_without_feet_there_is_no_floor_and_no_shadow() -> None:
    points = standing()
    for side in ("left", "right"):
        points[:, leg(side), :2] = np.nan
    where = floor(points)
    wall = np.full((CANVAS[1], CANVAS[0], 3), 180, np.uint8)
    assert np.isnan(where.y).all()
    assert (shadow.cast(person(), where, 0, CANVAS).on(wall) == wall).all()


def test_it_is_darkest_at_the_feet_and_nowhere_else() -> None:
    wall = np.full((CANVAS[1], CANVAS[0], 3), 200, np.uint8)
    dark = shadow.cast(person(), floor(standing()), 40, CANVAS).on(wall)
    assert (wall == 200).all(), "the background itself stays"
    row, column = np.unravel_index(dark[..., 0].argmin(), dark.shape[:2])
    assert abs(row - GROUND) <= 2 and 200 <= column < 280
    assert dark.min() < 80
    assert (dark[: round(GROUND - 0.15 * TALL)] == 200).all()
    assert (dark[:, :100] == 200).all() and (dark[:, 380:] == 200).all()


def test_a_jump_makes_it_lighter() -> None:
    where = floor(standing())
    lights = [shadow.cast(person(GROUND - high * TALL), where, 40, CANVAS).light.min() for high in (0, 0.05, 0.2, 0.6)]
    assert lights == sorted(lights) and lights[0] < 0.4 and lights[2] > 0.7 and lights[3] > 0.9


def test_who_has_faded_has_none() -> None:
    where, gone = floor(standing()), person()
    gone.picture[:] = 0
    assert (shadow.cast(gone, where, 0, CANVAS).light == 1).all()


@pytest.mark.parametrize("shift", [(-300, 0), (300, 0), (0, 150), (0, -600), (-2000, 0), (0, 3000)])
def test_it_may_lie_beyond_the_picture(shift: tuple[int, int]) -> None:
    points = standing()
    points[..., :2] += shift
    placed = compose.place(np.full((400, 80, 4), 255, np.uint8), np.array([200, 100, 280, 500.0]) + shift * 2, CANVAS)
    wall = np.full((CANVAS[1], CANVAS[0], 3), 90, np.uint8)
    assert shadow.cast(placed, floor(points), 3, CANVAS).on(wall).shape == wall.shape


def test_on_nothing_it_darkens_whatever_is_laid_behind_it_later() -> None:
    where, wall = floor(standing()), np.random.default_rng(0).integers(0, 256, (640, 480, 3)).astype(np.uint8)
    picture = np.zeros((400, 80, 4), np.uint8)
    picture[..., :3], picture[..., 3] = (50, 100, 150), np.linspace(0, 255, 80).astype(np.uint8)
    placed = compose.place(picture, np.array([200, 100, 280, 500.0]), CANVAS)
    cast = shadow.cast(placed, where, 40, CANVAS)
    cut = cast.below(compose.alone(placed, CANVAS)).astype(float)
    later = cut[..., :3] * cut[..., 3:] / 255 + wall * (1 - cut[..., 3:] / 255)
    assert np.abs(later - compose.over(placed, cast.on(wall))).max() <= 2
