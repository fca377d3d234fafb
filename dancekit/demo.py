"""demo: the main job on a capture that dancekit draws itself, scored against a truth that no real film has."""

from __future__ import annotations

import shutil
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from dancekit import prepare, scenes, train
from dancekit import transfer as transferring
from dancekit.begun import is_lost, plain, shaping
from dancekit.choose import choose_recipe
from dancekit.device import Machine
from dancekit.errors import WorkspaceError
from dancekit.evaluate import ENTRIES
from dancekit.io.files import read_json, write_json, writing
from dancekit.io.locks import alone
from dancekit.io.workspace import Person, Workspace
from dancekit.judge import Scores
from dancekit.run import Say
from dancekit.study import Options
from dancekit.training import forgetting
from dancekit.transfer import Wish
from dancekit.truth import score_dances
from dancekit.types import Progress

PERSON, _FILMS = "dancer", ("subject.mp4", "driver.mp4")
_MADE, _MARK = f"{PERSON}-driver.mp4", "drawn.json"
_JUDGED = 3
"""Every third second or so is compared with the truth: that tells as much, and comparing takes as long as training."""


@dataclass(frozen=True)
class Demo:
    """The film that came of it, and the scores against truth of the person, of nearest-frame and of stage I."""

    film: Path
    scores: dict[str, Scores]
    trained: train.Trained


def demo(
    home: Path,
    minutes: float,
    recipe: str,
    seconds: tuple[float, float],
    machine: Machine,
    seed: int,
    progress: Progress,
    say: Say,
) -> Demo:
    """Draw two films, prepare, train and transfer with them, and score the result.

    seconds: lengths of the subject's and the driver's film. Films that are there already are not drawn again, unless
    they were drawn with other lengths or another seed: then the dancer is learnt anew, as with another recipe.

    Raises:
        WorkspaceError: `home` holds what a demo would take for its own.
    """
    refuse_others_home(home)
    with writing(home):
        home.mkdir(parents=True, exist_ok=True)
    with alone(home / "drawn", "a demo is under way here"):
        workspace = Workspace(home)
        person = workspace.person(PERSON)
        chosen, _ = choose_recipe(person, recipe, minutes, {}, machine, say, as_it_is=False)
        forget_others(home, person, {"seconds": list(seconds), "seed": seed, "shaping": plain(shaping(chosen))})
        subject, driver = scenes.subject(seconds[0], seed), scenes.driver(seconds[1], seed)
        films = [scenes.film(scene, home / name, progress)
                 for scene, name in zip((subject, driver), _FILMS, strict=True)]  # fmt: skip
        if not person.clips():
            for line in prepare.prepare_clip(films[0], person, Options(), progress).verdict:
                say(line)
        with forgetting(person) if is_lost(person) else nullcontext():  # she is drawn: anybody can have her again
            trained = train.train(person, workspace, chosen, machine, seed, progress, say)
        if not trained.finished:
            raise KeyboardInterrupt
        wish = Wish(out=home / _MADE)
        done = transferring.transfer(films[1], person, workspace, wish, Options(), machine.device, progress)
        say(f"{done.film} can be watched; meanwhile it is compared with what she would really look like.")
        truth = driver.doubled_by(subject)
        scores = score_dances([(truth, done.moves)], person, ENTRIES, machine.device, progress, _JUDGED)
        return Demo(done.film, scores, trained)


def refuse_others_home(home: Path) -> None:
    """Stop before a demo takes films or a person for its own that no demo has made.

    Raises:
        WorkspaceError: something bears a name that it would use, in a folder that no demo has marked.
    """
    others = [name for name in (*_FILMS, PERSON, _MADE) if (home / name).exists()]
    if others and not (home / _MARK).exists():
        raise WorkspaceError(
            f"{home} holds {', '.join(others)}, which dancekit demo has not made and would replace.",
            "Give the demo a folder of its own: dancekit demo --home FOLDER",
        )


def forget_others(home: Path, person: Person, wanted: dict[str, object]) -> None:
    """Remove the films of a demo that was drawn otherwise than `wanted` tells, and what was learnt from them."""
    path, drawn = home / _MARK, wanted
    with suppress(WorkspaceError):
        drawn = read_json(path, "")
    if any(drawn.get(key) != value for key, value in wanted.items()):
        with writing(home):
            for name in _FILMS:
                (home / name).unlink(missing_ok=True)
            shutil.rmtree(person.folder, ignore_errors=True)
    write_json(path, wanted)
