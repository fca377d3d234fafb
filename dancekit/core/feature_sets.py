"""How far apart two sets of pictures are as wholes, by the features that a network has of each picture."""

from __future__ import annotations

import torch
from torch import Tensor

_ROWS = 1024
"""How many rows of a kernel matrix are held at a time."""


def frechet(made: Tensor, true: Tensor) -> float:
    """Squared Frechet distance of the Gaussians with both sets' means and covariances (Dowson and Landau 1982).

    made: N x D, true: M x D, at least 2 rows each. |m1 - m2|^2 + tr(S1 + S2 - 2 sqrt(sqrt(S1) S2 sqrt(S1))): only roots
    of symmetric matrices, so that it is sound where there are fewer rows than features.

    It is biased on few pictures: their covariances point elsewhere in each set, so that two sets of the same kind come
    out apart, the further the fewer they are. Compare it only between sets of the same sizes.

    Raises:
        ValueError: a set of one has no covariance.
    """
    made, true = _at_least_two(made, true)
    root = _square_root(torch.cov(made.T))
    common = _roots(torch.linalg.eigvalsh(_symmetric(root @ torch.cov(true.T) @ root))).sum()
    spread = made.var(0).sum() + true.var(0).sum()
    return max(0.0, float((made.mean(0) - true.mean(0)).square().sum() + spread - 2 * common))


def _square_root(covariance: Tensor) -> Tensor:
    """The symmetric root of a symmetric D x D whose eigenvalues are 0 or more, up to rounding."""
    values, vectors = torch.linalg.eigh(_symmetric(covariance))
    return (vectors * _roots(values)) @ vectors.T


def _roots(values: Tensor) -> Tensor:
    """Roots of eigenvalues D, those that are only rounding taken for 0: there are many where pictures are fewer than
    features, and a root makes much of little."""
    least = values.max() * len(values) * torch.finfo(values.dtype).eps
    return torch.where(values > least, values, 0).clamp_min(0).sqrt()


def _symmetric(matrix: Tensor) -> Tensor:
    return (matrix + matrix.T) / 2


def kernel_distance(made: Tensor, true: Tensor) -> float:
    """Squared maximum mean discrepancy with the kernel (x y / D + 1)^3, unbiased (Binkowski et al. 2018, KID).

    made: N x D, true: M x D, at least 2 rows each. On sets of the same kind it is 0 on average, however few they are,
    and therefore often a little below.

    Raises:
        ValueError: a set of one has no pairs.
    """
    made, true = _at_least_two(made, true)
    return _of_pairs(made) + _of_pairs(true) - 2 * _kernel_sum(made, true) / (len(made) * len(true))


def _of_pairs(features: Tensor) -> float:
    """Mean kernel of all pairs of different rows: a row beside itself is what makes the simple mean biased."""
    count = len(features)
    alone = float((features.square().sum(1) / features.shape[1] + 1).pow(3).sum())
    return (_kernel_sum(features, features) - alone) / (count * (count - 1))


def _kernel_sum(left: Tensor, right: Tensor) -> float:
    return sum(float((rows @ right.T / left.shape[1] + 1).pow(3).sum()) for rows in left.split(_ROWS))


def _at_least_two(made: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
    """Both sets on the CPU in double precision: differences of large sums, on devices that may know only single."""
    if min(len(made), len(true)) < 2:
        raise ValueError("a distance of sets needs at least two pictures in each")
    return made.detach().cpu().double(), true.detach().cpu().double()
