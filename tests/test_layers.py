"""The architecture, read from the source: what may import what, and what may not be done below the surface."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "dancekit"
FILES = sorted(PACKAGE.rglob("*.py"))
SURFACE = {"cli.py", "workshop.py", "console.py", "options.py", "__main__.py"}
PURE = {"numpy", "cv2", "torch", "math", "collections", "dataclasses", "fractions", "functools", "itertools", "typing",
        "bisect", "enum", "__future__"}  # fmt: skip
"""All that core/ may use from elsewhere: nothing that knows of files, of the clock or of a terminal."""
VERBS = {"prepare", "study", "train", "transfer", "drive", "evaluate", "bench", "doctor", "demo", "cli", "console",
         "report", "options", "pretrain", "ablate", "standings", "workshop"}  # fmt: skip
FILE_CALLS = {"imread", "imreadmulti", "imwrite", "imwritemulti", "imshow", "waitKey", "VideoCapture", "VideoWriter",
              "FileStorage", "fromfile", "tofile", "memmap", "savez", "savez_compressed", "savetxt", "loadtxt", "open",
              "default_rng", "manual_seed"}  # fmt: skip


def _in(*folders: str) -> list[Path]:
    return [path for path in FILES if path.parent.name in folders]


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> set[str]:
    """Everything a file imports, by full name, wherever in the file it does so."""
    return set(_imports(tree_of(path)))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are written in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(path: Path) -> set[str]:
    """The last part of the name of everything that is called."""
    functions = [node.func for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]
    return {
        f.attr if isinstance(f, ast.Attribute) else f.id for f in functions if isinstance(f, (ast.Attribute, ast.Name))
    }


def test_the_readers_of_source_see_what_there_is(tmp_path: Path) -> None:
    """If they saw nothing, no test below could fail."""
    path = tmp_path / "sample.py"
    path.write_text("import os.path\nfrom rich import bar\ndef f():\n    import cv2\n    cv2.imread('x'); print(1)\n")
    assert imports(path) == {"os.path", "rich.bar", "cv2"}
    assert calls(path) == {"imread", "print"}
    assert len(FILES) > 50
    assert len(_in("core")) > 10


@pytest.mark.parametrize("path", _in("core"), ids=_name)
def test_core_is_pure(path: Path) -> None:
    for name in imports(path):
        if name.startswith("dancekit"):
            assert name.startswith(("dancekit.core", "dancekit.networks", "dancekit.types", "dancekit.errors")), name
        else:
            assert name.partition(".")[0] in PURE, name
    assert not calls(path) & FILE_CALLS


@pytest.mark.parametrize("path", _in("networks"), ids=_name)
def test_networks_know_only_of_tensors(path: Path) -> None:
    for name in imports(path):
        assert name.startswith(("dancekit.networks", "dancekit.core")) or name.partition(".")[0] in PURE, name
    assert not calls(path) & FILE_CALLS


@pytest.mark.parametrize("path", [path for path in FILES if path.name not in SURFACE], ids=_name)
def test_below_the_surface_nothing_speaks_to_the_user_or_ends_the_program(path: Path) -> None:
    assert not {name.partition(".")[0] for name in imports(path)} & {"typer", "click", "rich"}
    assert not calls(path) & {"print", "input", "exit", "quit", "_exit", "abort"}


@pytest.mark.parametrize("path", _in("io", "pose", "matting"), ids=_name)
def test_edges_do_not_reach_up_to_the_verbs(path: Path) -> None:
    assert not {name.split(".")[1] for name in imports(path) if name.startswith("dancekit.")} & VERBS


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_house_rules(path: Path) -> None:
    source, tree = path.read_text(encoding="utf-8"), tree_of(path)
    assert len(source.splitlines()) < 300
    assert ast.get_docstring(tree), "opens with a sentence"
    assert path.stem not in {"utils", "util", "common", "helpers", "misc"}
    assert not {name.partition(".")[0] for name in imports(path)} & {"pickle", "dill", "joblib", "shelve"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            assert not (isinstance(node.type, ast.Name) and node.type.id == "Exception"), f"line {node.lineno}"
            assert node.type is not None, f"line {node.lineno}"
        if isinstance(node, ast.ClassDef):
            assert "Manager" not in node.name
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            options = {word.arg: word.value for word in node.keywords}
            whole = ast.unparse(node.func)
            if whole == "torch.load":
                assert ast.unparse(options["weights_only"]) == "True", "nothing that can run is ever loaded"
            if whole == "np.load":
                assert ast.unparse(options["allow_pickle"]) == "False", "nothing that can run is ever loaded"


def test_models_are_data_and_no_package() -> None:
    models = PACKAGE.parent / "models"
    assert not list(models.rglob("*.py"))
    assert not (models / "__init__.py").exists()
