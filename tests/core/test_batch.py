"""Batches: nothing that is in one is left behind where it is moved, recorded or joined with others."""

from __future__ import annotations

from dataclasses import fields

import torch
from torch import Tensor

from dancekit.core.batch import Batch
from dancekit.core.sketch import Looks


def full(value: float) -> Batch:
    """A batch of one window that has everything, each of a number of its own from this one on."""
    names = [field.name for field in fields(Batch)]
    given = {name: torch.full((1, 2), value + place) for place, name in enumerate(names)}
    looks = Looks(*(torch.full((1, 2), value + len(names) + place) for place in range(len(Looks._fields))))
    return Batch(**{name: looks if name == "looks" else tensor for name, tensor in given.items()})  # type: ignore[arg-type]


def numbers(batch: Batch) -> list[float]:
    """All that is in a batch, found without its help."""
    found = [getattr(batch, field.name) for field in fields(Batch)]
    tensors = [tensor for one in found if one is not None for tensor in (one if isinstance(one, Looks) else (one,))]
    return sorted(float(tensor.flatten()[0]) for tensor in tensors)


def test_all_tensors_are_told() -> None:
    given = full(10.0)
    assert sorted(float(tensor[0, 0]) for tensor in given.tensors()) == numbers(given)
    assert len(numbers(given)) == len(fields(Batch)) - 1 + len(Looks._fields)


def test_all_of_it_is_changed() -> None:
    assert numbers(full(10.0).mapped(lambda tensor: tensor * 2)) == [2 * one for one in numbers(full(10.0))]
    nothing = Batch(*(torch.zeros(1, 2) for _ in range(3)), wild=None)
    changed = nothing.mapped(lambda tensor: tensor + 1)
    assert numbers(changed) == [1.0] * 3
    assert len(changed.tensors()) == 3


def test_several_are_joined_in_their_order() -> None:
    joined = Batch.of([full(10.0), full(50.0)])

    def rows(tensor: Tensor) -> list[float]:
        return tensor[:, 0].tolist()

    for whole, one, two in zip(joined.tensors(), full(10.0).tensors(), full(50.0).tensors(), strict=True):
        assert rows(whole) == rows(one) + rows(two)
    bare = Batch.of([Batch(*(torch.zeros(1, 2) for _ in range(3)), wild=None)] * 2)
    assert bare.wild is bare.looks is bare.portraits is None
