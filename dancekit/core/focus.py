"""Where people look first: face and hands are small in the picture, so errors there may count more (not in the paper).
Where nobody should look: arms that moved too fast for the film. And where there is anything of a person to look at.

This is for the picture of the whole body; see core.closeup for the face by itself.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from dancekit.core import maps, metrics, skeleton
from dancekit.core.constants import chosen
from dancekit.core.maps import Segments

_COARSE = 4
"""Distances are taken in cells of so many px: the edge is soft anyway."""
_BESIDE, _SIDE = 4, 16
"""How many px beside a person are looked at as well, and what the sides of all that are multiples of: for every new
size, convolutions have to get ready anew."""
_HIDDEN, _SMEARED, _CLEAR = 0.45, (0.6, 0.78), 0.93
"""Confidence up to which an arm is hidden; between which it is before the body but smeared; from which it is clear."""


def _segments(*names: str) -> tuple[int, ...]:
    """The segments of the parts whose names end so."""
    wanted = skeleton.channels(*names)
    return tuple(number for number, channel in enumerate(maps.SEGMENT_CHANNELS) if channel in wanted)


_FACE_AND_HANDS, _ARMS = _segments("face", "mouth", "hand", "thumb"), _segments(*skeleton.FOREARMS)


def near(pose: Segments, radius: float, size: tuple[int, int]) -> Tensor:
    """1 on face and hands of poses N x S, 0 further than twice the radius (px) from them: N x 1 x H x W.

    size: (width, height) of the picture in px.
    """
    starts, ends, seen = (chosen(part, 1, _FACE_AND_HANDS) for part in pose)
    squared = _squared(starts, ends, size).masked_fill_((seen <= 0)[..., None, None], torch.inf)
    return _enlarged(_soft(squared.amin(1, keepdim=True), radius), size)


def doubt(pose: Segments, radius: float, size: tuple[int, int]) -> Tensor:
    """1 where a film does not tell what forearms and hands look like, as `near`: N x 1 x H x W.

    The faster an arm moves, the more it is smeared, and the less sure landmarkers are of it. Who learns from that
    paints smears wherever an arm crosses the body.
    """
    starts, ends, seen = (chosen(part, 1, _ARMS) for part in pose)
    shown, clear = (seen - _HIDDEN) / (_SMEARED[0] - _HIDDEN), (_CLEAR - seen) / (_CLEAR - _SMEARED[1])
    doubtful = shown.clamp(0, 1) * clear.clamp(0, 1)
    each = _soft(_squared(starts, ends, size), radius).mul_(doubtful[..., None, None])
    return _enlarged(each.amax(1, keepdim=True), size)


def _squared(starts: Tensor, ends: Tensor, size: tuple[int, int]) -> Tensor:
    """Squared distances, in cells, from segments N x S x 2 px: N x S x h x w."""
    cells = (-(-size[0] // _COARSE), -(-size[1] // _COARSE))
    return maps.squared_distances(starts / _COARSE, ends / _COARSE, cells)


def _soft(squared: Tensor, radius: float) -> Tensor:
    """1 within a radius (px), 0 beyond twice as much; the memory of `squared` is taken."""
    return (2 - squared.sqrt_().mul_(_COARSE / radius)).clamp_(0, 1)


def _enlarged(cells: Tensor, size: tuple[int, int]) -> Tensor:
    """Cells N x 1 x h x w as a picture of (width, height) px."""
    whole = functional.interpolate(cells, scale_factor=_COARSE, mode="bilinear")
    return whole[..., : size[1], : size[0]]


def around(hers: Tensor) -> tuple[slice, slice]:
    """(rows, columns) of what is hers in any of some alphas N x 1 x H x W, and a little beside it; of all where nothing
    is."""
    rows, columns = metrics.box((hers > 0).any(0)[0])
    return _wider(rows, hers.shape[-2]), _wider(columns, hers.shape[-1])


def _wider(span: slice, side: int) -> slice:
    """Some px of a side of a picture, and those beside them."""
    first, end, _ = span.indices(side)
    first, end = first - _BESIDE, end + _BESIDE
    many = min(side, -(-(end - first) // _SIDE) * _SIDE)
    first = min(max(0, (first + end - many) // 2), side - many)
    return slice(first, first + many)
