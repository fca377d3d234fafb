"""Pose augmentation (section 3.2): training poses as faulty as detected ones, so that neither hurts at render time."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dancekit.core.maps import CHANNELS, SEGMENT_CHANNELS, Segments


@dataclass(frozen=True)
class Augmentation:
    """How strongly poses are disturbed; probabilities are per channel, distances a share of the picture's height."""

    drop: float = 0.05
    """Probability that a body part vanishes from a whole window."""
    move: float = 0.1
    """Probability that a part's ends move."""
    distance: float = 0.015
    """Standard deviation of that movement."""
    stretch: float = 0.1
    """Probability that a limb is drawn longer or shorter."""
    range: float = 0.2
    """By how much at the most: 0.2 is from 0.8 to 1.2 times its length."""


def disturb(pose: Segments, height: int, strength: Augmentation, random: torch.Generator) -> Segments:
    """Drop parts, move their ends and change their lengths, alike in all frames of a window.

    pose: segments B x T x S (x 2); height of the picture in px; random: a generator on the segments' device.
    """
    batch = pose.seen.shape[0]
    chosen = _per_part(batch, pose.seen, random)
    kept = (chosen() >= strength.drop).to(pose.seen.dtype)
    moved = (chosen() < strength.move)[..., None] * strength.distance * height
    shift = [
        moved * torch.randn(batch, 1, len(SEGMENT_CHANNELS), 2, generator=random, device=pose.seen.device)
        for _ in range(2)
    ]
    stretched = (chosen() < strength.stretch) * strength.range
    factor = (1 + stretched * (2 * chosen() - 1))[..., None]
    middle = (pose.starts + pose.ends) / 2
    starts = middle + (pose.starts - middle) * factor + shift[0]
    ends = middle + (pose.ends - middle) * factor + shift[1]
    return Segments(starts, ends, pose.seen * kept)


def _per_part(batch: int, like: Tensor, random: torch.Generator):
    """A function drawing uniform numbers B x 1 x S, equal for all segments of one part."""
    channels = torch.tensor(SEGMENT_CHANNELS, device=like.device)

    def draw() -> Tensor:
        return torch.rand(batch, 1, CHANNELS, generator=random, device=like.device)[..., channels]

    return draw
