"""What evaluate compares: pictures as transfer would paint them, each beside the truth of its own film."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from figures import clip

from dancekit import evaluate, heldout, likeness, soundness
from dancekit.drive import only_hers
from dancekit.errors import WorkspaceError
from dancekit.io import clips, frames
from dancekit.io.clips import Clip
from dancekit.io.dataset import Canvas, Footage
from dancekit.io.workspace import Person, Workspace

CPU = torch.device("cpu")


def prepared(person: Person, name: str, film: Path, length: int, backdrop: bool = False) -> Clip:
    """A clip of a film, named so; with a backdrop nothing is cut out of its frames."""
    folder = person.clips_folder / name
    folder.mkdir(parents=True)
    made = replace(clip(folder, length), name=name, source=str(film.resolve()))
    film.touch()
    clips.save(made, film, [])
    if backdrop:
        (folder / "frames.pack").unlink()
        writer = frames.FrameWriter(folder / "frames.pack")
        for time in range(length):
            colour = np.full((128, 64, 3), 255 - 2 * time, np.uint8)
            writer.append(frames.encode(colour, np.full((128, 64), 255, np.uint8)))
        writer.close()
    return clips.load(folder)


class Seen:
    """A judge that keeps what it is shown: the alpha of each pair of pictures, and how bright they are."""

    def __init__(self, device: torch.device) -> None:
        self.pairs: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}

    def add_all(self, made: Mapping[str, np.ndarray], true: np.ndarray) -> None:
        for entry, pictures in made.items():
            self.pairs.setdefault(entry, []).append((pictures, true))

    def scores(self, entry: str) -> list[tuple[np.ndarray, np.ndarray]]:
        return self.pairs[entry]


def test_what_is_judged_is_cleaned_as_transfer_does(trained_home: Path) -> None:
    person = Workspace(trained_home).person("me")
    model, (one,) = likeness.load(person), clips.load_all(person)
    model = replace(model, girth=model.girth * np.float32(0.5))  # so that there is something to clean
    sizes = [[Footage(one, canvas, 0)] for canvas in (model.canvas, model.canvas.times(2))]
    film = sizes[0][0]
    first, end = next(heldout.held_out_runs(film))
    (begin, until), margin = film.shot(first), 2 * model.recipe.reach * film.stride
    times = range(max(begin, first - margin), min(until, end + margin))
    for entry in ("model", "stage1"):
        painter = model.painter(CPU, refine=entry == "model")
        painted = list(painter.paint(film.points[times.start : times.stop], model.canvas.size, film.stride))
        asked = list(zip(times, painted, strict=True))[first - times.start : end - times.start]
        hers = [only_hers(made, film.points[time], model) for time, made in asked]
        small, large = evaluate._pictures(entry, film, sizes, model, first, end, CPU)
        assert len(small) == len(large) == end - first
        assert np.array_equal(small, np.stack([made.small() for made in hers]))
        assert np.array_equal(large, np.stack([made.at(sizes[1][0].canvas.size)[0] for made in hers]))
        plain = np.stack([made.small() for _, made in asked])
        assert not np.array_equal(small, plain)
        whole = Footage(replace(one, matte="whole"), model.canvas, 0)
        (uncut,) = evaluate._pictures(entry, whole, [[whole]], model, first, end, CPU)
        assert np.array_equal(uncut, plain), "a background reaches further than she does"


def test_pictures_are_beside_the_truth_of_their_own_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone, whole = Person("me", tmp_path / "me"), Person("me", tmp_path / "whole")
    walk, turn = tmp_path / "walk.mp4", tmp_path / "turn.mp4"
    prepared(alone, "a", walk, 40)
    prepared(alone, "b", turn, 60)
    made = [prepared(whole, "a", turn, 60, backdrop=True), prepared(whole, "b", walk, 40, backdrop=True)]
    model: Any = SimpleNamespace(
        canvas=Canvas((32, 64), 50.0, 25.0), notes={"clips": {one.name: one.stored for one in made}}
    )
    monkeypatch.setattr(likeness, "load", lambda person: model)
    monkeypatch.setattr(evaluate, "Judge", Seen)
    scores: Any = evaluate.score_held_out(whole, ["nearest"], CPU, alone=alone)
    runs = [run for one in made for run in heldout.held_out_runs(Footage(one, model.canvas, 0))]
    assert len(runs) == len(scores["nearest"]) == 6
    for (first, end), (pictures, true) in zip(runs, scores["nearest"], strict=True):
        assert len(true) == end - first
        assert true[:, 0, 32, 16] == pytest.approx(2 * np.arange(first, end), abs=3), "these moments"
        assert not pictures[:, 3, 32, 1].any(), "what is nearest stands alone, as the truth does"
        assert not true[:, 3, 32, 1].any()
        assert pictures[:, 3, 32, 16].all()
    shown: Any = evaluate.score_held_out(whole, ["nearest"], CPU)["nearest"]
    assert all(pictures[:, 3, 32, 1].all() and true[:, 3, 32, 1].all() for pictures, true in shown)


def test_spans_are_counted_whole_however_they_are_looked_at(
    trained_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = []

    def nothing(entry: str, film: Footage, sizes: Any, model: Any, first: int, end: int, device: Any) -> list:
        pieces.append((first, end))
        return [np.zeros((end - first, *films[0].canvas.size[::-1], 4), np.uint8) for films in sizes]

    idle = SimpleNamespace(**dict.fromkeys(("add", "add_all", "add_part", "scores"), lambda *given: None))
    for name in ("look", "soundness", "still_change", "_reel"):
        monkeypatch.setattr(evaluate, name, lambda *given: None)
    monkeypatch.setattr(evaluate, "Judge", lambda device: idle)
    monkeypatch.setattr(evaluate, "_pictures", nothing)
    found = []
    for longest in (150, 4):
        monkeypatch.setattr(heldout, "_LONGEST", longest)
        pieces.clear()
        done = evaluate.evaluate(Workspace(trained_home).person("me"), CPU)
        found.append((done.frames, done.spans, len(set(pieces))))
    (frames, spans, whole), (same, still, parts) = found
    assert (frames, spans, whole) == (same, still, spans)
    assert parts > spans, "though they are looked at in pieces"


def test_a_film_with_nothing_to_judge_by_is_refused(tmp_path: Path) -> None:
    person = Person("me", tmp_path / "me")
    short = prepared(person, "short", tmp_path / "short.mp4", 21)
    with pytest.raises(WorkspaceError, match="no held-out frames to judge by"):
        heldout.refuse_too_short(person, [short])
    heldout.refuse_too_short(person, [short, prepared(person, "long", tmp_path / "long.mp4", 60)])


def test_a_person_whose_films_are_others_now_is_told_what_to_do(trained_home: Path) -> None:
    person = Workspace(trained_home).person("me")
    model = replace(likeness.load(person), notes={"clips": {"subject": 1}})
    with pytest.raises(WorkspaceError, match="is there any more as it was") as caught:
        evaluate._learnt(person, model)
    assert "dancekit train me, with --restart if one is another part of the same film" in caught.value.hint


def test_she_is_judged_as_tall_as_asked_by_pictures_and_truth_alike(
    trained_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Workspace(trained_home).person("me")
    body = likeness.load(person).canvas.body
    asked: list[tuple[soundness.Asked, tuple[int, ...]]] = []
    real = evaluate.look

    def seen(pictures: np.ndarray, poses: soundness.Asked, backend: Any) -> Any:
        asked.append((poses, pictures.shape))
        return real(pictures, poses, backend)

    monkeypatch.setattr(evaluate, "look", seen)
    as_drawn = evaluate.evaluate(person, CPU)
    usual = list(asked)
    asked.clear()
    tall = round(1.5 * body)
    done = evaluate.evaluate(person, CPU, tall=tall)
    assert (as_drawn.tall, done.tall) == (round(body), tall)
    for (poses, shape), (drawn, _) in zip(asked, usual, strict=True):
        assert poses.size == shape[2:0:-1], "poses are told in px of what is looked at"
        assert poses.heights == pytest.approx(drawn.heights * tall / body)
    assert as_drawn.scores["model"].large is not None
    assert done.scores["model"].large is None, "that is what tall is for"
    assert done.scores["model"].face is not None
    assert done.scores["floor"].ssim > done.scores["nearest"].ssim


def test_pictures_that_are_moved_to_another_canvas_lie_where_its_truth_lies(tmp_path: Path) -> None:
    made = clip(tmp_path, 3)
    large, wanted = Canvas((64, 128), 100.0, 25.0), Canvas((41, 63), 67.0, 25.0)
    given, true = (Footage(made, canvas, 0).frame(1) for canvas in (large, wanted))
    (moved,) = evaluate._moved(given.transpose(1, 2, 0)[None], large, wanted)
    assert moved.shape == (63, 41, 4)
    inside = slice(2, -2), slice(2, -2)
    assert np.abs(moved[inside][..., 3].astype(int) - true.transpose(1, 2, 0)[inside][..., 3]).mean() < 2
    wider = Canvas((90, 130), 67.0, 25.0)
    (moved,) = evaluate._moved(np.full((1, 128, 64, 4), 255, np.uint8), large, wider)
    assert (moved[65, 25:65] == 255).all()
    assert not moved[:, :20, 3].any(), "nobody is where nothing is painted"


def test_nobody_is_judged_taller_than_she_is_drawn(trained_home: Path) -> None:
    person = Workspace(trained_home).person("me")
    most = round(2 * likeness.load(person).canvas.body)
    with pytest.raises(WorkspaceError, match=f"'me' is drawn {most} px tall, so she cannot be judged 5000") as caught:
        evaluate.evaluate(person, CPU, tall=5000)
    assert f"--tall {most}" in caught.value.hint
