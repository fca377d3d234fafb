"""What the films of a person say of her body, before she is learnt."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from dancekit.core import crops, girth, looks, spans
from dancekit.core.retarget import proportions
from dancekit.core.sketch import Looks
from dancekit.core.tracks import body_height
from dancekit.io.clips import Clip
from dancekit.threads import processes
from dancekit.types import Progress, no_progress

_CROWD = 64
"""So many clips are measured by several processes."""
_MEASURED, _MEASURED_IN_ALL, _LEAST_MEASURED = 96, 2400, 36
"""Frames that the person's girth and looks are measured on: per clip and in all at the most, per clip at the least."""


@dataclass(frozen=True)
class Subject:
    """The person's prepared clips, and what they say of her body: see likeness.Likeness. looks: in each clip."""

    clips: list[Clip]
    proportions: dict[str, float]
    film_body: float
    girth: np.ndarray
    looks: list[Looks]

    def longest(self) -> Clip:
        """The clip that shows most of her."""
        return self.clips[self._longest()]

    def usual_looks(self) -> Looks:
        """How she is drawn in the end: as in the longest of her clips, since a mean of two dresses is neither."""
        return self.looks[self._longest()]

    def _longest(self) -> int:
        return max(range(len(self.clips)), key=lambda number: int(self.clips[number].used.sum()))


def study_subject(clips: list[Clip], progress: Progress = no_progress) -> Subject:
    """What the clips say of the person's body. A crowd's clips are looked at by several processes."""
    heights = [np.nanmedian(body_height(clip.track)) for clip in clips]
    bones = proportions([clip.track for clip in clips])
    measure = partial(_measured, count=max(_LEAST_MEASURED, min(_MEASURED, _MEASURED_IN_ALL // len(clips))))
    seen = []
    with processes() if len(clips) >= _CROWD else contextlib.nullcontext() as pool:
        for one in pool.map(measure, clips) if pool else map(measure, clips):
            seen.append(one)
            if len(clips) > 1:
                progress("measuring", len(seen), len(clips))
    girths, found = zip(*seen, strict=True)
    return Subject(clips, bones, float(np.median(heights)), np.max(girths, axis=0), list(found))


def dressed_otherwise(subject: Subject) -> list[str]:
    """Names of the clips that show other looks than the usual ones; nobody asks that of a crowd."""
    if len(subject.clips) >= _CROWD:
        return []
    usual, pairs = subject.usual_looks(), zip(subject.clips, subject.looks, strict=True)
    return [clip.name for clip, seen in pairs if not looks.alike(seen, usual)]


def _measured(clip: Clip, count: int) -> tuple[np.ndarray, Looks]:
    """(girth, looks) of the person in `count` frames of a clip."""
    found = list(_cutouts(clip, count))
    cutouts = [cutout for _, cutout in found]
    known = [crops.known_rectangle(clip.plan.boxes[time], clip.plan.size, clip.inside) for time, _ in found]
    return (
        girth.measure(((points, alpha) for points, _, alpha in cutouts), clip.body),
        looks.measure(cutouts, clip.body, known),
    )


def _cutouts(clip: Clip, count: int) -> Iterator[tuple[int, looks.Cutout]]:
    """(frame, (landmarks in px of the crop, colour, alpha)) of `count` frames of a clip, of those learnt from."""
    learnt = clip.used & ~spans.held_out(len(clip.track))
    reader, points = clip.frames(), clip.points()
    times = np.flatnonzero(learnt if learnt.any() else clip.used)
    for moment in times[np.unique(np.linspace(0, len(times) - 1, count).astype(int))]:
        cutout = reader.read(int(moment))
        if cutout is not None:
            yield int(moment), (points[moment], *cutout)
