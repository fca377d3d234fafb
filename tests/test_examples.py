"""The examples: what they promise holds, and what they say can be typed."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import typer
from figures import track, waving

from dancekit import cli, recipe
from dancekit.errors import ClipError
from dancekit.matting import ClipStudy

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
RECIPE = EXAMPLES / "my_recipe.yaml"


def loaded(name: str) -> ModuleType:
    """An example as a module."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_recipe_trains_one_size_only() -> None:
    assert len({phase.size for phase in recipe.load(str(RECIPE)).phases}) == 1


def test_the_recipe_is_for_a_person_who_has_been_prepared_for_it() -> None:
    root, people = typer.main.get_command(cli.app), []
    for line in re.findall(r"^#     (dancekit .*)$", RECIPE.read_text("utf-8"), re.M):
        _, verb, *words = line.split()
        command = root.get_command(root.make_context("dancekit", [verb]), verb)  # type: ignore[attr-defined]
        assert command is not None
        people.append(command.make_context(verb, words).params["person"])
    assert people == ["quick", "quick"]


def test_the_backend_cuts_with_the_mask_above_its_threshold() -> None:
    module, study = loaded("plain_matte"), ClipStudy((), (), (), track(waving(3)))
    picture, mask = np.zeros((1, 3, 3), np.uint8), np.array([[0, 39, 40]], np.uint8)
    for option, alpha in (("", [0, 39, 40]), ("40", [0, 0, 40])):
        assert module.Matte(study, option).cut(0, picture, mask, np.zeros(4)).alpha.tolist() == [alpha]
    with pytest.raises(ClipError, match="--matte plain:soft: this is not a number") as caught:
        module.Matte(study, "soft")
    assert "plain:40" in caught.value.hint


@pytest.mark.parametrize("finished", [True, False])
def test_from_python_a_training_that_is_stopped_is_not_danced_with(
    finished: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, asked = loaded("from_python"), []

    def transfer(driver: Path, person: SimpleNamespace, *given: object) -> SimpleNamespace:
        asked.append(person.name)
        return SimpleNamespace(film=Path("made.mp4"))

    prepared = SimpleNamespace(verdict=["fine"], sheet=Path("sheet.jpg"))
    trained = SimpleNamespace(steps=3, images_per_second=1.0, finished=finished)
    monkeypatch.setattr(module, "prepare_clip", lambda *given: prepared)
    monkeypatch.setattr(module, "train", lambda *given, **options: trained)
    monkeypatch.setattr(module, "transfer", transfer)
    if finished:
        assert module.main(Path("me.mp4"), Path("ballet.mp4"), tmp_path, "tiny") == Path("made.mp4")
        assert asked == ["example"], "rather than the user's own person"
    else:
        with pytest.raises(SystemExit, match="Run it again to go on"):
            module.main(Path("me.mp4"), Path("ballet.mp4"), tmp_path, "tiny")
        assert not asked
