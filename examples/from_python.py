"""The three commands from Python: prepare a film, train, and let the person do another film's moves.

python examples/from_python.py myclip.mp4 ballet.mp4

She is called "example" here, so that nobody else in the folder dance is touched. After Ctrl-C the same command goes on.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dancekit import device, recipe
from dancekit.io.workspace import Workspace
from dancekit.prepare import prepare_clip
from dancekit.study import Options
from dancekit.train import train
from dancekit.transfer import Wish, transfer


def show(what: str, done: int, total: int) -> None:
    """Progress on one line."""
    print(f"\r{what} {done}/{total}" if total else f"\r{what}", end="", file=sys.stderr)


def main(film: Path, driver: Path, home: Path = Path("dance"), recipe_name: str = "cpu") -> Path:
    """Prepare, train, transfer; the film that comes of it."""
    workspace = Workspace(home)
    person = workspace.person("example")
    machine = device.find()

    prepared = prepare_clip(film, person, Options(), show)
    print("\n".join(prepared.verdict), "Look at", prepared.sheet, sep="\n")

    trained = train(person, workspace, recipe.load(recipe_name), machine, seed=0, progress=show, say=print)
    print(f"{trained.steps} steps, {trained.images_per_second:.1f} images/s")
    if not trained.finished:  # stopped with Ctrl-C, after which what is learnt is saved
        raise SystemExit("Stopped. Run it again to go on.")

    wish = Wish(bg="#335577", out=Path(f"{person.name}-{driver.stem}.mp4"))
    return transfer(driver, person, workspace, wish, Options(), machine.device, show).film


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), Path(sys.argv[2])))
