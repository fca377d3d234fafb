"""What each command says in the end: lines for people, naming the result and the next command, and data for --json."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dancekit.bench import Figures
    from dancekit.demo import Demo
    from dancekit.doctor import Finding
    from dancekit.driven import Driven
    from dancekit.evaluate import Evaluation
    from dancekit.judge import Scores
    from dancekit.prepare import Prepared
    from dancekit.pretrain import Pretrained
    from dancekit.train import Trained
    from dancekit.transfer import Transferred

Report = tuple[list[str], dict[str, object]]


@dataclass(frozen=True)
class Table:
    """Measures of entries, one row each; None could not be measured.

    columns: (title, which way is better: "higher", "lower", "near 1", or empty where neither is). competing: entries
    that may be the best.
    """

    title: str
    columns: list[tuple[str, str]]
    rows: list[tuple[str, list[float | None]]]
    competing: tuple[str, ...] = ()


_ONE_BY_ONE = {
    "ssim": ("SSIM", "higher"),
    "ssim_box": ("SSIM box", "higher"),
    "psnr": ("PSNR", "higher"),
    "psnr_box": ("PSNR box", "higher"),
    "perceptual": ("perceptual", "lower"),
    "lpips": ("LPIPS", "lower"),
    "alpha": ("alpha error", "lower"),
    "holes": ("holes", "lower"),
}
_TOGETHER = {
    "flicker": ("flicker", "near 1"),
    "trunk_frechet": ("trunk Frechet", "lower"),
    "trunk_kid": ("trunk KID", "lower"),
    "kid": ("KID", "lower"),
    "fid": ("FID", "lower"),
}
_WIDE = 110
"""Characters in a line of a terminal."""
_OFFICIAL = ("lpips", "kid", "fid")
"""Measures whose weights are not bundled: left out where nobody has them."""
_BY_THEMSELVES = {
    "pck": ("PCK", "higher"),
    "lost_limbs": ("lost limbs", "lower"),
    "still_change": ("still change", ""),
    "still_flicker": ("still flicker", "near 1"),
    "islands": ("islands", "lower"),
    "bone_holes": ("bone holes", "lower"),
}
_FOUND = {
    "relative_pck": ("PCK to driver's", "higher"),
    "pck": ("PCK", "higher"),
    "film_pck": ("driver's PCK", ""),
    "lost_limbs": ("lost limbs", "lower"),
    "film_lost_limbs": ("driver's lost", ""),
}
_SHOWN = {name: _BY_THEMSELVES[name] for name in ("still_change", "still_flicker", "islands", "bone_holes")}
"""What each measure is called, and which way is better."""
_VERDICTS = ("Further from the truth than", "By one measure closer to the truth than", "Closer to the truth than")
"""By how many of SSIM and perceptual distance are better than the nearest frame's."""
_COMPETING = ("model", "nearest", "stage1")
_MEANINGS = {
    "floor": "the film's own frames beside the ones just before them",
    "film": "the film's own frames, looked at like painted ones",
    "box": "only within the true person's box; PSNR in dB",
    "perceptual": "distance on the bundled VGG-16 trunk, not LPIPS",
    "LPIPS": "version 0.1 with AlexNet, where that is on this computer",
    "KID, FID": "of the Inception of 2015, resized as clean-fid does, where that is on this computer",
    "alpha error": "how far the cut-out is off, as a share of the person's area",
    "holes": "in her, where the true person is; a share of her area",
    "flicker": "change from frame to frame, 1 for as much as in the film",
    "trunk": "distance of all pictures from all frames on that trunk, not FID or KID; few frames make Frechet large",
    "PCK": "share of landmarks found within a tenth of her height of where they should be",
    "lost limbs": "share of head, arms, legs and feet not found within two tenths of her height",
    "still": "while she hardly moves; change in grey levels per pixel of her, flicker 1 for as much as in her film",
    "driver's": "what the landmarker reaches on the driver's own film, against its cleaned poses",
    "islands": "what floats apart from her, as a share of her area",
    "bone holes": "in her, where a bone or her trunk should be; a share of her area",
}


def prepared(person: str, done: Sequence[Prepared], where: str) -> Report:
    """What prepare found in each film. where: how to name the workspace in the next command, if at all."""
    lines, data = [], []
    for one in done:
        lines += [
            one.clip.source,
            *(f"  {sentence}" for sentence in one.verdict),
            f"  Look at {one.sheet} (red: where pose and cut-out fit worst)",
        ]
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


def evaluated(done: Evaluation, page: Path) -> Report:
    """How well the person is drawn, beside the baselines, and how sound she is in other films' moves.

    page: where all of it can be looked at.
    """
    lines = _lines(tables(done))
    lines += [f"  {name:<13}{meaning}" for name, meaning in meanings(done).items()]
    lines += textwrap.wrap(summary(done), _WIDE)
    lines.append(f"Next: open {page} in a browser and look for yourself")
    lines += _left_out(done)
    data: dict[str, object] = {name: _plain(scores) for name, scores in done.scores.items()}
    for name, soundness in done.soundness.items():
        data[name] = (_plain(done.scores[name]) if name in done.scores else {}) | asdict(soundness)
    data["drivers"] = [{"driver": str(one.driver), **_driven(one)} for one in done.drivers]
    return lines, data | {"frames": done.frames, "closed": round(done.closed(), 4), "report": str(page)}


def _plain(scores: Scores) -> dict[str, float | None]:
    """Scores as data, without the official measures that could not be had."""
    return {name: value for name, value in asdict(scores).items() if value is not None or name not in _OFFICIAL}


def _left_out(done: Evaluation) -> list[str]:
    """What would bring the official measures."""
    model = done.scores["model"]
    missing = [("LPIPS", "alexnet")] if model.lpips is None else []
    missing += [("KID and FID", "inception")] if model.kid is None else []
    lines = [f"For {what}, with official weights: dancekit doctor --fetch {name}" for what, name in missing]
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
    return (
        f"{verdict} the film's nearest frame: SSIM {model.ssim:.3f} against {nearest.ssim:.3f} "
        f"(closes {done.closed():.0%} of its distance to 1), "
        f"perceptual distance {model.perceptual:.3f} against {nearest.perceptual:.3f}; "
        f"on {done.frames} held-out frames in {done.spans} spans."
    )


def meanings(done: Evaluation) -> dict[str, str]:
    """What the measures and entries that are shown mean."""
    return {name: meaning for name, meaning in _MEANINGS.items() if done.drivers or name != "driver's"}


def tables(done: Evaluation) -> list[Table]:
    """All measures of an evaluation."""
    alone = _table("Looked at by themselves, without the truth:", done.soundness.items(), _BY_THEMSELVES, _COMPETING)
    found = [*scored(done.scores), alone]
    if done.drivers:
        moves = [(one.driver.name, _driven(one)) for one in done.drivers]
        found.append(_table("In the moves of other films, where her limbs are found:", moves, _FOUND))
        found.append(_table("In the moves of other films, how she looks:", moves, _SHOWN))
    return found


def scored(scores: Mapping[str, Scores]) -> list[Table]:
    """Measures beside the truth; two tables, since one would be too wide for a terminal."""
    return [
        _table("Picture by picture beside the true one:", scores.items(), _ONE_BY_ONE, _COMPETING),
        _table("All pictures together beside the true film:", scores.items(), _TOGETHER, _COMPETING),
    ]


def _driven(one: Driven) -> dict[str, object]:
    data: dict[str, object] = {"frames": one.frames, "relative_pck": one.relative_pck, **asdict(one.soundness)}
    return data | {"film_pck": one.film_pck, "film_lost_limbs": one.film_lost_limbs}


def demonstrated(done: Demo) -> Report:
    """How the drawn dancer came out, against truth."""
    lines = ["Against the same moves drawn with her own body:", *_lines(scored(done.scores)), f"Watch {done.film}"]
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


def _table(
    title: str,
    entries: Iterable[tuple[str, object]],
    columns: Mapping[str, tuple[str, str]],
    competing: tuple[str, ...] = (),
) -> Table:
    """One row per entry (a dataclass or a mapping), one column per measure."""
    plain = [(name, entry if isinstance(entry, Mapping) else vars(entry)) for name, entry in entries]
    kept = [name for name in columns if name not in _OFFICIAL or any(values[name] is not None for _, values in plain)]
    rows = [(name, [values[column] for column in kept]) for name, values in plain]
    return Table(title, [columns[name] for name in kept], rows, competing)


def _lines(shown: Iterable[Table]) -> list[str]:
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
