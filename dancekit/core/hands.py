"""Hands: how well frames of the film show one, and where it is seen just as a frame has it (not in the paper).

What networks paint of a hand within minutes is a mitten. Frames show fingers, but held otherwise than in the painting,
so that the two never agree (see core.detail), and often smeared, for hands move fastest. So the frames that show a hand
crisply and with nothing beside it are preferred; and where nothing is beside it in the picture that is made, either, or
only the trunk or a leg behind it, the frame's hand is seen in place of the painted one, outline and all.
"""

from __future__ import annotations

import cv2
import numpy as np

from dancekit.core.closeup import ramp
from dancekit.core.compose import mean_around
from dancekit.core.limbs import HANDS, LIMBS
from dancekit.core.sketch import BAR_NAMES

REACH = 3.2
"""How far from a hand, in its widths, nothing else may be; the painted one, which may be larger, is hidden as far."""
APART = 1.6, 2.2
"""Something is beside a hand within the first many widths of another limb, and nothing beyond the second."""
ON = 1.2, 1.8
"""A hand is on another limb within the first many of its widths, and not beyond the second."""
_ALONE = 0.6, 0.9
"""Shares of what is around a hand that nothing else may be in, for it not to be seen as it is, and to be."""
_LONGER = 0.4, 0.7
"""Logarithms of how much longer or shorter a hand may be in the frame: it is held towards the camera in one of both."""
_ENOUGH = 0.35, 0.5
"""Trust up to which a frame's hand is not seen as it is, and beyond which nothing else is: two halves are no hand."""
_OVERLAP = 0.1, 0.25
"""Shares of the outlines of a frame's hand and of the painted one that they must have in common, likewise: something
must be painted there, but no open hand has the outline of a mitten."""
_FINE, _ROUGH = 0.05, 0.25
"""Detail of a hand is what there is between blurs of so many of its widths: fingers and creases, but no smears."""
FAINT, _SOLID = 25, 230
"""Alpha between these is seen through: all around a hand that moved too fast for the film."""
_TONE, _EVEN, _SHADE, _FEW = 0.7, 0.35, 2.0, 8
"""How much of the tone that hands usually have one takes on as a whole, and how much more or less within about so many
px, if at least the last many show both."""
_CRISP, _LITTLE = 0.5, 1.0
"""Share of the frames that show a hand with less detail than one that is crisp; and a detail that tells nothing."""
_GOOD = 0.75
"""Share of the pictures of a hand that are worth less than a good one."""


OTHERS = {
    hand: np.array([bar for bar, name in enumerate(BAR_NAMES)
                    if name not in (LIMBS[hand], LIMBS[hand].replace("hand", "forearm"))]) for hand in HANDS
}  # fmt: skip
"""Of every hand, the bars that are neither it nor the forearm that it is on."""


def alone(squared: np.ndarray, others: np.ndarray, apart: tuple[float, float] = APART) -> np.ndarray:
    """How far none of some other bars is in each cell or beside it, float32 [h, w] in 0..1. squared: how far the cells
    are from each bar, in squared widths, [BARS, h, w]. apart: widths of theirs within which they are, and are not."""
    return np.clip((np.sqrt(squared[others].min(0)) - apart[0]) / (apart[1] - apart[0]), 0, 1)


def detail(picture: np.ndarray, where: np.ndarray, width: float) -> float:
    """How much there is to see in a hand that is in some px, bool [h, w], of a picture uint8 [h, w, 4], colour times
    alpha, and alpha: in grey levels; what is around these px does not count. width: half of the hand's own, px."""
    left, top, wide, high = cv2.boundingRect(where.astype(np.uint8))
    box = slice(top, top + high), slice(left, left + wide)
    if not wide:
        return 0.0
    weights, colours = where[box].astype(np.float32), picture[box][..., :3]
    fine, rough = (mean_around(colours, weights, by * width, 0.02) for by in (_FINE, _ROUGH))
    apart = np.abs(fine - rough).mean(2)
    return float((apart * weights).sum() / weights.sum())


def firm(alpha: np.ndarray) -> float:
    """Share of what is seen, by its alpha in 0..255, that is not seen through; 0 where nothing is."""
    return float(np.count_nonzero(alpha > _SOLID) / max(1, np.count_nonzero(alpha > FAINT)))


def crispness(found: np.ndarray) -> np.ndarray:
    """How crisp each of N pictures shows a hand beside the others, float32 [N] in 0..1. found: detail of each."""
    return np.square(np.minimum(1, (found + _LITTLE) / (np.quantile(found, _CRISP) + _LITTLE)))


def rated(worth: np.ndarray) -> np.ndarray:
    """What each of N pictures of a hand is worth beside the good ones of them, float32 [N] in 0..1. worth: what each is
    worth by itself, likewise."""
    return np.minimum(1, worth / max(np.quantile(worth, _GOOD), 1e-3))


def kept(share: np.ndarray | float, crisp: np.ndarray | float = 1.0) -> np.ndarray:
    """How far a hand that is alone in such a share of what is around it may be seen as it is, 0..1."""
    return ramp(np.asarray(share), *_ALONE) * crisp


def as_long(here: np.ndarray | float, there: np.ndarray | float) -> np.ndarray:
    """How far hands so many px long may be ones that are so long elsewhere, 0..1."""
    apart = np.log(np.maximum(there, 1.0) / np.maximum(here, 1.0))
    return 1 - ramp(np.abs(apart), *_LONGER)


def decided(trust: np.ndarray) -> np.ndarray:
    """Where a frame's hand is seen as it is, float32 in 0..1, by how far it is trusted."""
    return ramp(trust, *_ENOUGH)


def agreed(there: np.ndarray, frame: np.ndarray, painted: np.ndarray) -> float:
    """How far a frame's hand may be seen as it is, 0..1, by what its outline has in common with what is painted. there:
    bool [h, w], around the hand, where nothing is beneath it. frame, painted: alpha, float32 [h, w]."""
    both = frame[there], painted[there]
    return float(ramp(np.minimum(*both).sum() / np.maximum(np.maximum(*both).sum(), 1), *_OVERLAP))


def toned(hand: np.ndarray, frame: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """What is to be added to a frame's hand for it to be about as light as hands usually are, most of it where it is
    all light or all shade: what is held up to a lamp there is not here.

    hand: float32 [h, w] in 0..1, where it is. frame, usual: float32 [h, w, 4] in 0..255, colour times alpha, and
    alpha. Returns colours float32 [h, w, 3].
    """
    both = hand * (np.minimum(frame[..., 3], usual[..., 3]) > _SOLID)
    apart = (usual - frame)[..., :3]
    if both.sum() < _FEW:
        return np.zeros_like(apart)
    mean = (apart * both[..., None]).sum((0, 1)) / both.sum()
    added: np.ndarray = _TONE * mean + _EVEN * (mean_around(apart, both, _SHADE, 0.05) - mean)
    return added
