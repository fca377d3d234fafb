"""Palette: which colours a person shows where, measured on frames of her film.

On poses that the film hardly shows, networks that learnt for minutes overshoot: a thigh behind another gets a dark or a
green blot. But nothing of her has a colour there that it never has on film. So what is painted in such a colour gives
way to what is around it (not in the paper).
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import torch

from dancekit.core import girth, maps
from dancekit.core.girth import USUAL_GIRTHS
from dancekit.core.matte import bounds, extend

_LUMA, _CHROMA = 16, 64
"""Levels of brightness and of both colour differences (Y, Cr, Cb) that are told apart: light and shade change with the
pose, what is red stays red."""
_FRAMES = 2
"""Frames that must show a colour: in a single one it may be what is left of a wall."""
_HERS, _NOT_HERS = 2.0, 5.0
"""How many levels in all a colour may be from the nearest that is shown there to be trusted, and from how many on it is
not at all."""
_AS_NEAR, _AND = 1.3, 0.5
"""A px may belong to any bone that is so many times as far as the nearest, and so much more, in usual widths."""
_MEASURED = 128
"""Body height in px at which films are measured: about as large as networks paint that need this."""
_COARSE = 2
"""Colours are looked at in every other px: blots are larger."""
_SOLID, _SEEN = 230, 100
"""Alpha from which a px shows nothing but her; and from which its colour matters."""
_SPREAD, _SOFT = 5, 1.0
"""Side in px of the square by which blots are larger than what is surely one; and by how many px they are smoother."""
_SURE = 0.5
"""Doubt from which a colour is not continued into its surroundings."""


class Palette:
    """The colours of each segment (skeleton.SEGMENTS), with how far every other colour is from them.

    apart: uint8 [S, LUMA * CHROMA * CHROMA], levels to the nearest colour that is shown there, up to so many as matter.
    """

    def __init__(self, apart: np.ndarray) -> None:
        self.apart = apart

    @classmethod
    def measure(cls, frames: Iterable[tuple[np.ndarray, np.ndarray]], body: float) -> Palette:
        """Of pictures uint8 [h, w, 4], colour times alpha, and alpha, with landmarks [J, 3] in px. body: height, px."""
        shown, scale = np.zeros((len(USUAL_GIRTHS), _LUMA * _CHROMA**2), np.int32), min(1.0, _MEASURED / body)
        for picture, points in frames:
            size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
            small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
            alpha = small[..., 3]
            cells = _cells(np.minimum(small[..., :3] * (255 / np.maximum(alpha, 1))[..., None], 255).astype(np.uint8))
            owner = _nearness(points * np.array([scale, scale, 1], np.float32), size, body * scale).argmin(0)
            for segment in range(len(shown)):
                shown[segment, np.unique(cells[(owner == segment) & (alpha > _SOLID)])] += 1
        return cls(_apart((shown >= _FRAMES).reshape(-1, _LUMA, _CHROMA, _CHROMA)).reshape(shown.shape))

    def doubts(self, picture: np.ndarray, points: np.ndarray, body: float) -> np.ndarray:
        """How surely each px of a painting has a colour that is not hers there, float32 [h, w], 0..1. Arguments as for
        `mended`."""
        nearness = _nearness(points, picture.shape[1::-1], body)
        least, nearest = nearness.min(0), np.full(picture.shape[:2], int(_NOT_HERS) + 1, np.uint8)
        may, cells = nearness <= _AS_NEAR * least + _AND, _cells(picture[..., :3])
        for table, place in zip(self.apart, may, strict=True):
            nearest[place] = np.minimum(nearest[place], table[cells[place]])
        nearest[~np.isfinite(least) | (picture[..., 3] <= _SEEN)] = 0
        return np.clip((nearest - np.float32(_HERS)) / (_NOT_HERS - _HERS), 0, 1)

    def mended(self, picture: np.ndarray, points: np.ndarray, body: float) -> np.ndarray:
        """A painting uint8 [h, w, 4], colour and alpha, of landmarks [J, 3] px, without colours that are not hers.

        body: body height, px.
        """
        left, top, right, bottom = bounds((picture[..., 3] > _SEEN).astype(np.uint8), picture.shape[1::-1])
        inner = np.ascontiguousarray(picture[top:bottom, left:right])
        if min(inner.shape) <= _COARSE:
            return picture
        place = (points - np.array([left, top, 0], np.float32)) * np.array([1 / _COARSE, 1 / _COARSE, 1], np.float32)
        doubts = self.doubts(inner[_COARSE // 2 :: _COARSE, _COARSE // 2 :: _COARSE], place, body / _COARSE)
        if not doubts.any():
            return picture
        doubts = cv2.resize(doubts, inner.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        doubts = cv2.GaussianBlur(cv2.dilate(doubts, np.ones((_SPREAD, _SPREAD), np.uint8)), (0, 0), _SOFT)
        known = np.maximum(1 - doubts / _SURE, 0) * (inner[..., 3] > _SOLID)
        colour = inner[..., :3].astype(np.float32)
        colour += doubts[..., None] * (extend(colour, known) - colour)
        result = picture.copy()
        result[top:bottom, left:right, :3] = np.clip(colour + 0.5, 0, 255)
        return result


def _cells(colour: np.ndarray) -> np.ndarray:
    """The number of each colour uint8 [h, w, 3] among LUMA * CHROMA * CHROMA: int [h, w]."""
    luma, red, blue = cv2.split(cv2.cvtColor(np.ascontiguousarray(colour), cv2.COLOR_RGB2YCrCb).astype(np.int32))
    return (luma * _LUMA // 256 * _CHROMA + red * _CHROMA // 256) * _CHROMA + blue * _CHROMA // 256


def _nearness(points: np.ndarray, size: tuple[int, int], body: float) -> np.ndarray:
    """How far each px of a picture of (width, height) is from each segment of a pose [J, 3] px, in usual widths:
    float32 [S, h, w], inf for segments that are not seen."""
    pose, widths = maps.segments(torch.from_numpy(points)), torch.from_numpy(USUAL_GIRTHS) * body
    return girth.squared_in_widths(pose, widths, size).sqrt_().numpy()


def _apart(shown: np.ndarray) -> np.ndarray:
    """Levels from every colour to the nearest of those that are shown, bool [S, LUMA, CHROMA, CHROMA], as uint8: the
    sum of all three differences, up to so many as matter."""
    most = int(_NOT_HERS) + 1
    apart, reached = np.where(shown, 0, most).astype(np.uint8), shown
    for step in range(1, most):
        wider = reached.copy()
        for axis in (1, 2, 3):
            now, next_to = np.moveaxis(wider, axis, 1), np.moveaxis(reached, axis, 1)
            now[:, 1:] |= next_to[:, :-1]
            now[:, :-1] |= next_to[:, 1:]
        apart[wider & ~reached] = step
        reached = wider
    return apart
