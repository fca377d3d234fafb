"""Recipes that are like others: what they tell counts, all else is as there, and what cannot be is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from dancekit import recipe
from dancekit.errors import RecipeError


def written(folder: Path, **texts: str) -> str:
    """Recipe files by name; the path of the first."""
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return str(folder / f"{next(iter(texts))}.yaml")


def test_what_a_recipe_does_not_tell_is_as_in_the_one_it_is_like(tmp_path: Path) -> None:
    path = written(tmp_path, mine="like: cpu\nbatch: 3\ncritics: {width: 16}\nunpaired: {enabled: false}\n")
    mine, cpu = recipe.load(path), recipe.load("cpu")
    assert (mine.name, mine.batch, mine.critics.width) == ("mine", 3, 16)
    assert mine.critics.norm == cpu.critics.norm != recipe.Recipe().critics.norm
    assert (mine.generator, mine.phases, mine.minutes) == (cpu.generator, cpu.phases, cpu.minutes)


def test_recipes_are_like_those_beside_them_and_so_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "recipes"
    folder.mkdir()
    written(folder, mine="like: yours.yaml\nbatch: 2\n", yours="like: tiny\nbatch: 5\nrate: 0.5\n")
    monkeypatch.chdir(tmp_path)
    found = recipe.load(str(Path("recipes") / "mine.yaml"), {"steps": "7"})
    assert (found.batch, found.rate, found.steps) == (2, 0.5, 7)
    assert found.generator == recipe.load("tiny").generator


@pytest.mark.parametrize(
    ("texts", "problem", "hint"),
    [
        ({"mine": "like: cpy\n"}, "mine.yaml: like: There is no recipe 'cpy'", "Did you mean 'cpu'?"),
        ({"mine": "like: auto\n"}, "mine.yaml: like: There is no recipe 'auto'", "There are: cpu"),
        ({"mine": "like: [1]\n"}, "mine.yaml: like: There is no recipe '[1]'", "There are: cpu"),
        ({"mine": "like: gone.yaml\n"}, "gone.yaml: there is no such recipe file", "holds examples"),
        ({"mine": "like: mine.yaml\n"}, "mine.yaml: like: mine.yaml goes round in a circle", "this line"),
        (
            {"mine": "like: yours.yaml\n", "yours": "like: mine.yaml\n"},
            "yours.yaml: like: mine.yaml goes round in a circle",
            "this line",
        ),
        ({"mine": "like: yours.yaml\n", "yours": "bathc: 2\n"}, "yours.yaml: there is no setting 'bathc'", "'batch'"),
    ],
)
def test_what_it_cannot_be_like_is_named(tmp_path: Path, texts: dict[str, str], problem: str, hint: str) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe.load(written(tmp_path, **texts))
    assert problem in caught.value.problem
    assert hint in caught.value.hint
