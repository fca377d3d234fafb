"""A survey of a film: a few frames tell how many people to look for, before anybody looks at all of it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import NamedTuple

import cv2
import numpy as np

from dancekit.core import people
from dancekit.errors import WorkspaceError
from dancekit.io import video
from dancekit.io.files import read_json, write_json
from dancekit.io.sightings import within
from dancekit.pose import Sighting
from dancekit.threads import meanwhile
from dancekit.types import VideoInfo

SEVERAL = 3
"""How many people to tell apart at the most."""
_FRAMES = 6
_BRIEF = 2
"""Seconds of film whose frames are all alike: where one of them misleads, most do, so all of them must agree."""
_AGREEING = 2
"""How many frames have to show several people at the least: one may mislead."""
_SEEK = 40
"""Looking up a frame takes as long as reading so many in a row: 22 to 92 in ten films, as their key frames lie."""
_FAINT = 60
"""Where a mask is above this, the person may be."""
_FILE = "survey.json"


class Survey(NamedTuple):
    """How many people to look for, and whether two are so close together that they are seen as one."""

    people: int
    close: bool


def take(info: VideoInfo, backend: ModuleType, more: Event) -> Survey:
    """Survey a film; `more` is set as soon as it shows several people.

    It does so only if several of the frames do, since looking for more takes longer.
    """
    with meanwhile(lambda: read_at(info, spread(info.frames, _FRAMES))) as reading:  # and the model loads
        detector = backend.Detector(info, SEVERAL, True)
    try:
        looked = [(time, frame, detector.detect(time, frame)) for time, frame in reading.result().items()]
    finally:
        detector.close()
    if sum(len(seen) > 1 for _, _, seen in looked) >= _AGREEING:
        more.set()
        return Survey(SEVERAL, False)
    alone = [(time, frame, seen[0]) for time, frame, seen in looked if len(seen) == 1]
    needed = max(_AGREEING, len(looked)) if info.frames < _BRIEF * info.fps else _AGREEING
    return Survey(1, _is_crowded(info, backend, alone, needed))


def kept(folder: Path) -> Survey | None:
    """The survey that was kept there, if any."""
    with suppress(WorkspaceError, KeyError):
        known = read_json(folder / _FILE, "")
        if known["people"] in (1, SEVERAL):
            return Survey(known["people"], bool(known["close"]))
    return None


def keep(folder: Path, found: Survey) -> None:
    """Keep a survey, so that the film is not surveyed again."""
    write_json(folder / _FILE, found._asdict())


def _is_crowded(info: VideoInfo, backend: ModuleType, looked: list[tuple[int, np.ndarray, Sighting]], needed: int
                ) -> bool:  # fmt: skip
    """Whether `needed` frames show somebody else once the one person that is seen in them is painted over.

    Pose models find people by boxes around them, and take the lesser of two that overlap for an echo.
    """
    if len(looked) < needed:
        return False
    detector, found = backend.Detector(info, 1, False), 0
    try:
        for place, (time, frame, seen) in enumerate(looked):
            if found + len(looked) - place < needed:  # too few are left
                break
            if seen.mask is not None:
                low, high = people.corners(seen.points)
                tall = float(high[1] - low[1])
                rest = detector.detect(time, _without(frame, seen.mask, seen.box, tall))
                found += bool(rest) and people.is_somebody(rest[0].points, tall)
    finally:
        detector.close()
    return found >= needed


def _without(frame: np.ndarray, mask: np.ndarray, box: tuple[int, int, int, int], tall: float) -> np.ndarray:
    """The frame with a person painted over in the colour of what is around her. tall: her height in px."""
    whole = np.array([0, 0, frame.shape[1], frame.shape[0]], np.float32)
    there = (within(mask, box, whole, (frame.shape[1], frame.shape[0])) > _FAINT).astype(np.uint8)
    brush = np.ones((2 * round(0.02 * tall) + 1,) * 2, np.uint8)
    hidden = cv2.dilate(there, brush)
    around = cv2.dilate(hidden, brush) > hidden
    around |= not around.any()  # she is nowhere, or everywhere
    return np.where(hidden[..., None] > 0, np.median(frame[around], axis=0).astype(np.uint8), frame)


def spread(length: int, count: int) -> list[int]:
    """`count` frames spread evenly over the first `length` of a film, or all of them."""
    return sorted({int((i + 0.5) * length / count) for i in range(count)})


def read_at(info: VideoInfo, times: Sequence[int]) -> dict[int, np.ndarray]:
    """Single frames of a film, by number."""
    if times and max(times) < _SEEK * len(times):
        passing = enumerate(video.read_frames(info, 0, max(times) + 1))
        return {time: frame for time, frame in passing if time in times}
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda time: next(video.read_frames(info, time, time + 1), None), times)
        return {time: frame for time, frame in zip(times, found, strict=True) if frame is not None}
