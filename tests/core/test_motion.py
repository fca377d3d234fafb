"""Motion: what moves under landmarks is followed to a fraction of a px, and landmarks stop trembling without lag."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from dancekit.core import motion, tracks
from dancekit.core.skeleton import J
from dancekit.types import PoseTrack

SIZE = (320, 240)


def cloth(seed: int = 0, coarse: float = 2.0) -> np.ndarray:
    """A picture with something to see everywhere, as coarse as so many px, uint8 [240, 320, 3]."""
    noise = np.random.default_rng(seed).normal(0, 1, (SIZE[1], SIZE[0], 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), coarse)
    return np.clip(128 + 50 * soft / soft.std(), 0, 255).astype(np.uint8)


def moved(picture: np.ndarray, right: float, down: float) -> np.ndarray:
    matrix = np.array([[1.0, 0.0, right], [0.0, 1.0, down]])
    return cv2.warpAffine(picture, matrix, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def spots(many: int = 6) -> np.ndarray:
    """Landmarks [many, 3] well within the picture."""
    places = np.random.default_rng(1).uniform((100, 60), (220, 180), (many, 2))
    return np.column_stack((places, np.ones(many))).astype(np.float32)


@pytest.mark.parametrize("way", [(0.0, 0.0), (0.4, -0.3), (3.0, 5.0)])
def test_a_picture_that_moves_is_followed_to_a_fraction_of_a_px(way: tuple[float, float]) -> None:
    steps = motion.stepped(cloth(), moved(cloth(), *way), spots())
    assert steps[:, :2] == pytest.approx(np.tile(way, (6, 1)), abs=0.08)
    assert steps[:, 2].min() > 0.9


def test_what_moves_far_is_followed_or_not_trusted() -> None:
    curtain = cloth(coarse=6)
    steps = motion.stepped(curtain, moved(curtain, -12.0, 7.5), spots())
    sure = steps[:, 2] > 0.5
    assert sure.sum() >= 3
    assert steps[sure, :2] == pytest.approx(np.tile((-12.0, 7.5), (sure.sum(), 1)), abs=0.5)


def test_large_frames_are_looked_at_smaller_and_told_in_their_own_px() -> None:
    now, points = moved(cloth(), 4.0, 2.0), spots()
    before, now = (cv2.resize(each, None, fx=4, fy=4) for each in (cloth(), now))
    steps = motion.stepped(before, now, points * np.array([4, 4, 1], np.float32))
    assert steps[:, :2] == pytest.approx(np.tile((16.0, 8.0), (6, 1)), abs=0.5)


def test_what_is_not_found_again_is_not_trusted() -> None:
    assert motion.stepped(cloth(), cloth(seed=5), spots())[:, 2].max() < 0.5
    flat = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    assert not motion.stepped(flat, flat, spots())[:, 2].any(), "nothing is to be seen there"


def test_landmarks_that_are_missing_or_alone_have_no_step() -> None:
    points = spots()
    points[2] = (np.nan, np.nan, 0)
    steps = motion.stepped(cloth(), moved(cloth(), 2.0, 0.0), points)
    assert not steps[2].any()
    assert steps[[0, 1, 3, 4, 5], 2].min() > 0.9
    points[:] = np.nan
    assert not motion.stepped(cloth(), cloth(), points).any()
    assert not motion.stepped(cloth(), cloth(), spots(1)).any(), "a single place holds no picture"


def test_landmarks_beyond_the_frame_do_no_harm() -> None:
    points = spots()
    points[0, :2] = (-400, 1000)
    steps = motion.stepped(cloth(), moved(cloth(), 1.0, 0.0), points)
    assert np.isfinite(steps).all()


def trembling(length: int = 60, noise: float = 0.8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(true landmarks [T, J, 3] that dance, the same as found, their true steps [T, J, 3])."""
    time = np.arange(length)[:, None]
    phase = np.arange(J) / 3
    true = np.stack(
        (160 + 60 * np.sin(time / 4 + phase), 120 + 40 * np.cos(time / 3 + phase), np.ones((length, J))), -1
    )
    found = true.copy()
    found[..., :2] += np.random.default_rng(2).normal(0, noise, (length, J, 2))
    steps = np.zeros_like(true)
    steps[1:, :, :2] = np.diff(true[..., :2], axis=0)
    steps[1:, :, 2] = 1
    return true.astype(np.float32), found.astype(np.float32), steps.astype(np.float32)


def track(points: np.ndarray, shots: tuple[int, ...] = (0,)) -> PoseTrack:
    return PoseTrack(points, SIZE, Fraction(25), shots=shots)


def error(points: np.ndarray, true: np.ndarray) -> float:
    return float(np.sqrt(np.nanmean((points - true)[..., :2] ** 2)))


def test_trembling_landmarks_are_steadied_without_lag() -> None:
    true, found, steps = trembling()
    followed = motion.followed(track(found), steps).points
    assert error(followed, true) < 0.4 * error(found, true)
    assert error(followed[2:-2], true[2:-2]) < error(followed[2:-2], true[1:-3]), "nothing comes late"
    assert error(followed, true) < 0.6 * error(tracks.smooth(found, Fraction(25)), true), "smoothing alone does less"


def test_landmarks_that_are_right_stay_and_so_do_those_without_steps() -> None:
    true, found, steps = trembling()
    assert motion.followed(track(true), steps).points == pytest.approx(true, abs=1e-3)
    assert motion.followed(track(found), np.zeros_like(steps)).points == pytest.approx(found, abs=1e-4)


def test_the_answer_has_the_least_squares(monkeypatch: pytest.MonkeyPatch) -> None:
    _, found, steps = trembling(5)
    steps[..., 2] = np.random.default_rng(3).uniform(0, 1, steps.shape[:2])
    monkeypatch.setattr(motion, "_ASUNDER", 1e6)
    got = motion.followed(track(found), steps).points[:, 0, 0]
    counts = np.sqrt(25 * motion._FAITH * steps[1:, 0, 2])
    ties, wanted = np.diff(np.eye(5), axis=0) * counts[:, None], np.append(found[:, 0, 0], counts * steps[1:, 0, 0])
    assert got == pytest.approx(np.linalg.lstsq(np.concatenate((np.eye(5), ties)), wanted, rcond=None)[0], abs=1e-3)


def test_nothing_is_carried_over_a_cut_or_a_gap() -> None:
    true, found, steps = trembling()
    found[30:] += (70, 0, 0)
    cut = motion.followed(track(found, (0, 30)), steps).points
    assert error(cut[30:], true[30:] + np.array([70, 0, 0])) < 1.0
    assert np.array_equal(cut[:30], motion.followed(track(found[:30]), steps[:30]).points)
    found[40:43, 5] = np.nan
    steps[40:43, 5] = np.nan
    gap = motion.followed(track(found, (0, 30)), steps).points
    assert np.isnan(gap[40:43, 5, :2]).all()
    assert np.isfinite(np.delete(gap, 5, 1)).all()
    assert np.isfinite(gap[:40, 5]).all()


def test_the_steps_of_guesses_do_not_count() -> None:
    true, found, steps = trembling()
    found[20:24, 7, 2] = 0.05
    steps[20:24, 7] = (50, 50, 1)
    cleaned = tracks.clean(track(found), steps=steps).points
    steps[20:24, 7] = 0
    assert np.array_equal(cleaned, tracks.clean(track(found), steps=steps).points)
    assert error(cleaned, true) < 0.7 * error(tracks.clean(track(found)).points, true)


def test_a_hand_that_flies_by_is_not_held_by_the_wall_behind_it() -> None:
    time = np.arange(30)
    points = np.ones((30, J, 3), np.float32)
    points[..., :2] = np.random.default_rng(4).uniform((100, 40), (200, 200), (J, 2))
    points[:, 5, 0] = 60 + 200 / (1 + np.exp(-(time - 15) / 1.5))
    steps = np.zeros_like(points)
    steps[..., 2] = 1  # all of it is sure to be still
    followed = motion.followed(track(points), steps).points
    assert np.abs(followed - points)[:, 5, 0].max() < 4
    assert np.abs(np.delete(followed - points, 5, 1)).max() < 1e-3


@pytest.mark.parametrize(("shown", "least"), [(1.0, 0.95), (0.3, 0.92)])
@pytest.mark.parametrize("fps", [25, 60, 120, 240])
def test_a_hand_that_waves_is_not_held_by_the_wall_behind_it(fps: int, shown: float, least: float) -> None:
    points = np.ones((2 * fps, J, 3), np.float32)
    points[..., :2] = np.random.default_rng(4).uniform((100, 40), (200, 200), (J, 2))
    swing = 8 * np.sin(2 * np.pi * 2 * np.arange(2 * fps) / fps)
    seen = np.arange(2 * fps) % fps < shown * fps
    points[:, 5, 0] = np.where(seen, 150 + swing, np.nan)
    steps = np.zeros_like(points)
    steps[..., 2] = 1  # all of it is sure to be still
    found = motion.followed(PoseTrack(points, SIZE, Fraction(fps)), steps).points[:, 5, 0]
    assert np.array_equal(np.isfinite(found), seen)
    kept = (found[seen] - 150) @ swing[seen] / (swing[seen] @ swing[seen])
    assert least < kept < 1.05


def test_one_frame_is_a_track_too() -> None:
    true, _, steps = trembling(1)
    assert motion.followed(track(true), steps).points == pytest.approx(true)
    nobody = replace(track(true)).with_points(np.full_like(true, np.nan))
    assert np.isnan(motion.followed(nobody, steps).points[..., :2]).all()
