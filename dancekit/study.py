"""Finding one person throughout a film: the first half of prepare, and how transfer reads the moves of a driver."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np

from dancekit import plugins
from dancekit.core import people, tracks
from dancekit.errors import ClipError
from dancekit.io import clips, video
from dancekit.io.sightings import Seen, look
from dancekit.io.workspace import Workspace, clip_name, keep_or_clear
from dancekit.pose import keypoints
from dancekit.types import PoseTrack, Progress, VideoInfo, no_progress

LONGEST_SIDE = 1920
"""Larger films are read at this size: a person of 512 px, the largest that is learnt, fits in it well."""
_SAMPLES = 24
_SURVEY = 6
_NOBODY = "The whole body should be in the picture, well lit, and at least a quarter of the picture's height."


@dataclass(frozen=True)
class Options:
    """What the user says about a film.

    matte: "auto" or a matting backend, with its option behind a colon ("rembg:u2net"). pose: the pose backend.
    pick: px near which the wanted person first stands. start, end: seconds to use; an end of 0 is the film's own.
    """

    matte: str = "auto"
    pose: str = "mediapipe"
    pick: tuple[float, float] | None = None
    start: float = 0.0
    end: float = 0.0


@dataclass(frozen=True)
class Studied:
    """One person found throughout a film.

    chosen: which of the persons seen she is, by frame. track: her landmarks, cleaned. samples: some frames of the film,
    by number. inside: left, top, right, bottom of what the film shows, without black bars. others: how many more people
    there are.
    """

    info: VideoInfo
    seen: Seen
    chosen: list[int | None]
    track: PoseTrack
    samples: dict[int, np.ndarray]
    inside: tuple[int, int, int, int]
    others: int


def read_moves(film: Path, workspace: Workspace, options: Options,
               progress: Progress = no_progress) -> tuple[PoseTrack, VideoInfo | None]:  # fmt: skip
    """The clean pose track of a film whose pictures are not needed (a driver, or a stranger's dance).

    An .npz of landmarks is read as it is; then there is no film, and None in its place.
    """
    if film.suffix == ".npz":
        return tracks.clean(keypoints.read_track(film)), None
    info = cut(video.probe(film, LONGEST_SIDE), options)
    work = workspace.root / ".moves" / f"{clip_name(film)}-{clips.fingerprint(film)}"
    keep_or_clear(work, work_mark(film, options))
    return study(info, options, False, work, progress).track, info


def cut(info: VideoInfo, options: Options) -> VideoInfo:
    """The film between start and end.

    Raises:
        ClipError: nothing is left.
    """
    first = round(options.start * info.fps)
    end = min(info.frames, round(options.end * info.fps)) if options.end else info.frames
    if first < 0 or first >= end:
        wish = f"--start {options.start:g}" + (f" --end {options.end:g}" if options.end else "")
        raise ClipError(f"{info.path}: nothing is left of the film with {wish}.",
                        f"It is {float(info.frames / info.fps):.1f} s long.")  # fmt: skip
    return replace(info, first=first, frames=end - first)


def work_mark(film: Path, options: Options) -> dict[str, object]:
    """What unfinished work must agree in to be gone on with."""
    return {"fingerprint": clips.fingerprint(film), "options": repr(options)}


def study(info: VideoInfo, options: Options, masks: bool, work: Path, progress: Progress) -> Studied:
    """Find one person throughout a film; what has been looked at is kept in `work`.

    Raises:
        ClipError: nobody is in it, or it cannot be read to its end.
    """
    backend = plugins.load("pose", options.pose)
    seen = look(info, backend, _survey(info, backend), masks, work, progress, "finding the person")
    _refuse_unreadable(info, seen)
    shots = people.find_shots(seen.thumbnails)
    size = (info.width, info.height)
    chosen = people.follow(seen.people, size, shots, options.pick)
    samples = sample(info, len(seen), _SAMPLES)
    inside = people.film_rectangle(list(samples.values()))
    track = tracks.clean(PoseTrack(people.points_of(seen.people, chosen), size, info.fps, shots=shots), inside)
    if not tracks.found(track).any():
        raise ClipError(f"{info.path}: no person was found in this film.", _NOBODY)
    return Studied(info, seen, chosen, track, samples, inside, max(map(len, seen.people)) - 1)


def _survey(info: VideoInfo, backend: ModuleType) -> int:
    """How many people to look for: several only if some frames show several, since looking for more takes longer."""
    detector = backend.Detector(info, 3, False)
    try:
        counts = [len(detector.detect(time, frame)) for time, frame in sample(info, info.frames, _SURVEY).items()]
    finally:
        detector.close()
    return 3 if sum(count > 1 for count in counts) >= 2 else 1


def sample(info: VideoInfo, length: int, count: int) -> dict[int, np.ndarray]:
    """Frames spread evenly over the first `length` frames of a film, by number."""
    times = sorted({int((i + 0.5) * length / count) for i in range(count)})
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda time: next(video.read_frames(info, time, time + 1), None), times)
        return {time: frame for time, frame in zip(times, found, strict=True) if frame is not None}


def _refuse_unreadable(info: VideoInfo, seen: Seen) -> None:
    if len(seen) < 0.97 * info.frames - 3:
        end = float((info.first + len(seen)) / info.fps)
        raise ClipError(
            f"{info.path}: the film is cut short or damaged: {len(seen)} of {info.frames} frames can be read.",
            "Copy it from the camera again" + (f", or use its good part with --end {end:.1f}" if len(seen) else ""),
        )
    if not any(seen.people):
        raise ClipError(f"{info.path}: no person was found in this film.", _NOBODY)
