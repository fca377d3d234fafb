"""The commands: each reads what the user typed, calls one verb, and says what came of it and what to do next."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from dancekit import __version__, report, workshop
from dancekit.console import command, leave_at_once
from dancekit.options import (
    HOME,
    Bg,
    Commands,
    DanceTo,
    Device,
    End,
    Fit,
    Home,
    Json,
    LearnFrom,
    Matte,
    Minutes,
    Out,
    OwnHome,
    Pick,
    Pose,
    Recipe,
    Seed,
    Settings,
    Shadow,
    Size,
    Start,
    Turn,
    finite,
    parse_settings,
    place,
    refuse_with_wild,
    there,
    where,
    whom,
    workspace_in,
)

app = typer.Typer(
    cls=Commands,
    help="Film yourself, then dance like anyone.\n\n"
    "  dancekit prepare myclip.mp4                    cut you out\n\n"
    "  dancekit train me                              learn to draw you\n\n"
    "  dancekit transfer ballet.mp4 --bg beach.jpg    let you dance\n\n"
    "New here? dancekit demo shows it all on a dancer that it draws itself.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command(epilog="Example: dancekit prepare monday.mp4 tuesday.mp4 --as anna")
def prepare(
    clip: Annotated[list[Path], typer.Argument(help="Film(s) of one person, whole body in the picture.")],
    person: Annotated[
        str | None, typer.Option("--as", help="The person's name in the workspace.", show_default="me")
    ] = None,
    matte: Matte = "auto",
    pick: Pick = "",
    start: Start = 0.0,
    end: End = 0.0,
    turn: Turn = "0",
    pose: Pose = "mediapipe",
    wild: Annotated[
        bool, typer.Option("--wild", help="Advanced. Keep only poses, of strangers, for unpaired learning.")
    ] = False,
    home: Home = HOME,
    json: Json = False,
) -> None:
    """Turn films of a person into poses, cut-outs and crops.

    Several films add up; the same film again, with other options, replaces what was there. One that is no good is left
    out. Look at sheet.jpg afterwards.
    """
    with command(json, where(home)) as terminal:
        from dancekit import prepare as verb
        from dancekit import strangers
        from dancekit.study import Options

        options, workspace = Options(matte, pose, place(pick), start, end, int(turn)), workspace_in(home)
        if wild:
            refuse_with_wild(person, matte)
            say, progress = terminal.say, terminal.progress
            kept, wrong = verb.each(clip, lambda film: strangers.keep(film, workspace, options, progress, say), say)
            terminal.result(*report.wild(kept, wrong, there(workspace), where(home)))
        else:
            who = workspace.person("me" if person is None else person)

            def prepare_one(film: Path) -> verb.Prepared:
                made = verb.prepare_clip(film, who, options, terminal.progress)
                terminal.part(report.film(made))
                return made

            done, wrong = verb.each(clip, prepare_one, terminal.say)
            terminal.result(*report.prepared(who.name, done, wrong, where(home)))
        if wrong:
            raise typer.Exit(1)


@app.command(epilog="Example: dancekit train anna --minutes 30")
def train(
    person: Annotated[str, typer.Argument(help="Whom to learn; by default the only person there is, or me.")] = "",
    recipe: Recipe = "auto",
    minutes: Minutes = None,
    settings: Settings = [],  # noqa: B006
    device: Device = "auto",
    seed: Seed = 0,
    restart: Annotated[bool, typer.Option("--restart", help="Forget what was learnt and start over.")] = False,
    scratch: Annotated[bool, typer.Option("--from-scratch", help="Start from nothing, not from the base.")] = False,
    home: Home = HOME,
    json: Json = False,
) -> None:
    """Learn to draw a person from poses.

    Run it again to continue. Ctrl-C finishes the step, saves and tells how to go on. Watch samples/ in the person's
    folder. On several GPUs: torchrun --nproc-per-node=4 -m dancekit train anna (each learns from a batch of its own).
    """
    with command(json, where(home)) as terminal:
        from dancekit import device as devices
        from dancekit import train as verb
        from dancekit.begun import more
        from dancekit.choose import choose_recipe, refuse_scratch
        from dancekit.group import joined
        from dancekit.training import forgetting

        workspace, machine = workspace_in(home), devices.find(device)
        who = whom(workspace, person)
        with (
            joined(machine.device, leave_at_once) as group,
            forgetting(who) if restart and group.leads else nullcontext(),
        ):
            group.wait()
            if scratch:
                refuse_scratch(who)
            wishes = parse_settings(settings) | ({"base": ""} if scratch else {})
            chosen, own = choose_recipe(who, recipe, minutes, wishes, machine, terminal.say)
            done = verb.train(who, workspace, chosen, machine, seed, terminal.progress, terminal.say, group, own)
        same = where(home) + (f" --device {device}" if device != "auto" else "")
        terminal.result(*report.trained(done, chosen.name, more(chosen), minutes, same))


@app.command(epilog="Example: dancekit transfer ballet.mp4 --bg transparent --out me.mov")
def transfer(
    driver: Annotated[Path, typer.Argument(help="A film of anyone dancing (or an .npz of landmarks).")],
    person: Annotated[str, typer.Option("--as", help="Who dances; by default the only person there is, or me.")] = "",
    bg: Bg = None,
    out: Out = None,
    size: Size = "driver",
    fit: Fit = "body",
    shadow: Shadow = None,
    pick: Pick = "",
    start: Start = 0.0,
    end: End = 0.0,
    turn: Turn = "0",
    device: Device = "auto",
    force: Annotated[bool, typer.Option("--force", help="Replace --out even if dancekit did not write it.")] = False,
    home: Home = HOME,
    json: Json = False,
) -> None:
    """Let the person do the moves of a film, over any background.

    The result has the film's sound. Made again, it takes the place of the one before.
    """
    with command(json, where(home)) as terminal:
        from dancekit import device as devices
        from dancekit import transfer as verb
        from dancekit.group import joined
        from dancekit.study import Options

        workspace = workspace_in(home)
        verb.refuse_missing(driver, workspace)
        who = whom(workspace, person)
        options = Options(pick=place(pick), start=start, end=end, turn=int(turn))
        wish = verb.Wish(bg, out, size, fit, force, shadow)
        on = devices.find(device, terminal.say).device
        with joined(on, leave_at_once) as group:
            done = verb.transfer(driver, who, workspace, wish, options, on, terminal.progress, group)
        terminal.result(*report.transferred(done))


app.command(epilog="Example: dancekit evaluate anna --driver ballet.mp4 --driver tango.mp4")(workshop.evaluate)


@app.command(epilog="Example: dancekit demo --minutes 10")
def demo(
    minutes: Annotated[float, typer.Option(help="How long to train.", min=0.1, callback=finite)] = 5.0,
    recipe: Annotated[str, typer.Option(help="As for train.")] = "auto",
    subject_seconds: LearnFrom = 40.0,
    driver_seconds: DanceTo = 10.0,
    device: Device = "auto",
    seed: Seed = 0,
    home: OwnHome = Path("demo"),
    json: Json = False,
) -> None:
    """See it all work on a dancer that dancekit draws itself.

    Needs no film and no download.
    """
    with command(json) as terminal:
        from dancekit import demo as verb
        from dancekit import device as devices

        lengths, machine = (subject_seconds, driver_seconds), devices.find(device)
        done = verb.demo(home, minutes, recipe, lengths, machine, seed, terminal.progress, terminal.say)
        terminal.result(*report.demonstrated(done))


@app.command(epilog="Example: dancekit doctor")
def doctor(
    fetch: Annotated[str, typer.Option(metavar="NAME", help="Download optional weights now.")] = "",
    home: Home = HOME,
    json: Json = False,
) -> None:
    """Check this computer, and the people in the workspace.

    Looks at packages, device, ffmpeg, weights and disk.
    """
    with command(json, where(home)) as terminal:
        from dancekit import doctor as verb
        from dancekit.io import weights

        if fetch:
            terminal.say(f"{fetch}: {weights.fetch(fetch, terminal.progress)}")
        findings = verb.examine(workspace_in(home))
        healthy = all(one.fine for one in findings)
        terminal.result(*report.examined(findings, healthy))
    if not healthy:
        raise typer.Exit(1)


app.command(epilog="Example: dancekit pretrain --recipe mine.yaml --minutes 600 --out mine.safetensors")(
    workshop.pretrain
)
app.command(epilog="Example: dancekit bench myclip.mp4")(workshop.bench)
app.command(epilog="Example: dancekit ablate anna --ladder beyond --minutes 5 --seeds 3")(workshop.ablate)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"dancekit {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")]


@app.callback()
def _root(version: Version = False) -> None:
    pass


def main() -> None:
    """Run the command line."""
    # Threads of one piece of arithmetic wait for each other in a loop. Where other programs want the cores too, a long
    # loop keeps from them those that are waited for: beside a second training, each was five times as slow.
    os.environ.setdefault("GOMP_SPINCOUNT", "3000")
    app()
