"""What can be asked of frames in strangers' moves, for which there is no truth (see section 3.3)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional

from dancekit.core import girth, maps, skeleton
from dancekit.core.constants import chosen, constant

_CELL, _AFAR = 4, 8
"""Alpha and colour are looked at in cells of so many px: they divide every size. What is finer is the person's own."""
_COLOUR = 0.3
"""How much colour counts beside alpha: the base knows well where a person ends, and only roughly how she is dressed."""
_ARMS = skeleton.channels(*skeleton.FOREARMS)
_ARM = 10.0
"""How much the colour of forearms and hands counts, from as near as alpha. The base knows well how they are seen before
whatever they cross; films show that seldom, and mostly smeared by the move."""


def excess(alpha: Tensor, poses: Tensor, reaches: Sequence[float]) -> Tensor:
    """Alpha N x 1 x H x W of frames in the middle of poses N x T x J x 3 (px), kept where the person cannot be.

    reaches: how far from each bone she reaches, in px (see core.girth). Returns N x 1 x H/4 x W/4.
    """
    pose = maps.segments(poses[:, poses.shape[1] // 2])
    limits = constant(tuple(map(float, reaches)), alpha.device)
    nothing = girth.beyond(pose, limits, (alpha.shape[-1], alpha.shape[-2]), _CELL)
    return functional.avg_pool2d(alpha, _CELL) * nothing


def lack(alpha: Tensor, pose: Tensor, coarse: int) -> Tensor:
    """What alpha N x 1 x H x W lacks along the bones of pose maps N x n_s (or more) x H/coarse x W/coarse."""
    return (1 - functional.avg_pool2d(alpha, coarse)) * pose[:, : maps.CHANNELS].amax(1, keepdim=True)


def strayed(made: Tensor, anchored: Tensor, pose: Tensor, coarse: int) -> Tensor:
    """Mean distance of frames N x 4 x H x W from those that the base draws, seen from afar: of alpha and of colour.

    Tuning on one film would else unlearn what other moves look like (Li and Hoiem 2016, learning without forgetting).
    pose: their pose maps N x n_s (or more) x H/coarse x W/coarse, which tell where arms are.
    """
    arms = functional.avg_pool2d(chosen(pose, 1, _ARMS).amax(1, keepdim=True), _CELL // coarse)
    (alpha, near), (true_alpha, true_near) = (_from_afar(frames) for frames in (made, anchored))
    far, true_far = (functional.avg_pool2d(colour, _AFAR // _CELL) for colour in (near, true_near))
    cloth = _COLOUR * functional.l1_loss(far, true_far)
    return functional.l1_loss(alpha, true_alpha) + cloth + _ARM * (arms * (near - true_near).abs()).mean()


def _from_afar(frames: Tensor) -> tuple[Tensor, Tensor]:
    """Alpha and colour of frames in cells: N x 1 and N x 3 x H/4 x W/4."""
    return functional.avg_pool2d(frames[:, 3:], _CELL), functional.avg_pool2d(frames[:, :3] * frames[:, 3:], _CELL)
