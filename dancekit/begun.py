"""Training that has begun: whether it can go on, and with which recipe, by what is saved of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dancekit import recipe as recipes
from dancekit.core import schedule, sketch
from dancekit.core.schedule import Stint
from dancekit.errors import RecipeError, WorkspaceError
from dancekit.io import zoo
from dancekit.io.files import writing
from dancekit.io.workspace import Person
from dancekit.recipe import Recipe
from dancekit.types import pair

CURE = "The person as last saved stays usable. Start over with --restart, or where there is none, delete this file."
_SHAPING = ("reach", "single_pose", "future", "frames", "scattered", "closeup", "portraits", "matte", "sketch",
            "generator", "refiner", "critics", "follow")  # fmt: skip
_BEFORE = {"single_pose": False, "sketch": False, "future": True, "scattered": False, "closeup": 1, "portraits": 0}
"""What settings were that did not exist when a training began."""
_UNITS = {"seconds": ("minutes", "--minutes M"), "steps": ("steps", "--set steps=N")}
"""What schedules count: what the user calls it, and how she says how many."""
_HARDLY = 0.1
"""Share of its schedule below which a training that was stopped has taught next to nothing."""


def more(recipe: Recipe) -> str:
    """How the user asks for more of what the schedule counts."""
    return _UNITS[unit(recipe)][1]


def unit(recipe: Recipe) -> str:
    """What the schedule counts."""
    return "seconds" if recipe.minutes else "steps"


def stints_of(card: Mapping[str, Any]) -> list[Stint]:
    """The schedule that the card of a training state holds, with what is spent of it.

    Raises:
        KeyError, TypeError, ValueError: it holds none.
    """
    return [Stint(s["stage"], pair(s["size"]), float(s["amount"]), float(s["spent"])) for s in card["stints"]]


def is_through(card: Mapping[str, Any], minutes: float) -> bool:
    """Whether the training whose state has this card came to the end of its schedule in less than so many minutes."""
    with suppress(KeyError, TypeError, ValueError):  # damaged, of which is told where training goes on
        stints = stints_of(card)
        return schedule.current(stints) is None and sum(stint.spent for stint in stints) < minutes * 60
    return False


def usual_minutes(card: Mapping[str, Any], recipe: Recipe) -> float:
    """How many minutes the recipe of a training that has begun takes where none are asked for; 0 if it counts steps.

    card: of the training state. An earlier dancekit did not save them there: then they are those of the recipe that
    dancekit has of this name, and without one those of `recipe`, with which it is trained.
    """
    kept = card.get("usual")
    if isinstance(kept, (int, float)):
        return float(kept)
    return recipes.load(recipe.name).minutes if recipe.name in zoo.recipes() else recipe.minutes


def hardly(name: str, notes: Mapping[str, Any]) -> list[str]:
    """What to say of the person `name` if her training was stopped soon after it had begun. notes: of her likeness."""
    with suppress(KeyError, TypeError, ValueError):  # an earlier dancekit may have written none
        share = schedule.spent_share(stints_of(notes["trained"]))
        if share < _HARDLY:
            return [f"The training of {name} was stopped at {share:.0%}, so she is hardly learnt yet: run train again "
                    "(without --restart) and it goes on."]  # fmt: skip
    return []


def shaping(recipe: Recipe) -> dict[str, object]:
    """The settings that shape networks and data: training can only go on with the same ones."""
    settings = asdict(recipe)
    chosen: dict[str, object] = {key: settings[key] for key in _SHAPING}
    chosen["sketch"] = recipe.sketch and sketch.KIND
    return chosen | {"phases": [[p.stage, list(p.size)] for p in recipe.phases], "unpaired": recipe.unpaired.enabled}


def known(shaped: Mapping[str, Any]) -> dict[str, Any]:
    """The shaping of a training that may have begun before some of the settings existed."""
    return _BEFORE | dict(shaped)


def plain(value: Any) -> Any:
    """Tuples as lists, as JSON knows them."""
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value


def refuse_other(name: str, card: Mapping[str, Any], recipe: Recipe) -> None:
    """Stop before the training of the person `name`, whose state has this card, goes on with a recipe that cannot.

    Raises:
        RecipeError: the recipe shapes networks or data otherwise, or counts otherwise.
    """
    past, wanted = known(plain(card.get("shaping") or {})), plain(shaping(recipe))
    other = sorted(key for key in past.keys() | wanted.keys() if past.get(key) != wanted.get(key))
    if past.get("sketch") not in (None, False, sketch.KIND):
        raise RecipeError(
            f"{name} is being learnt from another kind of sketch than this dancekit draws, and cannot go on.",
            f"Learn her anew: dancekit train {name} --restart",
        )
    begun, of = card.get("unit"), str((card.get("recipe") or {}).get("name", ""))
    if not other and begun == unit(recipe):
        return
    if of and of != recipe.name:
        raise RecipeError(
            f"{name} is being trained with the recipe {of!r}, and cannot go on with {recipe.name!r}.",
            f"Add --restart to start over with {recipe.name!r}, or leave --recipe out to go on with {of!r}.",
        )
    if not other and begun in _UNITS:
        by, way = _UNITS[begun]
        raise RecipeError(f"{name} is being trained by {by}, and cannot go on by {_UNITS[unit(recipe)][0]}.",
                          f"Go on with {way}, or start over with --restart.")  # fmt: skip
    raise RecipeError(
        f"{name} is being trained with other settings, or by an earlier dancekit, and cannot go on with these: "
        f"{', '.join(other) or 'unit'} differ.",
        "Go on with the settings it began with, or start over with --restart.",
    )


def aside(person: Person) -> Path:
    """The folder that is there from the start of a training until its first save: what had been learnt before is put
    away in it, and it tells weights that were written without a state from those whose state was deleted."""
    return person.folder / ".before"


@contextmanager
def beginning(person: Person) -> Iterator[None]:
    """While a training runs that may not have saved anything yet: if it is killed, it may begin again."""
    if not person.state.is_file():
        with writing(aside(person)):
            aside(person).mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        if not person.weights.is_file():
            with suppress(OSError):  # what an earlier one has put away stays
                aside(person).rmdir()


def forget_before(person: Person) -> None:
    """Delete what the start of a training had put away, once something new is saved."""
    if person.state.is_file():
        shutil.rmtree(aside(person), ignore_errors=True)


def is_lost(person: Person) -> bool:
    """Whether a person has been trained, and her training state was deleted since. Variants, which are trained to be
    measured and to whom nobody dances, are not asked."""
    return (
        person.prepared is None
        and person.weights.is_file()
        and not person.state.is_file()
        and not aside(person).is_dir()
    )


def refuse_lost(person: Person, cure: str = "") -> None:
    """Stop before a training that cannot go on writes over what it has taught. cure: how to learn anew all the
    same, where it is not by --restart.

    Raises:
        WorkspaceError: the training state was deleted.
    """
    if is_lost(person):
        anew = f"She can still dance as she is. To learn her anew: dancekit train {person.name} --restart"
        raise WorkspaceError(f"{person.state} is gone, so the training of {person.name} cannot go on.", cure or anew)
