"""train: both stages at each size (section 3), within a budget, resumable at any moment."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import FrameType

import numpy as np
import torch

from dancekit import bases, begun, likeness, strangers
from dancekit.choose import better_minutes
from dancekit.core import crops, schedule, wild
from dancekit.core.schedule import FACE
from dancekit.device import Machine, number_type, peak_gigabytes, refuse_learning
from dancekit.errors import WorkspaceError
from dancekit.gallery import shows_a_head
from dancekit.group import ALONE, Group
from dancekit.io import clips as prepared
from dancekit.io import weights
from dancekit.io.clips import Clip
from dancekit.io.dataset import Canvas, reach_of, usual_rate
from dancekit.io.diary import Diary
from dancekit.io.files import read_json
from dancekit.io.locks import alone
from dancekit.io.workspace import Person, Workspace
from dancekit.likeness import multiple
from dancekit.loop import save_now, train_stint
from dancekit.memory import keep_freed_memory
from dancekit.networks.perceptual import VGG16_EDGES, VGG19, Perceptual
from dancekit.recipe import Recipe
from dancekit.run import Run, Say, say_nothing
from dancekit.subject import dressed_otherwise, study_subject
from dancekit.training import Training, resume
from dancekit.types import Progress, no_progress

_MADE_UP_DANCES = 240


@dataclass(frozen=True)
class Trained:
    """How a run of training ended.

    steps: altogether. before: those of earlier runs. seconds: of this run. finished: the schedule is through; otherwise
    it was interrupted. peak_gigabytes: the most memory held, the GPU's where there is one. better: minutes in which
    this computer would make her crisp, where those that she was trained for were too few.
    """

    person: Person
    steps: int
    seconds: float
    images_per_second: float
    finished: bool
    losses: dict[str, float]
    peak_gigabytes: float
    before: int = 0
    better: float | None = None


def train(
    person: Person,
    workspace: Workspace,
    recipe: Recipe,
    machine: Machine,
    seed: int = 0,
    progress: Progress = no_progress,
    say: Say = say_nothing,
    group: Group = ALONE,
    usual: float | None = None,
) -> Trained:
    """Train a person, or go on where training stopped; with the other processes of a group, which all call this.

    usual: minutes that the recipe takes where none are asked for, if not as it is; they are kept with the state.
    Ctrl-C ends the step, saves and returns; a process that is killed loses at most the time since the last save.

    Raises:
        WorkspaceError: nothing is prepared, or what there is is damaged, or her training state was deleted.
        RecipeError: see training.resume.
    """
    likeness.refuse_newer(person)
    keep_freed_memory()
    began = time.monotonic()
    torch.manual_seed(seed)
    with alone(person.folder, f"{person.name} is being trained", leads=group.leads):
        begun.refuse_lost(person)
        run = set_up(person, workspace, recipe, machine, seed, progress, say)
        run.group, run.training.usual = group, recipe.minutes if usual is None else usual
        before = run.training.steps
        group.wait()  # until all have read what is there: from now on it is written
        starting = begun.beginning(person) if group.leads else contextlib.nullcontext()
        with _interruptible(group.leads) as interrupted, starting:
            while (number := schedule.current(run.training.stints)) is not None and not run.stopped:
                train_stint(run, number, interrupted)
                if group.leads:
                    save_now(run)
            if group.leads and not likeness.is_whole(person):
                save_now(run)
            if group.leads:
                begun.forget_before(person)
        group.wait()
    finished = schedule.current(run.training.stints) is None
    diary, memory = run.diary, round(peak_gigabytes(machine.device), 2)
    steps, seconds = run.training.steps, time.monotonic() - began
    spent = sum(stint.spent for stint in run.training.stints)
    better = better_minutes(run.recipe, steps, spent) if finished else None
    return Trained(person, steps, seconds, diary.images_per_second, finished, run.losses, memory, before, better)


def set_up(
    person: Person, workspace: Workspace, recipe: Recipe, machine: Machine, seed: int, progress: Progress, say: Say
) -> Run:
    """Everything that is the same for all stints; the training state is new or as last saved.

    Raises:
        DancekitError: see device.refuse_learning.
    """
    refuse_learning(machine.device)
    subject = study_subject(prepared.load_all(person), progress)
    _note_films(person, dressed_otherwise(subject), say)
    dtype = number_type(machine.device, recipe.precision)
    trunk_name, trunk = _perceptual(recipe, machine, dtype, say)
    training = _begun_or_new(person, recipe, machine, subject.clips, say)
    others = None
    if recipe.unpaired.enabled:
        others = _wild_poses(workspace, subject.proportions, usual_rate(subject.clips), seed, say)
    return Run(
        person=person,
        recipe=recipe,
        machine=machine,
        seed=seed,
        progress=progress,
        say=say,
        subject=subject,
        wild=others,
        trunk=trunk,
        trunk_name=trunk_name,
        anchor=bases.anchor(recipe, machine.device) if recipe.base and recipe.weights.anchor else None,
        dtype=dtype,
        training=training,
        diary=Diary(person.log),
        batch=recipe.batch,
    )


def _begun_or_new(person: Person, recipe: Recipe, machine: Machine, clips: Sequence[Clip], say: Say) -> Training:
    """The training state as last saved, its schedule fitted to the recipe's length, or a new one."""
    total = recipe.minutes * 60 if recipe.minutes else float(recipe.steps)
    whole = not recipe.minutes
    phases = [(phase.stage, phase.size, phase.share) for phase in recipe.phases]
    headless = not any(map(shows_a_head, clips))
    if headless and any(stage == FACE for stage, _, _ in phases):
        say("No frame shows all of a head and its shoulders: the face is not learnt by itself.")
        phases = [phase for phase in phases if phase[0] != FACE]
    training = resume(person, recipe, machine.device)
    if training is not None:
        stints = schedule.ended(training.stints, FACE) if headless else training.stints
        training.stints = schedule.replanned(stints, phases, total, whole)
        if schedule.current(training.stints) is not None:
            say(f"Going on after {training.steps} steps.")
        with contextlib.suppress(WorkspaceError):  # a card that cannot be read is written anew
            card = read_json(person.card, "")
            if new := [clip.name for clip in likeness.unlearnt(card, clips)]:
                through = schedule.current(training.stints) is None
                then = f"To learn it too, give more than before: {begun.more(recipe)}" if through else "Now learnt too."
                say(f"New since the last training: {', '.join(new)}. {then}")
            known = card.get("clips")
            if again := [name for name in new if isinstance(known, dict) and name in known]:
                say(f"Note: {', '.join(again)} was learnt from before, as it was prepared then. If it is of another "
                    "length now, other moments are held out, and evaluate judges by some that were learnt from: for "
                    "figures to trust, begin anew with --restart.")  # fmt: skip
        return training
    # Whoever starts from a base need not learn at a small size first how limbs lie.
    phases = schedule.largest(phases) if recipe.base else phases
    canvases = {size: plan_canvas(clips, recipe, size) for _, size, _ in phases}
    training = Training(recipe, machine.device, canvases, schedule.planned(phases, total, whole))
    if recipe.base:
        bases.adopt(training, recipe.base)
        say("Starting from networks that know drawn people; --from-scratch starts from nothing, as in the paper.")
    return training


def _note_films(person: Person, otherwise: Sequence[str], say: Say) -> None:
    """Say which films are not learnt from, since they are not prepared to their ends, and which look otherwise."""
    if unfinished := prepared.unfinished(person):
        say(
            f"Note: {', '.join(unfinished)}: not prepared to the end, or just being prepared, and so not learnt. Run "
            "dancekit prepare again for it."
        )
    if otherwise:
        say(
            f"Note: {', '.join(otherwise)}: other clothes than in the longest film, or somebody else. The "
            "longest's are drawn in the end; learn others under a name of their own (prepare FILM --as NAME). To take "
            f"a film out again, delete its folder in {person.clips_folder}"
        )


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
def _interruptible(leads: bool) -> Iterator[threading.Event]:
    """An event that Ctrl-C sets, so that the step under way is finished first; of several processes, the first one's
    does, and it tells the others."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def stop(number: int, frame: FrameType | None) -> None:
        if leads:
            event.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wild_poses(
    workspace: Workspace, bones: dict[str, float], fps: float, seed: int, say: Say
) -> tuple[wild.Dances, wild.Dances]:
    """(dances of real strangers in dance/wild, dances of made-up people), with the person's proportions."""
    tracks = strangers.read(workspace)
    real = wild.bank(tracks, bones, fps, strangers.PIECE)
    if tracks and not len(real):
        seconds = strangers.PIECE / fps
        say(f"Note: nowhere in strangers' films is one seen for {seconds:.0f} s without a cut; made-up ones are used.")

    def randoms(number: int) -> np.random.Generator:
        return np.random.default_rng([seed, number])

    return real, wild.MadeUp(_MADE_UP_DANCES, bones, fps, strangers.PIECE, randoms)
