"""Compositing: the painted person over a colour, a picture, a film, or nothing, where the driver stands."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from dancekit.core import crops
from dancekit.core.matte import bounds, pieces


def cover(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture uint8 [h, w, 3] scaled and cropped to fill (width, height) px, keeping its middle."""
    scale = max(size[0] / picture.shape[1], size[1] / picture.shape[0])
    width, height = max(size[0], round(picture.shape[1] * scale)), max(size[1], round(picture.shape[0] * scale))
    if (width, height) != (picture.shape[1], picture.shape[0]):
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        picture = cv2.resize(picture, (width, height), interpolation=how)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    return picture[top : top + size[1], left : left + size[0]]


@dataclass(frozen=True)
class Placed:
    """A person somewhere on a canvas: picture float32 [h, w, 4] in 0..255, colour already times alpha, and the place of
    its upper left corner in px. Multiplied so, enlarging cannot pull the colour of invisible pixels into the edge."""

    picture: np.ndarray
    left: int
    top: int


def resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture uint8 [h, w, 4] at (width, height) px, a whole number of times as many or as few; what is invisible
    does not count."""
    if picture.shape[1::-1] == size:
        return picture
    whole = multiplied(picture)
    if size[0] > picture.shape[1]:
        return divided(enlarged(whole, size[0] // picture.shape[1], 255))
    return divided(cv2.resize(whole, size, interpolation=cv2.INTER_AREA))


def multiplied(picture: np.ndarray) -> np.ndarray:
    """Colour times alpha, and alpha, of a picture uint8 [h, w, 4]: float32 [h, w, 4] in 0..255."""
    result = picture.astype(np.float32)
    result[..., :3] *= result[..., 3:] * np.float32(1 / 255)
    return result


def divided(picture: np.ndarray) -> np.ndarray:
    """The opposite of `multiplied`."""
    alpha = picture[..., 3]
    scale = np.float32(255) / np.maximum(alpha, np.float32(0.5))
    return cv2.multiply(picture, cv2.merge([scale, scale, scale, np.ones_like(alpha)]), dtype=cv2.CV_8U)


def mean_around(values: np.ndarray, weights: np.ndarray, by: float, least: float) -> np.ndarray:
    """The mean of values float32 [h, w, n] around each place, about so many px wide, by their weights, float32 [h, w]
    (normalised convolution); less than the mean where the weights come to less than `least`."""
    total, weight = (cv2.GaussianBlur(part, (0, 0), by) for part in (values * weights[..., None], weights))
    mean: np.ndarray = total / np.maximum(weight, least)[..., None]
    return mean


def place(painted: np.ndarray, box: np.ndarray, size: tuple[int, int], strength: float = 1.0) -> Placed:
    """The painted crop uint8 [h, w, 4] put at its box [4] (px, fractions count) on a canvas of (width, height) px.

    strength fades it: 1 is there, 0 is gone.
    """
    scale = (box[2] - box[0]) / painted.shape[1]
    painted, box = _filled(painted, np.asarray(box, np.float64))
    left, top = (int(v) for v in np.clip(np.floor(box[:2]), 0, size))
    right, bottom = (int(v) for v in np.clip(np.ceil(box[2:]), (left, top), size))
    if right == left or bottom == top or not painted.size:
        return Placed(np.zeros((0, 0, 4), np.float32), left, top)
    picture = multiplied(painted)
    if strength < 1:
        picture *= np.float32(strength)
    if scale < 0.8:
        shrunk = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
        picture = cv2.resize(picture, shrunk, interpolation=cv2.INTER_AREA)
    if scale > 1.5:
        picture = enlarged(picture, math.ceil(scale), 255 * max(strength, 1e-3))
    matrix = crops.from_crop(box - np.array([left, top] * 2), (picture.shape[1], picture.shape[0]))
    moved = cv2.warpAffine(picture, matrix, (right - left, bottom - top), borderMode=cv2.BORDER_CONSTANT)
    return Placed(moved, left, top)


def _filled(picture: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part of a picture [h, w, 4] that anything is in, and its own box [4]: most of a crop is empty, and enlarging
    what is empty takes as long as the rest."""
    size = picture.shape[1::-1]
    inner = left, top, right, bottom = bounds((picture[..., 3] > 0).astype(np.uint8), size)
    px = (box[2:] - box[:2]) / size
    return picture[top:bottom, left:right], np.tile(box[:2], 2) + inner * np.tile(px, 2)


def enlarged(picture: np.ndarray, times: int, whole: float) -> np.ndarray:
    """A picture float32 [h, w, 4] so many times as large, by cubic interpolation, without what that overshoots at
    edges: alpha cannot exceed `whole`, and colour must not exceed it either.

    Moving by parts of a px is left to linear interpolation: cubic at any place takes ten times as long.
    """
    large = cv2.resize(picture, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    held = np.float32(whole) / np.maximum(large[..., 3], np.float32(whole))
    cv2.multiply(large, cv2.merge([held] * 4), dst=large)
    return np.clip(large, 0, 255, out=large)


def over(placed: Placed, background: np.ndarray) -> np.ndarray:
    """A placed person over a background uint8 [H, W, 3], which is not changed."""
    result = background.copy()
    height, width = placed.picture.shape[:2]
    if height and width:
        part = np.s_[placed.top : placed.top + height, placed.left : placed.left + width]
        clear = cv2.merge([1 - placed.picture[..., 3] / 255] * 3)
        behind = cv2.multiply(background[part], clear, dtype=cv2.CV_32F)
        result[part] = cv2.add(cv2.cvtColor(placed.picture, cv2.COLOR_RGBA2RGB), behind, dtype=cv2.CV_8U)
    return result


def alone(placed: Placed, size: tuple[int, int]) -> np.ndarray:
    """A placed person on nothing: uint8 [H, W, 4], colour not multiplied by alpha, as films and pictures keep it."""
    height, width = placed.picture.shape[:2]
    alpha = placed.picture[..., 3:]
    colour = np.where(alpha > 0.5, placed.picture[..., :3] * 255 / np.maximum(alpha, 0.5), 0)
    result = np.zeros((size[1], size[0], 4), np.uint8)
    part = np.s_[placed.top : placed.top + height, placed.left : placed.left + width]
    result[part] = np.clip(np.concatenate((colour, alpha), 2) + 0.5, 0, 255).astype(np.uint8)
    return result


def presence(seen: np.ndarray, fps: float, hold: float = 0.35, fade: float = 0.3) -> np.ndarray:
    """How strongly to show the person at each frame, float [T] in 0..1, when the driver is only seen in some frames.

    seen: bool [T]. She holds her last pose for `hold` seconds, fades over `fade` seconds, and comes back as slowly.
    """
    strength = np.zeros(len(seen))
    absent = 0 if seen[0] else 10**9
    level = 1.0 if seen[0] else 0.0
    for time, here in enumerate(seen):
        absent = 0 if here else absent + 1
        level += (1 if absent <= hold * fps else -1) / max(fade * fps, 1)
        level = min(max(level, 0.0), 1.0)
        strength[time] = level
    return strength


def held(points: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Points [T, J, 3] in which frames without a person repeat the last one with (the first ones repeat the next)."""
    times = np.where(seen, np.arange(len(seen)), -1)
    last = np.maximum.accumulate(times)
    last[last < 0] = int(np.argmax(seen))
    return points[last]


def without_specks(picture: np.ndarray, points: np.ndarray, reach: float) -> np.ndarray:
    """A painted person, uint8 [h, w, 4], without patches apart from her that no landmark [J, 3] is near.

    reach: px. Networks leave such patches where poses are far from all they have learnt.
    """
    labels, areas = pieces(picture[..., 3] > 12)
    if len(areas) <= 2:
        return picture
    near = np.zeros(labels.shape, np.uint8)
    for x, y in points[~np.isnan(points[:, :2]).any(1), :2]:
        cv2.circle(near, (round(float(x)), round(float(y))), max(1, round(reach)), 1, cv2.FILLED)
    kept = np.zeros(len(areas), bool)
    kept[labels[near > 0]] = True
    kept[1 + areas[1:].argmax()] = True
    kept[0] = True
    cleaned = picture.copy()
    cleaned[..., 3] *= kept[labels]
    return cleaned
