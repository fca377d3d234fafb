"""One training step: the generator's turn, then the discriminators' turn on the same pictures."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim import Optimizer

from dancekit.core import objective
from dancekit.core.objective import Batch, Drawing, Networks, Weights
from dancekit.networks.patch import PatchCritic


def take_step(networks: Networks, optimisers: dict[str, Optimizer], batch: Batch, drawing: Drawing, weights: Weights,
              dtype: torch.dtype, random: torch.Generator) -> dict[str, Tensor]:  # fmt: skip
    """Update the generator of the present stage and all discriminators once.

    optimisers: "generator" and "critics". dtype: what the networks compute in (weights stay float32). random: on the
    batch's device. Returns every loss term, detached; the discriminators' begin with "D ".
    """
    critics = networks.critics()
    with torch.autocast(batch.frames.device.type, dtype, enabled=dtype != torch.float32):
        made = objective.generate(networks, batch, drawing, random)
        _learn(critics, False)
        terms = objective.generator_loss(networks, made, batch, weights, drawing.matte, random)
    _descend(optimisers["generator"], terms)
    _learn(critics, True)
    with torch.autocast(batch.frames.device.type, dtype, enabled=dtype != torch.float32):
        judged = objective.critic_loss(networks, made)
    _descend(optimisers["critics"], judged)
    named = terms | {f"D {name}": term for name, term in judged.items()}
    return {name: term.detach() for name, term in named.items()}


def _learn(critics: list[PatchCritic], learning: bool) -> None:
    """Frozen critics pass the generator's gradient on without computing their own."""
    for critic in critics:
        critic.requires_grad_(learning)


def _descend(optimiser: Optimizer, terms: dict[str, Tensor]) -> None:
    optimiser.zero_grad(set_to_none=True)
    torch.stack([term.float() for term in terms.values()]).sum().backward()
    optimiser.step()


def set_rate(optimisers: dict[str, Optimizer], rate: float) -> None:
    """Give all optimisers a learning rate."""
    for optimiser in optimisers.values():
        for group in optimiser.param_groups:
            group["lr"] = rate
