"""Pose maps: every line is where and as wide as it should be, and only in its own part's channel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from figures import figure, waving

from dancekit.core import maps, skeleton
from dancekit.core.maps import CHANNELS, SEGMENT_CHANNELS, Segments
from dancekit.core.skeleton import INDEX, PARTS

CHANNEL = {part.name: channel for channel, part in enumerate(PARTS)}
SEGMENTS = len(SEGMENT_CHANNELS)


def one_line(start: tuple[float, float], end: tuple[float, float], segment: int = 0) -> Segments:
    """A pose of which only one segment is seen."""
    starts, ends, seen = torch.zeros(SEGMENTS, 2), torch.zeros(SEGMENTS, 2), torch.zeros(SEGMENTS)
    starts[segment], ends[segment], seen[segment] = torch.tensor(start), torch.tensor(end), 1.0
    return Segments(starts, ends, seen)


def distance(start: tuple[float, float], end: tuple[float, float], size: tuple[int, int]) -> np.ndarray:
    """How far the middle of each px [H, W] is from a segment, px by px."""
    a, b = np.array(start), np.array(end)
    result = np.zeros(size[::-1])
    for row, column in np.ndindex(*result.shape):
        middle = np.array([column + 0.5, row + 0.5])
        share = np.clip((middle - a) @ (b - a) / max((b - a) @ (b - a), 1e-12), 0, 1)
        result[row, column] = np.linalg.norm(middle - a - share * (b - a))
    return result


@pytest.mark.parametrize(("start", "end"), [
    ((5.0, 7.0), (21.0, 30.0)), ((21.0, 30.0), (5.0, 7.0)), ((3.0, 20.5), (28.0, 20.5)), ((15.2, 2.0), (15.2, 39.0)),
    ((-10.0, 12.0), (50.0, 33.0)), ((12.0, 12.0), (12.0, 12.0)), ((12.0, 12.0), (12.0001, 12.0)),
])  # fmt: skip
def test_a_line_falls_from_one_to_nothing_at_twice_its_half_width(
    start: tuple[float, float], end: tuple[float, float]
) -> None:
    size, width = (32, 44), 2.5
    drawn = maps.draw(one_line(start, end), size, width)
    wanted = np.clip(1 - (distance(start, end, size) / (2 * width)) ** 2, 0, None) ** 2
    assert drawn.shape == (CHANNELS, 44, 32)
    assert drawn[0].numpy() == pytest.approx(wanted, abs=2e-3)
    assert not drawn[1:].any()


def test_drawing_coarsely_is_drawing_the_smaller_picture() -> None:
    pose = maps.segments(torch.from_numpy(figure(60, 24, 62)))
    half = Segments(pose.starts / 2, pose.ends / 2, pose.seen)
    coarse = maps.draw(pose, (48, 64), 3.0, 2)
    assert coarse.shape == (CHANNELS, 32, 24)
    assert torch.allclose(coarse, maps.draw(half, (24, 32), 1.5), atol=1e-5)
    blocks = torch.nn.functional.avg_pool2d(maps.draw(pose, (48, 64), 3.0)[None], 2)[0]
    assert (coarse - blocks).abs().max() < 0.06


def test_every_part_is_drawn_into_its_own_channel() -> None:
    drawn = maps.draw(maps.segments(torch.from_numpy(figure(100, 50, 110))), (100, 120), 1.5)
    assert (drawn.amax((1, 2)) > 0.85).all()
    points = figure(100, 50, 110)
    for name, landmark in (("left forearm", "left_wrist"), ("right shin", "right_ankle"), ("left foot", "left_heel")):
        x, y, _ = points[INDEX[landmark]]
        assert drawn[CHANNEL[name], int(y), int(x)] > 0.7, name
    assert drawn[CHANNEL["left forearm"], :, :50].max() == 0, "her left is on the right"


def test_a_part_of_two_segments_shows_both() -> None:
    left = [i for i, channel in enumerate(SEGMENT_CHANNELS) if channel == CHANNEL["left foot"]]
    assert len(left) == 2
    first, second = one_line((4, 4), (14, 4), left[0]), one_line((14, 4), (14, 20), left[1])
    both = Segments(first.starts + second.starts, first.ends + second.ends, first.seen + second.seen)
    apart = [maps.draw(pose, (20, 24), 1.5) for pose in (first, second)]
    assert torch.equal(maps.draw(both, (20, 24), 1.5), torch.maximum(*apart))


def test_moving_an_arm_changes_no_other_channel() -> None:
    points = torch.from_numpy(waving(8)[[0, 7]])
    drawn = maps.draw(maps.segments(points), (320, 320), 4.0, 4)
    changed = {PARTS[i].name for i in (drawn[0] != drawn[1]).any(-1).any(-1).nonzero()[:, 0].tolist()}
    assert changed == {"left forearm", "left hand", "left thumb"}


def test_parts_with_a_missing_end_are_not_drawn() -> None:
    points = figure(100, 50, 110)
    points[INDEX["left_wrist"]] = (np.nan, np.nan, 0)
    points[INDEX["right_ear"]] = (np.nan, np.nan, 0)
    drawn = maps.draw(maps.segments(torch.from_numpy(points)), (100, 120), 1.5)
    assert torch.isfinite(drawn).all()
    empty = {PARTS[i].name for i in (drawn.amax((1, 2)) == 0).nonzero()[:, 0].tolist()}
    assert empty == {"left forearm", "left hand", "left thumb", "neck"}
    drawn = maps.draw(maps.segments(torch.full((skeleton.J, 3), float("nan"))), (20, 24), 1.5)
    assert not drawn.any()


def test_segments_run_between_the_middles_of_their_landmarks() -> None:
    points = figure(100, 50, 110)
    pose = maps.segments(torch.from_numpy(points))
    neck = SEGMENT_CHANNELS.index(CHANNEL["neck"])
    middle = (points[INDEX["left_ear"], :2] + points[INDEX["right_ear"], :2]) / 2
    assert pose.ends[neck].numpy() == pytest.approx(middle)
    points[INDEX["left_ear"], 2] = 0.4
    assert float(maps.segments(torch.from_numpy(points)).seen[neck]) == pytest.approx(0.7), "the less sure end counts"


@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
def test_any_number_of_poses_is_drawn_at_once(lead: tuple[int, ...]) -> None:
    count = int(np.prod(lead))
    points = torch.from_numpy(waving(6, 60, 24, 62)[:count].reshape(*lead, skeleton.J, 3))
    drawn = maps.draw(maps.segments(points), (48, 64), 1.5)
    assert drawn.shape == (*lead, CHANNELS, 64, 48)
    last = maps.draw(maps.segments(points.reshape(-1, skeleton.J, 3)[-1]), (48, 64), 1.5)
    assert torch.equal(drawn.reshape(-1, CHANNELS, 64, 48)[-1], last)


@pytest.mark.parametrize("length", [1, 3, 7])
def test_windows_stack_consecutive_entries_in_order(length: int) -> None:
    sequence = torch.arange(2 * 7 * 2).view(2, 7, 2, 1, 1).expand(2, 7, 2, 2, 3)
    windows = maps.windows(sequence, length)
    assert windows.shape == (2, 8 - length, 2 * length, 2, 3)
    for start in range(8 - length):
        assert windows[1, start, :, 0, 0].tolist() == list(range(14 + 2 * start, 14 + 2 * (start + length)))


def test_windows_without_a_future_are_blank_behind_their_middle() -> None:
    sequence = torch.arange(1, 2 * 7 * 2 + 1).view(2, 7, 2, 1, 1).expand(2, 7, 2, 2, 3)
    whole, past = (maps.windows(sequence, 5, future) for future in (True, False))
    assert torch.equal(past[:, :, :6], whole[:, :, :6])
    assert whole[:, :, 6:].all()
    assert not past[:, :, 6:].any()
