"""Reading films: upright, with square pixels, in ordinary colours, and clear words about what is no film."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from making import H264, film, numbered, numbers_of, remade, run
from trouble import unreadable

from dancekit.errors import ClipError, WorkspaceError
from dancekit.io import ffmpeg, video

RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 180, 30), (30, 30, 200), (220, 220, 220)


def corners(size: tuple[int, int] = (96, 64)) -> np.ndarray:
    """A picture whose quarters are red, green (upper right), blue and white (lower right)."""
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    across, down = size[0] // 2, size[1] // 2
    picture[:down, :across], picture[:down, across:] = RED, GREEN
    picture[down:, :across], picture[down:, across:] = BLUE, WHITE
    return picture


def quarters(frame: np.ndarray) -> list[np.ndarray]:
    """Colours in the middle of the quarters: upper left, upper right, lower left, lower right."""
    height, width = frame.shape[:2]
    return [frame[y, x].astype(int) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]


def assert_quarters(frame: np.ndarray, *wanted: tuple[int, int, int], within: int = 14) -> None:
    for found, colour in zip(quarters(frame), wanted, strict=True):
        assert np.abs(found - colour).max() <= within, (found, colour)


def first_frame(info: video.VideoInfo) -> np.ndarray:
    return next(iter(list(video.read_frames(info, 0, 1))))


@pytest.mark.parametrize(
    ("turn", "size", "wanted"),
    [
        ("90", (64, 96), (GREEN, WHITE, RED, BLUE)),
        ("-90", (64, 96), (BLUE, RED, WHITE, GREEN)),
        ("180", (96, 64), (WHITE, BLUE, GREEN, RED)),
    ],
)
def test_films_are_turned_upright(
    tmp_path: Path, turn: str, size: tuple[int, int], wanted: tuple[tuple[int, int, int], ...]
) -> None:
    plain = film(tmp_path / "plain.mp4", [corners()] * 5)
    turned = remade(plain, tmp_path / "turned.mp4", "-c", "copy", before=("-display_rotation", turn))
    info = video.probe(turned)
    assert (info.width, info.height) == size
    assert_quarters(first_frame(info), *wanted)


@pytest.mark.parametrize(
    ("turn", "size", "wanted"),
    [
        (90, (64, 96), (BLUE, RED, WHITE, GREEN)),
        (180, (96, 64), (WHITE, BLUE, GREEN, RED)),
        (270, (64, 96), (GREEN, WHITE, RED, BLUE)),
    ],
)
def test_films_are_turned_further_when_asked_to(
    tmp_path: Path, turn: int, size: tuple[int, int], wanted: tuple[tuple[int, int, int], ...]
) -> None:
    plain = film(tmp_path / "plain.mp4", [corners()] * 5)
    info = video.probe(plain, turn=turn)
    assert (info.width, info.height, info.turn) == (*size, turn)
    assert_quarters(first_frame(info), *wanted)
    (part,) = video.read_frames(info, 0, 1, (0, 0, size[0] // 2, size[1] // 2))
    assert np.abs(part[size[1] // 4, size[0] // 4].astype(int) - wanted[0]).max() <= 14, "windows are of the turned one"
    tagged = remade(plain, tmp_path / "tagged.mp4", "-c", "copy", before=("-display_rotation", str(turn)))
    info = video.probe(tagged, longest_side=48, turn=turn)
    assert (info.width, info.height, info.shrunk) == (48, 32, 0.5)
    assert_quarters(first_frame(info), RED, GREEN, BLUE, WHITE)


@pytest.mark.parametrize("turn", [90, 180, 270])
@pytest.mark.parametrize("colours", ["yuv420p", "yuv422p"])
def test_odd_sizes_are_turned_whole(tmp_path: Path, turn: int, colours: str) -> None:
    kind = ("-c:v", "ffv1", "-pix_fmt", colours)
    info = video.probe(film(tmp_path / "film.mkv", numbered(5, (97, 65)), "25", *kind), turn=turn)
    assert (info.width, info.height) == ((65, 97) if turn % 180 else (97, 65))
    assert first_frame(info).shape == (info.height, info.width, 3)


def test_pixels_that_are_not_square_are_stretched(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", [corners()] * 5, "25", "-vf", "setsar=4/3", *H264)
    info = video.probe(path)
    assert (info.width, info.height) == (128, 64)
    assert_quarters(first_frame(info), RED, GREEN, BLUE, WHITE)


@pytest.mark.parametrize("size", [(97, 65), (33, 111)])
def test_odd_sizes_are_read_as_they_are(tmp_path: Path, size: tuple[int, int]) -> None:
    path = film(tmp_path / "film.mkv", numbered(10, size), "25", "-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv444p")
    info = video.probe(path)
    assert (info.width, info.height) == size
    frames = list(video.read_frames(info))
    assert frames[0].shape == (size[1], size[0], 3)
    assert numbers_of(frames) == list(range(10))


def test_large_films_are_read_smaller_in_shape(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", [corners((192, 128))] * 5)
    info = video.probe(path, longest_side=96)
    assert (info.width, info.height, info.shrunk) == (96, 64, 0.5)
    assert_quarters(first_frame(info), RED, GREEN, BLUE, WHITE)
    assert (video.probe(path, longest_side=192).width, video.probe(path, longest_side=192).shrunk) == (192, 1)


@pytest.mark.parametrize("colours", ["bt709", "smpte170m"])
def test_colours_survive_both_usual_matrices(tmp_path: Path, colours: str) -> None:
    tags = f"setparams=color_primaries={colours}:color_trc={colours}:colorspace={colours}:range=tv"
    matrix = ("-vf", f"scale=out_color_matrix={colours}:out_range=tv,format=yuv420p,{tags}")
    path = film(tmp_path / "film.mp4", [corners()] * 3, "25", *matrix, *H264)
    assert_quarters(first_frame(video.probe(path)), RED, GREEN, BLUE, WHITE, within=8)


def test_a_ten_bit_film_keeps_its_brightness(tmp_path: Path) -> None:
    options = ("-c:v", "libx265", "-x265-params", "log-level=error", "-crf", "8", "-pix_fmt", "yuv420p10le")
    info = video.probe(film(tmp_path / "film.mp4", [corners()] * 5, "25", *options))
    assert info.tone == ""
    assert_quarters(first_frame(info), RED, GREEN, BLUE, WHITE)


def high_range(
    path: Path, picture: np.ndarray, curve: str, primaries: str = "bt2020", matrix: str = "bt2020nc"
) -> Path:
    """A film in HDR of one picture uint8 [64, 96, 3], in bt2020 whatever its tags say."""
    tags = f"setparams=color_primaries={primaries}:color_trc={curve}:colorspace={matrix}:range=tv"
    colours = ("-vf", f"scale=out_color_matrix=bt2020nc:out_range=tv,format=yuv420p10le,{tags}")
    return film(path, [picture] * 5, "25", *colours, "-c:v", "libx265", "-x265-params", "log-level=error", "-crf", "8")


@pytest.mark.parametrize("curve", ["arib-std-b67", "smpte2084"])
def test_high_dynamic_range_is_brought_down_to_the_ordinary(tmp_path: Path, curve: str) -> None:
    greys = np.repeat(np.array([0, 60, 120, 180], np.uint8), 24)
    picture = np.ascontiguousarray(np.broadcast_to(greys[None, :, None], (64, 96, 3)))
    info = video.probe(high_range(tmp_path / "film.mp4", picture, curve))
    assert info.tone == curve
    frame = first_frame(info)
    seen = [int(frame[32, x].mean()) for x in (12, 36, 60, 84)]
    assert seen[0] <= 6
    assert all(dark + 10 < bright for dark, bright in pairwise(seen))
    assert np.ptp(frame[32, 60].astype(int)) <= 6, "grey stays grey"


@pytest.mark.parametrize("curve", ["arib-std-b67", "smpte2084"])
@pytest.mark.parametrize(
    ("primaries", "matrix"), [("unknown", "bt2020nc"), ("bt2020", "unknown"), ("unknown", "unknown")]
)
def test_high_dynamic_range_that_does_not_name_its_colours_is_read_as_bt2020(
    tmp_path: Path, curve: str, primaries: str, matrix: str
) -> None:
    named = video.probe(high_range(tmp_path / "named.mp4", corners(), curve))
    untold = video.probe(high_range(tmp_path / "untold.mp4", corners(), curve, primaries, matrix))
    assert untold.tone == curve
    assert np.array_equal(first_frame(untold), first_frame(named))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("[AVFilterGraph] No such filter: 'zscale'\nFilter not found", "it lacks zscale"),
        ("[zscale] code 3074: no path between colorspaces\nInvalid data", "no frame can be decoded: Invalid data"),
    ],
)
def test_only_an_ffmpeg_without_the_filter_for_high_dynamic_range_is_blamed_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, words: str
) -> None:
    path, run_ffmpeg = high_range(tmp_path / "film.mp4", corners(), "smpte2084"), ffmpeg.run
    failing = (b"", said, 1)
    monkeypatch.setattr(ffmpeg, "run", lambda given: failing if "image2pipe" in given else run_ffmpeg(given))
    with pytest.raises(ClipError, match=words):
        video.probe(path)


def combs(frame: np.ndarray) -> float:
    """How much lines differ from those above and below them."""
    lines = frame.astype(float)
    return float(np.abs(lines[1:-1] - (lines[:-2] + lines[2:]) / 2).mean())


@pytest.mark.parametrize("suffix", ["mts", "mp4", "avi"])
@pytest.mark.parametrize("order", ["tff", "bff"])
def test_interlaced_films_are_read_without_combs(tmp_path: Path, suffix: str, order: str) -> None:
    places = np.arange(100)[:, None], np.arange(96)[None]
    bars = np.where((places[1] >= places[0]) & (places[1] < places[0] + 24), 220, 40).astype(np.uint8)
    halves = np.broadcast_to(bars[:, None, :, None], (100, 64, 96, 3))
    pictures = halves[::2].copy()
    late = slice(1, None, 2) if order == "tff" else slice(0, None, 2)
    pictures[:, late] = halves[1::2, late]
    options = ("-vf", f"setfield={order},format=yuv420p", "-c:v", "libx264", "-flags", "+ilme+ildct", "-crf", "10")
    path = film(tmp_path / f"film.{suffix}", pictures, "25", *options, *(("-f", "mpegts") if suffix == "mts" else ()))
    info = video.probe(path)
    frames = list(video.read_frames(info))
    assert len(frames) == info.frames == 50
    assert combs(pictures[20]) > 3
    assert max(map(combs, frames)) < 0.5
    first = [int(np.flatnonzero(frame[31, :, 0] > 130)[0]) for frame in frames[1:40]]
    assert np.abs(np.array(first) - np.arange(2, 80, 2)).max() <= 1, "every picture once and in its place"
    assert np.abs(next(video.read_frames(info, 20, 21)).astype(int) - frames[20]).max() <= 8


def test_sound_is_noticed(tmp_path: Path) -> None:
    silent = film(tmp_path / "silent.mp4", numbered(25))
    assert not video.probe(silent).has_sound
    loud = remade(silent, tmp_path / "loud.mp4", "-f", "lavfi", "-i", "sine=duration=1", "-c:v", "copy")
    assert video.probe(loud).has_sound


def test_a_cover_picture_is_not_the_film(tmp_path: Path) -> None:
    plain = film(tmp_path / "plain.mp4", numbered(25))
    run("-f", "lavfi", "-i", "color=red:size=40x40", "-frames:v", "1", "-y", str(tmp_path / "cover.png"))
    both = ("-i", str(tmp_path / "cover.png"), "-map", "1", "-map", "0", "-c", "copy")
    covered = remade(plain, tmp_path / "film.mp4", *both, "-disposition:v:0", "attached_pic")
    info = video.probe(covered)
    assert (info.width, info.height, info.frames) == (96, 64, 25)
    assert numbers_of(video.read_frames(info)) == list(range(25))


def _text(path: Path) -> None:
    path.write_text("Once upon a time there was a film, but this is not it.")


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _headless(path: Path) -> None:
    whole = film(path.with_name("whole.mp4"), numbered(50), "25", *H264, "-movflags", "-faststart")
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])


def _sound(path: Path) -> None:
    run("-f", "lavfi", "-i", "sine=duration=1", "-y", str(path))


def _one_picture(path: Path) -> None:
    film(path, numbered(1))


def _no_picture(path: Path) -> None:
    run("-f", "lavfi", "-i", "color=red:size=40x40", "-frames:v", "0", "-y", str(path))


def _photograph(path: Path) -> None:
    run("-f", "lavfi", "-i", "color=red:size=40x40", "-frames:v", "1", "-f", "image2", "-c:v", "mjpeg", "-y", str(path))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_text, "not a film"),
        (_empty, "the file is empty"),
        (_headless, "cut short"),
        (_sound, "sound but no pictures"),
        (_one_picture, "still picture"),
        (_photograph, "still picture"),
        (_no_picture, "holds no frames"),
    ],
)
def test_what_is_no_film_is_named_for_what_it_is(tmp_path: Path, make: Callable[[Path], None], words: str) -> None:
    path = tmp_path / "film.mp4"
    make(path)
    with pytest.raises(ClipError, match=words) as caught:
        video.probe(path)
    assert str(path) in caught.value.problem
    assert caught.value.hint


@pytest.mark.parametrize(("read", "name"), [(video.probe, "secret.mp4"), (video.read_picture, "secret.jpg")])
def test_a_file_that_may_not_be_read_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], object], name: str
) -> None:
    path = unreadable(tmp_path / name, monkeypatch)
    with pytest.raises(WorkspaceError, match=r"secret\.\w+: no permission to read this file") as caught:
        read(path)
    assert "permissions" in caught.value.hint


def test_a_bare_stream_comes_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="bare pictures") as caught:
        video.probe(film(tmp_path / "camera.h264", numbered(30)))
    assert "ffmpeg -i camera.h264 -c copy camera.mp4" in caught.value.hint


def test_a_film_cut_off_in_the_middle_still_tells_its_full_length(tmp_path: Path) -> None:
    whole = film(tmp_path / "whole.mp4", numbered(100), "25", *H264, "-g", "1", "-movflags", "+faststart")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 3 // 4])
    info = video.probe(cut)
    readable = numbers_of(video.read_frames(info))
    assert info.frames == 100
    assert 50 < len(readable) < 90
    assert readable[:-1] == list(range(len(readable) - 1))


def test_pictures_are_read_in_rgb(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "picture.png"), cv2.cvtColor(corners(), cv2.COLOR_RGB2BGR))
    assert np.array_equal(video.read_picture(tmp_path / "picture.png"), corners())


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_text("no picture")
    with pytest.raises(ClipError, match="not a picture"):
        video.read_picture(tmp_path / "picture.png")
    with pytest.raises(ClipError, match="no such picture"):
        video.read_picture(tmp_path / "other.png")
