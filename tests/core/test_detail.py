"""Detail: frames that agree with the painting are seen, shifted a little or not; others are not, nor what is beside."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from dancekit.core import compose
from dancekit.core.detail import Sketched, _brought, sharpened
from dancekit.core.warp import Held, Laid

HIGH, WIDE = 80, 64
PERSON = np.s_[30:130, 40:90]
EVERYWHERE = slice(0, 2 * HIGH), slice(0, 2 * WIDE)


def striped(shift: int = 0, colour: tuple[int, int, int] = (200, 120, 60)) -> np.ndarray:
    """A person of fine stripes over broad ones, uint8 [2 * HIGH, 2 * WIDE, 4], colour times alpha."""
    y, x = np.mgrid[: 2 * HIGH, : 2 * WIDE].astype(np.float32)
    light = 0.55 + 0.25 * np.sin((y - shift) / 7) + 0.2 * np.sin(np.pi * (x - shift) / 1.5)
    picture = np.dstack([value * light for value in colour] + [np.full_like(x, 255)])
    body = np.zeros(x.shape, bool)
    body[PERSON] = True
    return (picture * np.roll(body, (shift, shift), (0, 1))[..., None]).astype(np.uint8)


def painted(true: np.ndarray) -> np.ndarray:
    """What networks make of it: at half the size, and soft."""
    return cv2.GaussianBlur(cv2.resize(true.astype(np.float32), (WIDE, HIGH), interpolation=cv2.INTER_AREA), (0, 0), 1)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(np.float32) - other)[PERSON][4:-4, 4:-4, :3].mean())


def fine(picture: np.ndarray) -> float:
    """How much of fine stripes there is in a person."""
    return float(np.abs(np.diff(picture[PERSON][..., 0].astype(np.float32), axis=1)).mean())


def with_detail(
    soft: np.ndarray,
    frame: np.ndarray,
    known: np.ndarray | None = None,
    arms: float = 0.0,
    rough: int = 0,
    trusted: np.ndarray | None = None,
    ground: np.ndarray | None = None,
    cover: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """rough: the grey of the sketch, which ends where the painting does. arms: how much of it is an arm, and a hand."""
    large = compose.enlarged(soft, 2, 255)
    known = np.ones(frame.shape[:2], np.float32) if known is None else known
    ground = np.zeros(frame.shape[:2], np.float32) if ground is None else ground
    shape = soft[..., 3:] / 255
    hands = np.full(soft.shape[:2], arms, np.float32)
    sketched = Sketched(shape * np.array([rough, rough, rough, 255], np.float32), hands, hands)
    cover = np.float32(1 / 255) * frame[..., 3] if cover is None else cover
    held = [] if trusted is None else [Held(EVERYWHERE, trusted, trusted * cover, ground)]
    return large, *sharpened(large.copy(), soft, Laid(frame, known, held), sketched)


@pytest.mark.parametrize("shift", [0, 2, 4])
def test_a_frame_that_agrees_is_seen_wherever_it_was(shift: int) -> None:
    true = striped()
    large, result, seen = with_detail(painted(true), striped(shift))
    assert seen[PERSON][6:-6, 6:-6].mean() > 0.8
    assert fine(result) > 0.5 * fine(true) > 2 * fine(large)
    if not shift:
        assert apart(result, true) < 0.6 * apart(large, true)


def test_nothing_is_brought_from_far_away() -> None:
    """What flow finds far away is something else in the next frame: cloth would shimmer."""
    rows = np.repeat(np.arange(2 * HIGH, dtype=np.float32)[:, None], 2 * WIDE, 1)
    nowhere = np.zeros((HIGH, WIDE), np.float32)
    told = np.dstack([rows, rows, rows, np.full_like(rows, 255)]).astype(np.uint8)  # each px tells where it was
    brought = _brought(Laid(told, np.ones(rows.shape, np.float32)), painted(striped()), nowhere)
    assert np.abs(brought.picture[..., 0] - rows)[PERSON].max() <= 2 * 1.3 + 1


def test_a_frame_of_something_else_is_not_seen() -> None:
    large, result, seen = with_detail(painted(striped()), striped(colour=(20, 250, 20)))
    assert seen[PERSON].mean() < 0.2
    assert apart(result, large) < 4


def test_on_arms_a_frame_may_agree_with_the_sketch_where_the_painting_is_of_something_else() -> None:
    arm = striped(colour=(230, 230, 230))
    soft = painted(striped(colour=(20, 20, 250)))
    for arms, rough, least, most in ((0.0, 127, 0.0, 0.2), (1.0, 127, 0.6, 1.0), (1.0, 0, 0.0, 0.3)):
        large, result, seen = with_detail(soft, arm, arms=arms, rough=rough)
        assert least <= seen[PERSON][6:-6, 6:-6].mean() <= most
    large, result, seen = with_detail(soft, arm, arms=1.0, rough=127)
    assert apart(result, arm) < 0.5 * apart(large, arm)
    assert np.abs(result - large)[:20].max() < 2


def test_where_no_frame_shows_her_the_painting_stays() -> None:
    frame, known = striped(), np.ones((2 * HIGH, 2 * WIDE), np.float32)
    known[70:100] = 0
    for one in (frame, np.where(known[..., None] > 0, frame, 0).astype(np.uint8)):
        large, result, seen = with_detail(painted(striped()), one, known)
        assert seen[78:92, 50:80].max() < 0.1
        assert np.abs(result - large)[78:92, 50:80].max() < 12
        assert seen[40:60, 50:80].mean() > 0.8
        assert result[66:104, 50:80, 3].min() > 240, "she has no hole there"


def test_beside_her_nothing_of_a_frame_is_seen() -> None:
    frame = striped()
    cv2.line(frame, (100, 20), (120, 60), (60, 60, 60, 60), 1)
    _, result, _ = with_detail(painted(striped()), frame)
    assert result[15:65, 97:125, 3].max() < 1


def test_colour_is_never_more_than_alpha_and_small_pictures_do() -> None:
    for soft, frame in ((painted(striped()), striped(3)), (np.full((8, 10, 4), 99, np.float32),
                                                           np.full((16, 20, 4), 120, np.uint8))):  # fmt: skip
        _, result, seen = with_detail(soft, frame)
        assert result.shape == frame.shape
        assert seen.shape == frame.shape[:2]
        assert (result[..., :3] <= result[..., 3:] + 1e-3).all()
        assert 0 <= result.min() <= result.max() <= 255


def test_what_only_a_frame_shows_leaves_no_outline() -> None:
    shirt = striped(colour=(200, 200, 200))
    hand = shirt.copy()
    cv2.ellipse(hand, (WIDE, HIGH), (12, 18), 0, 0, 360, (220, 90, 60, 255), -1)
    cv2.ellipse(hand, (WIDE, HIGH), (12, 18), 0, 0, 360, (190, 160, 150, 255), 4)  # a rim of half of each
    soft = painted(shirt)
    large, with_hand, _ = with_detail(soft, hand)
    _, without, seen = with_detail(soft, shirt)
    there = (hand != shirt).any(-1)
    assert np.abs(with_hand - large)[there].mean() < 0.1 * np.abs(without - large)[there].mean()
    assert seen[there].mean() > 0.6


def test_a_trusted_hand_is_seen_as_it_is_unless_its_outline_is_another() -> None:
    soft, there = painted(striped()), np.zeros((2 * HIGH, 2 * WIDE), np.float32)
    there[20:100, 30:100] = 1
    fist = np.zeros_like(striped())
    cv2.ellipse(fist, (65, 65), (22, 30), 0, 0, 360, (20, 250, 20, 255), -1)
    _, result, seen = with_detail(soft, fist, trusted=there)
    assert np.abs(result - fist)[24:96, 34:96, 3].max() < 1, "what was painted around it is gone"
    assert result[65, 65, 1] > result[65, 65, [0, 2]].max(), "the painting lends it some of its tone"
    assert seen[24:96, 34:96].min() > 0.99
    assert result[110:125, 50:80, 3].min() > 240, "elsewhere she stays"
    speck = np.zeros_like(fist)
    cv2.circle(speck, (65, 65), 8, (20, 250, 20, 255), -1)
    large, result, _ = with_detail(soft, speck, trusted=there)
    assert np.abs(result - large)[80:125, 40:90].max() < 12


def test_a_hand_before_her_needs_no_outline_and_what_is_beneath_it_is_as_light_as_around() -> None:
    soft, there = painted(striped()), np.zeros((2 * HIGH, 2 * WIDE), np.float32)
    there[50:100, 50:80] = 1
    pointing = striped()
    pointing[..., :3] -= pointing[..., :3] // 6  # the frame is darker
    pointing[70:80, 60:70] = (20, 250, 20, 255)
    cover = np.zeros_like(there)
    cover[70:80, 60:70] = 1
    _, result, seen = with_detail(soft, pointing, trusted=there, ground=there, cover=cover)
    assert seen[52:98, 52:78].min() > 0.99
    assert result[72:78, 62:68, 1].mean() > 2 * result[72:78, 62:68, [0, 2]].max(), "it is seen, small as it is"
    beneath = result[55:65, 55:75, :3].mean() / pointing[55:65, 55:75, :3].mean()
    around = result[55:65, 42:48, :3].mean() / pointing[55:65, 42:48, :3].mean()
    assert beneath == pytest.approx(around, rel=0.05)
    assert beneath > 1.03


def test_of_two_hands_each_is_seen_for_itself() -> None:
    soft = painted(striped())
    frame, hands = np.zeros_like(striped()), list[Held]()
    for left in (36, 70):
        box = slice(20, 100), slice(left, left + 28)
        trusted = np.ones((80, 28), np.float32)
        hands.append(Held(box, trusted, 0 * trusted, 0 * trusted))
    frame[30:100, 40:64] = (20, 250, 20, 255)
    seen = sharpened(compose.enlarged(soft, 2, 255), soft, Laid(frame, np.ones(frame.shape[:2], np.float32), hands),
                     Sketched(0 * soft, 0 * soft[..., 3], 0 * soft[..., 3]))[1]  # fmt: skip
    assert seen[40:90, 42:60].min() > 0.9
    assert seen[40:90, 74:90].max() < 0.2, "nothing is there in the frame"


def test_what_juts_out_beside_a_hand_that_is_seen_as_it_is_is_trimmed() -> None:
    hand = np.zeros_like(striped())
    hand[50:110, 50:80] = striped()[50:110, 50:80]
    hand[70:74, 80:100] = striped(colour=(220, 220, 220))[70:74, 60:80]  # a finger
    soft = painted(hand)
    soft[48:51, 10:30] = (100, 60, 30, 255)  # of the painted one, beyond what is trusted
    trusted = np.ones(hand.shape[:2], np.float32)
    trusted[92:106, :50] = 0
    large, result, _ = with_detail(soft, hand, trusted=trusted)
    assert large[98, 20:45, 3].min() > 200
    assert result[98, 24:44, 3].max() < 30
    assert result[71:73, 82:98, 3].min() > 200, "fingers are hers"
    assert result[60:100, 54:76, 3].min() > 200
    large, result, _ = with_detail(soft, hand)
    assert result[98, 24:44, 3].min() > 150, "nor is anything else trimmed"
