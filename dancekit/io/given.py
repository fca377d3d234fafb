"""What is given as a film: what can be none is refused by its name, before anybody looks into it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from dancekit.errors import ClipError
from dancekit.io import ffmpeg

_ADDRESS = re.compile(r"(?i)^([a-z]{2,}):[/\\]+(?=[^/\\])")
"""How an address on the network begins, even where its slashes were taken for those of a path; C: is a drive."""
_FILMS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mts", ".3gp")


def refuse_missing(path: Path, several: bool = True) -> None:
    """Stop where there is no file of this name. several: whether more than one film may be given.

    Raises:
        ClipError: there is none, or a folder.
        WorkspaceError: it may not be read.
    """
    with ffmpeg.reading(path):
        folder, there = path.is_dir(), path.is_file()
        films = sorted(one for one in path.glob("[!.]*") if one.suffix.lower() in _FILMS) if folder else []
    if folder:
        raise ClipError(f"{path}: this is a folder, not a film.", _in_folder(films, several))
    if there:
        return
    if _ADDRESS.match(str(path)):
        address = _ADDRESS.sub(r"\1://", str(path)).replace("\\", "/")
        raise ClipError(
            f"{address}: this is an address, not a file.",
            "dancekit opens files only: download the film first, and name the file that you have then.",
        )
    raise ClipError(f"{path}: there is no such file.", "Check the name; drag the file into the terminal to be sure.")


def _in_folder(films: list[Path], several: bool) -> str:
    """What to name in a folder's place. films: those that are in it."""
    if not films:
        return "Name the film that is in it."
    first, folder = (shlex.quote(str(path)) for path in (films[0], films[0].parent))
    if len(films) == 1:
        return f"Name the film that is in it: {first}"
    if not several:
        return f"Name one of the films that are in it, such as: {first}"
    return f"Name the films: {' '.join(f'{folder}/*{kind}' for kind in sorted({one.suffix for one in films}))}"
