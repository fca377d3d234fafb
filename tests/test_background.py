"""What --bg says: colours by name and by number, and files, which come first."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from trouble import unreadable

from dancekit import background
from dancekit.errors import ClipError, WorkspaceError
from dancekit.io import ffmpeg, video


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("green", (0, 177, 64)),
        ("Orange", (235, 125, 40)),
        ("#ff8800", (255, 136, 0)),
        ("ff8800", (255, 136, 0)),
        ("FF8800", (255, 136, 0)),
        ("123456", (0x12, 0x34, 0x56)),
        ("#f80", (255, 136, 0)),
        (None, background.PLAIN),
    ],
)
def test_a_colour_has_a_name_or_a_number(text: str | None, colour: tuple[int, int, int]) -> None:
    picture = background.parse(text).picture
    assert picture is not None
    assert picture.tolist() == [[list(colour)]]


def test_a_file_comes_before_the_number_of_a_colour_and_after_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "abcdef").write_text("no picture, and no film")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ClipError, match="--bg abcdef: neither a picture nor a film"):
        background.parse("abcdef")
    (tmp_path / "green").mkdir()
    for text in ("#abcdef", "green"):
        assert background.parse(text).picture is not None


def drawn(path: Path, *options: str, pictures: int = 1) -> Path:
    """Red pictures of 64x48 px, in the format that the options or the suffix ask for."""
    red = ("-f", "lavfi", "-i", "color=0xc81e1e:size=64x48:rate=10", "-frames:v", str(pictures))
    _, said, status = ffmpeg.run(["-v", "error", *red, *options, "-y", str(path)])
    if status:
        pytest.skip(f"this ffmpeg cannot write such a picture: {said}")
    return path


def assert_red(picture: np.ndarray | None) -> None:
    assert picture is not None
    assert picture.shape == (48, 64, 3)
    assert np.abs(picture.mean((0, 1)) - (200, 30, 30)).max() <= 8


AVIF = ("-c:v", "libaom-av1", "-still-picture", "1", "-cpu-used", "8")


@pytest.mark.parametrize(
    ("made", "options", "name"),
    [
        ("a.png", (), "a.png"),
        ("a.jpg", (), "a.jpe"),
        ("a.jpg", (), "beach"),
        ("a.png", (), "beach.txt"),
        ("a.gif", (), "a.gif"),
        ("a.gif", (), "a.jpg"),
        ("a.avif", AVIF, "a.avif"),
        ("a.avif", AVIF, "a.jpg"),
    ],
)
def test_a_picture_is_known_by_what_is_in_it(tmp_path: Path, made: str, options: tuple[str, ...], name: str) -> None:
    path = drawn(tmp_path / made, *options).rename(tmp_path / name)
    assert_red(background.parse(str(path)).picture)


@pytest.mark.parametrize("name", ["a.avif", "a.heic", "a"])
def test_a_picture_that_only_ffmpeg_can_read_is_read_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def refused(path: Path) -> np.ndarray:
        raise ClipError(f"{path}: no picture", "none")

    path = drawn(tmp_path / "a.avif", *AVIF).rename(tmp_path / name)
    monkeypatch.setattr(video, "read_picture", refused)
    assert_red(background.parse(str(path)).picture)


@pytest.mark.parametrize(("name", "kind"), [("a.png", np.uint8), ("a.png", np.uint16), ("a.webp", np.uint8)])
def test_where_a_picture_is_seen_through_the_plain_colour_is(tmp_path: Path, name: str, kind: type) -> None:
    most, picture = np.iinfo(kind).max, np.zeros((8, 12, 4), kind)
    picture[..., 2] = most
    picture[:, :4, 3], picture[:, 4:8, 3] = most, most // 2
    cv2.imwrite(str(tmp_path / name), picture, [cv2.IMWRITE_WEBP_QUALITY, 101])
    shown = background.parse(str(tmp_path / name)).picture
    assert shown is not None
    assert np.abs(shown[0, 1].astype(int) - [255, 0, 0]).max() <= 2
    assert np.abs(shown[0, 5].astype(int) - (np.array([255, 0, 0]) + background.PLAIN) / 2).max() <= 3
    assert np.abs(shown[0, 10].astype(int) - background.PLAIN).max() <= 2


@pytest.mark.parametrize("name", ["many.gif", "many", "many.jpg"])
def test_a_film_is_one_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    suffix = "mp4" if name == "many.jpg" else "gif"
    path = drawn(tmp_path / f"made.{suffix}", pictures=12).rename(tmp_path / name)
    film = background.parse(str(path)).film
    assert film is not None
    assert (film.frames, film.width, film.height) == (12, 64, 48)


def test_what_cannot_be_read_comes_with_the_pictures_that_can(tmp_path: Path) -> None:
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0\0\0\x10meta" + bytes(8)
    for name, words in (("a.heic", "--bg .*neither a picture nor a film"), ("a.jpg", "not a picture that can be read")):
        (tmp_path / name).write_bytes(heic)
        with pytest.raises(ClipError, match=words) as caught:
            background.parse(str(tmp_path / name))
        assert caught.value.hint.startswith("Use a .jpg, .png or .webp picture.")
        assert "movement" not in caught.value.hint


def test_a_film_that_cannot_be_read_keeps_its_own_cure(tmp_path: Path) -> None:
    path = drawn(tmp_path / "whole.mp4", pictures=12)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ClipError) as caught:
        background.parse(str(path))
    assert "If it is a film: copy it from the camera again, or export it anew." in caught.value.hint


@pytest.mark.parametrize("name", ["secret.jpg", "secret.mp4", "secret"])
def test_a_background_that_may_not_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = unreadable(tmp_path / name, monkeypatch)
    with pytest.raises(WorkspaceError, match=f"{name}: no permission to read this file"):
        background.parse(str(path))
