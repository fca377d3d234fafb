"""Prepared clips on disk: whole or not there, one folder a film, and damage or a newer format said plainly."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from figures import clip

from dancekit.errors import WorkspaceError
from dancekit.io import clips
from dancekit.io.workspace import Person, Workspace


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Workspace(tmp_path / "dance").person("me")


def film(folder: Path, contents: str, name: str = "holiday.mp4") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(contents)
    return path


def saved(person: Person, source: Path) -> Path:
    """A prepared clip of a film in the folder that it belongs to."""
    folder = clips.folder_for(person, source)
    clips.save(clip(folder, 30, shots=(0, 12), gaps=(5,)), source, ["fine"])
    return folder


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_clip_comes_back_as_it_was(tmp_path: Path, person: Person) -> None:
    folder = saved(person, film(tmp_path, "a"))
    before, after = clip(tmp_path / "twin", 30, shots=(0, 12), gaps=(5,)), clips.load(folder)
    assert np.array_equal(after.track.points, before.track.points, equal_nan=True)
    assert np.array_equal(after.plan.boxes, before.plan.boxes)
    assert np.array_equal(after.used, before.used)
    assert (after.plan.size, after.body, after.inside) == (before.plan.size, before.body, before.inside)
    assert (after.track.fps, after.track.size, after.track.shots) == (25, (320, 320), (0, 12))
    assert len(after.frames()) == 30
    assert person.clips() == [folder]


def test_points_are_given_in_px_of_the_stored_crop(tmp_path: Path, person: Person) -> None:
    after = clips.load(saved(person, film(tmp_path, "a")))
    # The crop shows 128 x 256 px of the film at half the size, from (96, 60) on; the nose is at (160, 116).
    assert after.points()[0, 0, :2] == pytest.approx((32, 28))
    assert (after.reach.width, after.reach.height) == (0.64, 1.28)


def test_the_same_film_goes_to_the_same_folder(tmp_path: Path, person: Person) -> None:
    source = film(tmp_path, "a")
    folder = saved(person, source)
    assert folder.name == "holiday"
    assert clips.folder_for(person, source) == folder
    moved = film(tmp_path / "elsewhere", "a")
    assert clips.folder_for(person, moved) == folder
    source.write_text("a better version of it")
    assert clips.folder_for(person, source) == folder


def test_another_film_in_the_place_of_one_is_told_of_however_long_it_is(tmp_path: Path, person: Person) -> None:
    source = film(tmp_path, "a")
    folder = saved(person, source)
    made = clip(tmp_path / "new", 30)
    assert clips.losses(folder, made, source) == []
    assert "were there before; these take their place" in clips.losses(folder, clip(tmp_path / "new", 10), source)[0]
    source.write_text("the camera has begun to count anew")
    for length in (10, 30, 60):
        (said,) = clips.losses(folder, clip(tmp_path / "new", length), source)
        assert said.startswith("Note: another film of this name was there before")
        assert "give the earlier one another name" in said
    assert clips.losses(tmp_path / "nothing", made, source) == []


def test_another_part_of_a_film_is_told_of_with_its_seconds(tmp_path: Path, person: Person) -> None:
    source = film(tmp_path, "a")
    folder = clips.folder_for(person, source)

    def part(name: str, length: int, seconds: tuple[float, float] | None) -> clips.Clip:
        return replace(clip(tmp_path / name, length), seconds=seconds)

    first = replace(clip(folder, 30), seconds=(10, 11.2))
    clips.save(first, source, ["fine"])
    assert clips.load(folder).seconds == (10, 11.2)
    assert clips.losses(folder, part("same", 30, (10, 11.2)), source) == []
    (said,) = clips.losses(folder, part("other", 60, (12, 14.4)), source)
    assert "seconds 10 to 11.2 of this film were there before; seconds 12 to 14.4 take their place." in said
    assert "file of its own" in said
    (said,) = clips.losses(folder, part("whole", 60, (0, 60)), source)
    assert said.endswith("seconds 10 to 11.2 of this film were there before; seconds 0 to 60 take their place.")
    edit(folder / "clip.json", seconds=None)
    assert clips.load(folder).seconds is None, "an earlier dancekit wrote it"
    for length in (20, 60):
        (said,) = clips.losses(folder, part(f"unknown-{length}", length, (0, 2)), source)
        assert "30 frames of this film were there before; these take their place." in said
    assert clips.losses(folder, part("as-long", 30, (0, 1.2)), source) == []


@pytest.mark.parametrize(
    ("name", "folder", "named"),
    [("my film.mp4", "my-film", True), ("a.mov", "a-2", True), ("a.mp4", "ab", False), ("b.mp4", "a-2", False)],
)
def test_a_folder_tells_which_films_name_it_has(name: str, folder: str, named: bool) -> None:
    assert clips.is_named_after(Path(folder), Path(name)) == named


def test_a_film_is_prepared_already_only_if_all_is_as_it_would_be(tmp_path: Path, person: Person) -> None:
    source, mark = film(tmp_path, "a"), {"options": "none"}
    folder = saved(person, source)
    assert clips.again(folder, source, mark) is None, "an earlier dancekit wrote it"
    clips.save(clips.load(folder), source, ["fine"], mark)
    moved = film(tmp_path / "elsewhere", "a", "other.mp4")
    found = clips.again(folder, moved, mark)
    assert found is not None
    assert (found[0].source, found[1], len(found[0].track)) == (str(moved), ["fine"], 30)
    assert clips.load(folder).source == str(moved), "where it lies now"
    assert clips.again(folder, source, {"options": "others"}) is None
    pack = bytearray((folder / "frames.pack").read_bytes())
    pack[len(pack) // 2] ^= 0xFF
    (folder / "frames.pack").write_bytes(pack)
    assert clips.again(folder, source, mark) is None, "its frames are damaged"
    shutil.rmtree(folder)
    assert clips.again(folder, source, mark) is None


def test_another_film_of_the_same_name_gets_a_folder_of_its_own(tmp_path: Path, person: Person) -> None:
    first = saved(person, film(tmp_path / "one", "a"))
    second = saved(person, film(tmp_path / "two", "b"))
    third = clips.folder_for(person, film(tmp_path / "three", "c"))
    assert [first.name, second.name, third.name] == ["holiday", "holiday-2", "holiday-3"]
    assert person.clips() == [first, second]


@pytest.mark.parametrize("name", ["poses.npz", "clip.json"])
@pytest.mark.parametrize("contents", [b"", b"rubbish", b"PK\x03\x04 half a zip file", None])
def test_damage_is_said_with_the_file_and_the_cure(
    tmp_path: Path, person: Person, name: str, contents: bytes | None
) -> None:
    folder = saved(person, film(tmp_path, "a"))
    if contents is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(contents)
    with pytest.raises(WorkspaceError) as caught:
        clips.load(folder)
    assert str(folder / name) in caught.value.problem
    assert "pickle" not in caught.value.problem
    assert "dancekit prepare" in caught.value.hint


def test_a_card_that_lacks_something_is_damaged(tmp_path: Path, person: Person) -> None:
    folder = saved(person, film(tmp_path, "a"))
    edit(folder / "clip.json", crop=None)
    with pytest.raises(WorkspaceError, match="damaged"):
        clips.load(folder)


def test_frames_that_do_not_match_the_poses_are_damaged(tmp_path: Path, person: Person) -> None:
    folder = saved(person, film(tmp_path, "a"))
    pack = folder / "frames.pack"
    pack.write_bytes(pack.read_bytes()[:-1])
    with pytest.raises(WorkspaceError, match=r"frames\.pack.*29 of 30"):
        clips.load(folder).frames()


def test_a_newer_clip_is_neither_read_nor_replaced(tmp_path: Path, person: Person) -> None:
    source = film(tmp_path, "a")
    folder = saved(person, source)
    edit(folder / "clip.json", format=99)
    with pytest.raises(WorkspaceError, match="newer dancekit") as caught:
        clips.load(folder)
    assert "git pull, then pip install -c constraints.txt ." in caught.value.hint
    with pytest.raises(WorkspaceError, match="newer dancekit"):
        clips.folder_for(person, source)


def test_a_damaged_clip_may_be_replaced(tmp_path: Path, person: Person) -> None:
    source = film(tmp_path, "a")
    folder = saved(person, source)
    (folder / "clip.json").write_text("rubbish")
    assert clips.folder_for(person, source) == folder


def test_films_that_are_prepared_anew_while_they_are_learnt_are_noticed(tmp_path: Path, person: Person) -> None:
    folder = saved(person, film(tmp_path, "a"))
    before = clips.load(folder)
    clips.refuse_changed([before])
    with (folder / "frames.pack").open("ab") as file:
        file.write(b"more")
    assert clips.load(folder).stored == before.stored + 4
    with pytest.raises(WorkspaceError, match="prepared anew"):
        clips.refuse_changed([before])
