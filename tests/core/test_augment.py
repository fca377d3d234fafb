"""Augmentation: parts vanish, move and stretch as often and as far as asked, alike throughout a window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from figures import waving

from dancekit.core import maps
from dancekit.core.augment import Augmentation, Sway, disturb, recoloured, swayed
from dancekit.core.maps import CHANNELS, SEGMENT_CHANNELS, Segments
from dancekit.core.sketch import Looks

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


def marked(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 [T, 4, H, W]: grey, with the person nowhere but in a soft dot at each point."""
    across, down = np.arange(size[0]) + 0.5, np.arange(size[1])[:, None] + 0.5
    dots = sum(np.exp(-((across - x) ** 2 + (down - y) ** 2) / 18) for x, y in points[:, :2])
    frame = np.full((4, size[1], size[0]), 128, np.uint8)
    frame[3] = np.clip(255 * np.asarray(dots), 0, 255)
    return np.stack([frame, frame])


def centre(alpha: np.ndarray) -> np.ndarray:
    down, across = np.nonzero(alpha > 20)
    weight = alpha[down, across].astype(float)
    return np.array([np.average(across, weights=weight), np.average(down, weights=weight)]) + 0.5


def test_pictures_and_poses_are_turned_alike() -> None:
    point = np.array([[30.0, 70.0, 0.9]], np.float32)
    poses, frames = np.stack([point] * 6), marked(point, (80, 100))
    random = np.random.default_rng(1)
    for _ in range(20):
        known = np.ones((2, 1, 100, 80), np.uint8)
        moved, pictures, seen, factor = swayed(poses, frames, known, Sway(12.0, 0.2), random)
        assert np.abs(moved[0, 0, :2] - point[0, :2]).max() > 0.05
        away = np.hypot(*(moved[0, 0, :2] - (40, 50))) / np.hypot(*(point[0, :2] - (40, 50)))
        assert factor == pytest.approx(away, abs=0.001)
        assert (moved[..., 2] == poses[..., 2]).all()
        for picture in pictures:
            assert centre(picture[3]) == pytest.approx(moved[0, 0, :2], abs=0.4)
            assert (picture[:3] == 128).all(), "colour beyond the edge must go on as it was"
        assert pictures.shape == frames.shape
        assert seen.shape == known.shape


def test_what_comes_in_from_beyond_is_not_known() -> None:
    known = np.ones((1, 1, 60, 60), np.uint8)
    frames, poses = np.zeros((1, 4, 60, 60), np.uint8), np.zeros((5, 33, 3), np.float32)
    turns = [swayed(poses, frames, known, Sway(30.0, 0.0), np.random.default_rng(seed))[2] for seed in range(6)]
    assert min(seen[0, 0, 0, 0] for seen in turns) == 0
    assert all(seen[0, 0, 30, 30] == 1 for seen in turns)


def test_no_sway_changes_nothing() -> None:
    frames = np.random.default_rng(3).integers(0, 256, (2, 4, 40, 30), np.uint8)
    poses = np.random.default_rng(4).uniform(0, 30, (6, 33, 3)).astype(np.float32)
    known = np.ones((2, 1, 40, 30), np.uint8)
    moved, pictures, seen, factor = swayed(poses, frames, known, Sway(), np.random.default_rng(5))
    assert factor == 1
    assert moved == pytest.approx(poses, abs=1e-4)
    assert (pictures == frames).all()
    assert (seen == known).all()


def test_colours_change_in_frames_and_looks_alike() -> None:
    looks = Looks(torch.ones(2), torch.tensor([[0.5, -0.25, 0.0], [-0.5, 0.1, 0.3]])[:, None], torch.ones(2, 1))
    frames = np.empty((2, 4, 1, 2), np.uint8)
    frames[:, :3, 0] = ((looks.colours[:, 0] + 1) * 127.5).round().T
    frames[:, 3] = 77
    for seed in range(8):
        painted, new = recoloured(frames, looks, 1.0, np.random.default_rng(seed))
        shown = torch.from_numpy(painted[0, :3, 0].T.astype(np.float32)) / 127.5 - 1
        assert torch.allclose(shown, new.colours[:, 0], atol=0.02)
        assert (painted[:, 3] == 77).all()
        assert not np.array_equal(painted, frames)
        assert torch.equal(new.widths, looks.widths)
        assert torch.equal(new.cover, looks.cover)


def test_colours_change_as_often_as_asked() -> None:
    looks, frames = Looks(torch.ones(1), torch.zeros(1, 1, 3), torch.ones(1, 1)), np.full((1, 4, 1, 1), 100, np.uint8)
    random = np.random.default_rng(0)
    changed = [recoloured(frames, looks, 0.3, random)[0] is not frames for _ in range(500)]
    assert np.mean(changed) == pytest.approx(0.3, abs=0.06)
    assert recoloured(frames, looks, 0.0, random)[0] is frames
