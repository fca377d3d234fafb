"""Wild poses for unpaired learning (section 3.3): strangers' dances with the person's proportions, in her crop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Protocol

import numpy as np

from dancekit.core import crops, retarget
from dancekit.core.skeleton import J
from dancekit.core.stagecraft import random_track
from dancekit.core.tracks import filled_in, found
from dancekit.types import PoseTrack

_FRAME = (720, 720)


class Dances(Protocol):
    """Many dances, each float32 [frames, J, 3] as `pieces` gives them."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> np.ndarray: ...


class MadeUp:
    """Dances of made-up people as the person would be seen doing them.

    Each is made when it is first asked for, as all of them together take seconds that short trainings do not have;
    `randoms` gives the randomness of dance `number`, so that it is the same dance whenever that is.
    """

    def __init__(
        self,
        count: int,
        person: retarget.Proportions,
        fps: float,
        frames: int,
        randoms: Callable[[int], np.random.Generator],
    ) -> None:
        self._count, self._person, self._frames, self._randoms = count, person, frames, randoms
        self._rate = Fraction(fps).limit_denominator(1001)
        self._made: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> np.ndarray:
        if number not in self._made:
            self._made[number] = self._make(self._randoms(number))
        return self._made[number]

    def _make(self, random: np.random.Generator) -> np.ndarray:
        while True:  # hardly ever twice: somebody of whom a part is never seen
            danced = pieces(random_track(random, self._frames, self._rate, _FRAME), self._person, self._frames)
            if len(danced):
                return danced[0]


def pieces(track: PoseTrack, person: retarget.Proportions, frames: int, stride: int = 1) -> np.ndarray:
    """A stranger's track as the person would be seen doing it: float32 [N, frames, J, 3], x and y in body heights from
    the middle of her crop.

    The same retargeting and the same steady box as at render time; pieces of `frames` frames, `stride` apart, of one
    shot, in which somebody is seen throughout.
    """
    moved = retarget.retarget(track, retarget.proportions([track]), person)
    centres, heights = crops.paths(moved, crops.extents(moved))
    points = moved.points.copy()
    points[..., :2] = (points[..., :2] - centres[:, None]) / heights[:, None, None]
    kept = [points[run] for run in runs(moved, frames, stride)]
    return np.stack(kept).astype(np.float32) if kept else np.empty((0, frames, *points.shape[1:]), np.float32)


def runs(track: PoseTrack, frames: int, stride: int = 1) -> list[slice]:
    """Which frames of a track are a piece each, see `pieces`."""
    seen, reach = found(track), (frames - 1) * stride
    every = [
        slice(first, first + reach + 1, stride)
        for start, end in track.spans()
        for first in range(start, end - reach, frames * stride)
    ]
    return [run for run in every if seen[run].all()]


def step(rate: float, fps: float) -> int:
    """How many frames of a track of such a rate it is from one to the next at about `fps`."""
    return max(1, round(rate / fps))


def bank(tracks: Sequence[PoseTrack], person: retarget.Proportions, fps: float, frames: int) -> np.ndarray:
    """Pieces of many dances at about `fps`, float32 [N, frames, J, 3] as `pieces` gives them."""
    even = [_no_slower(track, fps) for track in tracks]
    every = [pieces(track, person, frames, step(float(track.fps), fps)) for track in even]
    return np.concatenate([np.empty((0, frames, J, 3), np.float32), *every])


def _no_slower(track: PoseTrack, fps: float) -> PoseTrack:
    """A track of few frames per second with poses between them, so that its pieces are no faster dances."""
    between = max(1, round(fps / float(track.fps)))
    shots = tuple(start * between for start in track.shots)
    return replace(track, points=filled_in(track.points, between, track.shots), fps=track.fps * between, shots=shots)
