"""Pose backends, one file each: what finds the people in a frame.

A backend module has a DESCRIPTION and a class `Detector(info, people, masks)` with

- `detect(index, frame) -> list[Sighting]`: the people in frame `index` (RGB uint8 [H, W, 3]), called in order;
- `close()`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sighting:
    """One person in one frame.

    points: float32 [J, 3] as x px, y px, confidence. mask: uint8 [h, w] soft cut-out of `box` (left, top, right,
    bottom in px), or None where the backend makes none.
    """

    points: np.ndarray
    mask: np.ndarray | None = None
    box: tuple[int, int, int, int] = (0, 0, 0, 0)
