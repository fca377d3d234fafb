"""Sample pictures drawn while training: pose, stage I, stage II and truth of a few held-out frames."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from dancekit.core.paint import Painter
from dancekit.io import sheet
from dancekit.io.clips import Clip
from dancekit.io.dataset import Footage
from dancekit.likeness import Likeness

_FRAMES = 5
_CAPTION = 26
"""Height in px of the line below the rows."""


def write_sample(path: Path, likeness: Likeness, clip: Clip, device: torch.device) -> None:
    """Draw a few held-out frames of a clip with the likeness as it is now."""
    footage = Footage(clip, likeness.canvas.times(likeness.recipe.closeup), 0)
    held = np.flatnonzero(footage.held & clip.used)
    if not len(held):
        return
    networks = {"stage II": likeness.refine, "face": likeness.face}
    further = [name for name, network in networks.items() if network]
    painters = [likeness.painter(device, refine) for refine in ((False, True) if further else (False,))]
    picture = sheet.grid([_row(footage, likeness, painters, int(time)) for time in _spread(held)], 1)
    picture = np.vstack((picture, np.full((_CAPTION, *picture.shape[1:]), 28, np.uint8)))
    further += ["detail"] if further and likeness.sources else []
    sheet.label(picture, " | ".join(["pose", "stage I", *([" and ".join(further)] if further else []), "truth"]))
    sheet.write(path, picture)


def _spread(times: np.ndarray) -> np.ndarray:
    return times[np.linspace(0, len(times) - 1, _FRAMES).astype(int)]


def _row(footage: Footage, likeness: Likeness, painters: Sequence[Painter], time: int) -> np.ndarray:
    """One held-out frame: its pose, what each painter makes of it, and the truth, side by side."""
    reach, size = sum(likeness.recipe.reaches), likeness.canvas.size
    around = np.clip(time + footage.stride * np.arange(-reach, reach + 1), *_bounds(footage, time))
    points = footage.points[around] / np.array([*([likeness.recipe.closeup] * 2), 1], np.float32)
    cutouts = [next(islice(painter.paint(points, size, batch=1), reach, None)).whole() for painter in painters]
    return sheet.strip(footage.points[time], [*cutouts, footage.frame(time).transpose(1, 2, 0)])


def _bounds(footage: Footage, time: int) -> tuple[int, int]:
    first, end = footage.shot(time)
    return first, end - 1
