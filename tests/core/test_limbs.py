"""Limbs: whose a cell is; hand and forearm part at the wrist, however wide the sleeve is."""

from __future__ import annotations

import numpy as np
import pytest
from figures import figure, waving

from dancekit.core import limbs, sketch
from dancekit.core.limbs import CELL
from dancekit.core.skeleton import INDEX
from dancekit.core.sketch import BAR_NAMES

FOREARM, HAND = (BAR_NAMES.index(f"left {name}") for name in ("forearm", "hand"))
SIZE = (320, 320)
WRIST = INDEX["left_wrist"]
FINGERS = [INDEX[f"left_{name}"] for name in ("pinky", "index", "thumb")]


def belongs(points: np.ndarray, widths: np.ndarray, place: np.ndarray) -> int:
    """The bar that the cell of a place in px belongs to."""
    x, y = (place // CELL).astype(int)
    return int(limbs.deepest(limbs.bars_of(points), widths, SIZE)[1][y, x])


@pytest.mark.parametrize("sleeve", [1, 3])
def test_a_palm_is_the_hands_and_what_is_before_the_wrist_the_forearms(sleeve: float) -> None:
    raised, widths = waving(9)[8], sketch.USUAL * np.float32(200)
    widths[FOREARM] *= sleeve
    bars = limbs.bars_of(raised)
    along = (bars.ends[HAND] - bars.starts[HAND]) / np.linalg.norm(bars.ends[HAND] - bars.starts[HAND])
    aside = np.array([-along[1], along[0]])
    for side in (-6, 0, 6):
        assert belongs(raised, widths, raised[WRIST, :2] + 4 * along + side * aside) == HAND
        assert belongs(raised, widths, raised[WRIST, :2] - 4 * along + side * aside) == FOREARM


def test_at_a_bent_wrist_they_part_half_way() -> None:
    bent, widths = waving(9)[8], sketch.USUAL * np.float32(200)
    widths[FOREARM] *= 3
    forearm = bent[WRIST, :2] - bent[INDEX["left_elbow"], :2]
    forearm /= np.linalg.norm(forearm)
    aside = np.array([-forearm[1], forearm[0]])
    bent[FINGERS, :2] = bent[WRIST, :2] + 14 * aside
    for ahead, side, owner in ((8, -5, HAND), (-8, 5, FOREARM), (5, 8, HAND), (-5, -8, FOREARM)):
        assert belongs(bent, widths, bent[WRIST, :2] + ahead * forearm + side * aside) == owner


def test_where_a_hand_is_not_known_all_is_the_forearms() -> None:
    points, widths = figure(), sketch.USUAL * np.float32(200)
    points[FINGERS] = (np.nan, np.nan, 0)
    assert not (limbs.deepest(limbs.bars_of(points), widths, SIZE)[1] == HAND).any()
    assert belongs(points, widths, points[WRIST, :2] + (0, 3)) == FOREARM


def test_hands_may_be_given_another_length() -> None:
    bars = limbs.bars_of(figure())
    changed = bars.with_hands(np.array([30, 15], np.float32))
    both = [BAR_NAMES.index(f"{side} hand") for side in ("left", "right")]
    lengths, (right, down) = limbs.directions(changed.at(np.array(both)))
    assert lengths == pytest.approx([30, 15])
    before = limbs.directions(bars.at(np.array(both)))[1]
    assert np.allclose((right, down), before, atol=1e-5)
    others = np.setdiff1d(np.arange(len(BAR_NAMES)), both)
    assert np.array_equal(changed.ends[others], bars.ends[others])
    assert np.array_equal(changed.starts, bars.starts)
