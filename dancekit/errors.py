"""The one error family that users see: what is wrong, and what to do about it."""


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
