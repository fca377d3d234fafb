"""Locks: one process at a time works on a folder, and nothing is left when it ends, however it ends."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from dancekit.errors import WorkspaceError
from dancekit.io.locks import alone

_HOLD = """
import sys, time
from pathlib import Path
from dancekit.io.locks import alone
with alone(Path(sys.argv[1]), "anna is being trained"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def holding(folder: Path, seconds: float) -> subprocess.Popen[str]:
    """Another process that works on the folder, and has begun."""
    command = [sys.executable, "-c", _HOLD, str(folder), str(seconds)]
    other = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    return other


def test_another_process_is_refused_in_words_until_the_first_is_killed(tmp_path: Path) -> None:
    refused = pytest.raises(WorkspaceError, match="Anna is being trained already, by another dancekit")
    with holding(tmp_path / "anna", 60) as other:
        with refused, alone(tmp_path / "anna", "anna is being trained"):
            pass
        other.kill()
    with alone(tmp_path / "anna", "anna is being trained"):
        pass
    assert not list(tmp_path.iterdir())


def test_who_may_wait_does_and_says_so(tmp_path: Path) -> None:
    waited: list[str] = []
    with (
        holding(tmp_path / ".film", 1.0) as other,
        alone(tmp_path / ".film", "film is being looked at", lambda: waited.append("waiting")),
    ):
        assert other.wait(10) == 0
    assert waited == ["waiting"]


def test_nobody_is_in_the_way_of_other_folders_or_of_himself_later(tmp_path: Path) -> None:
    with alone(tmp_path / "anna", "anna is being trained"), alone(tmp_path / "ben", "ben is being trained"):
        pass
    with alone(tmp_path / "anna", "anna is being trained"):
        pass


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux has a folder in which nobody can make a file")
def test_a_folder_in_which_no_file_can_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="/proc: no file can be made here"), alone(Path("/proc/dance"), "x"):
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_there_are_no_locks_work_goes_on_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, "no locks here")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    with alone(tmp_path / "anna", "anna is being trained"):
        (tmp_path / "worked").touch()
    assert (tmp_path / "worked").exists()
