"""A sketch of the person in a pose: bars along her bones, each as wide and as coloured as it usually is on her film.

Lines alone say where a limb is, not what it looks like; on poses that the film never shows the networks then have to
guess. With the sketch beside the lines they only finish what is roughly there, and networks that have seen many people
can be handed a new one (not in the paper).
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from dancekit.core import maps, skeleton
from dancekit.core.constants import chosen, constant
from dancekit.core.maps import Segments

CHANNELS = 4
"""How many channels a sketch adds to a pose map: colour, and how surely it covers a px."""
KIND = "layers"
"""What sketches show: networks that know others cannot read them."""
SIDES, ALONG, ACROSS = 2, 20, 8
"""The texture of a bar: seen from behind and from the front, this many places along it and across it."""
WIDE = 1.25
"""A texture reaches this many widths to either side of its bar, and the sketch ends there."""
_SOFT = 0.25
"""Over how many widths the sketch ends."""
_CORE, _SKIN = 0.8, 1.3
"""Within the first of its widths a px is surely on an arm, beyond the second it is not."""
_TURNING = 0.2
"""Shoulders (ears) that appear this wide, as a share of the trunk (neck), show all front or all back."""
_HIDDEN, _SHOWN = 0.5, 0.75
"""Limbs whose confidence is less lie behind what they cross, those of more before it."""
_LIMBS = {
    "upper arm": 0.035, "forearm": 0.03, "hand": 0.035, "thigh": 0.06, "shin": 0.045, "foot": 0.035,
}  # fmt: skip
_TRUNK, _CROWN = (0.125, 0.375, 0.625, 0.875), 0.95
"""Where across the trunk bars stand, from the left flank to the right one; how far the head's bar goes on above the
ears, as a share of the way from the shoulders to the ears: hair and hats find room, the texture tells what is there."""
_LIMB_NAMES = [
    skeleton.PARTS[channel].name.removeprefix("left ").removeprefix("right ") for channel in maps.SEGMENT_CHANNELS
]
_KEPT = tuple(segment for segment, name in enumerate(_LIMB_NAMES) if name in _LIMBS)
_NECK = _LIMB_NAMES.index("neck")
_LEFT, _RIGHT = (segment for segment, name in enumerate(_LIMB_NAMES) if name == "flank")
_, _LEFT_EAR, _, _RIGHT_EAR = (segment for segment, name in enumerate(_LIMB_NAMES) if name == "face")
USUAL = np.array([*(_LIMBS[_LIMB_NAMES[s]] for s in _KEPT), *(0.045 for _ in _TRUNK), 0.055], np.float32)
"""Usual half widths of the bars as shares of the body height: the limbs, the trunk from left to right, the head."""
BARS = len(USUAL)
BAR_NAMES = (*(skeleton.PARTS[maps.SEGMENT_CHANNELS[s]].name for s in _KEPT), *("trunk" for _ in _TRUNK), "head")
"""What each bar stands for."""
_ARM = ("upper arm", "forearm", "hand")
_ARMS = (*(float(_LIMB_NAMES[s] in _ARM) for s in _KEPT), *(0.0,) * 5)
_HANDS = (*(float(_LIMB_NAMES[s] == "hand") for s in _KEPT), *(0.0,) * 5)
_FREE = (*(1.0 for _ in _KEPT), *(0.0,) * 5)
"""Which bars are of the arms, which are hands, and which are of any limb."""


def _limb(name: str) -> tuple[str, bool]:
    """The limb that a bar belongs to: its side, and whether it is an arm; trunk and head are as one."""
    side, _, part = name.partition(" ")
    return (side, part in _ARM) if part else ("", False)


_LIMB_SIZES = tuple(len(tuple(members)) for _, members in itertools.groupby(BAR_NAMES, _limb))
_LIMB_BEGINS = tuple(itertools.accumulate(_LIMB_SIZES[:-1], initial=0))
"""How many bars each limb has, and the first of them: those of a limb follow on each other."""


class Looks(NamedTuple):
    """What the person looks like, bar by bar.

    widths: ... x BARS, half widths in px or in body heights. colours: ... x SIDES x BARS x ALONG x ACROSS x 3 in
    [-1, 1], from the start of each bar to its end, from WIDE widths at its left to as many at its right. cover: ... x
    SIDES x BARS x ALONG x ACROSS in 0..1, how much of her there usually is.
    """

    widths: Tensor
    colours: Tensor
    cover: Tensor

    def times(self, factor: float) -> Looks:
        """The looks in other units of length."""
        return self._replace(widths=self.widths * factor)

    def on(self, device: torch.device) -> Looks:
        """The looks on a device."""
        return Looks(*(part.to(device) for part in self))

    def at(self, places: Tensor) -> Looks:
        """The looks of several people, chosen along the first dimension."""
        return Looks(*(part[places] for part in self))


def bars(pose: Segments) -> Segments:
    """The bars of poses ... x S: limbs as they are, the trunk as bars between its flanks, and the head."""
    share = constant(_TRUNK, pose.seen.device)[:, None]

    def across(points: Tensor) -> Tensor:
        return torch.lerp(points[..., _LEFT, None, :], points[..., _RIGHT, None, :], share)

    shoulders, ears = pose.starts[..., _NECK, None, :], pose.ends[..., _NECK, None, :]
    trunk = torch.minimum(pose.seen[..., _LEFT, None], pose.seen[..., _RIGHT, None]).expand(
        *pose.seen.shape[:-1], len(_TRUNK)
    )
    return Segments(
        torch.cat((chosen(pose.starts, -2, _KEPT), across(pose.starts), shoulders), -2),
        torch.cat((chosen(pose.ends, -2, _KEPT), across(pose.ends), torch.lerp(shoulders, ears, 1 + _CROWN)), -2),
        torch.cat((chosen(pose.seen, -1, _KEPT), trunk, pose.seen[..., _NECK, None]), -1),
    )


def facing(pose: Segments) -> Tensor:
    """How much of the front every bar shows, ... x BARS from 0 (from behind) to 1; the head may look elsewhere."""
    left, right = pose.starts[..., _LEFT, :], pose.starts[..., _RIGHT, :]
    hips = chosen(pose.ends, -2, (_LEFT, _RIGHT)).mean(-2)
    trunk = _front(left, right, (left + right) / 2 - hips)
    trunk = torch.where(chosen(pose.seen, -1, (_LEFT, _RIGHT)).amin(-1) > 0, trunk, 1.0)
    head = _front(pose.ends[..., _LEFT_EAR, :], pose.ends[..., _RIGHT_EAR, :],
                  pose.ends[..., _NECK, :] - pose.starts[..., _NECK, :])  # fmt: skip
    head = torch.where(chosen(pose.seen, -1, (_LEFT_EAR, _RIGHT_EAR, _NECK)).amin(-1) > 0, head, trunk)
    return torch.cat((trunk[..., None].expand(*trunk.shape, BARS - 1), head[..., None]), -1)


def order(seen: Tensor) -> Tensor:
    """How far behind the others each bar lies, ... x BARS, by its confidence: added to squared distances in widths.

    Landmarkers are less sure of what they cannot see: an arm in plain view is before the trunk, whatever it crosses,
    and a limb that is hidden behind it. A limb before hides what lies within its width.
    """
    plain = ((seen - _HIDDEN) / (_SHOWN - _HIDDEN)).clamp(0, 1)
    return (1 - plain) * constant(_FREE, seen.device) - plain * constant(_ARMS, seen.device)


def _front(left: Tensor, right: Tensor, up: Tensor) -> Tensor:
    """1 where, looking along `up`, the left lies on the right as it does of somebody who faces the camera."""
    wide = left - right
    turned = (wide[..., 1] * up[..., 0] - wide[..., 0] * up[..., 1]) / up.square().sum(-1).clamp_min(1e-6)
    return (0.5 + turned / (2 * _TURNING)).clamp(0, 1)


def posed(pose: Segments, size: tuple[int, int], width: float, coarse: int = 1, looks: Looks | None = None) -> Tensor:
    """What the networks see of poses: the pose maps of maps.draw and, with looks (in px), the sketch as well.

    Returns ... x n_s (+ CHANNELS) x H/coarse x W/coarse.
    """
    lines = maps.draw(pose, size, width, coarse)
    return lines if looks is None else torch.cat((lines, draw(pose, looks, size, coarse)), -3)


def draw(pose: Segments, looks: Looks, size: tuple[int, int], coarse: int = 1) -> Tensor:
    """Sketch a person in poses: every px shows the texture of the bar that it lies deepest in, or that lies before it,
    and where that does not cover it, the next limb's.

    Args:
        pose: segments ... x S, ends in px of the picture.
        looks: widths in px of the picture; their leading dimensions are the first of the poses', or none.
        size: (width, height) of the picture in px.
        coarse: draw at 1/coarse of the size.

    Returns:
        ... x 4 x H/coarse x W/coarse: colour in [-1, 1] times cover, and cover in 0..1.
    """
    return _textured(pose, looks, _laid(bars(pose), looks.widths, size, coarse))


def draw_with_arms(
    pose: Segments, looks: Looks, size: tuple[int, int], coarse: int = 1
) -> tuple[Tensor, Tensor, Tensor]:
    """The sketch as draw gives it, where it shows arms, and where hands, ... x H/coarse x W/coarse each: 1 in their
    middle, 0 beyond their rims; arguments as for draw."""
    laid = _laid(bars(pose), looks.widths, size, coarse)
    share = ((_SKIN - laid.apart) / (_SKIN - _CORE)).clamp_(0, 1)
    shape = *pose.seen.shape[:-1], *laid.bar.shape[1:]
    arms, hands = ((share * constant(bar, share.device)[laid.bar]).reshape(shape) for bar in (_ARMS, _HANDS))
    return _textured(pose, looks, laid), arms, hands


class _Laid(NamedTuple):
    """To which bar each px belongs, int N x H x W, and how far apart they are, in widths; the same two if the limb of
    that bar were not there; the bars' starts and ends N x BARS x 2 and widths N x BARS in px of the sketch."""

    bar: Tensor
    apart: Tensor
    next_bar: Tensor
    next_apart: Tensor
    starts: Tensor
    ends: Tensor
    widths: Tensor


def _laid(pose: Segments, widths: Tensor, size: tuple[int, int], coarse: int) -> _Laid:
    """pose: bars ... x BARS. The rest as for draw."""
    wide, high = size[0] // coarse, size[1] // coarse
    starts, ends = (points.reshape(-1, BARS, 2) / coarse for points in (pose.starts, pose.ends))
    widths = _spread(widths, pose.seen.shape[:-1], 1).reshape(-1, BARS) / coarse
    unseen = pose.seen.reshape(-1, BARS, 1, 1) <= 0
    ratio = maps.squared_distances(starts, ends, (wide, high)).div_(widths.square()[..., None, None])
    depth = ratio.masked_fill_(unseen, torch.inf) + order(pose.seen).reshape(-1, BARS, 1, 1)
    limbs = [limb.min(1) for limb in depth.split(_LIMB_SIZES, 1)]  # seven times as fast as argmin on a CPU
    depth, deepest = (torch.stack(of_limbs, 1) for of_limbs in zip(*limbs, strict=True))
    deepest += constant(_LIMB_BEGINS, deepest.device)[:, None, None]
    limb = depth.min(1, keepdim=True).indices
    next_limb = depth.scatter_(1, limb, torch.inf).min(1, keepdim=True).indices
    bar, next_bar = deepest.gather(1, limb), deepest.gather(1, next_limb)
    apart, next_apart = (ratio.gather(1, of)[:, 0].sqrt_() for of in (bar, next_bar))
    return _Laid(bar[:, 0], apart, next_bar[:, 0], next_apart, starts, ends, widths)


def _textured(pose: Segments, looks: Looks, laid: _Laid) -> Tensor:
    """The textures of the bars where they lie, see draw. pose: segments ... x S."""
    lead = pose.seen.shape[:-1]
    textures = _textures(looks, lead, facing(pose).reshape(-1, BARS))
    first, _ = _shown(textures, laid, laid.bar, laid.apart)
    behind, beside = _shown(textures, laid, laid.next_bar, laid.next_apart)
    # Nobody has measured what is beyond the ends of a bar, where another one goes on.
    first += (1 - first[:, 3:]) * behind * beside[:, None]
    return first.reshape(*lead, CHANNELS, *laid.bar.shape[1:])


def _shown(textures: Tensor, laid: _Laid, bar: Tensor, apart: Tensor) -> tuple[Tensor, Tensor]:
    """What every px shows of one bar N x H x W, of which it is so many widths apart: N x CHANNELS x H x W; and where it
    lies beside the bar, not beyond its ends, bool N x H x W."""
    along, across = _within(laid.starts, laid.ends, laid.widths, bar)
    rows = (bar * ALONG + along * (ALONG - 1)) * (2 / (BARS * ALONG - 1)) - 1
    places = torch.stack((across / WIDE, rows), -1)
    # Clamped, and textures that lie in a row: not every device knows a border padding, or other orders of memory.
    seen = functional.grid_sample(textures, places.clamp_(-1, 1), align_corners=True)
    cover = seen[:, 3:] * ((WIDE - apart) / _SOFT).clamp_(0, 1)[:, None]
    return torch.cat((seen[:, :3] * cover, cover), 1), (along > 0) & (along < 1)


def _textures(looks: Looks, lead: torch.Size, front: Tensor) -> Tensor:
    """What each pose's bars show, one below the other: N x 4 x (BARS * ALONG) x ACROSS. front: N x BARS, see facing."""
    back, facing = torch.cat((looks.colours, looks.cover[..., None]), -1).unbind(-5)
    back, facing = (_spread(side, lead, 4).reshape(-1, BARS, ALONG, ACROSS, 4) for side in (back, facing))
    mixed = torch.lerp(back, facing, front[:, :, None, None, None])
    return mixed.flatten(1, 2).permute(0, 3, 1, 2).contiguous()


def _spread(values: Tensor, lead: torch.Size, own: int) -> Tensor:
    """Values with `own` dimensions of their own, the same for all poses of their leading dimensions."""
    given, kept = values.shape[: values.dim() - own], values.shape[values.dim() - own :]
    return values.reshape(*given, *(1,) * (len(lead) - len(given)), *kept).expand(*lead, *kept)


def _within(starts: Tensor, ends: Tensor, widths: Tensor, bar: Tensor) -> tuple[Tensor, Tensor]:
    """Where every px lies in its bar: how far along, 0..1, and how far to its right, in widths; N x H x W both.

    starts, ends: N x BARS x 2. widths: N x BARS. bar: N x H x W.
    """
    way = ends - starts
    length = way.norm(dim=-1).clamp_min(1e-3)
    unit = way / length[..., None]
    # Along and across are affine in x and y, so each bar's coefficients are gathered rather than its ends.
    first = (unit * starts).sum(-1), starts[..., 0] * -unit[..., 1] + starts[..., 1] * unit[..., 0]
    table = torch.stack((unit[..., 0] / length, unit[..., 1] / length, first[0] / length,
                         -unit[..., 1] / widths, unit[..., 0] / widths, first[1] / widths), -1)  # fmt: skip
    chosen = table.gather(1, bar.flatten(1)[..., None].expand(-1, -1, 6)).unflatten(1, bar.shape[1:])
    y, x = (torch.arange(n, device=bar.device) + 0.5 for n in bar.shape[1:])
    x, y = x[None, None, :], y[None, :, None]
    along = chosen[..., 0] * x + chosen[..., 1] * y - chosen[..., 2]
    across = chosen[..., 3] * x + chosen[..., 4] * y - chosen[..., 5]
    return along.clamp_(0, 1), across
