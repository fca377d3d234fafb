"""The zoo: recipes, the weight manifest and bundled weights, in the installed package or beside the checkout."""

from __future__ import annotations

from pathlib import Path

import dancekit
from dancekit.errors import DancekitError, RecipeError
from dancekit.plugins import suggestion

LIKE = "like"
"""The key by which a recipe's file names another one, whose settings it has where it tells none of its own."""


def root() -> Path:
    """The folder of zoo data: dancekit/zoo_data where dancekit is installed, models/ in a checkout."""
    package = Path(dancekit.__file__).parent
    for folder in (package / "zoo_data", package.parent / "models"):
        if (folder / "weights.yaml").is_file():
            return folder
    raise DancekitError(
        "dancekit's own data files are missing.", "Install it again, in its checkout: pip install -c constraints.txt ."
    )


def recipes() -> dict[str, Path]:
    """Recipe files by name."""
    return {path.stem: path for path in sorted((root() / "recipes").glob("*.yaml"))}


def read_recipe(wish: str) -> list[tuple[Path, dict[str, object]]]:
    """The file of a recipe, given by its name or as a path of a YAML file, with its settings; before it that of the
    recipe that it is like, and so on.

    Raises:
        RecipeError: there is no such recipe, or it is like itself. DancekitError: a file cannot be read.
    """
    layers: list[tuple[Path, dict[str, object]]] = []
    next_one: object = wish
    while next_one is not None:
        path = _recipe_file(str(next_one), layers[0][0] if layers else None)
        if any(path.samefile(other) for other, _ in layers):
            raise RecipeError(f"{layers[0][0]}: {LIKE}: {next_one} goes round in a circle.", "Leave this line out.")
        layers.insert(0, (path, read_yaml(path)))
        next_one = layers[0][1].pop(LIKE, None)
    return layers


def _recipe_file(wish: str, asked_by: Path | None) -> Path:
    """asked_by: the file that names this recipe, if one does; paths are then counted from there."""
    where = f"{asked_by}: {LIKE}: " if asked_by else ""
    known = recipes()
    if not wish.endswith((".yaml", ".yml")) and wish not in known:
        raise RecipeError(
            f"{where}There is no recipe {wish!r}.", suggestion(wish, [*([] if where else ["auto"]), *known])
        )
    path = known.get(wish) or (asked_by.parent / wish if asked_by else Path(wish))
    if not path.is_file():
        raise RecipeError(
            f"{where}{path}: there is no such recipe file.", f"Check the name; {root() / 'recipes'} holds examples."
        )
    return path


def see_settings() -> str:
    """Where all settings of recipes can be looked up."""
    return f"All settings are in {root() / 'recipes' / 'paper.yaml'}."


def read_yaml(path: Path) -> dict[str, object]:
    """A YAML file holding one mapping.

    Raises:
        DancekitError: it cannot be read as such.
    """
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = f"line {mark.line + 1}: {error.problem}" if mark else error  # type: ignore[union-attr]
        raise DancekitError(f"{path}: this file cannot be read: {reason}", "Mend it, or take another.") from error
    if not isinstance(data, dict):
        raise DancekitError(
            f"{path}: this is not a list of settings (key: value).", f"See {root() / 'recipes'} for examples."
        )
    return data
