"""Running ffmpeg: finding it, starting it out of the reach of Ctrl-C, and turning its failures into words."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import IO, BinaryIO

from dancekit.errors import ClipError, DancekitError
from dancekit.io.files import unreadable

_CURE = "Install it again with: pip install --force-reinstall imageio-ffmpeg  (or point IMAGEIO_FFMPEG_EXE at one)"

_UNSHOWN = 4
"""The flag of pictures that are needed to decode others, but that the film's index leaves out of what is shown."""
_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
"""What an .mp4 or .mov file may begin with."""


def executable() -> str:
    """Path of the ffmpeg program that imageio-ffmpeg carries, or that IMAGEIO_FFMPEG_EXE names."""
    import imageio_ffmpeg

    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise DancekitError("ffmpeg, which reads and writes films, was not found.", _CURE) from error


def local(path: Path) -> str:
    """A file's name as ffmpeg's argument: "12:30.mp4" by itself would be a place on the network."""
    return f"file:{path}"


class Process:
    """One running ffmpeg, whose messages a thread collects: they can block nothing, and need no room on a full disk."""

    def __init__(self, arguments: list[str], *, stdin: bool = False, stdout: bool = False) -> None:
        command = [executable(), "-hide_banner", "-nostdin" if not stdin else "-y", *arguments]
        try:
            self.popen = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE if stdout else subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                # Ctrl-C must not reach ffmpeg: the caller finishes its step and ends ffmpeg in order.
                start_new_session=os.name != "nt",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as error:
            raise DancekitError(f"ffmpeg could not be started: {error}", _CURE) from error

        self._messages = bytearray()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.popen.stderr is not None
        with self.popen.stderr as pipe:
            while said := pipe.read1():  # type: ignore[attr-defined]
                self._messages += said

    def messages(self) -> str:
        """Everything that an ffmpeg which has ended has said."""
        self._listener.join()
        return self._messages.decode("utf-8", "replace")

    def stop(self) -> None:
        """End the process whatever it is doing."""
        if self.popen.poll() is None:
            self.popen.kill()
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe:
                _close_quietly(pipe)
        self.popen.wait()
        self._listener.join()


def _close_quietly(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:  # unwritten bytes for a process that has gone
        return


def run(arguments: list[str]) -> tuple[bytes, str, int]:
    """Run ffmpeg to its end: its output, its messages and its exit status."""
    process = Process(arguments, stdout=True)
    try:
        assert process.popen.stdout is not None
        output = process.popen.stdout.read()
        status = process.popen.wait()
        return output, process.messages(), status
    finally:
        process.stop()


def listing(path: Path, how: Sequence[str] = ("-c", "copy")) -> tuple[Fraction | None, list[int], str]:
    """(seconds per tick, presentation times in ticks of all pictures that are shown, what ffmpeg complains of).

    how: options of the output; those given here list the pictures without decoding them. A film that cannot be opened
    has no ticks and no times.
    """
    table, said, _ = run(["-v", "error", "-i", local(path), "-map", "0:V:0", *how, "-f", "framecrc", "-"])
    text = table.decode("ascii", "replace")
    tick = re.search(r"#tb 0: (\d+)/(\d+)", text)
    rows = [line for line in text.splitlines() if line[:1].isdigit()]
    times = [int(row.split(",")[2]) for row in rows if not _unshown(row)]
    return Fraction(int(tick[1]), int(tick[2])) if tick else None, times, said


def _unshown(row: str) -> bool:
    flags = re.search(r"F=0x([0-9A-F]+)", row)
    return bool(flags and int(flags[1], 16) & _UNSHOWN)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the system says about missing rights, or a name too long, into an error about `path`."""
    try:
        yield
    except PermissionError as error:
        raise unreadable(path) from error
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise ClipError(
            f"{str(path)[:40]}...: this is too long for a file's name.",
            "Check the name; drag the file into the terminal to be sure.",
        ) from error


def why_not(path: Path) -> str:
    """What is wrong with a file in which ffmpeg finds neither pictures nor sound."""
    if not path.stat().st_size:
        return "the file is empty"
    with reading(path), path.open("rb") as file:
        boxes = list(_boxes(file))
    whole = (b"moov", True) in [(kind, end <= path.stat().st_size) for kind, end in boxes]
    begun = bool(boxes) and boxes[0][0] in _BOXES
    if begun and whole:
        return "the film holds no frames"
    return "the film is cut short (its index is missing)" if begun else "this is not a film"


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """(kind, end in bytes) of the boxes that an .mp4 or .mov file is made of."""
    while len(head := file.read(8)) == 8:
        size = int.from_bytes(head[:4]) - 8
        size = int.from_bytes(file.read(8)) - 16 if size == -7 else size
        if size < 0:
            return
        yield head[4:], file.seek(size, os.SEEK_CUR)


def writing_error(path: Path, messages: str) -> ClipError:
    """The error for a film that ffmpeg could not write, in words a user can act on."""
    lowered = messages.lower()
    if "no space left" in lowered or "disk quota" in lowered or "file too large" in lowered:
        return ClipError(f"{path}: the disk is full.", "Free some space and run the same command again.")
    if "permission denied" in lowered or "read-only file system" in lowered:
        return ClipError(f"{path}: no permission to write here.", "Choose another place with --out.")
    return ClipError(f"{path}: ffmpeg could not write this film: {last_line(messages)}")


def last_line(messages: str) -> str:
    """The most telling line of ffmpeg's messages: the last one that is not empty."""
    lines = [line.strip() for line in messages.splitlines() if line.strip()]
    return lines[-1] if lines else "it gave no reason"
