"""Where people look first: face and hands are small in the picture, so errors there may count more (not in the paper).
And where there is anything of a person to look at.

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
_NAMES = ("face", "mouth", "hand", "thumb")
_SEGMENTS = tuple(
    number for number, channel in enumerate(maps.SEGMENT_CHANNELS) if skeleton.PARTS[channel].name.endswith(_NAMES)
)


def near(pose: Segments, radius: float, size: tuple[int, int]) -> Tensor:
    """1 on face and hands of poses N x S, 0 further than twice the radius (px) from them: N x 1 x H x W.

    size: (width, height) of the picture in px.
    """
    starts, ends, seen = (chosen(part, 1, _SEGMENTS) for part in pose)
    cells = (-(-size[0] // _COARSE), -(-size[1] // _COARSE))
    squared = maps.squared_distances(starts / _COARSE, ends / _COARSE, cells)
    squared = squared.masked_fill_((seen <= 0)[..., None, None], torch.inf)
    apart = squared.amin(1, keepdim=True).sqrt_() * (_COARSE / radius)
    whole = functional.interpolate((2 - apart).clamp_(0, 1), scale_factor=_COARSE, mode="bilinear")
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
