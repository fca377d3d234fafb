"""Table 1 of the paper: a person learnt with her background, and cut out of what is painted afterwards."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np

from dancekit import prepare
from dancekit.core import silhouette
from dancekit.errors import WorkspaceError
from dancekit.io import clips, sightings
from dancekit.io.workspace import Person
from dancekit.soundness import GREY, MARGIN
from dancekit.study import Options
from dancekit.types import Progress, VideoInfo


def with_backgrounds(person: Person, progress: Progress) -> Person:
    """The person with the same films, but learnt with what is behind her; what is prepared already is kept.

    Raises:
        WorkspaceError: a film is gone, or was prepared in parts. ClipError: it cannot be read.
    """
    whole = Person(person.name, person.folder / "ablation" / "with-background")
    ready = {clip.name for clip in map(clips.load, whole.clips())}
    for clip in map(clips.load, person.clips()):
        film = Path(clip.source)
        if clip.name in ready:
            continue
        if not film.is_file():
            raise WorkspaceError(f"{film}: this film is needed again, for its background, and is gone.",
                                 "Put it back where it was when it was prepared.")  # fmt: skip
        made = prepare.prepare_clip(film, whole, Options(matte="whole"), progress).clip
        if len(made.track) != len(clip.track) or made.plan.size != clip.plan.size:
            raise WorkspaceError(f"{film}: only a part of this film was prepared, or one person of several.",
                                 "Name a person whose films were prepared as they are.")  # fmt: skip
    return whole


def cut_out(pictures: np.ndarray, backend: ModuleType) -> np.ndarray:
    """Consecutive painted pictures uint8 [T, 4, H, W] with the alpha that a pose backend gives the person in them."""
    height, width = pictures.shape[-2:]
    margin, result = round(MARGIN * height), pictures.copy()
    shown = np.array([margin, margin, margin + width, margin + height], np.float32)
    detector = backend.Detector(VideoInfo(Path("painted"), width, height, Fraction(25), len(pictures), False), 1, True)
    try:
        for time, picture in enumerate(pictures):
            seen = detector.detect(time, silhouette.shown_over(picture.transpose(1, 2, 0), GREY, margin))
            result[time, 3] = 0
            if seen and seen[0].mask is not None:
                result[time, 3] = sightings.within(seen[0].mask, seen[0].box, shown, (width, height))
    finally:
        detector.close()
    return result
