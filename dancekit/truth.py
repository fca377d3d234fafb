"""Drawn people in moves that they never made, beside what no real film shows: their own body in these moves."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import islice

import cv2
import numpy as np
import torch

from dancekit import likeness
from dancekit.core import crops
from dancekit.core.body import landmarks3d
from dancekit.core.stagecraft import confidence
from dancekit.drive import Moves, paint
from dancekit.io.clips import load_all
from dancekit.io.dataset import Footage
from dancekit.io.workspace import Person
from dancekit.judge import Judge, Scores
from dancekit.likeness import Likeness
from dancekit.nearest import nearest_pose
from dancekit.scenes import Scene
from dancekit.types import Progress

TOLD = "told "
"""Before an entry's name: it is told the true landmarks, rather than those that were found in the driver's film."""
_BATCH = 24
_BEYOND = 200


def score_dances(
    dances: Sequence[tuple[Scene, Moves]],
    person: Person,
    entries: Sequence[str],
    device: torch.device,
    progress: Progress,
    every: int = 1,
) -> dict[str, Scores]:
    """Compare what is painted for drivers' films with the same moves drawn with the person's own body.

    dances: (the truth, the moves as found in the film and fitted to the person) of each film. entries: as for evaluate,
    or with TOLD before them: how well she is drawn, apart from how well a stranger's moves are found and fitted.
    Pictures are compared in the crop that the networks paint, at its size; films count by their frames.
    every: of the runs of consecutive frames, only every n-th is painted and compared, which takes most of the time.
    """
    model, judge = likeness.load(person), Judge(device)
    footage = [Footage(clip, model.canvas, 0) for clip in load_all(person)]
    compared = [[range(start, min(start + _BATCH, len(truth))) for start in range(0, len(truth), _BATCH * every)]
                for truth, _ in dances]  # fmt: skip
    total, done = sum(len(times) for runs in compared for times in runs), 0
    for (truth, moves), runs in zip(dances, compared, strict=True):
        # Where runs follow one another they are painted in one go; else each begins anew, and looks the same.
        parts = [range(len(truth))] if every == 1 else runs
        made = {
            entry: _painted(partial(_pictures, entry, truth, moves, model, footage, device), parts) for entry in entries
        }
        for times in runs:
            shown = {entry: np.stack([next(pictures) for _ in times]) for entry, pictures in made.items()}
            true = np.stack([_in_crop(truth, time, moves) for time in times]).transpose(0, 3, 1, 2)
            judge.add_all({entry: pictures.transpose(0, 3, 1, 2) for entry, pictures in shown.items()}, true)
            done += len(times)
            progress("comparing with the truth", done, total)
    return {entry: judge.scores(entry) for entry in entries}


def _in_crop(truth: Scene, time: int, moves: Moves) -> np.ndarray:
    """The true dancer in the painted crop, uint8 [h, w, 4]; beyond the frame there is nothing."""
    colour, alpha = truth.drawn(time)
    box, size = moves.plan.boxes[time], moves.plan.size
    empty = cv2.copyMakeBorder(alpha, _BEYOND, _BEYOND, _BEYOND, _BEYOND, cv2.BORDER_CONSTANT, value=0)
    return np.dstack((crops.warp(colour, box, size), crops.warp(empty, box + _BEYOND, size)))


def _landmarks(truth: Scene) -> np.ndarray:
    """The true landmarks, float32 [T, J, 3] px: hidden ones are as unsure as a pose backend would be of them, since
    that tells what is in front."""
    pixels, depth = truth.camera.project(landmarks3d(truth.body, truth.figure))
    seen = confidence(pixels, depth, truth.camera.focal)
    return np.concatenate((pixels, seen[..., None]), -1).astype(np.float32)


def _painted(pictures_from: Callable[[int], Generator[np.ndarray]], parts: Sequence[range]) -> Iterator[np.ndarray]:
    """Pictures of some runs of frames, one after the other. pictures_from: gives those from a frame on."""
    for times in parts:
        with closing(pictures_from(times.start)) as pictures:
            yield from islice(pictures, len(times))


def _pictures(
    entry: str,
    truth: Scene,
    moves: Moves,
    model: Likeness,
    footage: Sequence[Footage],
    device: torch.device,
    first: int,
) -> Generator[np.ndarray]:
    """An entry's pictures in the painted crop, uint8 [h, w, 4], from frame `first` on."""
    if entry.startswith(TOLD):
        entry, moves = entry.removeprefix(TOLD), moves.told(_landmarks(truth))
    if entry != "nearest":
        yield from paint(moves, model, device, first, refine=entry == "model")
        return
    # The painted crop may be larger than training's, around the same middle.
    wider, higher = (a - b for a, b in zip(moves.plan.size, model.canvas.size, strict=True))
    left, top = wider // 2, higher // 2
    for points in moves.points[first * moves.between :: moves.between]:
        film, time = nearest_pose(footage, points - np.array([left, top, 0], np.float32))
        frame = footage[film].frame(time).transpose(1, 2, 0)
        yield cv2.copyMakeBorder(frame, top, higher - top, left, wider - left, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
