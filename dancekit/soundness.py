"""Measures that need no truth: is what was painted a whole person, in the pose asked for, at rest where she rests?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np

from dancekit.core import pose_error, silhouette, tracks
from dancekit.core.skeleton import J
from dancekit.pose import Sighting
from dancekit.types import PoseTrack, VideoInfo

GREY = 128
"""What pictures are looked at before, 0..255."""
MARGIN = 0.25
"""Room on all sides of a picture, as a share of its height: pose backends look for a person within a picture."""


@dataclass(frozen=True)
class Asked:
    """The poses that pictures are to show.

    points: float32 [T, J, 3] in px of the pictures; NaN where nothing is asked for. heights: the body's in px, float
    [T]. size: (width, height) px of the pictures.
    """

    points: np.ndarray
    heights: np.ndarray
    size: tuple[int, int]
    fps: Fraction

    def part(self, first: int, end: int) -> Asked:
        """Frames first..end of it."""
        return Asked(self.points[first:end], self.heights[first:end], self.size, self.fps)


@dataclass(frozen=True)
class Look:
    """What was seen in consecutive pictures.

    found: landmarks float32 [T, J, 3] in px, NaN where there is nobody. changes: grey levels per px of the person, for
    each two frames between which the pose rests; inner: the same around her bones alone, where no background is;
    contrasts: how much these px change from one to the next one in the picture, in grey levels. islands, holes: shares
    of her area, for each frame with a known pose.
    """

    found: np.ndarray
    asked: Asked
    changes: list[float]
    inner: list[float]
    contrasts: list[float]
    islands: list[float]
    holes: list[float]


@dataclass(frozen=True)
class Soundness:
    """What pictures tell by themselves; None where nothing was asked for, or nothing rests.

    pck: share of landmarks that the pose landmarker finds within 0.1 body heights of where they should be. lost_limbs:
    share of body regions that are not all within 0.2 of it. still_change: change from frame to frame where the pose
    hardly changes, in grey levels per px of the person. still_flicker: the same, relative to the person's own film.
    islands: share of her area that is apart from her. bone_holes: area of holes where her bones or her trunk should
    be, as a share of hers. inner_change: as still_change, around her bones alone. inner_contrast: change from px to px
    there, in grey levels: what is still changes the more, the more contrast it has.
    """

    pck: float | None
    lost_limbs: float | None
    still_change: float | None
    still_flicker: float | None
    islands: float | None
    bone_holes: float | None
    inner_change: float | None = None
    inner_contrast: float | None = None


def asked_of(track: PoseTrack) -> Asked:
    """The poses of a track, with the body's height measured over all of it."""
    return Asked(track.points, tracks.body_height(track), track.size, track.fps)


def look(pictures: Iterable[np.ndarray], asked: Asked, backend: ModuleType, also: np.ndarray | None = None) -> Look:
    """Look at consecutive pictures uint8 [h, w, 4], one for each pose asked for.

    Pictures count as they are painted. backend: a pose backend (see dancekit.pose), which starts afresh. also: between
    which frames somebody else rests as well, bool [T - 1]: inner changes then count only there.
    """
    found: list[np.ndarray] = []
    changes: list[float] = []
    inner = _InnerChanges()
    islands: list[float] = []
    holes: list[float] = []
    known, resting = _known(asked), rests(asked)
    margin = round(MARGIN * asked.size[1])
    before = None
    detector = backend.Detector(VideoInfo(Path("painted"), *asked.size, asked.fps, len(asked.points), False), 1, False)
    try:
        for time, picture in enumerate(pictures):
            roomy = silhouette.shown_over(picture, GREY, margin)
            found.append(_landmarks(detector.detect(time, roomy), margin))
            solid = _solid(asked, time) if known[time] else None
            if solid is not None:
                islands.append(silhouette.islands(picture[..., 3]))
                holes.append(silhouette.holes(picture[..., 3], solid))
            rested = time > 0 and bool(resting[time - 1])
            if before is not None and rested:
                changes.append(silhouette.change(before, picture, GREY))
            inner.see(roomy[margin:-margin, margin:-margin], solid, rested and (also is None or bool(also[time - 1])))
            before = picture
    finally:
        detector.close()
    return Look(np.stack(found), asked, changes, inner.seen, inner.contrasts, islands, holes)


def rests(asked: Asked) -> np.ndarray:
    """Between which frames the pose hardly changes: bool [T - 1]."""
    return pose_error.resting(asked.points, asked.heights)


def film_inner(
    frames: Iterable[np.ndarray], asked: Asked, resting: np.ndarray | None = None
) -> tuple[float | None, float | None]:
    """The inner_change and the inner_contrast of a film's own frames RGB uint8 [h, w, 3], which show these poses; None
    without rest. resting: between which frames they count, bool [T - 1]; where the poses rest, by default."""
    resting = rests(asked) if resting is None else resting
    # Only next to a frame between which and this one she rests does it matter where the bones are.
    needed = _known(asked) & (np.append(False, resting) | np.append(resting, False))
    inner = _InnerChanges()
    for time, frame in enumerate(frames):
        solid = _solid(asked, time) if needed[time] else None
        inner.see(frame, solid, time > 0 and bool(resting[time - 1]))
    return _mean(inner.seen), _mean(inner.contrasts)


def _known(asked: Asked) -> np.ndarray:
    """In which frames anything is asked for, bool [T]: others may show nobody, and nobody knows how tall she is."""
    return pose_error.asked_for(asked.points, asked.heights).sum(1) > 0


def _solid(asked: Asked, time: int) -> np.ndarray:
    return silhouette.bones(asked.points[time], float(asked.heights[time]), asked.size)


class _InnerChanges:
    """Changes around the bones from one picture to the next, in grey levels. seen: those between which a pose rests;
    contrasts: those from px to px at the same places and times."""

    def __init__(self) -> None:
        self.seen: list[float] = []
        self.contrasts: list[float] = []
        self._before: tuple[np.ndarray, np.ndarray] | None = None

    def see(self, picture: np.ndarray, solid: np.ndarray | None, rests: bool) -> None:
        """The next picture uint8 [h, w, 3]. solid: where its pose has bones, None if that is not known. rests: whether
        the pose hardly changed since the one before."""
        if rests and self._before is not None and solid is not None:
            where = self._before[1] & solid
            if where.any():
                self.seen.append(silhouette.change_within(self._before[0], picture, where))
                self.contrasts.append(silhouette.contrast_within(picture, where))
        self._before = None if solid is None else (picture, solid)


def _landmarks(sightings: Sequence[Sighting], margin: int) -> np.ndarray:
    """Landmarks float32 [J, 3] in px of a picture that was looked at with a margin in px."""
    if not sightings:
        return np.full((J, 3), (np.nan, np.nan, 0.0), np.float32)
    return sightings[0].points - np.array([margin, margin, 0], np.float32)


def soundness(looks: Sequence[Look], film_change: float | None) -> Soundness:
    """All looks at one kind of pictures taken together. film_change: the still_change of the person's own film."""
    found = np.concatenate([one.found for one in looks])
    asked = np.concatenate([one.asked.points for one in looks])
    heights = np.concatenate([one.asked.heights for one in looks])
    change = still_change(looks)
    return Soundness(
        pose_error.pck(found, asked, heights),
        pose_error.lost_limbs(found, asked, heights),
        change,
        change / film_change if change is not None and film_change else None,
        _mean([share for one in looks for share in one.islands]),
        _mean([share for one in looks for share in one.holes]),
        _mean([change for one in looks for change in one.inner]),
        _mean([contrast for one in looks for contrast in one.contrasts]),
    )


def still_change(looks: Sequence[Look]) -> float | None:
    """Mean change from frame to frame where the pose rests, in grey levels per px of the person; None without rest."""
    return _mean([change for one in looks for change in one.changes])


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
