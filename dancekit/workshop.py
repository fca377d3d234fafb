"""The commands of those who measure dancekit and build on it: evaluate, pretrain, bench and ablate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from dancekit import report
from dancekit.console import command, leave_at_once
from dancekit.options import (
    BASE,
    HOME,
    Device,
    Drivers,
    Home,
    Json,
    Minutes,
    OwnHome,
    People,
    Pick,
    Seed,
    Settings,
    Tall,
    Turn,
    finite,
    parse_settings,
    place,
    refuse_options_of_drivers,
    where,
    whom,
    workspace_in,
)


def evaluate(
    person: Annotated[str, typer.Argument(help="Who; by default the only person there is, or me.")] = "",
    driver: Drivers = [],  # noqa: B006
    tall: Tall = None,
    pick: Pick = "",
    turn: Turn = "0",
    device: Device = "auto",
    home: Home = HOME,
    json: Json = False,
) -> None:
    """Measure how well a person is drawn on frames never trained on.

    Beside two baselines: the training frame with the nearest pose, and stage I alone. With --driver also how sound
    the person is in the moves of other films; --pick and --turn are for those.
    """
    with command(json, where(home), goes_on=False) as terminal:
        from dancekit import device as devices
        from dancekit import evaluate as verb
        from dancekit import page
        from dancekit.errors import DancekitError
        from dancekit.io.access import refuse_unwritable
        from dancekit.study import Options

        refuse_options_of_drivers(driver, pick=bool(pick), turn=turn != "0")
        who = whom(workspace_in(home), person)
        refuse_unwritable(who.folder, who.report)
        options, on = Options(pick=place(pick), turn=int(turn)), devices.find(device, terminal.say).device
        done = verb.evaluate(who, on, terminal.progress, driver, tall, options)
        lines, data = report.evaluated(done, who.report)
        try:
            page.write(who.report, who.name, done, who.log)
        except DancekitError as error:  # what took minutes to measure is told all the same
            wrong = {"report": None, "error": error.problem, "hint": error.hint}
            terminal.result([line for line in lines if not line.startswith("Next: ")], data | wrong)
            raise
        terminal.result(lines, data)


def pretrain(
    recipe: Annotated[str, typer.Option(help="As for train: the recipe that the base is for.")] = "auto",
    out: Annotated[Path, typer.Option(help="Write it here, and name it in a recipe as base: FILE.")] = BASE,
    start: Annotated[
        str, typer.Option("--from", metavar="BASE", help="Go on from this base, a name or a file; else from nothing.")
    ] = "",
    minutes: Minutes = None,
    people: People = 400,
    settings: Settings = [],  # noqa: B006
    device: Device = "auto",
    seed: Seed = 0,
    home: OwnHome = Path("crowd"),
    json: Json = False,
) -> None:
    """Make a base for a recipe: networks that know drawn people.

    Training starts from it. dancekit brings those of the recipes cpu and standard; make one for a recipe of yours. Run
    it again to continue.
    """
    with command(json) as terminal:
        from dancekit import device as devices
        from dancekit import pretrain as verb
        from dancekit.choose import choose_recipe
        from dancekit.group import joined

        workspace, machine = workspace_in(home), devices.find(device)
        who = workspace.person(verb.PERSON)
        wishes = parse_settings(settings)
        chosen, _ = choose_recipe(who, recipe, minutes, wishes, machine, terminal.say, as_it_is=False)
        with joined(machine.device, leave_at_once) as group:
            done = verb.pretrain(
                workspace, chosen, out, people, machine, seed, terminal.progress, terminal.say, start, group
            )
        terminal.result(*report.pretrained(done, recipe))


def bench(
    film: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILM", help="Any film of a person, of which the first 12 seconds are looked at; else a drawn one."
        ),
    ] = None,
    person: Annotated[
        str, typer.Option(help="Measure only training, on what is prepared of this person, who stays as she is.")
    ] = "",
    recipe: Annotated[str, typer.Option(help="As for train: the recipe whose steps are timed.")] = "auto",
    seconds: Annotated[
        float, typer.Option(help="At least so long for each turn of training steps.", min=0.1, callback=finite)
    ] = 5.0,
    settings: Settings = [],  # noqa: B006
    device: Device = "auto",
    home: Home = HOME,
    json: Json = False,
) -> None:
    """Measure how fast this machine prepares, trains and draws.

    Shows each part beside its limit or a plain reference. Takes some minutes, works in a folder of its own and leaves
    nothing behind.
    """
    with command(json, where(home), goes_on=False) as terminal:
        from dancekit import bench as verb
        from dancekit import device as devices
        from dancekit import recipe as recipes
        from dancekit.errors import DancekitError

        machine = devices.find(device)
        chosen = recipes.load(machine.recipe()[0] if recipe == "auto" else recipe, parse_settings(settings))
        if person and film:
            raise DancekitError("Either a film or a person can be measured with.", "Leave out one of them.")
        if person:
            who = workspace_in(home).existing(person)
            done = verb.measure_training(who, chosen, machine, seconds, terminal.progress)
        else:
            done = verb.measure(film, chosen, machine, seconds, terminal.progress)
        terminal.result(*report.measured(done))


def ablate(
    person: Annotated[str, typer.Argument(help="Whom; the dancer that dancekit draws itself if nobody is named.")] = "",
    ladder: Annotated[
        Literal["paper", "beyond", "strangers", "backgrounds"],
        typer.Option(
            help="paper: its Table 5; beyond: what dancekit adds; strangers: where wild poses come from; backgrounds: "
            "its Table 1."
        ),
    ] = "paper",
    only: Annotated[list[str], typer.Option(metavar="RUNG", help="Only this rung; may be repeated.")] = [],  # noqa: B006
    recipe: Annotated[str, typer.Option(help="As for train.")] = "auto",
    minutes: Minutes = None,
    seeds: Annotated[int, typer.Option(help="Trainings per rung: their spread tells what is chance.", min=1)] = 3,
    settings: Settings = [],  # noqa: B006
    subject_seconds: Annotated[
        float, typer.Option(help="Length of the drawn dancer's film.", min=4, callback=finite)
    ] = 40.0,
    dance_seconds: Annotated[
        float, typer.Option(help="Length of each dance that the film never shows.", min=1, callback=finite)
    ] = 4.0,
    device: Device = "auto",
    home: Home = HOME,
    json: Json = False,
) -> None:
    """Measure what each part of the method is worth.

    Trains without it, and with it. The drawn dancer is judged in moves that her film never shows, beside her own body
    in them, which no real film has; everybody on moments of the film that training never saw. Run it again to
    continue.
    """
    with command(json, where(home)) as terminal:
        from dancekit import ablate as verb
        from dancekit import device as devices
        from dancekit import standings
        from dancekit.choose import choose_recipe
        from dancekit.io.locks import alone

        workspace, machine, dances = workspace_in(home), devices.find(device), []
        who = workspace.existing(person) if person else None
        new = (who or workspace.person(verb.PERSON)).variant("new")
        chosen, _ = choose_recipe(new, recipe, minutes, parse_settings(settings), machine, terminal.say)
        rungs = verb.choose_rungs(ladder, chosen, only, workspace)
        if who is None:
            who, dances = verb.draw(home, (subject_seconds, dance_seconds), 0, terminal.progress)
        with alone(who.folder / "ablation", f"{who.name} is being measured"):
            done = verb.ablate(
                who, workspace, chosen, ladder, rungs, seeds, dances, machine, terminal.progress, terminal.say
            )
        terminal.result(*standings.ablated(done))
