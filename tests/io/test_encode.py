"""Writing films: exact rates and counts after joining, sound in step, alpha kept, and never half a film."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from making import film, numbered, numbers_of, onsets, remade, run, times_of
from sound import heard

from dancekit.errors import ClipError
from dancekit.io import encode, video

RATES = [Fraction(25), Fraction(30000, 1001), Fraction(24000, 1001), Fraction(25, 2), Fraction(60000, 1001)]
PIECES = (7, 13, 1, 9)


def write_pieces(folder: Path, form: encode.FilmFormat, fps: Fraction, frames: list[np.ndarray]) -> list[Path]:
    """Frames written in pieces of 7, 13, 1 and 9."""
    pieces, first = [], 0
    for number, count in enumerate(PIECES):
        piece = folder / f"piece{number}{form.suffix}"
        size = (frames[0].shape[1], frames[0].shape[0])
        writer = encode.FilmWriter(piece, form, size, fps, first)
        for frame in frames[first : first + count]:
            writer.write(frame)
        writer.close()
        pieces.append(piece)
        first += count
    return pieces


def joined(out: Path, fps: Fraction, transparent: bool = False, sound: encode.Sound | None = None) -> Path:
    """30 numbered frames, written in pieces and joined."""
    frames = list(numbered(sum(PIECES)))
    if transparent:
        frames = [np.dstack((frame, np.full(frame.shape[:2], 255, np.uint8))) for frame in frames]
    form = encode.format_of(out, transparent)
    pieces = write_pieces(out.parent, form, fps, frames)
    encode.join(pieces, out, form, fps, len(frames), sound)
    return out


@pytest.mark.parametrize("fps", RATES, ids=str)
@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_every_frame_falls_on_its_exact_time(tmp_path: Path, fps: Fraction, suffix: str) -> None:
    out = joined(tmp_path / f"film.{suffix}", fps)
    assert times_of(out) == [number / fps for number in range(30)]
    info = video.probe(out)
    assert (info.fps, info.frames, info.constant) == (fps, 30, True)
    assert numbers_of(video.read_frames(info)) == list(range(30))


@pytest.mark.parametrize("fps", RATES, ids=str)
@pytest.mark.parametrize("suffix", ["mkv", "webm"])
def test_containers_of_milliseconds_round_each_time_by_itself(tmp_path: Path, fps: Fraction, suffix: str) -> None:
    out = joined(tmp_path / f"film.{suffix}", fps)
    apart = [abs(time - number / fps) for number, time in enumerate(times_of(out))]
    assert len(apart) == 30
    assert max(apart) <= Fraction(1, 1000)
    assert video.probe(out).fps == fps


@pytest.mark.parametrize("suffix", ["mp4", "mov", "webm", "mkv"])
def test_colours_come_back_as_they_were_given(tmp_path: Path, suffix: str) -> None:
    colours = [(0, 0, 0), (255, 255, 255), (0, 177, 64), (200, 30, 40), (20, 40, 220)]
    wanted = np.repeat(np.array([colours], np.uint8), 20, axis=1).repeat(64, axis=0)
    out = tmp_path / f"film.{suffix}"
    form = encode.format_of(out, False)
    writer = encode.FilmWriter(out, form, (100, 64), Fraction(25))
    for _ in range(6):
        writer.write(wanted)
    writer.close()
    shown = next(iter(list(video.read_frames(video.probe(out), 3, 4))))
    middles = np.s_[32, 10::20]
    assert np.abs(shown[middles].astype(int) - wanted[middles].astype(int)).max() <= 6


@pytest.mark.parametrize(("suffix", "decoder"), [("mov", ()), ("webm", ("-c:v", "libvpx-vp9"))])
def test_transparent_films_keep_their_alpha_through_joining(
    tmp_path: Path, suffix: str, decoder: tuple[str, ...]
) -> None:
    steps = np.repeat(np.array([0, 85, 170, 255], np.uint8), 24)
    alpha = np.broadcast_to(steps[None], (64, 96))
    frames = [np.dstack((np.full((64, 96, 3), 150, np.uint8), alpha)) for _ in range(sum(PIECES))]
    out = tmp_path / f"film.{suffix}"
    form = encode.format_of(out, True)
    encode.join(write_pieces(tmp_path, form, Fraction(25), frames), out, form, Fraction(25), len(frames), None)
    raw = run(*decoder, "-i", str(out), "-f", "rawvideo", "-pix_fmt", "rgba", "-")
    shown = np.frombuffer(raw, np.uint8).reshape(-1, 64, 96, 4)
    assert len(shown) == 30
    seen = shown[:, 32, [12, 36, 60, 84], 3].astype(int)
    assert np.abs(seen - [0, 85, 170, 255]).max() <= 3
    assert np.abs(shown[:, 32, [60, 84], :3].astype(int) - 150).max() <= 5


def clicking_film(path: Path, beats: list[float], seconds: float, late: float = 0.0) -> Path:
    """A film with a click at each beat (seconds from the start of the file), its picture starting `late` s later."""
    sound = np.zeros(round(seconds * 44100), np.float32)
    for beat in beats:
        place = round(beat * 44100)
        sound[place : place + 800] = 0.7 * np.sin(np.arange(800) * 0.2)[: len(sound) - place]
    encode.write_wav(path.with_suffix(".wav"), sound)
    silent = film(path.with_name("silent.mp4"), numbered(round((seconds - late) * 25)))
    options = ("-i", str(path.with_suffix(".wav")), "-map", "0:v", "-map", "1:a", "-c:v", "copy")
    return remade(silent, path, *options, before=("-itsoffset", str(late)))


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "webm"])
def test_sound_is_in_step_within_a_frame(tmp_path: Path, suffix: str) -> None:
    driver = clicking_film(tmp_path / "driver.mp4", [0.2, 0.6, 1.0], 1.2)
    out = joined(tmp_path / f"film.{suffix}", Fraction(25), sound=encode.Sound(driver, Fraction(0)))
    assert onsets(heard(out)) == pytest.approx([0.2, 0.6, 1.0], abs=0.02)


def test_sound_starts_where_the_moves_start(tmp_path: Path) -> None:
    driver = clicking_film(tmp_path / "driver.mkv", [0.3, 0.9, 1.5], 1.8, late=0.4)
    info = video.probe(driver)
    start = info.start + Fraction(5) / info.fps
    out = joined(tmp_path / "film.mp4", Fraction(25), sound=encode.Sound(driver, start))
    assert onsets(heard(out)) == pytest.approx([0.9 - float(start), 1.5 - float(start)], abs=0.02)


@pytest.mark.parametrize("start", [Fraction(0), Fraction(1, 2), Fraction(5, 2)])
def test_sound_is_there_from_its_very_first_sample(tmp_path: Path, start: Fraction) -> None:
    driver = clicking_film(tmp_path / "driver.mp4", [0.0, 0.5, 2.5], 3.6)
    out = joined(tmp_path / "film.mov", Fraction(25), transparent=True, sound=encode.Sound(driver, start))
    loud = np.flatnonzero(np.abs(heard(out)) > 0.2)
    assert loud[0] / 44100 < 0.002
    assert loud[loud < 4410][-1] / 44100 == pytest.approx(800 / 44100, abs=0.002)


def test_sound_that_begins_late_stays_late(tmp_path: Path) -> None:
    encode.write_wav(tmp_path / "a.wav", 0.5 * np.sin(np.arange(44100) * 0.1).astype(np.float32))
    silent = film(tmp_path / "silent.mp4", numbered(50))
    late = ("-itsoffset", "0.5", "-i", str(tmp_path / "a.wav"), "-map", "0:v", "-map", "1:a", "-c:v", "copy")
    driver = remade(silent, tmp_path / "driver.mkv", *late, "-c:a", "pcm_s16le")
    out = joined(tmp_path / "film.mp4", Fraction(25), sound=encode.Sound(driver, Fraction(0)))
    assert onsets(heard(out))[0] == pytest.approx(0.5, abs=0.02)


def test_sound_ends_with_the_picture(tmp_path: Path) -> None:
    driver = clicking_film(tmp_path / "driver.mp4", [0.2], 4.0)
    out = joined(tmp_path / "film.mov", Fraction(25), transparent=True, sound=encode.Sound(driver, Fraction(0)))
    assert len(heard(out)) / 44100 == pytest.approx(1.2, abs=0.03)


def test_a_file_without_sound_gives_none(tmp_path: Path) -> None:
    out = joined(tmp_path / "film.mp4", Fraction(25))
    assert len(heard(out)) == 0
    assert not video.probe(out).has_sound


def test_pictures_of_all_pieces_end_up_in_one_folder(tmp_path: Path) -> None:
    form = encode.format_of(tmp_path / "out", True)
    frames = [np.dstack((frame, frame[..., 0])) for frame in numbered(sum(PIECES))]
    encode.gather_pictures(write_pieces(tmp_path, form, Fraction(25), frames), tmp_path / "out", len(frames))
    names = sorted(path.name for path in (tmp_path / "out").glob("*.png"))
    assert names == [f"{number:06d}.png" for number in range(30)]
    raw = run("-i", str(tmp_path / "out" / "000017.png"), "-f", "rawvideo", "-pix_fmt", "rgba", "-")
    assert np.array_equal(np.frombuffer(raw, np.uint8).reshape(64, 96, 4), frames[17])


def test_pictures_left_by_an_earlier_film_are_gone(tmp_path: Path) -> None:
    form = encode.format_of(tmp_path / "out", True)
    frames = [np.dstack((frame, frame[..., 0])) for frame in numbered(sum(PIECES))]
    encode.gather_pictures(write_pieces(tmp_path, form, Fraction(25), frames), tmp_path / "out", len(frames))
    encode.gather_pictures(write_pieces(tmp_path, form, Fraction(25), frames)[:1], tmp_path / "out", PIECES[0])
    assert len(list((tmp_path / "out").glob("*.png"))) == PIECES[0]


def test_only_what_dancekit_made_is_its_own(tmp_path: Path) -> None:
    assert encode.is_ours(joined(tmp_path / "ours.mp4", Fraction(25)))
    assert encode.is_ours(joined(tmp_path / "ours.webm", Fraction(25), transparent=True))
    assert encode.is_ours(joined(tmp_path / "ours.mov", Fraction(25), transparent=True))
    assert not encode.is_ours(film(tmp_path / "theirs.mp4", numbered(5)))
    (tmp_path / "note.mp4").write_text("not a film")
    assert not encode.is_ours(tmp_path / "note.mp4")
    for name in (encode.MARK, f"comment : {encode.MARK}"):
        (tmp_path / name).mkdir()
        assert not encode.is_ours(film(tmp_path / name / f"{name}.mp4", numbered(5))), "a name is no mark"
    (tmp_path / "album").mkdir()
    assert encode.is_ours(tmp_path / "album"), "an empty folder has nothing to lose"
    (tmp_path / "album" / "a.png").write_bytes(b"x")
    assert not encode.is_ours(tmp_path / "album")


def test_a_join_that_fails_leaves_the_old_film_and_no_scraps(tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    out.write_text("the old film")
    (tmp_path / "broken.mp4").write_text("no film")
    before = {path.name for path in tmp_path.iterdir()} | {"pieces.txt"}
    with pytest.raises(ClipError, match=r"film\.mp4"):
        encode.join([tmp_path / "broken.mp4"], out, encode.format_of(out, False), Fraction(25), 5, None)
    assert out.read_text() == "the old film"
    assert {path.name for path in tmp_path.iterdir()} == before


def test_an_abandoned_film_can_be_written_again(tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    form = encode.format_of(out, False)
    writer = encode.FilmWriter(out, form, (96, 64), Fraction(25))
    writer.write(next(numbered(1)))
    writer.abandon()
    writer = encode.FilmWriter(out, form, (96, 64), Fraction(25))
    for frame in numbered(5):
        writer.write(frame)
    writer.close()
    assert numbers_of(video.read_frames(video.probe(out))) == [0, 1, 2, 3, 4]


def test_any_file_and_folder_name_will_do(tmp_path: Path) -> None:
    folder = tmp_path / "12:30 it's 100% [x] #dance ?"
    folder.mkdir()
    out = joined(folder / "it's: 50% #shorts.mp4", Fraction(25))
    assert numbers_of(video.read_frames(video.probe(out))) == list(range(30))
    assert encode.is_ours(out)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    form = encode.format_of(Path("film.mp4"), False)
    writer = encode.FilmWriter(tmp_path / "missing" / "film.mp4", form, (96, 64), Fraction(25))
    with pytest.raises(ClipError, match=r"film\.mp4"):
        for frame in numbered(400):
            writer.write(frame)
        writer.close()
    writer.abandon()


@pytest.mark.parametrize(
    ("name", "transparent", "words"),
    [
        ("film.gif", False, "films cannot be written as .gif"),
        ("film.gif", True, "films cannot be written as .gif"),
        ("film.mp4", True, "cannot be transparent"),
    ],
)
def test_formats_that_will_not_do_are_refused(name: str, transparent: bool, words: str) -> None:
    with pytest.raises(ClipError, match=words) as caught:
        encode.format_of(Path(name), transparent)
    assert ".mov" in caught.value.hint
    assert ".webm" in caught.value.hint
    assert "folder" in caught.value.hint
    assert (".mp4" in caught.value.hint) != transparent, "which has nothing behind"


def test_joining_does_not_write_into_a_file_that_another_may_still_write(tmp_path: Path) -> None:
    left = tmp_path / "joined.mp4"
    left.write_text("of a run that was killed")
    other = tmp_path / "held"
    other.hardlink_to(left)
    assert video.probe(joined(tmp_path / "film.mp4", Fraction(25))).frames == sum(PIECES)
    assert other.read_text() == "of a run that was killed"
