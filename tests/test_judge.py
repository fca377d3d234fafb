"""Scores against truth: the same pictures, pictures that are off by a known amount, and too few of them."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from figures import clip

from dancekit import evaluate, heldout
from dancekit import judge as judging
from dancekit.core import feature_sets
from dancekit.io import weights
from dancekit.io.dataset import Canvas, Footage
from dancekit.judge import Judge, neighbours
from dancekit.networks import inception, lpips

CPU = torch.device("cpu")


def film(length: int, seed: int = 0) -> np.ndarray:
    """Pictures uint8 [T, 4, 40, 32] of blotches that change, all of one square of a person."""
    blotches = np.random.default_rng(seed).integers(40, 200, (length, 3, 10, 8))
    pictures = np.zeros((length, 4, 40, 32), np.uint8)
    pictures[:, :3] = blotches.repeat(4, 2).repeat(4, 3)
    pictures[:, 3, 8:32, 8:24] = 255
    return pictures


@pytest.fixture(scope="module")
def judge() -> Judge:
    """A judge who has seen several entries of six frames in two runs."""
    judge, true = Judge(torch.device("cpu")), film(6)
    brighter = true.copy()
    brighter[:, :3] += 10
    pierced = true.copy()
    pierced[:, 3, 16:20, 12:16] = 0
    other = film(6, 1)
    for entry, made in {"same": true, "brighter": brighter, "pierced": pierced, "other": other}.items():
        judge.add(entry, made[:4], true[:4])
        judge.add(entry, made[4:], true[4:])
    judge.add("one", true[:1], true[:1])
    judge.add("floor", *neighbours(true))
    return judge


def test_the_same_pictures_are_perfect(judge: Judge) -> None:
    scores = judge.scores("same")
    assert (scores.ssim, scores.ssim_box) == pytest.approx((1, 1), abs=1e-5)
    assert (scores.psnr, scores.psnr_box) == pytest.approx((100, 100))
    assert (scores.perceptual, scores.alpha, scores.holes) == (0, 0, 0)
    assert scores.flicker == pytest.approx(1)
    assert scores.trunk_frechet == pytest.approx(0, abs=1e-5)


def test_a_known_offset_is_found_where_the_person_is(judge: Judge) -> None:
    scores = judge.scores("brighter")
    assert scores.psnr_box == pytest.approx(20 * np.log10(255 / 10), abs=0.01)
    share = 24 * 16 / (40 * 32)
    assert scores.psnr == pytest.approx(scores.psnr_box - 10 * np.log10(share), abs=0.01), "the rest is grey in both"
    assert scores.flicker == pytest.approx(1)
    assert scores.trunk_frechet is not None
    assert scores.trunk_frechet > 0


def test_holes_are_found(judge: Judge) -> None:
    scores = judge.scores("pierced")
    assert scores.holes == pytest.approx(16 / (24 * 16 - 16))
    assert scores.alpha == pytest.approx(16 / (24 * 16))


def test_the_features_of_all_runs_are_compared_as_sets(judge: Judge) -> None:
    made, true = (torch.cat(parts) for parts in zip(*judge._sets["other"], strict=True))
    assert made.shape == true.shape == (6, 512)
    assert judge.scores("other").trunk_kid == pytest.approx(feature_sets.kernel_distance(made, true))
    assert judge.scores("other").trunk_frechet == pytest.approx(feature_sets.frechet(made, true))
    same = judge.scores("same")
    assert same.trunk_kid is not None
    assert judge.scores("other").trunk_kid > same.trunk_kid  # type: ignore[operator]


def test_too_few_frames_leave_gaps(judge: Judge) -> None:
    scores = judge.scores("one")
    assert (scores.flicker, scores.trunk_frechet, scores.trunk_kid) == (None, None, None)
    assert replace(scores, flicker=1.0).ssim == pytest.approx(1, abs=1e-5)


def test_the_floor_stands_odd_frames_against_the_ones_before(judge: Judge) -> None:
    frames = np.arange(7)
    assert [half.tolist() for half in neighbours(frames)] == [[1, 3, 5], [0, 2, 4]]
    assert [half.tolist() for half in neighbours(frames[:2])] == [[1], [0]]
    assert judge.scores("floor").ssim < 0.9


@pytest.mark.parametrize("length", [6, 7])
def test_the_floor_is_scored_along_with_the_others_as_by_itself(length: int) -> None:
    true, made = film(length, 2), film(length, 3)
    along, alone = Judge(CPU), Judge(CPU)
    along.add_all({"made": made}, true, "floor")
    alone.add("made", made, true)
    alone.add("floor", *neighbours(true))
    closeups = true.transpose(0, 2, 3, 1)
    now, before = neighbours(closeups)
    along.add_part("face", {"made": closeups}, closeups, "floor")
    alone.add_part("face", {"made": closeups}, closeups)
    alone.add_part("face", {"floor": now}, before)
    assert along.scores("made") == alone.scores("made")
    found, wanted = (asdict(one.scores("floor")) for one in (along, alone))
    assert found["face_frechet"] > 0.1
    for name, value in wanted.items():
        assert found[name] == (None if value is None else pytest.approx(value, rel=1e-4)), name


def test_half_the_digits_tell_the_same_distances() -> None:
    true, made = film(6, 2), film(6, 3)
    blurred = np.stack([cv2.blur(one.transpose(1, 2, 0), (3, 3)).transpose(2, 0, 1) for one in true])
    whole, half = Judge(CPU), Judge(CPU)
    whole._dtype, half._dtype = torch.float32, torch.bfloat16
    for judge in (whole, half):
        judge.add_all({"made": made, "blurred": blurred, "same": true}, true)
    for entry in ("made", "blurred"):
        assert half.scores(entry).perceptual != whole.scores(entry).perceptual
        assert half.scores(entry).perceptual == pytest.approx(whole.scores(entry).perceptual, rel=5e-3)
        assert half.scores(entry).trunk_frechet == pytest.approx(whole.scores(entry).trunk_frechet, rel=2e-2)
        assert half.scores(entry).ssim == whole.scores(entry).ssim
    assert half.scores("same").perceptual == 0


def alexnet() -> dict[str, torch.Tensor]:
    """A file like torchvision's, with random numbers in it."""
    random = torch.Generator().manual_seed(0)
    made = {"classifier.1.weight": torch.zeros(2, 2)}
    for layer in lpips._LAYERS:
        shape = (layer.outputs, layer.inputs, layer.kernel, layer.kernel)
        made[f"features.{layer.number}.weight"] = (
            torch.randn(shape, generator=random) / layer.inputs**0.5 / layer.kernel
        )
        made[f"features.{layer.number}.bias"] = torch.zeros(layer.outputs)
    return made


def test_official_measures_are_given_where_their_weights_are(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"alexnet": alexnet(), "inception": {**inception.Inception().state_dict(), "fc.bias": torch.zeros(1008)}}
    real, bundled = weights.available, weights.tensors
    monkeypatch.setattr(weights, "available", lambda name: name in there or real(name))
    monkeypatch.setattr(weights, "tensors", lambda name: there[name] if name in there else bundled(name))
    large = film(3).repeat(2, 2).repeat(3, 3)
    other = film(3, 1).repeat(2, 2).repeat(3, 3)
    judge = Judge(torch.device("cpu"))
    judge.add("same", large, large)
    judge.add("other", other, large)
    same, apart = judge.scores("same"), judge.scores("other")
    assert same.lpips == pytest.approx(0, abs=1e-6)
    assert apart.lpips is not None
    assert apart.lpips > 1e-4
    assert same.kid is not None
    assert same.fid is None, "far too few pictures"
    monkeypatch.setattr(judging, "FEWEST", 3)
    assert judge.scores("same").fid == pytest.approx(0, abs=1e-3)


def test_official_measures_are_left_out_where_their_weights_are_not(judge: Judge) -> None:
    scores = judge.scores("other")
    assert (scores.lpips, scores.kid, scores.fid) == (None, None, None)


def test_faces_count_by_themselves_and_only_where_they_were_shown(judge: Judge) -> None:
    random = np.random.default_rng(2)
    film = random.integers(0, 256, (3, 4, 24, 24), np.uint8)
    faces = random.integers(0, 256, (3, 16, 16, 4), np.uint8)
    faces[..., 3] = 255
    for entry in ("sharp", "blurred", "unseen"):
        judge.add(entry, film, film)
    judge.add_part("face", {"sharp": faces}, faces)
    judge.add_part("face", {"blurred": np.stack([cv2.blur(face, (5, 5)) for face in faces])}, faces)
    judge.add_part("face", {"unseen": faces[:0]}, faces[:0])
    assert judge.scores("sharp").face == pytest.approx(0, abs=1e-6)
    assert (judge.scores("blurred").face or 0) > 0.05
    assert judge.scores("sharp").face_frechet == pytest.approx(0, abs=1e-3)
    assert (judge.scores("blurred").face_frechet or 0) > 1
    assert judge.scores("unseen").face_frechet is None
    assert judge.scores("unseen").face is None


def test_larger_pictures_count_by_themselves_too(judge: Judge) -> None:
    random = np.random.default_rng(3)
    film = random.integers(0, 256, (3, 4, 24, 24), np.uint8)
    large = random.integers(0, 256, (3, 48, 48, 4), np.uint8)
    large[..., 3] = 255
    for entry in ("fine", "soft"):
        judge.add(entry, film, film)
    judge.add_part("large", {"fine": large}, large)
    judge.add_part("large", {"soft": np.stack([cv2.blur(picture, (5, 5)) for picture in large])}, large)
    assert judge.scores("fine").large == pytest.approx(0, abs=1e-6)
    assert (judge.scores("soft").large or 0) > 0.05
    assert judge.scores("other").large is None


def test_true_pictures_are_looked_at_once_for_all_entries_and_scores_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    true, *made = random.integers(0, 256, (3, 18, 24, 24, 4), np.uint8)
    entries, several, single = dict(zip("ab", made, strict=True)), Judge(CPU), Judge(CPU)
    looks = []
    trunk = several._trunk.forward
    monkeypatch.setattr(several._trunk, "forward", lambda pictures: looks.append(len(pictures)) or trunk(pictures))
    several.add_part("face", entries, true)
    several.add_part("large", entries, true)
    assert looks == [2, 2, 2] * 9 * 2, "the truth, and each entry beside it"
    film = true.transpose(0, 3, 1, 2)
    several.add_all({name: one.transpose(0, 3, 1, 2) for name, one in entries.items()}, film)
    for name, one in entries.items():
        single.add_part("face", {name: one}, true)
        single.add_part("large", {name: one}, true)
        single.add(name, one.transpose(0, 3, 1, 2), film)
        assert several.scores(name) == single.scores(name)
        assert several.scores(name).face_frechet is not None


def test_long_held_out_spans_are_looked_at_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Footage(clip(tmp_path, 120), Canvas((32, 64), 50.0, 25.0), 0)
    whole = list(heldout.held_out_runs(held))
    assert whole == [(18, 24), (60, 66), (96, 102)]
    monkeypatch.setattr(heldout, "_LONGEST", 4)
    assert list(heldout.held_out_runs(held)) == [(18, 21), (21, 24), (60, 63), (63, 66), (96, 99), (99, 102)]


def test_a_held_out_span_ends_with_its_shot(tmp_path: Path) -> None:
    held = Footage(clip(tmp_path, 120, shots=(0, 21, 63, 65)), Canvas((32, 64), 50.0, 25.0), 0)
    assert list(heldout.held_out_runs(held)) == [(18, 21), (21, 24), (60, 63), (63, 65), (96, 102)]


def test_what_is_painted_beyond_the_film_is_not_judged(tmp_path: Path) -> None:
    whole = Footage(clip(tmp_path, 40), Canvas((32, 64), 50.0, 25.0), 0)
    left, top, right, bottom = (int(side) for side in whole.clip.inside)
    low = Footage(replace(whole.clip, inside=(left, top, right, (top + bottom) // 2)), whole.canvas, 0)
    pictures = np.full((2, 64, 32, 4), 200, np.uint8)
    line = int(low.known(5)[3])
    assert 0 < line < 64
    shown = evaluate._known(pictures, low, 5)
    assert (shown[:, :line, 8:24] == 200).all()
    assert not shown[:, line:].any()


def test_the_nearest_pose_is_looked_for_in_films_that_have_any_to_learn_from(tmp_path: Path) -> None:
    full = Footage(clip(tmp_path / "full", 40), Canvas((32, 64), 50.0, 25.0), 0)
    held = Footage(clip(tmp_path / "held", 40), Canvas((32, 64), 50.0, 25.0), 0)
    held = Footage(replace(held.clip, used=held.clip.used & held.held), held.canvas, 0)
    number, time = evaluate.nearest_pose([held, full], full.points[0])
    assert (number, time) == (1, 0)
