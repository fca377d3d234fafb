"""Detail: a painted picture made as sharp as the film, wherever frames of the film agree with it (not in the paper).

What networks paint is soft but in its place; what is moved there from another frame (core.sources) is sharp, but a
little beside it: cloth swings, landmarks err. So optical flow brings the frame to the painting first. Then, where both
look alike from afar, the frame is seen, and elsewhere the painting stays. Arms before the body are what networks paint
worst, half see-through: there the sketch (core.sketch), which knows how arms are coloured, may agree with the frame in
the painting's place.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from dancekit.core import hands
from dancekit.core.warp import Laid

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
_SMOOTH = 2.0
"""By how many px of the painting the flow is smoothed."""
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
    frame, known, trusted = _brought(laid, painted)
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
    seen = cv2.GaussianBlur(shown, (0, 0), _EVEN)
    light *= _LIGHT
    seen = cv2.resize(seen, size) * known
    if trusted.any():
        np.maximum(seen, trusted, out=seen)
        hand = cv2.resize(trusted, small.shape[1::-1], interpolation=cv2.INTER_AREA)
        light *= (1 - hand)[..., None]
        light[..., :3] += hand[..., None] * hands.toned(hand, small, painted)
    frame += cv2.resize(light, size)
    result: np.ndarray = cv2.blendLinear(frame, large, seen, 1 - seen)
    np.clip(result, 0, 255, out=result)
    return cv2.min(result, cv2.merge([cv2.extractChannel(result, 3)] * 4)), seen


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


def _without_rims(alike: np.ndarray, sure: np.ndarray, hands: np.ndarray) -> np.ndarray:
    """Likeness, but none around what is unlike where the painting is sure. All float32 [h, w] in 0..1.

    A hand that only the frame shows is unlike the painting; its rim, half a shirt as well, is not, and would be seen as
    the outline of a hand that is not there. Where hands are asked for, these rims are what is seen of fingers.
    """
    unlike = np.maximum(1 - alike / _UNLIKE, 0) * sure
    rims = cv2.dilate(unlike, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_RIM, _RIM)))
    return alike * (1 - rims * (1 - hands))


def _brought(laid: Laid, painted: np.ndarray) -> Laid:
    """Frames, float32 then, and how far they are known, brought to where the painting has the same things (dense
    inverse search, Kroeger et al. 2016). Where they are trusted and may be, see core.hands, they stay."""
    (height, width), (high, wide) = laid.known.shape, painted.shape[:2]
    picture = laid.picture.astype(np.float32)
    if min(high, wide) < _LEAST:
        return laid._replace(picture=picture)
    frame = cv2.resize(picture, (wide, high), interpolation=cv2.INTER_AREA)
    blank = 1 - cv2.resize(laid.known, (wide, high), interpolation=cv2.INTER_AREA)[..., None]
    trusted = hands.agreed(laid.trusted, frame[..., 3], painted[..., 3])
    frame += np.minimum(blank, 1 - frame[..., 3:] / 255) * painted  # where no frame shows her, nothing shall pull
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setFinestScale(1)
    flow = search.calc(_grey(painted, _PAINTED), _grey(frame, 1.0), None)  # type: ignore[call-overload]
    flow = cv2.resize(cv2.GaussianBlur(flow, (0, 0), _SMOOTH), (width, height))
    flow *= np.float32(width / wide)
    if trusted.any():
        flow *= (1 - trusted)[..., None]
    y, x = (np.arange(n, dtype=np.float32) for n in (height, width))
    x, y = x + flow[..., 0], y[:, None] + flow[..., 1]
    moved = cv2.remap(laid.picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT).astype(np.float32)
    known = cv2.remap(laid.known, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return Laid(moved, known, trusted)


def _grey(picture: np.ndarray, soft: float) -> np.ndarray:
    """A picture of colour times alpha over grey, blurred by so many px, in grey, uint8 [h, w]."""
    whole = picture[..., :3] + _GREY * (1 - picture[..., 3:] / 255)
    grey = cv2.cvtColor(cv2.GaussianBlur(whole, (0, 0), soft), cv2.COLOR_RGB2GRAY)
    return np.clip(grey + 0.5, 0, 255).astype(np.uint8)
