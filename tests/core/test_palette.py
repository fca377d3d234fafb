"""Palette: colours that a person never has in a place give way to what is around them, and all others stay."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from figures import figure, waving

from dancekit.core import maps, skeleton
from dancekit.core.girth import USUAL_GIRTHS
from dancekit.core.palette import Palette
from dancekit.core.skeleton import INDEX

SIZE, BODY = (220, 240), 200.0
NAMES = [skeleton.PARTS[channel].name for channel in maps.SEGMENT_CHANNELS]
WHITE, RED, GREEN = (230, 225, 220), (190, 40, 50), (20, 120, 60)


def dressed(points: np.ndarray, shade: int = 0) -> np.ndarray:
    """A person uint8 [h, w, 4] with white legs and all else red, darker by a shade."""
    pose = maps.segments(torch.from_numpy(points))
    apart = maps.squared_distances(pose.starts[None], pose.ends[None], SIZE)[0].sqrt().numpy()
    nearness = apart / (USUAL_GIRTHS * BODY)[:, None, None]
    legs = np.array([name.endswith(("thigh", "shin", "foot")) for name in NAMES])[nearness.argmin(0)]
    picture = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    there = nearness.min(0) <= 1
    picture[there] = 255
    picture[..., :3][there] = np.where(legs[there][:, None], WHITE, RED) - np.array(shade)
    return picture


@pytest.fixture(scope="module")
def palette() -> Palette:
    """Hers, of frames in which she waves, in changing light."""
    films = waving(6, BODY, 110, 230)
    return Palette.measure([(dressed(points, 3 * place), points) for place, points in enumerate(films)], BODY)


def blot(picture: np.ndarray, place: np.ndarray, colour: tuple[int, int, int]) -> tuple[slice, slice]:
    """Paint a square of a colour around a place, in place; its rows and columns."""
    x, y = place.round().astype(int)
    rows = slice(y - 5, y + 6), slice(x - 5, x + 6)
    picture[(*rows, slice(3))] = colour
    return rows


def knee(points: np.ndarray) -> np.ndarray:
    return points[INDEX["left_knee"], :2]


@pytest.mark.parametrize("colour", [GREEN, RED, (60, 60, 60)])
def test_a_blot_on_a_leg_gives_way_to_the_leg(palette: Palette, colour: tuple[int, int, int]) -> None:
    points = figure(BODY, 110, 230)
    clean = dressed(points)
    spoiled = clean.copy()
    rows = blot(spoiled, knee(points), colour)
    mended = palette.mended(spoiled, points, BODY)
    inside = clean[rows][..., 3] > 0
    assert np.abs(mended[rows].astype(int) - clean[rows])[inside].max() < 20
    assert np.array_equal(mended[..., 3], spoiled[..., 3]), "alpha stays"
    far = np.ones(clean.shape[:2], bool)
    far[rows[0].start - 6 : rows[0].stop + 6, rows[1].start - 6 : rows[1].stop + 6] = False
    assert np.array_equal(mended[far], spoiled[far]), "and so does all that is far from it"


def test_what_she_wears_there_stays_exactly(palette: Palette) -> None:
    points = figure(BODY, 110, 230)
    for shade in (0, 7, 20):
        worn = dressed(points, shade)
        assert palette.mended(worn, points, BODY) is worn


def test_a_hand_before_the_knee_has_the_colour_of_hands(palette: Palette) -> None:
    points = figure(BODY, 110, 230)
    for joint in ("left_wrist", "left_index", "left_pinky", "left_thumb"):
        points[INDEX[joint], :2] = knee(points)
    held = dressed(points)
    blot(held, knee(points), RED)
    assert palette.mended(held, points, BODY) is held
    assert palette.doubts(held, figure(BODY, 110, 230), BODY).max() == 1, "else it would be a blot"


def test_veils_and_what_no_bone_is_known_of_stay(palette: Palette) -> None:
    points = figure(BODY, 110, 230)
    veiled = dressed(points)
    rows = blot(veiled, knee(points), GREEN)
    veiled[(*rows, 3)] = 60
    assert palette.mended(veiled, points, BODY) is veiled
    nobody = np.full_like(points, np.nan)
    nobody[:, 2] = 0
    spoiled = dressed(points)
    blot(spoiled, knee(points), GREEN)
    assert palette.mended(spoiled, nobody, BODY) is spoiled
    empty = np.zeros_like(spoiled)
    assert palette.mended(empty, points, BODY) is empty


def test_a_colour_of_a_single_frame_is_no_colour_of_hers() -> None:
    films = waving(6, BODY, 110, 230)
    frames = [(dressed(points), points) for points in films]
    blot(frames[2][0], knee(films[2]), GREEN)
    points = figure(BODY, 110, 230)
    spoiled = dressed(points)
    blot(spoiled, knee(points), GREEN)
    assert Palette.measure(frames, BODY).doubts(spoiled, points, BODY).max() == 1
    blot(frames[4][0], knee(films[4]), GREEN)
    assert Palette.measure(frames, BODY).doubts(spoiled, points, BODY).max() == 0, "of two it is"
