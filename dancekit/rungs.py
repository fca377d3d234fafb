"""Ladders of recipes that differ by one thing each: what ablate trains to tell what a part of the method is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dancekit.core.augment import Augmentation, Sway
from dancekit.core.schedule import FACE
from dancekit.errors import RecipeError
from dancekit.plugins import suggestion
from dancekit.recipe import Recipe

_SCREEN = "#00b140"


@dataclass(frozen=True)
class Rung:
    """One way of training. what: it is, or has. beside: the rung that it differs from by one thing; empty for none.

    backdrop: she is learnt with what is behind her in the film. cut: the rung whose pictures this one cuts the person
    out of, rather than train.
    """

    name: str
    what: str
    recipe: Recipe
    beside: str = ""
    backdrop: bool = False
    cut: str = ""


def paper(recipe: Recipe) -> Sequence[Rung]:
    """Table 5 of the paper, from stage I alone to the whole method, then with all that dancekit adds to it.

    Sizes, networks and time are the recipe's in all of them.
    """
    whole = _as_in_the_paper(recipe)
    centred = _without(_paired(whole), 2)
    past = replace(centred, future=False)
    return (
        Rung("PL-Stage1", "poses t-K..t", replace(past, augment=None)),
        Rung("PL-Stage1-DA", "+ pose augmentation", past, "PL-Stage1"),
        Rung("PL-Stage1-DA-F", "+ poses t+1..t+K", centred, "PL-Stage1-DA"),
        Rung("PL-Stage2", "+ stage II", _paired(whole), "PL-Stage1-DA-F"),
        Rung("PL-UL-Stage2", "+ unpaired: the whole method", whole, "PL-Stage2"),
        Rung("ours", "+ matte, sketch, base, sway, averages", recipe, "PL-UL-Stage2"),
    )


def beyond(recipe: Recipe) -> Sequence[Rung]:
    """All of dancekit, then without the second stage, and without each of the things that it adds to the paper."""

    def weighing(of: Recipe, **terms: float) -> Recipe:
        return replace(of, weights=replace(of.weights, **terms))

    scratch = weighing(replace(recipe, base=""), anchor=0.0)
    below = "no-base" if scratch != recipe else "ours"
    found = (
        Rung("ours", "everything", recipe),
        Rung("no-refiner", "no second stage, its time for the first", _without(recipe, 2), "ours"),
        Rung("no-anchor", "no tie to the base", weighing(recipe, anchor=0.0), "ours"),
        Rung("no-focus", "face and hands count like the rest", weighing(recipe, focus=0.0), "ours"),
        Rung("no-face", "its time for the stages", _faceless(recipe), "ours"),
        Rung("no-portraits", "a face from nothing", replace(recipe, portraits=0), "ours"),
        Rung("no-sources", "nothing borrowed from the film", replace(recipe, sources=0), "ours"),
        Rung("no-single-pose", "five poses for stage I", replace(recipe, single_pose=False), "ours"),
        Rung("no-scatter", "stage I from consecutive frames", replace(recipe, scattered=False), "ours"),
        Rung("no-sway", "pictures stay upright", replace(recipe, sway=Sway()), "ours"),
        Rung("no-averages", "drawn with the last weights", replace(recipe, average=0.0), "ours"),
        Rung("no-muon", "every weight moved by Adam", replace(recipe, muon=0.0), "ours"),
        Rung("no-base", "from nothing", scratch, "ours"),
        Rung("no-sketch", "from nothing, lines alone", replace(scratch, sketch=False), below),
        Rung("no-matte", "from nothing, keyed", replace(scratch, matte=False, key=_SCREEN), below),
    )
    # Not every recipe brings all of it: where nothing can be taken away, there is nothing to learn from a rung.
    beside = {rung.name: rung.recipe for rung in found}
    return [rung for rung in found if not rung.beside or rung.recipe != beside[rung.beside]]


def strangers(recipe: Recipe) -> Sequence[Rung]:
    """The whole method with wild poses from nowhere, from the kinematic body, from real strangers, and from both."""
    whole = _as_in_the_paper(recipe)

    def wild(real: float) -> Recipe:
        return replace(whole, unpaired=replace(whole.unpaired, real=real))

    return (
        Rung("none", "no wild poses", _paired(whole)),
        Rung("body", "of the kinematic body", wild(0.0), "none"),
        Rung("real", "of real strangers", wild(1.0), "none"),
        Rung("both", "half of each", wild(0.5), "body"),
    )


def backgrounds(recipe: Recipe) -> Sequence[Rung]:
    """Table 1 of the paper: drawn alone, drawn with her background, and cut out of that afterwards.

    Pictures with a background are compared with the film's, and those without with the person alone.
    """
    paired = _paired(_as_in_the_paper(recipe))
    return (
        Rung("foreground", "the person alone", paired),
        Rung("background", "with what is behind her", paired, "foreground", backdrop=True),
        Rung("afterwards", "that, cut out afterwards", paired, "foreground", backdrop=True, cut="background"),
    )


LADDERS = {"paper": paper, "beyond": beyond, "strangers": strangers, "backgrounds": backgrounds}
"""All ladders by name."""


def chosen(ladder: str, recipe: Recipe, only: Sequence[str] = ()) -> Sequence[Rung]:
    """A ladder's rungs, or only some of them, each then beside the next one below it that is left.

    Raises:
        RecipeError: there is no such rung.
    """
    known = {rung.name: rung for rung in LADDERS[ladder](recipe)}
    for name in only:
        if name not in known:
            raise RecipeError(f"--only {name}: the ladder {ladder!r} has no such rung.", suggestion(name, list(known)))

    def below(rung: Rung) -> str:
        beside = rung.beside
        while beside and beside not in only:
            beside = known[beside].beside
        return beside

    return [replace(rung, beside=below(rung)) for rung in known.values() if rung.name in only] or list(known.values())


def _as_in_the_paper(recipe: Recipe) -> Recipe:
    """The whole method without what dancekit adds to it."""
    return replace(
        _faceless(recipe),
        matte=False,
        sketch=False,
        base="",
        key=_SCREEN,
        future=True,
        single_pose=False,
        portraits=0,
        sources=0,
        scattered=False,
        augment=recipe.augment or Augmentation(),
        average=0.0,
        muon=0.0,
        sway=Sway(),
        weights=replace(recipe.weights, focus=0.0, anchor=0.0),
        unpaired=replace(recipe.unpaired, enabled=True),
    )


def _faceless(recipe: Recipe) -> Recipe:
    """The recipe without a face of its own."""
    return _without(recipe, FACE)


def _without(recipe: Recipe, stage: int) -> Recipe:
    """The recipe without a stage: the others get its time."""
    return replace(recipe, phases=tuple(phase for phase in recipe.phases if phase.stage != stage))


def _paired(recipe: Recipe) -> Recipe:
    """The recipe without unpaired learning."""
    return replace(recipe, unpaired=replace(recipe.unpaired, enabled=False))
