"""Locks: who works on a folder works on it alone; the system lets go when a process ends, however it ends."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from dancekit.errors import WorkspaceError
from dancekit.io.access import no_place
from dancekit.io.files import writing

_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


@contextmanager
def alone(folder: Path, work: str, waiting: Callable[[], None] | None = None, leads: bool = True) -> Iterator[None]:
    """Work on a folder while no other process does.

    work: what another process must be doing that has it, such as "me is being trained". waiting: told before waiting
    for that process; without it, nobody waits. leads: of processes that work together, one takes the folder for all.

    Raises:
        WorkspaceError: another process works on it, or (WritingError) no file can be made beside it.
    """
    if not leads:
        yield
        return
    lock = FileLock(folder.with_name(f".{folder.name.lstrip('.')}.lock"))
    path = Path(lock.lock_file)
    with writing(path.parent):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _take(lock, waiting)
        except Timeout:
            raise WorkspaceError(
                f"{work[0].upper()}{work[1:]} already, by another dancekit.", "Wait until it has ended, or stop it."
            ) from None
        except FileNotFoundError as error:
            raise no_place(path.parent, error) from error
        except NotImplementedError:
            pass
        except OSError as error:  # some network drives have no locks: there nobody is alone for sure
            if error.errno not in _NO_LOCKS:
                raise
    try:
        yield
    finally:
        with suppress(OSError):  # whoever waits for it looks again whether it is still there
            path.unlink()
        lock.release()


def _take(lock: FileLock, waiting: Callable[[], None] | None) -> None:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not Path(lock.lock_file).exists():  # there are folders in which nobody can make any file, as /proc
            Path(lock.lock_file).touch()
        if waiting is None:
            raise
        waiting()
        lock.acquire()
