"""Mean absolute distance of pictures or features (the L1 terms of section 3.4), for training."""

from __future__ import annotations

import torch
from torch import Tensor


def absolute(made: Tensor, true: Tensor, emphasis: Tensor | None = None) -> Tensor:
    """Mean absolute distance of each of N pairs, float32 [N]; nothing is learnt by `true`.

    made, true: N x C x H x W. emphasis: how much each place counts, float32 N x 1 x H x W; None for 1 everywhere.
    """
    if torch.compiler.is_compiling():
        return _weighted((made - true.detach()).abs(), emphasis)
    if not torch.is_grad_enabled():  # without a gradient there is no sign to keep
        return _weighted((made - true).abs_(), emphasis)
    return _Absolute.apply(made, true.detach(), emphasis)  # type: ignore[no-any-return]


def _weighted(apart: Tensor, emphasis: Tensor | None) -> Tensor:
    """All channels of a place count alike, so their mean is taken first: one number instead of some hundred."""
    mean = apart.mean(1, keepdim=True, dtype=torch.float32)
    return (mean if emphasis is None else mean * emphasis).mean((1, 2, 3))


class _Absolute(torch.autograd.Function):
    """The same with a gradient of its own, which lies in memory as the features do (channels last).

    That of a mean does not, and whatever it is added to or multiplied with then takes a CPU several times as long:
    together that was a quarter of a training step.
    """

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: torch.autograd.function.FunctionCtx, made: Tensor, true: Tensor, emphasis: Tensor | None
    ) -> Tensor:
        apart = made - true
        ctx.save_for_backward(apart.sign(), *([] if emphasis is None else [emphasis]))
        return _weighted(apart.abs_(), emphasis)

    @staticmethod
    def backward(  # type: ignore[override]
        ctx: torch.autograd.function.FunctionCtx, gradient: Tensor
    ) -> tuple[Tensor, None, None]:
        sign, *emphasis = ctx.saved_tensors  # type: ignore[attr-defined]
        each = (gradient / sign[0].numel()).view(-1, 1, 1, 1)
        return sign * (each * emphasis[0] if emphasis else each).to(sign.dtype), None, None
