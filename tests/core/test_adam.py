"""The optimiser: torch's Adam to the last bit, whatever way the weights lie in memory."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import Tensor

from dancekit.core.adam import Adam

SHAPES = ((6, 5, 3, 3), (6,), (2, 6, 1, 1), (3, 4, 5, 5))


def weights(layout: torch.memory_format) -> list[Tensor]:
    random = torch.Generator().manual_seed(0)
    made = [torch.randn(shape, generator=random) for shape in SHAPES]
    return [(one.to(memory_format=layout) if one.dim() == 4 else one).requires_grad_() for one in made]


def stepped(
    kind: type[torch.optim.Adam], layout: torch.memory_format, fused: bool
) -> tuple[list[Tensor], list[Tensor]]:
    """(weights, moments) after three steps; the last weight is left out of the first."""
    own, random = weights(layout), torch.Generator().manual_seed(1)
    optimiser = kind(own, 0.01, (0.5, 0.999), fused=fused)
    for count in range(3):
        for weight in own[: len(own) - (count == 0)]:
            weight.grad = torch.randn(weight.shape, generator=random)
        optimiser.step()
    return own, [optimiser.state[weight][name] for weight in own for name in ("exp_avg", "exp_avg_sq")]


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_it_takes_the_steps_of_torchs(layout: torch.memory_format, fused: bool) -> None:
    (own, moments), (wanted, usual) = (stepped(kind, layout, fused) for kind in (Adam, torch.optim.Adam))
    for one, other in zip([*own, *moments], [*wanted, *usual], strict=True):
        assert torch.equal(one, other)
        assert one.shape == other.shape
        assert one.stride() == other.stride()


def test_stepping_does_not_load_torchs_compiler() -> None:
    """That takes a second or two at every start."""
    code = """
import sys, torch
from dancekit.core.adam import Adam
weight = torch.ones(3, requires_grad=True)
weight.grad = torch.ones(3)
optimiser = Adam([weight])
optimiser.step()
optimiser.zero_grad()
optimiser.load_state_dict(optimiser.state_dict())
assert weight.grad is None and (weight < 1).all()
assert "torch._dynamo" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
