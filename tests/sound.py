"""What a film sounds like."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dancekit.io import ffmpeg

RATE = 44100


def heard(film: Path) -> np.ndarray:
    """The sound of a film, or of a sound file, as mono float32 [N] in -1..1, RATE a second; empty if it has none."""
    options = ["-v", "error", "-i", ffmpeg.local(film), "-map", "0:a:0?", "-ac", "1", "-ar", str(RATE), "-f", "f32le"]
    samples, _, _ = ffmpeg.run([*options, "-"])
    return np.frombuffer(samples, np.float32)
