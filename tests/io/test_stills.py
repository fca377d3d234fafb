"""Stills: what comes out of a person's file is what went in, and what is no picture is refused."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from dancekit.core.sources import Stills
from dancekit.io import stills


def some() -> Stills:
    random, pictures = np.random.default_rng(0), []
    for high, wide in ((40, 30), (64, 21), (10, 50)):
        picture = cv2.resize(random.integers(0, 255, (5, 5, 4), np.uint8), (wide, high))
        picture[..., :3] = picture[..., :3] * (picture[..., 3:] / 255.0)
        pictures.append(picture)
    return Stills(pictures, random.normal(0, 300, (3, 33, 3)).astype(np.float32))


def test_what_is_packed_comes_out_again() -> None:
    packed = stills.packed(some())
    again = stills.unpacked({name.removeprefix("stills/"): tensor for name, tensor in packed.items()})
    assert np.array_equal(again.points, some().points)
    for one, other in zip(again.pictures, some().pictures, strict=True):
        assert one.shape == other.shape
        assert np.abs(one.astype(int) - other).mean() < 4
        assert (one[..., :3] <= one[..., 3:]).all()


def test_which_of_them_are_hands_comes_out_again() -> None:
    packed = stills.packed(Stills(some().pictures, some().points, (2, 3)))
    parts = {name.removeprefix("stills/"): tensor for name, tensor in packed.items()}
    assert stills.unpacked(parts).hands == (2, 3)
    del parts["hands"]
    assert stills.unpacked(parts).hands == (), "nor did earlier files tell"


def test_solid_pictures_stay_solid() -> None:
    picture = np.full((12, 16, 4), (10, 90, 200, 255), np.uint8)
    packed = stills.packed(Stills([picture], np.zeros((1, 33, 3), np.float32)))
    (again,) = stills.unpacked({name.removeprefix("stills/"): tensor for name, tensor in packed.items()}).pictures
    assert np.abs(again.astype(int) - picture).max() < 6


@pytest.mark.parametrize("change", [
    {"pictures": torch.zeros(50, dtype=torch.uint8)},
    {"pictures": torch.zeros(0, dtype=torch.uint8)},
    {"pictures": torch.zeros(50)},
    {"points": torch.zeros(2, 33, 3)},
    {"ends": torch.zeros(0, dtype=torch.int64), "points": torch.zeros(0, 33, 3)},
    {"ends": torch.tensor([3, 2, 1])},
    {"hands": torch.tensor([2, 2, 3])},
    {"hands": torch.tensor([6])},
])  # fmt: skip
def test_what_is_no_still_is_refused(change: dict[str, torch.Tensor]) -> None:
    parts = {name.removeprefix("stills/"): tensor for name, tensor in stills.packed(some()).items()}
    with pytest.raises(ValueError, match="still"):
        stills.unpacked(parts | change)


def test_the_same_stills_are_packed_once() -> None:
    chosen = some()
    assert stills.packed(chosen) is stills.packed(chosen)
    assert stills.packed(some()) is not stills.packed(chosen)
