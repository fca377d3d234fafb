"""Joining pieces of which some are damaged, or whose sound is: never a film that is short, and none that is lost."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from making import film, numbered, numbers_of, remade
from sound import heard

from dancekit.errors import ClipError
from dancekit.io import encode, video

FPS = Fraction(25)


def piece(path: Path, first: int, count: int = 10) -> Path:
    """Numbered frames as transfer writes them."""
    frames = list(numbered(count, first=first))
    if not path.suffix:
        frames = [np.dstack((frame, frame[..., 0])) for frame in frames]
    writer = encode.FilmWriter(path, encode.format_of(path, not path.suffix), (96, 64), FPS, first)
    for frame in frames:
        writer.write(frame)
    writer.close()
    return path


def cut(path: Path, share: float) -> None:
    """Leave the first part of a file, and all of those that are linked to it."""
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[: int(len(data) * share)])


@pytest.mark.parametrize("share", [0.0, 0.6])
@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("suffix", ["mp4", "webm"])
def test_a_damaged_piece_never_makes_a_shorter_film(tmp_path: Path, suffix: str, which: int, share: float) -> None:
    pieces = [piece(tmp_path / f"{first}.{suffix}", first) for first in (0, 10, 20)]
    cut(pieces[which], share)
    out = tmp_path / f"out.{suffix}"
    out.write_text("the earlier film")
    with pytest.raises(ClipError, match=r"out\."):
        encode.join(pieces, out, encode.format_of(out, False), FPS, 30, None)
    assert out.read_text() == "the earlier film"
    whole = [encode.frames_in(path) for path in pieces]
    assert whole.pop(which) < 10
    assert whole == [10, 10]


def test_a_damaged_picture_is_never_put_among_the_others(tmp_path: Path) -> None:
    pieces, out = [piece(tmp_path / str(first), first) for first in (0, 10)], tmp_path / "out"
    encode.gather_pictures(pieces, out, 20)
    cut(pieces[1] / "000013.png", 0.5)
    cut(pieces[1] / "000017.png", 0)
    with pytest.raises(ClipError, match=r"only 18 of 20 pictures are whole"):
        encode.gather_pictures(pieces, out, 20)
    assert [encode.frames_in(folder) for folder in (*pieces, out)] == [10, 8, 20]


def test_what_must_outlive_a_power_cut_is_written_to_the_disk_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, wait = set(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: written.add(os.fstat(number).st_ino) or wait(number))
    pictures, one = piece(tmp_path / "pictures", 0, 3), piece(tmp_path / "one.mp4", 0, 3)
    encode.to_disk(one)
    assert one.stat().st_ino in written
    encode.to_disk(pictures)
    assert {path.stat().st_ino for path in pictures.iterdir()} <= written
    if os.name != "nt":
        assert {tmp_path.stat().st_ino, pictures.stat().st_ino} <= written


def with_sound(path: Path, seconds: int = 2) -> Path:
    """A film that sounds all the time."""
    silent = film(path.with_name("silent.mp4"), numbered(25 * seconds))
    return remade(silent, path, "-f", "lavfi", "-i", f"sine=duration={seconds}", "-c:v", "copy", "-c:a", "aac")


def test_sound_of_a_kind_that_ffmpeg_does_not_know_is_noticed(tmp_path: Path) -> None:
    driver = with_sound(tmp_path / "driver.mkv")
    assert encode.can_be_heard(encode.Sound(driver, Fraction(1)))
    driver.write_bytes(driver.read_bytes().replace(b"A_AAC", b"A_XYZ"))
    assert video.probe(driver).has_sound
    assert not encode.can_be_heard(encode.Sound(driver, Fraction(1)))


def test_sound_that_is_damaged_further_on_does_not_cost_the_film(tmp_path: Path) -> None:
    sound = remade(with_sound(tmp_path / "driver.mp4"), tmp_path / "sound.mov", "-vn", "-c:a", "copy")
    data = bytearray(sound.read_bytes())
    start = data.index(b"mdat") + 4
    length = int.from_bytes(data[start - 8 : start - 4]) - 8
    data[start + length // 4 : start + length] = np.random.default_rng(0).bytes(length - length // 4)
    sound.write_bytes(data)
    pieces, out = [piece(tmp_path / "piece.mp4", 0, 50)], tmp_path / "out.mp4"
    encode.join(pieces, out, encode.format_of(out, False), FPS, 50, encode.Sound(sound, Fraction(0)))
    assert video.probe(out).frames == 50
    assert np.abs(heard(out)[4410:13230]).max() > 0.05


def test_films_whose_names_are_no_utf_8_are_read_and_joined(tmp_path: Path) -> None:
    plain, folder = film(tmp_path / "plain.mp4", numbered(20)), tmp_path / "Z\udcfcrich"
    try:
        folder.mkdir()
    except (OSError, UnicodeEncodeError):
        pytest.skip("a file system of Unicode names only")
    plain.rename(folder / "M\udcfcnchen.mp4")
    assert numbers_of(video.read_frames(video.probe(folder / "M\udcfcnchen.mp4"))) == list(range(20))
    pieces, out = [piece(folder / f"{first}.mp4", first) for first in (0, 10)], folder / "out.mp4"
    encode.join(pieces, out, encode.format_of(out, False), FPS, 20, None)
    assert numbers_of(video.read_frames(video.probe(out))) == list(range(20))
