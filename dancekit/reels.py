"""Reels: what evaluate compares, kept as small pictures side by side, so that people can look for themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dancekit.io import sheet

FRAMES = 240
"""Frames in all reels together, about."""
_LEAST, _REELS = 24, 8


@dataclass(frozen=True)
class Reel:
    """Consecutive frames, each seen several ways side by side.

    columns: what is seen, from the left. size: (width, height) px of a strip. strips: one JPEG per frame.
    """

    title: str
    columns: tuple[str, ...]
    fps: float
    size: tuple[int, int]
    strips: list[bytes]


def chosen(lengths: Sequence[int]) -> dict[int, int]:
    """Which of several runs of frames to show, and how many frames of each: {number of the run: frames}."""
    runs = np.unique(np.linspace(0, len(lengths) - 1, min(len(lengths), _REELS)).astype(int))
    each = max(_LEAST, FRAMES // max(len(runs), 1))
    return {int(run): min(lengths[run], each) for run in runs}


def reel(title: str, fps: float, points: np.ndarray, pictures: Mapping[str, np.ndarray]) -> Reel:
    """A reel of poses beside pictures.

    points: landmarks [T, J, 3] in px of the pictures. pictures: uint8 [T, h, w, 4] (colour and alpha) by name.
    """
    strips = [sheet.strip(points[time], [seen[time] for seen in pictures.values()]) for time in range(len(points))]
    height, width = strips[0].shape[:2]
    return Reel(title, ("pose", *pictures), fps, (width, height), [sheet.encoded(strip, ".jpg") for strip in strips])
