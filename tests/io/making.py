"""Films for tests, made with the project's own ffmpeg: every frame carries its number, so that none can be mistaken."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from dancekit.io import ffmpeg

SIZE = (96, 64)
BITS = 8
H264 = ("-c:v", "libx264", "-crf", "12", "-pix_fmt", "yuv420p")


def numbered(count: int, size: tuple[int, int] = SIZE, first: int = 0) -> Iterator[np.ndarray]:
    """Frames uint8 [H, W, 3] that show their number as eight bars, dark for 0 and bright for 1."""
    bar = np.arange(size[0]) * BITS // size[0]
    for number in range(first, first + count):
        row = np.where(number >> bar & 1, 220, 36).astype(np.uint8)
        yield np.ascontiguousarray(np.broadcast_to(row[None, :, None], (size[1], size[0], 3)))


def number_of(frame: np.ndarray) -> int:
    """The number that a frame shows."""
    row = frame.mean((0, 2))
    middles = ((np.arange(BITS) + 0.5) * frame.shape[1] / BITS).astype(int)
    return int(sum(1 << bit for bit, middle in enumerate(middles) if row[middle] > 128))


def numbers_of(frames: Iterable[np.ndarray]) -> list[int]:
    return [number_of(frame) for frame in frames]


def run(*arguments: str, stdin: bytes | None = None) -> bytes:
    """Run ffmpeg; it must succeed."""
    command = [ffmpeg.executable(), "-hide_banner", "-v", "error", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def film(path: Path, frames: Iterable[np.ndarray], rate: str = "25", *options: str) -> Path:
    """Encode frames uint8 [H, W, 3 or 4]; options go to the output."""
    pictures = list(frames)
    height, width, channels = pictures[0].shape
    raw = ["-f", "rawvideo", "-pix_fmt", "rgba" if channels == 4 else "rgb24", "-s", f"{width}x{height}", "-r", rate]
    run(*raw, "-i", "-", *(options or H264), "-y", str(path), stdin=b"".join(p.tobytes() for p in pictures))
    return path


def remade(source: Path, path: Path, *options: str, before: tuple[str, ...] = ()) -> Path:
    """Another version of a film; `before` are options for the input."""
    run(*before, "-i", str(source), *options, "-y", str(path))
    return path


def times_of(path: Path) -> list[Fraction]:
    """Presentation time of every picture in seconds, in order, as the container has it."""
    listing = run("-copyts", "-i", str(path), "-map", "0:v:0", "-c", "copy", "-f", "framecrc", "-").decode()
    tick = re.search(r"#tb 0: (\d+)/(\d+)", listing)
    assert tick is not None
    base = Fraction(int(tick[1]), int(tick[2]))
    return sorted(int(line.split(",")[2]) * base for line in listing.splitlines() if line[:1].isdigit())


def onsets(sound: np.ndarray, rate: int = 44100) -> list[float]:
    """Seconds at which silence ends, from sound float32 [N]."""
    loud = np.abs(sound) > 0.1
    quiet_before = np.convolve(loud, np.ones(rate // 20))[: len(loud)] - loud < 0.5
    return [float(place) / rate for place in np.flatnonzero(loud & quiet_before)]
