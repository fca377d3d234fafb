"""Nearest frame: the baseline that answers a pose with the frame of her film in which she is posed most like it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dancekit.io.dataset import Footage


def nearest_pose(footage: Sequence[Footage], points: np.ndarray) -> tuple[int, int]:
    """(number of the film, frame) of the training frame whose pose is nearest to points [J, 3] (px): mean distance of
    landmarks."""
    best: tuple[float, int, int] | None = None
    for number, film in enumerate(footage):
        times = np.flatnonzero(film.clip.used & ~film.held)
        if not len(times):  # a short film of which all that shows her is held out
            continue
        apart = np.nan_to_num(np.linalg.norm(film.points[times, :, :2] - points[:, :2], axis=-1), nan=1e3).mean(1)
        place = int(apart.argmin())
        if best is None or apart[place] < best[0]:
            best = float(apart[place]), number, int(times[place])
    assert best is not None
    return best[1:]
