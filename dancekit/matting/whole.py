"""No cut at all: the whole picture is the person, so that she is learnt with what is behind her (Table 1 of the paper).

Only to measure what cutting out is worth: what is painted of such a person has the film's background in it.
"""

from __future__ import annotations

import numpy as np

from dancekit.core.matte import keep_known
from dancekit.matting import ClipStudy, Cutout

DESCRIPTION = "cuts nothing out, to measure what cutting out is worth"
TAKES_OPTION = False


class Matte:
    """Takes every px of the film for the person's."""

    def __init__(self, study: ClipStudy, option: str = "") -> None:
        self.size = study.track.size

    def cut(self, time: int, picture: np.ndarray, mask: np.ndarray, box: np.ndarray) -> Cutout:
        """The picture as it is (see `dancekit.matting.Backend`)."""
        return Cutout(keep_known(np.full(mask.shape, 255, np.uint8), box, self.size), picture)
