"""Poses from a file: landmarks that another tool or another day has found, beside the film as <film>.npz."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import numpy as np

from dancekit.core.skeleton import J
from dancekit.core.upright import turned, turned_size
from dancekit.errors import ClipError
from dancekit.io import arrays
from dancekit.pose import Sighting
from dancekit.types import PoseTrack, VideoInfo

DESCRIPTION = "landmarks from a file beside the film, <film>.npz"

_FORM = "It needs points [T, 33, 3 or 4] (x px, y px, ..., confidence last), size (width, height) and fps."


class Detector:
    """Hands out the landmarks of <film>.npz frame by frame, turned as the film is; it makes no masks."""

    def __init__(self, info: VideoInfo, people: int = 1, masks: bool = True) -> None:
        self._track, self._first = read_track(info.path.with_suffix(".npz")), info.first
        self._pace, self._turn = float(self._track.fps / info.fps), info.turn

    def detect(self, index: int, frame: np.ndarray) -> list[Sighting]:
        """The person in frame `index`, as the file has it of that moment of the whole film; nobody beyond its end."""
        index = round((index + self._first) * self._pace)
        if index >= len(self._track) or np.isnan(self._track.points[index, :, 0]).all():
            return []
        points, size = self._track.points[index], self._track.size
        points, (width, height) = turned(points, size, self._turn), turned_size(size, self._turn)
        points[:, 0] *= frame.shape[1] / width
        points[:, 1] *= frame.shape[0] / height
        return [Sighting(points)]

    def close(self) -> None:
        """Nothing to free."""


def read_track(path: Path) -> PoseTrack:
    """Read landmarks from an .npz file.

    Raises:
        ClipError: the file is missing, damaged or of another form.
    """
    if not path.is_file():
        raise ClipError(f"{path}: there is no such file of landmarks.", _FORM)
    try:
        landmarks, rate, size = arrays.read(path, "points", "fps", "size")
        points, fps = np.asarray(landmarks, np.float32), float(rate)
        width, height = (int(side) for side in size)
    except (arrays.UnreadableError, ValueError, TypeError, OverflowError) as error:
        raise ClipError(f"{path}: the landmarks cannot be read ({error}).", _FORM) from error
    if points.ndim != 3 or points.shape[1] != J or points.shape[2] < 3 or not len(points):
        raise ClipError(f"{path}: points of shape {points.shape} are no pose track.", _FORM)
    if not 0.5 <= fps <= 1000 or min(width, height) < 2:
        raise ClipError(f"{path}: {fps:g} frames/s of {width}x{height} px are no film.", _FORM)
    return PoseTrack(
        marked(points), (width, height), Fraction(fps).limit_denominator(1001), shots=_shots(path, len(points))
    )


def _shots(path: Path, length: int) -> tuple[int, ...]:
    """Where shots begin; files of other tools do not tell, and then it is one."""
    with suppress(arrays.UnreadableError):
        (found,) = arrays.read(path, "shots")
        return tuple(sorted({0, *(int(start) for start in found.reshape(-1) if 0 < start < length)}))
    return (0,)


def marked(points: np.ndarray) -> np.ndarray:
    """Points [T, J, 3 or more] (confidence last) to [T, J, 3], missing ones with confidence 0."""
    kept = np.concatenate((points[..., :2], points[..., -1:]), -1)
    kept[~np.isfinite(kept).all(-1)] = (np.nan, np.nan, 0.0)
    return kept.astype(np.float32)


def write_track(path: Path, track: PoseTrack) -> None:
    """Write a track in the form that `read_track` reads."""
    with path.open("wb") as file:
        np.savez_compressed(
            file, points=track.points, size=np.array(track.size), fps=float(track.fps), shots=np.array(track.shots)
        )
