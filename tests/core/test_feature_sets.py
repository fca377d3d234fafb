"""Distances of sets: Gaussians with a closed form, sets that can be counted by hand, and no bias where none may be."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from dancekit.core import feature_sets


def random(rows: int, features: int, seed: int = 0) -> Tensor:
    return torch.randn(rows, features, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def with_covariance(covariance: Tensor, mean: Tensor, seed: int, rows: int = 40) -> Tensor:
    """Rows whose mean and covariance are exactly these."""
    rough = random(rows, len(mean), seed)
    rough -= rough.mean(0)
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(torch.cov(rough.T)), rough.T, upper=False)
    return (torch.linalg.cholesky(covariance) @ white).T + mean


def test_frechet_of_axis_aligned_gaussians_is_how_far_means_and_spreads_are_apart() -> None:
    means = torch.tensor([[1.0, -2, 0.5, 3], [0, 0, 1.5, 3]], dtype=torch.float64)
    spreads = torch.tensor([[1.0, 2, 0.5, 3], [2, 2, 1.5, 0.1]], dtype=torch.float64)
    made, true = (
        with_covariance(torch.diag(s**2), m, seed) for seed, (s, m) in enumerate(zip(spreads, means, strict=True))
    )
    wanted = float((means[0] - means[1]).square().sum() + (spreads[0] - spreads[1]).square().sum())
    assert feature_sets.frechet(made, true) == pytest.approx(wanted, abs=1e-9)


def test_frechet_of_gaussians_that_lie_across_each_other() -> None:
    first = torch.tensor([[2.0, 0.8], [0.8, 1.0]], dtype=torch.float64)
    second = torch.tensor([[1.0, -0.6], [-0.6, 3.0]], dtype=torch.float64)
    nowhere = torch.zeros(2, dtype=torch.float64)
    product = first @ second
    root_trace = torch.sqrt(product.trace() + 2 * torch.sqrt(torch.linalg.det(product)))  # holds for 2 x 2
    wanted = float(first.trace() + second.trace() - 2 * root_trace)
    made, true = with_covariance(first, nowhere, 0), with_covariance(second, nowhere, 1)
    assert wanted > 0.5
    assert feature_sets.frechet(made, true) == pytest.approx(wanted, abs=1e-9)
    assert feature_sets.frechet(true, made) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("rows", [2, 5, 30])
def test_frechet_is_sound_with_fewer_pictures_than_features(rows: int) -> None:
    true = random(rows, 64)
    shift = torch.linspace(-1, 1, 64, dtype=torch.float64)
    assert feature_sets.frechet(true, true) == pytest.approx(0, abs=1e-9)
    assert feature_sets.frechet(true + shift, true) == pytest.approx(float(shift.square().sum()), abs=1e-9)
    spread = float(true.var(0).sum())
    centred = true - true.mean(0)
    assert feature_sets.frechet(3 * centred, centred) == pytest.approx(4 * spread, rel=1e-9)
    assert feature_sets.frechet(true.float(), true.float()) == pytest.approx(0, abs=1e-4)


def test_frechet_is_biased_on_few_pictures() -> None:
    apart = [np.mean([feature_sets.frechet(random(n, 8, seed), random(n, 8, seed + 50)) for seed in range(20)])
             for n in (6, 30, 400)]  # fmt: skip
    assert apart[0] > 2 * apart[1] > 4 * apart[2] > 0


def test_kernel_distance_of_sets_counted_by_hand() -> None:
    made, true = torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [2.0]])
    # Pairs: (0 * 1 + 1)^3 = 1 within the first, (1 * 2 + 1)^3 = 27 within the second; between them 1, 1, 8 and 27.
    assert feature_sets.kernel_distance(made, true) == pytest.approx(1 + 27 - 2 * 37 / 4)
    twice = made.expand(2, 2), true.expand(2, 2)
    assert feature_sets.kernel_distance(*twice) == pytest.approx(9.5), "products are means over the features"
    more = torch.tensor([[0.0], [1.0], [2.0]])
    wanted = (1 + 1 + 27) / 3 + 27 - 2 * (1 + 1 + 8 + 27 + 27 + 125) / 6
    assert feature_sets.kernel_distance(more, true) == pytest.approx(wanted), "sets need not be of one size"


def test_kernel_distance_is_0_on_average_between_sets_of_one_kind() -> None:
    found = np.array([feature_sets.kernel_distance(random(5, 4, 2 * n), random(7, 4, 2 * n + 1)) for n in range(600)])
    error = found.std() / len(found) ** 0.5
    assert abs(found.mean()) < 3 * error
    assert found.min() < 0 < found.max()
    moved = np.array([feature_sets.kernel_distance(random(5, 4, n) + 1, random(7, 4, n + 900)) for n in range(50)])
    assert moved.mean() > 20 * error


def test_kernel_distance_is_the_same_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    made, true = random(23, 6), random(31, 6, 1) + 0.5
    whole = feature_sets.kernel_distance(made, true)
    monkeypatch.setattr(feature_sets, "_ROWS", 7)
    assert feature_sets.kernel_distance(made, true) == pytest.approx(whole)


@pytest.mark.parametrize("distance", [feature_sets.frechet, feature_sets.kernel_distance])
def test_one_picture_is_no_set(distance) -> None:
    with pytest.raises(ValueError, match="at least two"):
        distance(random(1, 3), random(5, 3))
