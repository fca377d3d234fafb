"""train: both stages at each size (section 3), within a budget, resumable at any moment."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType

import numpy as np
import torch

from dancekit.core import crops, schedule, step, wild
from dancekit.core.objective import Batch, Drawing
from dancekit.core.retarget import proportions
from dancekit.device import Machine, keep_freed_memory, number_type
from dancekit.errors import DancekitError, WorkspaceError
from dancekit.io import clips as prepared
from dancekit.io import weights
from dancekit.io.clips import Clip
from dancekit.io.dataset import Canvas, TrainingSet, ahead, reach_of, to_device, usual_rate
from dancekit.io.diary import Diary
from dancekit.io.workspace import Person, Workspace
from dancekit.likeness import Likeness, multiple, save
from dancekit.networks.perceptual import VGG16_EDGES, VGG19, Perceptual
from dancekit.pose.keypoints import read_track
from dancekit.recipe import Recipe
from dancekit.sampling import write_sample
from dancekit.training import Training, resume
from dancekit.types import Progress, no_progress

_MADE_UP_DANCES = 240
_PIECE = 48
"""Frames per piece of a wild dance."""

Say = Callable[[str], None]


def say_nothing(text: str) -> None:
    """Tell nobody: for callers that do not listen."""


@dataclass(frozen=True)
class Trained:
    """How a run of training ended. steps: altogether. seconds: of this run. finished: the schedule is through;
    otherwise it was interrupted."""

    person: Person
    steps: int
    seconds: float
    images_per_second: float
    finished: bool
    losses: dict[str, float]


@dataclass
class _Run:
    """One run of the command: what every part of the loop needs."""

    person: Person
    recipe: Recipe
    machine: Machine
    seed: int
    progress: Progress
    say: Say
    clips: list[Clip]
    bones: dict[str, float]
    wild: tuple[np.ndarray, np.ndarray] | None
    trunk: Perceptual
    trunk_name: str
    dtype: torch.dtype
    training: Training
    diary: Diary
    batch: int
    losses: dict[str, float] = field(default_factory=dict)


def train(person: Person, workspace: Workspace, recipe: Recipe, machine: Machine, seed: int = 0,
          progress: Progress = no_progress, say: Say = say_nothing) -> Trained:  # fmt: skip
    """Train a person, or go on where training stopped.

    Ctrl-C ends the step, saves and returns; a process that is killed loses at most the time since the last save.

    Raises:
        WorkspaceError: nothing is prepared, or what there is is damaged. RecipeError: see training.resume.
    """
    keep_freed_memory()
    torch.manual_seed(seed)
    run = _set_up(person, workspace, recipe, machine, seed, progress, say)
    with _interruptible() as interrupted:
        while (number := schedule.current(run.training.stints)) is not None and not interrupted.is_set():
            _train_stint(run, number, interrupted)
            _save(run)
        if not person.weights.is_file() or not person.card.is_file():
            _save(run)
    finished = schedule.current(run.training.stints) is None
    return Trained(person, run.training.steps, run.diary.seconds, run.diary.images_per_second, finished, run.losses)


def _set_up(person: Person, workspace: Workspace, recipe: Recipe, machine: Machine, seed: int, progress: Progress,
            say: Say) -> _Run:  # fmt: skip
    """Everything that is the same for all stints; the training state is new or as last saved."""
    clips = load_clips(person)
    dtype = number_type(machine.device, recipe.precision)
    trunk_name, trunk = _perceptual(recipe, machine, dtype, say)
    total = recipe.minutes * 60 if recipe.minutes else float(recipe.steps)
    phases = [(phase.stage, phase.size, phase.share) for phase in recipe.phases]
    training = resume(person, recipe, machine.device)
    if training is None:
        canvases = {size: plan_canvas(clips, recipe, size) for _, size, _ in phases}
        training = Training(recipe, machine.device, canvases, schedule.planned(phases, total))
    else:
        training.stints = schedule.replanned(training.stints, phases, total)
        say(f"Going on after {training.steps} steps.")
    bones = proportions([clip.track for clip in clips])
    strangers = None
    if recipe.unpaired.enabled:
        progress("gathering wild poses", 0, 0)
        strangers = _wild_poses(workspace, bones, usual_rate(clips), seed)
    return _Run(person, recipe, machine, seed, progress, say, clips, bones, strangers, trunk, trunk_name, dtype, training,
                Diary(person.log), recipe.batch)  # fmt: skip


def load_clips(person: Person) -> list[Clip]:
    """All prepared clips of a person.

    Raises:
        WorkspaceError: there is none.
    """
    folders = person.clips()
    if not folders:
        raise WorkspaceError(f"{person.name!r} has no prepared film.",
                             f"Prepare one first: dancekit prepare myclip.mp4 --as {person.name}")  # fmt: skip
    return [prepared.load(folder) for folder in folders]


def plan_canvas(clips: Sequence[Clip], recipe: Recipe, nominal: tuple[int, int]) -> Canvas:
    """The picture that the networks learn to draw for these clips, for a nominal (width, height)."""
    size, body = crops.training_size(reach_of(clips), nominal, multiple(recipe), recipe.follow)
    return Canvas(size, body, usual_rate(clips))


def _perceptual(recipe: Recipe, machine: Machine, dtype: torch.dtype, say: Say) -> tuple[str, Perceptual]:
    """The perceptual trunk that the recipe asks for, or the bundled one in its place, which is said."""
    name = recipe.perceptual.trunk
    if name == "vgg19" and not weights.available(name):
        say("The paper's VGG-19 is not on this computer (dancekit doctor --fetch vgg19); the bundled VGG-16 stands in.")
        name = "vgg16_edges"
    shape = VGG19 if name == "vgg19" else VGG16_EDGES
    trunk = Perceptual(shape, weights.trunk_weights(name), recipe.perceptual.depth).to(machine.device, dtype)
    return name, trunk.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


@contextlib.contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets, so that the step under way is finished first."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def stop(number: int, frame: FrameType | None) -> None:
        event.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _train_stint(run: _Run, number: int, interrupted: threading.Event) -> None:
    """Train one stage at one size until its share is spent or the run is interrupted."""
    training, stint = run.training, run.training.stints[number]
    if stint.spent == 0:
        training.begin(number)
    canvas = training.canvases[stint.size]
    recipe = run.recipe
    data = TrainingSet(run.clips, canvas, recipe.frames, recipe.reach * stint.stage, run.wild, recipe.unpaired.real,
                       recipe.window, multiple(recipe))  # fmt: skip
    while training.stints[number].progress < 1 and not interrupted.is_set():
        try:
            _train_steps(run, number, canvas, data, interrupted)
        except torch.OutOfMemoryError as error:
            _take_smaller_batch(run, error)


def _take_smaller_batch(run: _Run, error: Exception) -> None:
    if run.batch == 1:
        raise DancekitError("The GPU has too little memory even for one window at a time.",
                            "Close other programs that use the GPU, or train with --recipe cpu.") from error  # fmt: skip
    run.batch = max(1, run.batch // 2)
    torch.cuda.empty_cache()
    run.say(f"The GPU ran out of memory; going on with {run.batch} windows per step instead of {run.batch * 2}.")


def _train_steps(run: _Run, number: int, canvas: Canvas, data: TrainingSet, interrupted: threading.Event) -> None:
    """Steps of one stint at the present batch size."""
    training, recipe, stage = run.training, run.recipe, run.training.stints[number].stage
    networks, drawing = training.networks(stage, run.trunk), _drawing(recipe, canvas)
    wild_count = round(run.batch * recipe.frames * recipe.unpaired.share) if recipe.unpaired.enabled else 0

    def make(place: int) -> Batch:
        return data.draw(run.batch, wild_count, np.random.default_rng([run.seed, number, place]))

    with contextlib.closing(ahead(make, training.step)) as batches:
        last = time.monotonic()
        for batch in batches:
            rate = schedule.learning_rate(recipe.rate, training.stints[number].progress, recipe.decay, training.step,
                                          recipe.warmup)  # fmt: skip
            step.set_rate(training.optimisers, rate)
            random = torch.Generator(run.machine.device).manual_seed(_mixed(run.seed, number, training.step))
            losses = step.take_step(networks, training.optimisers, to_device(batch, run.machine.device), drawing,
                                    recipe.weights, run.dtype, random)  # fmt: skip
            training.average(stage)
            now = time.monotonic()
            training.spend(number, now - last if recipe.minutes else 1.0)
            run.diary.count(len(batch.frames) * batch.frames.shape[1], now - last)
            last = now
            _keep_diary(run, number, canvas, losses, rate)
            if training.stints[number].progress >= 1 or interrupted.is_set():
                return


def _mixed(*numbers: int) -> int:
    """A seed from several numbers, the same in every run."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def _drawing(recipe: Recipe, canvas: Canvas) -> Drawing:
    return Drawing(recipe.reach, recipe.line * canvas.body, recipe.generator.coarse, key_colour(recipe.key),
                   recipe.matte, recipe.refiner.residual, recipe.augment)  # fmt: skip


def key_colour(text: str) -> tuple[float, float, float]:
    """A colour such as #00b140, in [-1, 1]."""
    red, green, blue = (int(text[place : place + 2], 16) / 127.5 - 1 for place in (1, 3, 5))
    return red, green, blue


def _wild_poses(workspace: Workspace, bones: dict[str, float], fps: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(dances of real strangers in dance/wild, dances of made-up people), with the person's proportions."""
    strangers = [read_track(path) for path in sorted(workspace.wild.glob("*.npz"))]
    made_up = wild.procedural(_MADE_UP_DANCES, _PIECE, fps, np.random.default_rng([seed, 7]))
    return wild.bank(strangers, bones, fps, _PIECE), wild.bank(made_up, bones, fps, _PIECE)


def _keep_diary(run: _Run, number: int, canvas: Canvas, losses: dict[str, torch.Tensor], rate: float) -> None:
    """Log, show, sample and save when it is time."""
    diary, training = run.diary, run.training
    if diary.time_to_log() or not run.losses:
        run.losses = {name: round(float(loss), 4) for name, loss in losses.items()}
        speed = diary.log({"steps": training.steps, "stint": number, "stage": training.stints[number].stage,
                           "size": list(canvas.size), "seconds": round(sum(s.spent for s in training.stints), 1),
                           "rate": rate, "losses": run.losses})  # fmt: skip
        _show(run, number, canvas, speed)
    if diary.time_to_sample():
        write_sample(
            run.person.samples / f"{training.steps:07d}.jpg", _likeness(run, canvas), run.clips, run.machine.device
        )
    if diary.time_to_save():
        _save(run)


def _show(run: _Run, number: int, canvas: Canvas, speed: float) -> None:
    stints = run.training.stints
    what = (f"training: stage {'I' * stints[number].stage} at {canvas.size[0]}x{canvas.size[1]}, step {run.training.steps}: "
            f"{speed:.1f} images/s, perceptual {run.losses['perceptual']:.3f}")  # fmt: skip
    run.progress(what, round(sum(s.spent for s in stints)), round(sum(s.amount for s in stints)))


def _likeness(run: _Run, canvas: Canvas) -> Likeness:
    """The person as she is now, with averaged weights; stage II counts only once it has been trained at this size."""
    training, size = run.training, canvas.size
    refined = any(s.stage == 2 and s.spent > 0 and training.canvases[s.size].size == size for s in training.stints)
    notes = {
        "trained": {"steps": training.steps, "stints": [vars(stint) for stint in training.stints]},
        "trunk": run.trunk_name, "clips": [clip.name for clip in run.clips],
    }  # fmt: skip
    return Likeness(run.person.name, run.recipe, canvas, run.bones, training.averages[1],
                    training.averages[2] if refined else None, notes)  # fmt: skip


def _save(run: _Run) -> None:
    """Write the person, then the training state."""
    begun = [stint for stint in run.training.stints if stint.spent > 0]
    if begun:
        save(run.person, _likeness(run, run.training.canvases[begun[-1].size]))
        run.training.save(run.person)
    run.diary.saved()
