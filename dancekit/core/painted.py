"""A painted picture: what the networks make of a whole pose, and what is laid over it in a larger one.

A close-up of the face (core.closeup) and what frames of the film lend (core.detail) are several times as large, so that
the whole of it is. Seen at the size that the networks paint at, it stays as it was painted wherever nothing is laid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

from dancekit.core import detail
from dancekit.core.closeup import ramp, shared, within
from dancekit.core.compose import divided, enlarged, multiplied, resized
from dancekit.core.matte import bounds, large_pieces
from dancekit.core.sources import Borrowed

_WHOLE, _HIGHER = 0.75, 0.15
"""Share of a close-up's half side within which nothing else is seen; from there to its rim it gives way. All hair
should be within, or the picture's shows behind it like a halo: so the middle is that share higher."""
_BEYOND = 7
"""Side in px of the square by which a close-up may show more of the person than the picture does."""
_VEIL = 0.2, 0.5
"""Alpha of a close-up below the first is a veil, beyond the second it is the person."""
_TEETH = 0.03
"""How wide what juts out of a close-up's outline must be to be hair, as a share of its side."""
_SPECK, _RIM = 0.05, 5
"""Patches of a close-up that are so small, as a share of the largest, are no part of her: pieces of hair or shoulders
that its portrait has elsewhere. Side in px of the square by which their rims reach beyond them."""
_FINGERS = 0.04
"""How far a hand that is borrowed may reach beyond what is painted, as a share of the picture's height."""
_STEEP = 1.6
"""How much steeper alpha rises at the edges of an enlarged picture, about a half: enlarging made them wider."""


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
        return self._whole(self._laid)

    def _whole(self, laid: Callable[[], _Laid | None]) -> np.ndarray:
        if self.times == 1:
            return self.picture
        result, found = np.zeros((*(np.array(self.picture.shape[:2]) * self.times), 4), np.uint8), laid()
        if found is not None:
            result[found.box.rows(self.times)] = divided(found.large)
        return result

    def small(self) -> np.ndarray:
        """All of it in one picture, uint8 [h, w, 4]: where nothing is laid over, it is exactly as it was painted."""
        return self._small(self._laid)

    def _small(self, laid: Callable[[], _Laid | None]) -> np.ndarray:
        found = None if self.face is None and self.borrowed is None else laid()
        if found is None:
            return self.picture
        part = found.box.rows(1)

        def shrunk(large: np.ndarray) -> np.ndarray:
            return cv2.resize(large, self.picture[part].shape[1::-1], interpolation=cv2.INTER_AREA)

        picture = multiplied(self.picture[part])
        without, share = shrunk(enlarged(picture, self.times, 255)), shrunk(found.shares)[..., None]
        # Enlarging and shrinking again blurs: that counts only as far as something else is seen.
        changed = picture + (shrunk(found.large) - without) + share * (without - picture)
        result = self.picture.copy()
        result[part] = np.where(share > 0, divided(np.clip(changed, 0, 255)), self.picture[part])
        return result

    def _laid(self) -> _Laid | None:
        """What is in the picture, enlarged, with all that is laid over it; None for nothing."""
        filled = self._filled()
        if not filled.size:
            return None
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
            here, there = shared(corner, len(self.face), shares)
            shares[there] = np.maximum(shares[there], _shares(len(self.face), self.trust)[here])
        return _Laid(filled, large, shares)

    def at(self, *sizes: tuple[int, int]) -> list[np.ndarray]:
        """Both in one picture, once for each of some sizes in (width, height) px, uint8 [height, width, 4]: those of
        the picture, or a whole number of times as many. What they have in common is worked out once."""
        own, laid = self.picture.shape[1::-1], cache(self._laid)
        return [self._small(laid) if size == own else resized(self._whole(laid), size) for size in sizes]

    def _filled(self) -> _Box:
        """What anything is in: most of a picture is empty, and enlarging that takes as long as the rest."""
        size = self.picture.shape[1::-1]
        left, top, right, bottom = bounds((self.picture[..., 3] > 0).astype(np.uint8), size)
        room = round(_FINGERS * size[1]) if self.borrowed is not None and right > left else 0
        boxes = [(left - room, top - room, right + room, bottom + room)]
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


class _Laid(NamedTuple):
    """A part of a picture, enlarged, with all that is laid over it: large float32 [h, w, 4], colour times alpha; and
    how far that is seen, shares float32 [h, w]."""

    box: _Box
    large: np.ndarray
    shares: np.ndarray


def _steepened(large: np.ndarray) -> np.ndarray:
    """An enlarged picture of colour times alpha, float32 [h, w, 4], with edges as narrow as a film's."""
    alpha = large[..., 3]
    wanted = np.clip(alpha * np.float32(_STEEP) + np.float32((1 - _STEEP) * 127.5), 0, 255)
    return cv2.multiply(large, cv2.merge([wanted / np.maximum(alpha, 1)] * 4), dst=large)


def _lay(large: np.ndarray, face: np.ndarray, corner: tuple[int, int], trust: float | np.ndarray) -> None:
    """Lay a close-up over a picture of colour times alpha, in place.

    It ends where the person does in the picture: what floats around a face in a close-up is no part of her. Nor are
    veils, which mattes leave around hair and a close-up has learnt, nor specks that are left of something else.
    """
    here, there = shared(corner, len(face), large)
    above, below = multiplied(_trimmed(face))[here], large[there]
    above *= ramp(above[..., 3:] / 255, *_VEIL)
    if below.size:
        hers = cv2.dilate(np.ascontiguousarray(below[..., 3]), np.ones((_BEYOND, _BEYOND), np.uint8))
        above *= np.minimum(1, hers / np.maximum(above[..., 3], 1))[..., None]
        shares = _shares(len(face), trust)[here]
        above *= _no_speck(above[..., 3] * shares)[..., None]
        below += (above - below) * shares[..., None]


def _trimmed(face: np.ndarray) -> np.ndarray:
    """A close-up whose outline has no teeth, which mattes of hair have at random."""
    colour, alpha = face[..., :3], cv2.medianBlur(np.ascontiguousarray(face[..., 3]), 2 * round(_TEETH * len(face)) + 1)
    return np.dstack((colour, alpha))


def _no_speck(alpha: np.ndarray) -> np.ndarray:
    """Where what is seen of a close-up, alpha [h, w] in 0..255, is no speck nor the rim of one, bool [h, w]."""
    solid = alpha > 127
    specks = solid & ~large_pieces(solid, _SPECK)
    return cv2.dilate(specks.astype(np.uint8), np.ones((_RIM, _RIM))) == 0


def _shares(side: int, trust: float | np.ndarray) -> np.ndarray:
    """How much of a close-up is seen, float32 [side, side]."""
    return trust * within(side, _WHOLE, 1.0, _HIGHER)
