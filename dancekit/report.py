"""What each command says in the end: lines for people, naming the result and the next command, and data for --json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dancekit.bench import Figures
    from dancekit.demo import Demo
    from dancekit.doctor import Finding
    from dancekit.evaluate import Evaluation, Scores
    from dancekit.prepare import Prepared
    from dancekit.pretrain import Pretrained
    from dancekit.train import Trained
    from dancekit.transfer import Transferred

Report = tuple[list[str], dict[str, object]]

_COLUMNS = {
    "ssim": "SSIM",
    "ssim_box": "SSIM box",
    "perceptual": "perceptual",
    "alpha": "alpha error",
    "flicker": "flicker",
}
_BETTER = {"ssim": "higher", "ssim_box": "higher", "perceptual": "lower", "alpha": "lower", "flicker": "near 1"}


def prepared(person: str, done: Sequence[Prepared], where: str) -> Report:
    """What prepare found in each film. where: how to name the workspace in the next command, if at all."""
    lines, data = [], []
    for one in done:
        lines += [one.clip.source, *(f"  {sentence}" for sentence in one.verdict), f"  Look at {one.sheet}"]
        entry: dict[str, object] = {"name": one.clip.name, "frames": len(one.clip.track)}
        entry |= {"used": int(one.clip.used.sum()), "matte": one.clip.matte}
        data.append(entry | {"sheet": str(one.sheet), "verdict": one.verdict})
    return [*lines, f"Next: dancekit train {person}{where}"], {"person": person, "clips": data}


def wild(kept: Sequence[Path], where: str) -> Report:
    """Which poses of strangers prepare --wild kept."""
    lines = [*(f"Poses kept: {path}" for path in kept), "They are used from the next training on."]
    return [*lines, f"Next: dancekit train me{where}"], {"wild": [str(path) for path in kept]}


def trained(done: Trained, recipe: str, minutes: float | None, where: str) -> Report:
    """How far training got."""
    person = done.person.name
    state = f"{person} is trained: {done.steps} steps in {done.seconds / 60:.1f} minutes."
    if not done.finished:
        again = f"dancekit train {person}" + (f" --minutes {minutes:g}" if minutes else "") + where
        state = f"Stopped and saved after {done.steps} steps. Go on with: {again}"
    lines = [state, *([f"Look at {done.person.samples}"] if done.person.samples.is_dir() else [])]
    data: dict[str, object] = {"person": person, "recipe": recipe, "steps": done.steps, "finished": done.finished}
    data |= {"seconds": round(done.seconds, 1), "images_per_second": round(done.images_per_second, 2)}
    data |= {"losses": done.losses, "peak_gigabytes": done.peak_gigabytes}
    return [*lines, f"Next: dancekit transfer ballet.mp4 --as {person} --bg beach.jpg{where}"], data


def pretrained(done: Pretrained) -> Report:
    """Where the base is."""
    trained = done.trained
    state = f"{done.base}: {done.size / 1e6:.1f} MB, after {trained.steps} steps."
    if not trained.finished:
        state = f"Stopped and saved after {trained.steps} steps; {done.base} holds what is learnt so far."
    data: dict[str, object] = {"base": str(done.base), "bytes": done.size, "steps": trained.steps}
    data |= {"finished": trained.finished, "images_per_second": round(trained.images_per_second, 2)}
    return [state, f"Next: dancekit train me --restart --set base={done.base}"], data


def transferred(done: Transferred) -> Report:
    """Where the film is, and what was unusual about it."""
    lines = [*done.notes, f"{done.film}: {len(done.moves)} frames.", f"Next: open {done.film} in any player"]
    data: dict[str, object] = {"film": str(done.film), "frames": len(done.moves), "notes": done.notes}
    return lines, data | {"frames_per_second": round(done.frames_per_second, 2)}


def evaluated(done: Evaluation) -> Report:
    """How well the person is drawn, beside the baselines."""
    closed = f"SSIM closes {done.closed():.0%} of nearest-frame's distance to 1."
    lines = [*table(done.scores), f"{done.frames} held-out frames in {done.spans} spans; {closed}"]
    lines += [
        "Perceptual: distance on the bundled VGG-16 trunk, not LPIPS. Alpha error: how far the cut-out is off, as a",
        "share of the person's area. Flicker: change from frame to frame, 1 for as much as in the film.",
    ]
    data: dict[str, object] = {name: asdict(scores) for name, scores in done.scores.items()}
    return lines, data | {"frames": done.frames, "closed": round(done.closed(), 4)}


def demonstrated(done: Demo) -> Report:
    """How the drawn dancer came out, against truth."""
    lines = ["Against the same moves drawn with her own body:", *table(done.scores), f"Watch {done.film}"]
    data: dict[str, object] = {"video": str(done.film)}
    data["scores"] = {name: asdict(scores) for name, scores in done.scores.items()}
    return [*lines, "Next: dancekit prepare myclip.mp4"], data


def examined(findings: Sequence[Finding], healthy: bool) -> Report:
    """What doctor found, with cures."""
    lines = []
    for one in findings:
        lines.append(f"{'ok ' if one.fine else 'BAD'}  {one.name}: {one.what}")
        lines += [f"     {one.cure}"] if one.cure else []
    verdict = "All is well." if healthy else "Something needs mending (BAD above)."
    return [*lines, verdict], {"healthy": healthy, "findings": [asdict(one) for one in findings]}


def measured(done: Figures) -> Report:
    """What bench measured."""
    lines = [
        f"bare landmarker  {done.landmarker:7.1f} frames/s",
        f"prepare          {done.prepare:7.1f} frames/s, {done.ratio:.2f} of the bare landmarker",
        f"reading stored   {done.reading:7.1f} frames/s",
        f"storage          {done.bytes_per_frame / 1e3:7.1f} kB a frame, "
        f"{done.gigabytes_per_20_minutes:.1f} GB for 20 minutes",
    ]
    return lines, {**asdict(done), "ratio": round(done.ratio, 3)}


def table(scores: Mapping[str, Scores]) -> list[str]:
    """One row per entry, one column per measure, and a last row that says which way is better."""
    rows = [["", *_COLUMNS.values()]]
    rows += [[name, *(f"{getattr(score, column):.4f}" for column in _COLUMNS)] for name, score in scores.items()]
    return aligned([*rows, ["better", *_BETTER.values()]])


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
