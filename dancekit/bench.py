"""bench: how fast this machine does every part of the work, each beside its limit or a plain reference."""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from dancekit import likeness, loop, plugins, prepare, scenes, train
from dancekit.core import compose, schedule, step
from dancekit.core.batch import Batch
from dancekit.core.objective import Lesson, Networks
from dancekit.core.painted import Painted
from dancekit.device import Machine, clock, forget_peak, peak_gigabytes
from dancekit.drive import cleaned, paint_raw, plan_moves
from dancekit.io import encode, video
from dancekit.io.clips import Clip
from dancekit.io.dataset import to_device
from dancekit.io.workspace import Person, Workspace
from dancekit.memory import keep_freed_memory
from dancekit.paces import Pace, overall
from dancekit.plain import Plain, plainly_read
from dancekit.recipe import Recipe
from dancekit.run import Run, say_nothing
from dancekit.study import Options, cut
from dancekit.threads import cores, usable, workers
from dancekit.transfer import PLACING, Wish, even, transfer
from dancekit.types import Progress, VideoInfo

_FILM_SECONDS = 12.0
"""Long enough that what every film costs, however short it is, does not outweigh its frames; and no more is looked at
of a long one, as all cut-outs are held in memory."""
_PART = Options(end=_FILM_SECONDS)
_READS = 400
_ROUNDS = 3
"""Steps of dancekit and plain ones take so many turns, so that both meet the same noise."""
_ENCODED = 60
"""Frames whose encoding is timed: all of them together would take gigabytes."""
_MATRIX, _MATRIX_OF_GPUS = 2048, 8192


@dataclass(frozen=True)
class Bench:
    """All parts' paces. matrix: gigaflops of a large matrix product in the numbers that training computes in, called
    `numbers`. bytes_per_frame: that a prepared film takes."""

    recipe: Recipe
    machine: str
    paces: list[Pace]
    matrix: float
    numbers: str
    frames: int
    bytes_per_frame: float

    def pace(self, part: str) -> Pace:
        """One of them."""
        return next(pace for pace in self.paces if pace.part == part)


def measure(film: Path | None, recipe: Recipe, machine: Machine, seconds: float, progress: Progress) -> Bench:
    """Prepare, train on and draw the first seconds of a film in a temporary workspace; without one, of a drawn film.

    seconds: at least so long for each turn of training steps.

    Raises:
        ClipError: the film cannot be read, or shows nobody.
    """
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "dance")
        person = workspace.person("bench")
        drawn = film or scenes.film(scenes.subject(_FILM_SECONDS), Path(folder) / "drawn.mp4", progress)
        clip, paces = _preparing(drawn, person, progress)
        run = train.set_up(person, workspace, recipe, machine, 0, progress, say_nothing)
        matrix, trained = _learning(run, seconds, progress)
        learnt = _bench(run, [*paces, *trained], matrix, len(clip.track))
        loop.save_now(run)
        del run
        return replace(learnt, paces=learnt.paces + _rendering(drawn, clip, person, workspace, machine, progress))


def measure_training(person: Person, recipe: Recipe, machine: Machine, seconds: float, progress: Progress) -> Bench:
    """Train on what is prepared of a person, and measure nothing else; she stays as she is.

    Raises:
        WorkspaceError: nothing is prepared.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = train.set_up(person.variant("bench"), Workspace(Path(folder)), recipe, machine, 0, progress, say_nothing)
        matrix, paces = _learning(run, seconds, progress)
    return _bench(run, paces, matrix, sum(len(clip.track) for clip in run.subject.clips))


def _bench(run: Run, paces: list[Pace], matrix: float, frames: int) -> Bench:
    used = sum(int(clip.used.sum()) for clip in run.subject.clips)
    size = sum((clip.folder / "frames.pack").stat().st_size for clip in run.subject.clips) / max(used, 1)
    return Bench(run.recipe, run.machine.name, paces, matrix, str(run.dtype).removeprefix("torch."), frames, size)


def _learning(run: Run, seconds: float, progress: Progress) -> tuple[float, list[Pace]]:
    """(gigaflops of a matrix product, paces of all stages at their largest sizes)."""
    keep_freed_memory()  # as train does
    matrix, paces, stages = _matrix(run), list[Pace](), dict[int, Pace]()
    for number, stint in enumerate(run.training.stints):
        run.training.begin(number)
        if number == max(n for n, other in enumerate(run.training.stints) if other.stage == stint.stage):
            found = _training(run, number, matrix, seconds, progress)
            paces, stages = [*paces, *found], stages | {stint.stage: found[0]}
        run.training.spend(number, 1e-6)
    return matrix, [*paces, overall(run.training.stints, stages, bool(run.recipe.minutes))]


def _preparing(film: Path, person: Person, progress: Progress) -> tuple[Clip, list[Pace]]:
    """Prepare the film, before and after a run of the bare landmarker on it."""
    info, backend = cut(video.probe(film, video.LONGEST_SIDE), _PART), plugins.load("pose", "mediapipe")
    bare = [_timed(_bare(info, backend, True, progress))]
    forget_peak(None)
    started = time.perf_counter()
    clip = prepare.prepare_clip(film, person, _PART, progress).clip
    preparing, memory = time.perf_counter() - started, peak_gigabytes(torch.device("cpu"))
    bare.append(_timed(_bare(info, backend, True, progress)))
    count, limit = len(clip.track), len(clip.track) / float(np.mean(bare))
    return clip, [
        Pace("bare landmarker", limit, "frames"),
        Pace("prepare", count / preparing, "frames", "bare landmarker", count / preparing / limit, None, memory),
        Pace("reading stored frames", _reading(clip), "frames"),
    ]


def _timed(work: Iterable[object]) -> float:
    started = time.perf_counter()
    for _ in work:
        pass
    return time.perf_counter() - started


def _bare(info: VideoInfo, backend: ModuleType, masks: bool, progress: Progress) -> Iterator[object]:
    detector = backend.Detector(info, 1, masks)
    try:
        for index, frame in enumerate(video.read_frames(info)):
            yield detector.detect(index, frame)
            progress("bare landmarker", index + 1, info.frames)
    finally:
        detector.close()


def _reading(clip: Clip) -> float:
    """Frames read per second in random order by two threads, as training does."""
    reader, times = clip.frames(), np.random.default_rng(0).choice(np.flatnonzero(clip.used), _READS)
    started = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda index: reader.read(int(index)), times))
    return _READS / (time.perf_counter() - started)


def _matrix(run: Run) -> float:
    """Gigaflops of a large matrix product, the best of some."""
    side = _MATRIX_OF_GPUS if run.machine.device.type == "cuda" else _MATRIX
    square = torch.randn(side, side, device=run.machine.device).to(run.dtype)
    times = []
    for _ in range(6):
        started = clock(run.machine.device)
        square @ square  # pyright: ignore[reportUnusedExpression]
        times.append(clock(run.machine.device) - started)
    return 2 * side**3 / min(times) / 1e9


def _training(run: Run, number: int, matrix: float, least: float, progress: Progress) -> list[Pace]:
    """Steps of a stint, dancekit's and plain ones in turn."""
    training, data, device = run.training, loop.training_set(run, number), run.machine.device
    stage, lesson = training.stints[number].stage, loop.lesson_of(run, number)
    networks, plain = training.networks(stage, run.trunk, run.anchor), Plain(run, number)
    stepper = loop.stepper_of(run, number, networks, lesson)
    random = torch.Generator(device).manual_seed(0)

    def own(place: int) -> None:
        stepper.step(next(batches), place, loop.is_judged(run, place))
        training.average(stage)

    name, images, places = schedule.called(stage), run.batch * run.recipe.frames, itertools.count()
    with (contextlib.closing(loop.batches_of(run, number, data, 0)) as batches, stepper.at_work(),
          contextlib.closing(plainly_read(run, number, lesson)) as opened):  # fmt: skip
        flops = _flops(run, networks, lesson, [to_device(next(batches), device) for _ in range(run.recipe.judged)])
        for _ in range(run.recipe.judged * stepper.warming):
            own(next(places))
        plain.step(next(opened), random)
        seconds, steps, memory = [0.0, 0.0], [0, 0], [0.0, 0.0]
        for turn in range(_ROUNDS):
            for which, take in enumerate((lambda: own(next(places)), lambda: plain.step(next(opened), random))):
                forget_peak(device)
                spent, taken = _steps(take, run.machine, least)
                seconds[which] += spent
                steps[which] += taken
                memory[which] = max(memory[which], peak_gigabytes(device))
                progress(f"training, {name}", turn * 2 + which + 1, _ROUNDS * 2)
    rates = [images * taken / spent for taken, spent in zip(steps, seconds, strict=True)]
    reached = flops * steps[0] / seconds[0] / 1e9
    return [
        Pace(f"training, {name}", rates[0], "images", "plain step", rates[0] / rates[1], reached, memory[0]),
        Pace(f"  its arithmetic, {name}", reached, "GFLOP", "matrix product", reached / matrix),
        Pace(f"  plain step, {name}", rates[1], "images", gigabytes=memory[1]),
    ]


def _flops(run: Run, networks: Networks, lesson: Lesson, batches: list[Batch]) -> float:
    """Arithmetic of a step, on average over these batches on the device, the last of which is judged."""
    random = torch.Generator(run.machine.device).manual_seed(0)
    with FlopCounterMode(display=False) as counter:
        for place, batch in enumerate(batches):
            step.take_step(networks, run.training.optimisers, batch, lesson, run.recipe.weights, run.dtype, random,
                           loop.is_judged(run, place))  # fmt: skip
    return counter.get_total_flops() / len(batches)


def _steps(take: Callable[[], None], machine: Machine, least: float) -> tuple[float, int]:
    """(seconds, steps) of one turn."""
    started, count = clock(machine.device), 0
    while (spent := clock(machine.device) - started) < least or not count:
        take()
        count += 1
    return spent, count


def _rendering(
    film: Path, clip: Clip, person: Person, workspace: Workspace, machine: Machine, progress: Progress
) -> list[Pace]:
    """Every part of transfer by itself, and all of it."""
    info, backend, device = (
        cut(video.probe(film, video.LONGEST_SIDE), _PART),
        plugins.load("pose", "mediapipe"),
        machine.device,
    )
    model, out = likeness.load(person), workspace.root / "out.mp4"
    moves = plan_moves(clip.track, model, even(clip.track.size))

    seconds = {"decode": _timed(video.read_frames(info)), "pose": _timed(_bare(info, backend, False, progress))}
    before, painted, pictures = 0.0, list[Painted](), list[np.ndarray]()
    bare = replace(model, face=None, sources=None)
    paintings = {"stage I": replace(bare, refine=None), "stage II": bare} | ({"face": model} if model.face else {})
    for part, by in paintings.items():
        started = time.perf_counter()
        painted = list(paint_raw(moves, by, device))
        taken = time.perf_counter() - started
        seconds[part], before = max(taken - before, 1e-6), taken
    with workers(cores(PLACING)) as each:
        finished = each(lambda one: cleaned(one[1], one[0], moves, model).whole(), enumerate(painted))
        seconds["detail"] = _timed(map(pictures.append, finished))
    wall = np.zeros((moves.canvas[1], moves.canvas[0], 3), np.uint8)

    def composed() -> Iterator[np.ndarray]:
        for number, picture in enumerate(pictures):
            placed = compose.place(picture, moves.plan.boxes[number], moves.canvas, moves.presence[number])
            yield compose.over(placed, wall)

    seconds["composite"] = _timed(composed())
    frames = list(itertools.islice(composed(), _ENCODED))
    encoding = _timed(_encoded(frames, workspace.root / "encoded.mp4", moves.fps))
    seconds["encode"] = encoding * len(pictures) / len(frames)
    del frames
    painted.clear()
    pictures.clear()
    forget_peak(device)
    started, before = time.perf_counter(), sum(os.times()[:4])  # of this process, and of those that it started
    transfer(film, person, workspace, Wish(out=out), _PART, device, progress)
    taken, busy, there = time.perf_counter() - started, sum(os.times()[:4]) - before, usable()
    whole, slowest = len(moves) / taken, max(seconds, key=lambda part: seconds[part])
    return [
        *(Pace(f"transfer: {part}", len(moves) / spent, "frames") for part, spent in seconds.items()),
        Pace("transfer", whole, "frames", f"its slowest part, {slowest}", whole * seconds[slowest] / len(moves), None,
             peak_gigabytes(device)),
        Pace("  cores at work, transfer", busy / taken, "cores", "all of this machine's", busy / taken / there),
    ]  # fmt: skip


def _encoded(frames: list[np.ndarray], path: Path, fps: Fraction) -> Iterator[None]:
    height, width = frames[0].shape[:2]
    writer = encode.FilmWriter(path, encode.format_of(path, False), (width, height), fps)
    for frame in frames:
        writer.write(frame)
        yield
    writer.close()
