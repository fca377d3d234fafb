"""Where people look first: face and hands are small in the picture, so errors there may count more (not in the paper).

This is for the picture of the whole body; see core.closeup for the face by itself.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from dancekit.core import maps, skeleton
from dancekit.core.constants import chosen
from dancekit.core.maps import Segments

_COARSE = 4
"""Distances are taken in cells of so many px: the edge is soft anyway."""
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
