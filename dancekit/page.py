"""report.html: everything that evaluate found, on one page that needs nothing else, no network either."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from dancekit import charts, measures, report
from dancekit.evaluate import Evaluation
from dancekit.io.files import replacing
from dancekit.measures import Table
from dancekit.reels import Reel

_CURVES = {
    "How far the pictures are from the film": ("perceptual", "colour", "alpha"),
    "How far they are for the discriminators' eyes": ("features",),
    "How well they pass for film": ("pair", "time", "wild"),
    "How badly the discriminators tell them apart": ("D pair", "D time", "D wild"),
}


def write(path: Path, person: str, done: Evaluation, log: Path) -> None:
    """Write the page. log: log.jsonl of the person's training; curves are left out where it is gone."""
    with replacing(path) as temporary:
        temporary.write_text(html(person, done, read_log(log)), encoding="utf-8", errors="backslashreplace")


def html(person: str, done: Evaluation, log: Sequence[Mapping[str, object]]) -> str:
    """The page as text. log: the lines of log.jsonl."""
    page = Template(resources.files("dancekit").joinpath("page.html").read_text(encoding="utf-8"))
    meanings = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in measures.meanings(done).items()
    )
    return page.substitute(
        title=escape(f"{person}, evaluated"),
        summary=escape(report.summary(done)),
        tables="".join(map(_table, measures.tables(done))),
        left_out="".join(f"<p>{escape(line)}</p>" for line in report.left_out(done)),
        curves=_curves(log),
        meanings=meanings,
        reels=_embedded(done.reels),
    )


def read_log(path: Path) -> list[dict]:
    """The lines of log.jsonl; one that was cut off by a kill is left out."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue
    return [line for line in lines if isinstance(line, dict) and {"steps", "losses"} <= line.keys()]


def _embedded(reels: Iterable[Reel]) -> str:
    """Reels as JSON that may stand within a <script> element."""
    data = [
        {
            "title": reel.title,
            "columns": reel.columns,
            "fps": reel.fps,
            "width": reel.size[0],
            "height": reel.size[1],
            "strips": [base64.b64encode(strip).decode() for strip in reel.strips],
        }
        for reel in reels
    ]
    return json.dumps(data).replace("<", "\\u003c")


def _table(table: Table) -> str:
    rows = [f"<tr><th></th>{''.join(f'<th>{escape(title)}</th>' for title, _ in table.columns)}</tr>"]
    best = [_best(table, place) for place in range(len(table.columns))]
    for name, values in table.rows:
        cells = "".join(
            f"<td{' class=best' if name in best[place] else ''}>{report.number(value)}</td>"
            for place, value in enumerate(values)
        )
        rows.append(f"<tr><td>{escape(name)}</td>{cells}</tr>")
    hints = "".join(f"<td>{escape(better)}</td>" for _, better in table.columns)
    rows.append(f'<tr class="note"><td>better</td>{hints}</tr>')
    return f'<p>{escape(table.title)}</p><div class="scroll"><table>{"".join(rows)}</table></div>'


def _best(table: Table, place: int) -> list[str]:
    """Which of the entries that compete are best in a column."""
    values = {name: row[place] for name, row in table.rows if name in table.competing and row[place] is not None}
    better = table.columns[place][1]
    if len(values) < 2 or better not in ("higher", "lower"):
        return []
    top = (max if better == "higher" else min)(values.values())  # type: ignore[type-var]
    return [name for name, value in values.items() if value == top]


def _curves(log: Sequence[Mapping[str, object]]) -> str:
    if not log:
        return "<p>The log of training (log.jsonl) is gone.</p>"
    steps = [float(line["steps"]) for line in log]  # type: ignore[arg-type]
    changes = [steps[place] for place in range(1, len(log)) if log[place].get("stint") != log[place - 1].get("stint")]
    charted = []
    for title, names in _CURVES.items():
        lines = {name: [float(line["losses"].get(name, "nan")) for line in log] for name in names}  # type: ignore[attr-defined]
        charted.append((title, {name: line for name, line in lines.items() if any(value == value for value in line)}))
    charted.append(("Images per second", {"images/s": [float(line.get("images_per_second", 0)) for line in log]}))  # type: ignore[arg-type]
    drawn = [
        f"<div><p>{escape(t)}</p>{charts.line_chart(steps, lines, changes)}</div>" for t, lines in charted if lines
    ]
    note = "<p>Losses as weighted in training; dashed where a stage or size begins.</p>"
    return f'{note}<div class="charts">{"".join(drawn)}</div>'
