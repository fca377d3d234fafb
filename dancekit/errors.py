"""The one error family that users see: what is wrong, and what to do about it."""

from __future__ import annotations

import sys
import textwrap
import traceback


class DancekitError(Exception):
    """A problem that the user can mend.

    Args:
        problem: what is wrong, naming the file or the value.
        hint: what to do about it; may be empty when the problem says it already.
    """

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(f"{problem}\n{hint}" if hint else problem)
        self.problem = problem
        self.hint = hint


class ClipError(DancekitError):
    """A clip, picture or sound that cannot be read or written."""


class PickError(ClipError):
    """Nobody stands where the person was said to be; what has been seen of the film holds for another place."""


class WorkspaceError(DancekitError):
    """A person, clip or state that is missing, damaged or from another version."""


class WritingError(WorkspaceError):
    """A place where nothing can be written: a full disk, missing rights, or a file where a folder should be."""


class RecipeError(DancekitError):
    """A recipe or a setting that does not exist or does not fit."""


class WeightsError(DancekitError):
    """A weight file that is missing, damaged or cannot be fetched."""


def in_words(error: BaseException) -> DancekitError | None:
    """What is in the way where it is no bug of dancekit's: a full GPU, or a package that is missing or broken."""
    torch = sys.modules.get("torch")  # where it is not loaded, as for help, no GPU is full
    if (torch is not None and isinstance(error, torch.OutOfMemoryError)) or "MPS backend out of memory" in str(error):
        return DancekitError("The GPU has too little memory.", "Close other programs that use it, or add --device cpu")
    if isinstance(error, ImportError):
        broken = (error.name or "").partition(".")[0] != "dancekit"
    else:  # libraries that a package brings are missed while its modules are run
        lines = traceback.walk_tb(error.__traceback__)
        broken = isinstance(error, OSError) and any(frame.f_code.co_name == "<module>" for frame, _ in lines)
    what = f"A package cannot be loaded: {textwrap.shorten(str(error), 300)}"
    return DancekitError(what, "What is wrong with it, and what helps: dancekit doctor") if broken else None
