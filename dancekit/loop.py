"""The training loop: the steps of one stint, and the diary, samples and saves between them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Generator as Stream
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from dancekit.core import schedule, step
from dancekit.core.batch import Batch
from dancekit.core.objective import Lesson, Networks
from dancekit.core.schedule import FACE
from dancekit.device import clock
from dancekit.errors import DancekitError
from dancekit.gallery import gallery_of, side_of, sources_of
from dancekit.io import clips
from dancekit.io.dataset import Canvas, TrainingSet
from dancekit.likeness import Likeness, drawing_of, multiple, save
from dancekit.run import Run
from dancekit.sampling import write_sample
from dancekit.stepper import Stepper, can_compile
from dancekit.threads import made_ahead, spare

_FOCUS = 0.06
"""How far face and hands reach from their bones, as a share of the body height."""
_WORTH_COMPILING, _STEPS_WORTH_COMPILING = 900.0, 10_000
"""Seconds, or steps, of a stint that make up for compiling it."""
_PAUSE = 60.0
"""Seconds from which on a step that took many times as long as the one before was interrupted."""
_LOADING = 12
"""Threads that load pictures for a GPU."""


def train_stint(run: Run, number: int, interrupted: threading.Event) -> None:
    """Train one stage at one size until its share is spent or the run is interrupted."""
    training, stint = run.training, run.training.stints[number]
    if stint.spent == 0:
        training.begin(number)
    clips.refuse_changed(run.subject.clips)
    run.group.copy_leader([tensor for module in training.modules().values() for tensor in module.parameters()])
    data = training_set(run, number)
    while training.stints[number].progress < 1 and not run.stopped:
        try:
            _train_steps(run, number, data, interrupted)
        except torch.OutOfMemoryError as error:
            _take_smaller_batch(run, error)
    if not run.stopped and run.group.leads:
        sample_now(run, training.canvases[stint.size])


def training_set(run: Run, number: int) -> TrainingSet:
    """What a stint learns from."""
    recipe, stint = run.recipe, run.training.stints[number]
    return TrainingSet(
        run.subject.clips,
        run.training.canvas(number),
        frames=recipe.frames_together(stint.stage),
        reach=sum(recipe.reaches) if stint.stage == 2 else recipe.reaches[0],
        wild=run.wild,
        real=recipe.unpaired.real,
        window=recipe.window,
        multiple=multiple(recipe),
        sway=recipe.sway,
        looks=run.subject.looks if recipe.sketch else None,
        face=side_of(run, number) if stint.stage == FACE else 0,
        gallery=gallery_of(run, number) if recipe.portraits and stint.stage == FACE else None,
    )


def batch_of(run: Run, number: int, data: TrainingSet, place: int) -> Batch:
    """The batch of a stint's step `place`, the same in every run: this process' share of it.

    Each window has a random generator of its own, so that it does not matter among how many processes they are shared.
    """
    frames, unpaired = run.batch * run.recipe.frames, run.recipe.unpaired
    strangers = unpaired.enabled and run.training.stints[number].stage != FACE and is_judged(run, place)
    wild, count = round(frames * unpaired.share) if strangers else 0, frames // data.frames
    parts = []
    for window in range(count):
        random = np.random.default_rng([run.seed, number, place, run.group.rank * count + window])
        parts.append(data.draw(1, wild * (window + 1) // count - wild * window // count, random))
    return Batch.of(parts)


def is_judged(run: Run, place: int) -> bool:
    """Whether the discriminators see step `place` of a stint."""
    return (place + 1) % run.recipe.judged == 0


def _take_smaller_batch(run: Run, error: Exception) -> None:
    if run.group.size > 1:
        raise DancekitError(
            f"A GPU has too little memory for {run.batch} windows at a time.",
            f"Give each process fewer: --set batch={max(1, run.batch // 2)}",
        ) from error
    if run.batch == 1:
        raise DancekitError(
            "The GPU has too little memory even for one window at a time.",
            "Close other programs that use the GPU, or train with --recipe cpu.",
        ) from error
    before, run.batch = run.batch, max(1, run.batch // 2)
    torch.cuda.empty_cache()
    run.say(f"The GPU ran out of memory; going on with {run.batch} windows per step instead of {before}.")


def _train_steps(run: Run, number: int, data: TrainingSet, interrupted: threading.Event) -> None:
    """Steps of one stint at the present batch size."""
    training, recipe, stage = run.training, run.recipe, run.training.stints[number].stage
    networks, lesson = training.networks(stage, run.trunk, run.anchor), lesson_of(run, number)
    stepper = stepper_of(run, number, networks, lesson)
    with contextlib.closing(batches_of(run, number, data, training.step)) as batches, stepper.at_work():
        last, usual, latest = time.monotonic(), 0.0, dict[str, torch.Tensor]()
        for batch in batches:
            rate = schedule.learning_rate(
                recipe.rate, training.stints[number].progress, recipe.decay, training.step, recipe.warmup
            )
            step.set_rate(training.optimisers, rate)
            own = [run.group.rank] if run.group.rank else []
            seed = _mixed(run.seed, number, training.step, *own)
            latest |= stepper.step(batch, seed, is_judged(run, training.step))
            training.average(stage)
            now = time.monotonic()
            took = usual = _without_pause(now - last, usual)
            spent = took if recipe.minutes else 1.0
            # All do as the first process does, whose clock and whose Ctrl-C count.
            spent, stop, log = run.group.told([spent, interrupted.is_set(), run.diary.time_to_log() or not run.losses])
            training.spend(number, spent)
            run.diary.count(len(batch.frames) * batch.frames.shape[1] * run.group.size, took)
            if log:
                _log(run, number, latest, rate)
            last = now
            if run.group.leads:
                last += _sample_and_save(run, training.canvases[training.stints[number].size])
            run.stopped = bool(stop)
            if run.stopped:
                run.say("Stopping: what is learnt is being saved.")
            if training.stints[number].progress >= 1 or run.stopped:
                return


def _without_pause(seconds: float, usual: float) -> float:
    """How long a step took, without the time for which the computer slept, or the command was suspended. usual: how
    long the step before took; 0 for the first, which may have a lot to get ready."""
    return usual if usual and seconds > max(_PAUSE, 10 * usual) else seconds


def stepper_of(run: Run, number: int, networks: Networks, lesson: Lesson) -> Stepper:
    """What takes the steps of a stint. Processes that train together speak to each other within a step, so that it
    cannot be recorded."""

    def take(batch: Batch, random: torch.Generator, judging: bool, work: step.Work) -> dict[str, torch.Tensor]:
        return step.take_step(
            networks,
            run.training.optimisers,
            batch,
            lesson,
            run.recipe.weights,
            run.dtype,
            random,
            judging,
            run.group.average,
            work,
        )

    stint = run.training.stints[number]
    long = stint.amount - stint.spent >= (_WORTH_COMPILING if run.recipe.minutes else _STEPS_WORTH_COMPILING)
    compiling = long and can_compile(run.machine.device)
    return Stepper(take, run.machine.device, compiling, run.group.size == 1, run.say)


def batches_of(run: Run, number: int, data: TrainingSet, first: int) -> Stream[Batch]:
    """The batches of a stint's steps from `first` on, loaded in advance; to be closed."""
    if run.machine.device.type != "cuda":
        return made_ahead(partial(batch_of, run, number, data), first)
    return made_ahead(
        lambda place: batch_of(run, number, data, place).mapped(torch.Tensor.pin_memory), first, spare(_LOADING)
    )


def _mixed(*numbers: int) -> int:
    """A seed from several numbers, the same in every run."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def lesson_of(run: Run, number: int) -> Lesson:
    """How the steps of a stint are drawn and judged."""
    recipe, canvas, augment = run.recipe, run.training.canvas(number), run.recipe.augment
    if augment is not None and run.training.stints[number].stage == FACE:
        # Distances are shares of the picture's height: of all of it, in a close-up, too.
        augment = replace(augment, distance=augment.distance * canvas.size[1] / side_of(run, number))
    drawing = drawing_of(recipe, run.training.canvases[run.training.stints[number].size])
    return Lesson(
        **vars(drawing),
        augmentation=augment,
        girth=tuple(run.subject.girth * canvas.body),
        focus=_FOCUS * canvas.body if recipe.weights.focus else 0.0,
    )


def _log(run: Run, number: int, losses: dict[str, torch.Tensor], rate: float) -> None:
    """Write a line of the diary, and show it."""
    training, values = run.training, torch.stack([loss.float() for loss in losses.values()])
    run.group.average([values])
    run.losses = {name: round(value, 4) for name, value in zip(losses, values.tolist(), strict=True)}
    if not run.group.leads:
        return
    speed = run.diary.log(
        {
            "steps": training.steps,
            "stint": number,
            "stage": training.stints[number].stage,
            "size": list(training.canvas(number).size),
            "seconds": round(sum(s.spent for s in training.stints), 1),
            "rate": rate,
            "losses": run.losses,
        }
    )
    _show(run, number, speed)


def _sample_and_save(run: Run, canvas: Canvas) -> float:
    """Do either when it is time; the seconds that it took, which come on top of those for learning."""
    sampling, saving = run.diary.time_to_sample(), run.diary.time_to_save()
    if not (sampling or saving):
        return 0.0
    began = clock(run.machine.device)  # steps that are still computed are no part of it
    if sampling:
        sample_now(run, canvas)
    if saving:
        save_now(run)
    return clock(run.machine.device) - began


def _show(run: Run, number: int, speed: float) -> None:
    stints, (width, height) = run.training.stints, run.training.canvas(number).size
    stage = stints[number].stage
    part = f"{schedule.learnt(stage)} (part {number + 1} of {len(stints)})"
    loss = f"perceptual loss {run.losses['perceptual']:.2f}" + (", larger in close-ups" if stage == FACE else "")
    what = f"training: {part}, step {run.training.steps}: {speed:.1f} images/s, {loss}, at {width}x{height}"
    total = sum(stint.amount for stint in stints)
    run.progress(what, round(min(total, sum(stint.spent for stint in stints))), round(total))


def _likeness(run: Run, canvas: Canvas) -> Likeness:
    """The person as she is now, with averaged weights; later stages count only once they were trained at this size."""
    training, size = run.training, canvas.size
    shown = schedule.shown(training.stints, run.recipe.refiner.residual)
    learnt = {stint.stage for stint in shown if training.canvases[stint.size].size == size}
    gallery = gallery_of(run, _face(run)) if FACE in learnt and run.recipe.portraits else None
    if run.recipe.portraits and gallery is None:  # a face that was learnt has nothing to begin with any more
        learnt.discard(FACE)
    notes = {
        "trained": {"steps": training.steps, "stints": [vars(stint) for stint in training.stints]},
        "trunk": run.trunk_name,
        "clips": {clip.name: clip.stored for clip in run.subject.clips},
    }
    return Likeness(
        name=run.person.name,
        recipe=run.recipe,
        canvas=canvas,
        proportions=run.subject.proportions,
        film_body=run.subject.film_body,
        girth=run.subject.girth,
        looks=run.subject.usual_looks(),
        draw=training.averages[1],
        refine=training.averages[2] if 2 in learnt else None,
        face=training.averages[FACE] if FACE in learnt else None,
        portraits=gallery and gallery.portraits,
        sources=sources_of(run, canvas),
        notes=notes,
    )


def _face(run: Run) -> int:
    """The last stint of the face."""
    return max(number for number, stint in enumerate(run.training.stints) if stint.stage == FACE)


def sample_now(run: Run, canvas: Canvas) -> None:
    """Draw a sample of the person as she is now."""
    path = run.person.samples / f"{run.training.steps:07d}.jpg"
    write_sample(path, _likeness(run, canvas), run.subject.longest(), run.machine.device)


def save_now(run: Run) -> None:
    """Write the person, then the training state."""
    began, begun = time.monotonic(), [stint for stint in run.training.stints if stint.spent > 0]
    if begun:
        run.training.refuse_broken()
        save(run.person, _likeness(run, run.training.canvases[begun[-1].size]))
        run.training.save(run.person)
    run.diary.saved(began)
