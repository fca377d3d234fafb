"""What chance decides of a training step, drawn before all else: what is left of the step can be compiled whole."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dancekit.core import maps
from dancekit.core.augment import Augmentation, disturb
from dancekit.core.batch import Batch
from dancekit.core.maps import Segments


@dataclass(frozen=True)
class Chance:
    """film, wild: the segments of the film's poses and of the wild ones (None without any), as disturbed.
    perceived: which of the B*M frames the perceptual trunk looks at; None for all."""

    film: Segments
    wild: Segments | None
    perceived: Tensor | None


def draw(batch: Batch, augmentation: Augmentation | None, every: int, random: torch.Generator) -> Chance:
    """Draw it for a batch. every: the trunk looks at every n-th frame, from a random one on. random: on its device."""

    def disturbed(poses: Tensor) -> Segments:
        pose = maps.segments(poses)
        return pose if augmentation is None else disturb(pose, batch.frames.shape[-2], augmentation, random)

    poses = disturbed(batch.poses), None if batch.wild is None else disturbed(batch.wild)
    count, device = len(batch.frames) * batch.frames.shape[1], batch.frames.device
    every, perceived = min(every, count), None
    if every > 1:  # the choice stays on the device: waiting for it would take longer than looking at all
        first = torch.randint(count, (), generator=random, device=device)
        perceived = (first + torch.arange(0, count - every + 1, every, device=device)) % count
    return Chance(*poses, perceived)
