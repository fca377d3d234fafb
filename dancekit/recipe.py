"""Recipes: every number of the method, with the paper's as defaults, YAML overlays on top and --set on top of that."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from dancekit import limits
from dancekit.core.augment import Augmentation, Sway
from dancekit.core.objective import Weights
from dancekit.core.schedule import FACE
from dancekit.errors import RecipeError
from dancekit.io import zoo
from dancekit.plugins import suggestion


@dataclass(frozen=True)
class GeneratorShape:
    """Shape of a generator (networks/generator.py)."""

    width: int = 64
    """ngf: channels after the first convolution."""
    downs: int = 4
    """How many times the size is halved."""
    blocks: int = 9
    """Residual blocks at the bottom."""
    coarse: int = 1
    """2 works at half the size and is four times cheaper."""
    widest: int = 1024
    """No layer has more channels than this."""
    norm: str = "instance"
    """"instance" as in the paper, or "pixel", which does not depend on the picture's size."""
    skips: bool = False
    """Hand encoder features to the decoder."""
    residual: bool = False
    """Stage II only: correct the middle G1 frame instead of drawing anew."""


@dataclass(frozen=True)
class CriticShape:
    """Shape of the three discriminators (networks/patch.py)."""

    width: int = 64
    layers: int = 3
    scales: int = 2
    norm: str = "instance"


@dataclass(frozen=True)
class PerceptualChoice:
    """Which trunk the perceptual loss reads, and how deep."""

    trunk: str = "vgg19"
    depth: int = 5
    """Blocks read: relu1_1 ... reluN_1."""


@dataclass(frozen=True)
class Unpaired:
    """Unpaired learning on wild poses (section 3.3)."""

    enabled: bool = True
    share: float = 0.5
    """Wild poses per real frame of the batch."""
    real: float = 0.5
    """How many of them come from dance/wild, where that is not empty; the others from the procedural body."""


@dataclass(frozen=True)
class Phase:
    """One part of the schedule: a stage at a size, and its share of the whole."""

    stage: int
    """1 or 2, or 3 for the face."""
    size: tuple[int, int]
    share: float


@dataclass(frozen=True)
class Recipe:
    """All settings of training; the defaults are the paper's, and pix2pixHD's where the paper is silent."""

    name: str = "paper"
    description: str = ""
    reach: int = 2
    """K: poses before and after the frame."""
    single_pose: bool = False
    """Show stage I a frame's own pose alone: it is faster, and drivers may then be faster than the film, where windows
    blur limbs between their poses. Stage II still sees K frames before and after (beyond the paper)."""
    future: bool = True
    """See the poses after the frame, not only those before it."""
    frames: int = 3
    """M: consecutive frames that D_t judges."""
    line: float = 0.01
    """Half width of a pose line as a share of the body height."""
    phases: tuple[Phase, ...] = (
        Phase(1, (128, 256), 0.2),
        Phase(2, (128, 256), 0.1),
        Phase(1, (256, 512), 0.45),
        Phase(2, (256, 512), 0.25),
    )
    """Both stages at each size (width, height), in order; shares add up to 1."""
    follow: bool = False
    """Let the picture take the shape the person needs, at the same number of px."""
    matte: bool = False
    """Draw alpha too (beyond the paper); without it the render is keyed."""
    sketch: bool = False
    """Show the networks a rough coloured sketch of the person beside the lines of the pose (beyond the paper)."""
    base: str = ""
    """Start from networks trained on many drawn people (a name in models/weights.yaml, or a file; beyond the paper)."""
    key: str = "#00b140"
    """The colour behind the person in training pictures."""
    generator: GeneratorShape = field(default_factory=GeneratorShape)
    refiner: GeneratorShape = field(default_factory=GeneratorShape)
    critics: CriticShape = field(default_factory=CriticShape)
    perceptual: PerceptualChoice = field(default_factory=PerceptualChoice)
    weights: Weights = field(default_factory=Weights)
    augment: Augmentation | None = field(default_factory=Augmentation)
    sway: Sway = field(default_factory=Sway)
    unpaired: Unpaired = field(default_factory=Unpaired)
    window: float = 0.0
    """Train on windows as wide as the person's box in this share of the frames, at random around her; 0: on all."""
    closeup: int = 1
    """How many times as large as in the picture the phases of stage 3 learn the face, by a generator of its own (see
    core.closeup; beyond the paper)."""
    portraits: int = 0
    """How many heads of the film are kept, for close-ups to begin with (see core.portraits; beyond the paper)."""
    sources: int = 0
    """How many frames of the film are kept, from which pictures `closeup` times as large borrow what the person looks
    like close to (see core.sources; beyond the paper)."""
    scattered: bool = False
    """Learn stage I from frames of anywhere in the films, as many as M consecutive ones, which look nearly the same:
    each step shows more of the person (beyond the paper). D_t, which judges motion, then works in stage II only."""
    batch: int = 4
    """Windows of M frames per step."""
    judged: int = 1
    """Show every n-th step to the discriminators, and wild poses with it: in the others the picture terms teach alone,
    so that more steps fit into the time (beyond the paper)."""
    rate: float = 2e-4
    """Adam's learning rate for generator and discriminators."""
    muon: float = 0.0
    """Size of Muon's steps within the generators, in learning rates (see core.muon; beyond the paper); 0: Adam's."""
    beta1: float = 0.5
    warmup: int = 0
    """Steps over which the rate rises at the start of each phase."""
    decay: float = 0.5
    """Share of each phase over which the rate falls to 0."""
    average: float = 0.1
    """The averaged weights look back over about this share of the phase; 0 renders with the last weights."""
    precision: str = "float32"
    """"float32" or "bfloat16"."""
    minutes: float = 0.0
    """Length of training by the clock; 0 counts steps instead."""
    steps: int = 120_000
    """Length of training in steps, where minutes is 0."""

    @property
    def reaches(self) -> tuple[int, int]:
        """How many poses stage I and the face see before a frame, and how many frames stage II; as many after it."""
        return 0 if self.single_pose else self.reach, self.reach

    def frames_together(self, stage: int) -> int:
        """How many consecutive frames a stage learns from at a time."""
        return 1 if stage == FACE or (self.scattered and stage == 1) else self.frames

    def duration(self) -> str:
        """How long it trains, in words."""
        return f"{self.minutes:g} minute{'s' * (self.minutes != 1)}" if self.minutes else f"{self.steps} steps"


def load(name: str, settings: Mapping[str, str] | None = None) -> Recipe:
    """A recipe by name or by path of a YAML file, with `settings` such as {"critics.width": "32"} on top.

    Raises:
        RecipeError: unknown recipe or key (the nearest is suggested), or a value that does not fit.
    """
    recipe: object = Recipe()
    for path, data in zoo.read_recipe(name):
        recipe = _overlay(recipe, {"name": path.stem, **data}, str(path))
    return with_settings(typing.cast(Recipe, recipe), settings or {})


def with_settings(recipe: Recipe, settings: Mapping[str, str]) -> Recipe:
    """The recipe with settings such as {"critics.width": "32"} on top.

    Raises:
        RecipeError: unknown key, or a value that does not fit.
    """
    for key, text in settings.items():
        recipe = _set(recipe, key.split("."), text, key)
    return checked(recipe)


def from_dict(data: Mapping[str, object], where: str = "recipe") -> Recipe:
    """A recipe from a mapping that lists only differences from the defaults."""
    return typing.cast(Recipe, _overlay(Recipe(), data, where))


def to_dict(recipe: Recipe) -> dict[str, object]:
    """All settings as plain data; `from_dict` makes the same recipe of it."""
    return dataclasses.asdict(recipe)


def checked(recipe: Recipe) -> Recipe:
    """The recipe itself.

    Raises:
        RecipeError: a setting is beyond its limits.
    """
    problem = limits.problem(to_dict(recipe))
    if problem:
        raise RecipeError(f"Recipe {recipe.name!r}: {problem}.", zoo.see_settings())
    return recipe


def _overlay(base: object, data: object, where: str) -> object:
    """`base` (a dataclass) with the values of `data` in place of its own, checked against its types."""
    if not isinstance(data, Mapping):
        raise RecipeError(f"{where}: expected settings (key: value), got {data!r}.", zoo.see_settings())
    types = typing.get_type_hints(type(base))
    changes = {}
    for key, value in data.items():
        if key not in types:
            raise RecipeError(f"{where}: there is no setting {key!r}.", suggestion(str(key), sorted(types)))
        within = where if where.startswith("--set ") else f"{where}: {key}"  # what follows --set names it already
        changes[key] = _convert(value, types[key], getattr(base, key), within)
    return dataclasses.replace(base, **changes)  # type: ignore[type-var]


def _convert(value: object, kind: object, default: object, where: str) -> object:
    """`value` as YAML gave it, in the type that the setting has."""
    choices = [choice for choice in typing.get_args(kind) if choice is not type(None)]
    if typing.get_origin(kind) is tuple:
        return _convert_tuple(value, typing.get_args(kind), where)
    if len(choices) == 1 and len(typing.get_args(kind)) == 2:
        if value is None or value is False:
            return None
        return _convert(value, choices[0], default if default is not None else choices[0](), where)
    if dataclasses.is_dataclass(kind):
        return _overlay(default if isinstance(default, kind) else _blank(kind), value, where)  # type: ignore[arg-type]
    return _convert_plain(value, kind, where)  # type: ignore[arg-type]


def _blank(kind: type) -> object:
    """An instance to overlay where there is no default: every field of it must then be given."""
    return kind(**{f.name: None for f in dataclasses.fields(kind)})


def _convert_tuple(value: object, parts: tuple[object, ...], where: str) -> tuple[object, ...]:
    if not isinstance(value, (list, tuple)):
        raise RecipeError(f"{where}: expected a list, got {value!r}.", zoo.see_settings())
    kinds = [parts[0]] * len(value) if parts[-1] is Ellipsis else list(parts)
    if len(kinds) != len(value):
        raise RecipeError(f"{where}: expected {len(kinds)} values, got {len(value)}.", zoo.see_settings())
    return tuple(_convert(v, k, None, f"{where}[{i}]") for i, (v, k) in enumerate(zip(value, kinds, strict=True)))


def _convert_plain(value: object, kind: type, where: str) -> object:
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, kind) and isinstance(value, bool) == (kind is bool):
        return value
    if kind is float and isinstance(value, str):  # YAML takes 1e-4, without a point, for text
        with suppress(ValueError):
            return float(value)
    raise RecipeError(f"{where}: expected {_WORDS.get(kind, kind.__name__)}, got {value!r}.", zoo.see_settings())


_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def _set(base: object, path: list[str], text: str, key: str) -> Recipe:
    """One --set: the text is read as YAML, so 2, 0.5, true and [1, 2] are what they look like. So are colours."""
    import yaml

    try:
        value: object = text if not text or text.startswith("#") else yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(
            f"--set {key}: {text!r} cannot be read.", "Write it as key=value, such as: --set batch=2"
        ) from error
    for part in reversed(path):
        value = {part: value}
    return typing.cast(Recipe, _overlay(base, value, f"--set {key}={text}"))


def key_colour(text: str) -> tuple[float, float, float]:
    """A colour such as #00b140, in [-1, 1]."""
    red, green, blue = (int(text[place : place + 2], 16) / 127.5 - 1 for place in (1, 3, 5))
    return red, green, blue
