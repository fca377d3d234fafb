"""Backends found by file name: dancekit/matting/<name>.py is the matting backend <name>, and nothing else lists it."""

from __future__ import annotations

import ast
import difflib
import importlib
import pkgutil
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from dancekit.errors import DancekitError

_DESCRIPTION = re.compile(r"^DESCRIPTION\b[^=\n]*=(.*)$", re.MULTILINE)


def names(family: str) -> list[str]:
    """Backends of a family ("pose" or "matting"), in alphabetical order."""
    package = importlib.import_module(f"dancekit.{family}")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_"))


def described(family: str) -> dict[str, str]:
    """What the backends of a family say of themselves, by name: read from their files, of which nothing is run, since
    help must not wait for what a backend is made with. Empty where that is no plain text."""
    files = sorted(Path(__file__).with_name(family).glob("[!_]*.py"))
    return {file.stem: _description(file.read_text(encoding="utf-8", errors="replace")) for file in files}


def _description(source: str) -> str:
    """The text that a module calls DESCRIPTION; all of the module is parsed only where a line does not hold it."""
    found = _DESCRIPTION.search(source)
    if not found:
        return ""
    with suppress(SyntaxError, ValueError):
        return str(ast.literal_eval(found[1].strip()))
    with suppress(SyntaxError, ValueError):
        for node in ast.parse(source).body:
            names = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            value = getattr(node, "value", None)
            if value and any(isinstance(name, ast.Name) and name.id == "DESCRIPTION" for name in names):
                return str(ast.literal_eval(value))
    return ""


def load(family: str, name: str, besides: Sequence[str] = ()) -> ModuleType:
    """The backend's module. besides: what else could have been asked for, which is not a backend.

    Raises:
        DancekitError: no such backend; the nearest name is suggested.
    """
    known = names(family)
    if name not in known:
        raise DancekitError(f"There is no {family} backend {name!r}.", suggestion(name, [*besides, *known]))
    return importlib.import_module(f"dancekit.{family}.{name}")


def suggestion(name: str, known: list[str]) -> str:
    """ "Did you mean ...?" for a mistyped name, and all that there are."""
    plain = {one.lower(): one for one in known}
    near = [plain[one] for one in difflib.get_close_matches(name.lower(), plain, 1)]
    return (f"Did you mean {near[0]!r}? " if near else "") + f"There are: {', '.join(known) or 'none yet'}."
