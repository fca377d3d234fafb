"""Frames without a truth: held to the base from afar, free in what is finer."""

from __future__ import annotations

import pytest
import torch

from dancekit.core import maps, skeleton, unseen

PARTS = [part.name for part in skeleton.PARTS]


def strayed(made: torch.Tensor, anchored: torch.Tensor, *arms: str) -> torch.Tensor:
    """How far frames have strayed in whose upper half these parts are seen."""
    pose = torch.zeros(1, maps.CHANNELS, 8, 8)
    for name in arms:
        pose[:, PARTS.index(name), :4] = 1
    return unseen.strayed(made, anchored, pose, 2)


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


def test_forearms_and_hands_are_held_to_the_base_from_near() -> None:
    striped = frame()
    striped[:, :3, :8:8] += 0.4  # one row of every eight, in the upper half: seen from afar it is hardly there
    plain = float(strayed(striped, frame(), "left thigh", "left upper arm"))
    for name in ("left forearm", "right hand", "left thumb"):
        held = float(strayed(striped, frame(), name))
        assert held == pytest.approx(plain + unseen._ARM * 0.4 / 16, rel=1e-5), name
    lower = frame()
    lower[:, :3, 8:] += 0.4
    assert float(strayed(lower, frame(), "left forearm")) == pytest.approx(float(strayed(lower, frame())))
