"""What a drawn dancer looks like: the parts of a body, to be painted with skin, hair and clothes (core.cloth).

A person is painted once, standing at rest, as if the colours went right through: a stripe is a band of heights, a face
is a picture seen from the front. Each part keeps its share as a small texture, so all of it sticks as she moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from dancekit.core.body import SIDES, Proportions, vector

Colour = tuple[int, int, int]
Triple = tuple[float, float, float]
Pair = tuple[float, float]


@dataclass(frozen=True)
class Look:
    """Colours (red, green, blue, 0..255) and cut of a person and her clothes.

    hair_cut: "bob", "bun", "long" or "short"; curve: 0 a straight figure, 1 a curved one; top: "stripes", "badge"
    or "plain"; sleeve and legs: covered shares of arm and leg; bottom: "checks" or "plain"; shoes: upper and sole;
    skirt: the share of the leg that one covers, 0 for none.
    """

    skin: Colour = (238, 187, 158)
    hair: Colour = (74, 44, 34)
    eyes: Colour = (70, 110, 120)
    lips: Colour = (201, 92, 92)
    hair_cut: str = "bob"
    beard: bool = False
    curve: float = 1.0
    top: str = "stripes"
    top_colours: tuple[Colour, Colour] = ((245, 240, 230), (214, 70, 74))
    untucked: bool = False
    sleeve: float = 0.72
    bottom: str = "checks"
    bottom_colours: tuple[Colour, Colour] = ((52, 66, 110), (120, 140, 190))
    belt: Colour = (92, 58, 40)
    legs: float = 0.93
    shoes: tuple[Colour, Colour] = ((240, 196, 70), (250, 248, 240))
    skirt: float = 0.0


def colour_of(values: np.ndarray) -> Colour:
    """Three numbers, cut to 0..255, as a colour."""
    red, green, blue = (int(value) for value in np.clip(values, 0, 255))
    return red, green, blue


@dataclass(frozen=True)
class Part:
    """A round bar between two balls, each fixed to a bone at an offset in metres along its axes, with radii in metres.

    paint says what it is made of. The bar is squashed along the first bone's axes; `front` is where its paint begins.
    """

    paint: str
    bones: tuple[str, str]
    offsets: tuple[np.ndarray, np.ndarray]
    radii: Pair
    squash: Triple = (1.0, 1.0, 1.0)
    front: Triple = (0.0, 0.0, 1.0)


def _bar(
    unit: float, paint: str, first: str, start: Triple, last: str, end: Triple, radii: Pair,
    squash: Triple = (1.0, 1.0, 1.0), front: Triple = (0.0, 0.0, 1.0),
) -> Part:  # fmt: skip
    """A part whose offsets and radii are given in a unit of so many metres."""
    offsets = unit * vector(*start), unit * vector(*end)
    return Part(paint, (first, last), offsets, (unit * radii[0], unit * radii[1]), squash, front)


def parts(body: Proportions, look: Look) -> list[Part]:
    """All parts of a dressed body."""
    sides = [part for side, sign in SIDES for limb in (_arm, _leg) for part in limb(body, look, side, sign)]
    return [*_trunk(body, look), *_head(body, look), *sides, *_skirt(body, look)]


def _trunk(body: Proportions, look: Look) -> list[Part]:
    """Hips, waist, chest and neck: trousers up to the waist, the top over or under them, skin where the collar ends."""
    unit, g, c, u = body.trunk / 0.49, body.girth, look.curve, look.untucked
    bar, flat, deep, r = partial(_bar, unit), (1.0, 1.0, 0.70), (1.0, 1.0, 1.12), 0.088 * g
    hip, waist = (body.hips / 2 + _plump(body) - 0.002) / unit, (0.138 - 0.016 * c) * g
    chest, bust, ahead = 0.075 * g + (0.215 - 0.01 * c) * body.shoulders / unit, 0.052 * g * c, (0.020 + 0.021 * c) * g
    rows = [
        bar("bottom", "pelvis", (0.068 * g, -0.012, -0.01), "pelvis", (-0.068 * g, -0.012, -0.01), (r, r), deep),
        bar("bottom", "pelvis", (0, 0.018, 0), "belly", (0, 0.03, 0), (hip, waist - 0.014 * u + 0.006), (1, 0.6, 0.70)),
        bar("top", "belly", (0, -0.01, 0), "belly", (0, 0.065, 0), (waist + 0.003, waist), flat),
        bar("top", "chest", (0, 0.10, 0), "belly", (0, 0.065, 0), (chest, waist), flat),
        bar("top", "chest", (0, 0.10, 0), "chest", (0, 0.215, -0.015), (chest, 0.092 * g), flat),
        bar("skin", "chest", (0, 0.19, 0), "neck", (0, 0.03, -0.008), (0.088, 0.046), (1, 1, 0.82)),
        bar("skin", "neck", (0, -0.02, -0.005), "head", (0, -0.02, -0.02), (0.052 * g, 0.047 * g)),
    ]
    hem = bar("top", "pelvis", (0, -0.04, -0.016), "belly", (0, 0.09, 0), (hip + 0.026, waist - 0.004), (1, 0.6, 0.79))
    breasts = [
        bar("top", "chest", (s * 0.055, 0.115, ahead), "chest", (s * 0.062, 0.085, ahead), (bust, bust * 1.15))
        for s in (1, -1)
    ]
    return rows + [hem] * u + breasts * (bust > 0)  # fmt: skip


def _skirt(body: Proportions, look: Look) -> list[Part]:
    """A skirt as a bell below the hips, and cloth that each thigh carries along."""
    if look.skirt <= 0:
        return []
    length, hip, deep = look.skirt * body.leg, body.hips / 2 + _plump(body), (1.0, 1.0, 0.72)
    wide = hip + 0.22 * length
    rows = [_bar(1, "skirt", "pelvis", (0, 0.05, -0.01), "pelvis", (0, -length, -0.01), (hip - 0.015, wide), deep)]
    for side, sign in SIDES:
        near, far = (-sign * 0.2 * body.hips, 0, -0.01), (-sign * 0.15 * body.hips, -min(length, body.thigh), -0.01)
        rows.append(_bar(1, "skirt", f"{side}_thigh", near, f"{side}_thigh", far, (0.8 * hip, 0.75 * wide), deep))
    return rows


def _plump(body: Proportions) -> float:
    """Radius of the top of a thigh, m."""
    return 0.072 * body.girth * (0.4 + 0.6 * body.leg / 0.81)


def _arm(body: Proportions, look: Look, side: str, sign: float) -> list[Part]:
    """Shoulder, arm, sleeve and hand with four fingers and a thumb."""
    bar, palm, none = partial(_bar, body.girth**0.7 * (0.35 + 1.33 * body.trunk)), partial(_bar, body.hand), (0, 0, 0)
    bones = ("upper_arm", "forearm", "hand", "fingers", "collar")
    upper, fore, hand, fingers, collar = (f"{side}_{bone}" for bone in bones)
    nape, slope = (sign * 0.012, 0.035, -0.012), (sign * 0.42 * body.shoulders, 0.022, -0.008)
    rows = [
        bar("top", "chest", (sign * 0.05, 0.225, -0.015), upper, none, (0.062, 0.050)),
        bar("top", "neck", nape, collar, slope, (0.043, 0.04)),
        bar("skin", "neck", nape, collar, slope, (0.038, 0.034)),
        bar("skin", fore, none, hand, none, (0.038, 0.026)),
        bar("sleeve", upper, none, fore, none, (0.050, 0.045)),
        palm("skin", hand, none, hand, (0, -0.38, 0), (0.16, 0.20), (0.55, 1, 1)),
        palm("skin", hand, (0, -0.14, 0.10), hand, (-sign * 0.1, -0.43, 0.27), (0.080, 0.056)),
    ]
    rows += [bar("sleeve", fore, none, hand, none, (0.045, 0.038))] * (look.sleeve > 0.54)
    rows += [bar("skin", upper, none, fore, none, (0.045, 0.037))] * (look.sleeve < 0.6)
    reaches = ((0.15, 0.92), (0.05, 1.0), (-0.05, 0.93), (-0.145, 0.76))
    return rows + [palm("skin", fingers, (0, 0, z), fingers, (-sign * 0.05, -0.46 * long, 1.2 * z), (0.060, 0.047))
                   for z, long in reaches]  # fmt: skip


def _leg(body: Proportions, look: Look, side: str, sign: float) -> list[Part]:
    """Thigh, shin and their trousers, the seat's half, and the shoe on its sole."""
    bar, shoe, none, heel = partial(_bar, _plump(body) / 0.072), partial(_bar, body.foot), (0, 0, 0), (0, 0.01, 0)
    thigh, shin, foot = (f"{side}_{bone}" for bone in ("thigh", "shin", "foot"))
    floor, up = -body.ankle / body.foot, (0, 1, 0)
    rows = [
        bar("bottom", thigh, none, shin, none, (0.072, 0.057)),
        bar("bottom", shin, none, foot, heel, (0.057, 0.048)),
        bar("bottom", thigh, (-sign * 0.015, 0.020, -0.030), thigh, (0, -0.05, -0.022), (0.076, 0.071)),
        shoe("shoe", foot, (0, floor + 0.17, -0.115), foot, (0, floor + 0.13, 0.53), (0.165, 0.135), front=up),
        shoe("shoe", foot, (0, 0.03, -0.03), foot, (0, 0.55 * floor + 0.03, 0.16), (0.155, 0.150), front=up),
        shoe("sole", foot, (0, floor + 0.045, -0.11), foot, (0, floor + 0.045, 0.54), (0.175, 0.155), (1, 0.28, 1), up),
    ]
    if look.legs > 0.6:
        return [*rows, bar("skin", shin, (0, -0.28, 0), foot, heel, (0.040, 0.032))]
    bare = bar("skin", shin, none, foot, heel, (0.050, 0.032))
    return [*rows, bare, bar("skin", thigh, none, shin, none, (0.062, 0.050))]  # fmt: skip


def _head(body: Proportions, look: Look) -> list[Part]:
    """Skull and jaw with the face, nose, ears, and the hair."""

    def bar(paint: str, start: Triple, end: Triple, radii: Pair, squash: Triple = (1.0, 1.0, 1.0)) -> Part:
        return _bar(body.head, paint, "head", start, "head", end, radii, squash)

    bob = look.hair_cut in ("bob", "long")
    skull = bar("head", (0, -0.175, 0.085), (0, 0.16, 0.0), (0.265, 0.41), (0.83, 1.0, 1.0))
    nose = bar("skin", (0, 0.05, 0.375), (0, -0.03, 0.405), (0.030, 0.048))
    cap = bar("hair", (0, 0.15, 0), (0, 0.20, -0.02), (0.44, 0.435), (0.80 + 0.03 * bob, 1, 1))
    mane = _bar(body.head, "mane", "head", (0, 0.10, -0.15), "neck", (0, 0.29, -0.10), (0.45, 0.40), (1.0, 1, 0.62))
    fall = _bar(body.head, "mane", "neck", (0, 0.29, -0.16), "chest", (0, 0.30, -0.62), (0.42, 0.34), (1.0, 1, 0.5))
    bun = bar("mane", (0, 0.58, -0.20), (0, 0.64, -0.22), (0.21, 0.20))
    ears = [bar("skin", (x, 0.04, -0.01), (0.97 * x, -0.04, 0), (0.085, 0.06), (0.45, 1, 0.8)) for x in (0.335, -0.335)]
    return [
        skull,
        nose,
        cap,
        *([mane, *[fall] * (look.hair_cut == "long")] if bob else [*ears, bun] if look.hair_cut == "bun" else ears),
    ]
