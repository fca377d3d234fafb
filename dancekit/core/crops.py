"""Cropping: the smallest steady box around the person, and the maps between frame and crop (section 4.1)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dancekit.core.skeleton import INDEX
from dancekit.core.tracks import body_height, found, low_pass
from dancekit.types import CropPlan, PoseTrack

_FOLLOW = 0.4
"""Seconds over which the box follows the person: slow enough not to shake, fast enough to stay small."""
_MARGIN = {"side": 0.06, "top": 0.10, "bottom": 0.05}
"""Room around the landmarks as a share of the body's height: hands, hair and shoes reach beyond them."""
_TALLEST_STORED = 448
"""Body height in px that is worth storing: fills the largest recipe's 512 px."""
_LARGEST_STORED = 768
_LITTLE = 1.5
"""Shrinking by less than this interpolates."""


@dataclass(frozen=True)
class Reach:
    """How much room a person needs, as shares of her body height."""

    width: float
    height: float


def extents(track: PoseTrack, masks: np.ndarray | None = None) -> np.ndarray:
    """Left, top, right, bottom of the person in px, float32 [T, 4]; NaN without a person.

    masks: [T, 4] boxes of the cut-out, NaN where unknown; they widen the landmarks' box (hair, skirts, things held),
    but by no more than a fifth of the body's height.
    """
    heights = body_height(track)[:, None]
    here = found(track)
    points = np.where(here[:, None, None], track.points[..., :2], np.nan)
    low, high = _span(points)
    boxes = np.concatenate((low, high), 1)
    boxes += heights * np.array([-_MARGIN["side"], -_MARGIN["top"], _MARGIN["side"], _MARGIN["bottom"]])
    if masks is not None:
        most = heights * 0.2 * np.array([-1, -1, 1, 1])
        wider = np.where(np.isnan(masks), boxes, masks)
        boxes[:, :2] = np.maximum(np.minimum(boxes[:, :2], wider[:, :2]), (boxes + most)[:, :2])
        boxes[:, 2:] = np.minimum(np.maximum(boxes[:, 2:], wider[:, 2:]), (boxes + most)[:, 2:])
    return boxes.astype(np.float32)


def _span(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    missing = np.isnan(points)
    low = np.where(missing, np.inf, points).min(1)
    high = np.where(missing, -np.inf, points).max(1)
    return np.where(np.isinf(low), np.nan, low), np.where(np.isinf(high), np.nan, high)


def plan(track: PoseTrack, boxes: np.ndarray) -> CropPlan:
    """The smallest steady box that holds the person's boxes [T, 4] throughout.

    The box follows the person's middle slowly, and her size only where that changes much (walking up to the camera);
    else it keeps one size, so that she does not breathe in the crop.
    """
    centres, heights = paths(track, boxes)
    reach = needed_reach(boxes, centres, heights)
    half = heights[:, None] * np.array([reach.width, reach.height]) / 2
    planned = np.concatenate((centres - half, centres + half), 1).astype(np.float32)
    usual = np.median(half, 0)
    scale = min(1.0, _TALLEST_STORED / float(np.median(heights)), _LARGEST_STORED / (2 * float(usual.max())))
    size = np.maximum(np.round(usual * scale) * 2, 32).astype(int)
    return CropPlan(planned, (int(size[0]), int(size[1])))


def paths(track: PoseTrack, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(centres [T, 2], body heights [T]) in px that a steady box follows."""
    centres = np.full((len(track), 2), np.nan)
    for first, end in track.spans():
        middle = (boxes[first:end, :2] + boxes[first:end, 2:]) / 2
        centres[first:end] = low_pass(middle, _FOLLOW * float(track.fps))
    heights = body_height(track)
    usual = float(np.nanmedian(heights))
    spread = np.nanpercentile(heights, 98) / np.nanpercentile(heights, 2)
    heights = np.full_like(heights, usual) if spread < 1.25 else np.where(np.isnan(heights), usual, heights)
    return np.where(np.isnan(centres), np.nanmedian(centres, axis=0), centres), heights


def needed_reach(boxes: np.ndarray, centres: np.ndarray, heights: np.ndarray) -> Reach:
    """The room that all but a few stray frames need around the centres."""
    out = np.concatenate((centres - boxes[:, :2], boxes[:, 2:] - centres), 1) / heights[:, None]
    out = out[~np.isnan(out).any(1)]
    most = np.percentile(out, 99.5, axis=0)
    return Reach(2 * float(max(most[0], most[2])), 2 * float(max(most[1], most[3])))


def painting_plan(
    track: PoseTrack, body: float, least: tuple[int, int], multiple: int, height: float | None = None
) -> CropPlan:
    """Steady boxes around a track for painting: the body is `body` px tall, as it was in training.

    The picture is as large as training's (`least`), and larger where the moves need more room; the networks are
    convolutional, so size is free. height: the body's height in px of the track, if it is not to be measured.
    """
    boxes = extents(track)
    centres, heights = paths(track, boxes)
    heights = heights if height is None else np.full_like(heights, height)
    reach = needed_reach(boxes, centres, heights)
    needed = (int(np.ceil(r * body / multiple)) * multiple for r in (reach.width, reach.height))
    size = (max(least[0], next(needed)), max(least[1], next(needed)))
    half = heights[:, None] / body * np.array(size) / 2
    return CropPlan(np.concatenate((centres - half, centres + half), 1).astype(np.float32), size)


def training_size(reach: Reach, nominal: tuple[int, int], multiple: int, follow: bool) -> tuple[tuple[int, int], float]:
    """((width, height), body height) in px for training.

    With `follow` the picture takes the shape that the person needs at the same number of px as the nominal size; else
    it is the nominal size, as in the paper. Sides are multiples of `multiple`.
    """
    sides: tuple[float, float] = nominal
    if follow:
        body = (nominal[0] * nominal[1] / (reach.width * reach.height)) ** 0.5
        sides = body * reach.width, body * reach.height
    width, height = (max(2, round(side / multiple)) * multiple for side in sides)
    return (width, height), min(width / reach.width, height / reach.height)


def to_crop(box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Affine map float64 [2, 3] from frame px to crop px, for a box (left, top, right, bottom) shown at (w, h)."""
    left, top, right, bottom = (float(v) for v in box)
    across, down = size[0] / (right - left), size[1] / (bottom - top)
    return np.array([[across, 0, -left * across], [0, down, -top * down]])


def from_crop(box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Affine map float64 [2, 3] that OpenCV's warpAffine takes to put a crop of (w, h) px back at its box [4]."""
    across, down = (box[2] - box[0]) / size[0], (box[3] - box[1]) / size[1]
    return to_pixel_centres(np.array([[across, 0, box[0]], [0, down, box[1]]]))


def warp(picture: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The box of a picture [H, W(, C)] at (w, h) px; beyond the picture its last row or column is repeated.

    Shrinking averages (the box is first cut out, then resized by area), enlarging interpolates; so does shrinking by a
    little, where interpolating averages well enough and takes a quarter of the time. By twice and more it is halved
    first, which is faster still.
    """
    scale = float(box[2] - box[0]) / size[0]
    if scale <= _LITTLE:
        return _interpolated(picture, box, size)
    halvings = int(np.log2(scale))
    corner, inner = _inside(picture, box, 2**halvings)
    for _ in range(halvings):
        inner = halved(inner)
    moved = (np.asarray(box, np.float64) - np.tile(corner, 2)) / 2**halvings
    if halvings:
        return warp(inner, moved, size)
    soft = cv2.resize(
        inner, (round(inner.shape[1] / scale), round(inner.shape[0] / scale)), interpolation=cv2.INTER_AREA
    )
    moved *= np.array([soft.shape[1] / inner.shape[1], soft.shape[0] / inner.shape[0]] * 2)
    return _interpolated(soft, moved, size)


def _interpolated(picture: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """See `warp`. Three channels go by way of four: for OpenCV that is half the work, and the same to the bit."""
    if picture.ndim == 3 and picture.shape[2] == 3 and picture.dtype == np.uint8:
        four = _interpolated(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA), box, size)
        return cv2.cvtColor(four, cv2.COLOR_RGBA2RGB)
    matrix = to_pixel_centres(to_crop(box, size))
    return cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def halved(picture: np.ndarray) -> np.ndarray:
    """A picture [H, W(, C)] half as large, averaged; many times as fast where its sides are even."""
    half = (max(1, picture.shape[1] // 2), max(1, picture.shape[0] // 2))
    return cv2.resize(picture, half, interpolation=cv2.INTER_AREA)


def _inside(picture: np.ndarray, box: np.ndarray, multiple: int) -> tuple[np.ndarray, np.ndarray]:
    """(x and y of its corner, the whole px [h, w(, C)] that hold the box, its sides being multiples of a number)."""
    low, high = np.floor(box[:2]).astype(int), np.ceil(box[2:]).astype(int)
    x0, y0, x1, y1 = *low, *(high + (low - high) % multiple)
    height, width = picture.shape[:2]
    inner = picture[
        np.clip(y0, 0, height - 1) : np.clip(y1, 1, height), np.clip(x0, 0, width - 1) : np.clip(x1, 1, width)
    ]
    pads = (max(0, -y0), max(0, y1 - height), max(0, -x0), max(0, x1 - width))
    return low, cv2.copyMakeBorder(inner, *pads, cv2.BORDER_REPLICATE) if any(pads) else inner


def to_pixel_centres(matrix: np.ndarray) -> np.ndarray:
    """An affine map [2, 3] of coordinates whose px span [0, 1) as OpenCV takes it: px centres are whole numbers."""
    result = matrix.copy()
    result[:, 2] += 0.5 * matrix[:, :2].sum(1) - 0.5
    return result


def known_rectangle(box: np.ndarray, size: tuple[int, int], inside: tuple[float, float, float, float]) -> np.ndarray:
    """Left, top, right, bottom in crop px (int [4]) of what the film showed; beyond it nothing is known."""
    matrix = to_crop(box, size)
    corners = np.array([[inside[0], inside[1]], [inside[2], inside[3]]]) @ matrix[:, :2].T + matrix[:, 2]
    low, high = np.ceil(corners[0]), np.floor(corners[1])
    return np.concatenate((np.clip(low, 0, size), np.clip(high, 0, size))).astype(np.int32)


def points_to_crop(points: np.ndarray, boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Points [T, J, 3] from frame px to crop px, each frame through its own box [T, 4]."""
    scale = np.array(size) / (boxes[:, 2:] - boxes[:, :2])
    moved = points.copy()
    moved[..., :2] = (points[..., :2] - boxes[:, None, :2]) * scale[:, None]
    return moved


def points_from_crop(points: np.ndarray, boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The opposite of `points_to_crop`."""
    moved = points.copy()
    px = (boxes[:, 2:] - boxes[:, :2]) / np.array(size)
    moved[..., :2] = points[..., :2] * px[:, None] + boxes[:, None, :2]
    return moved


def feet_line(track: PoseTrack) -> np.ndarray:
    """Height of the lowest foot in px (y grows downwards), float [T]; NaN without feet."""
    feet = track.points[:, [INDEX[n] for n in ("left_heel", "right_heel", "left_foot", "right_foot")], 1]
    return np.fmax.reduce(feet, 1)
