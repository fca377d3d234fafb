"""Muon: steps that go equally far in every direction that a layer can learn in (not in the paper; Jordan et al. 2024).

The gradients of a convolution, seen as a matrix, mostly lie in a few directions, which Adam then follows. Made
orthogonal, what the film shows seldom moves the weights as much as what it always shows, and fewer steps teach as much.
torch's own Muon takes matrices only, and whole ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from dancekit.core.adam import Adam

_MOMENTUM = 0.95
"""The share of its mean that the newest gradient leaves."""
_ROWS = 64
"""Rows of a matrix that are made orthogonal together: smaller pieces of it are much cheaper, and teach as well."""
_ROUNDS, _LINEAR, _CUBIC, _QUINTIC = 5, 3.4445, -4.7750, 2.0315
"""How often singular values s become 3.4445 s - 4.775 s^3 + 2.0315 s^5: from .01 on all are then between .7 and 1.2."""


class Muon(Adam):
    """Muon for some weights, Adam for all others.

    Args:
        parameters: all weights.
        inner: those of them, [rows, columns, h, w], that Muon moves: of convolutions between the first and the last.
        size: root mean square of Muon's change of a weight, in learning rates. Adam's is below 1.
        rate: the learning rate. betas: Adam's. how: as torch.optim.Adam takes it.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        inner: Sequence[Tensor],
        size: float,
        rate: float | Tensor,
        betas: tuple[float, float],
        **how: Any,
    ) -> None:
        super().__init__(parameters, rate, betas, **how)
        self._inner, self._size = inner, size

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """Move all weights that have a gradient once."""
        rate = self.param_groups[0]["lr"]
        gradients = [(weight, weight.grad) for weight in self._inner if weight.grad is not None]
        matrices = [as_matrices(self._ahead(weight, gradient)) for weight, gradient in gradients]
        for (weight, _), given, turn in zip(gradients, matrices, turning(matrices), strict=True):
            length = self._size * math.sqrt(given.shape[-1])
            as_matrices(weight).baddbmm_(turn * (rate * length), given, alpha=-1)
            weight.grad = None  # Adam leaves it alone
        super().step(closure)
        for weight, gradient in gradients:
            weight.grad = gradient

    def _are_own(self, weight: Tensor, moments: dict[str, Any]) -> bool:
        return super()._are_own(weight, moments) != any(weight is one for one in self._inner)

    def _ahead(self, weight: Tensor, gradient: Tensor) -> Tensor:
        """The mean of a weight's gradients, with the newest one once more (Nesterov), in memory as the weight is. It
        takes the newest one's place there: memory that is new costs more than the sum itself."""
        state = self.state[weight]
        if "exp_avg" not in state:
            state["exp_avg"] = torch.zeros_like(weight)
            state["step"] = torch.zeros((), device=weight.device)  # torch's Adam reads no states without one
        mean: Tensor = state["exp_avg"].lerp_(gradient, 1 - _MOMENTUM)
        return gradient.lerp_(mean, _MOMENTUM)


def as_matrices(weights: Tensor) -> Tensor:
    """Weights [rows, columns, h, w] seen as matrices [pieces, rows, columns * h * w], in the order in which they lie in
    memory, channels last or not. Pieces have _ROWS or some more, where the rows can be shared out so, and take them in
    turn: where four rows draw the px of a 2x2 (see networks.generator.Upward), these are told apart."""
    rows, pieces = len(weights), math.gcd(len(weights), max(1, len(weights) // _ROWS))
    last = weights.is_contiguous(memory_format=torch.channels_last)
    return (weights.permute(0, 2, 3, 1) if last else weights).view(rows // pieces, pieces, -1).transpose(0, 1)


def turning(matrices: Sequence[Tensor]) -> Sequence[Tensor]:
    """What makes the rows of matrices [pieces, rows, columns] nearly orthogonal and of length 1 when it is multiplied
    to them from the left: [pieces, rows, rows] of each.

    The rounds of Newton-Schulz depend on the products of rows alone, so those of all matrices go through them at once.
    """
    products = [torch.bmm(given, given.mT) for given in matrices]
    turns = dict[int, Tensor]()
    for rows in {each.shape[1] for each in products}:
        places = [place for place, each in enumerate(products) if each.shape[1] == rows]
        turned = _turning(torch.cat([products[place] for place in places]))
        turns |= zip(places, turned.split([len(products[place]) for place in places]), strict=True)
    return [turns[place] for place in range(len(products))]


def _turning(products: Tensor) -> Tensor:
    """The same for products of rows, N x rows x rows."""
    squared = products.diagonal(dim1=1, dim2=2).sum(1)[:, None, None].clamp_min(1e-30)
    even = torch.eye(products.shape[1], device=products.device)
    products, factor = products / squared, even / squared.sqrt()
    for _ in range(_ROUNDS):
        turn = torch.baddbmm(products, products, products, beta=_CUBIC, alpha=_QUINTIC).add_(even, alpha=_LINEAR)
        factor, products = torch.bmm(turn, factor), torch.bmm(torch.bmm(turn, products), turn)
    return factor
