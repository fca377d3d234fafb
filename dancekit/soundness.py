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
    each two frames between which the pose rests. islands, holes: shares of her area, for each frame with a known pose.
    """

    found: np.ndarray
    asked: Asked
    changes: list[float]
    islands: list[float]
    holes: list[float]


@dataclass(frozen=True)
class Soundness:
    """What pictures tell by themselves; None where nothing was asked for, or nothing rests.

    pck: share of landmarks that the pose landmarker finds within 0.1 body heights of where they should be. lost_limbs:
    share of body regions that are not all within 0.2 of it. still_change: change from frame to frame where the pose
    hardly changes, in grey levels per px of the person. still_flicker: the same, relative to the person's own film.
    islands: share of her area that is apart from her. bone_holes: area of holes where her bones or her trunk should
    be, as a share of hers.
    """

    pck: float | None
    lost_limbs: float | None
    still_change: float | None
    still_flicker: float | None
    islands: float | None
    bone_holes: float | None


def asked_of(track: PoseTrack) -> Asked:
    """The poses of a track, with the body's height measured over all of it."""
    return Asked(track.points, tracks.body_height(track), track.size, track.fps)


def look(pictures: Iterable[np.ndarray], asked: Asked, backend: ModuleType) -> Look:
    """Look at consecutive pictures uint8 [h, w, 4], one for each pose asked for.

    Pictures count as they are painted. backend: a pose backend (see dancekit.pose), which starts afresh.
    """
    found: list[np.ndarray] = []
    changes: list[float] = []
    islands: list[float] = []
    holes: list[float] = []
    known = pose_error.asked_for(asked.points, asked.heights).sum(1) > 0
    resting = pose_error.resting(asked.points, asked.heights)
    margin = round(MARGIN * asked.size[1])
    before = None
    detector = backend.Detector(VideoInfo(Path("painted"), *asked.size, asked.fps, len(asked.points), False), 1, False)
    try:
        for time, picture in enumerate(pictures):
            sightings = detector.detect(time, silhouette.shown_over(picture, GREY, margin))
            found.append(_landmarks(sightings, margin))
            if known[time]:
                solid = silhouette.bones(asked.points[time], float(asked.heights[time]), asked.size)
                islands.append(silhouette.islands(picture[..., 3]))
                holes.append(silhouette.holes(picture[..., 3], solid))
            if before is not None and resting[time - 1]:
                changes.append(silhouette.change(before, picture, GREY))
            before = picture
    finally:
        detector.close()
    return Look(np.stack(found), asked, changes, islands, holes)


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
    )


def still_change(looks: Sequence[Look]) -> float | None:
    """Mean change from frame to frame where the pose rests, in grey levels per px of the person; None without rest."""
    return _mean([change for one in looks for change in one.changes])


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
