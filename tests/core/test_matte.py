"""Refining masks: edges found, hands recovered, ghosts gone, nothing lags, and colours without background."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from dancekit.core import matte
from dancekit.core.matte import believe, extend, project, refine, resized, separated, steadied
from dancekit.core.plate import Backdrop, drift, lay, learn_plate, moved, vote

SIZE = (160, 208)
WHOLE = np.array([0.0, 0, *SIZE])


def person(x: float = 80.0, reach: float = 40.0) -> tuple[np.ndarray, np.ndarray]:
    """Somebody with an arm held out: (colour float32 [h, w, 3], exact alpha float32 [h, w])."""
    fine = 4
    alpha = np.zeros((SIZE[1] * fine, SIZE[0] * fine), np.float32)
    colour = np.zeros((*alpha.shape, 3), np.float32)
    for start, end, thick, tint in (
        ((x, 60), (x, 190), 40, (40, 50, 120)), ((x, 80), (x + reach, 70), 12, (210, 160, 130)),
        ((x, 30), (x, 36), 30, (210, 160, 130)),
    ):  # fmt: skip
        shape = np.zeros(alpha.shape, np.uint8)
        ends = [tuple(round(v * fine) for v in point) for point in (start, end)]
        cv2.line(shape, ends[0], ends[1], 1, thick * fine)
        alpha[shape > 0], colour[shape > 0] = 1, tint
    small = cv2.resize(alpha, SIZE, interpolation=cv2.INTER_AREA)
    heavy = cv2.resize(colour * alpha[..., None], SIZE, interpolation=cv2.INTER_AREA)
    return heavy / np.maximum(small, 1e-3)[..., None], small


def room(wide: int = 0) -> np.ndarray:
    """A wall with furniture, uint8 [h, w + wide, 3]."""
    rng = np.random.default_rng(5)
    wall = np.full((SIZE[1], SIZE[0] + wide, 3), (205, 195, 175), np.uint8)
    for _ in range(40):
        x, y = (int(rng.integers(0, wall.shape[side])) for side in (1, 0))
        tint = tuple(int(v) for v in rng.integers(60, 256, 3))
        cv2.rectangle(wall, (x, y), (x + int(rng.integers(5, 30)), y + int(rng.integers(5, 30))), tint, -1)
    return cv2.GaussianBlur(wall, (0, 0), 0.7)


def filmed(colour: np.ndarray, alpha: np.ndarray, behind: np.ndarray, seed: int = 0) -> np.ndarray:
    picture = alpha[..., None] * colour + (1 - alpha[..., None]) * behind
    return (picture + np.random.default_rng(seed).normal(0, 2, picture.shape)).clip(0, 255).round().astype(np.uint8)


def rough(alpha: np.ndarray) -> np.ndarray:
    """A soft, blocky and slightly too large mask, uint8 [h, w]."""
    coarse = cv2.resize(cv2.GaussianBlur(alpha, (0, 0), 2), (SIZE[0] // 4, SIZE[1] // 4), interpolation=cv2.INTER_AREA)
    return (cv2.resize(np.clip(coarse * 2.4 - 0.5, 0, 1), SIZE) * 255).astype(np.uint8)


def halved(mask: np.ndarray) -> np.ndarray:
    return resized(mask, (SIZE[0] // 2, SIZE[1] // 2)).astype(np.float32) / 255


def error(found: np.ndarray, alpha: np.ndarray) -> float:
    return float(np.abs(found / 255 - alpha).mean())


def cut(picture: np.ndarray, mask: np.ndarray, behind: Backdrop | None = None) -> tuple[np.ndarray, np.ndarray]:
    """One frame through the steps, with or without a plate."""
    soft, rest = halved(mask), None
    if behind is not None:
        soft, rest = believe(soft, vote(resized(picture, soft.shape[::-1]), behind)), (behind.colour, behind.known)
    return refine(picture, soft, (halved(mask) > 0.8).astype(np.uint8), rest)


def walk(behind: np.ndarray, count: int = 16) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Frames of somebody who walks through the room, and her masks."""
    people = [person(15 + 140 * index / (count - 1)) for index in range(count)]
    return [filmed(*each, behind, seed) for seed, each in enumerate(people)], [rough(alpha) for _, alpha in people]


def test_extend_keeps_what_counts_and_continues_it() -> None:
    colour = np.zeros((40, 60, 3), np.float32)
    colour[:, :30], colour[:, 30:] = (200, 10, 10), (10, 10, 200)
    weight = np.zeros((40, 60), np.float32)
    weight[10:20, 5:10] = weight[10:20, 50:55] = 1
    filled = extend(colour, weight)
    assert np.allclose(filled[weight == 1], colour[weight == 1], atol=0.01)
    assert filled[15, 12, 0] > 180
    assert filled[15, 47, 2] > 180
    assert 40 < filled[15, 30, 0] < 170
    assert filled.min() > 9
    assert filled.max() < 201
    odd = extend(colour[:37, :57], weight[:37, :57])
    assert np.allclose(odd[weight[:37, :57] == 1], colour[:37, :57][weight[:37, :57] == 1], atol=0.01)
    assert odd.max(initial=0) < 201
    assert odd.min() > 9, "what is added for even sides does not count"
    assert np.isfinite(extend(colour[..., :1], np.zeros_like(weight))).all(), "one channel, and nothing known"


def test_continued_colours_are_those_just_inside_the_edge() -> None:
    sure = np.zeros((60, 60), np.uint8)
    sure[20:, :] = 1
    picture = np.full((60, 60, 3), (220, 170, 140), np.float32)
    picture[:26] = (30, 20, 20)
    assert matte.continued(picture, sure)[15, 30].mean() < 60, "hair, not the face below it"


def test_guided_explains_a_mask_that_follows_colour_and_nothing_else() -> None:
    guide = np.random.default_rng(0).random((60, 80, 3)).astype(np.float32)
    target = guide @ np.array([0.5, -0.2, 0.3], np.float32)
    red, green, blue, offset, fit = matte.guided(guide, target, 4, 1e-5)
    drawn = red * guide[..., 0] + green * guide[..., 1] + blue * guide[..., 2] + offset
    assert np.abs(drawn - target).max() < 0.01
    assert fit.min() > 0.95
    *_, fit = matte.guided(np.full_like(guide, 0.5), target, 4, 1e-5)
    assert fit.mean() < 0.1


def test_a_coarse_mask_is_drawn_to_the_edges_of_the_picture() -> None:
    colour, alpha = person()
    mask = rough(alpha)
    found, _ = cut(filmed(colour, alpha, np.full((1, 1, 3), (205, 195, 175))), mask)
    assert error(found, alpha) < 0.35 * error(mask, alpha)
    assert (found[cv2.dilate(alpha, np.ones((13, 13))) == 0] == 0).all()
    assert (found[cv2.erode(alpha, np.ones((13, 13))) == 1] == 255).all()


@pytest.mark.parametrize("seed", range(3))
def test_refining_is_not_worse_than_the_mask_where_the_picture_tells_nothing(seed: int) -> None:
    _, alpha = person()
    mask = rough(alpha)
    same = np.full((SIZE[1], SIZE[0], 3), 128, np.float32)
    found, _ = cut(filmed(same, alpha, same, seed), mask)
    assert error(found, alpha) < 1.1 * error(mask, alpha)


def test_an_empty_mask_gives_an_empty_cutout() -> None:
    found, colour = cut(room(), np.zeros(SIZE[::-1], np.uint8))
    assert (found.any(), colour.shape) == (False, (SIZE[1], SIZE[0], 3))


def test_odd_sizes_are_cut_as_well() -> None:
    colour, alpha = person()
    picture = filmed(colour, alpha, room())[:-1, :-1]
    mask = rough(alpha)[:-1, :-1]
    soft = resized(mask, (mask.shape[1] // 2, mask.shape[0] // 2)).astype(np.float32) / 255
    found, own = refine(picture, soft, (soft > 0.8).astype(np.uint8))
    assert (found.shape, own.shape) == (mask.shape, picture.shape)
    assert error(found, alpha[:-1, :-1]) < 0.05


def test_no_background_is_left_in_the_colours_of_the_edge() -> None:
    colour, alpha = person()
    soft = cv2.GaussianBlur(alpha, (0, 0), 1.5)
    colour = cv2.GaussianBlur(colour * alpha[..., None], (0, 0), 1.5) / np.maximum(soft, 1e-3)[..., None]
    picture = filmed(colour, soft, np.full((1, 1, 3), (60, 230, 60)))
    found, own = separated(picture, soft)
    arm = (slice(60, 84), slice(104, 116))
    edge = (soft[arm] > 0.3) & (soft[arm] < 0.9)
    assert np.abs(own[arm][edge].astype(float) - (210, 160, 130)).mean() < 15
    assert (own[arm][..., 1] < own[arm][..., 0]).all()
    assert np.abs(found / 255 - soft).mean() < 0.02
    kept, _ = separated(picture, soft, solve=False)
    assert np.abs(kept / 255 - soft).max() < 0.01


def test_project_finds_where_a_colour_lies_between_two() -> None:
    front = np.repeat(np.array([[200], [100], [50]], np.float32), 5, 1)
    behind = np.repeat(np.array([[20], [40], [220]], np.float32), 5, 1)
    share = np.linspace(0, 1, 5, dtype=np.float32)
    mixed = share * front + (1 - share) * behind
    assert np.allclose(project(np.full(5, 0.5, np.float32), mixed, front, behind, 0.0), share, atol=0.01)
    assert np.allclose(project(share, mixed, front, front, 0.0), share), "two equal colours tell nothing"
    assert np.allclose(matte.unmixed(np.ones(5, np.float32), front, front, behind), front, atol=1)


def test_votes_decide_the_unsure_and_leave_the_sure() -> None:
    mask = np.array([[0.0, 0.5, 1.0]] * 40, np.float32)
    assert np.allclose(believe(mask, np.zeros_like(mask)), mask, atol=0.05)
    against = believe(mask, np.full_like(mask, -1))
    assert against[0, 1] < 0.25
    assert against[0, 2] > 0.8
    assert believe(mask, np.ones_like(mask))[0, 1] > 0.95
    far = np.zeros((200, 40), np.float32)
    far[:20] = 1
    assert believe(far, np.ones_like(far))[150:].max() < 0.05, "nobody is near there"


def test_steadying_calms_what_stands_still_and_never_lags() -> None:
    rng = np.random.default_rng(0)
    picture = room()
    masks = [(0.5 + rng.normal(0, 0.1, SIZE[::-1])).astype(np.float32) for _ in range(12)]
    before, calm = None, []
    for mask in masks:
        before = steadied(picture, mask, WHOLE, before)
        calm.append(before.mask)
    assert np.abs(np.diff(calm[4:], axis=0)).mean() < 0.6 * np.abs(np.diff(masks[4:], axis=0)).mean()
    other = cv2.bitwise_not(picture)
    mask = np.zeros(SIZE[::-1], np.float32)
    assert steadied(other, mask, WHOLE, before).mask.max() < 0.05, "what changes takes the new mask at once"


def test_steadying_follows_a_box_that_moves() -> None:
    wide, shift = room(16), 8
    mask = np.zeros(wide.shape[:2], np.float32)
    mask[50:150, 60:110] = 1
    first = steadied(wide[:, : SIZE[0]], mask[:, : SIZE[0]], WHOLE, None)
    box = WHOLE + np.array([shift, 0, shift, 0])
    second = steadied(wide[:, shift : shift + SIZE[0]], mask[:, shift : shift + SIZE[0]], box, first)
    assert np.abs(second.mask - mask[:, shift : shift + SIZE[0]]).max() < 0.05


@pytest.mark.parametrize("shift", [(0.0, 0.0), (3.0, -2.0), (-4.5, 1.5)])
def test_drift_is_measured_where_the_person_is_not(shift: tuple[float, float]) -> None:
    colour, alpha = person(60)
    other, beta = person(90)
    still, drifted = filmed(colour, alpha, room()), filmed(other, beta, moved(room(), shift), 1)
    hidden = (cv2.dilate(np.maximum(alpha, beta), np.ones((9, 9))) > 0).astype(np.uint8)
    assert drift(still, drifted, hidden) == pytest.approx(shift, abs=0.15)
    assert drift(np.full_like(still, 90), np.full_like(still, 90), hidden) == (0.0, 0.0), "nothing tells"


def test_the_plate_is_the_room_without_the_person() -> None:
    plate = learn_plate(*walk(room()))
    assert plate is not None
    small = resized(room(), plate.noise.shape[::-1])
    known = plate.colour[..., 3] > 200
    assert known.mean() > 0.6
    assert np.abs(plate.colour[..., :3].astype(float) - small)[known].mean() < 2


def test_no_plate_is_learned_from_a_camera_that_pans_or_from_too_little() -> None:
    wide = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (SIZE[1], 600, 3)).astype(np.uint8), (0, 0), 1.5)
    frames, masks = walk(room())
    pans = [wide[:, 25 * index : 25 * index + SIZE[0]] for index in range(16)]
    assert learn_plate(pans, masks) is None
    assert learn_plate(frames[:3], masks[:3]) is None


def test_the_plate_follows_drift_and_light() -> None:
    plate = learn_plate(*walk(room()))
    assert plate is not None
    colour, alpha = person(70)
    behind = moved(room(), (4.0, -3.0)) * 0.9
    picture = filmed(colour, alpha, behind)
    drop = lay(plate, picture, rough(alpha), WHOLE, SIZE)
    seen = (drop.known > 0.5) & (cv2.dilate(alpha, np.ones((9, 9))) == 0)
    seen[:8] = seen[-8:] = False
    assert np.abs(drop.colour - behind)[seen].mean() < 5


def test_the_plate_votes_for_the_person_but_not_for_her_shadow() -> None:
    colour, alpha = person()
    behind = room()
    drop = Backdrop(behind, np.ones(SIZE[::-1], np.float32), np.full(SIZE[::-1], 2, np.float32))
    votes = vote(filmed(colour, alpha, behind), drop)
    assert votes[cv2.erode(alpha, np.ones((9, 9))) == 1].mean() > 0.6
    assert votes[cv2.dilate(alpha, np.ones((9, 9))) == 0].max() < 0
    shadow = behind.copy()
    shadow[150:180, 10:60] = shadow[150:180, 10:60] * 0.7
    assert vote(shadow, drop)[152:178, 12:58].mean() < 0.05


def test_a_plate_brings_a_faint_hand_back_and_takes_a_ghost_away() -> None:
    plate = learn_plate(*walk(room()))
    assert plate is not None
    colour, alpha = person(70)
    picture, mask = filmed(colour, alpha, room()), rough(alpha)
    hand, ghost = (slice(64, 80), slice(96, 114)), (slice(120, 150), slice(95, 115))
    mask[:, 98:] //= 3
    mask[ghost] = 110
    drop = lay(plate, resized(picture, (SIZE[0] // 2, SIZE[1] // 2)),
               resized(mask, (SIZE[0] // 2, SIZE[1] // 2)), WHOLE, SIZE)  # fmt: skip
    found, _ = cut(picture, mask, drop)
    without, _ = cut(picture, mask)
    assert np.abs(found[hand] / 255 - alpha[hand]).mean() < 0.25 < np.abs(without[hand] / 255 - alpha[hand]).mean()
    assert found[ghost].mean() < 8
    assert error(found, alpha) < 0.5 * error(without, alpha)


def test_tidied_drops_specks_and_fills_pinholes() -> None:
    alpha = np.zeros((200, 160), np.uint8)
    alpha[40:180, 40:120] = 255
    alpha[10:14, 10:14] = 255
    alpha[100:104, 80:84] = 0
    alpha[60:100, 125:129] = 40
    result = matte.tidied(alpha)
    assert not result[:30, :30].any()
    assert result[40:180, 40:120].min() == 255
    alpha[90:130, 60:100] = 0
    assert matte.tidied(alpha)[100:120, 70:90].max() == 0, "a real gap stays"


def test_beyond_the_frame_there_is_nobody() -> None:
    alpha = matte.keep_known(np.full((100, 80), 255, np.uint8), np.array([-10.0, -20, 70, 80]), (64, 70))
    assert not alpha[:20].any()
    assert not alpha[:, :10].any()
    assert not alpha[90:].any()
    assert alpha[25:85, 15:70].all()


def test_bounds_hold_what_is_shown() -> None:
    shown = np.zeros((50, 40), np.uint8)
    assert matte.bounds(shown, (160, 200)) == (0, 0, 0, 0)
    shown[10:20, 15:20] = 1
    assert matte.bounds(shown, (160, 200)) == (52, 32, 88, 88)
