"""The sketch: widths and colours measured back from a figure of known bars, and drawn where the bones are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from figures import figure, unseen, waving

from dancekit.core import maps, sketch
from dancekit.core.sketch import BARS, PLACES, Looks

SIZE, BODY = (220, 240), 200.0
FOREARM, SHIN = 1, 4
"""Bars of the left forearm and shin: see sketch.USUAL."""


def painted(points: np.ndarray, looks: Looks) -> tuple[np.ndarray, np.ndarray]:
    """(colour uint8 [H, W, 3], alpha uint8 [H, W]) of a figure that looks exactly like this."""
    whole = sketch.draw(maps.segments(torch.from_numpy(points)), looks.times(BODY), SIZE).numpy()
    alpha = whole[3]
    colour = (whole[:3] / np.maximum(alpha, 1e-3) + 1) * 127.5
    return colour.transpose(1, 2, 0).clip(0, 255).astype(np.uint8), np.where(alpha > 0.5, 255, 0).astype(np.uint8)


def looks(seed: int = 0, even: bool = False) -> Looks:
    """Usual widths and random colours; even: each bar in one colour."""
    colours = torch.rand(BARS, 1 if even else PLACES, 3, generator=torch.Generator().manual_seed(seed)) * 1.6 - 0.8
    return Looks(torch.from_numpy(sketch.USUAL.copy()), colours.expand(BARS, PLACES, 3))


def standing(arms: float = 0.0) -> np.ndarray:
    return waving(8, BODY, 110, 230)[int(arms)]


def test_widths_and_colours_are_measured_back() -> None:
    given = looks(even=True)
    frames = [(points, *painted(points, given)) for points in waving(6, BODY, 110, 230)]
    found = sketch.measure(frames, BODY)
    for bar in (FOREARM, SHIN):
        assert float(found.widths[bar] / given.widths[bar]) == pytest.approx(1, abs=0.25)
        assert torch.allclose(found.colours[bar].mean(0), given.colours[bar].mean(0), atol=0.12)


def test_a_wider_shin_is_measured_wider_and_nothing_else_is() -> None:
    given = looks(even=True)
    wide = Looks(given.widths.clone(), given.colours)
    wide.widths[SHIN] *= 1.3
    before, after = (
        sketch.measure([(points, *painted(points, one)) for points in waving(4, BODY, 110, 230)], BODY)
        for one in (given, wide)
    )
    assert float(after.widths[SHIN]) > 1.15 * float(before.widths[SHIN])
    assert float(after.widths[FOREARM]) == pytest.approx(float(before.widths[FOREARM]), rel=0.05)


def test_colours_go_from_the_start_of_a_bar_to_its_end() -> None:
    colours = torch.linspace(-1, 1, PLACES)[None, :, None].expand(BARS, PLACES, 3)
    drawn = sketch.draw(maps.segments(torch.from_numpy(figure(BODY, 110, 230))),
                        Looks(torch.from_numpy(sketch.USUAL) * BODY, colours), SIZE)  # fmt: skip
    knee, ankle = (figure(BODY, 110, 230)[index, :2].round().astype(int) for index in (25, 27))
    shin = drawn[0, knee[1] + 4 : ankle[1] - 4, knee[0]]
    assert (shin.diff() >= -1e-3).all()
    assert shin[0] < -0.7
    assert shin[-1] > 0.7


def test_nothing_is_drawn_of_nobody_and_little_of_half_a_person() -> None:
    points = np.stack([figure(BODY, 110, 230)] * 2)
    pose = maps.segments(torch.from_numpy(unseen(points, 1)))
    whole, nobody = sketch.draw(pose, looks().times(BODY), SIZE)
    assert whole[3].max() == 1
    assert not nobody.any()
    assert torch.isfinite(whole).all()


def test_every_window_is_drawn_with_its_own_looks() -> None:
    pose = maps.segments(torch.from_numpy(np.stack([waving(3, BODY, 110, 230)] * 2)))
    first, second = looks(1).times(BODY), looks(2).times(BODY)
    both = Looks(*(torch.stack(pair) for pair in zip(first, second, strict=True)))
    drawn = sketch.draw(pose, both, SIZE, 2)
    assert drawn.shape == (2, 3, sketch.CHANNELS, SIZE[1] // 2, SIZE[0] // 2)
    for window, one in enumerate((first, second)):
        alone = sketch.draw(maps.Segments(*(part[window] for part in pose)), one, SIZE, 2)
        assert torch.allclose(drawn[window], alone, atol=1e-5)


def test_poses_come_with_the_sketch_only_if_there_are_looks() -> None:
    pose = maps.segments(torch.from_numpy(figure(BODY, 110, 230)))
    lines = sketch.posed(pose, SIZE, 2.0)
    both = sketch.posed(pose, SIZE, 2.0, 1, looks().times(BODY))
    assert torch.equal(lines, maps.draw(pose, SIZE, 2.0))
    assert torch.equal(both[: maps.CHANNELS], lines)
    assert len(both) == maps.CHANNELS + sketch.CHANNELS


def test_of_a_film_without_anybody_the_usual_is_known() -> None:
    blank = np.zeros((240, 220), np.uint8)
    found = sketch.measure([(figure(BODY, 110, 230), np.zeros((240, 220, 3), np.uint8), blank)], BODY)
    assert torch.equal(found.widths, torch.from_numpy(sketch.USUAL))
    assert torch.isfinite(found.colours).all()


def test_bars_of_the_trunk_lie_between_its_flanks() -> None:
    points = torch.from_numpy(figure(BODY, 110, 230))
    bars = sketch.bars(maps.segments(points))
    trunk = bars.starts[-5:-1, 0]
    left, right = points[11, 0], points[12, 0]
    assert ((trunk < max(left, right)) & (trunk > min(left, right))).all()
    assert bars.ends[-1, 1] < points[7, 1], "the crown is above the ears"
