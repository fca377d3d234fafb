"""Which recipe to train with: the one asked for, the one training began with, or the one that suits the machine."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from dancekit import recipe as recipes
from dancekit.begun import CURE, is_through, refuse_other, usual_minutes
from dancekit.device import Machine
from dancekit.errors import RecipeError
from dancekit.io import checkpoint
from dancekit.io.workspace import Person
from dancekit.recipe import Recipe

_USUAL, _FEW = 2000, 1000
"""Steps after which somebody who started from a base is crisp; with fewer than the second many, parts are soft."""


def refuse_scratch(person: Person) -> None:
    """Stop before --from-scratch is said of a person who has begun from a base: going on would go on from it.

    Raises:
        RecipeError: she has.
    """
    if person.state.is_file() and checkpoint.read_card(person.state, CURE)["recipe"].get("base"):
        raise RecipeError(
            f"{person.name} has begun from a base, and would go on from there.",
            f"Start over with: dancekit train {person.name} --from-scratch --restart",
        )


def _found_from_anywhere(base: str, wish: str) -> str:
    """The file of a base by its whole name, which other folders know too when training goes on there. A recipe's own
    file may name one that lies beside it."""
    beside = Path(wish).parent / base
    return str((beside if beside.is_file() else Path(base)).absolute())


def choose_recipe(
    person: Person,
    wish: str,
    minutes: float | None,
    settings: Mapping[str, str],
    machine: Machine,
    say: Callable[[str], None],
    as_it_is: bool = True,
) -> tuple[Recipe, float]:
    """(the recipe, with minutes and settings on top; how many minutes it takes where none are asked for); says which
    and why.

    wish: a recipe's name or file, or "auto". Training that has begun goes on with its own recipe unless another is
    asked for; once it has come to the end of fewer minutes than usual, with the usual ones. as_it_is: whether she
    trains with just this recipe; else it is a start for another one.

    Raises:
        RecipeError: there is no such recipe, or what has begun cannot go on with it.
    """
    card = checkpoint.read_card(person.state, CURE) if person.state.is_file() else None
    begun = card if wish == "auto" and as_it_is else None
    if begun is not None:
        chosen = recipes.with_settings(recipes.from_dict(begun["recipe"], str(person.state)), settings)
        why = "as it was begun"
    elif wish == "auto":
        name, reason = machine.recipe()
        chosen, why = recipes.load(name, settings), f"chosen for this machine: {reason}"
    else:
        chosen, why = recipes.load(wish, settings), "as asked for"
    if chosen.base.endswith(".safetensors"):
        chosen = replace(chosen, base=_found_from_anywhere(chosen.base, wish))
    usual = chosen.minutes if begun is None or "minutes" in settings else usual_minutes(begun, chosen)
    lasts = f"this recipe usually takes {replace(chosen, minutes=usual).duration()}"
    goes_on = minutes is None and 0 < chosen.minutes < usual and begun is not None and is_through(begun, usual)
    learnt, chosen = chosen, recipes.checked(replace(chosen, minutes=usual if goes_on else minutes or chosen.minutes))
    if as_it_is and card is not None:
        refuse_other(person.name, card, chosen)
    say(f"Recipe {chosen.name} ({why}), {chosen.duration()}, on {machine.name}.")
    if goes_on:
        say(f"{person.name} has learnt for {learnt.duration()}, and goes on now: {lasts}.")
    elif 0 < chosen.minutes < usual:
        again = "without --minutes" if as_it_is else "with more --minutes"
        say(f"That is short: {lasts}. Run it again {again} to go on.")
    return chosen, usual


def better_minutes(recipe: Recipe, steps: int, seconds: float) -> float | None:
    """Minutes in which this computer would take as many steps as are usual, if a recipe of minutes took few in so many
    seconds: the next five, as nobody asks for 37. None if they were enough, or what is enough is not known."""
    if not (recipe.base and recipe.minutes) or steps >= _FEW:
        return None
    return 5 * math.ceil(_USUAL * seconds / steps / 300)
