"""Hand stills: hands that rest and are seen well are kept, cut from their frames, in all the ways they are held."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from figures import waving

from dancekit.core import hand_stills, limbs, sketch
from dancekit.core.hand_stills import TOO_FAST, Found
from dancekit.core.limbs import LIMBS
from dancekit.core.skeleton import INDEX
from dancekit.core.sketch import Looks

HAND = LIMBS.index("left hand")
LOOKS = Looks(
    torch.from_numpy(sketch.USUAL) * 200,
    torch.zeros(sketch.SIDES, sketch.BARS, sketch.ALONG, sketch.ACROSS, 3),
    torch.ones(sketch.SIDES, sketch.BARS, sketch.ALONG, sketch.ACROSS),
)
WIDTH = float(LOOKS.widths[sketch.BAR_NAMES.index("left hand")])
FINGERS = [INDEX[f"left_{name}"] for name in ("pinky", "index", "thumb")]
RAISED = waving(9)[8]


def drawn(points: np.ndarray) -> np.ndarray:
    """A frame of the middle grey that LOOKS has, with some pattern, where the left arm is; else empty."""
    picture = np.zeros((320, 320, 4), np.uint8)
    bars = limbs.bars_of(points)
    squared, _ = limbs.deepest(bars, LOOKS.widths.numpy(), (320, 320))
    arm = squared[[*limbs.MEMBERS[LIMBS.index("left arm")], *limbs.MEMBERS[HAND]]].min(0) < 1
    where = np.repeat(np.repeat(arm, 2, 0), 2, 1)
    waves = 20 * np.sin(np.arange(320) / 1.5)
    picture[where] = np.dstack([127 + waves[:, None] + waves] * 3 + [np.full((320, 320), 255)])[where]
    return picture


def test_the_pace_is_that_of_the_faster_end_and_what_is_unknown_is_too_fast() -> None:
    points = np.stack([RAISED] * 3)
    before, after = points.copy(), points.copy()
    before[1, FINGERS, 0] -= WIDTH
    after[1, FINGERS, 0] += WIDTH
    before[2] = np.nan
    paces = hand_stills.pace(before, after, HAND, LOOKS)
    assert paces[:2] == pytest.approx([0, 1], abs=1e-5)
    assert paces[2] == TOO_FAST


def test_a_hand_is_cut_with_all_that_belongs_to_it() -> None:
    frame = drawn(RAISED)
    picture, points = hand_stills.cut(frame, RAISED, HAND, LOOKS)
    assert max(picture.shape[:2]) < 100
    left, top = np.rint(RAISED[0, :2] - points[0, :2]).astype(int)
    assert np.array_equal(picture, frame[top : top + picture.shape[0], left : left + picture.shape[1]])
    whole, part = hand_stills.find(frame, RAISED, HAND, LOOKS, 0.5), hand_stills.find(picture, points, HAND, LOOKS, 0.5)
    assert part.alone > 0.9
    assert [*part] == pytest.approx([*whole], rel=0.1), "as it is seen in the whole frame"


def test_a_hand_at_the_rim_of_its_frame_is_cut_too_and_not_alone() -> None:
    frame = drawn(RAISED)
    across = int(RAISED[[INDEX["left_wrist"], INDEX["left_index"]], 0].mean())
    picture, points = hand_stills.cut(frame[:, :across], RAISED, HAND, LOOKS)
    assert picture.size
    assert hand_stills.find(picture, points, HAND, LOOKS, 0.0).alone == 0
    beyond = RAISED + np.array([400, 0, 0], np.float32)
    assert min(hand_stills.cut(frame, beyond, HAND, LOOKS)[0].shape[:2]) > 0


def test_worth_are_hands_that_rest_by_themselves_and_show_something() -> None:
    seen = [Found(0.8, *one) for one in ((1, 9, 0), (1, 8, 0), (1, 1, 0), (0.4, 9, 0), (1, 9, 1.4))]
    worth = hand_stills.worth(seen, 1)
    assert worth[:2].tolist() == [1, 1]
    assert worth[2] < 0.3, "smeared"
    assert worth[3] == 0, "something is beside it"
    assert worth[4] < 0.5, "moves"
    assert hand_stills.worth([Found(0, 0, 0, 0)] * 4, 2).tolist() == [0] * 4
