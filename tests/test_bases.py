"""Bases: made from drawn people by the real command, taken up by training, refused where they do not fit."""

from __future__ import annotations

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Outcome, dancekit, made_once, within
from trouble import closed, kept, powerless, refused

from dancekit import bases, pretrain, recipe, subject, train
from dancekit.begun import plain, shaping
from dancekit.choose import choose_recipe
from dancekit.core import crowd, sketch
from dancekit.device import Machine
from dancekit.io import checkpoint, clips, weights, zoo
from dancekit.io.workspace import Workspace
from dancekit.likeness import make_generator, pose_channels
from dancekit.training import Training


def pretraining(home: Path, steps: int) -> tuple[object, ...]:
    """The command that makes a base of a crowd of two with the tiny recipe."""
    out = home / f"after-{steps}.safetensors"
    return "pretrain", "--recipe", "tiny", "--people", "2", "--set", f"steps={steps}", "--out", out, "--json"


@pytest.fixture(scope="module")
def crowd_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """A crowd of two and the base that the tiny recipe makes of it, in a process of its own; not to be changed."""

    def pretrain_it(folder: Path) -> None:
        (folder / "home").mkdir()
        done = dancekit(*pretraining(folder / "home", 10), home=folder / "home")
        (folder / "said.json").write_text(done.stdout)

    folder = made_once("crowd", pretrain_it, tmp_path_factory)
    return folder / "home", Outcome(0, (folder / "said.json").read_text(), "")


@pytest.fixture
def by_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """People are drawn by threads, which need not load torch first as fresh processes do."""
    monkeypatch.setattr(pretrain, "processes", lambda: ThreadPoolExecutor(2))


@pytest.fixture
def prepared(trained_home: Path, tmp_path: Path) -> Path:
    """A workspace with a prepared person who knows nothing yet."""
    shutil.copytree(trained_home / "me" / "clips", tmp_path / "dance" / "me" / "clips")
    return tmp_path / "dance"


def test_a_base_holds_both_stages_and_the_critics(crowd_home: tuple[Path, Outcome]) -> None:
    home, said = crowd_home
    tensors, card = checkpoint.load(home / "after-10.safetensors", "")
    assert said.json["finished"]
    assert {name.split("/")[0] for name in tensors} == {"G1", "G2", "D_p1", "D_p2", "D_t"}
    assert all(tensor.dtype == torch.float16 for tensor in tensors.values())
    inner = [t for name, t in tensors.items() if name.startswith(("G1/blocks", "G2/up")) and name.endswith(".weight")]
    sizes = [float(tensor.float().square().mean().sqrt()) for tensor in inner]
    assert sizes == pytest.approx([sizes[0]] * len(inner), rel=1e-2)  # every step changes as much of each
    assert (card["steps"], card["shaping"]["sketch"]) == (10, sketch.KIND)


def test_pretraining_again_goes_on_and_draws_nobody_twice(crowd_home: tuple[Path, Outcome], tmp_path: Path) -> None:
    home = shutil.copytree(crowd_home[0], tmp_path / "home")
    drawn = {path: path.stat().st_mtime_ns for path in home.glob("crowd/clips/*/frames.pack")}
    said = within(*pretraining(home, 12), home=home)
    assert len(drawn) == 2
    assert drawn == {path: path.stat().st_mtime_ns for path in home.glob("crowd/clips/*/frames.pack")}
    assert said.json["steps"] > 10


@pytest.mark.usefixtures("by_threads")
def test_people_are_drawn_as_large_as_the_recipe_shows_them(crowd_home: tuple[Path, Outcome], tmp_path: Path) -> None:
    home, tiny = shutil.copytree(crowd_home[0], tmp_path / "crowd"), recipe.load("tiny")
    person, tall = Workspace(home).person(pretrain.PERSON), pretrain.drawn_height(tiny)
    before = clips.load(person.clips()[0]).track.size
    pretrain.draw(person, 2, 2 * tall, 0)
    assert [size / tall for size in before] == pytest.approx([crowd.ROOM] * 2, rel=0.03)
    assert clips.load(person.clips()[0]).track.size == (crowd.side(2 * tall),) * 2
    cutout = clips.load(person.clips()[0]).frames().read(0)
    assert cutout is not None
    assert cutout[1].shape == (crowd.side(2 * tall),) * 2


def test_a_crowd_is_measured_by_several_processes_as_by_one(
    crowd_home: tuple[Path, Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = clips.load_all(Workspace(crowd_home[0]).person(pretrain.PERSON))
    alone = train.study_subject(found)
    monkeypatch.setattr(subject, "_CROWD", 2)
    together = train.study_subject(found)
    assert np.array_equal(alone.girth, together.girth)
    assert all(a.equal(b) for one, other in zip(alone.looks, together.looks, strict=True)
               for a, b in zip(one, other, strict=True))  # fmt: skip


def test_pretraining_goes_on_from_a_base(crowd_home: tuple[Path, Outcome], tmp_path: Path) -> None:
    start, out = crowd_home[0] / "after-10.safetensors", tmp_path / "longer.safetensors"
    shutil.copytree(crowd_home[0] / "crowd" / "clips", tmp_path / "crowd" / "clips")
    within("pretrain", "--recipe", "tiny", "--people", "2", "--set", "steps=2", "--set", "rate=0.00000001", "--from",
           start, "--out", out, home=tmp_path)  # fmt: skip
    given, learnt = checkpoint.load(start, "")[0], checkpoint.load(out, "")[0]
    for name, tensor in given.items():
        assert torch.allclose(learnt[name].float(), tensor.float(), atol=1e-3), name
    said = within("pretrain", "--recipe", "tiny", "--from", "nobody", "--out", out, home=tmp_path / "new", status=1)
    assert "nobody" in said.stderr
    assert not (tmp_path / "new").exists(), "nobody is drawn in vain"


def test_training_begins_with_the_base(crowd_home: tuple[Path, Outcome], prepared: Path) -> None:
    base = crowd_home[0] / "after-10.safetensors"
    options = ("--recipe", "tiny", "--set", "steps=2", "--set", "rate=0.00000001", "--set", f"base={base}")
    said = within("train", "me", *options, home=prepared)
    assert "Starting from networks that know drawn people" in said.stderr
    given = bases.load(str(base), recipe.load("tiny"))
    learnt, card = checkpoint.load(prepared / "me" / "person.safetensors", "")
    for name, tensor in checkpoint.part(given, "G1").items():
        assert torch.allclose(learnt[f"draw/{name}"].float(), tensor.float(), atol=1e-3), name
    assert card["recipe"]["base"] == str(base)
    assert {tuple(stint["size"]) for stint in card["trained"]["stints"]} == {(48, 64)}, "only the largest size is tuned"


def drawing_and_verdict(base: Path, single: bool, window: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What stage I's networks of the tiny recipe make of a window of poses when they begin with a base: of all its
    poses, or of the middle one alone."""
    chosen, picture = replace(recipe.load("tiny"), single_pose=single), torch.linspace(0, 1, 9216).view(1, 3, 64, 48)
    training = Training(chosen, torch.device("cpu"), {}, [])
    bases.adopt(training, str(base))
    reach = chosen.reaches[0]
    seen = window[:, window.shape[1] // 2 - reach : window.shape[1] // 2 + reach + 1].flatten(1, 2)
    with torch.no_grad():
        return training.generators[1](seen), training.pairs[1](picture, seen)[0][-1]


def test_for_single_poses_a_base_of_windows_draws_what_it_draws_where_all_poses_are_alike(
    crowd_home: tuple[Path, Outcome], tmp_path: Path
) -> None:
    shutil.copytree(crowd_home[0] / "crowd" / "clips", tmp_path / "crowd" / "clips")
    within("pretrain", "--recipe", "tiny", "--people", "2", "--set", "steps=4", "--set", "single_pose=false", "--out",
           tmp_path / "windows.safetensors", home=tmp_path)  # fmt: skip
    pose = torch.rand(1, 1, pose_channels(recipe.load("tiny")), 32, 24) - 0.5
    drawn, verdicts = zip(
        *(drawing_and_verdict(tmp_path / "windows.safetensors", single, pose.repeat(1, 5, 1, 1, 1))
          for single in (True, False)), strict=True)  # fmt: skip
    assert torch.allclose(*drawn, atol=1e-4)
    assert torch.allclose(*verdicts, atol=1e-4)
    assert drawn[0].std() > 0.01


def test_for_windows_a_base_of_single_poses_draws_what_it_draws_of_the_middle_one(
    crowd_home: tuple[Path, Outcome],
) -> None:
    base, window = crowd_home[0] / "after-10.safetensors", torch.rand(1, 5, pose_channels(recipe.load("tiny")), 32, 24)
    assert checkpoint.load(base, "")[1]["single_pose"], "what the tiny recipe shows its stage I"
    drawn, verdicts = zip(*(drawing_and_verdict(base, single, window) for single in (True, False)), strict=True)
    assert torch.allclose(*drawn, atol=1e-4)
    assert torch.allclose(*verdicts, atol=1e-4)
    assert drawn[0].std() > 0.01


def test_the_base_holds_training_on_strangers_moves(crowd_home: tuple[Path, Outcome], prepared: Path) -> None:
    base = crowd_home[0] / "after-10.safetensors"
    options = ("--recipe", "tiny", "--set", "steps=2", "--set", f"base={base}", "--json", "--set", "weights.anchor=5")
    assert "anchor" in within("train", "me", *options, "--set", "phases=[{stage: 1, size: [48, 64], share: 1}]",
                              home=prepared).json["losses"]  # fmt: skip


def test_from_scratch_leaves_the_base_alone(crowd_home: tuple[Path, Outcome], prepared: Path) -> None:
    base = crowd_home[0] / "after-10.safetensors"
    said = within("train", "me", "--recipe", "tiny", "--set", "steps=4", "--set", f"base={base}", "--from-scratch",
                  home=prepared)  # fmt: skip
    assert "drawn people" not in said.stderr


def test_from_scratch_after_a_base_needs_a_new_start(crowd_home: tuple[Path, Outcome], prepared: Path) -> None:
    base = crowd_home[0] / "after-10.safetensors"
    command = ("train", "me", "--recipe", "tiny", "--set", "steps=2", "--set", f"base={base}")
    within(*command, home=prepared)
    said = within(*command, "--from-scratch", home=prepared, status=1)
    assert "begun from a base" in said.stderr
    assert "--from-scratch --restart" in said.stderr
    over = within(*command, "--from-scratch", "--restart", home=prepared)
    assert "drawn people" not in over.stderr


@pytest.mark.parametrize("base", ["nobody", "missing.safetensors"])
def test_a_base_that_is_not_there_is_said(prepared: Path, base: str) -> None:
    said = within("train", "me", "--recipe", "tiny", "--set", f"base={base}", home=prepared, status=1)
    assert base in said.stderr
    assert not (prepared / "me" / "person.json").exists()


def test_a_base_of_another_shape_is_refused_by_name(crowd_home: tuple[Path, Outcome], prepared: Path) -> None:
    base = crowd_home[0] / "after-10.safetensors"
    said = within("train", "me", "--recipe", "tiny", "--set", f"base={base}", "--set", "generator.width=16",
                  home=prepared, status=1)  # fmt: skip
    assert "generator" in said.stderr
    assert "--from-scratch" in said.stderr


def test_a_damaged_base_is_said(crowd_home: tuple[Path, Outcome], prepared: Path) -> None:
    bad = prepared / "bad.safetensors"
    bad.write_bytes((crowd_home[0] / "after-10.safetensors").read_bytes()[:2000])
    said = within("train", "me", "--recipe", "tiny", "--set", f"base={bad}", home=prepared, status=1)
    assert "damaged" in said.stderr


@pytest.mark.parametrize("name", [name for name in zoo.recipes() if recipe.load(name).base])
def test_the_base_of_every_recipe_fits_it(name: str) -> None:
    chosen = recipe.load(name)
    (_, card), tensors = checkpoint.load(weights.find(chosen.base), ""), bases.load(chosen.base, chosen)
    wanted = plain(shaping(chosen))
    assert {key: wanted[key] for key in card["shaping"]} == card["shaping"]
    for stage in (1, 2):
        make_generator(chosen, stage).load_state_dict(checkpoint.part(tensors, f"G{stage}"))


def test_another_crowd_is_not_taken_for_the_one_that_is_there(crowd_home: tuple[Path, Outcome], tmp_path: Path) -> None:
    home, out = shutil.copytree(crowd_home[0], tmp_path / "home"), tmp_path / "b.safetensors"
    usual = ("pretrain", "--recipe", "tiny", "--people", "2", "--set", "steps=12", "--out", out)
    others = {"seed": "2", "people": "3", "from": home / "after-10.safetensors", "minutes": "1"}
    for name, value in others.items():
        said = within(*usual, f"--{name}", value, home=home, status=1).stderr
        assert re.search(f"was begun otherwise: .*{name}.* differ", said)
        assert "--home FOLDER" in said
        assert "--restart" not in said, "which pretrain does not know"
    assert not out.exists()


def test_a_crowd_goes_on_that_was_begun_before_a_setting_existed(
    crowd_home: tuple[Path, Outcome], tmp_path: Path
) -> None:
    home = shutil.copytree(crowd_home[0], tmp_path / "home")
    path = home / "crowd" / "begun.json"
    begun = json.loads(path.read_text())
    assert begun["shaping"].pop("future") is True, "what it was before it could be chosen"
    path.write_text(json.dumps(begun))
    assert within(*pretraining(home, 12), home=home).json["steps"] > 10


def test_a_crowd_without_its_state_is_not_silently_learnt_from_anew(
    crowd_home: tuple[Path, Outcome], tmp_path: Path
) -> None:
    home = shutil.copytree(crowd_home[0], tmp_path / "home")
    (home / "crowd" / "state.safetensors").unlink()
    usual = ("pretrain", "--recipe", "tiny", "--people", "2", "--set", "steps=12", "--out")
    with kept(home, exactly=True):
        said = refused(*usual, home / "after-10.safetensors", home=home)
    assert "the training of crowd cannot go on" in said
    assert f"delete {home / 'crowd' / 'person.safetensors'}" in said
    assert "--restart" not in said, "which pretrain does not know"
    (home / "crowd" / "person.safetensors").unlink()
    assert within(*usual, home / "b.safetensors", "--set", "steps=2", "--json", home=home).json["steps"] == 2


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("base.pth", "the name of a base ends in .safetensors"),
        ("nowhere/base.safetensors", "there is no folder"),
        ("folder.safetensors", "this is a folder"),
        ("start.safetensors", "this is the base to begin with"),
        ("film.safetensors", "exists and is no base of dancekit's; it stays as it is"),
        ("person.safetensors", "exists and is no base of dancekit's; it stays as it is"),
        ("state.safetensors", "exists and is no base of dancekit's; it stays as it is"),
    ],
)
def test_where_no_base_can_be_written_is_said_before_anything_is_drawn(
    crowd_home: tuple[Path, Outcome], name: str, problem: str, tmp_path: Path
) -> None:
    home = crowd_home[0]
    (tmp_path / "folder.safetensors").mkdir()
    (tmp_path / "film.safetensors").write_text("my only copy")
    shutil.copy(home / "after-10.safetensors", tmp_path / "start.safetensors")
    for file in ("person.safetensors", "state.safetensors"):
        shutil.copy(home / "crowd" / file, tmp_path)
    start = tmp_path / "start.safetensors"
    with kept(tmp_path, exactly=True):
        said = refused("pretrain", "--recipe", "tiny", "--people", "2", "--from", start, "--out", tmp_path / name,
                       home=tmp_path / "new")  # fmt: skip
    assert str(tmp_path / name) in said
    assert problem in said


def test_a_base_that_may_not_be_written_is_said_before_anything_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir()
    with kept(tmp_path, exactly=True), closed(tmp_path / "shut"):
        said = refused("pretrain", "--recipe", "tiny", "--people", "2", "--out", tmp_path / "shut" / "b.safetensors",
                       home=tmp_path / "new", through=powerless())  # fmt: skip
    assert f"nothing may be written in {tmp_path / 'shut'}" in said


@pytest.mark.usefixtures("by_threads")
def test_pretraining_goes_on_with_the_recipe_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "recipe", lambda self: ("tiny", "for this test"))
    usual = ("pretrain", "--people", "2", "--out", tmp_path / "b.safetensors", "--json")
    for steps in (2, 4):
        assert within(*usual, "--set", f"steps={steps}", home=tmp_path / "home").json["steps"] == steps


def test_a_base_is_missed_before_anything_is_trained(trained_home: Path, tmp_path: Path) -> None:
    shutil.copytree(trained_home / "me" / "clips", tmp_path / "me" / "clips")
    said = within("ablate", "me", "--recipe", "tiny", "--set", "base=missing.safetensors", home=tmp_path, status=1)
    assert "missing.safetensors is not there" in said.stderr
    assert not (tmp_path / "me" / "ablation").exists()


def test_a_base_is_known_by_its_whole_name_wherever_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "recipes").mkdir()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipes" / "mine.yaml").write_text("base: mine.safetensors\nsteps: 4\n")

    def chosen() -> str:
        nobody, machine = Workspace(tmp_path).person("nobody"), Machine(torch.device("cpu"), "CPU", 0)
        return choose_recipe(nobody, "recipes/mine.yaml", None, {}, machine, lambda text: None)[0].base

    assert chosen() == str(tmp_path / "mine.safetensors")
    (tmp_path / "recipes" / "mine.safetensors").touch()
    assert chosen() == str(tmp_path / "recipes" / "mine.safetensors"), "beside the recipe, if there is one"
