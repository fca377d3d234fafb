"""Table 1 of the paper: a person learnt with her background, and cut out of what is painted afterwards."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from shlex import quote
from types import ModuleType

import numpy as np

from dancekit import prepare
from dancekit.core import silhouette
from dancekit.errors import WorkspaceError
from dancekit.io import clips, sightings
from dancekit.io.clips import Clip
from dancekit.io.files import NewerError, clear, read_json, writing
from dancekit.io.workspace import Person
from dancekit.soundness import GREY, MARGIN
from dancekit.study import Options
from dancekit.types import Progress, VideoInfo

MATTE = "whole"
"""The matting backend that leaves her background where it is."""
_APART = 0.01
"""How far boxes around the same person may be apart, as a share of their height."""


def with_backgrounds(person: Person, progress: Progress) -> Person:
    """The person with the same films, but learnt with what is behind her. What is prepared already is kept, as long as
    it shows the same frames of the same films; what else is there is removed.

    Raises:
        WorkspaceError: a film is gone, is another one now, or was prepared in parts. ClipError: it cannot be read.
    """
    whole = Person(person.name, person.folder / "ablation" / "with-background")
    wanted = {clip.source: clip for clip in map(clips.load, person.clips())}
    ready = {made.source for folder in whole.clips() if (made := _kept(folder, wanted)) is not None}
    for source, clip in wanted.items():
        if source not in ready:
            made = prepare.prepare_clip(_film(clip, person), whole, Options(matte=MATTE, turn=clip.turn), progress).clip
            if not _of_the_same_frames(made, clip):
                _remove(made.folder)
                raise WorkspaceError(f"{source}: only a part of this film was prepared, or one person of several.",
                                     "Name a person whose films were prepared as they are.")  # fmt: skip
    return whole


def _kept(folder: Path, wanted: dict[str, Clip]) -> Clip | None:
    """The clip in a folder, if it goes with one that is wanted, by its film; else it is removed."""
    try:
        made = clips.load(folder)
        if made.source in wanted and _of_the_same_frames(made, wanted[made.source]):
            return made
    except NewerError:
        raise
    except WorkspaceError:  # a damaged one is made anew
        pass
    _remove(folder)
    return None


def _remove(folder: Path) -> None:
    with writing(folder):
        clear(folder)


def _film(clip: Clip, person: Person) -> Path:
    """The film of a clip, to be read again."""
    film = Path(clip.source)
    if not film.is_file():
        raise WorkspaceError(f"{film}: this film is needed again, for its background, and is gone.",
                             "Put it back where it was when it was prepared.")  # fmt: skip
    if clips.fingerprint(film) != _fingerprint(clip):
        raise WorkspaceError(f"{film}: this film is needed again, for its background, and is another one by now.",
                             f"Prepare it again: dancekit prepare {quote(str(film))} --as {person.name}")  # fmt: skip
    return film


def _of_the_same_frames(one: Clip, other: Clip) -> bool:
    """Whether two clips show the same person in the same frames of the same film, in the same place."""
    if (_fingerprint(one), one.turn, len(one.track)) != (_fingerprint(other), other.turn, len(other.track)):
        return False
    if one.plan.size != other.plan.size:
        return False
    boxes = other.plan.boxes
    apart = _APART * float(np.median(boxes[:, 3] - boxes[:, 1]))
    return np.allclose(one.plan.boxes, boxes, rtol=0, atol=apart)


def _fingerprint(clip: Clip) -> object:
    return read_json(clip.folder / "clip.json", "").get("fingerprint")


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
