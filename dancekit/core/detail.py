"""Detail: a painted picture made as sharp as the film, wherever frames of the film agree with it (not in the paper).

What networks paint is soft but in its place; what is moved there from another frame (core.sources) is sharp, but a
little beside it: cloth swings, landmarks err. So optical flow brings the frame to the painting first. Then, where both
look alike from afar, the frame is seen, and elsewhere the painting stays. Arms before the body are what networks paint
worst, half see-through: there the sketch (core.sketch), which knows how arms are coloured, may agree with the frame in
the painting's place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from dancekit.core import hands
from dancekit.core.compose import mean_around
from dancekit.core.warp import Held, Laid

_SOFT, _PAINTED = 1.0, 0.5
"""By how many px of the painting a frame, and the painting itself, are blurred before they are compared."""
_OFF, _BEYOND = 50.0, 70.0
"""Colours that are so far apart, of 255, or alphas, are not of the same thing."""
_OFF_SKETCH = 80.0
"""The same for the colours of a frame and of the sketch, which knows nothing of light and shade."""
_UNLIKE, _RIM = 0.3, 7
"""Likeness below which things are not the same for sure; and across how many px around those none is trusted."""
_THERE = 40.0
"""Alpha from which the painting knows of somebody: beside her, what is left of a film's background is not seen."""
_SURE = 127.5
"""Alpha beyond which the painting is sure of somebody, and wholly so at twice that."""
_EVEN = 0.6
"""By how many px what is seen of the frame is smoothed."""
_LIGHT = 0.4
"""How much of the painting's colour from afar a frame takes over: light changes with the pose."""
_SMOOTH, _FARTHEST, _HANDS = 2.0, 1.3, 12.0
"""By how many px of the painting the flow is smoothed; how far it brings anything: where it finds more, it finds
something else in the next frame, and cloth would shimmer; and how far it brings hands, which land further off."""
_NEXT_TO, _FEW = 6.0, 0.05
"""Within how many px of the painting, about, something is next to a hand; and the least weight that tells of it."""
_BENEATH, _BARE = 0.5, 0.15
"""How far what is beneath a hand must be known; with more than the second share of what is around a hand beyond that,
its outline must be as it is painted there."""
_SLIVER = 0.025
"""Half the width of what juts out beside a hand, as a share of the height of what belongs to it."""
_GREY = 128.0
_LEAST = 32
"""Pictures narrower or lower than so many px are too small for optical flow."""


class Sketched(NamedTuple):
    """A sketch of a pose (see core.sketch), float32 [h, w, 4] in 0..255, colour times alpha, and alpha; and where it
    shows arms, and hands, float32 [h, w] each, in 0..1."""

    picture: np.ndarray
    arms: np.ndarray
    hands: np.ndarray


def sharpened(large: np.ndarray, painted: np.ndarray, laid: Laid, sketched: Sketched) -> tuple[np.ndarray, np.ndarray]:
    """A painting with the detail of frames.

    Args:
        large: the painting enlarged, float32 [H, W, 4] in 0..255, colour times alpha, and alpha.
        painted: the painting as it is, float32 [h, w, 4] likewise; H and W are a whole number of times h and w.
        laid: frames moved into its pose, uint8 [H, W, 4], colour times alpha, and alpha; and how far they are known,
            float32 [H, W] in 0..1 (see warp.lay).
        sketched: the sketch of its pose, at the size of `painted`.

    Returns:
        The picture, float32 [H, W, 4] like `large`, and how much of the frames is seen in it, float32 [H, W] in 0..1.
    """
    size = large.shape[1::-1]
    frame, known, seen_as_is, held = _brought(laid, painted, sketched.hands)
    small = cv2.resize(frame, painted.shape[1::-1], interpolation=cv2.INTER_AREA)
    afar = cv2.GaussianBlur(small, (0, 0), _SOFT)
    soft = cv2.GaussianBlur(painted, (0, 0), _PAINTED)
    light = soft - afar
    alike = _alike(light, _OFF)
    as_sketched = sketched.arms * alike_sketch(small, sketched.picture)
    either = np.maximum(alike, as_sketched)
    # The painting's light counts as far as the painting does.
    light *= (alike / np.maximum(either, 1e-3))[..., None]
    sure, there = (np.clip(alpha, 0, 1) for alpha in (soft[..., 3] / _SURE - 1, soft[..., 3] / _THERE))
    shown: np.ndarray = _without_rims(either, sure, sketched.hands) * there
    seen = cv2.resize(cv2.GaussianBlur(shown, (0, 0), _EVEN), size) * known
    light *= _LIGHT
    if held:
        np.maximum(seen, seen_as_is[..., 0], out=seen)
        light = _lit(light, seen_as_is, held, small, painted, sketched.picture)
    frame += cv2.resize(light, size)
    result: np.ndarray = cv2.blendLinear(frame, large, seen, 1 - seen)
    np.clip(result, 0, 255, out=result)
    for hand in held:
        _trim(result, seen_as_is[..., 1], hand, size[0] // painted.shape[1])
    return cv2.min(result, cv2.merge([cv2.extractChannel(result, 3)] * 4)), seen


def _trim(picture: np.ndarray, cover: np.ndarray, hand: Held, times: int) -> None:
    """Take away, in place, what juts out beside a hand that is seen as it is: slivers of the painted one.

    picture: float32 [H, W, 4]. cover: where hands are, float32 [H, W]. hand: in px of the painting, of which the
    picture's are so many `times` as small.
    """
    box = tuple(slice(side.start * times, side.stop * times) for side in hand.box)
    alpha, high = picture[box][..., 3], hand.cover.shape[0] * times
    wide = 2 * round(_SLIVER * high) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, wide))
    solid = cv2.morphologyEx(np.ascontiguousarray(alpha), cv2.MORPH_OPEN, disc)
    kept = np.maximum(solid / np.maximum(alpha, 1), np.minimum(2 * cover[box], 1))
    picture[box] *= np.minimum(kept, 1)[..., None]


def _lit(
    light: np.ndarray,
    seen: np.ndarray,
    held: Sequence[Held],
    frame: np.ndarray,
    painted: np.ndarray,
    sketched: np.ndarray,
) -> np.ndarray:
    """What is to be added to frames, float32 [h, w, 4], with that of hands, and what is around them, which are seen as
    they are: hands become as light as painted and sketched ones, and what is beneath them as what is next to it.
    seen, held: see _Brought."""
    trusted, cover, ground = cv2.split(cv2.resize(seen, light.shape[1::-1], interpolation=cv2.INTER_AREA))
    wanted = np.zeros_like(light)
    if ground.any():
        wanted[..., :3] = _as_around(light[..., :3], trusted, painted) * (1 - cover)[..., None]
    for hand in held:
        there = cover[hand.box] * (hand.trusted > 0)
        usual = (painted[hand.box] + sketched[hand.box]) / 2
        wanted[hand.box][..., :3] += there[..., None] * hands.toned(there, frame[hand.box], usual)
    wanted *= frame[..., 3:] / 255
    return light + trusted[..., None] * (wanted - light)


def _as_around(of: np.ndarray, hidden: np.ndarray, painted: np.ndarray) -> np.ndarray:
    """What is known of places, float32 [h, w, n], as it is next to those that are hidden, [h, w] in 0..1, where
    somebody is painted."""
    return mean_around(of, (1 - hidden) * painted[..., 3] / 255, _NEXT_TO, _FEW)


def alike_sketch(picture: np.ndarray, sketched: np.ndarray) -> np.ndarray:
    """How alike a picture and the sketch of its pose are, float32 [h, w] in 0..1. Both: float32 [h, w, 4] in 0..255,
    colour times alpha, and alpha."""
    return _alike(cv2.GaussianBlur(sketched - picture, (0, 0), _SOFT), _OFF_SKETCH)


def _alike(apart: np.ndarray, off: float) -> np.ndarray:
    """How alike two pictures are, float32 [h, w] in 0..1, by their difference [h, w, 4]. off: colours that are so far
    apart are not of the same thing."""
    red, green, blue, alpha = cv2.split(cv2.multiply(apart, apart))
    most = cv2.max(cv2.max(red, green), blue)
    return cv2.exp(cv2.addWeighted(most, -1 / off**2, alpha, -1 / _BEYOND**2, 0))


def _without_rims(alike: np.ndarray, sure: np.ndarray, on_hands: np.ndarray) -> np.ndarray:
    """Likeness, but none around what is unlike where the painting is sure. All float32 [h, w] in 0..1.

    A hand that only the frame shows is unlike the painting; its rim, half a shirt as well, is not, and would be seen as
    the outline of a hand that is not there. Where hands are asked for, these rims are what is seen of fingers.
    """
    unlike = np.maximum(1 - alike / _UNLIKE, 0) * sure
    rims = cv2.dilate(unlike, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_RIM, _RIM)))
    return alike * (1 - rims * (1 - on_hands))


class _Brought(NamedTuple):
    """Frames moved to where the painting has the same things: float32 [H, W, 4]; how far they are known, float32 [H, W]
    in 0..1; how far they are to be seen whatever is painted there, where hands are for whose sake it is, and where what
    is beneath those, float32 [H, W, 3] likewise; and these hands, in px of the painting."""

    picture: np.ndarray
    known: np.ndarray
    seen: np.ndarray
    held: Sequence[Held]


def _brought(laid: Laid, painted: np.ndarray, on_hands: np.ndarray) -> _Brought:
    """Frames brought to where the painting has the same things (dense inverse search, Kroeger et al. 2016), which is
    not far away, but for hands: on_hands, float32 [h, w] in 0..1. Hands that are to be seen as they are stay, or go
    along with what is around them, if that is beneath them as well."""
    (height, width), (high, wide) = laid.known.shape, painted.shape[:2]
    seen = np.zeros((height, width, 3), np.float32)
    if min(high, wide) < _LEAST:
        return _Brought(laid.picture.astype(np.float32), laid.known, seen, ())

    def small(large: np.ndarray) -> np.ndarray:
        return cv2.resize(large, (wide, high), interpolation=cv2.INTER_AREA)

    frame, held = small(laid.picture.astype(np.float32)), list[Held]()
    for hand in laid.held:
        shrunk = hand.shrunk(width // wide)
        share = _agreed(shrunk, frame, painted)
        if share > 0:
            held.append(shrunk)
            maps = np.dstack((share * hand.trusted, hand.cover, hand.ground))
            np.maximum(seen[hand.box], maps, out=seen[hand.box])
    blank = 1 - small(laid.known)[..., None]
    frame += np.minimum(blank, 1 - frame[..., 3:] / 255) * painted  # where no frame shows her, nothing shall pull
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setFinestScale(1)
    flow = search.calc(_grey(painted, _PAINTED), _grey(frame, 1.0), None)  # type: ignore[call-overload]
    flow = cv2.GaussianBlur(flow, (0, 0), _SMOOTH)
    farthest = _FARTHEST + (_HANDS - _FARTHEST) * cv2.GaussianBlur(on_hands, (0, 0), _SMOOTH)
    flow *= np.minimum(1, farthest / np.maximum(np.linalg.norm(flow, axis=2), 1e-3))[..., None]
    above = any(hand.ground.any() for hand in held)
    if held:
        hidden, _, ground = cv2.split(small(seen))
        around = _as_around(flow, hidden, painted) * ground[..., None] if above else 0
        flow += hidden[..., None] * (around - flow)
    flow = cv2.resize(flow, (width, height))
    flow *= np.float32(width / wide)
    y, x = (np.arange(n, dtype=np.float32) for n in (height, width))
    x, y = x + flow[..., 0], y[:, None] + flow[..., 1]

    def moved(part: np.ndarray) -> np.ndarray:
        return cv2.remap(part, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)

    return _Brought(moved(laid.picture).astype(np.float32), moved(laid.known), moved(seen) if above else seen, held)


def _agreed(hand: Held, frame: np.ndarray, painted: np.ndarray) -> float:
    """How far a hand is seen as a frame has it, 0..1: as far as its outline, where nothing is beneath it, is painted so
    as well. frame, painted: float32 [h, w, 4]. hand: in px of them."""
    there, share = hand.trusted > 0, 1.0
    bare = there & (hand.ground < _BENEATH)
    if np.count_nonzero(bare) > _BARE * np.count_nonzero(there):
        share = hands.agreed(bare, frame[hand.box][..., 3], painted[hand.box][..., 3])
    most = max(hand.trusted.max(), 1e-6)
    return float(hands.decided(share * most) / most)


def _grey(picture: np.ndarray, soft: float) -> np.ndarray:
    """A picture of colour times alpha over grey, blurred by so many px, in grey, uint8 [h, w]."""
    whole = picture[..., :3] + _GREY * (1 - picture[..., 3:] / 255)
    grey = cv2.cvtColor(cv2.GaussianBlur(whole, (0, 0), soft), cv2.COLOR_RGB2GRAY)
    return np.clip(grey + 0.5, 0, 255).astype(np.uint8)
