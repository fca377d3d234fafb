"""Source frames through training and painting: kept with the person, of no held-out moment, and seen in the result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dancekit import drive, gallery, likeness, train
from dancekit.core import looks, tracks
from dancekit.core.compose import multiplied
from dancekit.core.limbs import HANDS
from dancekit.errors import WorkspaceError
from dancekit.io import checkpoint, clips
from dancekit.io.dataset import Footage
from dancekit.io.workspace import Person, Workspace
from dancekit.likeness import Likeness

CPU = torch.device("cpu")


@pytest.fixture
def person(trained_home: Path) -> Person:
    return Workspace(trained_home).person("me")


@pytest.fixture
def model(person: Person) -> Likeness:
    return likeness.load(person)


def test_stills_are_kept_with_the_person(model: Likeness, tmp_path: Path) -> None:
    assert model.sources is not None
    kept = model.sources.stills
    assert 1 <= kept.whole <= model.recipe.sources
    assert set(kept.hands) == set(HANDS)
    assert len(kept.hands) <= 2 * max(1, round(0.25 * model.recipe.sources))
    other = Workspace(tmp_path).person("copy")
    likeness.save(other, model)
    again = likeness.load(other).sources
    assert again is not None
    assert again.stills.hands == tuple(kept.hands)
    assert np.array_equal(again.stills.points, model.sources.stills.points), "landmarks are not halved"
    for one, two in zip(again.stills.pictures, model.sources.stills.pictures, strict=True):
        assert np.abs(one.astype(int) - two).mean() < 3
    tensors, card = checkpoint.load(other.weights, "")
    checkpoint.save(other.weights, tensors | {"stills/pictures": torch.zeros(9, dtype=torch.uint8)}, card)
    with pytest.raises(WorkspaceError, match="does not hold a person"):
        likeness.load(other)


def test_who_was_trained_before_there_were_stills_is_painted_without(model: Likeness, tmp_path: Path) -> None:
    other = Workspace(tmp_path).person("copy")
    likeness.save(other, replace(model, sources=None))
    old = likeness.load(other)
    assert old.sources is None
    assert model.sources is not None
    points = model.sources.stills.points[:2] * np.array([0.5, 0.5, 1], np.float32)
    (painted, *_) = old.painter(CPU).paint(points, old.canvas.size)
    assert painted.borrowed is None
    assert painted.whole().any()


def test_stills_are_of_frames_that_are_learnt_from_in_the_usual_clothes(person: Person, model: Likeness) -> None:
    (clip, *_), fine = clips.load_all(person), model.canvas.times(model.recipe.closeup)
    film, usual = Footage(clip, fine, 0), train.study_subject([clip]).usual_looks()
    other = usual._replace(colours=-usual.colours)
    assert looks.alike(usual, usual)
    assert not looks.alike(other, usual)
    assert gallery.stills([clip], [other], usual, fine, 5) is None
    found = gallery.stills([clip, clip], [usual, other], usual, fine, 500)
    assert found is not None
    learnt = (clip.used & ~film.held).sum()
    assert 2 <= found.whole <= learnt
    assert all(2 <= list(found.hands).count(hand) <= learnt for hand in HANDS)
    for points, picture in zip(found.points, found.pictures, strict=True):
        away = np.abs((film.points - points)[..., :2] - (film.points - points)[:, :1, :2]).max((1, 2))
        time = int(away.argmin())
        assert away[time] < 0.01
        assert clip.used[time]
        assert not film.held[time]
        left, top = np.rint(film.points[time, 0, :2] - points[0, :2]).astype(int)
        whole = multiplied(film.frame(time).transpose(1, 2, 0))
        assert np.abs(whole[top : top + picture.shape[0], left : left + picture.shape[1]] - picture).max() <= 1


def test_a_dance_is_sharper_with_stills_than_without(person: Person, model: Likeness) -> None:
    film = Footage(clips.load_all(person)[0], model.canvas, 0)
    size, points = model.canvas.size, film.points[:4]
    (one, *_), (bare, *_) = (who.painter(CPU).paint(points, size) for who in (model, replace(model, sources=None)))
    assert np.array_equal(one.picture, bare.picture)
    with_them, without = one.whole(), bare.whole()
    assert with_them.shape == without.shape == (2 * size[1], 2 * size[0], 4)
    fine = [np.abs(np.diff(multiplied(whole)[..., :3], axis=1)).mean() for whole in (with_them, without)]
    assert fine[0] > 1.02 * fine[1]
    assert one.small().shape == bare.small().shape == (size[1], size[0], 4)
    (first, *_) = model.painter(CPU, refine=False).paint(points, size)
    assert first.borrowed is None, "stage I alone is as it paints"


def test_painting_from_the_middle_on_borrows_as_from_the_beginning(person: Person, model: Likeness) -> None:
    clip = clips.load_all(person)[0]
    moves = drive.plan_moves(clip.track, model, clip.track.size)
    whole, late = list(drive.paint_raw(moves, model, CPU)), list(drive.paint_raw(moves, model, CPU, len(moves) - 3))
    for one, other in zip(whole[-3:], late, strict=True):
        assert np.array_equal(one.whole(), other.whole())


def test_nothing_is_carried_across_a_cut_of_the_driver(person: Person, model: Likeness) -> None:
    clip = clips.load_all(person)[0]
    moves = drive.plan_moves(replace(clip.track, shots=(0, 6)), model, clip.track.size)
    moves = replace(moves, points=moves.points[:12], presence=moves.presence[:12])
    other = replace(moves, points=np.concatenate((moves.points[6:], moves.points[6:])))
    shown, beside = (list(drive.paint_raw(each, model, CPU)) for each in (moves, other))
    assert len(shown) == 12
    for one, two in zip(shown[6:], beside[6:], strict=True):
        assert np.array_equal(one.whole(), two.whole()), "whatever comes before the cut"
    late = list(drive.paint_raw(moves, model, CPU, 8))
    assert all(np.array_equal(one.whole(), two.whole()) for one, two in zip(shown[8:], late, strict=True))


def test_poses_between_frames_do_not_lie_between_shots() -> None:
    points = np.zeros((4, 33, 3), np.float32)
    points[:, :, 0] = np.array([0, 10, 50, 60])[:, None]
    filled = tracks.filled_in(points, 2, (0, 2))[:, 0, 0]
    assert filled.tolist() == [0, 5, 10, 10, 50, 55, 60, 60]
