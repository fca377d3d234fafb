"""Augmentation: parts vanish, move and stretch as often and as far as asked, alike throughout a window."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from figures import waving

from dancekit.core import maps
from dancekit.core.augment import Augmentation, disturb
from dancekit.core.maps import CHANNELS, SEGMENT_CHANNELS, Segments

NONE = Augmentation(drop=0, move=0, distance=0.02, stretch=0, range=0.2)
BATCH, HEIGHT = 200, 300
CHANNEL = torch.tensor(SEGMENT_CHANNELS)


def pose() -> Segments:
    """BATCH windows of five poses of the waving figure."""
    points = torch.from_numpy(waving(5)).expand(BATCH, -1, -1, -1)
    return maps.segments(points)


def disturbed(strength: Augmentation, seed: int = 0) -> Segments:
    return disturb(pose(), HEIGHT, strength, torch.Generator().manual_seed(seed))


def assert_alike_over_time(change: torch.Tensor) -> None:
    """change: BATCH x 5 x S (x 2), the same in all five frames."""
    assert torch.allclose(change, change[:, :1].expand_as(change), atol=1e-3)


def test_no_strength_changes_nothing() -> None:
    for before, after in zip(pose(), disturbed(NONE), strict=True):
        assert torch.allclose(before, after, atol=1e-4)


def test_parts_vanish_as_often_as_asked_from_the_whole_window() -> None:
    change = disturbed(replace(NONE, drop=0.3)).seen / pose().seen
    assert_alike_over_time(change)
    assert set(change.unique().tolist()) == {0.0, 1.0}
    assert float(1 - change.mean()) == pytest.approx(0.3, abs=0.02)
    assert change[:, 0].std(0).min() > 0.3, "each part vanishes in some windows"
    assert not disturbed(replace(NONE, drop=1.0)).seen.any()


def test_all_segments_of_a_part_vanish_together() -> None:
    kept = disturbed(replace(NONE, drop=0.5)).seen[:, 0] > 0
    for channel in range(CHANNELS):
        own = kept[:, channel == CHANNEL]
        assert (own == own[:, :1]).all()


def test_ends_move_by_a_share_of_the_pictures_height() -> None:
    before, after = pose(), disturbed(replace(NONE, move=1.0))
    shifts = torch.stack((after.starts - before.starts, after.ends - before.ends))
    for shift in shifts:
        assert_alike_over_time(shift)
    assert float(shifts.std()) == pytest.approx(0.02 * HEIGHT, rel=0.02)
    assert abs(float(shifts.mean())) < 0.03 * 0.02 * HEIGHT
    both = torch.corrcoef(shifts[:, :, 0].reshape(2, -1))
    assert abs(float(both[0, 1])) < 0.05, "each end goes its own way"
    assert torch.equal(after.seen, before.seen)


def test_only_some_parts_move() -> None:
    before, after = pose(), disturbed(replace(NONE, move=0.25))
    moved = (after.starts - before.starts).abs().amax(-1)[:, 0] > 1e-3
    assert float(moved.float().mean()) == pytest.approx(0.25, abs=0.02)


def test_limbs_change_their_length_about_their_middle_and_keep_their_direction() -> None:
    before, after = pose(), disturbed(replace(NONE, stretch=1.0))
    assert torch.allclose(before.starts + before.ends, after.starts + after.ends, atol=1e-3)
    old, new = before.ends - before.starts, after.ends - after.starts
    factor = new.norm(dim=-1) / old.norm(dim=-1)
    assert torch.allclose(new, old * factor[..., None], atol=1e-3)
    assert_alike_over_time(factor)
    assert float(factor.min()) == pytest.approx(0.8, abs=0.01)
    assert float(factor.max()) == pytest.approx(1.2, abs=0.01)
    assert float(factor.mean()) == pytest.approx(1, abs=0.01)


def test_only_some_limbs_change_their_length() -> None:
    before, after = pose(), disturbed(replace(NONE, stretch=0.1))
    changed = ((after.starts - before.starts).norm(dim=-1) > 1e-3)[:, 0]
    assert float(changed.float().mean()) == pytest.approx(0.1, abs=0.02)


def test_seeds_decide_and_the_given_pose_is_left_alone() -> None:
    given = pose()
    copies = [part.clone() for part in given]
    disturb(given, HEIGHT, Augmentation(), torch.Generator().manual_seed(1))
    assert all(torch.equal(part, copy) for part, copy in zip(given, copies, strict=True))
    first, again, other = (disturbed(Augmentation(), seed).starts for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
