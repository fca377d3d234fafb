"""The diary of training: log.jsonl, and when it is time to log, to draw a sample and to save."""

from __future__ import annotations

import json
import time
from pathlib import Path

from dancekit.io.files import writing

SAVE_EVERY = 45.0
"""Seconds between saves: a process that is killed loses less than a minute."""
SAVING = 20.0
"""Training goes on so many times as long as the last save took, if that is longer: large networks take seconds."""
LOG_EVERY = 5.0
_FIRST_SAMPLE, _SAMPLE_GROWTH, _SAMPLE_EVERY = 20.0, 1.05, 60.0


class Diary:
    """Keeps the clock of one run of training and appends to log.jsonl."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._began = self._saved = self._logged = time.monotonic()
        self._next_sample = _FIRST_SAMPLE
        self._images, self._busy, self._saving = 0, 0.0, 0.0
        self._recent: tuple[int, float] = (0, 0.0)

    def count(self, images: int, seconds: float) -> None:
        """Note how many frames a step saw and how long it took."""
        self._images += images
        self._busy += seconds
        self._recent = (self._recent[0] + images, self._recent[1] + seconds)

    @property
    def images_per_second(self) -> float:
        """Frames trained on per second, over the whole run."""
        return self._images / self._busy if self._busy else 0.0

    def time_to_log(self) -> bool:
        """Whether some seconds have passed since the last line."""
        return time.monotonic() - self._logged >= LOG_EVERY

    def time_to_save(self) -> bool:
        """Whether the last save was long enough ago."""
        return time.monotonic() - self._saved >= max(SAVE_EVERY, SAVING * self._saving)

    def time_to_sample(self) -> bool:
        """Whether to draw a sample: soon at first, then every minute, and more rarely the longer training goes on."""
        elapsed = time.monotonic() - self._began
        if elapsed < self._next_sample:
            return False
        self._next_sample = max(elapsed + _SAMPLE_EVERY, elapsed * _SAMPLE_GROWTH)
        return True

    def saved(self, began: float) -> None:
        """A save that began at a time (time.monotonic) has just ended."""
        self._saved = time.monotonic()
        self._saving = self._saved - began

    def log(self, entry: dict[str, object]) -> float:
        """Append a line; returns the frames per second since the line before."""
        images, seconds = self._recent
        rate = images / seconds if seconds else 0.0
        self._recent, self._logged = (0, 0.0), time.monotonic()
        with writing(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**entry, "images_per_second": round(rate, 2)}) + "\n")
        return rate
