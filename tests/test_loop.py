"""The training loop: which steps the discriminators see, and what is told of the others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from conftest import dancekit

from dancekit import device, recipe, train
from dancekit.io.workspace import Workspace
from dancekit.loop import batch_of, is_judged, training_set
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
    said = dancekit("train", "me", *options, home=tmp_path / "dance").json
    assert said["finished"]
    lines = [json.loads(line) for line in (tmp_path / "dance" / "me" / "log.jsonl").read_text().splitlines()]
    assert {"perceptual"} <= lines[0]["losses"].keys()
    assert "pair" not in lines[0]["losses"], "the first step is not judged"
