"""Line charts as SVG text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

_WIDTH, _HEIGHT = 420, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 12, 26
_POINTS = 160
"""At the most per line: each is then the median of several values, which takes the noise away."""
_COLOURS = ("#3b82f6", "#f97316", "#10b981", "#a855f7", "#ef4444", "#eab308")
_OUTLIERS = 98.0
"""Percentile of all values that the chart reaches up to: a wild first step should not flatten the rest."""


def line_chart(across: Sequence[float], lines: Mapping[str, Sequence[float]], marks: Sequence[float] = ()) -> str:
    """A chart of lines over `across`, from 0 up, with vertical lines at `marks`.

    across and each line: as many numbers; NaN leaves a gap. Returns an <svg> element, with a legend above it.
    """
    x = np.asarray(across, float)
    values = {name: np.asarray(line, float) for name, line in lines.items()}
    highest = _nice(_highest(list(values.values())))
    first, last = float(x[0]), max(float(x[-1]), float(x[0]) + 1e-9)

    def place(at: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        right = _LEFT + (at - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)
        down = _TOP + (1 - np.clip(value / highest, 0, 1)) * (_HEIGHT - _TOP - _BOTTOM)
        return right, down

    parts = [_grid(highest, last)]
    for mark in marks:
        right = place(np.array([mark]), np.zeros(1))[0][0]
        parts.append(f'<line class="mark" x1="{right:.1f}" y1="{_TOP}" x2="{right:.1f}" y2="{_HEIGHT - _BOTTOM}"/>')
    legend = []
    for number, (name, value) in enumerate(values.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(*place(*thinned(x, value)), strict=True))
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" points="{points}"/>')
        legend.append(f'<span><i style="background:{colour}"></i>{escape(name)}</span>')
    drawn = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">{"".join(parts)}</svg>'
    return f'<div class="legend">{"".join(legend)}</div>{drawn}'


def thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Medians over neighbours, so that no more than a few points are left; NaNs are left out."""
    kept = ~np.isnan(y)
    if not kept.any():
        return np.zeros(0), np.zeros(0)
    groups = min(_POINTS, int(kept.sum()))
    return (
        np.array([np.median(part) for part in np.array_split(x[kept], groups)]),
        np.array([np.median(part) for part in np.array_split(y[kept], groups)]),
    )


def _highest(lines: Sequence[np.ndarray]) -> float:
    every = np.concatenate(lines) if lines else np.zeros(0)
    every = every[~np.isnan(every)]
    return float(np.percentile(every, _OUTLIERS)) if len(every) else 1.0


def _nice(value: float) -> float:
    """The next of 1, 2 and 5 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= value * 0.999))


def _grid(highest: float, last: float) -> str:
    parts = []
    for share in (0.0, 0.5, 1.0):
        down = _TOP + (1 - share) * (_HEIGHT - _TOP - _BOTTOM)
        parts.append(f'<line class="grid" x1="{_LEFT}" y1="{down:.1f}" x2="{_WIDTH - _RIGHT}" y2="{down:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{down + 4:.1f}" text-anchor="end">{highest * share:g}</text>')
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">step {last:g}</text>')
    return "".join(parts)
