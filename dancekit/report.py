"""Tables of figures in plain text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dancekit.evaluate import Scores

_COLUMNS = {
    "ssim": "SSIM",
    "ssim_box": "SSIM box",
    "perceptual": "perceptual",
    "alpha": "alpha error",
    "flicker": "flicker",
}
_BETTER = {"ssim": "higher", "ssim_box": "higher", "perceptual": "lower", "alpha": "lower", "flicker": "near 1"}


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
