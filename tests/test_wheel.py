"""The wheel, built and installed elsewhere: all that is needed is in it, nothing else is, and it works from there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def run(*command: str, cwd: Path, **env: str) -> str:
    done = subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True, check=False,
                          env={**os.environ, **env})  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a clean copy of the checkout: earlier builds must not lend it their files."""
    pytest.importorskip("build")
    copy, dist = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("dist")
    for name in ("dancekit", "models"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, copy / name)
    run("-m", "build", "--wheel", "--no-isolation", "--outdir", str(dist), cwd=copy)
    (made,) = dist.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but the installed wheel."""
    folder = tmp_path_factory.mktemp("installed")
    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder), str(wheel), cwd=folder)
    return folder


def test_the_wheel_holds_every_module_and_all_of_the_zoo(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {path.relative_to(ROOT).as_posix() for path in (ROOT / "dancekit").rglob("*.py")}
    expected |= {f"dancekit/zoo_data/{path.relative_to(ROOT / 'models').as_posix()}"
                 for path in (ROOT / "models").rglob("*") if path.is_file()}  # fmt: skip
    expected |= {"dancekit/py.typed", "dancekit/page.html"}
    assert names >= expected
    assert {name for name in names - expected if ".dist-info/" not in name} == set(), "and nothing besides"
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_no_top_level_package_but_dancekit(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"dancekit"}


def elsewhere(installed: Path, folder: Path, program: str) -> str:
    """Run a program outside the checkout with the installed package first on the path."""
    return run("-c", program, cwd=folder, PYTHONPATH=str(installed), PYTHONDONTWRITEBYTECODE="1")


def test_recipes_and_weights_are_found_where_it_is_installed(installed: Path, tmp_path: Path) -> None:
    program = """
import json, dancekit
from dancekit import recipe
from dancekit.io import weights, zoo
bundled = [name for name, entry in weights.manifest().items() if entry.bundled]
print(json.dumps({"at": dancekit.__file__, "zoo": str(zoo.root()), "recipes": sorted(zoo.recipes()),
                  "tiny": recipe.load("tiny").steps, "weights": [str(weights.find(name)) for name in bundled]}))
"""
    said = json.loads(elsewhere(installed, tmp_path, program))
    assert Path(said["at"]) == installed / "dancekit" / "__init__.py"
    assert Path(said["zoo"]) == installed / "dancekit" / "zoo_data"
    assert said["recipes"] == sorted(path.stem for path in (ROOT / "models" / "recipes").glob("*.yaml"))
    assert said["tiny"] == 40
    assert len(said["weights"]) >= 2
    assert all(Path(path).is_relative_to(installed) for path in said["weights"])


def test_models_is_not_importable(installed: Path, tmp_path: Path) -> None:
    program = "import importlib.util; print(importlib.util.find_spec('models'))"
    assert elsewhere(installed, tmp_path, program).strip() == "None"


def test_the_commands_run_where_it_is_installed(installed: Path, tmp_path: Path) -> None:
    program = "import sys; sys.argv = ['dancekit', '--version']; from dancekit.cli import main; main()"
    assert elsewhere(installed, tmp_path, program).startswith("dancekit ")
    script = (installed / "bin" / "dancekit") if os.name != "nt" else installed / "bin" / "dancekit.exe"
    assert script.is_file()
