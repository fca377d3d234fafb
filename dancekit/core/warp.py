"""Warping: a picture of the person moved into another pose, bone by bone (not in the paper).

Each px of a pose belongs to the bar of the sketch (see core.sketch) that it lies deepest in. How far along the bar it
lies, and how far beside it, tells where the same px was in a picture of another pose, and there it is fetched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from dancekit.core import hands
from dancekit.core.limbs import CELL, HANDS, LIMB, LIMBS, MEMBERS, Bars, Chain, deepest, directions, limb_of
from dancekit.core.sketch import BAR_NAMES

_TRUNK = LIMBS.index("trunk")
_NOBODY = 255
_REACH = 2.2
"""Further from every bar than so many of its widths, nothing is fetched."""
_SEAM, _FAINT = 5, 0.02
"""What one picture shows gives way to the next over so many px; weights below which nothing is known."""
_WHOLE = 0.96
"""Share of a limb's px that a picture must show for the next best one not to be asked for the others."""
_DOUBTFUL = np.float32(0.5)
"""How much it counts of a limb to look as it should where it crosses something else, which may look so as well."""
_CROWDED, _AMONG = 0.5, 0.8
"""How much less clear a hand is that has something beside it all around, which would come along, or other limbs."""
_SURELY = 0.5
"""What is so far alone is the hand, whatever its colour."""
_CORE, _FEW = 0.4, 4
"""Squared widths within which a bar surely shows its own colour, and how many such cells tell it."""
_BESIDE, _CLOSER = 9.0, 0.7
"""Beside an arm, something else is taken for what lies within so many of its own squared widths there, if that has its
colour: that many times as far from it as from the arm's at the most."""


_LAYER = np.array([limb_of(name.replace("hand", "forearm").replace("thigh", "trunk")) for name in BAR_NAMES], np.uint8)
"""What each bar hides or shows: hands belong to arms, and skirts and trousers hang from hips and thighs alike."""
_ARMS = tuple(LIMBS.index(f"{side} arm") for side in ("left", "right"))
_SHOWS = np.zeros((len(LIMBS), 256), bool)
"""Of every limb, which layers of a picture show it: a leg may be under the skirt, an arm is before the rest or not."""
for _limb, _name in enumerate(LIMBS):
    _SHOWS[_limb, LIMBS.index(_name.replace("hand", "arm"))] = True
    if _name.endswith("leg"):
        _SHOWS[_limb, _TRUNK] = _SHOWS[_TRUNK, _limb] = True


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
    zones = {hand: _zone(hand, squared, bar) for hand in HANDS}
    for hand, zone in zones.items():
        beyond = solid & (squared[MEMBERS[hand]].min(0) > _REACH**2)
        around[zone] = (hands.alone(squared, LIMBS[hand]) * ~beyond)[zone] * (not _cut_off(solid & zone))
        alone[hand] = around[zone].sum() / max(1, zone.sum())
        layers[zone & (around > _SURELY)] = _LAYER[MEMBERS[hand][0]]
    for limb, members in enumerate(MEMBERS):
        depth, mine = squared[members].min(0), _SHOWS[limb][layers]
        core = depth < 1
        seen, all_of_it = core & solid & mine, max(1, core.sum())
        others = _LAYER[members[0]] != _LAYER
        doubtful = squared[others].min(0) < 1
        shown[limb] = seen.sum() / all_of_it
        clear[limb] = (as_sketched * np.where(doubtful, _DOUBTFUL, 1))[seen].sum() / all_of_it
        if limb in zones:
            beside = zones[limb] & mine & ~core & (depth < _REACH**2)
            clear[limb] *= 1 - _CROWDED * solid[beside].sum() / max(1, beside.sum())
            clear[limb] *= 1 - _AMONG * (1 - alone[limb])
            there = seen.repeat(CELL, 0).repeat(CELL, 1)[: picture.shape[0], : picture.shape[1]]
            found = hands.detail(picture, there, float(widths[members].max()))
            detail[limb] = found * hands.firm(small[zones[limb] & mine, 3])
    source = Source(picture, bars, layers, around, np.zeros(len(LIMBS), np.float32))
    return source, Seen(shown, clear, alone, detail)


def _cut_off(there: np.ndarray) -> bool:
    """Whether what is in these cells, bool [h, w], goes on beyond them: pictures end where she does, but for those in
    which she reaches out of the film."""
    return bool(there[[0, -1]].any() or there[:, [0, -1]].any())


def _zone(hand: int, squared: np.ndarray, bar: np.ndarray) -> np.ndarray:
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


Mix = Sequence[tuple[Source, float]]
"""Pictures to mix, with the share of each."""


class Laid(NamedTuple):
    """Pictures moved into a pose: uint8 [h, w, 4], colour times alpha, and alpha; how far that is known, float32 [h, w]
    in 0..1, 0 where no picture shows what is there; and how far it is to be seen whatever is painted there, likewise.
    """

    picture: np.ndarray
    known: np.ndarray
    trusted: np.ndarray


def lay(bars: Bars, widths: np.ndarray, size: tuple[int, int], given: Sequence[Sequence[Mix]]) -> Laid:
    """The person in a pose, put together from other pictures of her.

    Args:
        bars: of the pose, px of the result.
        widths: of the bars, float32 [BARS] px.
        size: (width, height) of the result, px.
        given: what to fetch each limb from, best first: the next are asked for what those before do not show.
    """
    squared, bar = deepest(bars, widths, size)
    depth = np.take_along_axis(squared, bar[None], 0)[0]
    limbs = np.where(depth < _REACH**2, LIMB[bar], _NOBODY)
    high, wide = limbs.shape
    mixed = _Mixed(
        np.zeros((high * CELL, wide * CELL, 4), np.float32), np.zeros((high * CELL, wide * CELL), np.float32)
    )
    trusted = np.zeros((high, wide), np.float32)
    for limb, members in enumerate(MEMBERS):
        asked = given[limb]
        if limb in HANDS and _trust(trusted, _zone(limb, squared, bar), bars, squared, limb, asked[0]):
            asked = asked[:1]
        mine = (limbs == limb).astype(np.float32)
        box = _around(mine)
        if box is not None:
            chain = Chain.of(bars.at(members), squared[members][:, *box], (box[1].start, box[0].start))
            _fetch(mixed.within(box), cv2.blur(mine[box], (3, 3)), depth[box], chain, limb, asked)
    trusted = cv2.resize(cv2.blur(trusted, (3, 3)), (wide * CELL, high * CELL))
    whole = mixed.picture(), np.minimum(mixed.weights, 1), trusted
    return Laid(*(part[: size[1], : size[0]] for part in whole))


def _trust(into: np.ndarray, mine: np.ndarray, bars: Bars, squared: np.ndarray, hand: int, mixed: Mix) -> bool:
    """Add in which cells pictures of a hand are to be seen as they are; whether they are anywhere. mine: bool [h, w],
    which cells are around it."""
    box = _around(mine)
    if box is None:
        return False
    near, within, members = squared[:, *box], mine[box], MEMBERS[hand]
    chain = Chain.of(bars.at(members), near[members], (box[1].start, box[0].start))
    trust = np.zeros(within.shape, np.float32)
    for source, share in mixed:
        there = source.bars.at(members)
        x, y = chain.found(there)
        kept = source.trust[hand] * hands.as_long(chain.lengths.max(), directions(there)[0].max())
        trust += share * kept * _looked_up(source.around, x / CELL, y / CELL, cv2.INTER_LINEAR, 1)
    alone = hands.alone(near, LIMBS[hand]) * within
    found = hands.decided(trust * alone * hands.kept(alone.sum() / within.sum()))
    into[box] += found
    return bool(found.max() > _FAINT)


def _around(mine: np.ndarray) -> tuple[slice, slice] | None:
    """Rows and columns of the cells that are not 0, and of those next to them; None where there are none."""
    left, top, wide, high = cv2.boundingRect(mine.astype(np.uint8))
    if not wide:
        return None
    return slice(max(0, top - 1), top + high + 1), slice(max(0, left - 1), left + wide + 1)


class _Mixed(NamedTuple):
    """Pictures added up, float32 [H, W, 4], and the sum of their weights, float32 [H, W]."""

    total: np.ndarray
    weights: np.ndarray

    def within(self, box: tuple[slice, slice]) -> _Mixed:
        """A part of it, which shares its memory: a box of cells."""
        return _Mixed(*(part[tuple(slice(s.start * CELL, s.stop * CELL) for s in box)] for part in self))

    def picture(self) -> np.ndarray:
        """Their mean, uint8 [H, W, 4], empty where nothing was added."""
        scale = np.where(self.weights > _FAINT, 1 / np.maximum(self.weights, _FAINT), np.float32(0))
        return cv2.multiply(self.total, cv2.merge([scale] * 4), dtype=cv2.CV_8U)


def _fetch(into: _Mixed, mine: np.ndarray, depth: np.ndarray, chain: Chain, limb: int, given: Sequence[Mix]) -> None:
    """Add a limb in a box of cells. mine: float32 [h, w], how far each is the limb's. depth: [h, w] squared widths."""
    large = into.weights.shape[::-1]
    left = cv2.resize(mine, large)
    core = (cv2.resize(depth, large) < 1) & (left > 0.5)
    enough = (1 - _WHOLE) * max(1, np.count_nonzero(core))
    for mixed in given:
        taken = np.zeros_like(left)
        for source, share in mixed:
            x, y = (cv2.resize(part, large) for part in chain.found(source.bars.at(MEMBERS[limb])))
            layers = _looked_up(source.layers, x / CELL, y / CELL, cv2.INTER_NEAREST, _NOBODY)
            shows = cv2.blur(_SHOWS[limb][layers].astype(np.float32), (_SEAM, _SEAM))
            weight = np.maximum(2 * shows - 1, 0) * left * np.float32(share)
            fetched = _looked_up(source.picture, x, y, cv2.INTER_LINEAR, 0)
            cv2.accumulate(cv2.multiply(fetched, cv2.merge([weight] * 4), dtype=cv2.CV_32F), into.total)
            taken += weight
        into.weights[:] += taken
        left -= taken
        if np.count_nonzero(core & (left > 0.5)) <= enough:
            return


def _looked_up(picture: np.ndarray, x: np.ndarray, y: np.ndarray, how: int, beyond: int) -> np.ndarray:
    """A picture at places float32 [h, w] px; its px span [0, 1)."""
    half = np.float32(0.5)
    return cv2.remap(picture, x - half, y - half, how, borderMode=cv2.BORDER_CONSTANT, borderValue=(beyond,) * 4)
