"""Measures of a cut-out person by herself: stray islands, holes, and change from picture to picture."""

from __future__ import annotations

import cv2
import numpy as np

from dancekit.core.matte import pieces
from dancekit.core.skeleton import SEGMENTS, Point, indices
from dancekit.core.tracks import LOW_CONFIDENCE

_HALF = 128
"""Alpha, 0..255, from which on a px is the person's."""
_BONE = 0.03
"""How thick at least a person is around each bone, as a share of her height."""
_TRUNK = ("left_shoulder", "right_shoulder", "right_hip", "left_hip")


def silhouette(alpha: np.ndarray) -> np.ndarray:
    """Where a cut-out uint8 [H, W] shows the person at least half: bool [H, W]."""
    return alpha >= _HALF


def islands(alpha: np.ndarray) -> float:
    """Share of the person's area that is not connected with her: all but the largest connected part.

    alpha: uint8 [H, W]; what is at least half there counts, corners connect. 0 without a person.
    """
    areas = pieces(silhouette(alpha))[1][1:]
    return 1 - float(areas.max() / areas.sum()) if len(areas) else 0.0


def holes(alpha: np.ndarray, solid: np.ndarray) -> float:
    """Area of holes where the person must be, as a share of hers: enclosed by her silhouette, yet solid.

    alpha: uint8 [H, W]. solid: bool [H, W], the true person's silhouette or, without a truth, her `bones`. An open
    place that belongs there, such as between an arm and the trunk, is not solid and does not count. 0 without a person.
    """
    shown = silhouette(alpha)
    area = int(shown.sum())
    return float((_enclosed(shown) & solid).sum() / area) if area else 0.0


def _enclosed(shown: np.ndarray) -> np.ndarray:
    """Places that are not shown and from which no way leads to the rim; ways do not pass between corners."""
    empty = np.pad(~shown, 1, constant_values=True).astype(np.uint8)
    labels = cv2.connectedComponents(empty, connectivity=4)[1]
    return ((labels > 0) & (labels != int(labels[0, 0])))[1:-1, 1:-1]


def bones(points: np.ndarray, height: float, size: tuple[int, int]) -> np.ndarray:
    """Where somebody in a pose must be, bool [H, W]: around her bones, and between shoulders and hips.

    points: float32 [J, 3] in px, guessed landmarks do not count. height: the body's in px. size: (width, height) px.
    """
    drawn = np.zeros((size[1], size[0]), np.uint8)
    thick = max(1, round(_BONE * height))
    for _, start, end in SEGMENTS:
        ends = [_place(points, start), _place(points, end)]
        if None not in ends:
            cv2.line(drawn, *ends, 1, thick)  # type: ignore[call-overload]
    trunk = [_place(points, (name,)) for name in _TRUNK]
    if None not in trunk:
        cv2.fillConvexPoly(drawn, cv2.convexHull(np.array(trunk, np.int32)), 1)
    return drawn > 0


def _place(points: np.ndarray, point: Point) -> tuple[int, int] | None:
    """The px a point of the body is in; None if it is not surely known."""
    landmarks = points[list(indices(point))]
    if np.isnan(landmarks).any() or (landmarks[:, 2] < LOW_CONFIDENCE).any():
        return None
    across, down = landmarks[:, :2].mean(0)
    return int(np.floor(across)), int(np.floor(down))


def shown_over(picture: np.ndarray, grey: int, margin: int = 0) -> np.ndarray:
    """A person uint8 [h, w, 4] before plain grey, 0..255, with a margin in px on all sides: uint8 [H, W, 3]."""
    alpha = picture[..., 3:].astype(np.float32) / 255
    flat = (picture[..., :3] * alpha + grey * (1 - alpha) + 0.5).astype(np.uint8)
    return cv2.copyMakeBorder(flat, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(grey, grey, grey))


def change(before: np.ndarray, after: np.ndarray, grey: int) -> float:
    """How much one picture uint8 [h, w, 4] of a person differs from another, in grey levels per px of her area.

    Both are seen before the same grey, 0..255, so that an outline that trembles counts as well as colours that do.
    """
    area = (before[..., 3].sum(dtype=np.float64) + after[..., 3].sum(dtype=np.float64)) / 510
    pair = [shown_over(picture, grey).astype(np.int16) for picture in (before, after)]
    return float(np.abs(pair[1] - pair[0]).mean(2).sum() / max(area, 1.0))


def change_within(before: np.ndarray, after: np.ndarray, where: np.ndarray) -> float:
    """How much one picture uint8 [h, w, 3] differs from another at some places, bool [h, w], in grey levels."""
    return float(np.abs(after[where].astype(np.int16) - before[where]).mean())


def contrast_within(picture: np.ndarray, where: np.ndarray) -> float:
    """How much a picture uint8 [h, w, 3] changes from px to px at some places, bool [h, w], in grey levels a px. What
    moves changes by so much for each px that it moves (the constraint of optical flow)."""
    across, down = (cv2.Sobel(picture, cv2.CV_32F, *way, ksize=1)[where] / 2 for way in ((1, 0), (0, 1)))
    return float(np.hypot(across, down).mean())
