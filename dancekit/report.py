"""What each command says in the end: lines for people, naming the result and the next command, and data for --json."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from dancekit import measures

if TYPE_CHECKING:
    from dancekit.bench import Bench
    from dancekit.demo import Demo
    from dancekit.doctor import Finding
    from dancekit.errors import ClipError
    from dancekit.evaluate import Evaluation
    from dancekit.judge import Scores
    from dancekit.prepare import Prepared
    from dancekit.pretrain import Pretrained
    from dancekit.train import Trained
    from dancekit.transfer import Transferred

Report = tuple[list[str], dict[str, object]]


_WIDE = 80
"""Characters in a line of a terminal."""
_VERDICTS = ("Further from the truth than", "By one measure closer to the truth than", "Closer to the truth than")
"""By how many of SSIM and perceptual distance are better than the nearest frame's."""


def film(one: Prepared) -> list[str]:
    """What prepare found in a film."""
    return [
        one.clip.source,
        *(f"  {sentence}" for sentence in one.verdict),
        f"  Look at {one.sheet} (red: the frames where pose and cut-out fit worst; whole even there is good)",
    ]


def prepared(person: str, done: Sequence[Prepared], wrong: Sequence[ClipError], where: str) -> Report:
    """What is left to say once each film has been told of, and all of it as data. where: how to name the workspace in
    the next command, if at all."""
    data = []
    for one in done:
        entry: dict[str, object] = {"name": one.clip.name, "frames": len(one.clip.track)}
        entry |= {"used": int(one.clip.used.sum()), "matte": one.clip.matte}
        data.append(entry | {"sheet": str(one.sheet), "verdict": one.verdict})
    noted = any(sentence.startswith("Note:") for one in done for sentence in one.verdict)
    first = "look at the sheet, and if she is whole and alone on it: " if noted else ""
    lines = [*_no_good(wrong), f"Next: {first}dancekit train {person}{where}"]
    return lines, {"person": person, "clips": data, "left_out": [error.problem for error in wrong]}


def _no_good(wrong: Sequence[ClipError]) -> list[str]:
    return [f"{len(wrong)} film{'s' if len(wrong) > 1 else ''} left out, see above."] if wrong else []


def wild(kept: Sequence[Path], wrong: Sequence[ClipError], person: str, where: str) -> Report:
    """Which poses of strangers prepare --wild kept. person: who may learn with them, if she is there."""
    lines = [*(f"Poses kept: {path}" for path in kept), *_no_good(wrong), "They are used from the next training on."]
    data: dict[str, object] = {"wild": [str(path) for path in kept], "left_out": [error.problem for error in wrong]}
    return [*lines, f"Next: dancekit train{f' {person}' if person else ''}{where}"], data


def trained(done: Trained, recipe: str, more: str, minutes: float | None, where: str) -> Report:
    """How far training got. more: how to ask for more of it. where: how the same command is to be completed."""
    person = done.person.name
    if done.finished and done.steps > done.before:
        now = f", {done.steps - done.before} of them now," if done.before else ""
        state = f"{person} is trained: {done.steps} steps{now} in {done.seconds / 60:.1f} minutes."
    elif done.finished:
        again = f"dancekit train {person} {more}{where}"
        state = f"{person} is trained already: {done.steps} steps. For more: {again}, with more than before."
    else:
        again = f"dancekit train {person}" + (f" --minutes {minutes:g}" if minutes else "") + where
        state = f"Stopped and saved after {done.steps} steps. Go on with: {again}"
    lines = [state]
    if done.better is not None:
        longer = f"dancekit train {person} --minutes {done.better:g}{where}"
        lines.append(f"That is few steps for this recipe; on this computer, more of her gets crisp with: {longer}")
    lines += [f"Look at {done.person.samples}"] if done.person.samples.is_dir() else []
    data: dict[str, object] = {"person": person, "recipe": recipe, "steps": done.steps, "finished": done.finished}
    data |= {"seconds": round(done.seconds, 1), "images_per_second": round(done.images_per_second, 2)}
    data |= {"losses": done.losses, "peak_gigabytes": done.peak_gigabytes, "better_minutes": done.better}
    return [
        *lines,
        f"Next: dancekit transfer DANCE.mp4 --as {person} --bg PICTURE.jpg{where}",
    ], data


def pretrained(done: Pretrained, recipe: str) -> Report:
    """Where the base is. recipe: as it was named."""
    trained = done.trained
    state = f"{done.base}: {done.size / 1e6:.1f} MB, after {trained.steps} steps."
    if not trained.finished:
        state = f"Stopped and saved after {trained.steps} steps; {done.base} holds what is learnt so far."
    data: dict[str, object] = {"base": str(done.base), "bytes": done.size, "steps": trained.steps}
    data |= {"finished": trained.finished, "images_per_second": round(trained.images_per_second, 2)}
    named = "" if recipe == "auto" else f"--recipe {shlex.quote(recipe)} "
    setting = shlex.quote(f"base={done.base.absolute()}")
    return [state, f"Next: dancekit train me --restart {named}--set {setting}"], data


def transferred(done: Transferred) -> Report:
    """Where the film is, and what was unusual about it."""
    state = f"{done.film}: {len(done.moves)} frames, with{'' if done.sound else 'out'} sound."
    watch = f"open {done.film} in any player"
    if done.film.is_dir():
        watch = f"look at the pictures in {done.film}"
    elif done.transparent:  # which most players show before black, if at all
        watch = f"put {done.film} into a video editor, over whatever you like"
    lines = [*done.notes, state, f"Next: {watch}"]
    data: dict[str, object] = {"film": str(done.film), "frames": len(done.moves), "notes": done.notes}
    return lines, data | {"sound": done.sound, "frames_per_second": round(done.frames_per_second, 2)}


def evaluated(done: Evaluation, page: Path) -> Report:
    """How well the person is drawn, beside the baselines, and how sound she is in other films' moves.

    page: where all of it can be looked at.
    """
    lines = _lines(measures.tables(done))
    for name, meaning in measures.meanings(done).items():
        lines += textwrap.wrap(meaning, _WIDE, initial_indent=f"  {name:<13}", subsequent_indent=" " * 15)
    lines += textwrap.wrap(summary(done), _WIDE)
    lines.append(f"Next: open {page} in a browser and look for yourself")
    lines += [note for one in done.drivers for note in one.notes] + left_out(done)
    data: dict[str, object] = {name: _plain(scores) for name, scores in done.scores.items()}
    for name, soundness in done.soundness.items():
        data[name] = (_plain(done.scores[name]) if name in done.scores else {}) | asdict(soundness)
    data["drivers"] = [
        {"driver": str(one.driver), **measures.driven(one), "notes": [*one.notes]} for one in done.drivers
    ]
    data |= {"frames": done.frames, "tall": done.tall, "closed": round(done.closed(), 4)}
    return lines, data | {"unlearnt": done.unlearnt, "report": str(page)}


def _plain(scores: Scores) -> dict[str, float | None]:
    """Scores as data, without the official measures that could not be had."""
    return {
        name: value for name, value in asdict(scores).items() if value is not None or name not in measures.NOT_ALWAYS
    }


def left_out(done: Evaluation) -> list[str]:
    """What would bring the official measures."""
    model = done.scores["model"]
    new = [f"Not looked at, since training has not seen it: {name}" for name in done.unlearnt]
    missing = [("LPIPS", "alexnet")] if model.lpips is None else []
    missing += [("KID and FID", "inception")] if model.kid is None else []
    lines = new + [f"For {what}, with official weights: dancekit doctor --fetch {name}" for what, name in missing]
    if model.kid is not None and model.fid is None:
        lines.append(
            f"No FID: on fewer than 2,048 pictures (here {done.frames}) it means little; KID is given instead."
        )
    return lines


def summary(done: Evaluation) -> str:
    """What was measured on, and how the person does beside the nearest frame of her film, in a sentence."""
    model, nearest = done.scores["model"], done.scores["nearest"]
    better = (model.ssim > nearest.ssim) + (model.perceptual < nearest.perceptual)
    verdict = _VERDICTS[better]
    closed = f" (closes {done.closed():.0%} of its distance to 1)" if done.closed() >= 0 else ""
    return (
        f"{verdict} the film's nearest frame: SSIM {model.ssim:.3f} against {nearest.ssim:.3f}{closed}, "
        f"perceptual distance {model.perceptual:.3f} against {nearest.perceptual:.3f}; "
        f"on {done.frames} held-out frames in {done.spans} spans, she {done.tall} px tall."
    )


def demonstrated(done: Demo) -> Report:
    """How the drawn dancer came out, against truth."""
    lines = [
        "Against the same moves drawn with the learnt body:",
        *_lines(measures.scored(done.scores)),
        f"Watch {done.film}",
    ]
    data: dict[str, object] = {"video": str(done.film)}
    data["scores"] = {name: _plain(scores) for name, scores in done.scores.items()}
    return [*lines, "Next: dancekit prepare myclip.mp4"], data


def examined(findings: Sequence[Finding], healthy: bool) -> Report:
    """What doctor found, with cures."""
    lines = []
    for one in findings:
        lines.append(f"{'ok ' if one.fine else 'BAD'}  {one.name}: {one.what}")
        lines += [f"     {one.cure}"] if one.cure else []
    verdict = "All is well." if healthy else "Something needs mending (BAD above)."
    return [*lines, verdict], {"healthy": healthy, "findings": [asdict(one) for one in findings]}


def measured(done: Bench) -> Report:
    """What bench measured, and how long things take here."""
    rows = [["", "per second", "", "beside", "share", "GB"]]
    for pace in done.paces:
        share = "" if pace.share is None else f"{pace.share:.2f}"
        memory = f"{pace.gigabytes:.1f}" if pace.gigabytes else ""
        rows.append([pace.part, f"{pace.rate:.1f}", pace.unit, pace.beside, share, memory])
    minute = {pace.part: 30 / pace.rate for pace in done.paces if pace.part in ("prepare", "transfer")}
    steps = done.recipe.minutes * 60 * done.pace("training, all stages").rate / (done.recipe.batch * done.recipe.frames)
    lines = [
        f"Recipe {done.recipe.name} on {done.machine}, in {done.numbers}; a large matrix product reaches "
        f"{done.matrix:.0f} GFLOP/s.",
        *aligned(rows),
        f"A prepared film takes {done.bytes_per_frame / 1e3:.0f} kB a frame, "
        f"{done.bytes_per_frame * 36_000 / 1e9:.1f} GB for 20 minutes.",
        *([f"Here a minute of film (30 frames/s) takes {minute['prepare']:.1f} minutes to prepare and "
           f"{minute['transfer']:.1f} to dance."] if minute else []),
        f"dancekit train takes {done.recipe.duration()}" + (f", about {steps:.0f} steps." if steps else "."),
    ]  # fmt: skip
    data: dict[str, object] = {"recipe": done.recipe.name, "device": done.machine, "numbers": done.numbers}
    data |= {"matrix_gigaflops": round(done.matrix, 1), "frames": done.frames}
    return lines, data | {"bytes_per_frame": done.bytes_per_frame, "paces": [asdict(pace) for pace in done.paces]}


def _lines(shown: Iterable[measures.Table]) -> list[str]:
    """Tables for a terminal, each below its title; the last row says which way is better."""
    lines = []
    for table in shown:
        titles, better = zip(*table.columns, strict=True)
        rows = [[name, *map(number, values)] for name, values in table.rows]
        lines += [table.title, *aligned([["", *titles], *rows, ["better", *better]])]
    return lines


def number(value: float | None) -> str:
    """Four digits that matter; what could not be measured is a dash."""
    return "-" if value is None else f"{value:.4f}" if abs(value) < 10 else f"{value:.2f}"


def aligned(rows: list[list[str]]) -> list[str]:
    """Rows of cells as lines, the first column to the left and the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
