"""pretrain: train a recipe's networks on a crowd of drawn people, as a base for the training of real ones."""

from __future__ import annotations

import os
from concurrent.futures import as_completed
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from dancekit import bases, train
from dancekit.begun import known, plain, refuse_lost, shaping, unit
from dancekit.core import crowd
from dancekit.core.augment import Augmentation, Sway
from dancekit.core.tracks import body_height
from dancekit.device import Machine
from dancekit.errors import RecipeError, WeightsError, WorkspaceError
from dancekit.group import ALONE, Group
from dancekit.io import checkpoint, clips, frames, weights
from dancekit.io.files import read_json, write_json, writing
from dancekit.io.locks import alone
from dancekit.io.workspace import Person, Workspace
from dancekit.recipe import Phase, Recipe
from dancekit.run import Say, say_nothing
from dancekit.threads import processes
from dancekit.training import resume
from dancekit.types import CropPlan, Progress, no_progress

PERSON = "crowd"
_SWAY = Sway(rotate=15.0, scale=0.25, recolour=0.5)
"""A base meets people of every size in the picture and of every colour."""
_SMALL = 0.3
"""Share of the time at the recipe's smallest size, where most is learnt of how limbs lie."""
_ROOM = 1.28
"""How much larger the picture is for a base: the crowd spreads its arms, and should still be as tall as in films."""
_TALL = 5 / 7
"""How tall people are drawn, as a share of the height of the recipe's largest picture."""
_REFINING = 0.1
"""Share of the time for stage II."""


@dataclass(frozen=True)
class Pretrained:
    """What came of it: the base's file, its size in bytes, and how training ended."""

    base: Path
    size: int
    trained: train.Trained


def pretrain(
    workspace: Workspace,
    recipe: Recipe,
    out: Path,
    people: int,
    machine: Machine,
    seed: int = 0,
    progress: Progress = no_progress,
    say: Say = say_nothing,
    start: str = "",
    group: Group = ALONE,
) -> Pretrained:
    """Draw a crowd, train both stages on it, and write the base. A run that was stopped goes on where it was.

    start: a base to begin with, of the manifest or a file; "" begins from nothing.

    Raises:
        WeightsError, RecipeError: see bases.adopt. RecipeError: the crowd that is there was begun otherwise.
        WeightsError: no base can be written to `out`. WorkspaceError: the crowd's training state was deleted.
    """
    _refuse_out(out, start)
    tall, recipe = drawn_height(recipe), for_crowds(recipe, start)
    if start:
        bases.load(start, recipe)  # so that nobody is drawn in vain
    person = workspace.person(PERSON)
    refuse_lost(person, f"To learn from this crowd anew, delete {person.weights}, or draw another one: --home FOLDER")
    if group.leads:
        _refuse_another_begin(person, {
            "people": people, "seed": seed, "from": weights.sha256(bases.find(start)) if start else "",
            "shaping": plain(shaping(recipe)), "minutes or steps": unit(recipe),
        })  # fmt: skip
    say(f"Drawing {people} people into {workspace.root}, then learning from them for {recipe.duration()}. Nobody needs "
        "this to dance: it is for those who make recipes.")  # fmt: skip
    with alone(person.clips_folder, "a crowd is being drawn", leads=group.leads):
        if group.leads:
            draw(person, people, tall, seed, progress)
    group.wait()
    trained = train.train(person, workspace, recipe, machine, seed, progress, say, group)
    return Pretrained(out, write(person, recipe, out) if group.leads else 0, trained)


def _refuse_out(out: Path, start: str) -> None:
    """Stop before hours of work if the base could not be written, or would replace what is none.

    Raises:
        WeightsError: so it is.
    """
    other = "Choose another name, such as: --out mine.safetensors"
    if out.suffix != ".safetensors":
        raise WeightsError(f"--out {out}: the name of a base ends in .safetensors.", other)
    if not out.absolute().parent.is_dir():
        raise WeightsError(f"{out}: there is no folder {out.parent}.", "Make it first, or choose another place: --out")
    if not os.access(out.absolute().parent, os.W_OK):
        raise WeightsError(f"{out}: nothing may be written in {out.absolute().parent}.", "Choose another place: --out")
    if out.is_dir():
        raise WeightsError(f"{out}: this is a folder.", other)
    if start and out.exists() and out.samefile(bases.find(start)):
        raise WeightsError(f"{out}: this is the base to begin with.", other)
    if out.exists() and not _is_base(out):
        raise WeightsError(f"{out} exists and is no base of dancekit's; it stays as it is.", other)


def _is_base(path: Path) -> bool:
    """Whether `bases.save` wrote a file: states and people have shapes too, and the recipe that they are learnt by."""
    with suppress(WorkspaceError):
        card = checkpoint.read_card(path, "")
        return isinstance(card.get("shaping"), dict) and "recipe" not in card
    return False


def _refuse_another_begin(person: Person, wanted: dict[str, object]) -> None:
    """Stop before another crowd is mixed with the one that is there, or what it has taught is taken for another's."""
    path = person.folder / "begun.json"
    if not person.state.is_file():
        write_json(path, wanted)
        return
    begun = wanted
    with suppress(WorkspaceError):
        begun = read_json(path, "")
    if isinstance(shaped := begun.get("shaping"), dict):
        begun = begun | {"shaping": known(shaped)}
    # An earlier dancekit did not write all of it.
    other = [name for name, value in wanted.items() if begun.get(name, value) != value]
    if other:
        raise RecipeError(
            f"The crowd in {person.folder.parent} was begun otherwise: {', '.join(other)} differ.",
            "Go on as it was begun, or give this one a folder of its own: --home FOLDER",
        )


def for_crowds(recipe: Recipe, start: str = "") -> Recipe:
    """The recipe as it trains a base, on many people, without wild poses (every pose has its truth).

    start: the base that it begins with; "" begins from nothing, and then at the smaller size.
    """
    small, large = (_roomy(recipe.phases[place].size) for place in (0, -1))
    phases = (
        Phase(1, small, _SMALL),
        Phase(1, large, 1 - _SMALL - _REFINING),
        Phase(2, large, _REFINING),
    )
    augment = replace(recipe.augment or Augmentation(), stretch=0.0)
    return replace(
        recipe,
        base=start,
        phases=phases,
        sway=_SWAY,
        augment=augment,
        unpaired=replace(recipe.unpaired, enabled=False),
    )


def _roomy(size: tuple[int, int]) -> tuple[int, int]:
    return round(size[0] * _ROOM), round(size[1] * _ROOM)


def drawn_height(recipe: Recipe) -> int:
    """How tall people are drawn for a recipe, px: as much detail as its pictures hold."""
    return round(recipe.phases[-1].size[1] * _TALL)


def draw(person: Person, people: int, tall: int, seed: int, progress: Progress = no_progress) -> None:
    """Draw a crowd into the person's clips, one clip each; those that are there are kept. tall: body height in px."""
    folders = [person.clips_folder / f"drawn-{number:04d}" for number in range(people)]
    missing = [(folder, number) for number, folder in enumerate(folders) if not _is_drawn(folder, tall)]
    if not missing:
        return
    with processes() as pool:
        jobs = [pool.submit(draw_one, folder, number, tall, seed) for folder, number in missing]
        for done, job in enumerate(as_completed(jobs), people - len(missing) + 1):
            job.result()
            progress("drawing people", done, people)


def _is_drawn(folder: Path, tall: int) -> bool:
    return (folder / "clip.json").is_file() and clips.load(folder).track.size[0] == crowd.side(tall)


def draw_one(folder: Path, number: int, tall: int, seed: int) -> None:
    """Draw one person's scenes as a prepared clip."""
    scenes = crowd.meet(np.random.default_rng([seed, number]), tall)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "frames.pack").unlink(missing_ok=True)
    writer = frames.FrameWriter(folder / "frames.pack")
    for colour, alpha in scenes.drawn():
        writer.append(frames.encode(colour, alpha))
    writer.close()
    track, size = scenes.track, scenes.track.size
    whole = np.tile(np.array([0, 0, *size], np.float32), (len(track), 1))
    body, used = float(np.nanmedian(body_height(track))), np.ones(len(track), bool)
    clip = clips.Clip(folder.name, folder, "drawn", track, CropPlan(whole, size), used, body, (0, 0, *size), "drawn")
    clips.save(clip, folder / "frames.pack", [])


def write(person: Person, recipe: Recipe, out: Path) -> int:
    """Write what the crowd has taught as a base; its size in bytes."""
    training = resume(person, recipe, torch.device("cpu"))
    assert training is not None
    bases.save(out, training)
    return out.stat().st_size
