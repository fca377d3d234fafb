"""What the discriminators' verdicts are worth: LSGAN for both turns, and feature matching (section 3.4)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dancekit.core.distance import absolute

Verdicts = list[list[Tensor]]
"""Features of every layer, scale by scale, the last of each scale being the verdict."""


@dataclass(frozen=True)
class Judged:
    """(verdicts on made frames, verdicts on true frames) of each discriminator; one pass serves both turns."""

    pair: tuple[Verdicts, Verdicts]
    time: tuple[Verdicts, Verdicts] | None
    wild: tuple[Verdicts, Verdicts] | None


def critic_loss(judged: Judged) -> dict[str, Tensor]:
    """The discriminators' least-squares losses: true frames should be 1, made ones 0."""
    return {name: 0.5 * (should_be(true, 1.0) + should_be(made, 0.0)) for name, (made, true) in named(judged).items()}


def named(judged: Judged) -> dict[str, tuple[Verdicts, Verdicts]]:
    """The verdicts by discriminator: (on made frames, on true frames)."""
    pairs = {"pair": judged.pair, "time": judged.time, "wild": judged.wild}
    return {name: pair for name, pair in pairs.items() if pair is not None}


def should_be(verdicts: Verdicts, target: float) -> Tensor:
    """LSGAN: mean squared distance of the verdicts from the target, summed over the scales as in pix2pixHD."""
    return torch.stack([(scale[-1].float() - target).square().mean() for scale in verdicts]).sum()


def features_apart(made: Verdicts, true: Verdicts) -> Tensor:
    """Feature matching: L1 distance of all layers but the verdict, summed over layers and averaged over scales."""
    terms = [
        absolute(a, b).mean()
        for fake, real in zip(made, true, strict=True)
        for a, b in zip(fake[:-1], real[:-1], strict=True)
    ]
    return torch.stack(terms).sum() / len(made)
