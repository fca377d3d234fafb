"""ablate: what each part of the method is worth, by training without it (Tables 1 and 5 of the paper)."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path

import dancekit
from dancekit import backdrops, bases, likeness, prepare, rungs, scenes, strangers, train
from dancekit.core import schedule
from dancekit.core.schedule import Stint
from dancekit.device import Machine, number_type
from dancekit.drive import plan_moves
from dancekit.errors import WorkspaceError
from dancekit.evaluate import CUT, score_held_out
from dancekit.heldout import refuse_too_short
from dancekit.io import clips, weights
from dancekit.io.files import keep_or_clear, read_json, write_json, writing
from dancekit.io.workspace import Person, Workspace
from dancekit.judge import Scores
from dancekit.recipe import Recipe, checked, to_dict
from dancekit.run import Say
from dancekit.rungs import Rung
from dancekit.scenes import Scene
from dancekit.study import Options, find_moves
from dancekit.truth import TOLD, score_dances
from dancekit.types import PoseTrack, Progress

DRAWN, PERSON = "drawn", "dancer"
"""What the drawn dancer's own workspace within a workspace is called, and her name there."""
UNSEEN = ("ballet", "power", "drill")
"""Styles (core.moves) whose arms, legs and turns the subject's film does not show."""
NEAREST = "nearest"


@dataclass(frozen=True)
class Run:
    """Scores of one training. held_out: on moments of her film that training never saw. unseen: in moves that she never
    made, as found in a stranger's film, beside her own body in them; told: in the same moves, told exactly. Only the
    drawn dancer has that truth."""

    held_out: Scores
    unseen: Scores | None = None
    told: Scores | None = None


@dataclass(frozen=True)
class Ablation:
    """A ladder, the runs of each rung, one per seed, and what the nearest frame of her film would score."""

    person: str
    ladder: str
    rungs: Sequence[Rung]
    runs: dict[str, list[Run]]
    nearest: Run
    seeds: int


@dataclass(frozen=True)
class Dance:
    """A drawn stranger's film: the truth in it, and her moves as found."""

    truth: Scene
    track: PoseTrack


def ablate(
    person: Person,
    workspace: Workspace,
    recipe: Recipe,
    ladder: str,
    chosen: Sequence[Rung],
    seeds: int,
    dances: Sequence[Dance],
    machine: Machine,
    progress: Progress,
    say: Say,
) -> Ablation:
    """Train a person once per rung and seed, each as long as the recipe says, and score all of them.

    chosen: the ladder's rungs, see `choose_rungs`. dances: the drawn dancer's, see `draw`; none for others. Runs that
    are scored already are not trained again, one that was stopped goes on.

    Raises:
        WorkspaceError: nothing is prepared.
    """
    refuse_too_short(person, clips.load_all(person))
    whole = person
    if any(rung.backdrop for rung in chosen):
        whole, dances = backdrops.with_backgrounds(person, progress), []  # Nobody knows what would be behind her there.

    def training(rung: Rung, seed: int) -> _Training:
        who = (whole if rung.backdrop else person).variant(f"{ladder}-{rung.cut or rung.name}-{seed}")
        return _Training(who, rung, seed, _mark(who, workspace, rung.recipe, seed, machine))

    trainings = [training(rung, seed) for seed in range(seeds) for rung in chosen]
    say(_ahead(trainings, recipe))
    runs: dict[str, list[Run]] = {rung.name: [] for rung in chosen}
    nearest = None
    for number, one in enumerate(trainings, 1):
        title = f"{one.rung.name} ({number} of {len(trainings)})"

        def told(what: str, done: int, total: int, title: str = title) -> None:
            progress(f"{title}, {what}", done, total)

        entries = (one.entry, *(() if nearest else (NEAREST,)))
        scores = _run(one, person, workspace, dances, entries, machine, told, say)
        runs[one.rung.name].append(scores[one.entry])
        nearest = nearest or scores[NEAREST]
    assert nearest is not None
    return Ablation(person.name, ladder, chosen, runs, nearest, seeds)


def choose_rungs(ladder: str, recipe: Recipe, only: Sequence[str], workspace: Workspace) -> Sequence[Rung]:
    """A ladder's rungs (see rungs.chosen), once it is sure that nothing is missing for them: else something would be
    drawn or trained in vain before that.

    Raises:
        WorkspaceError: the ladder needs strangers and there are none. RecipeError: there is no such rung. WeightsError,
            RecipeError: see bases.adopt.
    """
    chosen = rungs.chosen(ladder, recipe, only)
    if any(rung.recipe.unpaired.enabled and rung.recipe.unpaired.real == 1 for rung in chosen):
        _refuse_no_strangers(workspace)
    for rung in chosen:
        if rung.recipe.base:
            bases.load(rung.recipe.base, rung.recipe)
    return chosen


def draw(home: Path, seconds: tuple[float, float], seed: int, progress: Progress) -> tuple[Person, list[Dance]]:
    """The drawn dancer, prepared, and strangers' dances that she never made; what is there already is not drawn again.

    home: a workspace, in which she gets one of her own. seconds: lengths of her film and of each dance.
    """
    home = home / "-".join([DRAWN, *(f"{length:g}s" for length in seconds)])
    with writing(home):
        home.mkdir(parents=True, exist_ok=True)
    workspace, subject = Workspace(home), scenes.subject(seconds[0], seed)
    person = workspace.person(PERSON)
    if not person.clips():
        prepare.prepare_clip(scenes.film(subject, home / "subject.mp4", progress), person, Options(), progress)
    dances = []
    for style in UNSEEN:
        stranger = scenes.stranger(style, seconds[1], seed)
        film = scenes.film(stranger, home / f"{style}.mp4", progress)
        dances.append(Dance(stranger.doubled_by(subject), find_moves(film, workspace, Options(), progress).track))
    return person, dances


@dataclass(frozen=True)
class _Training:
    """What a rung trains with a seed. who: the person trained so. mark: see `_mark`."""

    who: Person
    rung: Rung
    seed: int
    mark: dict[str, object]

    @property
    def entry(self) -> str:
        """Whose scores are the rung's."""
        return CUT if self.rung.cut else "model"

    @property
    def scores(self) -> Path:
        """Where its scores are kept: those of what is cut out are of other entries, beside another truth."""
        return self.who.folder / (f"scores-{self.entry}.json" if self.rung.cut else "scores.json")

    def scored(self) -> dict[str, Run]:
        """The scores that it has, by entry."""
        with suppress(WorkspaceError, TypeError, KeyError, AttributeError):  # none, or an earlier dancekit's
            begun = read_json(self.who.folder / "work.json", "")
            if begun == begun | self.mark:
                runs = read_json(self.scores, "")["runs"]
                return {entry: _read(run) for entry, run in runs.items()}
        return {}


def _ahead(trainings: Sequence[_Training], recipe: Recipe) -> str:
    """How much there is to train, in words."""
    folders = {one.who.folder for one in trainings}  # what is cut out of another rung's pictures is not trained
    done = folders - {one.who.folder for one in trainings if one.entry not in one.scored()}
    if not done:
        return f"{len(folders)} trainings of {recipe.duration()} each."
    others = f", the others take {recipe.duration()} each" if done != folders else ""
    return f"{len(done)} of {len(folders)} trainings are scored already{others}."


def _run(
    training: _Training,
    person: Person,
    workspace: Workspace,
    dances: Sequence[Dance],
    entries: Sequence[str],
    machine: Machine,
    progress: Progress,
    say: Say,
) -> dict[str, Run]:
    """Train one rung with one seed, unless it is trained, and score the entries, or read the scores that it has."""
    who, rung = training.who, training.rung
    keep_or_clear(who.folder, training.mark)
    known = training.scored()
    if known.keys() >= set(entries):
        return known
    # A state is deleted only when its person is scored: such a one is trained, and other entries are asked for now.
    trained = who.weights.is_file() and not who.state.is_file() and _is_through(who)
    if (
        not trained
        and not train.train(who, workspace, checked(rung.recipe), machine, training.seed, progress, say).finished
    ):
        raise KeyboardInterrupt
    held_out = score_held_out(who, entries, machine.device, progress, person if rung.cut else None)
    drawn: dict[str, Scores] = {}
    if dances:
        model = likeness.load(who)
        moves = [(dance.truth, plan_moves(dance.track, model, dance.track.size)) for dance in dances]
        told = [f"{TOLD}{entry}" for entry in entries]
        drawn = score_dances(moves, who, [*entries, *told], machine.device, progress)
    runs = {entry: Run(held_out[entry], drawn.get(entry), drawn.get(f"{TOLD}{entry}")) for entry in entries}
    kept = {entry: asdict(run) for entry, run in (known | runs).items()}
    write_json(training.scores, {"runs": kept})
    who.state.unlink(missing_ok=True)
    shutil.rmtree(who.samples, ignore_errors=True)
    return runs


def _is_through(who: Person) -> bool:
    """Whether a person's training has come to its end."""
    with suppress(WorkspaceError, KeyError, TypeError):
        stints = read_json(who.card, "")["trained"]["stints"]
        return schedule.current([Stint(**stint) for stint in stints]) is None
    return False


def _read(data: dict[str, dict[str, float | None] | None]) -> Run:
    found = {place.name: data[place.name] for place in fields(Run)}
    return Run(**{place: scores and Scores(**scores) for place, scores in found.items()})  # type: ignore[arg-type]


def _mark(who: Person, workspace: Workspace, recipe: Recipe, seed: int, machine: Machine) -> dict[str, object]:
    """What a run must agree in for its scores to be used again."""
    read = [clip / "frames.pack" for clip in who.clips()]
    read += strangers.files(workspace) if recipe.unpaired.enabled and recipe.unpaired.real else []
    stamps = {f"{path.parent.name}/{path.name}": path.stat() for path in read}
    mark = {
        "recipe": to_dict(recipe),
        "seed": seed,
        "base": weights.sha256(bases.find(recipe.base)) if recipe.base else "",
        "dancekit": [dancekit.__version__, _sources()],
        "machine": [machine.device.type, str(number_type(machine.device, recipe.precision))],
        "files": {path: [stamp.st_size, stamp.st_mtime_ns] for path, stamp in stamps.items()},
    }
    return json.loads(json.dumps(mark))


@cache
def _sources() -> str:
    """What tells one dancekit from another: its own source files, as this process found them."""
    digest = hashlib.sha256()
    for path in sorted(Path(dancekit.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _refuse_no_strangers(workspace: Workspace) -> None:
    if not strangers.files(workspace):
        raise WorkspaceError(
            f"{workspace.wild}: there are no strangers' poses to learn from.",
            "Give some films of other people: dancekit prepare --wild tango.mp4 ballet.mp4",
        )
