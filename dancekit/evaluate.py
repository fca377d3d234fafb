"""evaluate: how well a person is drawn on frames that training never saw, beside two simple baselines (section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from dancekit import backdrops, likeness, plugins
from dancekit.core import crops, metrics
from dancekit.core.compose import divided, multiplied
from dancekit.core.painted import Painted
from dancekit.drive import only_hers, painting_on
from dancekit.driven import Driven, dance, find_driver
from dancekit.errors import WorkspaceError
from dancekit.heldout import held_out_spans, runs_of
from dancekit.io.clips import Clip, load_all
from dancekit.io.dataset import Canvas, Footage, reach_of
from dancekit.io.workspace import Person, Workspace
from dancekit.judge import Judge, Scores, neighbours
from dancekit.likeness import Likeness
from dancekit.nearest import nearest_pose
from dancekit.parts import close_ups
from dancekit.reels import Reel, chosen, reel
from dancekit.soundness import Asked, Look, Soundness, asked_of, look, soundness, still_change
from dancekit.study import Options
from dancekit.types import PoseTrack, Progress, no_progress

ENTRIES = ("model", "nearest", "stage1")
CUT = "cut"
"""The person's pictures, learnt with a background, from which she is cut out afterwards."""
FLOOR = "floor"
"""The true frames of odd times against the even ones next to them: how far the film's own change moves each measure."""
FILM = "film"
"""The true frames, looked at without a truth: what the pose landmarker itself reaches."""
_LARGER = 2
"""Faces and details are judged, and reels shown, at so many times the size of stage I's pictures."""
_EVERY = 8
"""Of the larger pictures, which take four times as long to score, every so many-th is."""
_TITLES = {"stage1": "stage I alone", "model": "dancekit", FILM: "truth", "nearest": "nearest frame"}
"""What entries are called in reels, from the left."""


@dataclass(frozen=True)
class Evaluation:
    """How a person comes out.

    scores: against truth, of the person, of the nearest training frame by pose, of stage I alone, and of the floor.
    soundness: without truth, of the same but for the floor, and of the film. frames, spans: how many are held out.
    tall: her height in the pictures, px. drivers: soundness in the moves of other films. reels: pictures to look at.
    unlearnt: clips that were prepared after training, and are not looked at.
    """

    scores: dict[str, Scores]
    soundness: dict[str, Soundness]
    frames: int
    spans: int
    tall: int
    drivers: list[Driven]
    reels: list[Reel]
    unlearnt: list[str] = field(default_factory=list)

    def closed(self) -> float:
        """Share of nearest-frame's distance to a perfect SSIM that the person closes."""
        return metrics.closed(self.scores["model"].ssim, self.scores["nearest"].ssim)


def evaluate(
    person: Person,
    device: torch.device,
    progress: Progress = no_progress,
    drivers: Sequence[Path] = (),
    tall: int | None = None,
    options: Options | None = None,
) -> Evaluation:
    """Score a person on the held-out spans of all her clips, and look at her in the moves of other films.

    tall: her height in the pictures that are judged, px, so that people of other recipes, whose pictures are larger or
    have another shape, can be compared with her; by default as stage I paints her. Films are danced to as they are.
    options: who dances in them, and how they are turned.

    Raises:
        WorkspaceError: not trained, her films are gone, or she is not drawn that tall.
        ClipError: nobody is in a driver's film, or it cannot be read.
    """
    model = likeness.load(person)
    clips, new = _learnt(person, model)
    footage, large = (
        [Footage(clip, canvas, 0) for clip in clips] for canvas in (model.canvas, model.canvas.times(_LARGER))
    )
    judged = [Footage(clip, _canvas_of(model, clips, tall), 0) for clip in clips] if tall else footage
    runs = runs_of(person, footage)
    found = [find_driver(film, Workspace(person.folder.parent), progress, options) for film in drivers]
    judge, backend = Judge(device), plugins.load("pose", "mediapipe")
    looks: dict[str, list[Look]] = {entry: [] for entry in (*ENTRIES, FILM)}
    total, done, turns = sum(end - first for _, first, end in runs), 0, len(looks) + 1  # the last is that of scoring
    shown, kept = chosen([end - first for _, first, end in runs]), []
    for number, (film, first, end) in enumerate(runs):
        finer, at = (films[footage.index(film)] for films in (large, judged))
        asked = _asked(at).part(first, end)
        small, fine, near = dict[str, np.ndarray](), dict[str, np.ndarray](), dict[str, dict[str, np.ndarray]]()
        for entry, seen in looks.items():
            if entry == FILM:
                small[entry], fine[entry] = (_true(one, first, end).transpose(0, 2, 3, 1) for one in (at, finer))
            else:
                of_film = entry == "nearest"  # such pictures there are at any size
                shown_at, sizes = (at, (judged, large)) if of_film else (film, (footage, large))
                made = _pictures(entry, shown_at, sizes, model, first, end, device)
                if tall and not of_film:
                    made[0] = _moved(made[1], finer.canvas, at.canvas)
                small[entry], fine[entry] = _known(made[0], at, first), _known(made[1], finer, first)
            near[entry] = close_ups(small[entry], at, first) if tall else close_ups(fine[entry], finer, first)
            seen.append(look(small[entry], asked, backend))
            done += end - first
            progress("judging", done, total * turns)
        true = small[FILM].transpose(0, 3, 1, 2)
        judge.add_all({entry: small[entry].transpose(0, 3, 1, 2) for entry in ENTRIES}, true, FLOOR)
        for name, there in near[FILM].items():
            judge.add_part(name.split()[-1], {entry: near[entry][name] for entry in ENTRIES}, there, FLOOR)
        if not tall:
            now, before = neighbours(fine[FILM])
            judge.add_part("large", {FLOOR: now[::_EVERY]}, before[::_EVERY])
            judge.add_part("large", {entry: fine[entry][::_EVERY] for entry in ENTRIES}, fine[FILM][::_EVERY])
        done += end - first
        progress("judging", done, total * turns)
        if number in shown:
            kept.append(_reel(finer, first, {entry: pictures[: shown[number]] for entry, pictures in fine.items()}))
    film_change = still_change(looks[FILM])
    return Evaluation(
        {entry: judge.scores(entry) for entry in (*ENTRIES, FLOOR)},
        {entry: soundness(seen, film_change) for entry, seen in looks.items()},
        total,
        sum(len(held_out_spans(clip)) for clip in clips),
        round(tall or model.canvas.body),
        [dance(driver, model, film_change, backend, device, progress) for driver in found],
        kept,
        [clip.name for clip in new],
    )


def _canvas_of(model: Likeness, clips: Sequence[Clip], tall: int) -> Canvas:
    """The canvas on which she is so many px tall, which is the same whatever recipe draws her.

    Raises:
        WorkspaceError: she is not drawn that tall.
    """
    most = _LARGER * model.canvas.body
    if tall > most:
        raise WorkspaceError(f"{model.name!r} is drawn {most:.0f} px tall, so she cannot be judged {tall} px tall.",
                             f"Choose fewer: --tall {most:.0f} at the most.")  # fmt: skip
    reach = reach_of(clips)
    return Canvas((round(reach.width * tall), round(reach.height * tall)), tall, model.canvas.fps)


def _moved(pictures: np.ndarray, given: Canvas, wanted: Canvas) -> np.ndarray:
    """Pictures uint8 [T, h, w, 4] (colour and alpha) of one canvas on another one, on which she is no taller."""
    middle, half = np.array(given.size) / 2, np.array(wanted.size) / 2 * given.body / wanted.body
    room = max(0, int(np.ceil((half - middle).max()))) + 1  # beyond the picture nobody is
    box = np.concatenate((middle - half, middle + half)) + room
    padded = [np.pad(multiplied(one), ((room, room), (room, room), (0, 0))) for one in pictures]
    return np.stack([divided(crops.warp(one, box, wanted.size)) for one in padded])


def _learnt(person: Person, model: Likeness) -> tuple[list[Clip], list[Clip]]:
    """A person's clips: those that she was trained on, and those that were prepared only later.

    Raises:
        WorkspaceError: there are none of the former.
    """
    clips = load_all(person)
    new = likeness.unlearnt(model.notes, clips)
    names = {clip.name for clip in new}
    known = [clip for clip in clips if clip.name not in names]
    if not known:
        for clip in new:
            clip.frames()  # tells of damage
        raise WorkspaceError(f"None of the films that {person.name!r} was trained on is there any more as it was.",
                             f"Train on those that are: dancekit train {person.name}, with --restart if one is another "
                             "part of the same film, of which what is held out now was learnt before.")  # fmt: skip
    return known, new


def score_held_out(
    person: Person,
    entries: Sequence[str],
    device: torch.device,
    progress: Progress = no_progress,
    alone: Person | None = None,
) -> dict[str, Scores]:
    """Score entries on the held-out spans of all clips of a person, beside the truth only.

    alone: whose clips show the truth, if not her own: the same films with the person cut out, for the entry CUT.

    Raises:
        WorkspaceError: as for `evaluate`.
    """
    model = likeness.load(person)
    footage = [Footage(clip, model.canvas, 0) for clip in _learnt(person, model)[0]]
    runs, judge = runs_of(person, footage), Judge(device)
    cut_outs = [Footage(clip, model.canvas, 0) for clip in load_all(alone)] if alone else footage
    of_film = {film.clip.source: film for film in cut_outs}
    for number, (film, first, end) in enumerate(runs, 1):
        shown = of_film[film.clip.source] if alone else film
        made = {}
        for entry in entries:
            # What is nearest to a truth without a background must not show one either.
            at, among = (shown, cut_outs) if entry == "nearest" else (film, footage)
            (pictures,) = _pictures(entry, at, (among,), model, first, end, device)
            made[entry] = _known(pictures, film, first).transpose(0, 3, 1, 2)
        judge.add_all(made, _true(shown, first, end))
        progress("judging", number, len(runs))
    return {entry: judge.scores(entry) for entry in entries}


def _reel(film: Footage, first: int, pictures: dict[str, np.ndarray]) -> Reel:
    """What evaluate compares in frames from `first` on, the person and the truth next to each other."""
    rate = float(film.clip.track.fps)
    columns = {_TITLES[entry]: pictures[entry] for entry in _TITLES}
    points = film.points[first : first + len(pictures[FILM])]
    return reel(f"{film.clip.name}, from second {first / rate:.1f}", rate, points, columns)


def _true(film: Footage, first: int, end: int) -> np.ndarray:
    """The film's own frames first..end: uint8 [T, 4, H, W]."""
    return np.stack([film.frame(time) for time in range(first, end)])


def _known(pictures: np.ndarray, film: Footage, first: int) -> np.ndarray:
    """Pictures uint8 [T, h, w, 4] of a film's frames from `first` on, with nothing where the film shows nothing: what
    is painted there is not mistaken."""
    shown = np.zeros_like(pictures)
    for place, picture in enumerate(pictures):
        left, top, right, bottom = film.known(first + place)
        shown[place, top:bottom, left:right] = picture[top:bottom, left:right]
    return shown


def _asked(film: Footage) -> Asked:
    """The poses of a film's frames, in px of the canvas."""
    return asked_of(PoseTrack(film.points, film.canvas.size, film.clip.track.fps, shots=film.clip.track.shots))


def _pictures(
    entry: str,
    film: Footage,
    sizes: Sequence[Sequence[Footage]],
    model: Likeness,
    first: int,
    end: int,
    device: torch.device,
) -> list[np.ndarray]:
    """Frames first..end as the entry would have them, uint8 [T, h, w, 4], once for each size.

    sizes: the films at each, that of the canvas first; the entry CUT has no other.
    """
    if entry == CUT:
        (painted,) = _pictures("model", film, sizes, model, first, end, device)
        cut = backdrops.cut_out(painted.transpose(0, 3, 1, 2), plugins.load("pose", "mediapipe"))
        return [cut.transpose(0, 2, 3, 1)]
    if entry == "nearest":
        chosen = [nearest_pose(sizes[0], film.points[time]) for time in range(first, end)]
        return [np.stack([films[number].frame(time) for number, time in chosen]).transpose(0, 2, 3, 1)
                for films in sizes]  # fmt: skip
    span, margin = film.shot(first), 2 * model.recipe.reach * film.stride
    start = max(span[0], first - margin)
    painter = model.painter(device, refine=entry == "model")
    points, wanted = film.points[start : min(span[1], end + margin)], [films[0].canvas.size for films in sizes]

    def seen(asked: tuple[np.ndarray, Painted]) -> list[np.ndarray]:
        pose, one = asked
        # What is learnt with a background is more than herself, and no outline can be cleaned.
        hers = one if film.clip.matte == backdrops.MATTE else only_hers(one, pose, model)
        return hers.at(*wanted)

    with painting_on(device, model) as each:
        painted = painter.paint(points, model.canvas.size, film.stride, each=each)
        shown = list(each(seen, islice(zip(points, painted, strict=False), first - start, end - start)))
    return [np.stack(pictures) for pictures in zip(*shown, strict=True)]
