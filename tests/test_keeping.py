"""What was seen of a driver is kept for the next time where it can be, and found all the same where it cannot."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import dancekit, within
from trouble import closed, empty_film, kept, powerless

from dancekit import driven, study
from dancekit.errors import ClipError, WritingError
from dancekit.io import sightings
from dancekit.io.workspace import Workspace
from dancekit.study import Options, study_moves
from dancekit.types import no_progress

LOST = "So what was seen in driver.mp4 is not kept for the next time."


def test_who_may_not_write_into_the_workspace_dances_all_the_same(films: Path, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    wish = ("transfer", films / "driver.mp4", "--end", "0.4", "--out", out, "--json")
    with kept(home, exactly=True), closed(home):
        notes = dancekit(*wish, home=home, through=powerless()).json["notes"]
    [note] = [note for note in notes if "next time" in note]
    assert note.startswith(f"{home / '.moves'}")
    assert note.endswith(f": cannot be written (Permission denied). {LOST}")
    assert out.is_file()


def test_with_a_file_in_the_place_of_the_folder_it_is_said_once_and_the_file_stays(
    films: Path, home: Path, tmp_path: Path
) -> None:
    (home / ".moves").write_text("shopping list")
    (tmp_path / "here").mkdir()
    with kept(home, exactly=True):
        said = within("transfer", films / "driver.mp4", "--end", "0.4", home=home, cwd=tmp_path / "here").stdout
        found = driven.find_driver(films / "driver.mp4", Workspace(home), no_progress)
    note = f"{home / '.moves'}: this is a file, not a folder. {LOST}"
    assert said.splitlines().count(note) == said.count("next time") == 1
    assert found.notes == [note], "as evaluate --driver tells"


def test_the_moves_are_the_same_whether_they_are_kept_or_not(films: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ".moves").touch()
    whole, lost = (
        study_moves(films / "driver.mp4", Workspace(tmp_path / name), Options()) for name in ("own", "other")
    )
    assert (whole.notes(), len(lost.notes())) == ([], 1)
    assert np.array_equal(whole.track.points, lost.track.points, equal_nan=True)
    assert list(whole.samples) == list(lost.samples)


def _shut(*given: object, **options: object) -> None:
    raise WritingError("Nothing can be written here.")


def test_what_is_kept_already_is_read_where_nothing_can_be_written(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = Path(shutil.copy(films / "driver.mp4", tmp_path))
    first = study_moves(film, Workspace(tmp_path), Options())
    monkeypatch.setattr(study, "working", _shut)
    monkeypatch.setattr("dancekit.io.files.write_json", _shut)
    monkeypatch.setattr(sightings, "_write", _shut)
    with monkeypatch.context() as patch, kept(tmp_path, exactly=True):
        patch.setattr(sightings, "_look_at", _shut)
        again = study_moves(film, Workspace(tmp_path), Options())
        assert np.array_equal(first.track.points, again.track.points, equal_nan=True)
        assert again.notes() == []
    monkeypatch.setattr(study, "keep_or_clear", _shut)  # what is kept there is of another part of the film
    with kept(tmp_path, exactly=True):
        part = study_moves(film, Workspace(tmp_path), Options(end=0.4))
    assert len(part.track) == 10
    assert part.notes() == [f"Nothing can be written here. {LOST}"]


def test_a_film_of_nobody_is_refused_there_too(tmp_path: Path) -> None:
    film = empty_film(tmp_path / "empty.mp4")
    (tmp_path / "dance").mkdir()
    (tmp_path / "dance" / ".moves").write_text("shopping list")
    with kept(tmp_path, exactly=True), pytest.raises(ClipError, match="no person was found"):
        study_moves(film, Workspace(tmp_path / "dance"), Options())
