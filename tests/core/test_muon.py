"""Muon: what it makes of gradients, whom it leaves to Adam, and that either goes on from what the other has kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from dancekit.core import muon
from dancekit.core.adam import Adam
from dancekit.core.muon import Muon
from dancekit.io import checkpoint

RATE, BETAS, SIZE = 0.01, (0.5, 0.999), 0.5
Start = Callable[[nn.Sequential], Adam]


def convolution(rows: int, columns: int, spread: float, seed: int = 0) -> Tensor:
    """Weights whose singular values go down to `spread` of the largest."""
    random = torch.Generator().manual_seed(seed)
    flat = torch.randn(rows, columns * 9, generator=random)
    left, _, right = torch.linalg.svd(flat, full_matrices=False)
    values = torch.logspace(0, torch.tensor(spread).log10().item(), rows)
    return (left * values @ right).reshape(rows, 3, 3, columns).permute(0, 3, 1, 2)


def matrix(weights: Tensor) -> Tensor:
    return weights.permute(0, 2, 3, 1).flatten(1)


def textbook(flat: Tensor) -> Tensor:
    """Newton-Schulz as Jordan et al. write it: every round turns the whole matrix."""
    x = flat / flat.norm()
    for _ in range(5):
        product = x @ x.T
        x = 3.4445 * x + (-4.7750 * product + 2.0315 * product @ product) @ x
    return x


def network(seed: int = 0, layout: torch.memory_format = torch.channels_last) -> nn.Sequential:
    torch.manual_seed(seed)
    made = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 4, 3))
    return made.to(memory_format=layout)  # type: ignore[call-overload]


def muon_of(net: nn.Sequential) -> Muon:
    return Muon(net.parameters(), [net.get_parameter("1.weight")], SIZE, RATE, BETAS, fused=True)


def adam_of(net: nn.Sequential) -> Adam:
    return Adam(net.parameters(), RATE, BETAS, fused=True)


def learn(net: nn.Sequential, optimiser: Adam, seeds: range) -> nn.Sequential:
    for seed in seeds:
        optimiser.zero_grad()
        net(torch.randn(2, 3, 9, 9, generator=torch.Generator().manual_seed(seed))).square().mean().backward()
        optimiser.step()
    return net


def through_a_file(optimiser: Adam, into: Adam, path: Path) -> None:
    checkpoint.save(path, checkpoint.optimiser_tensors("optimiser", optimiser), {})
    checkpoint.restore_optimiser(into, checkpoint.part(checkpoint.load(path, "")[0], "optimiser"))


def orthogonal(weights: Tensor) -> Tensor:
    """Weights with each of their matrices made orthogonal, [rows, h * w * columns]."""
    matrices = muon.as_matrices(weights)
    return (muon.turning([matrices])[0] @ matrices).transpose(0, 1).flatten(0, 1)


def test_a_gradient_becomes_nearly_orthogonal_with_the_directions_it_had() -> None:
    given = convolution(48, 20, spread=0.05)
    left, values, right = torch.linalg.svd(orthogonal(given), full_matrices=False)
    assert 0.65 < values.min() <= values.max() < 1.25
    wanted_left, _, wanted_right = torch.linalg.svd(matrix(given), full_matrices=False)
    torch.testing.assert_close(left @ right, wanted_left @ wanted_right, atol=1e-3, rtol=0)


def test_it_is_the_textbooks_newton_schulz() -> None:
    given = convolution(40, 24, spread=1e-3)
    torch.testing.assert_close(orthogonal(given), textbook(matrix(given)), atol=1e-4, rtol=0)


def test_many_rows_are_made_orthogonal_in_pieces_that_take_turns() -> None:
    given = convolution(192, 40, spread=0.1)
    made = orthogonal(given)
    for piece in range(3):
        torch.testing.assert_close(made[piece::3], textbook(matrix(given)[piece::3]), atol=1e-4, rtol=0)


@pytest.mark.parametrize("rows", [1, 63, 131])
def test_rows_that_cannot_be_shared_out_stay_together(rows: int) -> None:
    given = convolution(rows, 40, spread=0.1)
    torch.testing.assert_close(orthogonal(given), textbook(matrix(given)), atol=1e-4, rtol=0)


def test_weights_of_all_shapes_are_turned_as_each_by_itself() -> None:
    given = [
        muon.as_matrices(convolution(rows, columns, 0.1)) for rows, columns in ((64, 30), (20, 8), (192, 40), (64, 9))
    ]
    for together, matrices in zip(muon.turning(given), given, strict=True):
        torch.testing.assert_close(together, muon.turning([matrices])[0])


def test_it_does_not_matter_how_large_a_gradient_is_or_how_it_lies_in_memory() -> None:
    given = convolution(16, 8, spread=0.1)
    made = orthogonal(given)
    torch.testing.assert_close(orthogonal(given * 1e-6), made, atol=1e-5, rtol=0)
    first = given.contiguous()
    assert first.stride() != given.stride()
    again = orthogonal(first).unflatten(1, (8, 3, 3)).permute(0, 2, 3, 1).flatten(1)
    torch.testing.assert_close(again, made, atol=1e-5, rtol=0)


def test_no_gradient_at_all_moves_nothing() -> None:
    assert torch.equal(orthogonal(torch.zeros(4, 3, 3, 3)), torch.zeros(4, 27))


def test_a_step_is_as_large_as_it_is_said_to_be_and_goes_downhill() -> None:
    net = network()
    weight = net.get_parameter("1.weight")
    before = weight.detach().clone()
    learn(net, muon_of(net), range(1))
    change = weight.detach() - before
    assert 0.7 < change.square().mean().sqrt() / (SIZE * RATE) < 1.2
    assert weight.grad is not None
    assert (change * weight.grad).sum() < 0


def test_steps_are_the_same_however_weights_lie_in_memory() -> None:
    last, first = network(), network(layout=torch.contiguous_format)
    learn(last, muon_of(last), range(3))
    learn(first, muon_of(first), range(3))
    for one, other in zip(last.parameters(), first.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_gradients_of_the_past_count_on() -> None:
    weight = nn.Parameter(torch.zeros(1, 2, 1, 1))
    optimiser, changes = Muon([weight], [weight], SIZE, RATE, BETAS), []
    for gradient in ([1.0, 0.0], [1.0, 0.0], [0.0, 1.0]):
        before = weight.detach().clone()
        weight.grad = torch.tensor(gradient).reshape(1, 2, 1, 1)
        optimiser.step()
        changes.append((weight.detach() - before).flatten())
    mean = torch.tensor([0.95 * (0.05 * 0.95 + 0.05), 0.05])
    newest = torch.lerp(torch.tensor([0.0, 1.0]), mean, 0.95)
    torch.testing.assert_close(functional.normalize(changes[2], dim=0), -functional.normalize(newest, dim=0))


def test_what_is_rare_moves_as_much_as_what_is_common() -> None:
    """Two directions, one of which has a gradient a hundred times as large."""
    weight = nn.Parameter(torch.zeros(2, 2, 1, 1))
    weight.grad = torch.tensor([[100.0, 0.0], [0.0, 1.0]])[..., None, None]
    Muon([weight], [weight], SIZE, RATE, BETAS).step()
    common, rare = weight.detach()[0, 0].abs(), weight.detach()[1, 1].abs()
    assert 0.5 < rare / common < 2


def test_all_other_weights_are_adams() -> None:
    net, usual = network(), network()
    learn(net, muon_of(net), range(1))
    learn(usual, adam_of(usual), range(1))
    for name, parameter in usual.named_parameters():
        assert torch.equal(parameter, net.get_parameter(name)) == (name != "1.weight"), name


def test_weights_without_a_gradient_stay() -> None:
    net = network()
    before = [p.detach().clone() for p in net.parameters()]
    muon_of(net).step()
    assert all(torch.equal(*pair) for pair in zip(before, net.parameters(), strict=True))


def test_the_rate_may_be_a_tensor_as_recorded_steps_need_it() -> None:
    plain, recorded = network(), network()
    learn(plain, muon_of(plain), range(2))
    rate = torch.tensor(RATE)
    learn(
        recorded,
        Muon(recorded.parameters(), [recorded.get_parameter("1.weight")], SIZE, rate, BETAS, fused=True),
        range(2),
    )
    for one, other in zip(plain.parameters(), recorded.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_it_goes_on_exactly_where_it_was(tmp_path: Path) -> None:
    straight, stopped, resumed = network(), network(), network(1)
    learn(straight, muon_of(straight), range(4))
    before, after = muon_of(stopped), muon_of(resumed)
    learn(stopped, before, range(2))
    resumed.load_state_dict(stopped.state_dict())
    through_a_file(before, after, tmp_path / "state.safetensors")
    learn(resumed, after, range(2, 4))
    assert all(torch.equal(*pair) for pair in zip(straight.parameters(), resumed.parameters(), strict=True))


@pytest.mark.parametrize(("first", "then"), [(adam_of, muon_of), (muon_of, adam_of)])
def test_either_goes_on_from_what_the_other_has_kept(first: Start, then: Start, tmp_path: Path) -> None:
    net = network()
    before, after = first(net), then(net)
    learn(net, before, range(2))
    through_a_file(before, after, tmp_path / "state.safetensors")
    was = [p.detach().clone() for p in net.parameters()]
    learn(net, after, range(2, 4))
    assert all(bool(torch.isfinite(p).all()) for p in net.parameters())
    assert not any(torch.equal(*pair) for pair in zip(was, net.parameters(), strict=True))
    through_a_file(after, then(network()), tmp_path / "again.safetensors")
