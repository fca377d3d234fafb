"""What was learnt is not lost: not by a deleted training state, nor by a new start that fails or cannot begin."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from trouble import kept, refused, within

from dancekit import begun, demo, likeness, training
from dancekit.errors import WorkspaceError
from dancekit.io.locks import alone
from dancekit.io.workspace import Person, Workspace

QUICK = ("--recipe", "tiny", "--set", "steps=4", "--set", "precision=float32", "--set", "unpaired.enabled=false")


@pytest.fixture
def lost(home: Path) -> Path:
    """A workspace with a trained person whose training state was deleted, as the README allows."""
    (home / "me" / "state.safetensors").unlink()
    return home


def test_without_her_state_a_person_is_not_written_over_by_plain_training(lost: Path) -> None:
    with kept(lost, exactly=True):
        said = refused("train", "me", home=lost)
    assert f"{lost / 'me' / 'state.safetensors'} is gone, so the training of me cannot go on" in said
    assert "She can still dance as she is. To learn her anew: dancekit train me --restart" in said
    with kept(lost, exactly=True):
        assert "cannot go on" in refused("train", "me", *QUICK, home=lost)


def test_without_her_state_a_person_is_learnt_anew_by_restart(lost: Path) -> None:
    assert within("train", "me", "--restart", *QUICK, "--json", home=lost).json["steps"] == 4
    assert likeness.load(Person("me", lost / "me")).notes["trained"]["steps"] == 4  # type: ignore[index]
    assert not list(lost.rglob(".before"))
    assert within("train", "me", "--set", "steps=6", "--json", home=lost).json["steps"] == 6, "and goes on from there"


def test_a_restart_that_fails_leaves_a_person_without_a_state_as_she_was(lost: Path) -> None:
    with kept(lost, exactly=True):
        refused("train", "me", "--restart", *QUICK, "--set", "base=missing.safetensors", home=lost)
    assert begun.is_lost(Workspace(lost).person("me"))


def test_a_training_that_wrote_weights_and_no_state_yet_may_begin_again(tmp_path: Path) -> None:
    person = Person("me", tmp_path / "me")
    with pytest.raises(OSError, match="full"), begun.beginning(person):
        person.weights.touch()
        raise OSError("the disk is full")
    begun.refuse_lost(person)
    person.state.touch()
    begun.forget_before(person)
    person.state.unlink()
    with pytest.raises(WorkspaceError, match="cannot go on"):
        begun.refuse_lost(person)


def test_a_training_that_wrote_nothing_leaves_nothing(tmp_path: Path) -> None:
    with begun.beginning(Person("me", tmp_path / "me")):
        assert list((tmp_path / "me").iterdir())
    assert not list((tmp_path / "me").iterdir())


def test_variants_are_trained_to_be_measured_and_lose_nothing(lost: Path) -> None:
    variant = Person("me", lost / "me", lost / "me" / "clips")
    begun.refuse_lost(variant)


def test_what_was_measured_of_a_person_goes_with_what_she_had_learnt(home: Path) -> None:
    report = Workspace(home).person("me").report
    report.write_text("of the one before")
    with kept(home, exactly=True):
        refused("train", "me", "--restart", *QUICK, "--set", "base=missing.safetensors", home=home)
    within("train", "me", "--restart", *QUICK, home=home)
    assert not list(home.rglob(report.name)), "it would be taken for the new one's"
    assert "0000040.jpg" not in {path.name for path in (home / "me" / "samples").iterdir()}


@pytest.mark.parametrize("stuck", ["samples", "report.html", "log.jsonl", "state.safetensors", "person.json"])
def test_what_cannot_be_put_aside_stays_and_so_does_all_else(
    home: Path, stuck: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Workspace(home).person("me")
    person.samples.mkdir(exist_ok=True)
    (person.samples / "00001.jpg").touch()
    person.report.touch()
    real_move, real_copy = training.move, shutil.copyfile

    def move(new: Path, path: Path) -> None:
        if new == person.folder / stuck:
            raise PermissionError(13, "a viewer has it open")
        real_move(new, path)

    def copyfile(source: Path, target: Path) -> None:
        if source.name == stuck:
            raise PermissionError(13, "no permission")
        real_copy(source, target)

    monkeypatch.setattr(training, "move", move)
    monkeypatch.setattr(training.shutil, "copyfile", copyfile)
    with kept(home, exactly=True):
        said = refused("train", "me", "--restart", *QUICK, home=home)
    assert "cannot be written" in said
    assert not (person.folder / ".before").exists()


def test_what_a_killed_restart_had_put_aside_comes_back_when_the_next_one_fails(home: Path) -> None:
    person = Workspace(home).person("me")
    with kept(home, exactly=True):
        training._put_aside(person)  # and killed
        assert not person.state.exists()
        with pytest.raises(KeyboardInterrupt), training.forgetting(person):
            raise KeyboardInterrupt


def test_after_a_restart_that_fails_pictures_that_are_looked_at_do_not_keep_the_state_away(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, before = Workspace(home).person("me"), (home / "me" / "state.safetensors").read_bytes()
    person.samples.mkdir(exist_ok=True)
    real = training.move

    def move(new: Path, path: Path) -> None:
        if path == person.samples:
            raise PermissionError(13, "a viewer has it open")
        real(new, path)

    monkeypatch.setattr(training, "move", move)
    with pytest.raises(KeyboardInterrupt), training.forgetting(person):
        raise KeyboardInterrupt
    assert person.state.read_bytes() == before


def test_a_demos_dancer_without_a_state_is_learnt_anew(lost: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (lost / "me").rename(lost / demo.PERSON)
    (lost / "drawn.json").touch()
    person, seen = Workspace(lost).person(demo.PERSON), []

    def train(who: Person, *given: object) -> SimpleNamespace:
        seen.append(begun.is_lost(who))
        return SimpleNamespace(finished=False)

    monkeypatch.setattr(demo.train, "train", train)
    monkeypatch.setattr(demo.scenes, "film", lambda scene, path, progress: path)
    monkeypatch.setattr(demo, "forget_others", lambda home, person, wanted: None)
    assert begun.is_lost(person)
    within("demo", "--recipe", "tiny", home=lost, status=130)
    assert seen == [False]


@pytest.mark.parametrize("name", ["dancer/clips/mine/clip.json", "subject.mp4", "driver.mp4", "dancer-driver.mp4"])
def test_a_demo_does_not_take_for_its_own_what_it_has_not_made(tmp_path: Path, name: str) -> None:
    home = tmp_path / "dance"
    (home / name).parent.mkdir(parents=True)
    (home / name).write_text("mine")
    with kept(home, exactly=True):
        said = refused("demo", "--recipe", "tiny", home=home)
    assert f"{home} holds {name.partition('/')[0]}, which dancekit demo has not made" in said
    assert "dancekit demo --home FOLDER" in said


def test_two_demos_do_not_work_in_one_folder(tmp_path: Path) -> None:
    with alone(tmp_path / "drawn", "a demo is under way"), kept(tmp_path, exactly=True):
        said = refused("demo", "--recipe", "tiny", home=tmp_path)
    assert "A demo is under way here already, by another dancekit" in said
