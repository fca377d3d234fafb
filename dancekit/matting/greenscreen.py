"""Chroma key: for films before a green or blue screen, which may be lit unevenly and end before the frame does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dancekit.core.chroma import find_screen, key
from dancekit.core.matte import keep_known, refine, resized
from dancekit.errors import ClipError
from dancekit.matting import ClipStudy, Cutout

DESCRIPTION = "chroma key, for films before a green or blue screen"
TAKES_OPTION = False


class Matte:
    """Keys the film's own screen; ClipError where there is none."""

    def __init__(self, study: ClipStudy, option: str = "") -> None:
        screen = find_screen(study.frames, study.masks)
        if screen is None:
            raise ClipError(f"{study.film}: no green or blue screen was found behind the person.",
                            "Leave out --matte, and the way that suits the film is chosen.")  # fmt: skip
        self.screen = screen
        self.size = study.track.size

    def cut(self, time: int, picture: np.ndarray, mask: np.ndarray, box: np.ndarray) -> Callable[[], Cutout]:
        """Cut the person out of one frame (see `dancekit.matting.Backend`); each frame stands on its own."""
        return lambda: self._cutout(picture, mask, box)

    def _cutout(self, picture: np.ndarray, mask: np.ndarray, box: np.ndarray) -> Cutout:
        screen = self.screen.before(box, self.size, (picture.shape[1] // 4, picture.shape[0] // 4))
        if ((screen.coverage < 0.5) & (resized(mask, screen.coverage.shape[::-1]) > 0)).any():
            mask = _finer(picture, mask)
        alpha, colour = key(picture, mask, screen)
        return Cutout(keep_known(alpha, box, self.size), colour)


def _finer(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The mask drawn to the picture's edges: it decides alone where the person stands before no screen."""
    rough = resized(mask, (picture.shape[1] // 2, picture.shape[0] // 2))
    return refine(picture, rough.astype(np.float32) / 255, (rough > 204).astype(np.uint8))[0]
