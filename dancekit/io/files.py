"""The one way in which files and folders are written, read as JSON, and replaced."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Any

from dancekit import __version__
from dancekit.errors import WorkspaceError, WritingError

FORMAT = 1
"""Version of the workspace's files; a higher one in a file means that a newer dancekit wrote it."""
_ABANDONED = 600.0
"""Seconds after which a temporary file that nobody has written to is nobody's."""
_BUSY = 3.0 if os.name == "nt" else 0.0
"""Seconds that others are given to close a file that is to be replaced."""


class NewerError(WorkspaceError):
    """A file that a newer dancekit wrote: it is left alone."""

    def __init__(self, path: Path, number: object) -> None:
        super().__init__(
            f"{path}: written by a newer dancekit (format {number}, this one knows {FORMAT}).",
            "Bring dancekit up to date, in its checkout: git pull, then pip install -c constraints.txt .",
        )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says about a full disk or missing rights into an error about `path`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise WritingError(
                f"{path}: the disk is full.", "Free some space and run the same command again: it goes on where it was."
            ) from error
        if error.errno in (errno.ENOTDIR, errno.EEXIST):
            for place in (Path(error.filename or path.parent), *path.parents):
                if place.is_file():
                    raise WritingError(
                        f"{place}: this is a file, not a folder.",
                        "Choose another folder (with --home, or --out for a film); the file stays as it is.",
                    ) from error
        if error.errno == errno.ENAMETOOLONG:
            raise WritingError(f"{str(path)[:40]}...: too long for a file's name.", "Choose a shorter one.") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise WritingError(
                f"{path.absolute()}: cannot be written ({error.strerror}).",
                "Close what has it open, change its permissions, or choose another folder: with --home, or for a film "
                "with --out FOLDER/name.mp4",
            ) from error
        raise


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path in the same folder that takes the place of `path` once the block has ended well."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(path)
        try:
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            move(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def _clear_abandoned(path: Path) -> None:
    """Remove temporary files that killed processes have left behind; younger ones may belong to a living one."""
    for left in path.parent.glob(f".{escape(path.name)}.*.tmp"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                left.unlink()


def move(new: Path, path: Path) -> None:
    """Put a file or folder in the place of another, or of nothing."""
    _patiently(lambda: os.replace(new, path))


def clear(folder: Path) -> None:
    """Delete a folder and all that is in it, if it is there."""
    while folder.exists():
        with suppress(FileNotFoundError):  # somebody else was faster
            _patiently(lambda: shutil.rmtree(folder))


def _patiently(work: Callable[[], None]) -> None:
    """Do what Windows refuses while somebody looks into a file or folder: scanners and indexers do, for a moment."""
    until = time.monotonic() + _BUSY
    while True:
        try:
            return work()
        except PermissionError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.1)


def replace_folder(new: Path, path: Path) -> None:
    """Put a finished folder in the place of another; the old one goes only when the new one is there."""
    with writing(path):
        old = path.with_name(f".{path.name}.old")
        if old.exists() and not path.exists():  # a swap that was cut short
            move(old, path)
        shutil.rmtree(old, ignore_errors=True)
        if path.exists():
            move(path, old)
        try:
            move(new, path)
        except OSError:
            if old.exists():
                move(old, path)
            raise
        shutil.rmtree(old, ignore_errors=True)


def write_json(path: Path, data: dict[str, object]) -> None:
    """Write a JSON file with the workspace's format number, all or nothing."""
    text = json.dumps({"format": FORMAT, **data}, indent=1, ensure_ascii=False)
    with replacing(path) as temporary:
        # A file's name may hold bytes that are no UTF-8: written as \udcXX, which JSON reads as what it was.
        temporary.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def read_json(path: Path, cure: str) -> dict[str, Any]:
    """Read a JSON file that `write_json` wrote.

    Raises:
        WorkspaceError: it is missing, damaged, or a newer dancekit's; `cure` says what to do about damage.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise WorkspaceError(f"{path}: this file is missing.", cure) from error
    except PermissionError as error:
        raise unreadable(path) from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise WorkspaceError(f"{path}: this file is damaged ({error}).", cure) from error
    if not isinstance(data, dict) or not isinstance(data.get("format"), int):
        raise WorkspaceError(f"{path}: this file is damaged (no format number).", cure)
    if data["format"] > FORMAT:
        raise NewerError(path, data["format"])
    return data


def unreadable(path: Path) -> WorkspaceError:
    """The error for a file or folder that is there but may not be read."""
    kind = "folder" if path.is_dir() else "file"
    return WorkspaceError(f"{path}: no permission to read this {kind}.", "Change its permissions, or its owner.")


def keep_or_clear(folder: Path, mark: dict[str, object]) -> None:
    """Get a folder of unfinished work ready: what is in it stays if it bears the same mark, else it is cleared, as is
    what another dancekit began, which may do it otherwise.

    mark: plain data that says what the work is of.
    """
    mark = {"dancekit": __version__, **mark}
    try:
        same = read_json(folder / "work.json", "") == {"format": FORMAT, **mark}
    except WorkspaceError:
        same = False
    if not same:
        with writing(folder):
            clear(folder)
        write_json(folder / "work.json", mark)
