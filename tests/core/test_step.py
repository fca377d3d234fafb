"""The step: each turn trains its own weights only, the loss falls, and seeds decide all."""

from __future__ import annotations

from dataclasses import replace

import pytest
import tiny
import torch
from tiny import batch, lesson, networks, random
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer

from dancekit.core import adversary, chance, objective
from dancekit.core.augment import Augmentation
from dancekit.core.batch import Batch
from dancekit.core.objective import Lesson, Networks, Weights
from dancekit.core.step import set_rate, take_step

F32 = torch.float32
WEIGHTS = Weights(colour=10.0)


def optimisers(nets: Networks, rate: float = 1e-3, kind: type[Optimizer] = Adam) -> dict[str, Optimizer]:
    critics = [p for critic in nets.critics() for p in critic.parameters()]
    return {"generator": kind(nets.trained.parameters(), lr=rate), "critics": kind(critics, lr=rate)}  # type: ignore[call-arg]


def step(nets: Networks, tools: dict[str, Optimizer], given: Batch, seed: int = 0, how: Lesson = tiny.LESSON,
         dtype: torch.dtype = F32, weights: Weights = WEIGHTS) -> dict[str, Tensor]:  # fmt: skip
    return take_step(nets, tools, given, how, weights, dtype, random(seed))


def state(*modules: nn.Module) -> list[Tensor]:
    return [p.detach().clone() for module in modules for p in module.parameters()]


def unchanged(before: list[Tensor], *modules: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(before, state(*modules), strict=True))


@pytest.mark.parametrize("stage", [1, 2])
def test_each_turn_moves_its_own_weights_only(stage: int) -> None:
    for still in ("generator", "critics"):
        nets, given = networks(stage), batch(stage)
        tools = optimisers(nets)
        set_rate({still: tools[still]}, 0.0)
        before = {"generator": state(nets.trained), "critics": state(*nets.critics())}
        step(nets, tools, given)
        assert unchanged(before["generator"], nets.trained) == (still == "generator")
        assert unchanged(before["critics"], *nets.critics()) == (still == "critics")


@pytest.mark.parametrize("stage", [1, 2])
def test_each_turn_follows_the_gradient_of_its_own_loss_alone(stage: int) -> None:
    nets, given = networks(stage), batch(stage)
    drawn = chance.draw(given, tiny.LESSON.augmentation, WEIGHTS.every, random())
    made = objective.generate(nets, given, drawn, tiny.LESSON, F32)
    terms = objective.generator_loss(nets, made, objective.judge(nets, made), given, WEIGHTS, True)
    own = list(nets.trained.parameters())
    wanted = torch.autograd.grad(torch.stack(list(terms.values())).sum(), own)
    critics = [p for critic in nets.critics() for p in critic.parameters()]
    with torch.no_grad():
        fixed = objective.generate(nets, given, drawn, tiny.LESSON, F32)
    verdicts = adversary.critic_loss(objective.judge(nets, fixed))
    judged = torch.autograd.grad(torch.stack(list(verdicts.values())).sum(), critics)
    before = [p.detach().clone() for p in (*own, *critics)]
    step(nets, optimisers(nets, 1.0, SGD), given)
    for old, now, slope in zip(before, (*own, *critics), (*wanted, *judged), strict=True):
        assert torch.allclose(old - now.detach(), slope, rtol=1e-3, atol=1e-5)
    assert max(float(slope.abs().max()) for slope in wanted) > 1e-2
    assert all(float(slope.abs().max()) > 0 for slope in judged)


def test_the_second_stage_leaves_the_first_untouched() -> None:
    nets, given = networks(2), batch(2)
    before = state(nets.draw)
    tools = optimisers(nets)
    for seed in range(3):
        step(nets, tools, given, seed)
    assert unchanged(before, nets.draw)
    assert all(p.grad is None for p in nets.draw.parameters())
    assert all(p.grad is None for p in nets.perceptual.parameters())


@pytest.mark.parametrize("stage", [1, 2])
def test_a_few_steps_learn_a_few_frames(stage: int) -> None:
    nets, given = networks(stage), batch(stage)
    frames = given.frames.clone()
    frames[:, :, 0], frames[:, :, 1:3], frames[:, :, 3] = 0.8, -0.6, 0.0
    frames[:, :, 3, 6:20, 4:12] = 1.0
    given = replace(given, frames=frames)
    tools = optimisers(nets, 1e-3)
    told = [step(nets, tools, given, seed) for seed in range(30)]
    for name, share in (("colour", 0.5), ("alpha", 0.5), ("perceptual", 0.6)):
        assert float(told[-1][name]) < share * float(told[0][name]), name


@pytest.mark.parametrize("stage", [1, 2])
def test_critics_learn_to_tell_made_frames_from_true_ones(stage: int) -> None:
    nets, given = networks(stage), batch(stage)
    tools = optimisers(nets, 5e-3)
    set_rate({"generator": tools["generator"]}, 0.0)
    told = [step(nets, tools, given) for _ in range(20)]
    for name in ("D pair", "D time", "D wild"):
        assert float(told[-1][name]) < 0.6 * float(told[0][name]), name


@pytest.mark.parametrize("stage", [1, 2])
def test_seeds_decide_all(stage: int) -> None:
    how = lesson(augmentation=Augmentation(0.2, 0.5, 0.05))

    def run(seed: int) -> list[Tensor]:
        nets, given = networks(stage), batch(stage)
        tools = optimisers(nets)
        for number in range(3):
            step(nets, tools, given, seed + number, how, weights=replace(WEIGHTS, every=2))
        return state(nets.trained, *nets.critics())

    first, again, other = run(0), run(0), run(100)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_every_term_is_told_by_name_and_holds_no_graph() -> None:
    nets = networks(1)
    told = step(nets, optimisers(nets), batch(1))
    generator = {"pair", "time", "wild", "features", "perceptual", "alpha", "colour"}
    assert set(told) == generator | {"D pair", "D time", "D wild"}
    assert not any(term.requires_grad for term in told.values())
    paper = step(nets, optimisers(nets), batch(1), how=lesson(matte=False), weights=Weights())
    assert set(paper) == (generator - {"alpha", "colour"}) | {"D pair", "D time", "D wild"}


def test_a_batch_without_strangers_leaves_their_critic_alone() -> None:
    nets = networks(1)
    assert nets.wild is not None
    before = state(nets.wild)
    tools = optimisers(nets)
    step(nets, tools, batch(1))
    assert not unchanged(before, nets.wild)
    before, moving = state(nets.wild), state(nets.pair)
    told = step(nets, tools, batch(1, wild=False))
    assert "wild" not in told
    assert unchanged(before, nets.wild)
    assert not unchanged(moving, nets.pair)


@pytest.mark.parametrize("stage", [1, 2])
def test_a_step_that_nobody_judges_moves_the_generator_alone(stage: int) -> None:
    nets, given = networks(stage), batch(stage, wild=False)
    tools = optimisers(nets)
    before = {"generator": state(nets.trained), "critics": state(*nets.critics())}
    told = take_step(nets, tools, given, tiny.LESSON, WEIGHTS, F32, random(), judging=False)
    assert set(told) == {"perceptual", "alpha", "colour"}
    assert not unchanged(before["generator"], nets.trained)
    assert unchanged(before["critics"], *nets.critics())
    step(nets, tools, given)
    assert not unchanged(before["critics"], nets.pair)


def test_bfloat16_computes_about_the_same_and_keeps_weights_precise() -> None:
    told = {}
    for dtype in (F32, torch.bfloat16):
        nets = networks(1)
        told[dtype] = step(nets, optimisers(nets), batch(1), dtype=dtype)
        assert all(p.dtype == F32 for p in nets.draw.parameters())
    for name, exact in told[F32].items():
        assert float(told[torch.bfloat16][name]) == pytest.approx(float(exact), rel=0.05, abs=0.05), name
        assert told[torch.bfloat16][name].dtype == F32


def test_rates_are_set_everywhere() -> None:
    tools = optimisers(networks(1))
    set_rate(tools, 0.25)
    assert [group["lr"] for tool in tools.values() for group in tool.param_groups] == [0.25, 0.25]
