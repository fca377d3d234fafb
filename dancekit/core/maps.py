"""Pose maps: landmarks drawn as one channel per body part, on whatever device the landmarks are on (section 3.1)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from dancekit.core import skeleton
from dancekit.core.constants import chosen, constant

CHANNELS = len(skeleton.PARTS)
"""n_s: how many channels one pose takes."""

_MEMBERS = max(len(point) for _, start, end in skeleton.SEGMENTS for point in (start, end))


def _pick(which: int) -> tuple[int, ...]:
    """Landmark indices of every segment's start (1) or end (2), as many for each, so that a mean is right."""
    rows = [skeleton.indices(segment[which]) for segment in skeleton.SEGMENTS]  # type: ignore[arg-type]
    return tuple(member for row in rows for member in row * (_MEMBERS // len(row)))


_STARTS, _ENDS = _pick(1), _pick(2)
SEGMENT_CHANNELS = [channel for channel, _, _ in skeleton.SEGMENTS]
"""The channel of every segment; those of one channel follow on each other."""


class Segments(NamedTuple):
    """Every segment of a pose: starts and ends ... x S x 2 px, seen ... x S (confidence, 0 where an end is missing)."""

    starts: Tensor
    ends: Tensor
    seen: Tensor


def segments(points: Tensor) -> Segments:
    """The segments of poses: points ... x J x 3 as x px, y px, confidence (NaN where missing)."""
    points = points.float()
    starts, ends = (chosen(points, -2, which).unflatten(-2, (-1, _MEMBERS)).mean(-2) for which in (_STARTS, _ENDS))
    missing = torch.isnan(starts[..., 0] + ends[..., 0])
    seen = torch.minimum(starts[..., 2], ends[..., 2]).masked_fill(missing, 0.0)
    return Segments(torch.nan_to_num(starts[..., :2]), torch.nan_to_num(ends[..., :2]), seen)


def draw(pose: Segments, size: tuple[int, int], width: float, coarse: int = 1) -> Tensor:
    """Draw poses as soft line segments, one channel per body part.

    Args:
        pose: the segments, ends in px of the picture.
        size: (width, height) of the picture in px.
        width: half width of a line in px of the picture.
        coarse: draw at 1/coarse of the size.

    Returns:
        ... x n_s x H/coarse x W/coarse in 0..1.
    """
    lead = pose.seen.shape[:-1]
    starts, ends = (points.reshape(-1, len(SEGMENT_CHANNELS), 2) / coarse for points in (pose.starts, pose.ends))
    lines = _lines(starts, ends, (size[0] // coarse, size[1] // coarse), width / coarse)
    maps = _merge(lines.mul_((pose.seen > 0).reshape(-1, len(SEGMENT_CHANNELS), 1, 1)))
    return maps.reshape(*lead, *maps.shape[1:])


def _lines(starts: Tensor, ends: Tensor, size: tuple[int, int], width: float) -> Tensor:
    """N x S x H x W: 1 on the segment, falling smoothly to 0 at twice the half width."""
    squared = squared_distances(starts, ends, size)
    return squared.mul_(-1.0 / (4 * width * width)).add_(1).clamp_min_(0).square_()


def squared_distances(starts: Tensor, ends: Tensor, size: tuple[int, int]) -> Tensor:
    """How far the middle of each px of a picture of (width, height) px is from segments N x S x 2: N x S x H x W, px^2.

    With p the pixel, a the start and d the unit direction, the distance splits into along = (p - a) . d and its
    perpendicular, both sums of a term in x and a term in y, so no N x S x H x W x 2 array is ever made.
    """
    device = starts.device
    x = torch.arange(size[0], device=device).float() + 0.5
    y = torch.arange(size[1], device=device).float() + 0.5
    delta = ends - starts
    length = delta.norm(dim=-1)
    # A line without length has no direction; any will do to draw it as a dot.
    direction = torch.where((length > 1e-3)[..., None], delta / length[..., None], constant((1.0, 0.0), device))
    right, down = x - starts[..., 0, None], y - starts[..., 1, None]
    dx, dy = direction[..., 0, None], direction[..., 1, None]
    along = (right * dx)[..., None, :] + (down * dy)[..., :, None]
    across = (down * dx)[..., :, None] - (right * dy)[..., None, :]
    half = 0.5 * length[..., None, None]
    beyond = (along.sub_(half).abs_() - half).clamp_min_(0)
    return across.square_().addcmul_(beyond, beyond)


def _merge(lines: Tensor) -> Tensor:
    """N x S x H x W segments to N x n_s x H x W parts: the strongest segment of each part."""
    if len(SEGMENT_CHANNELS) == CHANNELS:
        return lines
    spans = ((SEGMENT_CHANNELS.index(part), SEGMENT_CHANNELS.count(part)) for part in range(CHANNELS))
    return torch.stack([lines[:, i : i + n].amax(1) if n > 1 else lines[:, i] for i, n in spans], 1)


def windows(sequence: Tensor, length: int, future: bool = True) -> Tensor:
    """All runs of `length` consecutive entries, stacked along the channels.

    B x T x C x H x W -> B x (T - length + 1) x (length * C) x H x W. Stage I reads poses with it, stage II G1's output.
    Without `future`, what comes after the middle of a run is left blank.
    """
    runs = [sequence[:, first : sequence.shape[1] - length + 1 + first] for first in range(length)]
    if not future:
        runs[length // 2 + 1 :] = [torch.zeros_like(run) for run in runs[length // 2 + 1 :]]
    return torch.cat(runs, dim=2)
