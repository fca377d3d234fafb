"""Asking for trouble: bad films and files, full disks and closed doors, and the one clear message each must bring."""

from __future__ import annotations

import functools
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import SMALL, dancekit, within

from dancekit import scenes
from dancekit.io import encode, ffmpeg

_PASSING = re.compile(
    r"(Recipe |Going on|That is short|judging |finding |cutting |drawing |training: |fetching |looking |keeping "
    r"|The paper's )"
)
"""How lines begin that tell of progress before something goes wrong."""


def refused(*arguments: object, home: Path, cwd: Path | None = None, **process) -> str:
    """Run a command that must fail as commands should, and return the two lines it then says: problem and hint, without
    the workspace that commands in it name.

    It runs within this process unless that is to be special in some way (env or through: see conftest.dancekit).
    """
    run = dancekit if process else within
    outcome = run(*arguments, home=home, cwd=cwd, status=1, **process)
    assert outcome.stdout == "", "what goes wrong is told on stderr"
    said = [line for line in outcome.stderr.splitlines() if not _PASSING.match(line)]
    assert len(said) == 2, f"not one problem and one hint: {said}"
    problem, hint = said
    assert problem.startswith("Error: ")
    assert re.fullmatch(r" {7}\S.{9,}", hint), "it says what to do"
    assert "[Errno" not in problem or "ffmpeg" in problem
    assert "pickle" not in problem
    return f"{problem}\n{hint.replace(f' --home {shlex.quote(str(home))}', '')}"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file in a folder and the folders within, by name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def kept(*folders: Path, exactly: bool = False) -> Iterator[None]:
    """Nothing in these folders may be lost or changed meanwhile; `exactly`: nor may anything be added."""
    before = [contents(folder) for folder in folders]
    yield
    for folder, old in zip(folders, before, strict=True):
        new = contents(folder)
        assert {name for name in old if new.get(name) != old[name]} == set(), "lost or changed"
        assert not exactly or set(new) - set(old) == set(), "left behind"


def film(path: Path, frames: Iterable[np.ndarray], fps: int = 25) -> Path:
    """Encode frames uint8 [H, W, 3] of even size into a silent film."""
    pictures = list(frames)
    height, width = pictures[0].shape[:2]
    writer = encode.FilmWriter(path, encode.format_of(path, False), (width, height), Fraction(fps))
    try:
        for picture in pictures:
            writer.write(np.ascontiguousarray(picture))
        writer.close()
    finally:
        writer.abandon()
    return path


def remade(source: Path, path: Path, *options: str) -> Path:
    """Another version of a film, made by ffmpeg."""
    _, said, status = ffmpeg.run(["-v", "error", "-i", str(source), *options, "-y", str(path)])
    assert status == 0, said
    return path


def cut_short(source: Path, path: Path, share: float = 0.5) -> Path:
    """The first part of a file."""
    whole = source.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    return path


def empty_film(path: Path, seconds: float = 1.0) -> Path:
    """A film without anybody in it."""
    return film(path, (_bars(time) for time in range(round(seconds * 25))))


def _bars(time: int) -> np.ndarray:
    row = np.arange(SMALL[0] * 3, dtype=np.uint8).reshape(1, -1, 3) + 4 * np.uint8(time)
    return np.repeat(row, SMALL[1], axis=0)


@functools.cache
def performance(length: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Frames uint8 [320, 240, 3] of the subject before her green screen and of the driver in his room."""
    both = scenes.subject(2.0, size=SMALL), scenes.driver(2.0, size=SMALL)
    return tuple([scene.filmed(time) for time in range(length)] for scene in both)  # type: ignore[return-value]


def moved_right(frame: np.ndarray, distance: int) -> np.ndarray:
    """The frame moved by some px; its left edge fills what comes into the picture."""
    distance = min(max(0, distance), frame.shape[1] - 1)
    return cv2.copyMakeBorder(frame[:, : frame.shape[1] - distance], 0, 0, distance, 0, cv2.BORDER_REPLICATE)


def no_file_over(size: int) -> list[str]:
    """Starts a command whose files cannot grow beyond `size` bytes: a disk that fills up while it writes.

    It leaves no compiled modules behind: Python 3.11 does not notice when such a file is written in part.
    """
    if os.name == "nt":
        pytest.skip("Windows has no limit on the size of a file")
    limit = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
    spared = "os.environ['PYTHONDONTWRITEBYTECODE'] = '1'"
    return [sys.executable, "-c", f"{limit}; {spared}; os.execv(sys.argv[1], sys.argv[1:])"]


def tiny_disk(folder: Path, size: int, harvest: Path) -> list[str]:
    """Starts a command for which `folder`, with what is in it, is a disk of `size` bytes.

    What is on it in the end is copied to `harvest`.
    """
    script = """set -e; cp -R "$1/." "$3"; mount -t tmpfs -o size="$2" none "$1"; cp -R "$3/." "$1"; rm -rf "$3"
        folder=$1 harvest=$3; shift 3; set +e; "$@"; status=$?; cp -R "$folder" "$harvest"; exit $status"""
    world = ["unshare", "--map-root-user", "--mount"]
    try:
        able = subprocess.run([*world, "mount", "-t", "tmpfs", "none", "/tmp"], capture_output=True, check=False)
    except OSError:
        pytest.skip("no unshare on this system to make a small disk with")
    if able.returncode:
        pytest.skip(f"this system lets nobody make a small disk: {able.stderr.decode().strip()}")
    harvest.mkdir()
    return [*world, "sh", "-c", script, "sh", str(folder), str(size), str(harvest)]


def powerless() -> list[str]:
    """Starts a command that permissions bind even if root runs the tests."""
    if os.name == "nt":
        pytest.skip("Windows has other permissions")
    if os.geteuid():
        return []
    drop = "all(libc.prctl(24, power, 0, 0, 0) == 0 for power in (1, 2, 3)) or sys.exit('cannot')"
    program = f"import ctypes, os, sys; libc = ctypes.CDLL(None); {drop}; os.execv(sys.argv[1], sys.argv[1:])"
    start = [sys.executable, "-c", program]
    if subprocess.run([*start, sys.executable, "-c", ""], capture_output=True, check=False).returncode:
        pytest.skip("root may write everywhere, and cannot give that up here")
    return start


@contextmanager
def closed(path: Path, mode: int = 0o500) -> Iterator[None]:
    """A folder that may not be written to, or a file with other rights."""
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(before)


def unreadable(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is there but may not be opened, nor may any other; not even by root, whom rights do not bind."""

    def shut(*given: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    path.write_text("nothing that ffmpeg or others could read")
    monkeypatch.setattr(Path, "open", shut)
    monkeypatch.setattr(np, "fromfile", shut)
    return path
