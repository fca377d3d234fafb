"""The zoo: recipes, the weight manifest and bundled weights, in the installed package or beside the checkout."""

from __future__ import annotations

from pathlib import Path

import dancekit
from dancekit.errors import DancekitError


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
