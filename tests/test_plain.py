"""The plain reference step: the same losses as dancekit's own, reached the long way round."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from dancekit import device, recipe, train
from dancekit.core import maps, sketch
from dancekit.io.workspace import Workspace
from dancekit.loop import batch_of, lesson_of, training_set
from dancekit.plain import Plain, album
from dancekit.run import Run, say_nothing
from dancekit.types import no_progress


@pytest.fixture
def run(trained_home: Path, tmp_path: Path) -> Run:
    """A new training of the drawn dancer."""
    who = Workspace(trained_home).person("me").variant("plain")
    settings = {"augment": "false"}
    return train.set_up(who, Workspace(tmp_path), recipe.load("tiny", settings), device.find("cpu"), 0, no_progress,
                        say_nothing)  # fmt: skip


def test_pose_maps_come_back_from_files_as_they_were_drawn(run: Run) -> None:
    batch = batch_of(run, 0, training_set(run, 0), 0)
    lesson = lesson_of(run, 0)
    _, (read, wild) = album(batch, lesson).opened(batch)
    size = batch.frames.shape[-1], batch.frames.shape[-2]
    drawn = sketch.posed(maps.segments(batch.poses), size, lesson.line, lesson.coarse, batch.looks)
    assert read.shape == drawn.shape
    assert (read.float() / 127.5 - 1 - drawn).abs().max() < 0.01
    assert batch.wild is not None
    assert wild.shape[:2] == batch.wild.shape[:2]


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_a_plain_step_changes_generator_and_critics(run: Run, stage: int) -> None:
    torch.manual_seed(0)
    number = next(n for n, stint in enumerate(run.training.stints) if stint.stage == stage)
    for earlier in range(number + 1):
        run.training.begin(earlier)
    plain = Plain(run, number)
    lesson = lesson_of(run, number)
    before = {name: parameter.clone() for name, parameter in plain.parameters()}
    batch = batch_of(run, number, training_set(run, number), 0)
    plain.step(album(batch, lesson).opened(batch), torch.Generator())
    changed = {name.split(".")[0] for name, parameter in plain.parameters() if not torch.equal(parameter, before[name])}
    assert changed == {f"G{stage}", f"D_p{stage}", *(() if stage == 3 else ("D_t", "D_w"))}
    assert all(torch.isfinite(parameter).all() for _, parameter in plain.parameters())
