"""What chance decides of a training step, drawn before all else: what is left of the step can be compiled whole."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dancekit.core import maps
from dancekit.core.augment import Augmentation, disturb
from dancekit.core.maps import Segments


@dataclass(frozen=True)
class Chance:
    """film, wild: the segments of the film's poses and of the wild ones (None without any), as disturbed.
    perceived: which of the B*M frames the perceptual trunk looks at; None for all."""

    film: Segments
    wild: Segments | None
    perceived: Tensor | None


def draw(
    film: Tensor,
    wild: Tensor | None,
    frames: Tensor,
    augmentation: Augmentation | None,
    every: int,
    random: torch.Generator,
) -> Chance:
    """Draw it for a batch.

    film: B x T x J x 3 px. wild: B' x T' x J x 3 px. frames: B x M x 4 x H x W. every: the trunk looks at every n-th
    frame, from a random one on. random: on the device of all.
    """

    def disturbed(poses: Tensor) -> Segments:
        pose = maps.segments(poses)
        return pose if augmentation is None else disturb(pose, frames.shape[-2], augmentation, random)

    poses = disturbed(film), None if wild is None else disturbed(wild)
    count, device = len(frames) * frames.shape[1], frames.device
    every, perceived = min(every, count), None
    if every > 1:  # the choice stays on the device: waiting for it would take longer than looking at all
        first = torch.randint(every, (), generator=random, device=device)
        perceived = first + torch.arange(0, count - every + 1, every, device=device)
    return Chance(*poses, perceived)
