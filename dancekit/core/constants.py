"""Small tables on whatever device they are needed on, copied there only once.

A GPU that is handed a table in every step waits for it every time, and such a step cannot be recorded and replayed.
"""

from __future__ import annotations

import torch
from torch import Tensor

_MADE: dict[tuple[tuple[float, ...], torch.dtype, torch.device], Tensor] = {}


def constant(values: tuple[float, ...], device: torch.device) -> Tensor:
    """Numbers as float32, or as int64 if all of them are whole numbers by type; not to be changed."""
    kind = torch.int64 if all(isinstance(value, int) for value in values) else torch.float32
    if torch.compiler.is_compiling():  # compiled code fills them in where it needs them
        return torch.stack([torch.full((), value, dtype=kind, device=device) for value in values])
    key = values, kind, device  # (1, 0) and (1.0, 0.0) are the same key by themselves
    if key not in _MADE:
        with torch.inference_mode(False):  # what is made while painting must also do for training
            _MADE[key] = torch.tensor(values, dtype=kind, device=device)
    return _MADE[key]


def chosen(x: Tensor, dimension: int, places: tuple[int, ...]) -> Tensor:
    """Entries of a tensor along a dimension: as x[places] there."""
    return x.index_select(dimension, constant(places, x.device))
