"""Alpha: plain distance near the truth, and a way back from the wrong end."""

from __future__ import annotations

import pytest
import torch

from dancekit.core.alpha_loss import mistaken
from dancekit.networks.generator import Generator


def test_near_the_truth_only_the_distance_counts() -> None:
    alpha, true = torch.tensor([0.0, 0.3, 0.9, 1.0]), torch.tensor([0.0, 0.1, 1.0, 1.0])
    assert torch.allclose(mistaken(alpha, true), torch.tensor([0.0, 0.2, 0.1, 0.0]), atol=1e-6)


def test_at_the_wrong_end_cross_entropy_counts_too() -> None:
    assert float(mistaken(torch.tensor(0.01), torch.tensor(1.0))) == pytest.approx(
        0.99 + 0.1 * (4.60517 - 0.7), abs=1e-4
    )
    wrong = mistaken(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0]))
    assert torch.isfinite(wrong).all()


@pytest.mark.parametrize(("bias", "wanted"), [(-40.0, 1.0), (40.0, 0.0)])
def test_a_generator_that_paints_nothing_at_all_learns_to_paint_again(bias: float, wanted: float) -> None:
    """As it would not with the distance alone, whose slope vanishes."""
    torch.manual_seed(0)
    generator, window = Generator(3, 8, 1, 1, norm="pixel"), torch.rand(1, 3, 16, 16)
    offset = generator.head.bias
    assert offset is not None
    with torch.no_grad():
        offset[3] = bias
    slopes = []
    for loss in (lambda a, t: (a - t).abs(), mistaken):
        generator.zero_grad()
        alpha = generator(window)[:, 3:]
        loss(alpha, torch.full_like(alpha, wanted)).mean().backward()
        assert offset.grad is not None
        slopes.append(abs(float(offset.grad[3])))
    assert slopes[0] < 1e-4
    assert slopes[1] == pytest.approx(0.1, rel=0.1)
