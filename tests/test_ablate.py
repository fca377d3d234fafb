"""Ablation: rungs that differ by one thing, figures that tell gain from chance, and the real command on the dancer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import within
from test_report import SCORES

from dancekit import ablate, backdrops, limits, recipe, rungs, standings
from dancekit.ablate import Ablation, Run
from dancekit.core.schedule import FACE
from dancekit.errors import RecipeError
from dancekit.io import clips, zoo
from dancekit.io.workspace import Person, Workspace
from dancekit.pose import Sighting
from dancekit.recipe import Recipe, to_dict
from dancekit.rungs import Rung
from dancekit.types import VideoInfo

TINY = ("--recipe", "tiny", "--set", "steps=4")
DIFFERENCES = {
    "PL-Stage1-DA": {"augment"},
    "PL-Stage1-DA-F": {"future"},
    "PL-Stage2": {"phases"},
    "PL-UL-Stage2": {"unpaired.enabled"},
    "no-anchor": {"weights.anchor"},
    "no-focus": {"weights.focus"},
    "no-face": {"phases"},
    "no-portraits": {"portraits"},
    "no-sources": {"sources"},
    "no-refiner": {"phases"},
    "no-single-pose": {"single_pose"},
    "no-scatter": {"scattered"},
    "no-sway": {"sway.rotate", "sway.scale", "sway.share"},
    "no-averages": {"average"},
    "no-muon": {"muon"},
    "no-base": {"base", "weights.anchor"},
    "no-sketch": {"sketch"},
    "no-matte": {"matte", "key"},
    "body": {"unpaired.enabled", "unpaired.real"},
    "real": {"unpaired.enabled", "unpaired.real"},
    "both": {"unpaired.real"},
}
"""What may differ between a rung and the one it stands beside."""


def changed(one: Recipe, other: Recipe) -> set[str]:
    """The settings in which two recipes differ; a group that one of them lacks counts as one."""
    first, second = (dict(limits.flat(to_dict(r))) for r in (one, other))
    names = {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}
    return {name.partition(".")[0] if name.startswith("augment") else name for name in names}


@pytest.mark.parametrize("name", zoo.recipes())
@pytest.mark.parametrize("ladder", rungs.LADDERS)
def test_every_rung_can_be_trained(name: str, ladder: str) -> None:
    for rung in rungs.LADDERS[ladder](recipe.load(name)):
        assert recipe.checked(rung.recipe) == rung.recipe
        assert rung.recipe.minutes == recipe.load(name).minutes, "every rung gets the same time"


@pytest.mark.parametrize("name", zoo.recipes())
@pytest.mark.parametrize("ladder", rungs.LADDERS)
def test_rungs_differ_by_one_thing_from_the_one_they_stand_beside(name: str, ladder: str) -> None:
    chosen = {rung.name: rung for rung in rungs.LADDERS[ladder](recipe.load(name))}
    for rung in chosen.values():
        if rung.beside and rung.name != "ours" and not rung.backdrop:
            assert changed(chosen[rung.beside].recipe, rung.recipe) <= DIFFERENCES[rung.name]
    recipes = [(rung.recipe, rung.backdrop, rung.cut) for rung in rungs.LADDERS[ladder](recipe.load("cpu"))]
    assert all(recipes.count(one) == 1 for one in recipes), "each trains something else"


def test_the_paper_has_nothing_of_what_was_added_and_ours_is_the_recipe() -> None:
    cpu = recipe.load("cpu")
    *paper, ours = rungs.paper(cpu)
    assert ours.recipe == cpu
    for rung in paper:
        assert not (
            rung.recipe.scattered
            or rung.recipe.matte
            or rung.recipe.sketch
            or rung.recipe.base
            or rung.recipe.average
            or rung.recipe.portraits
            or rung.recipe.sources
            or rung.recipe.muon
        )
        assert rung.recipe.weights.anchor == rung.recipe.weights.focus == rung.recipe.sway.rotate == 0
    assert [phase.stage for phase in paper[0].recipe.phases] == [1, 1]


def run(box: float, perceptual: float) -> Run:
    scores = replace(SCORES, ssim_box=box, perceptual=perceptual)
    return Run(scores, replace(scores, trunk_frechet=None), scores)


def ablation(*runs: Sequence[Run]) -> Ablation:
    tiny = recipe.load("tiny")
    chosen = [Rung(f"rung-{n}", f"part {n}", tiny, f"rung-{n - 1}" if n else "") for n in range(len(runs))]
    named = {rung.name: list(each) for rung, each in zip(chosen, runs, strict=True)}
    return Ablation("me", "paper", chosen, named, run(0.5, 0.2), len(runs[0]))


def test_a_gain_counts_only_beyond_the_spread_of_the_seeds() -> None:
    first = [run(0.60, 0.10), run(0.62, 0.12)]
    second = [run(0.70, 0.13), run(0.72, 0.11)]
    third = [run(0.60, 0.30), run(0.60, 0.32)]
    lines, data = standings.ablated(ablation(first, second, third))
    text = "\n".join(lines)
    assert "rung-1 beside rung-0: SSIM box better by 0.1000, perceptual the same within the spread" in text
    assert "rung-2 beside rung-1: SSIM box worse by 0.1100, perceptual worse by 0.1900" in text
    measured = data["rungs"]["rung-0"]["unseen"]["ssim_box"]  # type: ignore[index]
    assert measured == {"mean": 0.61, "spread": pytest.approx(0.014142)}
    assert "0.6100 ±0.0141" in text
    assert "trunk_frechet" not in data["rungs"]["rung-0"]["unseen"], "not measured"  # type: ignore[index]


def test_a_single_seed_is_said_to_tell_nothing_of_chance() -> None:
    text = "\n".join(standings.ablated(ablation([run(0.6, 0.1)], [run(0.7, 0.1)]))[0])
    assert "--seeds 3" in text
    assert "better" not in text


def test_some_rungs_alone_stand_beside_the_next_below_them() -> None:
    cpu = recipe.load("cpu")
    some = rungs.chosen("paper", cpu, ["PL-Stage1", "PL-Stage2", "ours"])
    assert [(rung.name, rung.beside) for rung in some] == [
        ("PL-Stage1", ""),
        ("PL-Stage2", "PL-Stage1"),
        ("ours", "PL-Stage2"),
    ]
    assert [rung.recipe for rung in some] == [
        rung.recipe for rung in rungs.paper(cpu) if rung in some or rung.name in ("PL-Stage2", "ours")
    ]
    assert rungs.chosen("paper", cpu) == list(rungs.paper(cpu))
    with pytest.raises(RecipeError, match="no such rung"):
        rungs.chosen("paper", cpu, ["PL-Stage3"])


def test_the_drawn_dancer_climbs_and_nothing_is_done_twice(
    trained_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dancekit.ablate.UNSEEN", ("ballet",))
    # She has been drawn and prepared already, for the other tests.
    shutil.copytree(trained_home / "me" / "clips", tmp_path / "drawn-4s-1s" / "dancer" / "clips")
    short = ("--subject-seconds", "4", "--dance-seconds", "1", "--seeds", "1", "--only", "PL-Stage1")
    said = within("ablate", *TINY, *short, "--json", home=tmp_path).json
    assert list(said["rungs"]) == ["PL-Stage1"]
    for scores in (*said["rungs"].values(), said["nearest"]):
        for place in ("unseen", "told"):
            assert {"ssim", "ssim_box", "perceptual", "trunk_frechet"} <= set(scores[place])
        assert scores["told"] != scores["unseen"]
        assert 0 < scores["held_out"]["ssim"]["mean"] < 1
    assert said["rungs"]["PL-Stage1"]["unseen"] != said["nearest"]["unseen"]
    runs = tmp_path / "drawn-4s-1s" / "dancer" / "ablation"
    weights = {path: path.stat().st_mtime_ns for path in runs.glob("*/person.safetensors")}
    assert len(weights) == 1
    assert not list(runs.glob("*/state.safetensors")), "scored ones need no state"
    assert within("ablate", *TINY, *short, "--json", home=tmp_path).json == said
    assert weights == {path: path.stat().st_mtime_ns for path in weights}


def test_strangers_must_be_there_for_their_ladder(trained_home: Path, tmp_path: Path) -> None:
    shutil.copytree(trained_home / "me" / "clips", tmp_path / "me" / "clips")
    said = within("ablate", "me", "--ladder", "strangers", *TINY, home=tmp_path, status=1)
    assert f"dancekit prepare --home {tmp_path} --wild" in " ".join(said.stderr.split())
    assert not (tmp_path / "me" / "ablation").exists()


def test_a_person_is_learnt_with_her_background_and_cut_out_afterwards(
    trained_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # She is not judged in a stranger's moves here, so that nobody needs to film or to find any.
    monkeypatch.setattr("dancekit.ablate.UNSEEN", ("ballet",))
    monkeypatch.setattr(ablate.scenes, "film", lambda scene, path, progress: path)
    monkeypatch.setattr(ablate, "find_moves", lambda *given: SimpleNamespace(track=None))
    shutil.copytree(trained_home / "me" / "clips", tmp_path / "drawn-4s-1s" / "dancer" / "clips")
    short = ("--subject-seconds", "4", "--dance-seconds", "1", "--seeds", "1", "--ladder", "backgrounds")
    said = within("ablate", *TINY, *short, "--json", home=tmp_path).json
    scores = {name: rung["held_out"] for name, rung in said["rungs"].items()}
    assert list(scores) == ["foreground", "background", "afterwards"]
    assert scores["foreground"] != scores["background"] != scores["afterwards"]
    whole = tmp_path / "drawn-4s-1s" / "dancer" / "ablation" / "with-background"
    assert len(list(whole.glob("ablation/*/person.safetensors"))) == 1, "both come from one training"
    (clip,) = map(clips.load, Person("dancer", whole).clips())
    colour, alpha = clip.frames().read(0)  # type: ignore[misc]
    assert (alpha == 255).mean() > 0.9
    assert colour[:8].std(axis=(0, 1)).max() > 0, "there is a wall behind her"


def test_the_person_is_cut_out_where_the_backend_sees_her() -> None:
    class Detector:
        def __init__(self, info: VideoInfo, people: int, masks: bool) -> None:
            self.size = info.width, info.height

        def detect(self, index: int, frame: np.ndarray) -> list[Sighting]:
            margin = (frame.shape[0] - self.size[1]) // 2
            box = (margin + 10, margin + 20, margin + 20, margin + 40)
            return [Sighting(np.zeros((33, 3), np.float32), np.full((20, 10), 255, np.uint8), box)][: 1 - index]

        def close(self) -> None:
            pass

    pictures = np.full((2, 4, 60, 40), 255, np.uint8)
    first, nobody = backdrops.cut_out(pictures, SimpleNamespace(Detector=Detector))  # type: ignore[arg-type]
    assert (first[3, 21:39, 11:19] == 255).all()
    assert first[3].sum() == pytest.approx(255 * 200, rel=0.1)
    assert (first[:3] == 255).all()
    assert not nobody[3].any()


def test_what_a_recipe_lacks_cannot_be_taken_away() -> None:
    whole = recipe.load("standard")
    lacking = replace(
        whole,
        base="",
        sources=0,
        weights=replace(whole.weights, anchor=0.0),
        phases=tuple(phase for phase in whole.phases if phase.stage != FACE),
    )
    names = [rung.name for rung in rungs.beyond(lacking)]
    assert {"no-base", "no-anchor", "no-sources", "no-face"}.isdisjoint(names)
    assert {"no-sketch", "no-matte"} <= set(names)
    assert {rung.beside for rung in rungs.beyond(lacking)} <= {"", *names}
    assert {"no-base", "no-anchor", "no-sources", "no-face"} <= {rung.name for rung in rungs.beyond(whole)}


def test_only_a_training_that_came_to_its_end_is_scored(trained_home: Path, tmp_path: Path) -> None:
    shutil.copytree(trained_home / "me", tmp_path / "me")
    person = Workspace(tmp_path).person("me")
    assert ablate._is_through(person)
    card = json.loads(person.card.read_text())
    card["trained"]["stints"][-1]["spent"] -= 1
    person.card.write_text(json.dumps(card))
    assert not ablate._is_through(person)
    person.card.unlink()
    assert not ablate._is_through(person)
