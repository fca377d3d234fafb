"""The L1 terms of training: value and gradient of the plain formula, and a gradient that lies as features do."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from dancekit.core.distance import absolute


def pair(layout: torch.memory_format = torch.contiguous_format) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    made, true = (torch.randn(2, 5, 6, 4, generator=random).to(memory_format=layout) for _ in range(2))
    made[0, :, 0] = true[0, :, 0]  # where nothing is apart there is nothing to follow
    return made.requires_grad_(), true


def emphasis() -> Tensor:
    return 1 + torch.rand(2, 1, 6, 4, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("counts", [None, emphasis()], ids=["plain", "emphasised"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_value_and_gradient_are_those_of_the_plain_formula(counts: Tensor | None, layout: torch.memory_format) -> None:
    made, true = pair(layout)
    apart = (made - true).abs()
    plain = (apart if counts is None else apart * counts).mean((1, 2, 3))
    weights = torch.tensor([0.3, 2.0])
    (wanted,) = torch.autograd.grad((plain * weights).sum(), made)
    found = absolute(made, true, counts)
    (gradient,) = torch.autograd.grad((found * weights).sum(), made, retain_graph=True)
    assert torch.allclose(found, plain)
    assert torch.allclose(gradient, wanted)
    (again,) = torch.autograd.grad((found * weights).sum(), made)
    assert torch.equal(again, gradient)  # both turns of a step may ask


def test_its_gradient_is_right_by_small_differences_too() -> None:
    made, true = (part.detach().double() for part in pair())
    made += 0.1 * (made == true)

    def distance(x: Tensor) -> Tensor:
        return absolute(x, true).double()

    assert torch.autograd.gradcheck(distance, made.requires_grad_(), eps=1e-3, atol=1e-4)


@pytest.mark.parametrize("counts", [None, emphasis()], ids=["plain", "emphasised"])
def test_the_gradient_lies_in_memory_as_the_features_do(counts: Tensor | None) -> None:
    made, true = pair(torch.channels_last)
    half = made.detach().bfloat16().requires_grad_()
    (gradient,) = torch.autograd.grad(absolute(half, true.bfloat16(), counts).sum(), half)
    assert gradient.dtype == torch.bfloat16
    assert gradient.stride() == half.stride() != gradient.contiguous().stride()


def test_nothing_is_learnt_by_the_truth() -> None:
    made, true = pair()
    absolute(made, true.requires_grad_()).sum().backward()
    assert true.grad is None
