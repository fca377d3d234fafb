"""What the pose backend saw: in order, in pieces that are kept, and a damaged piece is looked at anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from making import H264, film, number_of, numbered

from dancekit.errors import ClipError, WritingError
from dancekit.io import sightings, video
from dancekit.io.sightings import PIECE, Seen, look
from dancekit.pose import Sighting
from dancekit.types import VideoInfo, no_progress

LENGTH = PIECE + 60


class Watcher:
    """A pose backend that sees as many people as the frame's number modulo 3, and notes which frames it was shown."""

    def __init__(self) -> None:
        self.shown: list[int] = []
        watcher = self

        class Detector:
            def __init__(self, info: VideoInfo, people: int = 1, masks: bool = True) -> None:
                pass

            def detect(self, index: int, frame: np.ndarray) -> list[Sighting]:
                assert number_of(frame) == index % 256, "the frame is the one it is said to be"
                watcher.shown.append(index)
                mask = np.full((8, 4), 200, np.uint8)
                return [Sighting(np.full((33, 3), index + person, np.float32), mask, (10, 20, 18, 36))
                        for person in range(index % 3)]  # fmt: skip

            def close(self) -> None:
                pass

        self.backend = ModuleType("watcher")
        self.backend.Detector = Detector  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    frames = [*numbered(256), *numbered(LENGTH - 256)] if LENGTH > 256 else list(numbered(LENGTH))
    return video.probe(film(path, frames, "25", *H264, "-g", "50"))


@pytest.fixture(autouse=True)
def _long_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut films at PIECE on computers with any number of cores."""
    monkeypatch.setattr(sightings, "_LEAST", PIECE)


def looked(info: VideoInfo, folder: Path, watcher: Watcher) -> Seen:
    return look(info, watcher.backend, 2, True, folder, no_progress, "looking")


@pytest.mark.parametrize(("frames", "cores", "count"), [
    (1000, 2, 6), (1000, 1, 6), (150, 2, 2), (150, 16, 4), (30, 4, 1), (384, 2, 2), (1, 8, 1)])  # fmt: skip
def test_short_films_are_shared_out_among_all_cores(
    monkeypatch: pytest.MonkeyPatch, frames: int, cores: int, count: int
) -> None:
    monkeypatch.undo()
    pieces = sightings.shared_out(frames, cores)
    assert len(pieces) == count
    assert [frame for first, end in pieces for frame in range(first, end)] == list(range(frames))
    assert max(end - first for first, end in pieces) <= PIECE


def test_every_frame_is_seen_once_and_in_order(info: VideoInfo, tmp_path: Path) -> None:
    seen = looked(info, tmp_path, Watcher())
    assert len(seen) == LENGTH
    assert [len(people) for people in seen.people] == [time % 3 for time in range(LENGTH)]
    assert [people[0][0, 0] for people in seen.people if people] == [time for time in range(LENGTH) if time % 3]
    assert seen.thumbnails.shape[0] == LENGTH


def test_only_the_part_that_is_used_is_looked_at(info: VideoInfo, tmp_path: Path) -> None:
    backend = Watcher()
    shifted = replace(info, first=0, frames=40)
    assert len(looked(shifted, tmp_path, backend)) == 40
    assert max(backend.shown) == 39


def test_finished_pieces_are_not_looked_at_again(info: VideoInfo, tmp_path: Path) -> None:
    looked(info, tmp_path, Watcher())
    first, second = sorted(tmp_path.glob("seen-*.npz"))
    second.unlink()
    again = Watcher()
    assert len(looked(info, tmp_path, again)) == LENGTH
    assert min(again.shown) >= PIECE - 10, "but for a few frames that the tracker settles in"
    none = Watcher()
    looked(info, tmp_path, none)
    assert none.shown == []
    assert first.exists()


def test_wanted_frames_are_kept_as_they_pass_by(info: VideoInfo, tmp_path: Path) -> None:
    wanted = [0, PIECE - 2, PIECE + 3, LENGTH - 1]
    kept = look(info, Watcher().backend, 2, True, tmp_path, no_progress, "looking", wanted).kept
    assert {time: number_of(frame) for time, frame in kept.items()} == {time: time % 256 for time in wanted}
    assert looked(info, tmp_path, Watcher()).kept == {}, "of finished pieces no frame passes by"


@pytest.mark.parametrize("contents", [b"", b"rubbish", None])
def test_a_damaged_piece_is_looked_at_anew(info: VideoInfo, tmp_path: Path, contents: bytes | None) -> None:
    looked(info, tmp_path, Watcher())
    piece = sorted(tmp_path.glob("seen-*.npz"))[1]
    piece.write_bytes(piece.read_bytes()[:-100] if contents is None else contents)
    again = Watcher()
    assert len(looked(info, tmp_path, again)) == LENGTH
    assert PIECE in again.shown
    assert 0 not in again.shown


def test_masks_lie_where_they_were_seen(info: VideoInfo, tmp_path: Path) -> None:
    seen = looked(info, tmp_path, Watcher())
    mask = seen.mask(PIECE + 1, 0, np.array([0.0, 0.0, 96.0, 64.0]), (96, 64))
    rows, columns = np.nonzero(mask > 100)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (20, 35, 10, 17)
    assert mask[28, 14] == 200


def alike(one: Seen, other: Seen) -> bool:
    """Whether the same is seen in both."""
    both = zip((*one.people, *one.boxes, *one.steps), (*other.people, *other.boxes, *other.steps), strict=True)
    same = all(np.array_equal(a, b) for a, b in both)
    box, size = np.array([0.0, 0.0, 96.0, 64.0]), (96, 64)
    mask, hers = (seen.mask(PIECE + 1, 0, box, size) for seen in (one, other))
    return same and np.array_equal(one.thumbnails, other.thumbnails) and np.array_equal(mask, hers)


def test_where_nothing_can_be_kept_the_same_is_seen(info: VideoInfo, tmp_path: Path) -> None:
    whole = looked(info, tmp_path / "kept", Watcher())
    assert whole.trouble == ""
    (tmp_path / "file").write_text("shopping list")
    for folder in (None, tmp_path / "file"):
        seen = look(info, Watcher().backend, 2, False, folder, no_progress, "looking")
        assert alike(seen, whole)
        assert seen.trouble == (f"{folder}: this is a file, not a folder." if folder else "")
    with pytest.raises(WritingError, match="this is a file, not a folder"):  # masks are too much to be held in memory
        looked(info, tmp_path / "file", Watcher())
    assert (tmp_path / "file").read_text() == "shopping list"


def test_on_a_disk_that_fills_up_what_was_kept_before_stays(
    info: VideoInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = sightings._write

    def full(path: Path, packed: dict[str, np.ndarray]) -> None:
        if "-0000000-" not in path.name:
            raise WritingError(f"{path.name}: the disk is full.")
        write(path, packed)

    whole = looked(info, tmp_path / "whole", Watcher())
    monkeypatch.setattr(sightings, "_write", full)
    seen = look(info, Watcher().backend, 2, False, tmp_path / "full", no_progress, "looking")
    assert alike(seen, whole)
    assert "the disk is full" in seen.trouble
    assert [path.name for path in (tmp_path / "full").iterdir()] == [f"seen-2-0000000-{PIECE:07d}.npz"]


def test_a_failure_in_one_piece_ends_the_whole_look(info: VideoInfo, tmp_path: Path) -> None:
    class Broken(Exception):
        pass

    watcher = Watcher()
    usual = watcher.backend.Detector.detect  # type: ignore[attr-defined]

    def detect(self: object, index: int, frame: np.ndarray) -> list[Sighting]:
        if index == PIECE + 20:
            raise Broken
        return usual(self, index, frame)

    watcher.backend.Detector.detect = detect  # type: ignore[attr-defined]
    with pytest.raises((Broken, sightings.Stopped)):
        looked(info, tmp_path, watcher)
    assert not list(tmp_path.glob("*.tmp"))


def test_frames_that_are_missing_within_a_film_are_said(
    info: VideoInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(info: VideoInfo, first: int, end: int) -> Iterator[np.ndarray]:
        yield from islice(video.read_frames(info, first, end), end - first if first else 100)

    monkeypatch.setattr(sightings, "read_frames", broken)
    with pytest.raises(ClipError, match=r"cannot be read between seconds 4\.0 and 7\.7"):
        looked(info, tmp_path, Watcher())
    monkeypatch.setattr(sightings, "read_frames", video.read_frames)
    again = Watcher()
    assert len(looked(info, tmp_path, again)) == LENGTH
    assert max(again.shown) < PIECE, "it may have been by chance: what is missing is looked at anew"


def test_a_film_that_ends_early_has_that_many_frames(
    info: VideoInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(info: VideoInfo, first: int, end: int) -> Iterator[np.ndarray]:
        yield from islice(video.read_frames(info, first, end), max(0, 150 - first))

    monkeypatch.setattr(sightings, "read_frames", broken)
    assert len(looked(info, tmp_path, Watcher())) == 150


def test_it_is_kept_how_the_picture_moved_under_everybody(
    info: VideoInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stepped(before: np.ndarray, now: np.ndarray, points: np.ndarray) -> np.ndarray:
        return np.full((33, 3), (number_of(before), number_of(now), points[0, 0]), np.float32)

    monkeypatch.setattr(sightings.motion, "stepped", stepped)
    seen = looked(info, tmp_path, Watcher())
    for time, (people, steps) in enumerate(zip(seen.people, seen.steps, strict=True)):
        assert len(people) == len(steps) == time % 3
        for points, step in zip(people, steps, strict=True):
            assert step[0].tolist() == [(time - 1) % 256, time % 256, points[0, 0]], "over the seams of pieces too"
    assert looked(info, tmp_path, Watcher()).steps[1][0].tolist() == seen.steps[1][0].tolist()
