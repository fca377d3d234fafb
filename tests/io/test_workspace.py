"""The workspace: names that stay inside it, files that are whole or not there, and the system's errors in words."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from dancekit.errors import WorkspaceError, WritingError
from dancekit.io import files
from dancekit.io.files import keep_or_clear, replace_folder, replacing
from dancekit.io.names import check_name, clip_name
from dancekit.io.workspace import Workspace


@pytest.mark.parametrize("name", ["me", "Anna", "anna-2", "x", "a_b", "7", "a" * 64])
def test_plain_names_are_fine(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "../x", "a/b", "a\\b", ".", "..", ".hidden", "-dash", "a b", "💃", "Änne", "a.b", "a\n", "a" * 65, "/etc", "~",
     "con", "NUL", "com1", "Wild"],
)  # fmt: skip
def test_names_that_would_not_be_a_folder_everywhere_are_refused(name: str) -> None:
    with pytest.raises(WorkspaceError, match="cannot be a person's name") as caught:
        check_name(name)
    assert repr(name) in caught.value.problem
    assert "--as" in caught.value.hint


@pytest.mark.parametrize(("name", "keeper"), [("wild", "dancekit"), ("Wild", "dancekit"), ("con", "Windows"),
                                              ("COM1", "Windows")])  # fmt: skip
def test_of_names_that_are_kept_for_others_it_is_said_for_whom(name: str, keeper: str) -> None:
    with pytest.raises(WorkspaceError, match=f"{name}' cannot be a person's name: it is kept for {keeper}"):
        check_name(name)


@pytest.mark.parametrize(
    ("film", "name"),
    [
        ("holiday.mp4", "holiday"),
        ("My Film (final).MOV", "My-Film-final"),
        ("../../etc/passwd", "passwd"),
        ("踊り.mp4", "clip"),
        ("Tanz für Änne.mp4", "Tanz-fur-Anne"),
        ("aux.mp4", "aux-clip"),
        ("a" * 200 + ".mp4", "a" * 60),
        ("--x--.mp4", "x"),
    ],
)
def test_films_give_names_that_are_folders_everywhere(film: str, name: str) -> None:
    assert clip_name(Path(film)) == name


def prepared(root: Path, *names: str) -> Workspace:
    for name in names:
        (root / name / "clips" / "film").mkdir(parents=True)
        (root / name / "clips" / "film" / "clip.json").write_text("{}")
    return Workspace(root)


def test_people_are_those_with_something_prepared_or_learnt(tmp_path: Path) -> None:
    made = prepared(tmp_path, "zoe", "anna")
    (tmp_path / "empty").mkdir()
    (tmp_path / "half" / "clips" / ".film.partial").mkdir(parents=True)
    (tmp_path / "half" / "clips" / ".film.partial" / "clip.json").write_text("{}")
    (tmp_path / "learnt").mkdir()
    (tmp_path / "learnt" / "person.json").write_text("{}")
    (tmp_path / "wild").mkdir()
    assert made.people() == ["anna", "learnt", "zoe"]
    assert Workspace(tmp_path / "nowhere").people() == []


def test_an_unknown_person_lists_the_known_and_suggests_the_nearest(tmp_path: Path) -> None:
    made = prepared(tmp_path, "anna", "zoe")
    assert made.existing("anna").folder == tmp_path / "anna"
    with pytest.raises(WorkspaceError, match="no person 'ana'") as caught:
        made.existing("ana")
    assert "Did you mean 'anna'?" in caught.value.hint
    assert "anna, zoe" in caught.value.hint


def test_in_an_empty_workspace_the_first_step_is_named(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError) as caught:
        Workspace(tmp_path).existing("me")
    assert "dancekit prepare" in caught.value.hint


def test_in_the_wrong_folder_she_is_told_which_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WorkspaceError) as caught:
        Workspace(Path("dance")).existing("me")
    assert f"There is no person 'me' in {tmp_path / 'dance'}" in caught.value.problem
    assert "go to the folder in which you did it. If not, do it: dancekit prepare" in caught.value.hint


def test_a_name_that_is_wrong_where_no_option_gives_it_is_not_answered_with_one(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="cannot be a person's name") as caught:
        Workspace(tmp_path).existing("anna b")
    assert caught.value.hint == "Use letters A-Z and a-z, digits, - and _, such as: anna"


def test_a_new_name_differs_from_others_in_more_than_case(tmp_path: Path) -> None:
    made = prepared(tmp_path, "Anna")
    assert made.person("Anna").folder == tmp_path / "Anna"
    with pytest.raises(WorkspaceError, match="There is a person 'Anna' already") as caught:
        made.person("anna")
    assert "--as Anna" in caught.value.hint
    with pytest.raises(WorkspaceError, match="no person 'anna'") as caught:
        made.existing("anna")
    assert "Did you mean 'Anna'?" in caught.value.hint


def test_people_who_are_there_by_names_that_differ_in_case_stay(tmp_path: Path) -> None:
    if (prepared(tmp_path, "Anna").root / "anna").exists():
        pytest.skip("here the two are one folder")
    made = prepared(tmp_path, "anna")
    assert [made.person(name).folder.name for name in made.people()] == ["Anna", "anna"]


def test_json_comes_back_with_its_format(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "card.json"
    files.write_json(path, {"name": "Änne", "size": [1, 2]})
    assert files.read_json(path, "") == {"format": files.FORMAT, "name": "Änne", "size": [1, 2]}


def test_json_keeps_names_of_files_that_are_no_utf_8(tmp_path: Path) -> None:
    path, name = tmp_path / "card.json", "Z\udcfcrich.mp4"  # how Python names a file called Z\xfcrich.mp4 in Latin-1
    files.write_json(path, {"source": name})
    assert files.read_json(path, "")["source"] == name
    assert json.loads(path.read_bytes())["source"] == name, "and it is JSON to others too"


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"format": "one"}', '{"name": 1}', "\xff\xfe"])
def test_damaged_json_is_named_with_its_cure(tmp_path: Path, text: str) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(WorkspaceError, match=r"card\.json: this file is damaged") as caught:
        files.read_json(path, "Do this.")
    assert caught.value.hint == "Do this."


def test_json_of_a_newer_format_asks_for_an_update(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text(json.dumps({"format": files.FORMAT + 1}))
    with pytest.raises(WorkspaceError, match="newer dancekit") as caught:
        files.read_json(path, "Delete it.")
    assert "in its checkout: git pull, then pip install -c constraints.txt ." in caught.value.hint


def test_a_file_is_replaced_only_by_a_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_text("half of the new")
        assert path.read_text() == "old"
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with replacing(path) as temporary:
        assert temporary.parent == path.parent, "a rename is only whole within one file system"
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    old, new = tmp_path / "clip", tmp_path / ".clip.partial"
    for folder, text in ((old, "old"), (new, "new")):
        folder.mkdir()
        (folder / "file").write_text(text)
    (old / "leftover").write_text("x")
    replace_folder(new, old)
    assert [path.name for path in tmp_path.iterdir()] == ["clip"]
    assert [path.name for path in old.iterdir()] == ["file"]
    assert (old / "file").read_text() == "new"


def test_a_swap_of_folders_that_fails_or_was_cut_short_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "clip"
    path.mkdir()
    (path / "a").write_text("old")
    with pytest.raises(FileNotFoundError):
        replace_folder(tmp_path / "missing", path)
    assert (path / "a").read_text() == "old"
    os.replace(path, tmp_path / ".clip.old")
    with pytest.raises(FileNotFoundError):
        replace_folder(tmp_path / "missing", path)
    assert (path / "a").read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["clip"]


def test_a_file_that_others_look_into_for_a_moment_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "new").write_text("new")
    refusals = [PermissionError(), PermissionError()]
    replace = os.replace

    def busy(new: Path, path: Path) -> None:
        if refusals:
            raise refusals.pop()
        replace(new, path)

    monkeypatch.setattr(os, "replace", busy)
    monkeypatch.setattr(files, "_BUSY", 0.0)
    with pytest.raises(PermissionError):
        files.move(tmp_path / "new", tmp_path / "old")
    monkeypatch.setattr(files, "_BUSY", 5.0)
    files.move(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old").read_text() == "new"


def refused(path: Path, number: int) -> WorkspaceError:
    """What is said when the system refuses to write a file with this error number."""
    with pytest.raises(WorkspaceError) as caught, files.writing(path):
        raise OSError(number, os.strerror(number))
    return caught.value


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_said_in_words(tmp_path: Path, number: int) -> None:
    said = refused(tmp_path / "film.mp4", number)
    assert "film.mp4: the disk is full" in str(said)
    assert "Free some space" in said.hint


def test_a_really_full_device_is_said_in_words() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    with pytest.raises(WorkspaceError, match="the disk is full"), files.writing(Path("film.mp4")):
        Path("/dev/full").write_text("x")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_missing_rights_are_said_in_words(tmp_path: Path, number: int) -> None:
    said = refused(tmp_path / "film.mp4", number)
    assert "film.mp4: cannot be written" in str(said)
    assert "--home" in said.hint
    assert "--out" in said.hint


def test_the_folder_that_she_is_in_is_named_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WritingError) as caught, files.writing(Path()):
        raise PermissionError(errno.EACCES, "Permission denied")
    assert caught.value.problem == f"{tmp_path}: cannot be written (Permission denied)."
    assert caught.value.hint.endswith("with --home, or for a film with --out FOLDER/name.mp4")


def test_a_bug_is_not_dressed_up_as_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)), files.writing(tmp_path / "film.mp4"):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def test_unfinished_work_is_kept_only_for_the_same_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ".film.partial"
    keep_or_clear(folder, {"film": "a", "start": 1})
    (folder / "piece").write_text("done")
    keep_or_clear(folder, {"film": "a", "start": 1})
    assert (folder / "piece").read_text() == "done"
    keep_or_clear(folder, {"film": "a", "start": 2})
    assert not (folder / "piece").exists()
    (folder / "piece").write_text("done")
    (folder / "work.json").write_text("rubbish")
    keep_or_clear(folder, {"film": "a", "start": 2})
    assert not (folder / "piece").exists()
    for what, other in (("FORMAT", files.FORMAT + 1), ("__version__", "0.0.1")):
        (folder / "piece").write_text("done")
        monkeypatch.setattr(files, what, other)
        keep_or_clear(folder, {"film": "a", "start": 2})
        assert not (folder / "piece").exists(), "begun in another format, or by another dancekit"


def test_unfinished_work_that_cannot_be_cleared_away_is_not_taken_for_other_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(path: Path) -> None:
        raise PermissionError(errno.EACCES, "a player has it open")

    folder = tmp_path / ".film.parts"
    keep_or_clear(folder, {"bg": "green"})
    (folder / "piece").write_text("green")
    monkeypatch.setattr(files, "_BUSY", 0.0)
    monkeypatch.setattr(files.shutil, "rmtree", held)
    for _ in range(2):
        with pytest.raises(WorkspaceError, match="cannot be written"):
            keep_or_clear(folder, {"bg": "blue"})
    monkeypatch.undo()
    keep_or_clear(folder, {"bg": "blue"})
    assert not (folder / "piece").exists()
