"""The optimiser: torch's Adam, for weights that lie in memory channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


def unwrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function without what decorators have put around it."""
    while (inner := getattr(function, "__wrapped__", None)) is not None:
        function = inner
    return function


class Adam(torch.optim.Adam):
    """The same steps and the same state.

    torch's fused step on a CPU copies everything that lies channels last there and back, seven tensors for each weight,
    which takes longer than the step. Here it gets them in the order in which they lie.

    And torch wraps what optimisers do so that its compiler leaves it alone, which loads the compiler: a second or two
    at every start. Nobody compiles these steps, so they are not wrapped.
    """

    add_param_group = unwrapped(Optimizer.add_param_group)
    zero_grad = unwrapped(Optimizer.zero_grad)
    state_dict = unwrapped(Optimizer.state_dict)
    load_state_dict = unwrapped(Optimizer.load_state_dict)
    step = torch.no_grad()(unwrapped(torch.optim.Adam.step))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what was saved; moments of weights that something else has moved are left out."""
        super().__setstate__(state)
        for weight in [weight for weight, moments in self.state.items() if not self._are_own(weight, moments)]:
            del self.state[weight]

    def _are_own(self, weight: Tensor, moments: dict[str, Any]) -> bool:
        """Whether moments are such as this optimiser keeps of a weight (core.muon keeps others)."""
        return "exp_avg_sq" in moments

    def _init_group(
        self,
        group: dict[str, Any],
        params_with_grad: list[Tensor],
        grads: list[Tensor],
        exp_avgs: list[Tensor],
        exp_avg_sqs: list[Tensor],
        max_exp_avg_sqs: list[Tensor],
        state_steps: list[Tensor],
    ) -> bool:
        """Collects weights, gradients and moments, and how many steps each has taken."""
        every = (params_with_grad, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs)
        is_complex = super()._init_group(group, *every, state_steps)
        for tensors in every:
            tensors[:] = [tensor.permute(0, 2, 3, 1) if tensor.dim() == 4 else tensor for tensor in tensors]
        return is_complex
