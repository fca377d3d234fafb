"""bench: how fast this machine prepares and reads film, each beside a plain reference measured in the same run."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dancekit import plugins, prepare
from dancekit.io import video
from dancekit.io.clips import Clip
from dancekit.io.workspace import Workspace
from dancekit.study import LONGEST_SIDE, Options
from dancekit.types import Progress

_READS = 400


@dataclass(frozen=True)
class Figures:
    """frames/s of the bare landmarker (decode, landmarks and mask, nothing kept), of prepare as a whole, and of reading
    stored frames back in random order; bytes per stored frame."""

    frames: int
    landmarker: float
    prepare: float
    reading: float
    bytes_per_frame: float

    @property
    def ratio(self) -> float:
        """prepare against the bare landmarker."""
        return self.prepare / self.landmarker

    @property
    def gigabytes_per_20_minutes(self) -> float:
        """Disk that 20 minutes of film at 30 frames/s take."""
        return self.bytes_per_frame * 36_000 / 1e9


def measure(film: Path, progress: Progress) -> Figures:
    """Prepare a film in a temporary workspace, before and after a run of the bare landmarker on it."""
    info = video.probe(film, LONGEST_SIDE)
    backend = plugins.load("pose", "mediapipe")
    with tempfile.TemporaryDirectory() as folder:
        person = Workspace(Path(folder)).person("bench")
        landmarker = [_timed(_bare(info, backend, progress))]
        started = time.perf_counter()
        done = prepare.prepare_clip(film, person, Options(), progress)
        preparing = time.perf_counter() - started
        landmarker.append(_timed(_bare(info, backend, progress)))
        reading = _reading(done.clip)
        size = (done.clip.folder / "frames.pack").stat().st_size
    count = len(done.clip.track)
    return Figures(
        count, count / float(np.mean(landmarker)), count / preparing, reading, size / max(done.clip.used.sum(), 1)
    )


def _timed(work: Iterator[object]) -> float:
    started = time.perf_counter()
    for _ in work:
        pass
    return time.perf_counter() - started


def _bare(info, backend, progress: Progress) -> Iterator[object]:
    detector = backend.Detector(info, 1, True)
    try:
        for index, frame in enumerate(video.read_frames(info)):
            yield detector.detect(index, frame)
            progress("bare landmarker", index + 1, info.frames)
    finally:
        detector.close()


def _reading(clip: Clip) -> float:
    """Frames read per second in random order by two threads, as training does."""
    reader, times = clip.frames(), np.random.default_rng(0).choice(np.flatnonzero(clip.used), _READS)
    started = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda index: reader.read(int(index)), times))
    return _READS / (time.perf_counter() - started)
