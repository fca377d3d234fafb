"""Whether anything can be written to a place, known before long work begins whose outcome is to go there."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

from dancekit.errors import WritingError
from dancekit.io.files import writing


def refuse_unwritable(folder: Path, path: Path | None = None) -> None:
    """Stop before work whose outcome could not be put into a folder, or could not where that would have to be made.

    path: what would be written there, if not the folder itself. Nothing is left of the attempt.

    Raises:
        WritingError: nothing can be written there.
    """
    whole = folder.absolute()
    there = next((place for place in (whole, *whole.parents) if place.exists()), whole)
    with writing(path or folder):
        if there.is_file():
            raise NotADirectoryError(errno.ENOTDIR, "Not a directory", str(there))
        try:
            tempfile.TemporaryFile(dir=there).close()
        except FileNotFoundError as error:
            raise no_place(there, error) from error


def no_place(folder: Path, error: OSError) -> WritingError:
    """The error for a folder in which nobody can make any file, as in /proc."""
    return WritingError(
        f"{folder.absolute()}: no file can be made here ({error.strerror}).",
        "Choose another folder, with --home, or --out for a film.",
    )
