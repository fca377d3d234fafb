"""The pose landmarker's own mask, made clean: for any room, and best where the camera stands still."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

import numpy as np

from dancekit.core.matte import Before, believe, keep_known, refine, resized, steadied
from dancekit.core.plate import Plate, lay, learn_plate, vote
from dancekit.matting import ClipStudy, Cutout

DESCRIPTION = "the pose model's own mask, refined and steadied"
TAKES_OPTION = False


class Matte:
    """Refines the landmarker's masks, with the film's own background as a witness where it can be learned."""

    def __init__(self, study: ClipStudy, option: str = "") -> None:
        self.size = study.track.size
        self.shots = [first for first, _ in study.track.spans()]
        self.plates = [_plate(study, first, end) for first, end in study.track.spans()]
        self.shot = -1
        self.last: _Steadied | None = None

    def cut(self, time: int, picture: np.ndarray, mask: np.ndarray, box: np.ndarray) -> Callable[[], Cutout]:
        """Cut the person out of one frame (see `dancekit.matting.Backend`), steadied by the one before in its shot."""
        shot = max(0, bisect_right(self.shots, time) - 1)
        if shot != self.shot:
            self.shot, self.last = shot, None
        steady = self.last = _Steadied(self, self.plates[shot], picture, mask, box, self.last)

        def finish() -> Cutout:
            found = steady.found()
            alpha, colour = refine(picture, found.now.mask, found.sure, found.behind)
            return Cutout(keep_known(alpha, box, self.size), colour)

        return finish


class _Found(NamedTuple):
    """A frame with its steadied mask, where the person is beyond doubt, and what is behind her where there is a plate:
    colour and how surely it is known; see core.matte."""

    now: Before
    sure: np.ndarray
    behind: tuple[np.ndarray, np.ndarray] | None


class _Steadied:
    """One frame's mask, steadied by the frame before: found once, by the first thread that asks, with what it needs."""

    def __init__(self, matte: Matte, plate: Plate | None, picture: np.ndarray, mask: np.ndarray, box: np.ndarray,
                 before: _Steadied | None) -> None:  # fmt: skip
        self._size, self._plate, self._box = matte.size, plate, box
        self._picture, self._mask, self._before = picture, mask, before
        self._found: _Found | None = None
        self._finding = Lock()

    def found(self) -> _Found:
        """What is found of the frame, at half its size."""
        with self._finding:
            if self._found is None:
                half = (self._picture.shape[1] // 2, self._picture.shape[0] // 2)
                small, rough = resized(self._picture, half), resized(self._mask, half)
                soft, behind = rough.astype(np.float32) / 255, None
                if self._plate is not None:
                    drop = lay(self._plate, small, rough, self._box, self._size)
                    soft, behind = believe(soft, vote(small, drop)), (drop.colour, drop.known)
                before = None if self._before is None else self._before.found().now
                now = steadied(small, soft, self._box, before)
                self._found = _Found(now, (rough > 204).astype(np.uint8), behind)
                self._before = None  # or every frame of the film would be kept
        return self._found


def _plate(study: ClipStudy, first: int, end: int) -> Plate | None:
    chosen = [index for index, time in enumerate(study.times) if first <= time < end]
    return learn_plate([study.frames[index] for index in chosen], [study.masks[index] for index in chosen])
