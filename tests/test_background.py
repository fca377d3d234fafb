"""What --bg says: colours by name and by number, and files, which come first."""

from __future__ import annotations

from pathlib import Path

import pytest

from dancekit import background
from dancekit.errors import ClipError


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
