"""Reading films: the exact rate, every frame once and in its place, whatever container and codec."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from making import H264, film, numbered, numbers_of, remade, times_of

from dancekit.io import video

NTSC, CINEMA = Fraction(30000, 1001), Fraction(24000, 1001)


@pytest.mark.parametrize(
    ("rate", "exact"),
    [("30000/1001", NTSC), ("24000/1001", CINEMA), ("25", Fraction(25)), ("60000/1001", Fraction(60000, 1001))],
)
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_rates_are_exact_fractions(tmp_path: Path, rate: str, exact: Fraction, suffix: str) -> None:
    info = video.probe(film(tmp_path / f"film.{suffix}", numbered(40), rate))
    assert (info.fps, info.frames, info.constant, info.start) == (exact, 40, True, 0)


def test_rates_given_in_decimals_are_recognised() -> None:
    ticks = [round(number * 1000 / 29.97) for number in range(300)]
    assert video.frame_rate(ticks, Fraction(1, 1000)) == (NTSC, True)
    ticks = [round(number * 1000 / 23.976) for number in range(300)]
    assert video.frame_rate(ticks, Fraction(1, 1000)) == (CINEMA, True)


def test_rates_are_told_apart_within_the_resolution_of_the_ticks() -> None:
    base = Fraction(1, 90000)
    assert video.frame_rate([3000 * n for n in range(50)], base) == (Fraction(30), True)
    assert video.frame_rate([3003 * n for n in range(50)], base) == (NTSC, True)
    assert video.frame_rate([0, 1, 2, 3], Fraction(1, 8)) == (Fraction(8), True)


def test_unusual_rates_are_kept() -> None:
    rate, constant = video.frame_rate([800 * n for n in range(80)], Fraction(1, 10000))
    assert (rate, constant) == (Fraction(25, 2), True)


def test_a_pause_or_a_late_start_does_not_bend_the_rate() -> None:
    base = Fraction(1, 90000)
    assert video.frame_rate([n * 3000 + (90000 if n > 20 else 0) for n in range(60)], base) == (Fraction(30), False)
    assert video.frame_rate([0, *(9000 + n * 3000 for n in range(60))], base) == (Fraction(30), False)


def test_jitter_of_one_tick_is_still_constant() -> None:
    ticks = [0, 33, 67, 100, 133, 167, 200, 233, 267, 300]
    assert video.frame_rate(ticks, Fraction(1, 1000)) == (Fraction(30), True)


def test_every_frame_comes_once_and_in_order(tmp_path: Path) -> None:
    info = video.probe(film(tmp_path / "film.mp4", numbered(60)))
    assert numbers_of(video.read_frames(info)) == list(range(60))


CONTAINERS = {
    "b-frames and a long GOP": ("mp4", (*H264, "-bf", "3", "-g", "250")),
    "matroska": ("mkv", (*H264, "-bf", "3", "-g", "250")),
    "vp9": ("webm", ("-c:v", "libvpx-vp9", "-crf", "20", "-b:v", "0", "-cpu-used", "8")),
    "hevc 10 bit": ("mp4", ("-c:v", "libx265", "-x265-params", "log-level=error", "-pix_fmt", "yuv420p10le",
                            "-tag:v", "hvc1")),
    "camcorder": ("mts", (*H264, "-bf", "2", "-g", "15", "-f", "mpegts")),
    "avi without time stamps": ("avi", (*H264, "-bf", "3", "-g", "30")),
    # Of frames as small as these, several go into a usual packet and share a time stamp; ffmpeg guesses the others. How
    # small they are depends on the number of threads, and so, on cores.
    "mpeg program stream": ("mpg", ("-c:v", "mpeg2video", "-q:v", "2", "-bf", "2", "-g", "12", "-threads", "1",
                            "-packetsize", "128")),
    "motion jpeg": ("avi", ("-c:v", "mjpeg", "-q:v", "3")),
    "flash": ("flv", (*H264, "-g", "30")),
}  # fmt: skip


@pytest.mark.parametrize("kind", CONTAINERS)
def test_seeking_is_exact_to_the_frame(tmp_path: Path, kind: str) -> None:
    suffix, options = CONTAINERS[kind]
    info = video.probe(film(tmp_path / f"film.{suffix}", numbered(150), "25", *options))
    assert (info.fps, info.frames) == (25, 150)
    assert numbers_of(video.read_frames(info)) == list(range(150))
    for first in (1, 29, 75, 147):
        assert numbers_of(video.read_frames(info, first, first + 3)) == [first, first + 1, first + 2]


def test_numbers_count_from_the_first_frame_that_is_used(tmp_path: Path) -> None:
    whole = video.probe(film(tmp_path / "film.mp4", numbered(60)))
    part = replace(whole, first=20, frames=15)
    assert numbers_of(video.read_frames(part)) == list(range(20, 35))
    assert numbers_of(video.read_frames(part, 4, 6)) == [24, 25]


@pytest.mark.parametrize("window", [(0, 0, 20, 16), (14, 6, 48, 32), (2, 4, 4, 6)])
def test_a_window_is_that_part_of_the_frames(tmp_path: Path, window: video.Window) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (4, 8, 12, 3), np.uint8)
    path = tmp_path / "film.mp4"
    film(path, (cv2.resize(frame, (48, 32)) for frame in noise))
    info, (left, top, right, bottom) = video.probe(path), window
    whole, part = list(video.read_frames(info)), list(video.read_frames(info, window=window))
    assert len(part) == len(whole) == 4
    for frame, own in zip(whole, part, strict=True):
        assert (own == frame[top:bottom, left:right]).all()


def test_a_film_cut_only_at_its_end_is_read_no_further(tmp_path: Path) -> None:
    whole = video.probe(film(tmp_path / "film.mp4", numbered(60)))
    assert numbers_of(video.read_frames(replace(whole, frames=25))) == list(range(25))


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
@pytest.mark.parametrize("between", ["0", "3"])
def test_a_film_trimmed_without_encoding_is_read_as_players_show_it(tmp_path: Path, between: str, suffix: str) -> None:
    whole = film(tmp_path / "whole.mp4", numbered(50), "25", *H264, "-bf", between, "-g", "250")
    trimmed = remade(whole, tmp_path / f"trimmed.{suffix}", "-c", "copy", before=("-ss", "0.5"))
    assert [time for time in times_of(trimmed) if time < 0], "what comes before is in the file, but not shown"
    info = video.probe(trimmed)
    assert (info.fps, info.frames, info.start, info.constant) == (25, 37, 0, True)
    assert numbers_of(video.read_frames(info)) == list(range(13, 50))
    for first in (1, 12, 35):
        assert numbers_of(video.read_frames(info, first, first + 2)) == [13 + first, 14 + first]


@pytest.mark.parametrize("suffix", ["mkv", "avi"])
def test_containers_that_cannot_hide_frames_show_all_that_trimming_left(tmp_path: Path, suffix: str) -> None:
    whole = film(tmp_path / f"whole.{suffix}", numbered(50), "25", *H264, "-bf", "3", "-g", "250", "-sc_threshold", "0")
    info = video.probe(remade(whole, tmp_path / f"trimmed.{suffix}", "-c", "copy", before=("-ss", "0.5")))
    assert info.frames == 50
    assert numbers_of(video.read_frames(info)) == list(range(50))


VARIABLE = "settb=1/90000,setpts='if(lt(N,30),N*3000,90000+(N-30)*6000)'"
"""30 frames at 30 frames/s, then 15 frames/s."""


@pytest.fixture
def variable(tmp_path: Path) -> video.VideoInfo:
    options = ("-fps_mode", "passthrough", "-enc_time_base", "1/90000", "-video_track_timescale", "90000")
    return video.probe(film(tmp_path / "film.mp4", numbered(50), "30", "-vf", VARIABLE, *options, *H264))


def test_a_variable_rate_is_resampled_on_the_time_stamps(variable: video.VideoInfo) -> None:
    assert (variable.fps, variable.constant) == (30, False)
    shown = numbers_of(video.read_frames(variable))
    slow = [number for number in range(30, 49) for _ in range(2)]
    assert shown[: 30 + len(slow)] == [*range(30), *slow]
    assert len(shown) == variable.frames
    assert set(shown[30 + len(slow) :]) == {49}


def test_seeking_in_a_variable_rate_gives_the_same_frames(variable: video.VideoInfo) -> None:
    shown = numbers_of(video.read_frames(variable))
    for first in (1, 15, 31, 50, 63):
        assert numbers_of(video.read_frames(variable, first, first + 2)) == shown[first : first + 2]


def test_a_long_pause_holds_the_last_picture_also_after_seeking(tmp_path: Path) -> None:
    pause = "settb=1/90000,setpts='if(lt(N,20),N*3600,N*3600+720000)'"
    options = ("-fps_mode", "passthrough", "-enc_time_base", "1/90000", "-video_track_timescale", "90000")
    info = video.probe(film(tmp_path / "film.mp4", numbered(40), "25", "-vf", pause, *options, *H264))
    shown = numbers_of(video.read_frames(info))
    assert shown[19:219] == [19] * 200
    assert shown[220:225] == [20, 21, 22, 23, 24]
    assert numbers_of(video.read_frames(info, 180, 182)) == [19, 19]


def test_a_picture_that_starts_later_than_the_sound_is_placed_in_time(tmp_path: Path) -> None:
    silent = film(tmp_path / "silent.mp4", numbered(50))
    late = tmp_path / "late.mkv"
    remade(silent, late, "-f", "lavfi", "-i", "sine=duration=3", "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a",
           "pcm_s16le", before=("-itsoffset", "0.52"))  # fmt: skip
    assert times_of(late)[0] == Fraction(52, 100)
    info = video.probe(late)
    assert (info.start, info.frames, info.has_sound) == (Fraction(52, 100), 50, True)
    assert numbers_of(video.read_frames(info)) == list(range(50))
    assert numbers_of(video.read_frames(info, 30, 32)) == [30, 31]


@pytest.mark.parametrize("name", ["12:30 my film's 100% [x].mp4", "-i.mp4", "踊り.mp4", "http:..mp4"])
def test_any_file_name_will_do(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    film(tmp_path / "film.mp4", numbered(30)).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert numbers_of(video.read_frames(video.probe(Path(name)), 10, 12)) == [10, 11]
