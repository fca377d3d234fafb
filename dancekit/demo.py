"""demo: the main job on a capture that dancekit draws itself, scored against a truth that no real film has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from dancekit import likeness, prepare, scenes, train
from dancekit import transfer as transferring
from dancekit.choose import choose_recipe
from dancekit.core import crops
from dancekit.device import Machine
from dancekit.drive import Moves, paint
from dancekit.evaluate import ENTRIES, Judge, Scores, nearest_frame
from dancekit.io.dataset import Footage
from dancekit.io.workspace import Person, Workspace, writing
from dancekit.likeness import Likeness
from dancekit.loop import Say
from dancekit.scenes import Scene
from dancekit.study import Options
from dancekit.transfer import Wish
from dancekit.types import Progress

PERSON = "dancer"
_BATCH = 24
_BEYOND = 200


@dataclass(frozen=True)
class Demo:
    """The film that came of it, and the scores against truth of the person, of nearest-frame and of stage I."""

    film: Path
    scores: dict[str, Scores]
    trained: train.Trained


def demo(
    home: Path,
    minutes: float,
    recipe: str,
    seconds: tuple[float, float],
    machine: Machine,
    seed: int,
    progress: Progress,
    say: Say,
) -> Demo:
    """Draw two films, prepare, train and transfer with them, and score the result.

    seconds: lengths of the subject's and the driver's film. Films that are there already are not drawn again.
    """
    with writing(home):
        home.mkdir(parents=True, exist_ok=True)
    workspace = Workspace(home)
    subject, driver = scenes.subject(seconds[0], seed), scenes.driver(seconds[1], seed)
    films = home / "subject.mp4", home / "driver.mp4"
    for scene, path in zip((subject, driver), films, strict=True):
        if not path.is_file():
            scenes.film(scene, path, progress)
    person = workspace.person(PERSON)
    if not person.clips():
        for line in prepare.prepare_clip(films[0], person, Options(), progress).verdict:
            say(line)
    chosen = choose_recipe(person, recipe, minutes, {}, machine, say)
    trained = train.train(person, workspace, chosen, machine, seed, progress, say)
    wish = Wish(out=home / f"{PERSON}-driver.mp4")
    done = transferring.transfer(films[1], person, workspace, wish, Options(), machine.device, progress)
    truth = driver.doubled_by(subject)
    scores = score(truth, done.moves, person, machine.device, progress)
    return Demo(done.film, scores, trained)


def score(truth: Scene, moves: Moves, person: Person, device: torch.device, progress: Progress) -> dict[str, Scores]:
    """Compare what is painted for the driver's film with the same moves drawn with the person's own body.

    Pictures are compared in the crop that the networks paint, at its size.
    """
    model = likeness.load(person)
    footage = [Footage(clip, model.canvas, 0) for clip in train.load_clips(person)]
    entries = {entry: _pictures(entry, moves, model, footage, device) for entry in ENTRIES}
    judge = Judge(device)
    for start in range(0, len(truth), _BATCH):
        times = range(start, min(start + _BATCH, len(truth)))
        true = np.stack([_in_crop(truth, time, moves) for time in times]).transpose(0, 3, 1, 2)
        for entry, pictures in entries.items():
            judge.add(entry, np.stack([next(pictures) for _ in times]).transpose(0, 3, 1, 2), true)
        progress("comparing with the truth", times[-1] + 1, len(truth))
    return {entry: judge.scores(entry) for entry in ENTRIES}


def _in_crop(truth: Scene, time: int, moves: Moves) -> np.ndarray:
    """The true dancer in the painted crop, uint8 [h, w, 4]; beyond the frame there is nothing."""
    colour, alpha = truth.drawn(time)
    box, size = moves.plan.boxes[time], moves.plan.size
    empty = cv2.copyMakeBorder(alpha, _BEYOND, _BEYOND, _BEYOND, _BEYOND, cv2.BORDER_CONSTANT, value=0)
    return np.dstack((crops.warp(colour, box, size), crops.warp(empty, box + _BEYOND, size)))


def _pictures(
    entry: str, moves: Moves, model: Likeness, footage: list[Footage], device: torch.device
) -> Iterator[np.ndarray]:
    """An entry's pictures in the painted crop, uint8 [h, w, 4]."""
    if entry != "nearest":
        yield from paint(moves, model, device, refine=entry == "model")
        return
    # The painted crop may be larger than training's, around the same middle.
    wider, higher = (a - b for a, b in zip(moves.plan.size, model.canvas.size, strict=True))
    left, top = wider // 2, higher // 2
    for points in moves.points:
        frame = nearest_frame(footage, points - np.array([left, top, 0], np.float32)).transpose(1, 2, 0)
        yield cv2.copyMakeBorder(frame, top, higher - top, left, wider - left, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
