"""Poses found in pictures against the poses that the pictures were to show."""

from __future__ import annotations

import numpy as np

from dancekit.core.skeleton import INDEX, REGIONS
from dancekit.core.tracks import LOW_CONFIDENCE

RIGHT = 0.1
"""A landmark this near to where it should be is right, as a share of the body's height."""
LOST = 0.2
"""A landmark further off than this is not there at all, as a share of the body's height."""
AT_REST = 0.01
"""Landmarks that move less than this from frame to frame, on average and as a share of the height, are at rest."""


def asked_for(points: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Which landmarks of a track, float32 [T, J, 3], can be asked for, bool [T, J]: surely seen, not guessed.

    heights: the body's height in px at every frame, float [T]; NaN where nobody knows.
    """
    return ~np.isnan(points[..., 0]) & (points[..., 2] >= LOW_CONFIDENCE) & ~np.isnan(heights)[:, None]


def pck(found: np.ndarray, asked: np.ndarray, heights: np.ndarray, within: float = RIGHT) -> float | None:
    """Share of correct keypoints: of all landmarks asked for, those found within a share of the body's height.

    found, asked: float32 [T, J, 3] in px, NaN where missing; heights: float [T] in px (see core.tracks.body_height).
    None if nothing is asked for. What is asked for and not found is wrong.
    """
    wanted = asked_for(asked, heights)
    return float(_near(found, asked, heights, within)[wanted].mean()) if wanted.any() else None


def lost_limbs(found: np.ndarray, asked: np.ndarray, heights: np.ndarray, within: float = LOST) -> float | None:
    """Share of the regions of the body asked for that are not all there, over all frames; arguments as for pck.

    A region (core.skeleton.REGIONS) is lost if one of its landmarks that are asked for is not found within a share of
    the body's height, or is only guessed there. None if nothing is asked for.
    """
    wanted = asked_for(asked, heights)
    there = _near(found, asked, heights, within) & (found[..., 2] >= LOW_CONFIDENCE)
    missing = wanted & ~there
    regions = [[INDEX[name] for name in names] for names in REGIONS.values()]
    asked_regions = sum(int(wanted[:, region].any(1).sum()) for region in regions)
    lost = sum(int(missing[:, region].any(1).sum()) for region in regions)
    return lost / asked_regions if asked_regions else None


def _near(found: np.ndarray, asked: np.ndarray, heights: np.ndarray, within: float) -> np.ndarray:
    """Which landmarks are found near to where they should be, bool [T, J]."""
    apart = np.linalg.norm(found[..., :2] - asked[..., :2], axis=-1)
    return apart <= within * heights[:, None]


def resting(points: np.ndarray, heights: np.ndarray, most: float = AT_REST) -> np.ndarray:
    """Between which frames the pose hardly changes, bool [T - 1].

    points: float32 [T, J, 3] in px; heights: float [T] in px. The landmarks known in both frames move on average less
    than `most` of the body's height: a forearm may wave meanwhile. Where none is known, nothing is known to rest.
    """
    moved = np.linalg.norm(np.diff(points[..., :2], axis=0), axis=-1)
    count = (~np.isnan(moved)).sum(1)
    mean = np.nansum(moved, 1) / np.maximum(count, 1)
    return (count > 0) & (mean < most * heights[1:])
