"""What the parts of a drawn dancer are painted with: skin, hair, face and cloth, by where they are when she rests."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dancekit.core.body import Proportions, smooth, vector
from dancekit.core.outfit import Colour, Look, Pair, colour_of

Paint = tuple[np.ndarray, np.ndarray]
_LONG, _SHORT = 1.75, 0.7
"""How far below the middle of the head long hair and other hair ends, in head heights."""


@dataclass(frozen=True)
class Painter:
    """Gives every point of a person who stands at rest (stage axes, metres) its colour, by what it belongs to.

    hip and shoulder: heights of the joints in metres.
    """

    body: Proportions
    look: Look
    hip: float
    shoulder: float

    def paint(self, what: str, points: np.ndarray) -> np.ndarray:
        """Red, green, blue, alpha (0..255, float32) at points [..., 3]."""
        colour, shown = {
            "top": self._top, "sleeve": self._sleeve, "bottom": self._bottom, "shoe": self._shoe, "hair": self._hair,
            "mane": self._mane, "head": self._face, "skin": self._skin, "sole": self._skin, "skirt": self._skirt,
        }[what](points)  # fmt: skip
        colour = vector(*self.look.shoes[1]) if what == "sole" else colour
        return np.concatenate([colour * np.ones_like(points), 255 * shown[..., None]], -1)

    def _skin(self, points: np.ndarray) -> Paint:
        return vector(*self.look.skin), np.ones_like(points[..., 0])

    def _top(self, points: np.ndarray) -> Paint:
        x, y, z = np.moveaxis(points, -1, 0)
        k = self.body.trunk / 0.49
        collar = np.sqrt(x * x + 0.8 * (y - self.shoulder - 0.052 * k) ** 2 + (z - 0.012 * k) ** 2) - 0.083 * k
        return _trimmed(self._pattern(points), np.minimum(collar, y - self.hip + 0.06 * k * self.look.untucked))

    def _sleeve(self, points: np.ndarray) -> Paint:
        covered = self.look.sleeve * (self.body.upper_arm + self.body.forearm)
        return _trimmed(self._pattern(points), points[..., 1] - self.shoulder + covered)

    def _pattern(self, points: np.ndarray) -> np.ndarray:
        x, y, z = np.moveaxis(points, -1, 0)
        first, second = (vector(*colour) for colour in self.look.top_colours)
        away = np.hypot(x, y - self.shoulder + 0.31 * self.body.trunk) / self.body.trunk
        rings = sum(sign * smooth((edge - away) * 40) for sign, edge in ((1, 0.15), (-1, 0.10), (1, 0.055))) * (z > 0)
        share = {"stripes": _band(y / 0.062, 0.42), "badge": rings}.get(self.look.top, np.zeros_like(x))
        return _mix(first, second, share)

    def _bottom(self, points: np.ndarray) -> Paint:
        return self._below_waist(points, self.look.legs)

    def _skirt(self, points: np.ndarray) -> Paint:
        return self._below_waist(points, self.look.skirt)

    def _below_waist(self, points: np.ndarray, covered: float) -> Paint:
        x, y, z = np.moveaxis(points, -1, 0)
        first, second = (vector(*colour) for colour in self.look.bottom_colours)
        plaid = 0.5 * _band(y / 0.085, 0.35) + 0.5 * _band((np.abs(x) + 0.4 * z) / 0.075, 0.35)
        waist = self.hip + 0.15 * self.body.trunk / 0.49 - y
        colour = _mix(first, second, plaid * (self.look.bottom == "checks"))
        colour = _mix(colour, vector(*self.look.belt), smooth((0.032 - waist) / 0.004))
        return _trimmed(colour, np.minimum(waist, y - self.body.ankle - (1 - covered) * self.body.leg))

    def _shoe(self, points: np.ndarray) -> Paint:
        x, y, z = np.moveaxis(points / self.body.foot, -1, 0)
        middle = np.abs(np.abs(x) - self.body.hips / 2 / self.body.foot) < 0.055
        laces = _band(z / 0.11, 0.4) * (z > 0.10) * (z < 0.38) * (y > 0.16) * middle
        first, second = (vector(*colour) for colour in self.look.shoes)
        return _mix(first, second, np.maximum(laces, z > 0.60)), np.ones_like(x)

    def _in_head(self, points: np.ndarray) -> np.ndarray:
        offset = vector(0, self.shoulder + 0.83 * self.body.head, 0.04 * self.body.head)
        return np.moveaxis((points - offset) / self.body.head, -1, 0)

    def _hair(self, points: np.ndarray) -> Paint:
        x, y, z = self._in_head(points)
        bob = self.look.hair_cut in ("bob", "long")
        fringe = 0.33 + 0.35 * x * (1 - 2 * x) * bob - 0.5 * np.maximum(np.abs(x) - 0.22, 0)
        side = 0.10 - 0.34 * smooth((-0.06 - z) / 0.06) - 0.3 * bob
        return self._mane(points)[0], smooth((y - side - (fringe - side) * smooth((z - 0.05) / 0.16)) / 0.03 + 0.5)

    def _mane(self, points: np.ndarray) -> Paint:
        x, y, z = self._in_head(points)
        strand = 1 + 0.09 * np.sin(40 * np.arctan2(x, z + 0.1) + 3 * np.sin(7 * y))
        reach = _LONG if self.look.hair_cut == "long" else _SHORT
        return vector(*self.look.hair) * strand[..., None], smooth((y + reach) / 0.03 + 0.5)

    def _face(self, points: np.ndarray) -> Paint:
        x, y, z = self._in_head(points)
        rows, columns = (0.65 - y) * FACE, (0.5 + x) * FACE
        seen = cv2.remap(_portrait(self.look), columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return _mix(vector(*self.look.skin), seen, smooth(z / 0.12)), np.ones_like(x)


FACE = 400
"""Pixels per head height of a face's picture, which spans 1 x 1.2 head heights."""


def _portrait(look: Look) -> np.ndarray:
    """The face from the front, float32 [480, 400, 3]: eyes, brows, cheeks, mouth, and a beard where there is one."""
    picture = np.full((int(1.2 * FACE), FACE, 3), look.skin, np.uint8)

    def oval(x: float, y: float, wide: float, high: float, tint: Colour, arc: Pair = (0, 360), line: int = -1) -> None:
        fine = np.round(16 * FACE * np.array((0.5 + x, 0.65 - y, wide, high))).astype(int)
        cv2.ellipse(picture, fine[:2].tolist(), fine[2:].tolist(), 0, arc[0], arc[1], tint, line, cv2.LINE_AA, 4)

    def tone(first: Colour, second: Colour, share: float) -> Colour:
        return colour_of(np.array(first) * (1 - share) + np.array(second) * share)

    for sign in (-1, 1):
        oval(sign * 0.20, -0.06, 0.060, 0.045, tone(look.skin, look.lips, 0.28))
    picture = cv2.GaussianBlur(picture, (0, 0), 9)
    if look.beard:
        oval(0, -0.26, 0.30, 0.22, look.hair)
        oval(0, -0.10, 0.30, 0.10, look.skin)
        oval(0, -0.135, 0.12, 0.035, look.hair)
        picture = cv2.GaussianBlur(picture, (0, 0), 5)
    for x in (-0.15, 0.15):
        oval(x, 0.115, 0.068, 0.054, (250, 248, 246))
        oval(x, 0.113, 0.044, 0.052, look.eyes)
        oval(x, 0.113, 0.024, 0.031, (25, 20, 24))
        oval(x - 0.016, 0.134, 0.013, 0.014, (255, 255, 255))
        oval(x, 0.111, 0.073, 0.060, tone(look.hair, (0, 0, 0), 0.4), (192, 348), 7)
        oval(x * 1.03, 0.165, 0.090, 0.062, look.hair, (205, 335), 9)
    oval(0, -0.165, 0.115, 0.062, look.lips, (12, 168))
    oval(0, -0.158, 0.105, 0.030, (252, 246, 242), (10, 170))
    oval(0, -0.160, 0.120, 0.034, tone(look.lips, (60, 20, 30), 0.4), (8, 172), 6)
    return cv2.GaussianBlur(picture, (0, 0), 1.2).astype(np.float32)


def _trimmed(colour: np.ndarray, inside: np.ndarray) -> Paint:
    """Cloth that ends where `inside` (m) turns negative, with a darker seam along the edge."""
    return colour * (1 - 0.22 * smooth((0.016 - inside) / 0.004))[..., None], smooth(inside / 0.004 + 0.5)


def _mix(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    return first * (1 - share[..., None]) + second * share[..., None]


def _band(turns: np.ndarray, share: float) -> np.ndarray:
    """1 in the first `share` of every turn and 0 elsewhere, with soft edges."""
    away = np.abs((turns + 0.5 - share / 2) % 1.0 - 0.5)
    return smooth((share / 2 - away) / 0.08 + 0.5)
