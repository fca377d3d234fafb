"""The training loop: which steps the discriminators see, and what is told of the others."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from conftest import within

from dancekit import device, gallery, likeness, recipe, train
from dancekit.errors import WorkspaceError
from dancekit.io.workspace import Workspace
from dancekit.loop import _show, _without_pause, batch_of, is_judged, save_now, training_set
from dancekit.run import say_nothing
from dancekit.types import no_progress


def test_strangers_come_only_with_the_steps_that_are_judged(trained_home: Path, tmp_path: Path) -> None:
    who = Workspace(trained_home).person("me").variant("loop")
    chosen = recipe.load("tiny", {"judged": "3"})
    run = train.set_up(who, Workspace(tmp_path), chosen, device.find("cpu"), 0, no_progress, say_nothing)
    data = training_set(run, 0)
    assert [is_judged(run, place) for place in range(6)] == [False, False, True] * 2
    assert [batch_of(run, 0, data, place).wild is not None for place in range(6)] == [False, False, True] * 2


def test_a_step_that_nobody_judged_is_told_by_its_picture_terms(trained_home: Path, tmp_path: Path) -> None:
    shutil.copytree(trained_home / "me" / "clips", tmp_path / "dance" / "me" / "clips")
    options = ("--recipe", "tiny", "--set", "judged=2", "--set", "steps=9", "--json")
    said = within("train", "me", *options, home=tmp_path / "dance").json
    assert said["finished"]
    lines = [json.loads(line) for line in (tmp_path / "dance" / "me" / "log.jsonl").read_text().splitlines()]
    assert {"perceptual"} <= lines[0]["losses"].keys()
    assert "pair" not in lines[0]["losses"], "the first step is not judged"


def test_weights_that_are_no_numbers_take_the_place_of_nothing(trained_home: Path, tmp_path: Path) -> None:
    shutil.copytree(trained_home / "me", tmp_path / "me")
    who, chosen = Workspace(tmp_path).person("me"), replace(recipe.load("tiny"), steps=50)
    run = train.set_up(who, Workspace(tmp_path), chosen, device.find("cpu"), 0, no_progress, say_nothing)
    with torch.no_grad():
        next(run.training.generators[1].parameters()).fill_(torch.nan)
    before = [path.read_bytes() for path in (who.weights, who.card, who.state)]
    with pytest.raises(WorkspaceError, match="Training has come apart"):
        save_now(run)
    assert before == [path.read_bytes() for path in (who.weights, who.card, who.state)]


def test_the_progress_line_begins_with_what_is_learnt_in_plain_words(trained_home: Path, tmp_path: Path) -> None:
    who, said = Workspace(trained_home).person("me").variant("told"), list[str]()
    run = train.set_up(who, Workspace(tmp_path), recipe.load("tiny"), device.find("cpu"), 0, no_progress, say_nothing)
    run.progress, run.losses = lambda what, done, total: said.append(what), {"perceptual": 2.466}
    for number in range(5):
        _show(run, number, 2.51)
    (width, height), (closer, taller) = (run.training.canvas(number).size for number in (0, 4))
    assert said[0] == (
        f"training: the whole person (part 1 of 5), step 0: 2.5 images/s, perceptual loss 2.47, at {width}x{height}"
    )
    parts = [what.partition("training: ")[2].partition(" (")[0] for what in said]
    assert parts == ["the whole person", "texture", "the whole person", "texture", "the face"]
    assert said[4] == (
        "training: the face (part 5 of 5), step 0: 2.5 images/s, perceptual loss 2.47, larger in close-ups, "
        f"at {closer}x{taller}"
    )


def test_time_that_a_step_did_not_take_is_not_counted() -> None:
    assert _without_pause(0.4, 0.5) == 0.4
    assert _without_pause(3.0, 0.5) == 3.0, "computers are busy at times"
    assert _without_pause(90.0, 30.0) == 90.0, "large networks on a small computer"
    assert _without_pause(1200.0, 0.5) == 0.5, "the lid was closed"
    assert _without_pause(90.0, 0.0) == 90.0, "the first step compiles"


def test_where_no_head_is_ever_seen_the_face_is_not_learnt_by_itself(
    trained_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    who = Workspace(trained_home).person("me").variant("headless")
    monkeypatch.setattr(train, "shows_a_head", lambda clip: False)
    run = train.set_up(who, Workspace(tmp_path), recipe.load("tiny"), device.find("cpu"), 0, no_progress, said.append)
    assert [stint.stage for stint in run.training.stints] == [1, 2, 1, 2]
    assert sum(stint.amount for stint in run.training.stints) == recipe.load("tiny").steps
    assert any("the face is not learnt" in line for line in said)


def test_a_face_that_was_learnt_is_given_up_when_no_film_shows_a_head_any_more(
    trained_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(trained_home / "me", tmp_path / "me")
    who = Workspace(tmp_path).person("me")
    assert likeness.load(who).face is not None
    for module in (train, gallery):
        monkeypatch.setattr(module, "shows_a_head", lambda clip: False)
    said = within("train", "me", "--recipe", "tiny", "--set", "steps=44", "--json", home=tmp_path)
    assert said.json["steps"] == 44
    assert "the face is not learnt" in said.stderr
    assert likeness.load(who).face is None
    assert likeness.load(who).portraits is None
