"""The data that passes between the stages: what a clip is, where its person is, and which part of it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

Item = TypeVar("Item")
Made = TypeVar("Made")
Progress = Callable[[str, int, int], None]
"""Called as progress(what, done, total) during long work; total is 0 where it is not known."""


class Each(Protocol):
    """Work on one item after the other: map, or several threads that do the same (see threads.workers)."""

    def __call__(self, work: Callable[[Item], Made], items: Iterable[Item], /) -> Iterator[Made]:
        """work(item) of every item, in their order."""
        ...


def pair(values: Sequence[int]) -> tuple[int, int]:
    """Two numbers read from a file, such as (width, height)."""
    first, second = values
    return int(first), int(second)


def no_progress(what: str, done: int, total: int) -> None:
    """Show nothing: the progress of callers that do not watch."""


@dataclass(frozen=True)
class VideoInfo:
    """A film as it will be read: upright, with square pixels, at a constant frame rate."""

    path: Path
    width: int
    height: int
    fps: Fraction
    frames: int
    """Frames that reading should give; decoding alone knows for sure."""
    has_sound: bool
    start: Fraction = Fraction(0)
    """Seconds between the start of the file and its first picture."""
    constant: bool = True
    """False where the file's own rate varies and reading resamples it."""
    first: int = 0
    """Frames at the start of the file that are left out; frame numbers count from here."""
    tone: str = ""
    """The transfer curve of a high-dynamic-range film ("arib-std-b67", "smpte2084"), else empty."""
    mending: tuple[str, ...] = ()
    """Filters of ffmpeg's that come before all others, for what is amiss with its pictures."""
    shrunk: float = 1.0
    """By how much it is read smaller than it is: a film of 3840 px read at 1920 px by 0.5."""
    turn: int = 0
    """Degrees clockwise (0, 90, 180 or 270) by which its frames are turned, beyond what its rotation tag asks for."""


@dataclass(frozen=True)
class PoseTrack:
    """One person's landmarks over time.

    points: float32 [T, J, 3] as x px, y px, confidence 0..1; a missing landmark has NaN for x and y and confidence 0.
    size: (width, height) of the frames in px. shots: first frame of each shot, so nothing is smoothed across a cut.
    """

    points: np.ndarray
    size: tuple[int, int]
    fps: Fraction
    skeleton: str = "mediapipe33"
    shots: tuple[int, ...] = (0,)

    def __len__(self) -> int:
        return len(self.points)

    def with_points(self, points: np.ndarray) -> PoseTrack:
        """The same track with other points, float32 [T, J, 3]."""
        return replace(self, points=points.astype(np.float32))

    def spans(self) -> list[tuple[int, int]]:
        """(first, end) frames of each shot."""
        return spans_of(self.shots, len(self))


def spans_of(shots: Sequence[int], length: int) -> list[tuple[int, int]]:
    """(first, end) frames of each shot, by the first frames of all and the number of frames."""
    return [(first, end) for first, end in pairwise((*shots, length)) if end > first]


@dataclass(frozen=True)
class CropPlan:
    """Which box of each frame is kept: boxes float32 [T, 4] (left, top, right, bottom in px), stored at size (w, h)."""

    boxes: np.ndarray
    size: tuple[int, int]
