"""What the README says can be typed, opened and found."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from dancekit import cli
from dancekit.recipe import load

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
INDENTED, QUOTED = r"^    (dancekit \w.*)$", r"`(dancekit \w[^`]*)`"
COMMANDS = sorted({line for found in (INDENTED, QUOTED) for line in re.findall(found, README, re.M)})


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_in_the_readme_is_understood(line: str) -> None:
    words = shlex.split(line, comments=True)
    root = typer.main.get_command(cli.app)
    command = root.get_command(root.make_context("dancekit", words[1:]), words[1])  # type: ignore[attr-defined]
    assert command is not None, f"there is no command {words[1]}"
    command.make_context(words[1], words[2:])


def test_there_are_commands_to_check() -> None:
    assert {line.split()[1] for line in COMMANDS} >= {"prepare", "train", "transfer", "evaluate", "doctor", "demo"}


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_every_link_leads_somewhere(target: str) -> None:
    assert target.startswith("https://") or (ROOT / target).exists()


def test_the_tree_names_every_folder_and_every_module_of_the_surface() -> None:
    tree = README[README.index("    dancekit/\n") : README.index("    tests/")]
    for path in sorted((ROOT / "dancekit").iterdir()):
        name = path.name if path.is_dir() else path.stem
        if not name.startswith("_") and path.suffix in ("", ".py"):
            assert re.search(rf"\b{name}\b", tree), f"{name} is missing in the README's tree"


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"^    make (\w+)", README, re.M):
        assert re.search(rf"^{target}:", makefile, re.M)


def test_the_table_lists_every_recipe() -> None:
    recipes = {path.stem for path in (ROOT / "models" / "recipes").glob("*.yaml")}
    assert recipes == set(re.findall(r"^\| `(\w+)` \|", README, re.M))
    assert all(load(name).description for name in recipes)
