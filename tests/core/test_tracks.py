"""Cleaning tracks: guesses go, short gaps are bridged, jitter is smoothed without lag, and nothing crosses a cut."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from figures import figure, track, unseen, waving

from dancekit.core import tracks
from dancekit.core.skeleton import INDEX, REGIONS

WRIST = INDEX["left_wrist"]


def walking(length: int = 60) -> np.ndarray:
    """The figure moves right by 2 px a frame."""
    points = np.repeat(figure(x=60.0)[None], length, axis=0)
    points[..., 0] += 2.0 * np.arange(length)[:, None]
    return points


def test_a_short_gap_is_bridged_on_a_straight_line() -> None:
    points = walking()
    cleaned = tracks.clean(track(unseen(points, 20, 21, 22, 23))).points
    assert np.allclose(cleaned[18:26, :, :2], points[18:26, :, :2], atol=0.01)


def test_a_long_gap_stays_a_gap() -> None:
    gap = range(20, 32)
    cleaned = tracks.clean(track(unseen(walking(), *gap)))
    assert np.isnan(cleaned.points[list(gap), :, :2]).all()
    assert (cleaned.points[list(gap), :, 2] == 0).all()
    assert not tracks.found(cleaned)[list(gap)].any()
    assert tracks.found(cleaned)[[19, 32]].all()


def test_a_gap_is_not_bridged_across_a_cut() -> None:
    cleaned = tracks.clean(track(unseen(walking(), 28, 29, 30, 31), shots=(0, 30)))
    assert np.isnan(cleaned.points[28:32, :, 0]).all()


def test_nothing_is_smoothed_across_a_cut() -> None:
    points = np.repeat(figure()[None], 40, axis=0)
    points[20:, :, 0] += 100
    cleaned = tracks.clean(track(points, shots=(0, 20))).points
    assert np.allclose(cleaned, points, atol=1e-3)


def test_a_guess_is_taken_for_missing_unless_the_frame_cuts_it_off() -> None:
    points = np.repeat(figure()[None], 40, axis=0)
    points[:, [WRIST, INDEX["left_foot"]], 2] = 0.02
    points[:, INDEX["left_foot"], 1] = 330.0
    cleaned = tracks.clean(track(points), inside=(0, 0, 320, 320)).points
    assert np.isnan(cleaned[:, WRIST, 0]).all()
    assert cleaned[:, INDEX["left_foot"], 1] == pytest.approx(330.0)


@pytest.mark.parametrize("fps", [25, 60])
def test_smoothing_has_no_lag_and_keeps_peaks(fps: int) -> None:
    time = np.arange(4 * fps) / fps
    points = np.repeat(figure()[None], len(time), axis=0)
    points[:, WRIST, 0] += 40 * np.sin(2 * np.pi * time)
    smoothed = tracks.smooth(points, Fraction(fps))[:, WRIST, 0]
    wanted = points[:, WRIST, 0]
    inner = slice(fps // 2, -fps // 2)
    assert np.abs(smoothed[inner] - wanted[inner]).max() < 0.6
    assert np.ptp(smoothed[inner]) == pytest.approx(80, rel=0.02)


def test_smoothing_takes_most_of_the_jitter_away() -> None:
    points = np.repeat(figure()[None], 200, axis=0)
    noise = np.random.default_rng(0).normal(0, 2, points[..., :2].shape).astype(np.float32)
    points[..., :2] += noise
    smoothed = tracks.smooth(points, Fraction(60))
    assert (smoothed[..., :2] - figure()[:, :2]).std() < 0.75 * noise.std()


def test_a_landmark_of_little_confidence_weighs_little() -> None:
    points = np.repeat(figure()[None], 60, axis=0)
    points[30, WRIST, 0] += 50
    sure = tracks.smooth(points, Fraction(60))[:, WRIST, 0]
    points[30, WRIST, 2] = 0.0
    doubtful = tracks.smooth(points, Fraction(60))[:, WRIST, 0]
    still = figure()[WRIST, 0]
    assert abs(doubtful[31] - still) < 0.2 * abs(sure[31] - still)


@pytest.mark.parametrize("height", [120.0, 260.0])
def test_the_bodys_height_is_measured_from_its_bones(height: float) -> None:
    measured = tracks.body_height(track(waving(80, height)))
    assert measured == pytest.approx(np.full(80, height), rel=0.02)


def test_bones_that_point_at_the_camera_do_not_make_the_body_shorter() -> None:
    points = np.repeat(figure()[None], 100, axis=0)
    for name in ("wrist", "elbow"):
        for side in ("left", "right"):
            points[30:60, INDEX[f"{side}_{name}"], 1] = points[30:60, INDEX[f"{side}_shoulder"], 1]
    points[30:60, INDEX["left_knee"], 1] -= 30
    assert tracks.body_height(track(points)) == pytest.approx(np.full(100, 200.0), rel=0.05)


def test_a_body_that_comes_nearer_grows() -> None:
    heights = np.linspace(100, 250, 750)
    measured = tracks.body_height(track(np.stack([figure(height) for height in heights])))
    assert (np.diff(measured) > -0.1).all()
    assert measured == pytest.approx(heights, rel=0.125)


def test_without_any_bone_the_height_is_unknown() -> None:
    nobody = unseen(waving(10), *range(10))
    assert np.isnan(tracks.body_height(track(nobody))).all()


def test_bones_are_as_long_as_the_figures() -> None:
    lengths = tracks.bone_lengths(waving(30), [("left_hip", "left_knee"), ("left_elbow", "left_wrist")])
    assert lengths == pytest.approx(np.broadcast_to([0.24 * 200, 0.145 * 200], (30, 2)), rel=1e-4)


def test_a_person_is_there_when_hips_or_shoulders_are() -> None:
    points = np.repeat(figure()[None], 3, axis=0)
    points[1, [INDEX[name] for name in ("left_hip", "right_hip")], :2] = np.nan
    points[2] = np.nan
    assert tracks.found(track(points)).tolist() == [True, True, False]


def test_what_the_film_shows_of_each_region_is_counted() -> None:
    points = np.repeat(figure()[None], 10, axis=0)
    points[:5, [INDEX[name] for name in REGIONS["feet"]], 2] = 0.1
    points[:, [INDEX[name] for name in REGIONS["left arm"]], 0] = 400
    shares = tracks.seen_share(track(points), (0, 0, 320, 320))
    assert shares == {"head": 1, "left arm": 0, "right arm": 1, "left leg": 1, "right leg": 1, "feet": 0.5}


def test_low_pass_bridges_gaps_and_holds_ends() -> None:
    values = np.full(50, 7.0)
    values[[0, 1, 20, 21, 22, 49]] = np.nan
    assert tracks.low_pass(values, 3.0) == pytest.approx(np.full(50, 7.0))
    assert np.isnan(tracks.low_pass(np.full(5, np.nan), 3.0)).all()


def test_what_hardly_moves_is_held_still() -> None:
    still = np.repeat(figure()[None], 80, axis=0)
    shaken = still.copy()
    shaken[..., :2] += np.random.default_rng(0).normal(0, 0.4, shaken[..., :2].shape)
    held = tracks.steadied(track(shaken)).points
    change = [np.abs(np.diff(points[..., :2], axis=0)).mean() for points in (shaken, held)]
    assert change[1] < 0.4 * change[0]
    assert np.abs(held - still)[..., :2].max() < np.abs(shaken - still)[..., :2].max()
    assert np.array_equal(held[..., 2], shaken[..., 2])


def test_what_moves_is_not_held_back() -> None:
    for moving in (walking(), waving(60)):
        height = np.nanmedian(tracks.body_height(track(moving)))
        strayed = np.abs(tracks.steadied(track(moving)).points - moving)[..., :2]
        assert strayed.max() < 0.004 * height


def test_holding_still_knows_gaps_and_cuts() -> None:
    points = np.repeat(figure()[None], 40, axis=0)
    points[20:, :, 0] += 1.0
    gap = unseen(points, 10)
    held = tracks.steadied(track(gap, shots=(0, 20))).points
    assert np.isnan(held[10, :, 0]).all()
    assert np.allclose(held[11:, :, :2], gap[11:, :, :2], atol=1e-3)


@pytest.mark.parametrize("fps", [24, 25, 30, 50, 60])
def test_a_single_frame_tells_how_tall_she_is(fps: int) -> None:
    alone, first = (tracks.body_height(track(np.repeat(figure()[None], length, axis=0), fps=fps)) for length in (1, 60))
    assert alone == pytest.approx(first[:1])
