"""A matting backend of your own is one file: copy this one to dancekit/matting/plain.py, then

    dancekit prepare myclip.mp4 --matte plain

It takes the landmarker's mask as it is. Every backend has a DESCRIPTION and a class Matte with these two methods; one
that takes no option says TAKES_OPTION = False.
"""

from __future__ import annotations

import numpy as np

from dancekit.errors import ClipError
from dancekit.matting import ClipStudy, Cutout

DESCRIPTION = "the landmarker's mask as it is"


class Matte:
    """Cuts with the landmarker's mask, unrefined."""

    def __init__(self, study: ClipStudy, option: str = "") -> None:
        try:
            self._threshold = int(option or 0)
        except ValueError:
            raise ClipError(f"--matte plain:{option}: this is not a number.", "Write it as in: plain:40") from None

    def cut(self, time: int, picture: np.ndarray, mask: np.ndarray, box: np.ndarray) -> Cutout:
        """The picture's own colours, and the mask above a threshold that may follow the name ("plain:40")."""
        return Cutout(np.where(mask >= self._threshold, mask, 0).astype(np.uint8), picture)
