"""The commands: each reads what the user typed, calls one verb, and says what came of it and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Optional

import typer

from dancekit import __version__
from dancekit.console import Terminal
from dancekit.errors import DancekitError

if TYPE_CHECKING:
    from dancekit.io.workspace import Workspace

app = typer.Typer(
    help="Film yourself, then dance like anyone.\n\n"
    "  dancekit prepare myclip.mp4                  your film: poses, cut-out, crops\n\n"
    "  dancekit train me                            learn to draw you\n\n"
    "  dancekit transfer ballet.mp4 --bg beach.jpg  ballet.mp4's moves, you, on the beach\n\n"
    "New here? dancekit demo shows it all on a dancer that it draws itself.",
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip

Home = Annotated[Path, typer.Option("--home", envvar="DANCEKIT_HOME", help="Workspace folder.", file_okay=True)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout; all else goes to stderr.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")]
Start = Annotated[float, typer.Option(help="Second to start at.", min=0)]
End = Annotated[float, typer.Option(help="Second to end at; 0 is the end of the film.", min=0)]
Pick = Annotated[
    str | None, typer.Option(metavar="X,Y", help="Follow the person who first stands at this place (px).")
]
HOME = Path("dance")


@contextmanager
def _command(as_json: bool) -> Iterator[Terminal]:
    """A command's frame: progress while it works, and every failure in words."""
    terminal = Terminal(as_json)
    try:
        with terminal.working():
            yield terminal
    except DancekitError as error:
        terminal.failure(error)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        terminal.say("Stopped. Nothing is lost: run the same command again to go on.")
        raise typer.Exit(130) from None


@app.command()
def prepare(
    clip: Annotated[list[Path], typer.Argument(help="Film(s) of one person, whole body in the picture.")],
    person: Annotated[str, typer.Option("--as", help="The person's name in the workspace.")] = "me",
    matte: Annotated[str, typer.Option(help="auto, greenscreen, landmarker, or rembg[:model].")] = "auto",
    pose: Annotated[str, typer.Option(help="mediapipe, or keypoints (from <film>.npz).")] = "mediapipe",
    pick: Pick = None, start: Start = 0.0, end: End = 0.0,
    wild: Annotated[bool, typer.Option("--wild", help="Keep only poses, of strangers, for unpaired learning.")] = False,
    home: Home = HOME, json: Json = False,
) -> None:  # fmt: skip
    """Turn films of a person into poses, cut-outs and crops.

    Several films add up; the same film again replaces what was there. Look at sheet.jpg afterwards.
    """
    with _command(json) as terminal:
        from dancekit import prepare as verb
        from dancekit.study import Options

        options = Options(matte, pose, _place(pick), start, end)
        workspace = _workspace(home)
        if wild:
            kept = [verb.prepare_wild(film, workspace, options, terminal.progress) for film in clip]
            terminal.result([*(f"Poses kept: {path}" for path in kept), "They are used from the next training on."],
                            {"wild": [str(path) for path in kept]})  # fmt: skip
            return
        done = [verb.prepare_clip(film, workspace.person(person), options, terminal.progress) for film in clip]
        lines = [
            line
            for one in done
            for line in (f"{one.clip.source}", *(f"  {v}" for v in one.verdict), f"  Look at {one.sheet}")
        ]
        terminal.result([*lines, f"Next: dancekit train {person}"], {
            "person": person, "clips": [{"name": p.clip.name, "frames": len(p.clip.track), "used": int(p.clip.used.sum()),
                                         "matte": p.clip.matte, "sheet": str(p.sheet), "verdict": p.verdict} for p in done],
        })  # fmt: skip


@app.command()
def train(
    person: Annotated[str, typer.Argument(help="Whom to learn; prepared before.")] = "me",
    recipe: Annotated[str, typer.Option(help="auto, paper, standard, cpu, tiny, or a .yaml file.")] = "auto",
    minutes: Annotated[Optional[float], typer.Option(help="How long to train; the schedule follows.", min=0)] = None,  # noqa: UP045
    settings: Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, e.g. batch=2.")] = [],  # noqa: B006
    device: Device = "auto", seed: Annotated[int, typer.Option(help="Seed of all randomness.")] = 0,
    restart: Annotated[bool, typer.Option("--restart", help="Forget what was learnt and start over.")] = False,
    home: Home = HOME, json: Json = False,
) -> None:  # fmt: skip
    """Learn to draw a person from poses.

    Runs again = goes on. Ctrl-C finishes the step, saves and tells how to go on. Watch samples/ in her folder.
    """
    with _command(json) as terminal:
        from dancekit import device as devices
        from dancekit import train as verb
        from dancekit.choose import choose_recipe
        from dancekit.recipe import parse_settings
        from dancekit.training import forgetting

        workspace, machine = _workspace(home), devices.find(device)
        who = workspace.existing(person)
        with forgetting(who) if restart else nullcontext():
            chosen = choose_recipe(who, recipe, minutes, parse_settings(settings), machine, terminal.say)
            done = verb.train(who, workspace, chosen, machine, seed, terminal.progress, terminal.say)
        again = f"dancekit train {person}" + (f" --minutes {minutes:g}" if minutes else "")
        state = (f"{person} is trained: {done.steps} steps in {done.seconds / 60:.1f} minutes." if done.finished else
                 f"Stopped and saved after {done.steps} steps. Go on with: {again}")  # fmt: skip
        terminal.result([state, f"Look at {done.person.samples}", f"Next: dancekit transfer ballet.mp4 --as {person} --bg beach.jpg"],
                        {"person": person, "steps": done.steps, "seconds": round(done.seconds, 1), "finished": done.finished,
                         "images_per_second": round(done.images_per_second, 2), "losses": done.losses,
                         "recipe": chosen.name})  # fmt: skip


@app.command()
def transfer(
    driver: Annotated[Path, typer.Argument(help="A film of anyone dancing (or an .npz of landmarks).")],
    person: Annotated[Optional[str], typer.Option("--as", help="Who dances; the only trained person by default.")] = None,  # noqa: UP045
    bg: Annotated[Optional[str], typer.Option(help="Colour (green, #ff8800), picture, film, or transparent.")] = None,  # noqa: UP045
    out: Annotated[Optional[Path], typer.Option(help="Film to write: .mp4 .mov .webm .mkv, or a folder for PNGs.")] = None,  # noqa: UP045
    size: Annotated[str, typer.Option(help="driver, background, or WIDTHxHEIGHT.")] = "driver",
    fit: Annotated[Literal["body", "scale", "none"],
                   typer.Option(help="body: her proportions; scale: only her size; none.")] = "body",
    pick: Pick = None, start: Start = 0.0, end: End = 0.0, device: Device = "auto",
    force: Annotated[bool, typer.Option("--force", help="Replace --out even if dancekit did not write it.")] = False,
    home: Home = HOME, json: Json = False,
) -> None:  # fmt: skip
    """Let the person do the moves of a film, over any background, with the film's sound."""
    with _command(json) as terminal:
        from dancekit import device as devices
        from dancekit import transfer as verb
        from dancekit.study import Options

        workspace = _workspace(home)
        who = workspace.existing(person or _only_person(workspace))
        done = verb.transfer(driver, who, workspace, verb.Wish(bg, out, size, fit, force),
                             Options(pick=_place(pick), start=start, end=end), devices.find(device).device, terminal.progress)  # fmt: skip
        terminal.result([*done.notes, f"{done.film}: {done.frames} frames.", f"Next: watch {done.film}"],
                        {"film": str(done.film), "frames": done.frames, "notes": done.notes,
                         "frames_per_second": round(done.frames_per_second, 2)})  # fmt: skip


@app.command()
def evaluate(
    person: Annotated[str, typer.Argument(help="Who; trained before.")] = "me",
    device: Device = "auto", home: Home = HOME, json: Json = False,
) -> None:  # fmt: skip
    """Measure how well a person is drawn on frames that training never saw.

    Beside two baselines: the training frame with the nearest pose, and stage I alone.
    """
    with _command(json) as terminal:
        from dataclasses import asdict

        from dancekit import device as devices
        from dancekit import evaluate as verb
        from dancekit.report import table

        done = verb.evaluate(_workspace(home).existing(person), devices.find(device).device, terminal.progress)
        lines = [*table(done.scores), f"{done.frames} held-out frames in {done.spans} spans; SSIM closes {done.closed():.0%} "
                 "of nearest-frame's distance to 1.", "Perceptual: distance on the bundled VGG-16 trunk, not LPIPS."]  # fmt: skip
        terminal.result(lines, {**{name: asdict(scores) for name, scores in done.scores.items()},
                                "frames": done.frames, "closed": round(done.closed(), 4)})  # fmt: skip


@app.command()
def demo(
    minutes: Annotated[float, typer.Option(help="How long to train.", min=0.1)] = 6.0,
    recipe: Annotated[str, typer.Option(help="As for train.")] = "auto",
    subject_seconds: Annotated[float, typer.Option(help="Length of the film to learn from.", min=4)] = 40.0,
    driver_seconds: Annotated[float, typer.Option(help="Length of the film to dance to.", min=1)] = 10.0,
    device: Device = "auto", seed: Annotated[int, typer.Option(help="Seed of all randomness.")] = 0,
    home: Home = Path("demo"), json: Json = False,
) -> None:  # fmt: skip
    """See it all work on a dancer that dancekit draws itself; no film and no download needed."""
    with _command(json) as terminal:
        from dataclasses import asdict

        from dancekit import demo as verb
        from dancekit import device as devices
        from dancekit.report import table

        done = verb.demo(home, minutes, recipe, (subject_seconds, driver_seconds), devices.find(device), seed,
                         terminal.progress, terminal.say)  # fmt: skip
        lines = ["Against the same moves drawn with her own body:", *table(done.scores), f"Watch {done.film}",
                 "Next: dancekit prepare myclip.mp4"]  # fmt: skip
        terminal.result(
            lines, {"video": str(done.film), "scores": {name: asdict(s) for name, s in done.scores.items()}}
        )


@app.command()
def doctor(
    fetch: Annotated[Optional[str], typer.Option(metavar="NAME", help="Download optional weights now.")] = None,  # noqa: UP045
    home: Home = HOME, json: Json = False,
) -> None:  # fmt: skip
    """Check this computer: packages, device, ffmpeg, weights, disk, and the people in the workspace."""
    with _command(json) as terminal:
        from dataclasses import asdict

        from dancekit import doctor as verb
        from dancekit.io import weights

        if fetch:
            terminal.say(f"{fetch}: {weights.fetch(fetch, terminal.progress)}")
        findings = verb.examine(_workspace(home))
        lines = [f"{'ok ' if one.fine else 'BAD'}  {one.name}: {one.what}" + (f"\n     {one.cure}" if one.cure else "")
                 for one in findings]  # fmt: skip
        healthy = all(one.fine for one in findings)
        terminal.result([*lines, "All is well." if healthy else "Something needs mending (BAD above)."],
                        {"healthy": healthy, "findings": [asdict(one) for one in findings]})  # fmt: skip
    if not healthy:
        raise typer.Exit(1)


@app.command()
def bench(
    film: Annotated[Path, typer.Argument(help="Any film of a person.")],
    home: Home = HOME, json: Json = False,
) -> None:  # fmt: skip
    """Measure this machine: preparing against the bare pose landmarker, and reading stored frames."""
    with _command(json) as terminal:
        from dataclasses import asdict

        from dancekit import bench as verb

        done = verb.measure(film, terminal.progress)
        lines = [f"bare landmarker  {done.landmarker:7.1f} frames/s", f"prepare          {done.prepare:7.1f} frames/s, "
                 f"{done.ratio:.2f} of the bare landmarker", f"reading stored   {done.reading:7.1f} frames/s",
                 f"storage          {done.bytes_per_frame / 1e3:7.1f} kB a frame, "
                 f"{done.gigabytes_per_20_minutes:.1f} GB for 20 minutes"]  # fmt: skip
        terminal.result(lines, {**asdict(done), "ratio": round(done.ratio, 3)})


def _only_person(workspace: Workspace) -> str:
    people = workspace.people()
    return people[0] if len(people) == 1 else "me"


def _workspace(home: Path) -> Workspace:
    from dancekit.io.workspace import Workspace

    return Workspace(home)


def _place(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        across, down = (float(part) for part in text.split(","))
    except ValueError:
        raise DancekitError(
            f"--pick {text}: this is not a place.", "Write it as X,Y in px, such as: --pick 640,300"
        ) from None
    return across, down


def _version(wanted: bool) -> None:
    if wanted:
        print(f"dancekit {__version__}")
        raise typer.Exit


@app.callback()
def _root(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False) -> None:  # fmt: skip
    pass


def main() -> None:
    """Run the command line."""
    app()
