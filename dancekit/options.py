"""What the commands' options are, and how what is typed for them is read."""

from __future__ import annotations

import json
import math
import os
import re
import shlex
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from dancekit import plugins
from dancekit.errors import DancekitError, RecipeError
from dancekit.io import zoo

if TYPE_CHECKING:
    from dancekit.io.workspace import Person, Workspace

_UsageError: Any = typer.BadParameter.__mro__[1]
"""Its parent, which click defines: typer came to bring a click of its own, where it has another name."""


def _of(family: str, before: str = "") -> str:
    """Help that tells what each backend of a family is."""
    told = plugins.described(family).items()
    return before + "; ".join(f"{name}: {what}" if what else name for name, what in told) + "."


def _recipes() -> str:
    with suppress(DancekitError):  # without its data files dancekit cannot train, but says so in its own words
        return ", ".join(zoo.recipes())
    return "none found"


def finite(value: float | None) -> float | None:
    """A number as it was typed, but for inf and nan, which are read as numbers too."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no number to count with.")
    return value


def moment(given: str | float) -> float:
    """Seconds of a film, given as 75.5, or as players show them: 1:15.5, or 1:02:03."""
    with suppress(ValueError):
        numbers = [float(part) for part in str(given).split(":")]
        whole = all(number.is_integer() for number in numbers[:-1])
        if len(numbers) <= 3 and whole and 0 <= min(numbers) < math.inf and all(n < 60 for n in numbers[1:]):
            return float(sum(60**place * number for place, number in enumerate(reversed(numbers))))
    raise typer.BadParameter(f"{given} is no time in a film. Write seconds, such as 75.5, or 1:15.5")


_MOST_SEEDS = 2**32 - 1

Matte = Annotated[str, typer.Option(help=_of("matting", "auto: as suits the film; "))]
Pose = Annotated[str, typer.Option(help=_of("pose", "Advanced. "))]
Recipe = Annotated[str, typer.Option(help=f"auto: as suits the machine; {_recipes()}, or a .yaml file.")]
Home = Annotated[Path, typer.Option("--home", envvar="DANCEKIT_HOME", help="Workspace folder.", file_okay=True)]
OwnHome = Annotated[Path, typer.Option("--home", help="Folder for all that is drawn and learnt.", file_okay=True)]
"""Of commands that draw people: they do not mix with the user's own, wherever her workspace is."""
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout; all else goes to stderr.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")]
Start = Annotated[
    float,
    typer.Option(
        help="Where in the film to start: seconds, or minutes too, as 1:15.5.",
        parser=moment,
        metavar="TIME",
        show_default=False,
    ),
]
End = Annotated[
    float,
    typer.Option(
        help="Where to end, likewise; by default the whole film is used.",
        parser=moment,
        metavar="TIME",
        show_default=False,
    ),
]
Turn = Annotated[
    Literal["0", "90", "180", "270"],
    typer.Option(
        metavar="90|180|270",
        help="Turn the film clockwise by so many degrees, so that people stand.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of all randomness.", min=0, max=_MOST_SEEDS)]
Pick = Annotated[str, typer.Option(metavar="X,Y", help="Follow the person who first stands at this place (px).")]
Minutes = Annotated[
    float | None,
    typer.Option(help="How long to train; the recipe's own length by default.", min=0.01, callback=finite),
]
Settings = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a setting, e.g. batch=2; the file of the recipe paper lists them all.",
    ),
]
Drivers = Annotated[
    list[Path], typer.Option("--driver", help="Film whose moves to judge the person in; may be repeated.")
]
Tall = Annotated[
    int | None,
    typer.Option(
        metavar="PX",
        help="Judge pictures in which she is so tall, such as 250, to compare recipes; else as tall as she is drawn.",
        min=64,
    ),
]
LearnFrom = Annotated[float, typer.Option(help="Length of the film to learn from.", min=4, callback=finite)]
DanceTo = Annotated[float, typer.Option(help="Length of the film to dance to.", min=1, callback=finite)]
Bg = Annotated[
    str | None,
    typer.Option(
        help="Picture, film, colour (ff8800, or '#ff8800' in quotes; or green, blue, black, white, grey, pink, ...), "
        "or transparent; by default dark blue-grey."
    ),
]
Out = Annotated[
    Path | None, typer.Option(help="Film: .mp4 .mov .webm .mkv; a folder: PNGs; by default PERSON-FILM.mp4, here.")
]
Fit = Annotated[
    Literal["body", "scale", "none"],
    typer.Option(help="body: fit moves to the person's proportions; scale: to the size only; none."),
]
Size = Annotated[str, typer.Option(help="driver, background (its shape, 1920 px at most), or WIDTHxHEIGHT.")]
Shadow = Annotated[
    bool | None,
    typer.Option(
        "--shadow/--no-shadow",
        help="A soft shadow on the floor below her; by default with all but a colour of --bg, or transparent.",
        show_default=False,
    ),
]
People = Annotated[int, typer.Option(help="How many people to draw.", min=1)]
HOME, BASE = Path("dance"), Path("base.safetensors")

_ONE_PERSON, _ONE_FILM = "One person at a time. ", "One film at a time"
_TOO_MANY = {
    "transfer": f"{_ONE_FILM}; who dances is told by --as NAME. ",
    "bench": f"{_ONE_FILM}; whom to train with is told by --person NAME. ",
    **dict.fromkeys(("train", "evaluate", "ablate"), _ONE_PERSON),
}
"""What a command takes, said where it was given more."""
_LIBRARY = {
    r"^Value error, ": "",
    r"^Input should be a valid number\b.*": "this is not a number.",
    r"^Input should be a valid integer\b.*": "this is not a whole number.",
    r"^Input should be greater than or equal to (.*)": r"it must be \1 or more.",
    r"^Input should be less than or equal to (.*)": r"it must be \1 or less.",
    r"(unexpected extra argument.*?)\.?$": r"\1.",
    r"^(No such command '(help|version)').*": r"\1. Write: dancekit --\2",
    r"^(Option '--bg' requires an argument)\.?$": r"\1. Write a colour as ff8800, or as '#ff8800' in quotes: without "
    "them a shell takes it for a comment.",
}
"""How the library that reads the command line puts it, and how dancekit does."""


def whom(workspace: Workspace, name: str) -> Person:
    """The person of a name; where nobody is named, the only one there is, or "me".

    Raises:
        WorkspaceError: there is nobody of this name.
    """
    return workspace.existing(name or usual(workspace))


def usual(workspace: Workspace) -> str:
    """Who is meant where nobody is named: the only person there is, or "me"."""
    people = workspace.people()
    return people[0] if len(people) == 1 else "me"


def there(workspace: Workspace) -> str:
    """Who is meant where nobody is named, if she is there; else nobody."""
    name = usual(workspace)
    return name if name in workspace.people() else ""


def workspace_in(home: Path) -> Workspace:
    """The workspace in a folder."""
    from dancekit.io.workspace import Workspace

    return Workspace(home)


def where(home: Path) -> str:
    """How the next command has to name the workspace: not at all where it is the usual one."""
    usual = Path(os.environ.get("DANCEKIT_HOME", HOME))
    quoted = subprocess.list2cmdline([str(home)]) if os.name == "nt" else shlex.quote(str(home))
    return "" if home == usual else f" --home {quoted}"


def refuse_with_wild(name: str | None, matte: str) -> None:
    """Stop where strangers' poses are to be kept as those of somebody who is named, or cut out.

    Raises:
        DancekitError: somebody is, or a matting backend.
    """
    if matte != "auto":
        raise DancekitError(f"--wild --matte {matte}: of strangers only the poses are kept.", "Leave out --matte.")
    if name is not None:
        raise DancekitError(
            f"--wild --as {name}: strangers' poses belong to everybody in this workspace, not to one person.",
            "Leave out --as to keep them for all; leave out --wild to prepare films of the person.",
        )


def refuse_options_of_drivers(drivers: list[Path], **given: bool) -> None:
    """Stop where options are given that are for drivers, and no driver is.

    Raises:
        DancekitError: there are such.
    """
    for name in (name for name, there in given.items() if there and not drivers):
        raise DancekitError(
            f"--{name} is for films whose moves she is judged in, and none is named.",
            f"Name one with --driver, or leave out --{name}.",
        )


def place(text: str) -> tuple[float, float] | None:
    """ "X,Y" as px; None where nothing was typed.

    Raises:
        DancekitError: this is not a place.
    """
    if not text:
        return None
    try:
        across, down = (float(part) for part in text.split(","))
        if not (math.isfinite(across) and math.isfinite(down)):
            raise ValueError
    except ValueError:
        raise DancekitError(
            f"--pick {text}: this is not a place.", "Write it as X,Y in px, such as: --pick 640,300"
        ) from None
    return across, down


def parse_settings(texts: list[str]) -> dict[str, str]:
    """["batch=2", "critics.width=32"] as given to --set.

    Raises:
        RecipeError: a text that is not a setting.
    """
    settings = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise RecipeError(f"--set {text}: this is not a setting.", "Write it as key=value, such as: --set batch=2")
        settings[key.strip()] = value.strip()
    return settings


class Commands(TyperGroup):
    """The commands. That what was typed for one cannot be read is told in plain words, and as JSON too where that was
    asked for."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was typed."""
        as_json = "--json" in ctx.args
        try:
            return super().invoke(ctx)
        except _UsageError as error:
            error.message = _plainly(error.message, error.ctx.info_name if error.ctx else "")
            if as_json:
                hint = f"See: {(error.ctx or ctx).command_path} --help"
                print(json.dumps({"error": error.format_message(), "hint": hint}), flush=True)
            raise


def _plainly(message: str, command: str) -> str:
    """What is wrong with what was typed, in plain words and with what a command takes."""
    for theirs, ours in _LIBRARY.items():
        message = re.sub(theirs, ours, message)
    if "unexpected extra argument" in message:
        message += f" {_TOO_MANY.get(command, '')}A name with spaces needs quotes."
    return message
