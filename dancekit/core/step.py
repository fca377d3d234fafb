"""One training step: the generator's turn and the discriminators' turn on the same pictures and the same verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.optim import Optimizer

from dancekit.core import adversary, chance, objective
from dancekit.core.adversary import Judged
from dancekit.core.batch import Batch
from dancekit.core.objective import Lesson, Made, Networks, Weights


class Work(NamedTuple):
    """The parts of a step that do its arithmetic: objective's functions of these names, or compiled ones."""

    generate: Callable[..., Made]
    judge: Callable[..., Judged]
    generator_loss: Callable[..., dict[str, Tensor]]


PLAIN = Work(objective.generate, objective.judge, objective.generator_loss)


def _alone(gradients: Sequence[Tensor]) -> None:
    """Leave them as they are."""


def take_step(
    networks: Networks,
    optimisers: Mapping[str, Optimizer],
    batch: Batch,
    lesson: Lesson,
    weights: Weights,
    dtype: torch.dtype,
    random: torch.Generator,
    judging: bool = True,
    agree: Callable[[Sequence[Tensor]], None] = _alone,
    work: Work = PLAIN,
) -> dict[str, Tensor]:
    """Update the generator of the present stage and all discriminators once.

    optimisers: "generator" and "critics". dtype: what the networks compute in (weights stay float32). random: on the
    batch's device. judging: without it the discriminators rest, and the generator learns from the other terms alone.
    agree: called with the gradients of each, for processes that train together to average them. work: as it is written
    or compiled. Returns every loss term, detached; the discriminators' begin with "D ".
    """
    with torch.autocast(batch.frames.device.type, dtype, enabled=dtype != torch.float32):
        drawn = chance.draw(batch, lesson.augmentation, weights.every, random)
        made = work.generate(networks, batch, drawn, lesson, dtype)
        judged = work.judge(networks, made) if judging else None
        terms = work.generator_loss(networks, made, judged, batch, weights, lesson.matte, drawn.perceived)
        verdicts = {} if judged is None else adversary.critic_loss(judged)
    # Both turns read the same forward pass, each for its own weights only, before either is updated.
    turns = {"critics": verdicts, "generator": terms} if verdicts else {"generator": terms}
    for name, wanted in turns.items():
        _gradients(optimisers[name], wanted, name == "critics", agree)
    for name in turns:
        optimisers[name].step()
    named = terms | {f"D {name}": term for name, term in verdicts.items()}
    return {name: term.detach() for name, term in named.items()}


def _gradients(
    optimiser: Optimizer, terms: dict[str, Tensor], keep: bool, agree: Callable[[Sequence[Tensor]], None]
) -> None:
    optimiser.zero_grad(set_to_none=True)
    total = torch.stack([term.float() for term in terms.values()]).sum()
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    total.backward(inputs=parameters, retain_graph=keep)
    agree([p.grad for p in parameters if p.grad is not None])


def set_rate(optimisers: Mapping[str, Optimizer], rate: float) -> None:
    """Give all optimisers a learning rate."""
    for optimiser in optimisers.values():
        for group in optimiser.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
