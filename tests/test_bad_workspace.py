"""Persons, files and settings that are unknown, damaged, of another time or impossible: one message, nothing lost."""

from __future__ import annotations

import json
import shutil
import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.torch import save_file
from trouble import contents, cut_short, kept, refused, within

from dancekit import likeness
from dancekit.core import sketch
from dancekit.io import zoo
from dancekit.io.locks import alone
from dancekit.io.workspace import Person

QUICK = ("--recipe", "tiny", "--set", "steps=4", "--set", "precision=float32", "--set", "unpaired.enabled=false")
CLIP = "me/clips/subject"


# ---------------------------------------------------------------------------------------------- who and what is known


@pytest.mark.parametrize("verb", ["train", "transfer"])
def test_an_unknown_person_brings_the_list_of_the_known(films: Path, home: Path, tmp_path: Path, verb: str) -> None:
    shutil.copytree(home / "me", home / "anna")
    who = [films / "driver.mp4", "--as", "ana"] if verb == "transfer" else ["ana"]
    with kept(home, exactly=True):
        said = refused(verb, *who, home=home, cwd=tmp_path)
    assert f"There is no person 'ana' in {home}" in said
    assert "Did you mean 'anna'?" in said
    assert "anna, me" in said


def test_training_before_preparing_names_the_command_that_comes_first(tmp_path: Path) -> None:
    said = refused("train", "anna", home=tmp_path / "dance")
    assert "There is no person 'anna'" in said
    assert "dancekit prepare myclip.mp4 --as anna" in said
    assert not contents(tmp_path)


def test_training_a_person_whose_films_are_gone_names_the_command(home: Path) -> None:
    shutil.rmtree(home / "me" / "clips")
    with kept(home, exactly=True):
        said = refused("train", "me", home=home)
    assert "'me' has no prepared film" in said
    assert "dancekit prepare myclip.mp4 --as me" in said


@pytest.mark.parametrize("verb", ["transfer", "evaluate"])
def test_what_needs_training_says_so_before_it(films: Path, home: Path, tmp_path: Path, verb: str) -> None:
    for path in (home / "me").glob("*.*"):
        path.unlink()
    with kept(home, exactly=True):
        said = refused(verb, films / "driver.mp4" if verb == "transfer" else "me", home=home, cwd=tmp_path)
    assert "'me' is not trained yet" in said
    assert "dancekit train me" in said


@pytest.mark.parametrize("name", ["../x", "a/b", "💃", "", "wild", "/tmp/x", ".", "x" * 65])
def test_a_name_that_could_leave_the_workspace_is_refused(films: Path, tmp_path: Path, name: str) -> None:
    with kept(tmp_path, exactly=True):
        said = refused("prepare", films / "driver.mp4", "--as", name, home=tmp_path / "in" / "dance")
    assert f"{name!r} cannot be a person's name" in said
    assert "--as anna" in said
    assert not (tmp_path / "in").exists()


@pytest.mark.parametrize("verb", ["train", "transfer"])
def test_no_other_verb_takes_such_a_name_either(films: Path, home: Path, tmp_path: Path, verb: str) -> None:
    who = [films / "driver.mp4", "--as", "../me"] if verb == "transfer" else ["../me"]
    with kept(home, exactly=True):
        assert "'../me' cannot be a person's name" in refused(verb, *who, home=home / "me", cwd=tmp_path)


# ------------------------------------------------------------------------------------------------ from a newer dancekit


def edited(path: Path, **changes: object) -> None:
    """Change what the card of a file of the workspace says; None: that it says it."""

    def changed(card: dict[str, object]) -> str:
        return json.dumps({key: value for key, value in {**card, **changes}.items() if value is not None})

    if path.suffix == ".json":
        path.write_text(changed(json.loads(path.read_text())))
        return
    with safe_open(path, "pt") as file:
        card = json.loads(file.metadata()["card"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    save_file(tensors, path, {"card": changed(card)})


def age_of(path: Path, number: int) -> None:
    """Give a file of the workspace another format number."""
    edited(path, format=number)


NEWER = [
    ("me/person.json", "transfer"),
    ("me/person.json", "train"),
    ("me/person.json", "restart"),
    ("me/person.safetensors", "transfer"),
    ("me/state.safetensors", "train"),
    (f"{CLIP}/clip.json", "prepare"),
    (f"{CLIP}/clip.json", "evaluate"),
]


@pytest.mark.parametrize(("file", "verb"), NEWER)
def test_what_a_newer_dancekit_wrote_is_left_alone(
    films: Path, home: Path, tmp_path: Path, file: str, verb: str
) -> None:
    age_of(home / file, 99)
    commands = {
        "prepare": ("prepare", films / "subject.mp4"),
        "train": ("train", "me"),
        "restart": ("train", "me", "--restart", *QUICK),
        "transfer": ("transfer", films / "driver.mp4"),
        "evaluate": ("evaluate", "me"),
    }
    with kept(home, exactly=True):
        said = refused(*commands[verb], home=home, cwd=tmp_path)
    assert f"{home / file}: written by a newer dancekit (format 99, this one knows 1)" in said
    assert "git pull, then pip install -c constraints.txt ." in said


# -------------------------------------------------------------------------------------------------- of another sketch


def test_a_person_of_another_kind_of_sketch_is_to_be_learnt_anew(films: Path, home: Path, tmp_path: Path) -> None:
    weights = home / "me" / "person.safetensors"
    assert json.loads((home / "me" / "person.json").read_text())["sketch"] == sketch.KIND
    edited(weights, sketch=None)
    assert likeness.load(Person("me", home / "me")).name == "me", "cards that do not tell are of the present kind"
    edited(weights, sketch="bars")
    with kept(home, exactly=True):
        said = refused("transfer", films / "driver.mp4", home=home, cwd=tmp_path)
    assert f"{weights}: me was learnt from another kind of sketch than this dancekit draws" in said
    assert "Learn her anew: dancekit train me --restart" in said


@pytest.mark.parametrize("kind", ["bars", True])
@pytest.mark.parametrize("options", [(), ("--recipe", "cpu"), QUICK])
def test_training_with_another_kind_of_sketch_can_only_start_over(
    home: Path, kind: object, options: tuple[str, ...]
) -> None:
    state = home / "me" / "state.safetensors"
    with safe_open(state, "pt") as file:
        shaping = json.loads(file.metadata()["card"])["shaping"]
    edited(state, shaping={**shaping, "sketch": kind})
    with kept(home, exactly=True):
        said = refused("train", "me", *options, home=home)
    assert "me is being learnt from another kind of sketch than this dancekit draws, and cannot go on" in said
    assert "Learn her anew: dancekit train me --restart" in said
    assert "leave --recipe out" not in said


# ------------------------------------------------------------------------------------------------------- damaged files


def spoil(path: Path, how: str) -> None:
    """Damage a file as crashes, bad disks and editors do."""
    if how == "cut":
        cut_short(path, path)
    elif how == "gone":
        path.unlink()
    else:
        path.write_bytes(b"[1, 2]\n" * 40)


@pytest.mark.parametrize(
    ("file", "how"),
    [("person.json", "cut"), ("person.json", "gone"), ("person.safetensors", "cut"), ("person.safetensors", "junk")],
)
def test_a_damaged_person_is_named_and_written_anew_by_training(
    films: Path, home: Path, tmp_path: Path, file: str, how: str
) -> None:
    path = home / "me" / file
    before = path.read_bytes()
    spoil(path, how)
    with kept(home, exactly=True):
        said = refused("transfer", films / "driver.mp4", home=home, cwd=tmp_path)
    assert f"{path}: this file is {'missing' if how == 'gone' else 'damaged'}" in said
    assert "Run dancekit train me" in said
    if how == "cut":
        within("train", "me", home=home)
        assert path.read_bytes() == before
        assert within("train", "me", "--json", home=home).json["steps"] == 40, "and nothing was learnt anew"


def test_another_file_in_the_persons_place_is_named(films: Path, home: Path, tmp_path: Path) -> None:
    shutil.copyfile(home / "me" / "state.safetensors", home / "me" / "person.safetensors")
    with kept(home, exactly=True):
        said = refused("transfer", films / "driver.mp4", home=home, cwd=tmp_path)
    assert "person.safetensors: this file does not hold a person" in said


def test_a_damaged_training_state_is_named_and_the_person_stays(home: Path) -> None:
    spoil(home / "me" / "state.safetensors", "cut")
    with kept(home, exactly=True):
        said = refused("train", "me", home=home)
    assert f"{home / 'me' / 'state.safetensors'}: this file is damaged" in said
    assert "Start over with --restart" in said
    assert within("train", "me", "--restart", *QUICK, "--json", home=home).json["steps"] == 4


def flip_pictures(pack: Path) -> None:
    """Flip one byte in the middle of every stored picture; headers stay."""
    data, place = bytearray(pack.read_bytes()), 0
    while place < len(data):
        _, colour, alpha, _ = struct.unpack_from("<4sIII", data, place)
        data[place + 16 + colour // 2] ^= 0xFF
        place += 16 + colour + alpha
    pack.write_bytes(data)


@pytest.mark.parametrize("how", ["cut", "gone", "flipped"])
def test_damaged_frames_are_named_and_what_was_learnt_stays(home: Path, how: str) -> None:
    pack = home / CLIP / "frames.pack"
    flip_pictures(pack) if how == "flipped" else spoil(pack, how)
    with kept(home, exactly=True):
        said = refused("train", "me", "--restart", *QUICK, home=home)
    assert f"{pack}: the stored frames are damaged" in said
    assert "Prepare this film again" in said


def test_starting_over_beside_a_training_is_refused_before_anything_is_moved(home: Path) -> None:
    with alone(home / "me", "me is being trained"), kept(home, exactly=True):
        said = refused("train", "me", "--restart", *QUICK, home=home)
    assert "Me is being trained already, by another dancekit" in said


@pytest.mark.parametrize(("file", "how"), [("clip.json", "cut"), ("poses.npz", "junk")])
def test_a_damaged_clip_is_named_and_preparing_again_mends_it(films: Path, home: Path, file: str, how: str) -> None:
    before = (home / CLIP / "poses.npz").read_bytes()
    spoil(home / CLIP / file, how)
    with kept(home, exactly=True):
        said = refused("evaluate", "me", home=home)
    assert f"{home / CLIP / file}: this" in said
    assert "damaged" in said
    assert "dancekit prepare" in said
    if file == "clip.json":
        within("prepare", films / "subject.mp4", home=home)
        assert [path.name for path in (home / "me" / "clips").iterdir()] == ["subject"]
        with np.load(home / CLIP / "poses.npz") as again, np.load(BytesIO(before)) as old:
            assert again["points"].shape == old["points"].shape


def test_poses_of_a_stranger_that_cannot_be_read_are_named(home: Path) -> None:
    (home / "wild").mkdir()
    (home / "wild" / "tango.npz").write_text("no landmarks")
    with kept(home, exactly=True):
        said = refused("train", "me", "--restart", "--recipe", "tiny", home=home)
    assert f"{home / 'wild' / 'tango.npz'}: the landmarks cannot be read" in said


# ------------------------------------------------------------------------------------------------ recipes and settings


@pytest.mark.parametrize(
    ("setting", "problem", "hint"),
    [
        ("batches=2", "--set batches=2: there is no setting 'batches'", "Did you mean 'batch'?"),
        ("batch=zero", "Error: --set batch=zero: expected a whole number, got 'zero'.", "paper.yaml"),
        ("critics.width=a", "Error: --set critics.width=a: expected a whole number, got 'a'.", "paper.yaml"),
        ("batch", "--set batch: this is not a setting", "--set batch=2"),
        ("key=green", "key is a colour such as #00b140, not 'green'", "paper.yaml"),
    ],
)
def test_a_wrong_setting_is_named(home: Path, setting: str, problem: str, hint: str) -> None:
    with kept(home, exactly=True):
        said = refused("train", "me", "--restart", "--recipe", "tiny", "--set", setting, home=home)
    assert problem in said
    assert hint in said


def test_where_all_settings_are_is_told_by_the_whole_name(home: Path, tmp_path: Path) -> None:
    recipes = zoo.root() / "recipes"
    said = refused("train", "me", "--restart", "--recipe", "tiny", "--set", "batch=0", home=home)
    assert f"All settings are in {recipes / 'paper.yaml'}." in said
    (tmp_path / "mine.yaml").write_text("- batch\n")
    for name in ("mine.yaml", "yours.yaml"):
        assert f" {recipes} " in refused("train", "me", "--recipe", tmp_path / name, home=home)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("steps: 4\nbathc: 2\n", "there is no setting 'bathc'"),
        ("batch: 1\nsteps: [4\n", "this file cannot be read: line 3"),
    ],
)
def test_a_wrong_recipe_file_is_named(home: Path, tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with kept(home, exactly=True):
        said = refused("train", "me", "--recipe", path, home=home)
    assert str(path) in said
    assert problem in said


def test_what_is_trained_already_says_so_and_stays_as_it_is(home: Path) -> None:
    with kept(home):
        said = within("train", "me", home=home)
    assert "me is trained already: " in said.stdout
    assert "For more: dancekit train me --set steps=N" in said.stdout, "as the schedule of this recipe counts"
    assert "Going on" not in said.stderr


OTHERWISE = "me is being trained with other settings, or by an earlier dancekit, and cannot go on with these"


@pytest.mark.parametrize(
    ("options", "problem", "hint"),
    [
        (["--recipe", "mine.yaml"], "mine.yaml: there is no such recipe file", "models/recipes"),
        (
            ["--recipe", "standart"],
            "There is no recipe 'standart'",
            "Did you mean 'standard'? There are: auto, cpu, paper, standard, tiny.",
        ),
        (["--recipe", "cpu"], "me is being trained with the recipe 'tiny', and cannot go on with 'cpu'", "--restart"),
        (["--recipe", "tiny", "--set", "generator.width=16"], f"{OTHERWISE}: generator differ", "--restart"),
        (["--recipe", "tiny", "--set", "scattered=true"], f"{OTHERWISE}: scattered differ", "--restart"),
        (["--minutes", "1"], "me is being trained by steps, and cannot go on by minutes", "--set steps=N"),
    ],
)
def test_training_does_not_go_on_with_what_does_not_fit(
    home: Path, options: list[str], problem: str, hint: str
) -> None:
    with kept(home, exactly=True):
        said = refused("train", "me", *options, home=home)
    assert problem in said
    assert hint in said
