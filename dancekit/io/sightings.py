"""What the pose backend saw in a film, kept in pieces on disk so that a stopped run goes on where it was."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import cv2
import numpy as np

from dancekit.core import crops, motion
from dancekit.core.skeleton import J
from dancekit.errors import ClipError, WritingError
from dancekit.io import arrays
from dancekit.io.files import replacing
from dancekit.io.frames import encode_mask
from dancekit.io.video import read_frames
from dancekit.pose import Sighting
from dancekit.threads import cores
from dancekit.types import Progress, VideoInfo

PIECE, _LEAST = 192, 48
"""Frames per piece, some seconds of work; and in short films at the least."""
_DETECTORS = 16
"""That look side by side at the most: each is a model and an ffmpeg of its own."""
_HEARING = 0.5
"""Seconds between moments at which Ctrl-C is heard."""
_WARM_UP = 4
"""Frames before a piece that are looked at only so that the tracker has settled when the piece begins."""
_THUMBNAIL = (32, 18)
_ARRAYS = ("counts", "points", "boxes", "steps", "sizes", "masks", "thumbnails")
_Packed = dict[str, np.ndarray]
"""A piece as its file holds it: an array for each of these names."""


class Seen:
    """Everything seen in a film; masks on disk stay there until they are asked for.

    people: landmarks float32 [J, 3] of everybody in each frame. boxes: the boxes (left, top, right, bottom in px) of
    their masks. steps: how the picture has moved under these landmarks since the frame before, likewise (see
    core.motion). thumbnails: uint8 [T, 18, 32, 3], small pictures of all frames, for shot cuts. kept: some frames as
    they passed by. trouble: why some of it could not be kept on disk, in words, if so.
    """

    def __init__(self, pieces: Sequence[Path | _Packed], kept: dict[int, np.ndarray], trouble: str = "") -> None:
        self.kept, self.trouble, self._pieces = kept, trouble, pieces
        self.people, self.boxes, self.steps = (list[list[np.ndarray]]() for _ in range(3))
        thumbnails, starts = list[np.ndarray](), [0]
        for piece in map(_opened, pieces):
            self.people += piece.points
            self.boxes += piece.boxes
            self.steps += piece.steps
            thumbnails.append(piece.thumbnails)
            starts.append(len(self.people))
        self.thumbnails, self._starts = np.concatenate(thumbnails), np.array(starts)
        self._open: tuple[int, _Piece] | None = None

    def __len__(self) -> int:
        return len(self.people)

    @property
    def lengths(self) -> np.ndarray:
        """How many frames could be read of every piece."""
        return np.diff(self._starts)

    def mask(self, time: int, index: int, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """The mask of person `index` of frame `time` within a box [4] of the frame (px), uint8 [h, w] at (w, h)."""
        number = int(np.searchsorted(self._starts, time, side="right")) - 1
        if self._open is None or self._open[0] != number:
            self._open = (number, _opened(self._pieces[number]))
        packed = self._open[1].masks[time - self._starts[number]][index]
        if not len(packed):
            return np.zeros((size[1], size[0]), np.uint8)
        mask = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
        return within(mask, self.boxes[time][index], box, size)


def within(mask: np.ndarray, own: Sequence[float] | np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask uint8 of its own box within another box, uint8 [h, w] at (w, h).

    own, box: left, top, right, bottom in px of the frame.
    """
    # One empty row and column around it: beyond its own box the mask is empty.
    mask = np.pad(mask, 1)
    left, top, right, bottom = (float(v) for v in own)
    scale = np.array([(mask.shape[1] - 2) / (right - left), (mask.shape[0] - 2) / (bottom - top)] * 2)
    return crops.warp(mask, (box - np.array([left, top] * 2)) * scale + 1, size)


@dataclass(frozen=True)
class _Piece:
    """One piece: everything by frame, then by person."""

    points: list[list[np.ndarray]]
    boxes: list[list[np.ndarray]]
    steps: list[list[np.ndarray]]
    masks: list[list[np.ndarray]]
    thumbnails: np.ndarray


def look(info: VideoInfo, backend: ModuleType, people: int, masks: bool, folder: Path | None, progress: Progress,
         what: str, keep: Collection[int] = (), stop: threading.Event | None = None) -> Seen:  # fmt: skip
    """Run the pose backend over the whole film, several pieces side by side; finished pieces are not done again.

    folder: where pieces are kept; None keeps them in memory alone, as is done with those that cannot be written, unless
    there are masks, which take a hundred times as much. keep: frames to keep as they pass by; those of pieces that were
    finished before are not among them. stop: given up once it is set.

    Raises:
        Stopped: it was.
        ClipError: frames are missing within the film.
        WritingError: pieces with masks cannot be written.
    """
    most = cores(_DETECTORS)
    pieces = shared_out(info.frames, most)
    counter = _Counter(info.frames, progress, what)
    workers = min(len(pieces), most)
    stop, kept = stop or threading.Event(), dict[int, np.ndarray]()
    found, troubles = dict[tuple[int, int], Path | _Packed](), list[str]()

    def do(piece: tuple[int, int]) -> None:
        path = folder and _piece_path(folder, people, piece)
        if path and _is_whole(path):
            counter.add(piece[1] - piece[0])
            found[piece] = path
        elif not stop.is_set():
            found[piece] = packed = _packed(_look_at(info, backend, people, masks, piece, counter, stop, keep, kept))
            if path is None:
                return
            try:
                _write(path, packed)
                found[piece] = path
            except WritingError as error:
                if masks:
                    raise
                troubles.append(error.problem)

    with ThreadPoolExecutor(workers) as pool:
        try:
            left = {pool.submit(do, piece) for piece in pieces}
            while left:  # without end, no Ctrl-C would be heard on Windows
                done, left = wait(left, _HEARING, FIRST_EXCEPTION)
                for piece in done:
                    piece.result()
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    if stop.is_set():
        raise Stopped
    whole = [found[piece] for piece in pieces]
    seen = Seen(whole, kept, *troubles[:1])
    _refuse_gap(info, pieces, seen.lengths, whole)
    return seen


def _refuse_gap(
    info: VideoInfo, pieces: Sequence[tuple[int, int]], lengths: np.ndarray, found: Sequence[Path | _Packed]
) -> None:
    """Stop where frames are missing before others: all that come after would be counted wrongly. At the end of a film
    it is the caller who decides."""
    for number, (first, end) in enumerate(pieces):
        if lengths[number] < end - first and lengths[number + 1 :].any():
            _forget(found[number])  # to be looked at anew, if it was by chance
            when = [float((info.first + place) / info.fps) for place in (first + int(lengths[number]), end)]
            raise ClipError(
                f"{info.path}: the film cannot be read between seconds {when[0]:.1f} and {when[1]:.1f}.",
                "Run the command again; if that does not help, copy the film from the camera again, or use a good part "
                "of it with --start and --end.",
            )


def _forget(piece: Path | _Packed) -> None:
    if isinstance(piece, Path):
        with suppress(OSError):  # kept in a place where nothing can be changed any more
            piece.unlink(missing_ok=True)


def shared_out(frames: int, cores: int) -> list[tuple[int, int]]:
    """(first, end) of each piece of a film; short films are cut shorter, so that there is one for each core."""
    length = min(PIECE, max(_LEAST, -(-frames // cores)))
    return [(first, min(first + length, frames)) for first in range(0, frames, length)]


class _Counter:
    """Progress of several workers added up."""

    def __init__(self, total: int, progress: Progress, what: str) -> None:
        self._lock, self._done, self._total = threading.Lock(), 0, total
        self._progress, self._what = progress, what

    def add(self, count: int) -> None:
        with self._lock:
            self._done += count
            self._progress(self._what, min(self._done, self._total), self._total)


def _piece_path(folder: Path, people: int, piece: tuple[int, int]) -> Path:
    return folder / f"seen-{people}-{piece[0]:07d}-{piece[1]:07d}.npz"


def _is_whole(path: Path) -> bool:
    """Whether a piece is there and can be read: a damaged one is looked at anew."""
    try:
        _read(path)
    except (arrays.UnreadableError, ValueError):
        return False
    return True


class _Looked(NamedTuple):
    """What is seen in each frame of a piece: the people, how the picture has moved under their landmarks (see
    core.motion), and the frame itself, small."""

    seen: list[list[Sighting]]
    steps: list[list[np.ndarray]]
    thumbnails: list[np.ndarray]


class Stopped(Exception):
    """Another piece failed, or nothing more is asked for; this one is given up."""


def _look_at(info: VideoInfo, backend: ModuleType, people: int, masks: bool, piece: tuple[int, int],
             counter: _Counter, stop: threading.Event, keep: Collection[int],
             kept: dict[int, np.ndarray]) -> _Looked:  # fmt: skip
    first, end = piece
    start = max(0, first - _WARM_UP)
    detector = backend.Detector(info, people, masks)
    looked, before = _Looked([], [], []), None
    try:
        for index, frame in enumerate(read_frames(info, start, end), start):
            if stop.is_set():
                raise Stopped
            sightings = detector.detect(index, frame)
            if index >= first:
                looked.seen.append(sightings)
                looked.steps.append([_step(before, frame, sighting) for sighting in sightings])
                looked.thumbnails.append(_thumbnail(frame))
                counter.add(1)
            if index >= first and index in keep:
                kept[index] = frame
            before = frame
    finally:
        detector.close()
    return looked


def _step(before: np.ndarray | None, frame: np.ndarray, sighting: Sighting) -> np.ndarray:
    """How the picture has moved under somebody's landmarks since the frame before; not at all where there is none."""
    return np.zeros((J, 3), np.float32) if before is None else motion.stepped(before, frame, sighting.points)


def _thumbnail(frame: np.ndarray) -> np.ndarray:
    """A frame as uint8 [18, 32, 3]: the mean of 64 places in each px, which is many times as fast as that of all."""
    places = cv2.resize(frame, (8 * _THUMBNAIL[0], 8 * _THUMBNAIL[1]))
    return cv2.resize(places, _THUMBNAIL, interpolation=cv2.INTER_AREA)


def _packed(looked: _Looked) -> _Packed:
    flat = [sighting for people in looked.seen for sighting in people]
    masks = [b"" if s.mask is None else encode_mask(s.mask) for s in flat]
    return {
        "counts": np.array([len(people) for people in looked.seen], np.int32),
        "points": np.array([s.points for s in flat], np.float32),
        "boxes": np.array([s.box for s in flat], np.int32).reshape(-1, 4),
        "steps": np.array([steps for people in looked.steps for steps in people], np.float32).reshape(-1, J, 3),
        "sizes": np.array([len(mask) for mask in masks], np.int64),
        "masks": np.frombuffer(b"".join(masks), np.uint8),
        "thumbnails": np.array(looked.thumbnails, np.uint8).reshape(-1, *_THUMBNAIL[::-1], 3),
    }


def _write(path: Path, packed: _Packed) -> None:
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **packed)  # pyright: ignore[reportArgumentType]


def _opened(piece: Path | _Packed) -> _Piece:
    return _read(piece) if isinstance(piece, Path) else _unpacked(piece)


def _read(path: Path) -> _Piece:
    return _unpacked(dict(zip(_ARRAYS, arrays.read(path, *_ARRAYS), strict=True)))


def _unpacked(packed: _Packed) -> _Piece:
    counts, points, boxes, steps, sizes, masks, thumbnails = (packed[name] for name in _ARRAYS)
    split = np.split(masks, np.cumsum(sizes)[:-1]) if len(sizes) else []
    bounds = list(zip(np.cumsum(counts) - counts, np.cumsum(counts), strict=True))
    people, places, moved, cut_out = ([list(each[a:b]) for a, b in bounds] for each in (points, boxes, steps, split))
    return _Piece(people, places, moved, cut_out, thumbnails)
