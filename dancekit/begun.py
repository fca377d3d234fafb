"""Training that has begun: whether it can go on with a recipe, by the card of its saved state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from dancekit.core import sketch
from dancekit.errors import RecipeError
from dancekit.recipe import Recipe

CURE = "Delete it and train again: the person as last saved stays usable, but training starts over."
_SHAPING = ("reach", "single_pose", "future", "frames", "scattered", "closeup", "portraits", "matte", "sketch",
            "generator", "refiner", "critics", "follow")  # fmt: skip
_BEFORE = {"single_pose": False, "sketch": False, "future": True, "scattered": False, "closeup": 1, "portraits": 0}
"""What settings were that did not exist when a training began."""
_UNITS = {"seconds": ("minutes", "--minutes M"), "steps": ("steps", "--set steps=N")}
"""What schedules count: what the user calls it, and how she says how many."""


def more(recipe: Recipe) -> str:
    """How the user asks for more of what the schedule counts."""
    return _UNITS[unit(recipe)][1]


def unit(recipe: Recipe) -> str:
    """What the schedule counts."""
    return "seconds" if recipe.minutes else "steps"


def shaping(recipe: Recipe) -> dict[str, object]:
    """The settings that shape networks and data: training can only go on with the same ones."""
    settings = asdict(recipe)
    chosen: dict[str, object] = {key: settings[key] for key in _SHAPING}
    chosen["sketch"] = recipe.sketch and sketch.KIND
    return chosen | {"phases": [[p.stage, list(p.size)] for p in recipe.phases], "unpaired": recipe.unpaired.enabled}


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
    past, wanted = _BEFORE | plain(card.get("shaping") or {}), plain(shaping(recipe))
    other = sorted(key for key in past.keys() | wanted.keys() if past.get(key) != wanted.get(key))
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
