"""What ablate says in the end: what each rung reaches, how far its seeds are apart, and which steps are worth it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dancekit.report import Report, aligned

if TYPE_CHECKING:
    from dancekit.ablate import Ablation, Run

_MEASURES = {
    "ssim": ("SSIM", 1),
    "ssim_box": ("SSIM box", 1),
    "perceptual": ("perceptual", -1),
    "trunk_frechet": ("trunk Frechet", -1),
}
"""What each measure is called, and its sign: 1 where more is better."""
_PLACES = {"unseen": "In moves that the film never shows, found in a stranger's film, beside the true body in them:",
           "told": "In the same moves, told exactly, so that only drawing counts, not finding and fitting:",
           "held_out": "On moments of the film that training never saw:"}  # fmt: skip
_JUDGED = ("ssim_box", "perceptual")
"""The measures that decide whether a step is worth it."""


def ablated(done: Ablation) -> Report:
    """Tables of all rungs, and what each step brings beyond the spread of the seeds."""
    lines = [
        f"Ladder {done.ladder!r} of {done.person}: {done.rungs[0].recipe.duration()} and {done.seeds} seed(s) each."
    ]
    places = [place for place in _PLACES if getattr(done.nearest, place) is not None]
    for place in places:
        lines += [_PLACES[place], *_table(done, place), *_steps(done, place)]
    data: dict[str, object] = {"person": done.person, "ladder": done.ladder, "seeds": done.seeds}
    rungs = {rung.name: {place: _data(done.runs[rung.name], place) for place in places} for rung in done.rungs}
    data |= {"rungs": rungs, "nearest": {place: _data([done.nearest], place) for place in places}}
    return lines, data


def _table(done: Ablation, place: str) -> list[str]:
    """One row per rung, and the nearest frame's."""
    named = [(f"{rung.name}: {rung.what}", done.runs[rung.name]) for rung in done.rungs]
    rows = [
        [name, *(_cell(*_mean_and_spread(runs, place, measure)) for measure in _MEASURES)]
        for name, runs in (*named, ("nearest frame of the film", [done.nearest]))
    ]
    return aligned([["", *(title for title, _ in _MEASURES.values())], *rows])


def _steps(done: Ablation, place: str) -> list[str]:
    """What each rung brings beside the one that it differs from: only what is more than the spread of both counts."""
    if done.seeds < 2:
        return ["One seed tells nothing of chance: run it with --seeds 3."]
    lines = []
    for rung in done.rungs:
        if rung.beside:
            told = [_change(done.runs[rung.beside], done.runs[rung.name], place, name) for name in _JUDGED]
            lines.append(f"  {rung.name} beside {rung.beside}: {', '.join(told)}")
    return lines


def _change(before: Sequence[Run], after: Sequence[Run], place: str, name: str) -> str:
    """How a measure changes from one rung to another, in words."""
    title, sign = _MEASURES[name]
    (old, old_spread), (new, new_spread) = (_mean_and_spread(runs, place, name) for runs in (before, after))
    gain = sign * (new - old)
    if abs(gain) <= float(np.hypot(old_spread, new_spread)):
        return f"{title} the same within the spread"
    return f"{title} {'better' if gain > 0 else 'worse'} by {abs(gain):.4f}"


def _mean_and_spread(runs: Sequence[Run], place: str, name: str) -> tuple[float, float]:
    """Mean over the seeds and their standard deviation, 0 for a single one."""
    found = [getattr(getattr(run, place), name) for run in runs]
    values = [np.nan if value is None else value for value in found]
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _cell(mean: float, spread: float) -> str:
    return "-" if np.isnan(mean) else f"{mean:.4f}" + (f" ±{spread:.4f}" if spread else "")


def _data(runs: Sequence[Run], place: str) -> dict[str, dict[str, float]]:
    found = {name: _mean_and_spread(runs, place, name) for name in _MEASURES}
    return {
        name: {"mean": round(mean, 6), "spread": round(spread, 6)}
        for name, (mean, spread) in found.items()
        if not np.isnan(mean)
    }
