"""Chroma key: screens are found where they are and nowhere else, and drawn figures come out with their own alpha."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from dancekit.core.chroma import Screen, difference, find_screen, key

SIZE = (192, 256)
GREEN, BLUE = (50, 175, 60), (40, 60, 185)
SKIN, SHIRT, TROUSERS = (205, 150, 120), (222, 222, 226), (45, 45, 60)


def figure(swing: float = 0.0, shirt: tuple[int, int, int] = SHIRT) -> tuple[np.ndarray, np.ndarray]:
    """A person with a hand on the hip, swinging an arm: (colour float32 [h, w, 3], exact alpha float32 [h, w])."""
    fine = 4
    alpha = np.zeros((SIZE[1] * fine, SIZE[0] * fine), np.float32)
    colour = np.zeros((*alpha.shape, 3), np.float32)

    def stroke(start: tuple[float, float], end: tuple[float, float], thick: float, tint: tuple[int, int, int]) -> None:
        ends = [(round(x * fine), round(y * fine)) for x, y in (start, end)]
        shape = np.zeros(alpha.shape, np.uint8)
        cv2.line(shape, ends[0], ends[1], 1, round(thick * fine))
        alpha[shape > 0], colour[shape > 0] = 1, tint

    hand = (128 + 46 * np.cos(swing), 84 + 46 * np.sin(swing))
    for start, end, thick, tint in (
        ((90, 140), (78, 225), 20, TROUSERS), ((102, 140), (116, 225), 20, TROUSERS), ((96, 80), (96, 130), 42, shirt),
        ((80, 68), (52, 100), 14, shirt), ((52, 100), (82, 126), 12, SKIN), ((112, 68), (128, 84), 14, shirt),
        ((128, 84), hand, 11, SKIN), ((96, 34), (96, 40), 32, SKIN),
    ):  # fmt: skip
        stroke(start, end, thick, tint)
    small = cv2.resize(alpha, SIZE, interpolation=cv2.INTER_AREA)
    heavy = cv2.resize(colour * alpha[..., None], SIZE, interpolation=cv2.INTER_AREA)
    return heavy / np.maximum(small, 1e-3)[..., None], small


def uneven(tint: tuple[int, int, int], light: float = 1.0) -> np.ndarray:
    """A screen that is a third darker in one corner, with a soft shadow on its ground; float32 [h, w, 3]."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]] / np.array([SIZE[1], SIZE[0]])[:, None, None]
    shade = 1 - 0.35 * (0.5 * x**2 + 0.5 * y**2)
    shade *= 1 - 0.25 * np.exp(-(((x - 0.5) / 0.3) ** 2) - ((y - 0.97) / 0.06) ** 2)
    return (np.array(tint) * (light * shade)[..., None]).astype(np.float32)


def filmed(colour: np.ndarray, alpha: np.ndarray, behind: np.ndarray, seed: int = 0) -> np.ndarray:
    """The composite with a camera's noise and the half-fine colours of a film, uint8 [h, w, 3]."""
    picture = alpha[..., None] * colour + (1 - alpha[..., None]) * behind
    noisy = picture + np.random.default_rng(seed).normal(0, 2, picture.shape)
    coded = cv2.cvtColor(noisy.clip(0, 255).round().astype(np.uint8), cv2.COLOR_RGB2YCrCb)
    half = cv2.resize(coded[..., 1:], (SIZE[0] // 2, SIZE[1] // 2), interpolation=cv2.INTER_AREA)
    coded[..., 1:] = cv2.resize(half, SIZE)
    return cv2.cvtColor(coded, cv2.COLOR_YCrCb2RGB)


def rough(alpha: np.ndarray) -> np.ndarray:
    """A soft, coarse mask as pose models give, uint8 [h, w]."""
    coarse = cv2.resize(cv2.GaussianBlur(alpha, (0, 0), 2), (SIZE[0] // 4, SIZE[1] // 4), interpolation=cv2.INTER_AREA)
    return (cv2.resize(np.clip(coarse * 2 - 0.5, 0, 1), SIZE) * 255).astype(np.uint8)


def samples(behind: np.ndarray, count: int = 8) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Frames of a person who swings her arm before something, and their masks."""
    figures = [figure(-1 + 0.25 * index) for index in range(count)]
    frames = [filmed(*each, behind, seed) for seed, each in enumerate(figures)]
    return frames, [rough(alpha) for _, alpha in figures]


def screen_of(behind: np.ndarray) -> Screen:
    screen = find_screen(*samples(behind))
    assert screen is not None
    return screen


@cache
def usual_screen(tint: tuple[int, int, int] = GREEN) -> Screen:
    return screen_of(uneven(tint))


def inside(alpha: np.ndarray, reach: int) -> np.ndarray:
    return cv2.erode((alpha == 1).astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0


@pytest.mark.parametrize(("tint", "primary"), [(GREEN, 1), (BLUE, 2), ((19, 255, 8), 1), ((105, 180, 110), 1)])
def test_a_screen_is_found_with_its_colour_at_every_place(tint: tuple[int, int, int], primary: int) -> None:
    behind = uneven(tint)
    screen = screen_of(behind)
    assert screen.primary == primary
    colour = cv2.resize(screen.colour, SIZE)
    assert np.abs(colour - behind.clip(0, 255)).mean() < 3
    assert screen.coverage.min() > 0.9


def _sky_and_sea() -> np.ndarray:
    y = np.linspace(0, 1, SIZE[1])[:, None, None]
    return np.where(y < 0.4, np.array([80.0, 150, 230]) + np.array([80, 60, 0]) * y, np.array([45.0, 75, 105]))


def _lawn() -> np.ndarray:
    blades = np.random.default_rng(0).normal(0, 30, (SIZE[1], SIZE[0], 1))
    return np.array([85.0, 120, 50]) + blades


@pytest.mark.parametrize(
    "behind", [_sky_and_sea(), _lawn(), np.full((1, 1, 3), 190.0), np.array([[[110.0, 215, 200]]])]
)
def test_no_screen_is_found_elsewhere(behind: np.ndarray) -> None:
    behind = np.broadcast_to(behind, (SIZE[1], SIZE[0], 3)).clip(0, 255).astype(np.float32)
    assert find_screen(*samples(behind)) is None


def test_no_screen_is_found_where_nobody_is() -> None:
    frames, masks = samples(uneven(GREEN))
    assert find_screen(frames, [np.zeros_like(mask) for mask in masks]) is None


@pytest.mark.parametrize("tint", [GREEN, BLUE])
@pytest.mark.parametrize("light", [0.75, 1.0, 1.2])
def test_key_gives_the_exact_alpha_back_also_when_the_light_has_changed(
    tint: tuple[int, int, int], light: float
) -> None:
    screen = usual_screen(tint)
    colour, alpha = figure(0.3)
    found, _ = key(filmed(colour, alpha, uneven(tint, light), 99), rough(alpha), screen)
    assert np.abs(found / 255 - alpha).mean() < 0.012
    outside = cv2.dilate(alpha, np.ones((9, 9))) == 0
    assert (found[outside] == 0).mean() > 0.999
    assert (found[inside(alpha, 5)] == 255).mean() > 0.99
    assert found[95:105, 70:74].max() == 0, "between arm and body the screen shows"


def test_soft_edges_stay_soft() -> None:
    screen = usual_screen()
    colour, alpha = figure(0.3)
    heavy = cv2.GaussianBlur(colour * alpha[..., None], (0, 0), 2.5)
    blurred = cv2.GaussianBlur(alpha, (0, 0), 2.5)
    colour = heavy / np.maximum(blurred, 1e-3)[..., None]
    found, _ = key(filmed(colour, blurred, uneven(GREEN), 99), rough(alpha), screen)
    assert np.abs(found / 255 - blurred).mean() < 0.02
    soft = (blurred > 0.3) & (blurred < 0.7)
    assert np.corrcoef(found[soft], blurred[soft])[0, 1] > 0.9


def test_no_screen_is_left_in_the_colours_of_the_edge() -> None:
    screen = usual_screen()
    colour, alpha = figure(0.3)
    found, own = key(filmed(colour, alpha, uneven(GREEN), 99), rough(alpha), screen)
    over = found[..., None] / 255.0 * own + (1 - found[..., None] / 255.0) * 255
    assert np.percentile(difference(over.astype(np.float32), 1), 99.9) < 12
    assert difference(own, 1).max() < 60, "the extended colour is hers as well"


def test_spill_goes_without_turning_people_magenta() -> None:
    behind, screen = uneven(GREEN), usual_screen()
    colour, alpha = figure(0.3)
    found, own = key(filmed(colour + 0.08 * behind, alpha, behind, 99), rough(alpha), screen)
    shirt = own[70:110, 85:107].reshape(-1, 3).mean(0)
    assert abs(shirt[1] - shirt[[0, 2]].mean()) < 6
    face = own[32:42, 90:102].reshape(-1, 3).mean(0)
    assert face[0] > face[1] > face[2]
    assert found[35, 96] == 255


def test_green_clothes_that_differ_from_the_screen_survive() -> None:
    olive = (98, 138, 88)
    colour, alpha = figure(0.3, olive)
    found, own = key(filmed(colour, alpha, uneven(GREEN), 99), rough(alpha), usual_screen())
    assert (found[72:120, 86:106] == 255).mean() > 0.98
    assert difference(own[72:120, 86:106], 1).mean() > 20


def test_a_narrow_gap_that_the_mask_closes_is_keyed() -> None:
    colour, alpha = figure(0.3)
    mask = rough(alpha)
    cv2.line(alpha, (96, 75), (96, 110), 0.0, 3)
    found, own = key(filmed(colour, alpha, uneven(GREEN), 99), mask, usual_screen())
    assert found[80:105, 96].max() < 130
    over = found[..., None] / 255.0 * own + (1 - found[..., None] / 255.0) * 255
    assert difference(over[75:110, 85:107].astype(np.float32), 1).max() < 25


def test_what_is_held_stays_and_what_stands_apart_goes() -> None:
    screen = usual_screen()
    colour, alpha = figure(0.0)
    mask = rough(alpha)
    cv2.line(alpha, (174, 40), (174, 130), 1.0, 4)
    cv2.line(alpha, (20, 150), (20, 250), 1.0, 6)
    colour[alpha == 1] = np.where(colour[alpha == 1].sum(-1, keepdims=True) > 0, colour[alpha == 1], (120, 30, 30))
    found, _ = key(filmed(colour, alpha, uneven(GREEN), 99), mask, screen)
    assert found[50:125, 173:175].min() == 255, "the stick in her hand"
    assert found[140:, 10:30].max() == 0, "the stand beside her"


def test_where_the_film_never_shows_the_screen_the_mask_decides() -> None:
    behind = uneven(GREEN)
    behind[215:] = (150, 120, 95)
    screen = screen_of(behind)
    assert screen.coverage[-5:].max() < 0.1
    colour, alpha = figure(0.3)
    mask = rough(alpha)
    found, shown = key(filmed(colour, alpha, behind, 99), mask, screen)
    assert np.abs(found[222:].astype(int) - mask[222:]).max() < 3
    assert np.abs(found[:205] / 255 - alpha[:205]).mean() < 0.015
    soft = (found[220:] > 30) & (found[220:] < 200)
    floor, trousers = (np.abs(shown[220:][soft].astype(int) - tint).mean() for tint in ((150, 120, 95), TROUSERS))
    assert soft.any()
    assert trousers < floor, "what is behind her soft edges there is not in their colour"


def test_a_frame_without_a_person_is_empty() -> None:
    behind = uneven(GREEN)
    empty = np.zeros(SIZE[::-1], np.float32)
    found, colour = key(filmed(np.zeros_like(behind), empty, behind), empty.astype(np.uint8), usual_screen())
    assert not found.any()
    assert colour.shape == behind.shape


def test_a_screen_is_seen_through_a_box() -> None:
    behind = uneven(GREEN)
    screen = usual_screen().before(np.array([48, 64, 144, 192]), SIZE, (96, 128))
    assert screen.colour.shape == (128, 96, 3)
    assert np.abs(screen.colour - behind[64:192, 48:144]).mean() < 4
