"""Parts of the person that are judged by themselves: head and hands, which people look at first."""

from __future__ import annotations

import numpy as np

from dancekit.core import closeup
from dancekit.core.skeleton import INDEX
from dancekit.core.tracks import LOW_CONFIDENCE
from dancekit.io.dataset import Footage

_HAND = 0.14
"""Side of a close-up of a hand, as a share of the body height: spread fingers are in it."""


def close_ups(pictures: np.ndarray, film: Footage, first: int) -> dict[str, np.ndarray]:
    """Close-ups of the face, the left and the right hand in consecutive pictures uint8 [T, h, w, 4] from frame `first`
    on: those that the film surely shows, uint8 [T', side, side, 4] each.

    film: its frames, at the size of the pictures.
    """
    points = film.points[first : first + len(pictures)]
    middles = {"face": closeup.middle(points), **{f"{side} hand": _hand(points, side) for side in ("left", "right")}}
    side = {"face": closeup.side(film.canvas.body, 1), "hand": round(film.canvas.body * _HAND)}
    return {name: _cut(pictures, middle, side[name.split()[-1]]) for name, middle in middles.items()}


def _hand(points: np.ndarray, side: str) -> np.ndarray:
    """The middle of a hand of landmarks T x J x 3: T x 2 px, NaN where it is not surely known."""
    landmarks = points[:, [INDEX[f"{side}_{name}"] for name in ("wrist", "pinky", "index")]]
    middle: np.ndarray = landmarks[..., :2].mean(1)
    middle[(landmarks[..., 2] < LOW_CONFIDENCE).any(1)] = np.nan
    return middle


def _cut(pictures: np.ndarray, middles: np.ndarray, side: int) -> np.ndarray:
    seen = [place for place in range(len(pictures)) if not np.isnan(middles[place]).any()]
    shown = [closeup.cut(pictures[place], closeup.corner(middles[place], side), side) for place in seen]
    return np.stack(shown) if shown else np.zeros((0, side, side, 4), np.uint8)
