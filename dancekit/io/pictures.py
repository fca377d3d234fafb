"""Pictures that may be seen through."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from dancekit.io import ffmpeg

_KINDS = b"\x89PNG", b"RIFF"
"""How those of them begin: PNG and WebP."""


def alpha_of(path: Path) -> np.ndarray | None:
    """How little a picture is seen through, float32 [H, W] in 0..1; None where nothing of it is.

    Raises:
        WorkspaceError: it may not be read.
    """
    with ffmpeg.reading(path), path.open("rb") as file:
        if not file.read(4).startswith(_KINDS):
            return None
        file.seek(0)
        picture = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4:
        return None
    return picture[..., 3] / np.float32(255 if picture.dtype == np.uint8 else 65535)
