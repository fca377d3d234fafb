"""The shadow that she casts on the floor: soft and right below her, as under a wide sky or in a room.

Light that comes from everywhere above is kept from the floor by whatever is close to it: dark and narrow where a foot
stands, faint and wide below the rest. When she jumps, her shadow stays on the floor and gets lighter. Where the floor
is only her poses tell: it is where her feet stand, as far as they do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from dancekit.core.compose import Placed
from dancekit.core.skeleton import INDEX
from dancekit.core.tracks import low_pass

_FEET = tuple(tuple(INDEX[f"{side}_{name}"] for name in ("ankle", "heel", "foot")) for side in ("left", "right"))
"""Landmarks of each foot."""
_AIR = 0.2, 0.4
"""Seconds before and after which a foot in the air has stood, or will: half of a hop, and of a high jump."""
_HIGH = 0.025, 0.06
"""How far above the floor of a jump that of a hop must be for it to be one, as a share of her height: below the first
she has walked on, or the camera has moved."""
_CALM = 0.12
"""Seconds over which the floor is steadied."""
_DEPTH = 0.06, 0.12
"""How much higher than the other foot one may stand, being further away, as a share of her height: up to the first it
does; beyond the second it is held up."""
_APART, _STEEPEST = 0.15, 0.25
"""How far apart feet must be, as a share of her height, for the floor between them to be seen sloping (one is nearer to
the camera); and how much at the most."""
_ROWS = 128
"""Rows of her picture that are looked at per height of her."""


@dataclass(frozen=True)
class _Layer:
    """A part of a shadow: how much light it takes at the most, and as shares of her height, from how far above the
    floor (to 1/e), and how wide it is blurred across and along the line of sight."""

    strength: float
    reach: float
    across: float
    along: float


_LAYERS = _Layer(0.6, 0.025, 0.012, 0.011), _Layer(0.4, 0.3, 0.05, 0.03)
"""Where she touches the floor, and all of her."""


@dataclass(frozen=True)
class Floor:
    """Where the floor below her is, at each frame: a line through (x, y) px with a slope, and her height in px there,
    float [T] each; NaN where nothing tells."""

    x: np.ndarray
    y: np.ndarray
    slope: np.ndarray
    height: np.ndarray


@dataclass(frozen=True)
class Shadow:
    """The light that is left on a part of a canvas, float32 [h, w] in 0..1, and its upper left corner in px."""

    light: np.ndarray
    left: int
    top: int

    def on(self, background: np.ndarray) -> np.ndarray:
        """A background uint8 [H, W, 3] with the shadow on it."""
        result = background.copy()
        if self.light.size:
            part = self._part()
            result[part] = cv2.multiply(background[part], cv2.merge([self.light] * 3), dtype=cv2.CV_8U)
        return result

    def below(self, picture: np.ndarray) -> np.ndarray:
        """A person on nothing, uint8 [H, W, 4], with the shadow behind her: black that covers as much as it darkens."""
        result, part = picture.copy(), self._part()
        alpha = picture[part][..., 3].astype(np.float32) / 255
        both = 1 - (1 - alpha) * self.light
        result[part][..., :3] = np.rint(picture[part][..., :3] * (alpha / np.maximum(both, 1e-3))[..., None])
        result[part][..., 3] = np.rint(both * 255)
        return result

    def _part(self) -> tuple[slice, slice]:
        height, width = self.light.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def floor_below(points: np.ndarray, height: np.ndarray, spans: Iterable[tuple[int, int]], fps: float) -> Floor:
    """Where the floor is in a film of her, from her landmarks [T, J, 3] and her height [T] in px.

    spans: (first, end) of each shot, over whose cuts nothing is carried. A foot that is in the air for a moment will
    stand, or has stood, below; one that is held up has the floor of the other. Nothing of her is below the floor.
    """
    x, y, slope = np.full((3, len(points)), np.nan)
    for first, end in spans:
        part = slice(first, end)
        x[part], y[part], slope[part] = _line(points[part, :, :2].astype(np.float64), height[part], fps)
    return Floor(x, y, slope, np.asarray(height, np.float64))


def _line(points: np.ndarray, height: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and slope of the floor in a shot, float [T] each, from places [T, J, 2]."""
    feet = [points[:, list(foot)] for foot in _FEET]
    across = np.stack([_mean(foot[..., 0]) for foot in feet])
    stands = np.stack([_stands(np.fmax.reduce(foot[..., 1], 1), height, fps) for foot in feet])
    if np.isnan(stands).all():
        nothing = np.full(len(points), np.nan)
        return nothing, nothing, nothing
    # A foot of which nothing is known stands where the other does.
    across, stands = (np.where(np.isnan(part), part[::-1], part) for part in (across, stands))
    across = low_pass(across.T, _CALM * fps).T
    lowest = stands.max(0)
    stands = _dropped(stands, lowest, height, _DEPTH)
    apart, deeper = across[1] - across[0], stands[1] - stands[0]
    slope = np.clip(apart * deeper / (apart**2 + (_APART * height) ** 2), -_STEEPEST, _STEEPEST)
    x, y = across.mean(0), stands.mean(0)
    below = np.fmax.reduce(points[..., 1] - y[:, None] - slope[:, None] * (points[..., 0] - x[:, None]), 1)
    return x, y + _steady(np.maximum(below, 0), fps, _AIR[0]), slope


def _stands(foot: np.ndarray, height: np.ndarray, fps: float) -> np.ndarray:
    """Where a foot stands, or has stood or will, float [T] px: from how far down it is, [T]."""
    hop, jump = (_steady(foot, fps, air) for air in _AIR)
    return _dropped(hop, jump, height, _HIGH)


def _dropped(line: np.ndarray, lower: np.ndarray, height: np.ndarray, between: tuple[float, float]) -> np.ndarray:
    """A line [..., T], or the lower one where it is further above that than the range, in her heights."""
    share = np.clip(((lower - line) / height - between[0]) / (between[1] - between[0]), 0, 1)
    dropped: np.ndarray = line + share * (lower - line)
    return dropped


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean of values [T, n] that are known, float [T]; NaN where none is."""
    known = ~np.isnan(values)
    return np.where(known.any(1), np.nansum(values, 1) / np.maximum(known.sum(1), 1), np.nan)


def _steady(values: np.ndarray, fps: float, seconds: float) -> np.ndarray:
    """The largest of values [T] so many seconds around each moment, without jumps; missing ones are bridged."""
    reach = round(seconds * fps)
    padded = np.pad(values, reach, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return low_pass(np.fmax.reduce(windows, 1), _CALM * fps)


def cast(placed: Placed, floor: Floor, time: int, canvas: tuple[int, int]) -> Shadow:
    """The shadow of a person who is placed on a canvas of (width, height) px, at a moment of the film."""
    nothing = Shadow(np.ones((0, 0), np.float32), 0, 0)
    x, y, slope, height = (float(line[time]) for line in (floor.x, floor.y, floor.slope, floor.height))
    if not placed.picture.size or not np.isfinite([x, y, slope, height]).all() or height < 1:
        return nothing
    room = 3 * max(layer.across for layer in _LAYERS) * height
    left, right = (int(v) for v in np.clip((placed.left - room, placed.left + placed.picture.shape[1] + room),
                                           0, canvas[0]))  # fmt: skip
    ends = y + slope * (np.array([left, right]) - x)
    room = 3 * max(layer.along for layer in _LAYERS) * height
    top, bottom = (int(v) for v in np.clip((ends.min() - room, ends.max() + room + 1), 0, canvas[1]))
    if right <= left or bottom <= top:
        return nothing
    line = y + slope * (np.arange(left, right) - x)
    away = (np.arange(top, bottom)[:, None] - line).astype(np.float32) / np.float32(height)
    step = max(1, round(height / _ROWS))
    alpha = placed.picture[step // 2 :: step, step // 2 :: step, 3] / np.float32(255)
    rows, columns = (corner + step // 2 + step * np.arange(n)
                     for corner, n in zip((placed.top, placed.left), alpha.shape, strict=True))  # fmt: skip
    above = np.maximum((y + slope * (columns - x) - rows[:, None]) / height, 0)
    light = np.ones_like(away)
    for layer in _LAYERS:
        taken = (alpha * np.exp(-above / layer.reach)).max(0, initial=0)
        near = np.interp(np.arange(left, right), columns, taken, 0, 0) if len(columns) else np.zeros(right - left)
        near = _blurred(near.astype(np.float32), max(layer.across * height, 0.5))
        light *= 1 - layer.strength * near * np.exp(-0.5 * np.square(away / layer.along))
    return Shadow(light, left, top)


def _blurred(line: np.ndarray, by: float) -> np.ndarray:
    """A line of values float32 [n], blurred by so many px."""
    return cv2.GaussianBlur(line[None], (2 * round(3 * by) + 1, 1), by, borderType=cv2.BORDER_CONSTANT)[0]
