"""Hand stills: hands of a film that are kept by themselves, for pictures to borrow (see core.sources).

Whole frames are kept for how the body is posed, and few of these show hands well, which move faster than all else. So
hands are looked for in many more frames: those that rest, with nothing beside them, and of these such as are held in
all the ways in which the film shows hands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dancekit.core import hands, sources, unlike, views
from dancekit.core.closeup import inside
from dancekit.core.compose import multiplied
from dancekit.core.limbs import CELL, MEMBERS, bars_of
from dancekit.core.sketch import Looks

TOO_FAST = 1.5
"""Half widths of itself a frame from which on a hand is smeared for sure."""
_SMEARED = 1.0
"""Half widths a frame at which a hand is worth e times less than one that rests."""
_ENOUGH, _LEAST = 2, 0.3
"""So many times as many as are kept count as wholly worth it, if they are worth that share of the best."""
_ROOM = 2 * CELL
"""Px of a picture beyond what belongs to a hand."""


class Found(NamedTuple):
    """What is seen of a hand, see views.Seen; and its pace."""

    clear: float
    alone: float
    detail: float
    pace: float


def pace(before: np.ndarray, after: np.ndarray, hand: int, looks: Looks) -> np.ndarray:
    """How far a hand moves in a frame, in its half widths, float32 [T]. before, after: landmarks T x J x 3 px of the
    frames next to those in question; what is not known counts as too fast."""
    moved = unlike.paces(before, after)[:, MEMBERS[hand]].max(1)
    return np.nan_to_num(moved / _width(hand, looks), nan=TOO_FAST).astype(np.float32)


def cut(picture: np.ndarray, points: np.ndarray, hand: int, looks: Looks) -> tuple[np.ndarray, np.ndarray]:
    """A hand and what belongs to it of a frame uint8 [H, W, 4]: uint8 [h, w, 4], colour times alpha, and alpha; and the
    landmarks [J, 3] in px of it."""
    bars = bars_of(points)
    ends = np.stack((bars.starts, bars.ends))[:, MEMBERS[hand]].reshape(-1, 2)
    room = hands.REACH * _width(hand, looks) + _ROOM
    most = np.array(picture.shape[1::-1]) // CELL  # whole cells, or what is seen in them would be another thing
    low = np.clip(np.floor((ends.min(0) - room) / CELL), 0, most - 2).astype(int)
    high = np.clip(np.ceil((ends.max(0) + room) / CELL), low + 2, most).astype(int)
    low, high = low * CELL, high * CELL
    shown = picture[low[1] : high[1], low[0] : high[0]]
    return (multiplied(shown) + 0.5).astype(np.uint8), inside(points, 1, (int(low[0]), int(low[1])))


def find(picture: np.ndarray, points: np.ndarray, hand: int, looks: Looks, pace: float) -> Found:
    """What is seen in a picture that was cut to a hand of such a pace. points: landmarks [J, 3] in px of it."""
    as_sketched = sources.as_sketched(picture, points, looks)
    seen = views.source_of(picture, bars_of(points), looks.widths.numpy(), as_sketched)[1]
    clear, alone, detail = (float(part[hand]) for part in (seen.clear, seen.alone, seen.detail))
    return Found(clear, alone, detail, pace)


def worth(found: Sequence[Found], many: int) -> np.ndarray:
    """What N hands are worth to be kept, of which so many are to be, float32 [N] in 0..1."""
    clear, alone, detail, paces = np.array(found, np.float32).T
    still = np.exp(-np.square(paces / _SMEARED))
    worth = clear * hands.kept(alone, hands.crispness(detail)) * still
    best = np.sort(worth)[::-1]
    enough = max(float(best[min(_ENOUGH * many, len(best)) - 1]), _LEAST * float(best[0]), 1e-6)
    return np.minimum(1, worth / enough).astype(np.float32)


def _width(hand: int, looks: Looks) -> float:
    return float(looks.widths[MEMBERS[hand]].max())
