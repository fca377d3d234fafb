"""Wild poses: strangers in the person's proportions, in her crop, in unbroken pieces of one shot."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from figures import track, unseen, waving

from dancekit.core import retarget, wild
from dancekit.core.skeleton import INDEX
from dancekit.core.tracks import bone_lengths

PERSON = retarget.proportions([track(waving(60))])


def numbered(length: int, steps: int = 1) -> np.ndarray:
    """The waving figure; each landmark's confidence tells the frame: 0.5 + 0.001 t."""
    points = waving(length)
    points[..., 2] = (0.5 + 0.001 * np.arange(length) * steps)[:, None]
    return points


def times(pieces: np.ndarray) -> list[list[int]]:
    """Which frames of a numbered track these pieces show."""
    return np.round((pieces[:, :, 0, 2] - 0.5) * 1000).astype(int).tolist()


@pytest.mark.parametrize("stride", [1, 2])
def test_a_film_is_cut_into_pieces_one_after_the_other(stride: int) -> None:
    found = wild.pieces(track(numbered(50)), PERSON, 10, stride)
    assert found.shape == (5 // stride, 10, 33, 3)
    assert found.dtype == np.float32
    wanted = [list(range(first, first + 10 * stride, stride)) for first in range(0, 51 - 10 * stride, 10 * stride)]
    assert times(found) == wanted


def test_pieces_hold_nobodys_absence() -> None:
    found = wild.pieces(track(unseen(numbered(50), 13, 39)), PERSON, 10)
    assert [piece[0] for piece in times(found)] == [0, 20, 40]
    assert np.isfinite(found).all()


@pytest.mark.parametrize("stride", [1, 3])
def test_no_piece_crosses_a_cut(stride: int) -> None:
    shots = (0, 14, 47)
    found = times(wild.pieces(track(numbered(120), shots=shots), PERSON, 8, stride))
    assert len(found) >= 3
    for piece in found:
        assert len({int(np.searchsorted(shots, time, side="right")) for time in piece}) == 1
        assert set(np.diff(piece)) == {stride}


def test_too_short_a_film_gives_no_pieces() -> None:
    assert wild.pieces(track(waving(9)), PERSON, 10).shape == (0, 10, 33, 3)
    assert wild.pieces(track(waving(10)), PERSON, 10).shape == (1, 10, 33, 3)


@pytest.mark.parametrize(("height", "x"), [(80.0, 60.0), (250.0, 200.0)])
def test_every_stranger_stands_in_the_middle_of_the_crop_one_body_tall(height: float, x: float) -> None:
    found = wild.pieces(track(waving(60, height, x)), PERSON, 20).reshape(-1, 33, 3)
    spread = found[..., 1].max(1) - found[..., 1].min(1)
    assert spread == pytest.approx(np.full(60, 0.94), abs=0.03), "eyes to heels"
    assert np.abs((found[..., :2].max(1) + found[..., :2].min(1)) / 2).max() < 0.15


def test_the_moves_are_the_same_at_any_size() -> None:
    small, large = (wild.pieces(track(waving(60, height)), PERSON, 20) for height in (80.0, 240.0))
    assert small == pytest.approx(large, abs=0.01)


def test_strangers_get_the_persons_proportions() -> None:
    lanky = {**PERSON, "thigh": PERSON["thigh"] * 1.3, "upper arm": PERSON["upper arm"] * 0.8}
    bones = [("left_hip", "left_knee"), ("right_shoulder", "right_elbow")]
    thigh, arm = bone_lengths(wild.pieces(track(waving(60)), lanky, 20)[0], bones).T
    before = bone_lengths(waving(60)[:1], bones)[0]
    assert thigh / arm == pytest.approx(np.full(20, before[0] / before[1] * 1.3 / 0.8), rel=0.02)


def test_films_of_any_rate_come_to_about_the_wanted_rate() -> None:
    films = [track(numbered(60), fps=60), track(numbered(60), fps=30), track(numbered(60), fps=24)]
    found = times(wild.bank(films, PERSON, 30.0, 10))
    assert [piece[1] - piece[0] for piece in found] == [2] * 3 + [1] * 12
    assert wild.bank([], PERSON, 30.0, 10).shape == (0, 10, 33, 3)


def randoms(seed: int) -> Callable[[int], np.random.Generator]:
    return lambda number: np.random.default_rng([seed, number])


def test_made_up_dances_are_made_when_they_are_asked_for_and_seeds_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    plain = wild.random_track
    monkeypatch.setattr(wild, "random_track", lambda *given: made.append(given) or plain(*given))
    dances = wild.MadeUp(6, PERSON, 29.97, 20, randoms(0))
    assert (len(dances), len(made)) == (6, 0)
    some = np.stack([dances[number] for number in (5, 0, 2, 5)])
    assert len(made) == 3
    assert some.shape == (4, 20, 33, 3)
    assert some.dtype == np.float32
    assert np.isfinite(some).all()
    assert np.abs(some[..., :2]).max() < 1.2
    moved = np.abs(np.diff(some[:, :, INDEX["left_wrist"], :2], axis=1)).max()
    assert 0.005 < moved < 0.3
    assert np.array_equal(some[0], some[3])
    assert np.abs(some[0] - some[1]).max() > 0.1
    assert np.array_equal(wild.MadeUp(6, PERSON, 29.97, 20, randoms(0))[2], some[2]), "whatever was asked for before"
    assert np.abs(wild.MadeUp(6, PERSON, 29.97, 20, randoms(1))[2] - some[2]).max() > 0.1


def test_somebody_who_is_not_seen_is_made_up_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    tracks = iter([track(unseen(numbered(20), 3, 5)), track(numbered(20))])
    monkeypatch.setattr(wild, "random_track", lambda *_: next(tracks))
    assert wild.MadeUp(1, PERSON, 30.0, 20, randoms(0))[0].shape == (20, 33, 3)


def test_a_slow_film_gives_dances_no_faster_than_they_were() -> None:
    points = waving(60)
    slow, quick = (
        wild.bank([track(part, fps=fps)], PERSON, 24.0, 12) for part, fps in ((points[::3], 8), (points, 24))
    )
    assert len(slow) == len(quick) == 5
    wrist = INDEX["left_wrist"]
    paces = [np.linalg.norm(np.diff(found[:, :, wrist, :2], axis=1), axis=-1).mean() for found in (slow, quick)]
    assert paces[0] == pytest.approx(paces[1], rel=0.1)


def test_poses_between_those_of_a_slow_film_do_not_lie_between_its_shots() -> None:
    points = numbered(40)
    points[20:, :, 0] += 100
    for piece in wild.bank([track(points, fps=12, shots=(0, 20))], PERSON, 24.0, 8):
        assert len({round(float(time - 0.5) * 1000) < 20 for time in piece[:, 0, 2]}) == 1
