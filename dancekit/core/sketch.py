"""A sketch of the person in a pose: bars along her bones, each as wide and as coloured as it usually is on her film.

Lines alone say where a limb is, not what it looks like; on poses that the film never shows the networks then have to
guess. With the sketch beside the lines they only finish what is roughly there, and networks that have seen many people
can be handed a new one (not in the paper).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from dancekit.core import girth, maps, skeleton
from dancekit.core.maps import Segments

CHANNELS = 4
"""How many channels a sketch adds to a pose map: colour, and how surely it covers a px."""
PLACES = 8
"""Places along each bar whose colour is measured: sleeves end, shoes begin."""
_WIDE, _SOFT = 1.25, 0.5
"""A bar covers a px surely within its width times the first less the second, and not at all beyond the first."""
_SHARE = 0.9
"""Of the px that belong to a bar, the share that lies within its width times this."""
_LIMBS = {
    "upper arm": 0.035, "forearm": 0.03, "hand": 0.035, "thigh": 0.06, "shin": 0.045, "foot": 0.035, "face": 0.05,
    "neck": 0.05,
}  # fmt: skip
_TRUNK, _CROWN = (0.125, 0.375, 0.625, 0.875), 0.6
"""Where across the trunk bars stand, from the left flank to the right one; how far the crown is above the ears, as a
share of the way from the shoulders to the ears."""
_LIMB_NAMES = [
    skeleton.PARTS[channel].name.removeprefix("left ").removeprefix("right ") for channel in maps.SEGMENT_CHANNELS
]
_KEPT = [segment for segment, name in enumerate(_LIMB_NAMES) if name in _LIMBS]
_NECK = _LIMB_NAMES.index("neck")
_LEFT, _RIGHT = (segment for segment, name in enumerate(_LIMB_NAMES) if name == "flank")
USUAL = np.array([*(_LIMBS[_LIMB_NAMES[s]] for s in _KEPT), *(0.045 for _ in _TRUNK), 0.05], np.float32)
"""Usual half widths of the bars as shares of the body height: the limbs, the trunk from left to right, the crown."""
BARS = len(USUAL)


class Looks(NamedTuple):
    """What the person looks like, bar by bar: widths ... x BARS (half widths, in px or in body heights) and colours
    ... x BARS x PLACES x 3 in [-1, 1] from the start of each bar to its end."""

    widths: Tensor
    colours: Tensor

    def times(self, factor: float) -> Looks:
        """The looks in other units of length."""
        return Looks(self.widths * factor, self.colours)

    def on(self, device: torch.device) -> Looks:
        """The looks on a device."""
        return Looks(self.widths.to(device), self.colours.to(device))


def bars(pose: Segments) -> Segments:
    """The bars of poses ... x S: limbs as they are, the trunk as bars between its flanks, and a crown on the head."""
    share = pose.starts.new_tensor(_TRUNK)[:, None]

    def across(points: Tensor) -> Tensor:
        return torch.lerp(points[..., _LEFT, None, :], points[..., _RIGHT, None, :], share)

    shoulders, ears = pose.starts[..., _NECK, None, :], pose.ends[..., _NECK, None, :]
    trunk = torch.minimum(pose.seen[..., _LEFT, None], pose.seen[..., _RIGHT, None]).expand(
        *pose.seen.shape[:-1], len(_TRUNK)
    )
    return Segments(
        torch.cat((pose.starts[..., _KEPT, :], across(pose.starts), ears), -2),
        torch.cat((pose.ends[..., _KEPT, :], across(pose.ends), torch.lerp(shoulders, ears, 1 + _CROWN)), -2),
        torch.cat((pose.seen[..., _KEPT], trunk, pose.seen[..., _NECK, None]), -1),
    )


def measure(frames: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]], body: float) -> Looks:
    """A person's usual looks, widths as shares of the body height.

    frames: landmarks [J, 3] in px, colour uint8 [h, w, 3] and alpha uint8 [h, w] of each. body: body height in px.
    Medians over the frames, so that an arm before the belly or a glance of light counts for little.
    """
    widths, colours = [], []
    for points, colour, alpha in frames:
        owned = girth.owned(bars(maps.segments(torch.from_numpy(points))), USUAL, alpha, body)
        if owned is None:
            continue
        small = cv2.resize(colour, owned.inside.shape[::-1], interpolation=cv2.INTER_AREA)
        widths.append(_widths(owned))
        colours.append(_colours(owned, small[owned.inside]))
    if not widths:
        return Looks(torch.from_numpy(USUAL.copy()), torch.zeros(BARS, PLACES, 3))
    wide = _median(np.stack(widths))
    seen = _completed(_median(np.stack(colours)))
    return Looks(torch.from_numpy(USUAL * np.where(np.isnan(wide), 1, wide)).float(),
                 torch.from_numpy(seen / 127.5 - 1).float())  # fmt: skip


def _widths(owned: girth.Owned) -> np.ndarray:
    """Half widths [BARS] in usual ones in one frame, NaN for bars that own nothing."""
    wide = np.full(BARS, np.nan, np.float32)
    for bone in np.unique(owned.bones):
        wide[bone] = np.quantile(owned.apart[owned.bones == bone], _SHARE) / _SHARE
    return wide


def _colours(owned: girth.Owned, colour: np.ndarray) -> np.ndarray:
    """Mean colours [BARS, PLACES, 3] in one frame, NaN where there are no px. colour: [N, 3] of the person's px."""
    place = owned.bones * PLACES + np.minimum((owned.along * PLACES).astype(int), PLACES - 1)
    count = BARS * PLACES
    sums = np.stack([np.bincount(place, colour[:, channel], count) for channel in range(3)], -1)
    number = np.bincount(place, minlength=count)[:, None]
    return np.where(number > 0, sums / np.maximum(number, 1), np.nan).reshape(-1, PLACES, 3).astype(np.float32)


def _median(stack: np.ndarray) -> np.ndarray:
    """Median over the first axis of what is not NaN; NaN where nothing is."""
    missing = np.isnan(stack).all(0)
    return np.where(missing, np.nan, np.nanmedian(np.where(missing, 0, stack), axis=0))


def _completed(colours: np.ndarray) -> np.ndarray:
    """Colours [BARS, PLACES, 3] with a bar's mean where a place is missing, and the person's where the bar is."""
    whole = _median(colours.reshape(-1, 3))
    bones = _median(colours.transpose(1, 0, 2))
    bones = np.where(np.isnan(bones), np.nan_to_num(whole, nan=127.5), bones)
    return np.where(np.isnan(colours), bones[:, None], colours)


def posed(pose: Segments, size: tuple[int, int], width: float, coarse: int = 1, looks: Looks | None = None) -> Tensor:
    """What the networks see of poses: the pose maps of maps.draw and, with looks (in px), the sketch as well.

    Returns ... x (n_s or n_s + CHANNELS) x H/coarse x W/coarse.
    """
    lines = maps.draw(pose, size, width, coarse)
    return lines if looks is None else torch.cat((lines, draw(pose, looks, size, coarse)), -3)


def draw(pose: Segments, looks: Looks, size: tuple[int, int], coarse: int = 1) -> Tensor:
    """Sketch a person in poses: every px takes the colour of the bar that it lies deepest in.

    Args:
        pose: segments ... x S, ends in px of the picture.
        looks: widths in px of the picture; their leading dimensions are the first of the poses', or none.
        size: (width, height) of the picture in px.
        coarse: draw at 1/coarse of the size.

    Returns:
        ... x 4 x H/coarse x W/coarse: colour in [-1, 1] times cover, and cover in 0..1.
    """
    lead, pose = pose.seen.shape[:-1], bars(pose)
    wide, high = size[0] // coarse, size[1] // coarse
    starts, ends = (points.reshape(-1, BARS, 2) / coarse for points in (pose.starts, pose.ends))
    widths = _spread(looks.widths, lead, 1).reshape(-1, BARS, 1, 1) / coarse
    colours = _spread(looks.colours, lead, 3).reshape(-1, BARS * PLACES, 3)
    unseen = pose.seen.reshape(-1, BARS, 1, 1) <= 0
    ratio = maps.squared_distances(starts, ends, (wide, high)).div_(widths.square()).masked_fill_(unseen, torch.inf)
    nearest, bar = ratio.min(1)
    cover = ((_WIDE - nearest.sqrt_()) / _SOFT).clamp_(0, 1)[:, None]
    place = _along(starts, ends, bar.flatten(1), (wide, high)) * (PLACES - 1)
    lower = place.floor().clamp(0, PLACES - 2)
    first = bar.flatten(1) * PLACES + lower.long()
    before, after = (colours.gather(1, (first + step)[..., None].expand(-1, -1, 3)) for step in (0, 1))
    colour = torch.lerp(before, after, (place - lower)[..., None]).transpose(1, 2).reshape(-1, 3, high, wide)
    return torch.cat((colour * cover, cover), 1).reshape(*lead, CHANNELS, high, wide)


def _spread(values: Tensor, lead: torch.Size, own: int) -> Tensor:
    """Values with `own` dimensions of their own, the same for all poses of their leading dimensions."""
    given, kept = values.shape[: values.dim() - own], values.shape[values.dim() - own :]
    return values.reshape(*given, *(1,) * (len(lead) - len(given)), *kept).expand(*lead, *kept)


def _along(starts: Tensor, ends: Tensor, bar: Tensor, size: tuple[int, int]) -> Tensor:
    """How far along its bar every px lies, N x (H * W) in 0..1. starts, ends: N x BARS x 2; bar: N x (H * W)."""
    chosen = bar[..., None].expand(-1, -1, 2)
    first, last = starts.gather(1, chosen), ends.gather(1, chosen)
    y, x = torch.meshgrid(*(torch.arange(n, device=starts.device) + 0.5 for n in size[::-1]), indexing="ij")
    way = last - first
    reached = ((torch.stack((x, y), -1).reshape(1, -1, 2) - first) * way).sum(-1)
    return (reached / way.square().sum(-1).clamp_min(1e-6)).clamp(0, 1)
