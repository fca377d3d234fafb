"""Arrays from .npz files: plain numbers only, and one error whatever is wrong with the file."""

from __future__ import annotations

import zlib
from pathlib import Path
from zipfile import BadZipFile, is_zipfile

import numpy as np


class UnreadableError(Exception):
    """An .npz file cannot be read; the message says why, for the end of a sentence."""


def read(path: Path, *names: str) -> list[np.ndarray]:
    """The named arrays of an .npz file.

    Raises:
        UnreadableError: the file is missing, damaged, or lacks one of them.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            return [data[name] for name in names]
    except FileNotFoundError as error:
        raise UnreadableError("it is missing") from error
    except (OSError, KeyError, ValueError, TypeError, BadZipFile, EOFError, zlib.error, RuntimeError) as error:
        # numpy takes anything that is no .npz file for a pickle, and would say how to run it.
        raise UnreadableError(str(error) if is_zipfile(path) else "this is no .npz file") from error
