"""Which way up a film is: by how much it has to be turned for the person in it to stand, and landmarks turned so."""

from __future__ import annotations

import numpy as np

from dancekit.core.skeleton import HIPS, SHOULDERS, indices
from dancekit.core.tracks import LOW_CONFIDENCE

_NEARLY_ALL = 0.8
"""Share of the frames from which on a film is told of: dancers lie on the floor, or stand on their hands, for less."""
_ENOUGH = 0.5
"""Share of the frames with a person that have to show her trunk."""
_HEADED = {90: "lies with the head to the left", 180: "is upside down", 270: "lies with the head to the right"}
"""How the person is in a film that has to be turned clockwise by so many degrees."""


def turn_of(points: np.ndarray) -> int:
    """Degrees clockwise (0, 90, 180 or 270) by which a film has to be turned for the person to stand.

    points: float32 [T, J, 3] px of the whole film. What counts is where the middle of her shoulders is, as seen from
    that of her hips, in the frames that surely show both; 0 unless it is the same in nearly all of these.
    """
    ends = [points[:, indices(place)] for place in (HIPS, SHOULDERS)]
    across, down = (ends[1] - ends[0])[..., :2].mean(1).T
    with np.errstate(invalid="ignore"):
        sure = np.isfinite(across + down) & (np.minimum(*ends)[..., 2].min(1) >= LOW_CONFIDENCE)
    there = int(np.isfinite(points[..., 0]).any(1).sum())
    if not sure.any() or sure.sum() < _ENOUGH * there:
        return 0
    quarters = np.round(np.arctan2(-across[sure], -down[sure]) / (np.pi / 2)).astype(int) % 4
    counts = np.bincount(quarters, minlength=4)
    return 90 * int(counts.argmax()) if counts.max() > _NEARLY_ALL * sure.sum() else 0


def advice(points: np.ndarray, whom: str, again: str, given: int = 0) -> str:
    """What to say of a film that seems to need turning, by landmarks as for `turn_of`; nothing of one that does not.

    whom: who is in which film, such as "the person in walk.mp4". again: what to do with it, such as "prepare it again".
    given: degrees by which it was turned already.
    """
    turn = turn_of(points)
    if not turn:
        return ""
    total = (given + turn) % 360
    cure = f"with --turn {total}" if total else "without --turn"
    return f"{whom} {_HEADED[turn]} in nearly all frames. If it is the film that is so, {again} {cure}."


def turned(points: np.ndarray, size: tuple[int, int], turn: int) -> np.ndarray:
    """Landmarks [..., J, 3] px of frames of a size (width, height), as they are once these are turned clockwise by so
    many degrees."""
    (x, y), (width, height) = (points[..., 0], points[..., 1]), size
    places = {0: (x, y), 90: (height - y, x), 180: (width - x, height - y), 270: (y, width - x)}[turn]
    return np.concatenate((np.stack(places, -1), points[..., 2:]), -1)


def turned_size(size: tuple[int, int], turn: int) -> tuple[int, int]:
    """The size (width, height) of frames once they are turned so."""
    return (size[1], size[0]) if turn % 180 else size
