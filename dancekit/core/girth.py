"""Girth: how far from each of her bones a person reaches, measured on her film.

On poses that the film never shows there is no true cut-out to learn from, but nothing of her can be further from every
bone than it ever was: hair, skirts and hats are measured with the rest. Training holds the alpha of wild poses to that,
and rendering fades out what is left (not in the paper).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from dancekit.core import maps, skeleton
from dancekit.core.maps import Segments

_USUAL = {
    "upper arm": 0.035, "forearm": 0.03, "hand": 0.035, "thumb": 0.025, "flank": 0.09, "thigh": 0.06, "shin": 0.045,
    "foot": 0.035, "face": 0.07, "shoulders": 0.05, "pelvis": 0.09, "neck": 0.06, "mouth": 0.06,
}  # fmt: skip
"""Girths of people in everyday clothes, as shares of the body height: they tell whose bone a px most likely belongs to,
so that a forearm in front of the belly does not count as that wide, and are the least that is measured."""
_SHARE, _FRAMES = 0.99, 0.95
"""Of the px that belong to a bone, the share that its girth holds in a frame; of the frames, likewise."""
_ENOUGH = 0.2
"""Share of the frames that must show all bones for the others not to count."""
_SLACK, _NOTHING = 1.15, 1.5
"""Within the girth times the first all may be hers, beyond the girth times the second nothing is."""
_MEASURED = 128
"""Body height in px at which films are measured."""
_COARSE = 4
"""Rendering looks at every fourth px: the edge that it fades is a soft one."""


USUAL_GIRTHS = np.array(
    [
        _USUAL[skeleton.PARTS[channel].name.removeprefix("left ").removeprefix("right ")]
        for channel in maps.SEGMENT_CHANNELS
    ],
    np.float32,
)
"""The same for every segment, float32 [S]."""


class Owned(NamedTuple):
    """To which bones a person's px belong in one frame.

    apart: float32 [N], how far each of her N px, at the size at which films are measured, is from its bone, in usual
    widths. bones: int [N]. complete: whether all bones are seen.
    """

    apart: np.ndarray
    bones: np.ndarray
    complete: bool


def measure(frames: Iterable[tuple[np.ndarray, np.ndarray]], body: float) -> np.ndarray:
    """The girth of every segment (skeleton.SEGMENTS) as a share of the body height, float32 [S].

    frames: landmarks [J, 3] in px and alpha uint8 [h, w] of each. body: body height in px. Frames with bones missing do
    not count, since what they hide would seem to belong to another bone, unless few frames show all.
    """
    whole, partly = [], []
    for points, alpha in frames:
        reached, complete = _reached(points, alpha, body)
        (whole if complete else partly).append(reached)
    if len(whole) < _ENOUGH * (len(whole) + len(partly)):
        whole += partly
    table = np.stack(whole or [np.ones_like(USUAL_GIRTHS)])
    return (USUAL_GIRTHS * np.quantile(table, _FRAMES, axis=0)).astype(np.float32)


def _reached(points: np.ndarray, alpha: np.ndarray, body: float) -> tuple[np.ndarray, bool]:
    """How far the person reaches from each bone in one frame, in usual girths and at least 1. Also whether all bones
    are there."""
    reached = np.ones_like(USUAL_GIRTHS)
    hers = owned(maps.segments(torch.from_numpy(points)), USUAL_GIRTHS, alpha, body)
    if hers is None:
        return reached, False
    for bone in np.unique(hers.bones):
        reached[bone] = max(1.0, np.quantile(hers.apart[hers.bones == bone], _SHARE))
    return reached, hers.complete


def owned(pose: Segments, usual: np.ndarray, alpha: np.ndarray, body: float) -> Owned | None:
    """Whose bone each px of a cut-out most likely belongs to: the one it is nearest to in usual widths.

    pose: bones S (x 2) px. usual: their usual half widths, float32 [S] body heights. alpha: uint8 [h, w]. body: body
    height in px. None where there is nobody.
    """
    scale = min(1.0, _MEASURED / body)
    size = max(1, round(alpha.shape[1] * scale)), max(1, round(alpha.shape[0] * scale))
    inside, seen = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA) > 127, pose.seen > 0
    if not seen.any() or not inside.any():
        return None
    scaled = Segments(pose.starts * scale, pose.ends * scale, pose.seen)
    squared = squared_in_widths(scaled, torch.from_numpy(usual) * body * scale, size)
    nearest, owner = squared[:, torch.from_numpy(inside)].min(0)
    return Owned(nearest.sqrt().numpy(), owner.numpy(), bool(seen.all()))


def squared_in_widths(pose: Segments, widths: Tensor, size: tuple[int, int]) -> Tensor:
    """How far every px of a picture of (width, height) is from each bone of poses ... x S, in half widths S px of the
    bones, squared: ... x S x H x W, inf for bones that are not seen."""
    lead, count = pose.seen.shape[:-1], pose.seen.shape[-1]
    starts, ends = (points.reshape(-1, count, 2) for points in (pose.starts, pose.ends))
    squared = maps.squared_distances(starts, ends, size).div_(widths.square()[:, None, None])
    squared.masked_fill_(pose.seen.reshape(-1, count, 1, 1) <= 0, torch.inf)
    return squared.reshape(*lead, *squared.shape[1:])


def beyond(pose: Segments, girth: Tensor, size: tuple[int, int], coarse: int = 1) -> Tensor:
    """Where a person in these poses cannot be: ... x 1 x H/coarse x W/coarse, 0 within her reach, 1 where she is not.

    pose: segments in px of the picture. girth: S, px of the picture. size: (width, height) px of the picture. Where no
    bone is seen at all, nothing is known, and all is 0.
    """
    scaled = Segments(pose.starts / coarse, pose.ends / coarse, pose.seen)
    squared = squared_in_widths(scaled, girth / coarse, (size[0] // coarse, size[1] // coarse))
    share = squared.amin(-3, keepdim=True).sqrt_().sub_(_SLACK).div_(_NOTHING - _SLACK).clamp_(0, 1)
    return share * (pose.seen > 0).any(-1)[..., None, None, None]


def extent(pose: Segments, girth: Tensor) -> Tensor:
    """Left and right of where a person in these poses can be: ... x 2 px, from -inf to inf where no bone is seen.

    pose: segments ... x S in px. girth: S, px.
    """
    sides, far = torch.stack((pose.starts[..., 0], pose.ends[..., 0]), -1), _NOTHING * girth
    unseen = pose.seen <= 0
    left = (sides.amin(-1) - far).masked_fill(unseen, torch.inf).amin(-1)
    right = (sides.amax(-1) + far).masked_fill(unseen, -torch.inf).amax(-1)
    nobody = unseen.all(-1)
    return torch.stack((left.masked_fill(nobody, -torch.inf), right.masked_fill(nobody, torch.inf)), -1)


def faded(picture: np.ndarray, points: np.ndarray, girth: np.ndarray) -> np.ndarray:
    """A painted person, uint8 [h, w, 4] at landmarks [J, 3], faded out where she cannot be. girth: S, px."""
    height, width = picture.shape[:2]
    pose = maps.segments(torch.from_numpy(points))
    nothing = beyond(pose, torch.from_numpy(girth), (width, height), _COARSE)[0].numpy()
    if not nothing.any():
        return picture
    kept = 1 - cv2.resize(nothing, (width, height), interpolation=cv2.INTER_LINEAR)
    result = picture.copy()
    result[..., 3] = np.rint(picture[..., 3] * kept)
    return result
