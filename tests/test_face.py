"""The stage of the face: it begins where stage I ended, learns from close-ups alone, and shows once it is learnt."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from dancekit import device, gallery, likeness, recipe, train
from dancekit.core import chance, objective, step
from dancekit.core.schedule import FACE
from dancekit.core.sketch import Looks
from dancekit.errors import WorkspaceError
from dancekit.gallery import gather
from dancekit.io import checkpoint, clips
from dancekit.io.clips import Clip
from dancekit.io.dataset import FILMS_APART, Footage, to_device
from dancekit.io.workspace import Workspace
from dancekit.likeness import multiple
from dancekit.loop import batch_of, lesson_of, training_set
from dancekit.run import Run, say_nothing
from dancekit.types import no_progress


@pytest.fixture
def run(trained_home: Path, tmp_path: Path) -> Run:
    """A new training of the drawn dancer."""
    who = Workspace(trained_home).person("me").variant("face")
    return train.set_up(who, Workspace(tmp_path), recipe.load("tiny"), device.find("cpu"), 0, no_progress, say_nothing)


def face_of(run: Run) -> int:
    return next(number for number, stint in enumerate(run.training.stints) if stint.stage == FACE)


def same(one: nn.Module, other: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def shift(network: nn.Module) -> None:
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.01


@pytest.mark.parametrize("portraits", [0, 8])
def test_the_face_begins_where_stage_one_ended_and_later_goes_on_from_itself(run: Run, portraits: int) -> None:
    run.training.recipe = replace(run.recipe, portraits=portraits)
    training, number = run.training, face_of(run)
    for earlier in range(number):
        training.begin(earlier)
    shift(training.averages[1])
    training.begin(number)
    face, first = training.generators[FACE], training.averages[1]
    assert face is not first
    assert same(training.pairs[FACE], training.pairs[1])
    if not portraits:
        assert same(face, first)
    else:
        assert same(face.down, first.down)
        seen = first.stem.convolution.in_channels
        assert torch.equal(face.stem.convolution.weight[:, :seen], first.stem.convolution.weight)
        assert not face.stem.convolution.weight[:, seen:].any()
        assert not any(parameter.any() for parameter in face.head.parameters()), "the portrait stays as it is"
    shift(training.averages[FACE])
    training.begin(number)
    assert same(training.generators[FACE], training.averages[FACE])
    assert not same(training.generators[FACE], training.averages[1])


def test_only_what_knows_faces_judges_them(run: Run) -> None:
    training, number = run.training, face_of(run)
    for stint in range(number + 1):
        training.begin(stint)
    networks = training.networks(FACE, run.trunk, run.anchor)
    assert networks.draw is training.generators[FACE]
    assert (networks.refine, networks.time, networks.wild, networks.anchor) == (None, None, None, None)
    judging = {id(p) for group in training.optimisers["critics"].param_groups for p in group["params"]}
    assert judging == {id(p) for p in training.pairs[FACE].parameters()}


def test_faces_are_learnt_from_close_ups_of_larger_pictures_without_strangers(run: Run) -> None:
    number = face_of(run)
    batch, canvas = batch_of(run, number, training_set(run, number), 0), run.training.canvas(number)
    count, side = run.recipe.batch * run.recipe.frames, batch.frames.shape[-1]
    assert canvas == run.training.canvases[run.training.stints[number].size].times(2)
    assert batch.frames.shape == (count, 1, 4, side, side)
    assert side % multiple(run.recipe) == 0
    assert batch.wild is None
    assert batch.portraits is not None
    assert batch.portraits.shape == batch.frames.shape
    assert batch.portraits.dtype == torch.uint8
    assert batch.portraits[:, :, 3].float().mean((1, 2, 3)).min() > 40, "there is a head in each"
    # Landmarks are disturbed by as many px as in the whole picture, not by as large a share of a small one.
    lesson, whole = lesson_of(run, number), lesson_of(run, 2)
    assert run.training.stints[2].size == run.training.stints[number].size
    assert lesson.line == whole.line, "lines are as thin as in whole pictures"
    assert lesson.augmentation is not None
    assert run.recipe.augment is not None
    assert lesson.augmentation.distance * side == pytest.approx(run.recipe.augment.distance * canvas.size[1])


def test_a_step_learns_to_correct_the_portraits(run: Run) -> None:
    number = face_of(run)
    for stint in range(number + 1):
        run.training.begin(stint)
    data, lesson = training_set(run, number), lesson_of(run, number)
    networks = run.training.networks(FACE, run.trunk, run.anchor)
    batch = to_device(batch_of(run, number, data, 0), torch.device("cpu"))
    made = objective.generate(networks, batch, chance.draw(batch, None, 1, torch.Generator()), lesson, torch.float32)
    assert batch.portraits is not None
    alpha = batch.portraits.flatten(0, 1)[:, 3].float() / 255
    assert (made.frames[:, 3] - alpha).abs().max() < 0.01, "nothing is learnt yet"
    losses = step.take_step(networks, run.training.optimisers, batch, lesson, run.recipe.weights, run.dtype,
                            torch.Generator().manual_seed(0))  # fmt: skip
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert all(parameter.any() for parameter in run.training.generators[FACE].head.parameters())


def test_portraits_are_kept_with_the_person(trained_home: Path, tmp_path: Path) -> None:
    model = likeness.load(Workspace(trained_home).person("me"))
    assert model.portraits is not None
    assert 1 <= len(model.portraits.doubts) <= model.recipe.portraits
    other = Workspace(tmp_path).person("copy")
    likeness.save(other, model)
    again = likeness.load(other).portraits
    assert again is not None
    assert all(np.array_equal(a, b) for a, b in zip(again, model.portraits, strict=True))
    tensors, card = checkpoint.load(other.weights, "")
    for broken in ({}, {"portraits/pictures": torch.zeros(0, 4, 4, 4, dtype=torch.uint8)},
                   {"portraits/pictures": tensors["portraits/pictures"].half()}):  # fmt: skip
        kept = {key: tensor for key, tensor in tensors.items() if broken or not key.startswith("portraits/")}
        checkpoint.save(other.weights, kept | broken, card)
        with pytest.raises(WorkspaceError, match="does not hold a person"):
            likeness.load(other)


def test_portraits_are_of_frames_that_are_learnt_from_and_known(trained_home: Path) -> None:
    person = Workspace(trained_home).person("me")
    model, (clip, *_) = likeness.load(person), clips.load_all(person)
    fine = model.canvas.times(model.recipe.closeup)
    found = gather({0: clip, 1: clip}, fine, 32, 500)
    times = found.moments % FILMS_APART * float(clip.track.fps)
    assert set(found.moments // FILMS_APART) == {0, 1}
    held = Footage(clip, fine, 0).held
    assert times == pytest.approx(times.round(), abs=1e-3)
    assert not held[times.round().astype(int)].any()
    assert (clip.used & ~held).sum() == len(set(times.round().tolist()))


def test_a_trained_face_changes_the_head_and_nothing_else(trained_home: Path) -> None:
    person = Workspace(trained_home).person("me")
    assert json.loads(person.card.read_text())["face"]
    model = likeness.load(person)
    assert model.face is not None
    footage = Footage(clips.load_all(person)[0], model.canvas, 0)
    painted = list(model.painter(torch.device("cpu")).paint(footage.points[:3], model.canvas.size))
    for time, one in enumerate(painted):
        assert one.face is not None
        changed = (one.whole() != replace(one, face=None).whole()).any(-1)
        (left, top), side = one.corner, len(one.face)
        assert changed.any()
        assert changed.sum() == changed[max(top, 0) : top + side, max(left, 0) : left + side].sum()
        assert np.array([left, top]) + side / 2 == pytest.approx(2 * footage.points[time, 0, :2], abs=side / 4)
    bare = replace(model, face=None, sources=None).painter(torch.device("cpu"))
    (alone, *_) = bare.paint(footage.points[:3], model.canvas.size)
    assert alone.times == 1
    assert np.array_equal(alone.picture, painted[0].picture)


def test_portraits_show_her_in_the_clothes_that_she_is_drawn_in(run: Run) -> None:
    (clip,), (seen,) = run.subject.clips, run.subject.looks
    other = seen._replace(colours=-seen.colours)
    short = replace(clip, name="short", used=clip.used & (np.arange(len(clip.used)) < len(clip.used) // 2))

    def films(first: Clip, *worn: Looks) -> list[str]:
        run.subject = replace(run.subject, clips=[first, short], looks=list(worn))
        return [film.name for film in gallery._as_usual(run).values()]

    assert films(clip, seen, other) == [clip.name]
    assert films(clip, seen, seen) == [clip.name, "short"]
    run.subject = replace(run.subject, clips=[short, clip], looks=[other, seen])
    assert list(gallery._as_usual(run)) == [1], "moments of films are told apart by the numbers of all of them"
    hidden = replace(clip, track=clip.track.with_points(np.full_like(clip.track.points, np.nan)))
    assert films(hidden, seen, other) == [clip.name, "short"], "a head in other clothes is better than none"
    kept = gallery.gallery_of(run, face_of(run))
    assert kept is not None
    assert len(kept.moments)
