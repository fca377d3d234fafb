"""Frames without a truth: held to the base from afar, free in what is finer."""

from __future__ import annotations

import pytest
import torch

from dancekit.core import unseen
from dancekit.core.unseen import strayed


def frame(colour: float = 0.5, alpha: float = 1.0) -> torch.Tensor:
    """One frame of 16 x 16 px, all of one colour."""
    made = torch.full((1, 4, 16, 16), colour)
    made[:, 3] = alpha
    return made


def test_the_same_frames_have_not_strayed() -> None:
    assert float(strayed(frame(), frame())) == 0


def test_colour_and_alpha_count_by_how_far_they_are_off() -> None:
    share = unseen._COLOUR
    assert float(strayed(frame(0.7), frame(0.5))) == pytest.approx(share * 0.2, abs=1e-6)
    assert float(strayed(frame(0.0, 0.25), frame(0.0, 1.0))) == pytest.approx(0.75)
    assert float(strayed(frame(0.5, 0.5), frame(0.5, 1.0))) == pytest.approx(0.5 + share * 0.25)


def test_stripes_are_the_persons_own() -> None:
    striped = frame()
    striped[:, :3, ::2] += 0.4
    striped[:, :3, 1::2] -= 0.4
    assert float(strayed(striped, frame())) == pytest.approx(0, abs=1e-6)


def test_the_base_learns_nothing_from_it() -> None:
    made, anchored = frame(0.7).requires_grad_(), frame()
    strayed(made, anchored).backward()
    assert made.grad is not None
    assert made.grad.abs().sum() > 0
