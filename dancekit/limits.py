"""What the settings of a recipe may be: beyond these limits training would fail, or learn nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from dancekit.core.schedule import FACE

_NORMS = ("instance", "pixel")
_SHAPE = {"width": (2, 1024), "downs": (0, 6), "blocks": (0, 64), "coarse": (1, 2), "widest": (2, 8192)}
_RANGES: dict[str, tuple[float, float]] = {
    "reach": (0, 8), "frames": (1, 16), "line": (0.001, 0.1), "window": (0, 1), "batch": (1, 1024), "rate": (1e-8, 1),
    "muon": (0, 10), "judged": (1, 64), "closeup": (1, 4), "portraits": (0, 1024), "sources": (0, 1024),
    "beta1": (0, 0.999), "warmup": (0, 1e6),
    "decay": (0, 1), "average": (0, 1), "minutes": (0, 1e6), "steps": (0, 1e9),
    **{f"{network}.{key}": limits for network in ("generator", "refiner") for key, limits in _SHAPE.items()},
    "critics.width": (2, 1024), "critics.layers": (1, 6), "critics.scales": (1, 4), "perceptual.depth": (1, 5),
    **{f"weights.{term}": (0, 1e6) for term in ("gan", "perceptual", "features", "alpha", "colour", "focus", "anchor")},
    "weights.every": (1, 16), "unpaired.share": (0, 8), "unpaired.real": (0, 1),
    "augment.drop": (0, 1), "augment.move": (0, 1), "augment.distance": (0, 1), "augment.stretch": (0, 1),
    "augment.range": (0, 0.9), "sway.rotate": (0, 45), "sway.scale": (0, 0.5), "sway.recolour": (0, 1),
    "sway.share": (0, 1),
}  # fmt: skip
_CHOICES: dict[str, tuple[str, ...]] = {
    "precision": ("float32", "bfloat16"),
    "perceptual.trunk": ("vgg19", "vgg16_edges"),
    "generator.norm": _NORMS,
    "refiner.norm": _NORMS,
    "critics.norm": _NORMS,
}


def problem(settings: Mapping[str, object]) -> str:
    """The first thing that is wrong with a recipe, given as plain data with all its settings; empty if all is well."""
    return next(_problems(settings), "")


def _problems(settings: Mapping[str, object]) -> Iterator[str]:
    plain = dict(flat(settings))
    for key, (low, high) in _RANGES.items():
        value = plain.get(key)
        if isinstance(value, (int, float)) and not low <= value <= high:
            yield f"{key} is from {low:g} to {high:g}, not {value:g}"
    for key, choices in _CHOICES.items():
        if plain[key] not in choices:
            yield f"{key} is {' or '.join(choices)}, not {plain[key]!r}"
    if not re.fullmatch("#[0-9a-fA-F]{6}", str(settings["key"])):
        yield f"key is a colour such as #00b140, not {settings['key']!r}"
    elif not settings["matte"] and not _is_screen(str(settings["key"])):
        yield f"key must be a strong green or blue without a matte, such as #00b140, not {settings['key']!r}"
    if not settings["minutes"] and not settings["steps"]:
        yield "minutes or steps must be above 0"
    if settings["sources"] and settings["closeup"] == 1:
        yield "sources need closeup of 2 or more"
    yield from _problems_of_phases(settings["phases"], settings["closeup"])  # type: ignore[arg-type]


def _is_screen(key: str) -> bool:
    """Whether a colour can be keyed: green or blue stands clearly above the others."""
    red, green, blue = (int(key[place : place + 2], 16) for place in (1, 3, 5))
    return max(green - max(red, blue), blue - max(red, green)) >= 64


def _problems_of_phases(phases: Sequence[Mapping[str, object]], closeup: int) -> Iterator[str]:
    if not phases:
        yield "phases must not be empty"
    for number, phase in enumerate(phases):
        stage, size, share = (phase[key] for key in ("stage", "size", "share"))
        if stage not in (1, 2, FACE):
            yield f"phases[{number}].stage is 1, 2 or {FACE}"
        elif stage == FACE and closeup < 2:
            yield f"phases[{number}].stage {FACE}, the face, needs closeup of 2 or more"
        elif not number and stage != 1:
            yield "phases must begin with stage 1"
        if not isinstance(size, Sequence) or not 32 <= min(size) <= max(size) <= 2048:
            yield f"phases[{number}].size is [width, height] from 32 to 2048 px"
        if not isinstance(share, float) or not 0 < share <= 1e6:
            yield f"phases[{number}].share must be above 0"


def flat(settings: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Settings within settings by their dotted names."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
