"""Motion: landmarks that move as the picture does (not in the paper).

A landmarker finds every frame's landmarks anew, each time a little beside where they were. Optical flow tells to a
fraction of a px how far what is under a landmark has moved since the frame before, but not where it is. Both together
tell where it is without trembling and without lag: what is learnt then lies where its pose says.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from dancekit.types import PoseTrack

_TALL = 256
"""Px that people are tall, or wide, where their motion is looked at."""
_WINDOW, _LEVELS = 21, 3
"""Side in px of what is looked for around a landmark, and how often its surroundings are halved to find it far away."""
_MARGIN = 0.15
"""Room around the landmarks, as a share of how tall or wide they are."""
_ASTRAY = 0.5
"""Px by which a landmark that is sent to the frame before and back may miss itself."""
_ASUNDER, _FOR = 0.15, 0.08
"""How fast steps may lead away from the landmarks that they should lead to, a second, as a share of how tall or wide
people are, and for about how many seconds: what is seen around a hand that flies by is the wall behind it."""
_FAITH = 1.2
"""How much more a step that is sure counts than a landmark that is found, for every frame a second: the further the way
to the next frame, the less surely it is known."""


def stepped(before: np.ndarray, now: np.ndarray, points: np.ndarray) -> np.ndarray:
    """How far what is under each landmark has moved from one frame to the next (Lucas and Kanade 1981, in pyramids).

    before, now: uint8 [H, W, 3]. points: landmarks [J, 3] px of `now`. Returns float32 [J, 3]: the way to the right and
    down in px, and how sure that is, 0..1: what cannot be found back is not.
    """
    steps, known = np.zeros((len(points), 3), np.float32), np.isfinite(points[:, :2]).all(1)
    left, top, right, bottom = _around(points[known, :2], now.shape[1::-1]) if known.any() else (0, 0, 0, 0)
    if min(right - left, bottom - top) < _WINDOW:
        return steps
    here, there = (_small(frame[top:bottom, left:right]) for frame in (now, before))
    scale = np.array(here.shape[::-1]) / (right - left, bottom - top)
    places = ((points[known, :2] - (left, top)) * scale - 0.5).astype(np.float32)[:, None]
    found, seen = _sought(here, there, places)
    back, again = _sought(there, here, found)
    astray = np.linalg.norm(back - places, axis=-1)[:, 0]
    sure = np.where((seen & again)[:, 0] > 0, np.exp(-np.square(astray / _ASTRAY)), 0)
    steps[known] = np.column_stack(((places - found)[:, 0] / scale, sure))
    return np.nan_to_num(steps, nan=0.0, posinf=0.0, neginf=0.0)


def _around(points: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what holds points [N, 2] px with some room, within a frame of (width, height) px."""
    low, high = points.min(0), points.max(0)
    room = _MARGIN * (high - low).max()
    left, top = np.clip(np.floor(low - room), 0, size).astype(int)
    right, bottom = np.clip(np.ceil(high + room), 0, size).astype(int)
    return left, top, right, bottom


def _small(picture: np.ndarray) -> np.ndarray:
    """A picture in grey, at most _TALL px tall and wide."""
    scale = min(1.0, _TALL / max(picture.shape[:2]))
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return cv2.cvtColor(cv2.resize(picture, size), cv2.COLOR_RGB2GRAY)


def _sought(here: np.ndarray, there: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where what is at places [N, 1, 2] of one picture is in another, and whether it was found, [N, 1]."""
    found, status, _ = cv2.calcOpticalFlowPyrLK(
        here, there, places, places.copy(), winSize=(_WINDOW, _WINDOW), maxLevel=_LEVELS
    )
    return found, status


def followed(track: PoseTrack, steps: np.ndarray) -> PoseTrack:
    """A track whose landmarks are near where they were found, and go the way that the picture goes.

    steps: float32 [T, J, 3], see `stepped`, from each frame's predecessor to it. The squares of how far landmarks are
    moved, and of how far they then stray from their steps, are least in all, as often as these count. Missing landmarks
    stay missing.
    """
    points, fps = track.points.copy(), float(track.fps)
    for first, end in track.spans():
        places, moved = (part[first:end].astype(np.float64) for part in (points[..., :2], np.nan_to_num(steps)))
        sure = _FAITH * fps * moved[..., 2]
        apart = _strayed(places, moved[..., :2], _FOR * fps) * fps
        sure[1:] *= np.exp(-np.square(apart / (_ASUNDER * _usual_extent(places))))
        points[first:end, :, :2] = _least(places, moved[..., :2], sure)
    return track.with_points(points)


def _strayed(places: np.ndarray, moved: np.ndarray, deviation: float) -> np.ndarray:
    """How far steps [T, J, 2] lead away from the ways between places [T, J, 2], px a frame, over a while: [T - 1, J].

    deviation: of the Gaussian window in frames. What errs to and fro, as found places do, cancels out; what is missing
    does not count.
    """
    apart = np.diff(places, axis=0) - moved[1:]
    if not apart.size:
        return np.zeros(apart.shape[:2])
    known = np.isfinite(apart).astype(np.float64)
    window = cv2.getGaussianKernel(2 * math.ceil(3 * deviation) + 1, deviation)
    total, count = (
        cv2.sepFilter2D(part.reshape(len(part), -1), -1, np.ones(1), window, borderType=cv2.BORDER_CONSTANT)
        for part in (np.nan_to_num(apart), known)
    )
    return np.linalg.norm((total / np.maximum(count, 1e-3)).reshape(apart.shape), axis=-1)


def _usual_extent(places: np.ndarray) -> float:
    """How tall or wide, whichever is more, landmarks [T, J, 2] px usually are; at least 1 px."""
    extents = (np.fmax.reduce(places, 1) - np.fmin.reduce(places, 1)).max(1)
    seen = extents[extents > 0]
    return max(1.0, float(np.median(seen))) if len(seen) else 1.0


def _least(places: np.ndarray, moved: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """The places [T, J, 2] of one shot moved so: solves a system with three diagonals for each landmark.

    moved: steps [T, J, 2]. sure: how much they count, [T, J].
    """
    known = np.isfinite(places[..., 0]) & np.isfinite(places[..., 1])
    own = known.astype(np.float64)[..., None]
    tied = sure[1:, :, None] * own[1:] * own[:-1]
    pull = tied * moved[1:]
    middle, wanted = own.copy(), own * np.nan_to_num(places)
    middle[1:] += tied
    middle[:-1] += tied
    middle[~known] = 1
    wanted[1:] += pull
    wanted[:-1] -= pull
    for time in range(1, len(places)):  # Gaussian elimination
        share = tied[time - 1] / middle[time - 1]
        middle[time] -= share * tied[time - 1]
        wanted[time] += share * wanted[time - 1]
    wanted[-1:] /= middle[-1:]
    for time in range(len(places) - 2, -1, -1):
        wanted[time] = (wanted[time] + tied[time] * wanted[time + 1]) / middle[time]
    return np.where(known[..., None], wanted, places)
