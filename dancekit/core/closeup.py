"""Close-ups: the face, painted larger than the rest by a generator of its own.

People look at faces first, and in a picture of a whole body a face is some twenty px high: too few to be anybody's.
Everybody Dance Now (Chan et al. 2019) corrects the face of a finished picture; here a copy of stage I's generator goes
on learning from windows around the head in pictures several times as large, where the lines of a pose, as thin as in
the others, tell where eyes and mouth are, and what it paints is laid over the rest (not in the paper).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

from dancekit.core import detail
from dancekit.core.compose import divided, enlarged, multiplied, resized
from dancekit.core.matte import bounds
from dancekit.core.skeleton import INDEX
from dancekit.core.sources import Borrowed

_ROOM = 0.21
"""Side of a close-up as a share of the body height: hair and collar are in it."""
_WHOLE, _HIGHER = 0.75, 0.15
"""Share of a close-up's half side within which nothing else is seen; from there to its rim it gives way. All hair
should be within, or the picture's shows behind it like a halo: so the middle is that share higher."""
_BEYOND = 7
"""Side in px of the square by which a close-up may show more of the person than the picture does."""
_VEIL = 0.2, 0.5
"""Alpha of a close-up below the first is a veil, beyond the second it is the person."""
_TEETH = 0.03
"""How wide what juts out of a close-up's outline must be to be hair, as a share of its side."""
_STEEP = 1.6
"""How much steeper alpha rises at the edges of an enlarged picture, about a half: enlarging made them wider."""
_HEAD = [INDEX[name] for name in ("nose", "left_ear", "right_ear")]
_RIM = 0.07
"""Width of the soft rim of an arm, as a share of a close-up's side."""
_BEFORE = 0.75, 0.85
"""Confidence of an arm's landmarks up to which it may be behind the face, and beyond which it is plainly before it."""
_FACE = 0.35, 0.6
"""Shares of a close-up's half side: within the first is the face, which an arm seldom hides, beyond the second none."""
_ARMS = [
    (INDEX[f"{side}_{start}"], INDEX[f"{side}_{end}"], begin, stop, half)
    for side in ("left", "right")
    for start, end, begin, stop, half in (
        ("shoulder", "elbow", 0.4, 1.0, 0.15),
        ("elbow", "wrist", 0.0, 1.0, 0.11),
        ("wrist", "index", 0.0, 1.5, 0.09),
    )
]
"""Landmarks that an arm goes through, from where to where between them, and its half width as a share of a close-up's
side: a collar is no arm, fingers go on beyond their knuckles. No wider than that, or what the picture shows of softer,
wider hair is seen beside an arm."""


def side(body: float, multiple: int) -> int:
    """Side in px of a close-up in which the body would be `body` px tall; a multiple of what generators need."""
    return -(-round(body * _ROOM) // multiple) * multiple


def middle(points: np.ndarray) -> np.ndarray:
    """The middle of the head of landmarks ... x J x 3: ... x 2 px, NaN where it is not known."""
    return points[..., _HEAD, :2].mean(-2)


def corner(point: np.ndarray, side: int) -> tuple[int, int]:
    """Left and top of a close-up around a point, px; it may reach beyond the picture."""
    left, top = np.round(point - side / 2).astype(int)
    return int(left), int(top)


def inside(points: np.ndarray, times: int, corner: tuple[int, int]) -> np.ndarray:
    """Landmarks ... x J x 3 of a picture, in px of a close-up in one so many times as large."""
    return points * np.array([times, times, 1], np.float32) - np.array([*corner, 0], np.float32)


def beside_arms(points: np.ndarray, side: int) -> np.ndarray:
    """What counts of a close-up where arms come to the head, float32 [side, side]: nothing on the arms, but for the
    face where they are not plainly before it, and all beside them.

    Films seldom show that, and the whole picture, which knows where arms go, is the better guess. points: landmarks
    [J, 3] in px of the close-up.
    """
    arms, before = (np.zeros((side, side), np.uint8) for _ in range(2))
    rim, seen = max(1, round(_RIM * side)), _ramp(points[:, 2], *_BEFORE)
    for start, end, begin, stop, half in _ARMS:
        a, b = points[start, :2], points[end, :2]
        if np.isfinite(a + b).all():
            first, last = (tuple(np.rint((a + share * (b - a)) * 16).astype(int).tolist()) for share in (begin, stop))
            width = max(1, round(2 * half * side))
            for drawn, value, wide in ((arms, 1, width + rim), (before, min(seen[start], seen[end]), width)):
                line = cv2.line(np.zeros_like(drawn), first, last, round(255 * float(value)), wide, cv2.LINE_8, 4)
                np.maximum(drawn, line, out=drawn)
    beside, clear = (1 - cv2.blur(drawn, (rim, rim)).astype(np.float32) / 255 for drawn in (arms, before))
    return np.maximum(beside, _within(side, *_FACE) * clear)


def cut(picture: np.ndarray, corner: tuple[int, int], side: int) -> np.ndarray:
    """A close-up [side, side, ...] out of a picture [h, w, ...], with zeros beyond it."""
    result = np.zeros((side, side, *picture.shape[2:]), picture.dtype)
    here, there = _shared(corner, side, picture)
    result[here] = picture[there]
    return result


def _shared(corner: tuple[int, int], side: int, picture: np.ndarray) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """What a close-up shares with a picture: rows and columns of the close-up, and the same px in the picture."""
    here, there = [], []
    for first, size in zip(corner[::-1], picture.shape[:2], strict=True):
        start = min(max(first, 0), size)
        end = max(start, min(first + side, size))
        here.append(slice(start - first, end - first))
        there.append(slice(start, end))
    return tuple(here), tuple(there)


@dataclass(frozen=True)
class Painted:
    """A picture uint8 [h, w, 4], colour and alpha, as the networks paint it, and the close-up of its face uint8
    [side, side, 4] with its left and top in a picture so many `times` as large; None where there is none.

    trust: from 0, where the close-up gives way to the picture, to 1; of all of it, or of each px, float32 [side, side].
    borrowed: what makes the larger picture as sharp as the film, see core.detail; None for nothing.
    """

    picture: np.ndarray
    face: np.ndarray | None = None
    corner: tuple[int, int] = (0, 0)
    times: int = 1
    trust: float | np.ndarray = 1.0
    borrowed: Borrowed | None = None

    def whole(self) -> np.ndarray:
        """All of it in one picture, uint8 [times * h, times * w, 4]."""
        if self.times == 1:
            return self.picture
        result = np.zeros((*(np.array(self.picture.shape[:2]) * self.times), 4), np.uint8)
        filled = self._filled()
        if filled.size:
            result[filled.rows(self.times)] = divided(self._large(filled)[0])
        return result

    def small(self) -> np.ndarray:
        """All of it in one picture, uint8 [h, w, 4]: where nothing is laid over, it is exactly as it was painted."""
        if self.face is None and self.borrowed is None:
            return self.picture
        filled = self._filled()
        if not filled.size:
            return self.picture
        part = filled.rows(1)

        def shrunk(large: np.ndarray) -> np.ndarray:
            return cv2.resize(large, self.picture[part].shape[1::-1], interpolation=cv2.INTER_AREA)

        large, shares = self._large(filled)
        picture = multiplied(self.picture[part])
        without, share = shrunk(enlarged(picture, self.times, 255)), shrunk(shares)[..., None]
        # Enlarging and shrinking again blurs: that counts only as far as something else is seen.
        changed = picture + (shrunk(large) - without) + share * (without - picture)
        result = self.picture.copy()
        result[part] = np.where(share > 0, divided(np.clip(changed, 0, 255)), self.picture[part])
        return result

    def _large(self, filled: _Box) -> tuple[np.ndarray, np.ndarray]:
        """What is in a box, enlarged, with all that is laid over it, float32 [h, w, 4], colour times alpha; and how far
        that is seen, float32 [h, w]."""
        painted = multiplied(self.picture[filled.rows(1)])
        large = _steepened(enlarged(painted, self.times, 255))
        shares = np.zeros(large.shape[:2], np.float32)
        left, top = filled.left * self.times, filled.top * self.times
        if self.borrowed is not None:
            corner, size = (left, top), (large.shape[1], large.shape[0])
            sketched = self.borrowed.sketched(corner, size, self.times)
            large, shares = detail.sharpened(large, painted, self.borrowed.laid(corner, size), sketched)
        if self.face is not None:
            corner = self.corner[0] - left, self.corner[1] - top
            _lay(large, self.face, corner, self.trust)
            here, there = _shared(corner, len(self.face), shares)
            shares[there] = np.maximum(shares[there], _shares(len(self.face), self.trust)[here])
        return large, shares

    def at(self, size: tuple[int, int]) -> np.ndarray:
        """Both in one picture of (width, height) px, uint8 [height, width, 4]: those of the picture, or a whole number
        of times as many."""
        return self.small() if self.picture.shape[1::-1] == size else resized(self.whole(), size)

    def _filled(self) -> _Box:
        """What anything is in: most of a picture is empty, and enlarging that takes as long as the rest."""
        size = self.picture.shape[1::-1]
        boxes = [bounds((self.picture[..., 3] > 0).astype(np.uint8), size)]
        if self.face is not None:
            corner = np.array(self.corner * 2) + np.array([0, 0, len(self.face), len(self.face)])
            boxes.append((*(corner[:2] // self.times), *(-(-corner[2:] // self.times))))
        low, high = np.min(boxes, axis=0)[:2], np.max(boxes, axis=0)[2:]
        return _Box(*(int(v) for v in (*np.clip(low, 0, size), *np.clip(high, 0, size))))


class _Box(NamedTuple):
    """A part of a picture, px."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> int:
        """How many px are in it."""
        return max(0, self.right - self.left) * max(0, self.bottom - self.top)

    def rows(self, times: int) -> tuple[slice, slice]:
        """Its rows and columns in a picture so many times as large."""
        return slice(self.top * times, self.bottom * times), slice(self.left * times, self.right * times)


def _steepened(large: np.ndarray) -> np.ndarray:
    """An enlarged picture of colour times alpha, float32 [h, w, 4], with edges as narrow as a film's."""
    alpha = large[..., 3]
    wanted = np.clip(alpha * np.float32(_STEEP) + np.float32((1 - _STEEP) * 127.5), 0, 255)
    return cv2.multiply(large, cv2.merge([wanted / np.maximum(alpha, 1)] * 4), dst=large)


def _lay(large: np.ndarray, face: np.ndarray, corner: tuple[int, int], trust: float | np.ndarray) -> None:
    """Lay a close-up over a picture of colour times alpha, in place.

    It ends where the person does in the picture: what floats around a face in a close-up is no part of her. Nor are
    veils, which mattes leave around hair and a close-up has learnt.
    """
    here, there = _shared(corner, len(face), large)
    above, below = multiplied(_trimmed(face))[here], large[there]
    above *= _ramp(above[..., 3:] / 255, *_VEIL)
    if below.size:
        hers = cv2.dilate(np.ascontiguousarray(below[..., 3]), np.ones((_BEYOND, _BEYOND), np.uint8))
        above *= np.minimum(1, hers / np.maximum(above[..., 3], 1))[..., None]
        below += (above - below) * _shares(len(face), trust)[here][..., None]


def _trimmed(face: np.ndarray) -> np.ndarray:
    """A close-up whose outline has no teeth, which mattes of hair have at random."""
    colour, alpha = face[..., :3], cv2.medianBlur(np.ascontiguousarray(face[..., 3]), 2 * round(_TEETH * len(face)) + 1)
    return np.dstack((colour, alpha))


def _shares(side: int, trust: float | np.ndarray) -> np.ndarray:
    """How much of a close-up is seen, float32 [side, side]."""
    return trust * _within(side, _WHOLE, 1.0, _HIGHER)


@cache
def _within(side: int, whole: float, nothing: float, higher: float = 0.0) -> np.ndarray:
    """A disc that is 1 within one share of the half side and falls to 0 at another, with its middle a third share
    higher than the close-up's: float32 [side, side]."""
    apart = (np.arange(side, dtype=np.float32) + 0.5) * 2 / side - 1
    return 1 - _ramp(np.hypot(apart[:, None] + higher, apart), whole, nothing)


def _ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 up to one value, smoothly rising to 1 at another, as values, float32."""
    share = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return share * share * (3 - 2 * share)
