"""drive: the driver's moves fitted to the person and placed on the canvas of the result (section 3.5)."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice

import numpy as np
import torch

from dancekit import likeness
from dancekit.core import closeup, compose, crops, girth, retarget, shadow
from dancekit.core.paint import Painter
from dancekit.core.painted import Painted
from dancekit.core.tracks import filled_in, found, steadied
from dancekit.errors import DancekitError
from dancekit.likeness import Likeness
from dancekit.threads import cores, workers
from dancekit.types import CropPlan, Each, PoseTrack, spans_of

FITS = ("body", "scale", "none")
_PAINTING = 8
"""Threads that paint on a CPU at the most: each takes 100 MB."""
_NEAR = 0.1
"""How far from every landmark a stray patch is no part of the person, as a share of her height."""


@dataclass(frozen=True)
class Moves:
    """The driver's moves as the person will do them, on the canvas of the result.

    points: float32 [T * between, J, 3] in px of the painted picture; with a driver of few frames per second there are
    poses between the frames, so that the networks see moves as fast as in training. plan: where on the canvas (px) each
    picture goes. presence: float [T], how strongly to show her. stride: poses from one pose of a window to the next.
    shots: first frames of the driver's shots, over whose cuts nothing is carried.
    """

    points: np.ndarray
    plan: CropPlan
    presence: np.ndarray
    between: int
    stride: int
    canvas: tuple[int, int]
    fps: Fraction
    notes: list[str]
    shots: tuple[int, ...] = (0,)

    def __len__(self) -> int:
        return len(self.presence)

    def told(self, points: np.ndarray) -> Moves:
        """The same moves with other landmarks, float32 [T, J, 3] px of the canvas, which fit the person already."""
        inside = crops.points_to_crop(points, self.plan.boxes, self.plan.size)
        return replace(self, points=filled_in(inside, self.between, self.shots))

    def spans(self) -> list[tuple[int, int]]:
        """(first, end) frames of each shot."""
        return spans_of(self.shots, len(self))


def plan_moves(track: PoseTrack, model: Likeness, canvas: tuple[int, int], fit: str = "body") -> Moves:
    """Retarget a driver's track to the person and plan where on the canvas (width, height) px she is painted."""
    seen = found(track)
    moved, notes = _retargeted(steadied(track), model, fit)
    moved = _on_canvas(moved, canvas)
    height = model.film_body * canvas[1] / track.size[1] if fit == "none" else None
    plan = crops.painting_plan(moved, model.canvas.body, model.canvas.size, likeness.multiple(model.recipe), height)
    moved = moved.with_points(compose.held(moved.points, seen))
    plan = CropPlan(compose.held(plan.boxes, seen), plan.size)
    points = crops.points_to_crop(moved.points, plan.boxes, plan.size)
    missing = int((~seen).sum())
    if missing:
        notes.append(f"The driver is not seen in {missing} of {len(seen)} frames; there the person holds and fades.")
    pace = float(track.fps) / model.canvas.fps
    between, stride = max(1, round(1 / pace)), max(1, round(pace))
    presence = compose.presence(seen, float(track.fps))
    filled = filled_in(points, between, track.shots)
    return Moves(filled, plan, presence, between, stride, canvas, track.fps, notes, track.shots)


def _retargeted(track: PoseTrack, model: Likeness, fit: str) -> tuple[PoseTrack, list[str]]:
    if fit not in FITS:
        raise DancekitError(f"--fit {fit}: there is no such fit.", f"Use one of {', '.join(FITS)}.")
    driver = retarget.proportions([track])
    changes = retarget.explain(driver, model.proportions) if fit == "body" else []
    as_meant = "That is as it should be; --fit scale keeps the driver's build."
    told = f"Fitted to the body of {model.name}; beside the driver's: {', '.join(changes)}. {as_meant}"
    notes = [told] if changes else []
    return retarget.retarget(track, driver, model.proportions, fit), notes


def _on_canvas(track: PoseTrack, canvas: tuple[int, int]) -> PoseTrack:
    """The track in px of the canvas: as tall a share of it as of the driver's film, in its middle."""
    scale = canvas[1] / track.size[1]
    points = track.points.copy()
    points[..., 0] = (points[..., 0] - track.size[0] / 2) * scale + canvas[0] / 2
    points[..., 1] *= scale
    return PoseTrack(points, canvas, track.fps, track.skeleton, track.shots)


def floor_below(moves: Moves, model: Likeness) -> shadow.Floor:
    """Where on the canvas the floor below her is, at each frame."""
    boxes, size = moves.plan.boxes, moves.plan.size
    points = crops.points_from_crop(moves.points[:: moves.between], boxes, size)
    heights = model.canvas.body * (boxes[:, 3] - boxes[:, 1]) / size[1]
    return shadow.floor_below(points, heights, moves.spans(), float(moves.fps))


def paint(
    moves: Moves, model: Likeness, device: torch.device, first: int = 0, refine: bool = True
) -> Generator[np.ndarray]:
    """The person in every frame from `first` on, uint8 [h, w, 4] each, to be compared: at the size of the plan."""
    for number, painted in enumerate(paint_raw(moves, model, device, first, refine), first):
        yield cleaned(painted, number, moves, model).small()


def cleaned(painted: Painted, number: int, moves: Moves, model: Likeness) -> Painted:
    """What was painted for a frame, without what cannot be hers."""
    return only_hers(painted, moves.points[number * moves.between], model)


def only_hers(painted: Painted, points: np.ndarray, model: Likeness) -> Painted:
    """What was painted for a pose, float32 [J, 3] px of the picture, without what cannot be hers."""
    body, picture, face = model.canvas.body, painted.picture, painted.face
    reaches = model.girth * np.float32(body)
    if model.sources is not None:
        picture = model.sources.palette.mended(picture, points, body)
    picture = compose.without_specks(girth.faded(picture, points, reaches), points, _NEAR * body)
    if face is not None:
        inside = closeup.inside(points, painted.times, painted.corner)
        face = girth.faded(face, inside, reaches * painted.times)
    return replace(painted, picture=picture, face=face)


def paint_raw(
    moves: Moves, model: Likeness, device: torch.device, first: int = 0, refine: bool = True
) -> Generator[Painted]:
    """What the networks paint for every frame from `first` on, to be `cleaned`."""
    painter = model.painter(device, refine)
    with painting_on(device, model) as each:
        for begin, end in moves.spans():
            if first < end:
                points = moves.points[begin * moves.between : end * moves.between]
                yield from _paint_shot(points, moves, model, painter, max(0, first - begin), each)


def painting_on(device: torch.device, model: Likeness) -> AbstractContextManager[Each]:
    """How the pieces of painting a person are worked on: by several threads on a CPU, one after the other elsewhere."""
    model.get_ready()  # or each of several threads would work it out
    return nullcontext(map) if device.type != "cpu" else workers(cores(_PAINTING))


def _paint_shot(
    points: np.ndarray, moves: Moves, model: Likeness, painter: Painter, first: int, each: Each
) -> Iterator[Painted]:
    """A shot's frames, counted from its begin, from `first` on. points: those of the moves that are its."""
    batch = 4 if painter.device.type == "cpu" else 16
    # Begin early enough, and with a whole batch: then every frame is painted as if from the first frame on.
    lead = 2 * model.recipe.reach * moves.stride + batch
    start = max(0, first - -(-lead // moves.between)) // batch * batch
    begin = start * moves.between
    # Portraits and frames are chosen for the whole shot, wherever painting begins.
    given = painter.choose(points).since(begin)
    pictures = painter.paint(points[begin:], moves.plan.size, moves.stride, batch, given, each)
    return islice(pictures, (first - start) * moves.between, None, moves.between)
