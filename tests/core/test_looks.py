"""Looks: widths, textures and cover measured back from a figure that looks exactly like given ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from figures import figure, waving

from dancekit.core import looks, maps, sketch
from dancekit.core.sketch import ACROSS, ALONG, BARS, SIDES, Looks

SIZE, BODY = (220, 240), 200.0
FOREARM, SHIN = 1, 4
"""Bars of the left forearm and shin: see sketch.USUAL."""


def given(seed: int = 0) -> Looks:
    """Usual widths, and each bar of one colour before and of another behind."""
    colours = torch.rand(SIDES, BARS, 1, 1, 3, generator=torch.Generator().manual_seed(seed)) * 1.6 - 0.8
    shape = (SIDES, BARS, ALONG, ACROSS)
    return Looks(torch.from_numpy(sketch.USUAL.copy()), colours.expand(*shape, 3).clone(), torch.ones(shape))


def painted(points: np.ndarray, person: Looks) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Landmarks, colour uint8 [H, W, 3] and alpha uint8 [H, W] of a figure that looks exactly like this."""
    whole = sketch.draw(maps.segments(torch.from_numpy(points)), person.times(BODY), SIZE).numpy()
    alpha = whole[3]
    colour = (whole[:3] / np.maximum(alpha, 1e-3) + 1) * 127.5
    return (
        points,
        colour.transpose(1, 2, 0).clip(0, 255).astype(np.uint8),
        np.where(alpha > 0.5, 255, 0).astype(np.uint8),
    )


def filmed(person: Looks, frames: int = 6, behind: bool = False) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    points = waving(frames, BODY, 110, 230)
    if behind:
        points[..., 0] = SIZE[0] - points[..., 0]
    return [painted(one, person) for one in points]


def test_widths_and_colours_are_measured_back() -> None:
    person = given()
    found = looks.measure(filmed(person), BODY)
    for bar in (FOREARM, SHIN):
        assert float(found.widths[bar] / person.widths[bar]) == pytest.approx(1, abs=0.25)
        within = found.colours[1, bar, 5:-5, 3:-3]
        assert torch.allclose(within, person.colours[1, bar, 5:-5, 3:-3], atol=0.05)
        assert (found.cover[1, bar, 5:-5, 3:-3] == 1).all()


def test_the_back_is_measured_where_she_shows_it() -> None:
    person = given()
    found = looks.measure(filmed(person) + filmed(person, behind=True), BODY)
    for side in range(SIDES):
        own, other = (person.colours[one, SHIN, 0, 0] for one in (side, 1 - side))
        assert torch.allclose(found.colours[side, SHIN, 5:-5, 3:-3], own, atol=0.05)
        assert not torch.allclose(own, other, atol=0.1)


def test_a_side_that_she_never_shows_looks_like_the_other() -> None:
    found = looks.measure(filmed(given()), BODY)
    assert torch.equal(found.colours[0], found.colours[1])
    assert torch.equal(found.cover[0], found.cover[1])


def test_stripes_are_measured_back() -> None:
    person = given()
    stripes = torch.tensor([-0.8, 0.8]).repeat_interleave(ALONG // 4).repeat(2)
    person.colours[:] = stripes[:, None, None]
    found = looks.measure(filmed(person), BODY)
    middle = found.colours[1, SHIN, :, ACROSS // 2, 0]
    assert float(torch.corrcoef(torch.stack((middle[2:-2], stripes[2:-2])))[0, 1]) > 0.9


def test_a_wider_shin_is_measured_wider_and_nothing_else_is() -> None:
    person = given()
    wide = person._replace(widths=person.widths.clone())
    wide.widths[SHIN] *= 1.3
    before, after = (looks.measure(filmed(one, 4), BODY) for one in (person, wide))
    assert float(after.widths[SHIN]) > 1.15 * float(before.widths[SHIN])
    assert float(after.widths[FOREARM]) == pytest.approx(float(before.widths[FOREARM]), rel=0.05)


def test_one_frame_with_something_before_her_counts_for_nothing() -> None:
    frames = filmed(given(), 5)
    points, colour, alpha = frames[2]
    blotted = [*frames[:2], (points, np.full_like(colour, 255), alpha), *frames[3:]]
    clean, found = looks.measure(frames, BODY), looks.measure(blotted, BODY)
    assert torch.allclose(found.colours[1, SHIN, 5:-5, 3:-3], clean.colours[1, SHIN, 5:-5, 3:-3], atol=0.05)


@pytest.mark.parametrize("frames", [0, 1])
def test_of_a_film_without_anybody_the_usual_is_known(frames: int) -> None:
    blank = np.zeros((240, 220), np.uint8)
    found = looks.measure([(figure(BODY, 110, 230), np.zeros((240, 220, 3), np.uint8), blank)] * frames, BODY)
    assert torch.equal(found.widths, torch.from_numpy(sketch.USUAL))
    assert torch.isfinite(found.colours).all()
    assert ((found.cover == 0) | (found.cover == 1)).all()


def test_legs_that_the_picture_often_cuts_off_are_there_all_the_same() -> None:
    person = given()
    frames = filmed(person, 10)
    cut = [(points, colour, alpha.copy()) for points, colour, alpha in frames]
    whole = np.array([0, 0, *SIZE])
    known = [np.array([0, 0, SIZE[0], 175]) if number < 7 else whole for number in range(10)]
    for (_, _, alpha), (_, _, _, bottom) in zip(cut, known, strict=True):
        alpha[bottom:] = 0
    found = looks.measure(cut, BODY, known)
    assert (found.cover[1, SHIN, 5:-5, 3:-3] == 1).all()
    assert torch.allclose(found.colours[1, SHIN, 5:-5, 3:-3], person.colours[1, SHIN, 5:-5, 3:-3], atol=0.05)
    assert not (looks.measure(cut, BODY).cover[1, SHIN, 5:-5, 3:-3] == 1).all(), "nobody told where the picture ends"
