"""Warping: a picture of the person moved into another pose, bone by bone (not in the paper).

Each px of a pose belongs to the bar of the sketch (see core.sketch) that it lies deepest in. How far along the bar it
lies, and how far beside it, tells where the same px was in a picture of another pose, and there it is fetched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch

from dancekit.core import maps, sketch
from dancekit.core.sketch import BAR_NAMES

CELL = 2
"""Whose a px is, and how far it moves, is told for cells of so many px both ways."""
LIMBS = ("left arm", "right arm", "left hand", "right hand", "left leg", "right leg", "trunk")
"""What moves as a chain of bars, and may come from a picture of its own."""
_KINDS = {"upper arm": "arm", "forearm": "arm", "hand": "hand", "thigh": "leg", "shin": "leg", "foot": "leg"}
_TRUNK = LIMBS.index("trunk")
_NOBODY = 255
_REACH = 2.2
"""Further from every bar than so many of its widths, nothing is fetched."""
_CLOSE = 6.0
"""How steeply, in squared widths, one bar of a limb gives way to the next at a joint."""
_SEAM, _FAINT = 5, 0.02
"""What one picture shows gives way to the next over so many px; weights below which nothing is known."""
_WHOLE = 0.96
"""Share of a limb's px that a picture must show for the next best one not to be asked for the others."""
_DOUBTFUL = np.float32(0.5)
"""How much it counts of a limb to look as it should where it crosses something else, which may look so as well."""
_CROWDED = 0.5
"""How much less clear a hand is that has something beside it all around, which would come along."""
_CORE, _FEW = 0.4, 4
"""Squared widths within which a bar surely shows its own colour, and how many such cells tell it."""
_BESIDE, _CLOSER = 9.0, 0.7
"""Beside an arm, something else is taken for what lies within so many of its own squared widths there, if that has its
colour: that many times as far from it as from the arm's at the most."""


def _limb_of(name: str) -> int:
    side, _, part = name.partition(" ")
    return LIMBS.index(f"{side} {_KINDS[part]}") if part in _KINDS else _TRUNK


LIMB = np.array([_limb_of(name) for name in BAR_NAMES], np.uint8)
"""The limb of every bar; the head's is the trunk."""
MEMBERS = tuple(np.flatnonzero(limb == LIMB) for limb in range(len(LIMBS)))
"""The bars of every limb."""
_LAYER = np.array([_limb_of(name.replace("hand", "forearm").replace("thigh", "trunk")) for name in BAR_NAMES], np.uint8)
"""What each bar hides or shows: hands belong to arms, and skirts and trousers hang from hips and thighs alike."""
_ARMS = tuple(LIMBS.index(f"{side} arm") for side in ("left", "right"))
_SHOWS = np.zeros((len(LIMBS), 256), bool)
"""Of every limb, which layers of a picture show it: a leg may be under the skirt, an arm is before the rest or not."""
for _limb, _name in enumerate(LIMBS):
    _SHOWS[_limb, LIMBS.index(_name.replace("hand", "arm"))] = True
    if _name.endswith("leg"):
        _SHOWS[_limb, _TRUNK] = _SHOWS[_TRUNK, _limb] = True


class Bars(NamedTuple):
    """The bars of poses: starts, ends float32 ... x BARS x 2 px, seen ... x BARS (0 where an end is missing), behind
    ... x BARS (see sketch.order)."""

    starts: np.ndarray
    ends: np.ndarray
    seen: np.ndarray
    behind: np.ndarray

    def at(self, place: int | np.ndarray) -> Bars:
        """Those of one pose; of one pose, some of them."""
        return Bars(*(part[place] for part in self))

    def moved(self, corner: tuple[int, int]) -> Bars:
        """The same, counted from another left and top, px."""
        away = np.array(corner, np.float32)
        return self._replace(starts=self.starts - away, ends=self.ends - away)


def bars_of(points: np.ndarray) -> Bars:
    """The bars of poses ... x J x 3 px."""
    found = sketch.bars(maps.segments(torch.from_numpy(points)))
    return Bars(*(part.numpy() for part in (*found, sketch.order(found.seen))))


class Source(NamedTuple):
    """A picture to fetch from: uint8 [h, w, 4], colour times alpha, and alpha; the bars of its pose, px; and which
    layer each cell of it shows, uint8 [h / CELL, w / CELL]."""

    picture: np.ndarray
    bars: Bars
    layers: np.ndarray


class Seen(NamedTuple):
    """How much of every limb a picture shows, float32 [LIMBS]: of its area, 0 where others hide all of it; and where
    that counts only as far as it is sure to be the limb: it looks as it should, and crosses nothing else."""

    shown: np.ndarray
    clear: np.ndarray


def source_of(picture: np.ndarray, bars: Bars, widths: np.ndarray, as_sketched: np.ndarray) -> tuple[Source, Seen]:
    """A picture uint8 [h, w, 4], colour times alpha, and alpha, ready to fetch from, and what is seen in it.

    bars: of its pose, px. widths: of the bars, px. as_sketched: how far each cell looks as it should, 0..1, float32
    [h / CELL, w / CELL].
    """
    squared, bar = _deepest(bars, widths, picture.shape[1::-1])
    small = cv2.resize(picture, bar.shape[::-1], interpolation=cv2.INTER_AREA)
    solid = small[..., 3] > 127
    layers = _layers(squared, bar, small, solid)
    shown, clear = np.zeros((2, len(LIMBS)), np.float32)
    for limb, members in enumerate(MEMBERS):
        depth, mine = squared[members].min(0), _SHOWS[limb][layers]
        core = depth < 1
        seen, all_of_it = core & solid & mine, max(1, core.sum())
        others = _LAYER[members[0]] != _LAYER
        doubtful = squared[others].min(0) < 1
        shown[limb] = seen.sum() / all_of_it
        clear[limb] = (as_sketched * np.where(doubtful, _DOUBTFUL, 1))[seen].sum() / all_of_it
        if LIMBS[limb].endswith("hand"):
            around = (LIMB[bar] == limb) & mine & ~core & (depth < _REACH**2)
            clear[limb] *= 1 - _CROWDED * solid[around].sum() / max(1, around.sum())
    return Source(picture, bars, layers), Seen(shown, clear)


def _layers(squared: np.ndarray, bar: np.ndarray, small: np.ndarray, solid: np.ndarray) -> np.ndarray:
    """Which layer each cell shows, uint8 [h, w]: that of the bar it belongs to. But what lies beside an arm, such as
    the trousers along which it hangs, is no arm if it looks like what is next to it.

    squared, bar: see _deepest. small: the picture, one px a cell. solid: bool [h, w], where somebody is.
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


def _deepest(bars: Bars, widths: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """How far every cell of a picture of (width, height) px is from each bar, in squared widths, float32 [BARS, h, w],
    and the bar that it belongs to, int [h, w]."""
    starts, ends = (torch.from_numpy(part / CELL)[None] for part in (bars.starts, bars.ends))
    squared = maps.squared_distances(starts, ends, (-(-size[0] // CELL), -(-size[1] // CELL)))[0].numpy()
    squared /= np.square(widths / CELL)[:, None, None]
    squared[bars.seen <= 0] = 1e6
    return squared, (squared + bars.behind[:, None, None]).argmin(0)


Mix = Sequence[tuple[Source, float]]
"""Pictures to mix, with the share of each."""


def lay(
    bars: Bars, widths: np.ndarray, size: tuple[int, int], given: Sequence[Sequence[Mix]]
) -> tuple[np.ndarray, np.ndarray]:
    """The person in a pose, put together from other pictures of her.

    Args:
        bars: of the pose, px of the result.
        widths: of the bars, float32 [BARS] px.
        size: (width, height) of the result, px.
        given: what to fetch each limb from, best first: the next are asked for what those before do not show.

    Returns:
        uint8 [height, width, 4], colour times alpha, and alpha; and how far that is known, float32 [height, width], 0
        where no picture shows what is there.
    """
    squared, bar = _deepest(bars, widths, size)
    depth = np.take_along_axis(squared, bar[None], 0)[0]
    limbs = np.where(depth < _REACH**2, LIMB[bar], _NOBODY)
    high, wide = limbs.shape
    mixed = _Mixed(
        np.zeros((high * CELL, wide * CELL, 4), np.float32), np.zeros((high * CELL, wide * CELL), np.float32)
    )
    for limb, members in enumerate(MEMBERS):
        mine = (limbs == limb).astype(np.float32)
        box = _around(mine)
        if box is not None:
            chain = _Chain.of(bars.at(members), squared[members][:, *box], (box[1].start, box[0].start))
            _fetch(mixed.within(box), cv2.blur(mine[box], (3, 3)), depth[box], chain, limb, given[limb])
    return mixed.picture()[: size[1], : size[0]], np.minimum(mixed.weights, 1)[: size[1], : size[0]]


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


class _Chain(NamedTuple):
    """Where the cells of a box lie on the bars of one limb: weights float32 [P, h, w], how far each bar counts; inside
    and over, px along it, within its ends and beyond them; beside, px to its right; lengths [P] px."""

    weights: np.ndarray
    inside: np.ndarray
    over: np.ndarray
    beside: np.ndarray
    lengths: np.ndarray

    @staticmethod
    def of(bars: Bars, squared: np.ndarray, corner: tuple[int, int]) -> _Chain:
        """squared: [P, h, w] squared distances in widths."""
        weights = np.exp(_CLOSE * np.maximum(squared.min(0) - squared, -50))
        weights /= weights.sum(0)
        lengths, (right, down) = _directions(bars)
        y, x = (np.arange(n, dtype=np.float32) for n in squared.shape[1:])
        x = ((x + corner[0] + 0.5) * CELL)[None] - bars.starts[:, :1]
        y = ((y + corner[1] + 0.5) * CELL)[None] - bars.starts[:, 1:]
        along = (x * right)[:, None] + (y * down)[..., None]
        beside = (y * right)[..., None] - (x * down)[:, None]
        inside = np.clip(along, 0, lengths[:, None, None])
        return _Chain(weights, inside, along - inside, beside, lengths)

    def found(self, bars: Bars) -> tuple[np.ndarray, np.ndarray]:
        """Where the same places lie in another pose, x and y float32 [h, w] px."""
        lengths, (right, down) = _directions(bars)
        along = self.inside * (lengths / self.lengths)[:, None, None] + self.over
        right, down = right[..., None], down[..., None]
        x = bars.starts[:, :1, None] + along * right - self.beside * down
        y = bars.starts[:, 1:, None] + along * down + self.beside * right
        return (self.weights * x).sum(0), (self.weights * y).sum(0)


def _directions(bars: Bars) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """The lengths [P] of bars, and their directions, right and down, [P, 1] each."""
    way = bars.ends - bars.starts
    lengths = np.maximum(np.linalg.norm(way, axis=-1), 1e-3)
    unit = way / lengths[:, None]
    return lengths, (unit[:, :1], unit[:, 1:])


def _fetch(into: _Mixed, mine: np.ndarray, depth: np.ndarray, chain: _Chain, limb: int, given: Sequence[Mix]) -> None:
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
