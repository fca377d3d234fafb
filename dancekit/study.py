"""Finding one person throughout a film: the first half of prepare, and how transfer reads the moves of a driver."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from types import ModuleType

import numpy as np

from dancekit import plugins, survey
from dancekit.core import people, tracks, upright
from dancekit.core.verdict import rarely
from dancekit.errors import ClipError, PickError, WritingError
from dancekit.io import clips, video
from dancekit.io.files import keep_or_clear
from dancekit.io.locks import alone
from dancekit.io.sightings import Seen, Stopped, look
from dancekit.io.workspace import Workspace
from dancekit.pose import keypoints
from dancekit.survey import SEVERAL, read_at, spread
from dancekit.threads import meanwhile
from dancekit.types import PoseTrack, Progress, VideoInfo, no_progress

_SAMPLES = 24
_HARDLY = 5, 0.1
"""In fewer frames, and a smaller share of them, nobody is seen for sure."""
_NOBODY = "The whole body should be in the picture, well lit, and at least a quarter of the picture's height."


@dataclass(frozen=True)
class Options:
    """What the user says about a film.

    matte: "auto" or a matting backend, with its option behind a colon ("rembg:u2net"). pose: the pose backend.
    pick: px near which the wanted person first stands. start, end: seconds to use; an end of 0 is the film's own.
    turn: degrees clockwise (0, 90, 180 or 270) by which the film is turned; all that is in px is of the turned one.
    """

    matte: str = "auto"
    pose: str = "mediapipe"
    pick: tuple[float, float] | None = None
    start: float = 0.0
    end: float = 0.0
    turn: int = 0


@dataclass(frozen=True)
class Studied:
    """One person found throughout a film.

    chosen: which of the persons seen she is, by frame. track: her landmarks, cleaned. samples: some frames of the film,
    by number. inside: left, top, right, bottom of what the film shows, without black bars. others: how many more people
    there are. close: whether somebody else is so close to her that the two are seen as one. trouble: why not all that
    was seen could be kept for the next time, in words, if so.
    """

    info: VideoInfo
    seen: Seen
    chosen: list[int | None]
    track: PoseTrack
    samples: dict[int, np.ndarray]
    inside: tuple[int, int, int, int]
    others: int
    close: bool
    trouble: str = ""

    def notes(self) -> list[str]:
        """What is to be said of what could not be kept."""
        lost = f"So what was seen in {self.info.path.name} is not kept for the next time."
        return [f"{self.trouble} {lost}"] if self.trouble else []


@dataclass(frozen=True)
class Found:
    """The moves of a film. info: None if they came from a file of landmarks. notes: what is worth knowing of them."""

    track: PoseTrack
    info: VideoInfo | None
    notes: list[str]


def find_moves(film: Path, workspace: Workspace, options: Options, progress: Progress = no_progress) -> Found:
    """The clean pose track of a film whose pictures are not needed (a driver, or a stranger's dance).

    An .npz holds the landmarks of one person; then there is no film.

    Raises:
        ClipError: nobody is in it, or it cannot be read.
    """
    if film.suffix == ".npz":
        if options.pick is not None:
            raise ClipError(f"{film}: these are the landmarks of one person.", "Leave out --pick.")
        track = tracks.clean(_cut_track(film, keypoints.read_track(film), options))
        if not tracks.measurable(track):
            raise ClipError(f"{film}: these landmarks show nobody.", "Shoulders and hips must be among them.")
        return Found(track, None, askew(film, track, options))
    studied = study_moves(film, workspace, options, progress)
    notes = [*studied.notes(), *askew(film, studied.track, options)]
    if studied.others and options.pick is None:
        notes.append(f"Several people are in {film.name}; one is followed. To choose another: --pick X,Y (px).")
    if studied.close:
        notes.append(f"Two people are close together in {film.name}; they may be taken for one another.")
    rare = rarely(tracks.seen_share(studied.track, studied.inside))
    if rare:
        notes.append(f"{film.name} hardly shows: {', '.join(rare)}. There the result is guessed, or missing.")
    return Found(studied.track, studied.info, notes)


def askew(film: Path, track: PoseTrack, options: Options) -> list[str]:
    """What to say of a film that seems to be on its side or upside down."""
    said = upright.advice(track.points, f"The dancer in {film.name}", "run the command again", options.turn)
    return [said] if said else []


def _cut_track(path: Path, track: PoseTrack, options: Options) -> PoseTrack:
    """Landmarks of a file between start and end, turned."""
    part = cut(VideoInfo(path, *track.size, track.fps, len(track), False), options)
    points = upright.turned(track.points[part.first : part.first + part.frames], track.size, options.turn)
    shots = (0, *(shot - part.first for shot in track.shots if 0 < shot - part.first < part.frames))
    return replace(track.with_points(points), size=upright.turned_size(track.size, options.turn), shots=shots)


def study_moves(film: Path, workspace: Workspace, options: Options, progress: Progress = no_progress) -> Studied:
    """Find the driver throughout a film; what has been looked at is kept, so that nobody looks at it twice, where
    anything can be: in somebody else's workspace, or on a full disk, the moves are found all the same.

    Raises:
        ClipError: nobody is in it, or it cannot be read.
    """
    info = cut(video.probe(film, video.LONGEST_SIDE, options.turn), options)
    work: Path | None = moves_folder(film, workspace)
    what, trouble = f"the film {film.name} is being looked at", ""
    waiting = f"waiting for another dancekit with {film.name}"
    with ExitStack() as stack:
        with suppress(WritingError):  # what was kept there earlier can be read all the same
            stack.enter_context(working(work, what, lambda: progress(waiting, 0, 0), True))
        try:
            keep_or_clear(work, sight_mark(film, options))
        except WritingError as error:
            work, trouble = None, error.problem
        studied = study(info, options, False, work, progress)
    return replace(studied, trouble=trouble or studied.trouble)


def moves_folder(film: Path, workspace: Workspace) -> Path:
    """Where what has been seen of a film is kept."""
    return workspace.root / ".moves" / clips.name_of(film)


@contextmanager
def working(work: Path, what: str, waiting: Callable[[], None] | None = None, keeps: bool = False) -> Iterator[None]:
    """Work on a film in a folder of its own, while no other process does; arguments as for `alone`.

    Nothing is left of a film that turns out to be of no use; any other stop is only a pause. keeps: so is the choice
    of a place where nobody stands.
    """
    new = [folder for folder in work.parents if not folder.exists()]
    try:
        with alone(work, what, waiting):
            try:
                yield
            except ClipError as error:
                if keeps and isinstance(error, PickError):
                    raise
                shutil.rmtree(work, ignore_errors=True)
                raise
    except ClipError:
        for folder in new:
            with suppress(OSError):
                folder.rmdir()
        raise


def cut(info: VideoInfo, options: Options) -> VideoInfo:
    """The film between start and end.

    Raises:
        ClipError: nothing is left.
    """
    first = round(options.start * info.fps)
    end = min(info.frames, round(options.end * info.fps)) if options.end else info.frames
    if 0 < options.end < options.start:
        raise ClipError(f"{info.path}: --end {options.end:g} is before --start {options.start:g}.",
                        "Both are seconds from the film's beginning.")  # fmt: skip
    if first < 0 or first >= end:
        wish = f"--start {options.start:g}" + (f" --end {options.end:g}" if options.end else "")
        raise ClipError(f"{info.path}: nothing is left of the film with {wish}.",
                        f"It is {float(info.frames / info.fps):.1f} s long.")  # fmt: skip
    return replace(info, first=first, frames=end - first)


def sight_mark(film: Path, options: Options) -> dict[str, object]:
    """What is seen of a film depends on, but for how many people are looked for: whom one picks of them, and how she is
    cut out, does not matter."""
    beside = film.with_suffix(".npz")
    landmarks = clips.fingerprint(beside) if options.pose == "keypoints" and beside.is_file() else ""
    shown = {"pose": options.pose, "start": options.start, "end": options.end, "turn": options.turn}
    return {"fingerprint": clips.fingerprint(film), "landmarks": landmarks, **shown}


def study(info: VideoInfo, options: Options, masks: bool, work: Path | None, progress: Progress) -> Studied:
    """Find one person throughout a film; what has been looked at is kept in `work`, if anywhere (see `look`).

    Raises:
        ClipError: nobody is in it, or it cannot be read to its end.
        WritingError: masks cannot be kept.
    """
    backend = plugins.load("pose", options.pose)
    wanted = spread(info.frames, _SAMPLES)
    seen, close = _look(info, backend, options, masks, work, progress, wanted)
    _refuse_unreadable(info, seen)
    shots = people.find_shots(seen.thumbnails)
    size = (info.width, info.height)
    pick = options.pick and (options.pick[0] * info.shrunk, options.pick[1] * info.shrunk)
    if pick:
        _refuse_pick_of_nobody(info, seen.people, pick)
    chosen = people.follow(seen.people, size, shots, pick)
    samples = _samples(info, seen, wanted)
    inside = people.film_rectangle(list(samples.values()))
    points, steps = (people.points_of(each, chosen) for each in (seen.people, seen.steps))
    track = tracks.clean(PoseTrack(points, size, info.fps, shots=shots), inside, steps)
    if not tracks.measurable(track):
        raise ClipError(f"{info.path}: no person was found in this film.", _NOBODY)
    _refuse_hardly_seen(info, int(tracks.found(track).sum()))
    others = max(map(len, seen.people)) - 1
    return Studied(info, seen, chosen, track, samples, inside, others, close, seen.trouble)


def _look(info: VideoInfo, backend: ModuleType, options: Options, masks: bool, work: Path | None, progress: Progress,
          keep: Sequence[int]) -> tuple[Seen, bool]:  # fmt: skip
    """Look at all of the film: what is seen, and whether two people in it are so close that they are seen as one.

    As looking for several takes longer, it begins with one, while a survey tells how many there are.
    """

    def seeing(people: int, stop: Event | None = None) -> Seen:
        return look(info, backend, people, masks, work, progress, "finding the person", keep, stop)

    if options.pick:
        return seeing(SEVERAL), False
    found = work and survey.kept(work)
    if found is None:
        more, seen = Event(), None
        with meanwhile(lambda: survey.take(info, backend, more)) as asked, suppress(Stopped):
            seen = seeing(1, more)
        found = asked.result()
        if work is not None:
            with suppress(WritingError):  # it takes a moment only
                survey.keep(work, found)
        if seen is not None and found.people == 1:
            return seen, found.close
    return seeing(found.people), found.close


def _refuse_pick_of_nobody(info: VideoInfo, seen: Sequence[Sequence[np.ndarray]], pick: tuple[float, float]) -> None:
    """Say so if nobody ever stands at the place, rather than take somebody else. seen: everybody in each frame. pick:
    in px of the film as it is read; what is said is in px of the film itself."""
    within = 0 <= pick[0] <= info.width and 0 <= pick[1] <= info.height
    if within and any(people.stands_at(points, pick) for everybody in seen for points in everybody):
        return
    first = next(everybody for everybody in seen if everybody)
    places = " or ".join("{:.0f},{:.0f}".format(*np.mean(people.corners(one), axis=0) / info.shrunk) for one in first)
    size, (x, y) = [round(side / info.shrunk) for side in (info.width, info.height)], (at / info.shrunk for at in pick)
    raise PickError(f"{info.path}: nobody was found at --pick {x:g},{y:g}.",
                    f"The film is of {size[0]}x{size[1]} px, and first shows somebody at {places}.")  # fmt: skip


def _refuse_hardly_seen(info: VideoInfo, frames: int) -> None:
    """Stop where somebody is seen in so few frames that it is an error of the landmarker's, or somebody in passing."""
    if frames < min(_HARDLY[0], _HARDLY[1] * info.frames):
        many = f"{frames} of {info.frames} frames"
        raise ClipError(f"{info.path}: hardly anybody is seen in this film: in {many}.", _NOBODY)


def _samples(info: VideoInfo, seen: Seen, wanted: Sequence[int]) -> dict[int, np.ndarray]:
    """The wanted frames of what can be read of a film, by number; only those that were not kept are read again."""
    times = [time for time in wanted if time < len(seen)]
    found = seen.kept | read_at(info, [time for time in times if time not in seen.kept])
    return {time: found[time] for time in times if time in found}


def _refuse_unreadable(info: VideoInfo, seen: Seen) -> None:
    if len(seen) < 0.97 * info.frames - 3:
        end = float((info.first + len(seen)) / info.fps)
        raise ClipError(
            f"{info.path}: the film is cut short or damaged: {len(seen)} of {info.frames} frames can be read.",
            "Copy it from the camera again" + (f", or use its good part with --end {end:.1f}" if len(seen) else ""),
        )
    if not any(seen.people):
        raise ClipError(f"{info.path}: no person was found in this film.", _NOBODY)
