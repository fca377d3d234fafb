"""Names: what a person and the folder of a film may be called, the same on every system."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from dancekit.errors import WorkspaceError

WILD = "wild"
"""The folder of strangers' poses, beside those of people."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
"""Names that Windows does not give to any file or folder."""


def is_name(name: str) -> bool:
    """Whether a person may be called so."""
    return bool(_NAME.fullmatch(name)) and not _keeper(name)


def check_name(name: str, such_as: str = "--as anna") -> str:
    """The name itself, if it may name a person. such_as: how the command at hand is given a good one.

    Raises:
        WorkspaceError: it could leave the workspace, or would not be a folder's name on every system.
    """
    if keeper := _keeper(name):
        raise WorkspaceError(
            f"{name!r} cannot be a person's name: it is kept for {keeper}.", f"Choose another one, such as: {such_as}"
        )
    if not is_name(name):
        raise WorkspaceError(
            f"{name!r} cannot be a person's name.", f"Use letters A-Z and a-z, digits, - and _, such as: {such_as}"
        )
    return name


def clip_name(path: Path) -> str:
    """A folder name for a film: its file name without the suffix and without accents, all else turned into dashes."""
    letters = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", letters).strip("-_")[:60] or "clip"
    return f"{plain}-clip" if _keeper(plain) else plain


def _keeper(name: str) -> str:
    """Whom a name is kept for; nobody: empty."""
    if name.lower() == WILD:
        return "dancekit's poses of strangers"
    return "Windows itself" if name.lower() in _DEVICES else ""
