"""Judging drawn people in moves that they never made: which frames are compared with the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch

from dancekit import demo, device, likeness, scenes, truth
from dancekit.core.skeleton import INDEX
from dancekit.drive import plan_moves
from dancekit.io import clips
from dancekit.io.dataset import Footage
from dancekit.io.workspace import Person, Workspace
from dancekit.scenes import Scene
from dancekit.study import Options, find_moves
from dancekit.train import Trained
from dancekit.types import no_progress


class Listed:
    """A judge that keeps what it is shown: which pictures beside which true ones."""

    def __init__(self, device: torch.device) -> None:
        self.seen: list[list[tuple[int, int]]] = []

    def add_all(self, made: Mapping[str, np.ndarray], true: np.ndarray) -> None:
        for pictures in made.values():
            self.seen.append([(int(a[0, 0, 0]), int(b[0, 0, 0])) for a, b in zip(pictures, true, strict=True)])

    def scores(self, entry: str) -> list[list[tuple[int, int]]]:
        return self.seen


@pytest.mark.parametrize(
    ("every", "wanted"), [(1, [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]), (2, [[0, 1, 2], [6, 7, 8]])]
)
def test_runs_of_frames_are_compared_with_the_same_moments(
    trained_home: Path, monkeypatch: pytest.MonkeyPatch, every: int, wanted: list[list[int]]
) -> None:
    painted: list[int] = []

    def numbered(*given: object) -> Iterator[np.ndarray]:
        for time in range(given[-1], 10):  # type: ignore[arg-type]
            painted.append(time)
            yield np.full((2, 2, 4), time, np.uint8)

    monkeypatch.setattr(truth, "Judge", Listed)
    monkeypatch.setattr(truth, "_BATCH", 3)
    monkeypatch.setattr(truth, "_pictures", numbered)
    monkeypatch.setattr(truth, "_in_crop", lambda _, time, __: np.full((2, 2, 4), time, np.uint8))
    person = Workspace(trained_home).person("me")
    seen = truth.score_dances([(range(10), None)], person, ["model"], torch.device("cpu"), no_progress, every)["model"]  # type: ignore[list-item]
    assert seen == [[(time, time) for time in run] for run in wanted]
    assert painted == [time for run in wanted for time in run], "what is not compared is not painted either"


def test_a_dance_looks_the_same_wherever_painting_it_begins(trained_home: Path, films: Path) -> None:
    person = Workspace(trained_home).person("me")
    model, home = likeness.load(person), Workspace(trained_home)
    track = find_moves(films / "driver.mp4", home, Options()).track
    dance, cpu = plan_moves(track, model, track.size), torch.device("cpu")
    footage = [Footage(clip, model.canvas, 0) for clip in clips.load_all(person)]
    scene = cast(Scene, None)  # only what is told of a dance needs it
    for entry in ("model", "stage1", "nearest"):
        pictures_from = partial(truth._pictures, entry, scene, dance, model, footage, cpu)
        whole = list(truth._painted(pictures_from, [range(len(dance))]))
        parts = list(truth._painted(pictures_from, [range(3, 7), range(21, 24)]))
        assert len(whole) == len(dance)
        assert np.array_equal(np.stack(parts), np.stack([*whole[3:7], *whole[21:24]]))


def test_a_demo_that_is_stopped_while_it_learns_goes_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(person: Person, *others: object) -> Trained:
        return Trained(person, 3, 1.0, 1.0, False, {}, 0.0)

    prepared = SimpleNamespace(verdict=[])
    monkeypatch.setattr("dancekit.demo.prepare.prepare_clip", lambda *given: prepared)
    monkeypatch.setattr("dancekit.demo.scenes.film", lambda scene, path, progress: path)
    monkeypatch.setattr("dancekit.demo.train.train", stopped)
    with pytest.raises(KeyboardInterrupt):
        demo.demo(tmp_path, 1.0, "tiny", (4.0, 1.0), device.find("cpu"), 0, no_progress, lambda text: None)


def test_hidden_limbs_are_told_as_a_pose_backend_would_see_them() -> None:
    scene = scenes.stranger("ballet", 4.0, size=(320, 320))
    told = truth._landmarks(scene)
    assert told.dtype == np.float32
    assert np.array_equal(told[..., :2], scene.landmarks())
    assert np.median(told[:, INDEX["left_hip"], 2]) > 0.9
    wrists = told[:, [INDEX["left_wrist"], INDEX["right_wrist"]], 2]
    assert wrists.min() < 0.5 < wrists.max(), "a hand is behind the back at times"
