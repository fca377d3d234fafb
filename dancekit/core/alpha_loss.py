"""How wrong a drawn cut-out is, px by px (alpha is not in the paper)."""

from __future__ import annotations

from torch import Tensor

_ENTROPY, _UNDECIDED, _TINY = 0.1, 0.7, 1e-7
"""Cross-entropy's weight beside plain distance, and how much of it everybody has who cannot tell at all."""


def mistaken(alpha: Tensor, true: Tensor) -> Tensor:
    """Alpha's distance from the true one, both in 0..1, and its cross-entropy where it is nearer to the other end.

    Where alpha is surely 0 and should be 1, its distance hardly depends on the network any more; a generator that once
    paints nothing at all would do so for ever.
    """
    entropy = -(true * (alpha + _TINY).log() + (1 - true) * (1 - alpha + _TINY).log())
    return (alpha - true).abs() + _ENTROPY * (entropy - _UNDECIDED).clamp_min(0)
