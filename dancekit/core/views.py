"""What a picture of the person shows: which limbs, where, and how well (not in the paper).

Each cell of a picture belongs to the bar of the sketch (see core.sketch) that it lies deepest in, and shows the limb of
that bar, or what hides it.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from dancekit.core import hands
from dancekit.core.limbs import CELL, HANDS, LIMB, LIMBS, MEMBERS, Bars, apart, deepest, limb_of
from dancekit.core.matte import pieces
from dancekit.core.sketch import BAR_NAMES

NOBODY = 255
"""The layer of what is not in a picture."""
REACH = 2.2
"""Further from every bar than so many of its widths, nothing is fetched."""
_TRUNK = LIMBS.index("trunk")
_DOUBTFUL = np.float32(0.5)
"""How much it counts of a limb to look as it should where it crosses something else, which may look so as well."""
_CROWDED, _AMONG = 0.5, 0.8
"""How much less clear a hand is that has something beside it all around, which would come along, or other limbs."""
_TIPS = np.float32(1.8)
"""How far fingers reach, beside their knuckles, where a hand's bar ends."""
_SURELY = 0.5
"""What is so far alone is the hand, whatever its colour."""
_CORE, _FEW = 0.4, 4
"""Squared widths within which a bar surely shows its own colour, and how many such cells tell it."""
_BESIDE, _CLOSER = 9.0, 0.7
"""Beside an arm, something else is taken for what lies within so many of its own squared widths there, if that has its
colour: that many times as far from it as from the arm's at the most."""
_FINGERS, _LIKE = 4.0, 45.0
"""Squared widths from a hand, to its tips, within which fingers may be; and how far, of 255, their colour from its."""

_LAYER = np.array([limb_of(name.replace("hand", "forearm").replace("thigh", "trunk")) for name in BAR_NAMES], np.uint8)
"""What each bar hides or shows: hands belong to arms, and skirts and trousers hang from hips and thighs alike."""
_ARMS = tuple(LIMBS.index(f"{side} arm") for side in ("left", "right"))
SHOWS = np.zeros((len(LIMBS), 256), bool)
"""Of every limb, which layers of a picture show it: a leg may be under the skirt, an arm is before the rest or not."""
for _limb, _name in enumerate(LIMBS):
    SHOWS[_limb, LIMBS.index(_name.replace("hand", "arm"))] = True
    if _name.endswith("leg"):
        SHOWS[_limb, _TRUNK] = SHOWS[_TRUNK, _limb] = True


class Source(NamedTuple):
    """A picture to fetch from: uint8 [h, w, 4], colour times alpha, and alpha; the bars of its pose, px; which layer
    each cell of it shows, uint8 [h / CELL, w / CELL]; how far each cell is a hand's and nothing else is beside it,
    float32 [h / CELL, w / CELL] in 0..1; and how far each limb may be seen as it is, likewise, float32 [LIMBS]."""

    picture: np.ndarray
    bars: Bars
    layers: np.ndarray
    around: np.ndarray
    trust: np.ndarray


class Seen(NamedTuple):
    """How much of every limb a picture shows, float32 [LIMBS]: of its area, 0 where others hide all of it; and where
    that counts only as far as it is sure to be the limb: it looks as it should, and crosses nothing else. alone,
    detail: of hands, how far nothing else is beside them, and how much there is to see in them (see core.hands)."""

    shown: np.ndarray
    clear: np.ndarray
    alone: np.ndarray
    detail: np.ndarray


def source_of(picture: np.ndarray, bars: Bars, widths: np.ndarray, as_sketched: np.ndarray) -> tuple[Source, Seen]:
    """A picture uint8 [h, w, 4], colour times alpha, and alpha, ready to fetch from, and what is seen in it.

    bars: of its pose, px. widths: of the bars, px. as_sketched: how far each cell looks as it should, 0..1, float32
    [h / CELL, w / CELL].
    """
    squared, bar = deepest(bars, widths, picture.shape[1::-1])
    small = cv2.resize(picture, bar.shape[::-1], interpolation=cv2.INTER_AREA)
    solid = small[..., 3] > 127
    layers, around = _layers(squared, bar, small, solid), np.zeros(bar.shape, np.float32)
    shown, clear, alone, detail = np.zeros((4, len(LIMBS)), np.float32)
    zones, to_tips = {hand: zone_of(hand, squared, bar) for hand in HANDS}, bars.with_hands(_TIPS * bars.hands_long())
    for hand, zone in zones.items():
        members = MEMBERS[hand]
        away = apart(to_tips.at(members), widths[members], picture.shape[1::-1]).min(0)
        _take_fingers(layers, hand, squared[members].min(0), away, small, solid)
        beyond = (small[..., 3] > hands.FAINT) & (away > REACH**2)
        around[zone] = (hands.alone(squared, hands.OTHERS[hand]) * ~beyond)[zone] * (not _cut_off(solid & zone))
        alone[hand] = around[zone].sum() / max(1, zone.sum())
        layers[zone & (around > _SURELY)] = _LAYER[MEMBERS[hand][0]]
    for limb, members in enumerate(MEMBERS):
        depth, mine = squared[members].min(0), SHOWS[limb][layers]
        core = depth < 1
        seen, all_of_it = core & solid & mine, max(1, core.sum())
        others = _LAYER[members[0]] != _LAYER
        doubtful = squared[others].min(0) < 1
        shown[limb] = seen.sum() / all_of_it
        clear[limb] = (as_sketched * np.where(doubtful, _DOUBTFUL, 1))[seen].sum() / all_of_it
        if limb in zones:
            beside = zones[limb] & mine & ~core & (depth < REACH**2)
            clear[limb] *= 1 - _CROWDED * solid[beside].sum() / max(1, beside.sum())
            clear[limb] *= 1 - _AMONG * (1 - alone[limb])
            there = seen.repeat(CELL, 0).repeat(CELL, 1)[: picture.shape[0], : picture.shape[1]]
            found = hands.detail(picture, there, float(widths[members].max()))
            detail[limb] = found * hands.firm(small[zones[limb] & mine, 3])
    source = Source(picture, bars, layers, around, np.zeros(len(LIMBS), np.float32))
    return source, Seen(shown, clear, alone, detail)


def _take_fingers(
    layers: np.ndarray, hand: int, depth: np.ndarray, to_tips: np.ndarray, small: np.ndarray, solid: np.ndarray
) -> None:
    """Let a hand have, in place, what looks like it around it on trunk or legs, and is not in its bar: fingers and its
    rim. What is beneath a hand is fetched from elsewhere, and else these would stay there, as an outline.

    layers, small, solid: see _layers. depth, to_tips: squared widths that cells are from the hand's bar, and from one
    that reaches to its tips, float32 [h, w].
    """
    arm = _LAYER[MEMBERS[hand][0]]
    core, near = solid & (layers == arm) & (depth < _CORE), solid & ~np.isin(layers, _ARMS) & (to_tips < _FINGERS)
    if np.count_nonzero(core) < _FEW:
        return
    colour = small[..., :3].astype(np.float32)
    like = np.abs(colour - np.median(colour[core], 0)).max(2) < _LIKE
    labels, _ = pieces(like & solid & (near | (layers == arm)))
    fingers = near & np.isin(labels, np.setdiff1d(labels[core], 0))
    layers[near & (cv2.dilate(fingers.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)] = arm


def _cut_off(there: np.ndarray) -> bool:
    """Whether what is in these cells, bool [h, w], goes on beyond them: pictures end where she does, but for those in
    which she reaches out of the film."""
    return bool(there[[0, -1]].any() or there[:, [0, -1]].any())


def zone_of(hand: int, squared: np.ndarray, bar: np.ndarray) -> np.ndarray:
    """The cells around a hand, bool [h, w]. squared, bar: see deepest."""
    return (LIMB[bar] == hand) & (squared[MEMBERS[hand]].min(0) < hands.REACH**2)


def _layers(squared: np.ndarray, bar: np.ndarray, small: np.ndarray, solid: np.ndarray) -> np.ndarray:
    """Which layer each cell shows, uint8 [h, w]: that of the bar it belongs to. But what lies beside an arm, such as
    the trousers along which it hangs, is no arm if it looks like what is next to it.

    squared, bar: see deepest. small: the picture, one px a cell. solid: bool [h, w], where somebody is.
    """
    layers, depth = _LAYER[bar], np.take_along_axis(squared, bar[None], 0)[0]
    colours = np.full((len(LIMB), 3), np.nan, np.float32)
    for number in range(len(LIMB)):
        core = (bar == number) & solid & (depth < _CORE)
        if np.count_nonzero(core) >= _FEW:
            colours[number] = np.median(small[core][:, :3], 0)
    for arm in _ARMS:
        rows, columns = np.nonzero((layers == arm) & solid & (depth > _CORE))
        others = np.where(np.equal(_LAYER, arm)[:, None], np.inf, squared[:, rows, columns])
        next_to, here = others.argmin(0), small[rows, columns, :3].astype(np.float32)
        own, other = (np.abs(here - colours[which]).max(1) for which in (bar[rows, columns], next_to))
        away = (other < _CLOSER * own) & (others.min(0) < _BESIDE)  # where a colour is not known, neither is this
        layers[rows[away], columns[away]] = _LAYER[next_to[away]]
    return layers
