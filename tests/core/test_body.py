"""The 3-D body: bones keep their lengths, joints their limits, feet the floor, and cameras their geometry."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from dancekit.core.body import (
    BONE,
    CHANNEL,
    KNEE_LIMIT,
    LIMITS,
    Motion,
    Proportions,
    landmarks3d,
    pose,
    random_proportions,
    vector,
)
from dancekit.core.moves import STYLES, dance
from dancekit.core.skeleton import INDEX
from dancekit.core.stagecraft import Camera, click_track, confidence, random_track

FPS = Fraction(30)


def dancing(style: str, seed: int = 0, frames: int = 240) -> tuple[Proportions, Motion, np.ndarray]:
    """A random body, a dance, and its landmarks in metres."""
    rng = np.random.default_rng(seed)
    body = random_proportions(rng)
    motion = dance(rng, frames, FPS, style)
    return body, motion, landmarks3d(body, pose(body, motion))


def standing(yaw: float = 0.0, **degrees: float) -> Motion:
    """One frame of somebody who stands upright, with some angles given in degrees."""
    angles = np.zeros((1, len(CHANNEL)), np.float32)
    for name, value in {"yaw": yaw, **degrees}.items():
        angles[0, CHANNEL[name]] = np.radians(value)
    feet = np.zeros((1, 2, 5), np.float32)
    feet[0, :, 0] = np.cos(np.radians(yaw)) * vector(0.1, -0.1)
    feet[0, :, 2] = np.sin(np.radians(yaw)) * vector(-0.1, 0.1)
    feet[0, :, 3] = np.radians(yaw)
    return Motion(angles, vector(0, 1, 0)[None], feet)


def at(points: np.ndarray, name: str) -> np.ndarray:
    """One landmark's track."""
    return points[:, INDEX[name]]


def bend(points: np.ndarray, *names: str) -> np.ndarray:
    """How far a joint is bent, degrees: 0 is straight."""
    first, joint, last = (at(points, name) for name in names)
    before, after = joint - first, last - joint
    cosine = (before * after).sum(-1) / np.linalg.norm(before, axis=-1) / np.linalg.norm(after, axis=-1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


@pytest.mark.parametrize("style", sorted(STYLES))
def test_bones_keep_their_lengths(style: str) -> None:
    body, _, points = dancing(style)
    lengths = {
        ("shoulder", "elbow"): body.upper_arm, ("elbow", "wrist"): body.forearm,
        ("hip", "knee"): body.thigh, ("knee", "ankle"): body.shin,
    }  # fmt: skip
    for side in ("left", "right"):
        for (start, end), length in lengths.items():
            span = np.linalg.norm(at(points, f"{side}_{start}") - at(points, f"{side}_{end}"), axis=-1)
            np.testing.assert_allclose(span, length, atol=0.02 * body.leg if end == "ankle" else 1e-4)
    across = np.linalg.norm(at(points, "left_hip") - at(points, "right_hip"), axis=-1)
    np.testing.assert_allclose(across, body.hips, atol=1e-4)


@pytest.mark.parametrize("style", sorted(STYLES))
def test_joints_stay_within_their_limits(style: str) -> None:
    body, motion, points = dancing(style, seed=3)
    low, high = np.radians(np.array(list(LIMITS.values()))).T
    assert (motion.angles >= low - 1e-3).all()
    assert (motion.angles <= high + 1e-3).all()
    figure = pose(body, motion)
    for side in ("left", "right"):
        assert bend(points, f"{side}_hip", f"{side}_knee", f"{side}_ankle").max() < KNEE_LIMIT + 1
        thigh = figure.turns[:, BONE[f"{side}_thigh"]]
        shin = at(points, f"{side}_ankle") - at(points, f"{side}_knee")
        assert (np.matmul(shin[:, None], thigh)[:, 0, 2] < 1e-3).all(), "a knee bends forward"
        upper = figure.turns[:, BONE[f"{side}_upper_arm"]]
        forearm = at(points, f"{side}_wrist") - at(points, f"{side}_elbow")
        assert (np.matmul(forearm[:, None], upper)[:, 0, 2] > -1e-3).all(), "an elbow bends backward"


def test_a_standing_body_is_as_tall_as_its_parts() -> None:
    body = Proportions()
    points = landmarks3d(body, pose(body, standing()))
    hips, shoulders = (at(points, f"left_{name}")[0, 1] for name in ("hip", "shoulder"))
    assert hips == pytest.approx(body.ankle + body.leg, abs=0.02 * body.leg)
    assert shoulders - hips == pytest.approx(body.trunk, abs=1e-3)
    assert at(points, "left_shoulder")[0, 0] == pytest.approx(body.shoulders / 2, abs=1e-3)
    assert at(points, "nose")[0, 2] > at(points, "left_ear")[0, 2] + 0.05
    assert points[..., 1].min() > 0
    assert points[..., 1].max() < body.height


def test_yaw_turns_to_the_left_and_elbows_lift_forearms() -> None:
    body = Proportions()
    turned = landmarks3d(body, pose(body, standing(90)))
    assert at(turned, "nose")[0, 0] > at(turned, "left_ear")[0, 0] + 0.05
    assert at(turned, "left_shoulder")[0, 2] == pytest.approx(-body.shoulders / 2, abs=1e-3)
    bent = landmarks3d(body, pose(body, standing(left_elbow=90)))
    forearm = at(bent, "left_wrist")[0] - at(bent, "left_elbow")[0]
    np.testing.assert_allclose(forearm, [0, 0, body.forearm], atol=1e-4)
    raised = landmarks3d(body, pose(body, standing(right_abduct=90)))
    upper = at(raised, "right_elbow")[0] - at(raised, "right_shoulder")[0]
    np.testing.assert_allclose(upper, [-body.upper_arm, 0, 0], atol=1e-4)


def test_the_same_dance_bends_every_body_alike() -> None:
    motion = dance(np.random.default_rng(5), 120, FPS, "power")
    small, tall = Proportions(0.3, 0.2, 0.12, 0.19, 0.18, 0.15, 0.1, 0.25, 0.25, 0.15), Proportions()
    first, second = (landmarks3d(body, pose(body, motion)) for body in (small, tall))
    for side in ("left", "right"):
        elbow = f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist"
        np.testing.assert_allclose(bend(first, *elbow), bend(second, *elbow), atol=0.1)


@pytest.mark.parametrize("style", sorted(STYLES))
def test_moves_are_smooth_and_feet_keep_to_the_floor(style: str) -> None:
    body, _, points = dancing(style, seed=1)
    speed = np.diff(points, axis=0) * float(FPS) / body.height
    jolt = np.linalg.norm(np.diff(speed, axis=0), axis=-1) * float(FPS)
    assert jolt.max() < 120, "something jumps"
    soles = points[:, [INDEX[f"{side}_{name}"] for side in ("left", "right") for name in ("heel", "foot")], 1]
    assert soles.min() > -0.02
    assert (soles.min(1) < 0.05 * body.height).mean() > 0.8


def test_seeds_decide_and_beats_are_met() -> None:
    beats = np.arange(0.2, 20, 0.5)
    first, again, other = (dance(np.random.default_rng(seed), 600, FPS, "show", beats) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.angles, again.angles)
    np.testing.assert_array_equal(first.feet, again.feet)
    assert np.abs(first.angles - other.angles).max() > 0.5
    arms = [CHANNEL[f"{side}_{name}"] for side in ("left", "right") for name in ("flex", "abduct")]
    speed = np.abs(np.gradient(first.angles[:, arms], axis=0)).mean(1)
    frames = np.round(beats * float(FPS)).astype(int)
    between = frames[:-1] + 7
    assert speed[frames].mean() < 0.6 * speed[between].mean(), "shapes are not reached on the beat"


def test_a_camera_projects_known_points() -> None:
    camera = Camera((0.0, 1.0, 4.0), focal=400.0, centre=(180.0, 320.0))
    pixels, depth = camera.project(np.array([[0, 1, 0], [1, 1, 0], [0, 2, 2]], np.float32))
    np.testing.assert_allclose(pixels, [[180, 320], [280, 320], [180, 120]], atol=1e-3)
    np.testing.assert_allclose(depth, [4, 4, 2], atol=1e-6)
    down = Camera((0.0, 2.0, 2.0), pitch=np.pi / 4, focal=100.0)
    np.testing.assert_allclose(down.project(vector(0, 0, 0))[0], [0, 0], atol=1e-4)
    left = Camera((2.0, 0.0, 2.0), yaw=np.pi / 4, focal=100.0)
    np.testing.assert_allclose(left.project(vector(0, 0, 0))[0], [0, 0], atol=1e-4)


def test_framing_fits_all_points() -> None:
    points = np.random.default_rng(0).uniform(-1, 1, (50, 33, 3)).astype(np.float32)
    pixels, _ = Camera((0.0, 0.5, 4.0), roll=0.1).framed(points, (300, 500), 0.8, (0.5, 0.5)).project(points)
    low, high = pixels.reshape(-1, 2).min(0), pixels.reshape(-1, 2).max(0)
    assert np.max((high - low) / (300, 500)) == pytest.approx(0.8, abs=1e-3)
    np.testing.assert_allclose((low + high) / 2, [150, 250], atol=0.1)


def test_hidden_hands_are_less_certain() -> None:
    body = Proportions()
    camera = Camera((0.0, 1.0, 4.0), focal=400.0)
    seen = []
    for turn in (0, 180):
        motion = standing(turn, left_flex=30, left_spin=70, left_elbow=80)
        pixels, depth = camera.project(landmarks3d(body, pose(body, motion)))
        seen.append(confidence(pixels, depth, camera.focal)[0, INDEX["left_wrist"]])
    assert seen[0] > 0.8
    assert seen[1] < 0.5


def test_random_tracks_are_whole_varied_and_seeded() -> None:
    rng, size, facing = np.random.default_rng(7), (360, 640), []
    for _ in range(12):
        track = random_track(rng, 90, Fraction(25), size)
        assert track.points.shape == (90, 33, 3)
        assert track.points.dtype == np.float32
        assert np.isfinite(track.points).all()
        assert (track.points[..., :2] >= 0).all()
        assert (track.points[..., :2] <= size).all()
        assert ((track.points[..., 2] > 0) & (track.points[..., 2] <= 1)).all()
        facing.append(np.sign(at(track.points, "left_shoulder")[0, 0] - at(track.points, "right_shoulder")[0, 0]))
    assert len(set(facing)) == 2, "nobody turns round"
    one, two = (random_track(np.random.default_rng(3), 30, Fraction(24000, 1001), size).points for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_very_short_tracks_work(frames: int) -> None:
    assert len(random_track(np.random.default_rng(0), frames, FPS, (200, 300))) == frames


def test_clicks_start_at_the_beats() -> None:
    beats = np.array([0.25, 0.75, 1.25])
    sound = click_track(beats, 1.5, 8000)
    assert sound.shape == (12000,)
    assert sound.dtype == np.float32
    for beat in beats:
        start = round(beat * 8000)
        assert sound[start] > 0.5
        assert not sound[start - 100 : start].any()
    assert np.abs(sound).max() <= 1
