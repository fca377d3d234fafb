"""The pose landmarker's own mask, made clean: for any room, and best where the camera stands still."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

import numpy as np

from dancekit.core.matte import Before, believe, keep_known, refine, resized, steadied
from dancekit.core.plate import Plate, lay, learn_plate, vote
from dancekit.matting import ClipStudy, Cutout

DESCRIPTION = "the pose model's own mask, refined and steadied; needs nothing else"


class Matte:
    """Refines the landmarker's masks, with the film's own background as a witness where it can be learned."""

    def __init__(self, study: ClipStudy, option: str = "") -> None:
        self.size = study.track.size
        self.shots = [first for first, _ in study.track.spans()]
        self.plates = [_plate(study, first, end) for first, end in study.track.spans()]
        self.shot = -1
        self.before: Before | None = None

    def cut(self, time: int, picture: np.ndarray, mask: np.ndarray, box: np.ndarray) -> Callable[[], Cutout]:
        """Cut the person out of one frame (see `dancekit.matting.Backend`), steadied by the one before in its shot."""
        shot = max(0, bisect_right(self.shots, time) - 1)
        if shot != self.shot:
            self.shot, self.before = shot, None
        half = (picture.shape[1] // 2, picture.shape[0] // 2)
        small, rough = resized(picture, half), resized(mask, half)
        soft, behind, plate = rough.astype(np.float32) / 255, None, self.plates[shot]
        if plate is not None:
            drop = lay(plate, small, rough, box, self.size)
            soft, behind = believe(soft, vote(small, drop)), (drop.colour, drop.known)
        self.before = steadied(small, soft, box, self.before)
        steady, sure = self.before.mask, (rough > 204).astype(np.uint8)

        def finish() -> Cutout:
            alpha, colour = refine(picture, steady, sure, behind)
            return Cutout(keep_known(alpha, box, self.size), colour)

        return finish


def _plate(study: ClipStudy, first: int, end: int) -> Plate | None:
    chosen = [index for index, time in enumerate(study.times) if first <= time < end]
    return learn_plate([study.frames[index] for index in chosen], [study.masks[index] for index in chosen])
