"""How long a person is trained where no minutes are asked for: as it was begun, then for the recipe's own length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from conftest import within

from dancekit import recipe as recipes
from dancekit.begun import shaping, unit
from dancekit.choose import better_minutes, choose_recipe
from dancekit.core import schedule
from dancekit.device import Machine
from dancekit.io import checkpoint, zoo
from dancekit.io.workspace import Person, Workspace

CPU = recipes.load("cpu")


def begun(
    home: Path, minutes: float, done: bool = True, usual: float | None = CPU.minutes, **changes: object
) -> Person:
    """A person with the state of a training for some minutes, which is through or has just begun. usual: minutes that
    are kept as the recipe's own; None as an earlier dancekit left them."""
    person, recipe = Workspace(home).person("me"), replace(CPU, minutes=minutes, **changes)  # type: ignore[arg-type]
    phases = [(phase.stage, phase.size, phase.share) for phase in recipe.phases]
    stints = [replace(s, spent=s.amount * done) for s in schedule.planned(phases, minutes * 60 or recipe.steps)]
    card: dict[str, object] = {"stints": [asdict(stint) for stint in stints], "shaping": shaping(recipe)}
    card |= {"unit": unit(recipe), "recipe": recipes.to_dict(recipe)} | ({} if usual is None else {"usual": usual})
    checkpoint.save(person.state, {"G1/weight": torch.zeros(1)}, card)
    return person


def chosen(person: Person, minutes: float | None = None, settings: Mapping[str, str] = {}) -> tuple[float, float, str]:
    """(minutes that she is to be trained for, those that are usual, what is said of it)."""
    said, machine = list[str](), Machine(torch.device("cpu"), "a CPU", 0)
    recipe, usual = choose_recipe(person, "auto", minutes, settings, machine, said.append)
    return recipe.minutes, usual, "\n".join(said)


def test_who_learnt_for_less_than_usual_goes_on_to_the_usual_length(tmp_path: Path) -> None:
    minutes, usual, said = chosen(begun(tmp_path, 1))
    assert (minutes, usual) == (15, 15)
    assert said == (
        "Recipe cpu (as it was begun), 15 minutes, on a CPU.\n"
        "me has learnt for 1 minute, and goes on now: this recipe usually takes 15 minutes."
    )
    assert chosen(begun(tmp_path, 2), settings={"batch": "2"})[0] == 15, "with other settings too"


def test_what_was_interrupted_goes_on_as_it_was_begun(tmp_path: Path) -> None:
    minutes, usual, said = chosen(begun(tmp_path, 3, done=False))
    assert (minutes, usual) == (3, 15)
    assert "That is short: this recipe usually takes 15 minutes. Run it again without --minutes to go on." in said
    assert chosen(begun(tmp_path, 30, done=False))[0] == 30


@pytest.mark.parametrize("learnt", [15, 30])
def test_who_learnt_for_the_usual_length_or_more_does_not_go_on(tmp_path: Path, learnt: float) -> None:
    minutes, usual, said = chosen(begun(tmp_path, learnt))
    assert (minutes, usual) == (learnt, 15)
    assert "usually" not in said


def test_minutes_that_are_asked_for_count_beside_the_usual_ones(tmp_path: Path) -> None:
    minutes, usual, said = chosen(begun(tmp_path, 3), 1)
    assert (minutes, usual) == (1, 15)
    assert "Recipe cpu (as it was begun), 1 minute, on a CPU.\n" in said
    assert "That is short: this recipe usually takes 15 minutes." in said
    assert chosen(begun(tmp_path, 2), 30)[:2] == (30, 15)


def test_the_usual_length_is_the_recipes_own_where_an_earlier_dancekit_kept_none(tmp_path: Path) -> None:
    assert chosen(begun(tmp_path, 2, usual=None))[:2] == (15, 15)
    assert chosen(begun(tmp_path, 2, usual=None, name="mine"))[:2] == (2, 2), "of a file that nobody knows any more"
    assert chosen(begun(tmp_path, 2, usual=60, name="mine"))[:2] == (60, 60)


def test_a_length_that_is_set_is_the_recipes_own(tmp_path: Path) -> None:
    assert chosen(begun(tmp_path, 2), settings={"minutes": "4"})[:2] == (4, 4)
    assert chosen(begun(tmp_path, 2, usual=2))[:2] == (2, 2), "as it was set when it began"


@pytest.mark.parametrize(("steps", "usual"), [(40, 0), (40, None)])
def test_steps_are_no_minutes(tmp_path: Path, steps: int, usual: float | None) -> None:
    person = begun(tmp_path, 0, usual=usual, steps=steps, name="mine")
    assert chosen(person)[:2] == (0, 0)
    assert choose_recipe(person, "auto", None, {}, Machine(torch.device("cpu"), "", 0), print)[0].steps == steps


def test_a_training_of_minutes_goes_on_to_the_length_of_its_recipe_and_no_further(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dancekit.loop._without_pause", lambda seconds, usual: 0.1)  # so long does every step take
    mine = tmp_path / "mine.yaml"
    tiny = (zoo.root() / "recipes" / "tiny.yaml").read_text().replace("precision: bfloat16", "precision: float32")
    mine.write_text(f"{tiny}minutes: 0.03\n")
    first = within("train", "me", "--restart", "--recipe", mine, "--minutes", "0.01", "--json", home=home)
    assert "That is short: this recipe usually takes 0.03 minutes." in first.stderr
    then = within("train", "me", "--json", home=home)
    assert "me has learnt for 0.01 minutes, and goes on now: this recipe usually takes 0.03 minutes." in then.stderr
    assert f"Going on after {first.json['steps']} steps." in then.stderr
    assert then.json["finished"]
    assert then.json["steps"] > first.json["steps"]
    card = checkpoint.read_card(home / "me" / "state.safetensors", "")
    assert sum(stint["spent"] for stint in card["stints"]) == pytest.approx(0.03 * 60, abs=0.4)
    last = within("train", "me", home=home)
    assert f"me is trained already: {then.json['steps']} steps. For more: dancekit train me --minutes M" in last.stdout


def test_a_slow_computer_is_told_how_long_it_takes_to_be_crisp() -> None:
    standard = recipes.load("standard")
    assert better_minutes(standard, 700, 15 * 60) == 45
    assert better_minutes(standard, 1000, 15 * 60) is None, "enough"
    assert better_minutes(replace(standard, base=""), 700, 15 * 60) is None, "the paper's way takes what it takes"
    assert better_minutes(replace(standard, minutes=0), 700, 15 * 60) is None, "so many steps were asked for"
