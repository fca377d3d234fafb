"""What the user wishes for when she lets a person dance, and what of it cannot be."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dancekit.background import Background
from dancekit.errors import ClipError
from dancekit.io import encode
from dancekit.io.workspace import Person

_SMALLEST, _LARGEST = 16, 8192
"""Px of a film's sides."""
_LONGEST = 200
"""Bytes of a name that is not typed: disks take 255."""


@dataclass(frozen=True)
class Wish:
    """What the user asks for. See the command's help; bg, out and size as given there; shadow: None is as suits bg."""

    bg: str | None = None
    out: Path | None = None
    size: str = "driver"
    fit: str = "body"
    force: bool = False
    shadow: bool | None = None


def output_of(driver: Path, person: Person, wish: Wish, scenery: Background) -> tuple[Path, encode.FilmFormat]:
    """Where to write and as what; refuses to replace what dancekit did not write."""
    suffix = ".mov" if scenery.transparent else ".mp4"
    out = wish.out or Path(_shortened(f"{person.name}-{driver.stem}") + suffix)
    if out.name in ("", "..", "-"):
        raise ClipError(f"--out {out}: this is the name of no file.", "Choose a name, such as: --out dance.mp4")
    if "\n" in str(out.absolute()):
        raise ClipError(
            f"{' '.join(str(out.absolute()).split())}: there is a line break in this name, at which ffmpeg fails.",
            "Choose another name, or another folder, with --out.",
        )
    form = encode.format_of(out, scenery.transparent)
    if not out.absolute().parent.is_dir():
        raise ClipError(
            f"{out}: there is no folder {out.parent}.", "Make it first, or choose another place with --out."
        )
    if _is_same(out, driver):
        raise ClipError(f"{out}: this is the driver itself.", "Choose another name with --out.")
    if scenery.film is not None and _is_same(out, scenery.film.path):
        raise ClipError(f"{out}: this is the background itself.", "Choose another name with --out.")
    if out.is_dir() and (form.suffix or encode.holds_other_things(out)):
        what = "not a film" if form.suffix else "and holds other things than numbered pictures"
        raise ClipError(f"{out}: this is a folder, {what}.", "Choose another name with --out; it stays as it is.")
    if out.exists() and not wish.force and not encode.is_ours(out):
        raise ClipError(
            f"{out} exists and was not made by dancekit.", "Choose another name with --out, or add --force."
        )
    return out, form


def _shortened(name: str) -> str:
    """A name of which disks take even longer ones: beside the film there are files of its name and some more."""
    while len(os.fsencode(name)) > _LONGEST:
        name = name[:-1]
    return name


def _is_same(one: Path, other: Path) -> bool:
    """Whether both are the same file, however its name is written: some disks take large letters for small ones."""
    return one.exists() and other.exists() and one.samefile(other)


def canvas_of(wish: Wish, scenery: Background) -> tuple[int, int] | None:
    """(width, height) of the result as asked for; None is the driver's."""
    if wish.size == "driver":
        return None
    if wish.size == "background":
        if scenery.size is None:
            raise ClipError("--size background: there is no picture or film behind the person to take the size of.",
                            "Name one with --bg, or write the size as 1280x720.")  # fmt: skip
        if min(scenery.size) < _SMALLEST:
            told = "x".join(map(str, scenery.size))
            raise ClipError(f"--size background: {wish.bg} makes a film of only {told} px.",
                            "Leave out --size, or write it as 1280x720.")  # fmt: skip
        return scenery.size
    try:
        width, height = (int(part) for part in wish.size.lower().split("x"))
    except ValueError:
        width = height = 0
    if not all(_SMALLEST <= side <= _LARGEST for side in (width, height)):
        raise ClipError(
            f"--size {wish.size}: this is not a size for a film.",
            f"Write it as 1280x720 (each from {_SMALLEST} to {_LARGEST}), driver or background.",
        )
    return width, height


def even(size: tuple[int, int]) -> tuple[int, int]:
    """The size in even numbers, as films need them."""
    return size[0] + size[0] % 2, size[1] + size[1] % 2


def shadow_of(wish: Wish, scenery: Background) -> bool:
    """Whether she casts a shadow. Where nothing is said, not before a colour that was asked for: it may be cut away."""
    return wish.bg is None or scenery.size is not None if wish.shadow is None else wish.shadow
