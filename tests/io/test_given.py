"""What is given as a film and can be none: folders name what is in them, addresses are told from names of files."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath
from shlex import quote

import pytest

from dancekit.errors import ClipError
from dancekit.io import given


def hint(path: Path, several: bool = True) -> str:
    with pytest.raises(ClipError) as caught:
        given.refuse_missing(path, several)
    return caught.value.hint


def test_a_folder_names_the_films_that_are_in_it(tmp_path: Path) -> None:
    album = tmp_path / "my dances"
    album.mkdir()
    (album / "notes.txt").touch()
    (album / "._b.mp4").touch()
    assert hint(album) == "Name the film that is in it."
    (album / "b.mp4").touch()
    assert hint(album) == f"Name the film that is in it: {quote(str(album / 'b.mp4'))}"
    (album / "a.mp4").touch()
    assert hint(album) == f"Name the films: {quote(str(album))}/*.mp4"
    assert hint(album, several=False).endswith(f"such as: {quote(str(album / 'a.mp4'))}")
    (album / "c.MOV").touch()
    assert hint(album) == f"Name the films: {quote(str(album))}/*.MOV {quote(str(album))}/*.mp4"


@pytest.mark.parametrize("text", ["https://example.org/x.mp4", "HTTP://example.org/x.mp4", "rtsp://host/dance"])
@pytest.mark.parametrize("kind", [Path, PureWindowsPath])
def test_an_address_is_told_from_a_file(text: str, kind: type) -> None:
    with pytest.raises(ClipError) as caught:
        given.refuse_missing(Path(str(kind(text))))
    assert caught.value.problem == f"{text}: this is an address, not a file."
    assert "dancekit opens files only: download the film first" in caught.value.hint


@pytest.mark.parametrize("name", ["nope.mp4", "12:30.mp4", "C:\\films\\nope.mp4", "D:/nope.mp4"])
def test_what_is_not_there_is_no_address(name: str) -> None:
    assert "Check the name" in hint(Path(name))


def test_a_file_is_let_through(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    given.refuse_missing(tmp_path / "a.mp4")
