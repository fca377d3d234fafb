"""Limbs: the bars of the sketch (see core.sketch) that move as one chain, and places along them in any pose."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from dancekit.core import maps, sketch
from dancekit.core.sketch import BAR_NAMES

CELL = 2
"""Whose a px is, and how far it moves, is told for cells of so many px both ways."""
LIMBS = ("left arm", "right arm", "left hand", "right hand", "left leg", "right leg", "trunk")
"""What moves as a chain of bars, and may come from a picture of its own."""
HANDS = tuple(limb for limb, name in enumerate(LIMBS) if name.endswith("hand"))
"""Those of them that are hands."""
_KINDS = {"upper arm": "arm", "forearm": "arm", "hand": "hand", "thigh": "leg", "shin": "leg", "foot": "leg"}
_WRISTS = tuple((BAR_NAMES.index(f"{side} forearm"), BAR_NAMES.index(f"{side} hand")) for side in ("left", "right"))
"""The bars of forearm and hand on each side."""
_CLOSE = 6.0
"""How steeply, in squared widths, one bar of a limb gives way to the next at a joint."""


def limb_of(name: str) -> int:
    """The limb that a bar of such a name belongs to."""
    side, _, part = name.partition(" ")
    return LIMBS.index(f"{side} {_KINDS[part]}") if part in _KINDS else LIMBS.index("trunk")


LIMB = np.array([limb_of(name) for name in BAR_NAMES], np.uint8)
"""The limb of every bar; the head's is the trunk."""
MEMBERS = tuple(np.flatnonzero(limb == LIMB) for limb in range(len(LIMBS)))
"""The bars of every limb."""
_HAND_BARS = np.concatenate([MEMBERS[hand] for hand in HANDS])


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

    def hands_long(self) -> np.ndarray:
        """How long hands are, float32 ... x HANDS px."""
        return np.linalg.norm((self.ends - self.starts)[..., _HAND_BARS, :], axis=-1)

    def with_hands(self, long: np.ndarray) -> Bars:
        """Those of one pose with hands that are so long, float32 [HANDS] px."""
        ends, starts = self.ends.copy(), self.starts[_HAND_BARS]
        share = long / np.maximum(self.hands_long(), 1e-3)
        ends[_HAND_BARS] = starts + (ends[_HAND_BARS] - starts) * share[:, None]
        return self._replace(ends=ends)

    def moved(self, corner: tuple[int, int]) -> Bars:
        """The same, counted from another left and top, px."""
        away = np.array(corner, np.float32)
        return self._replace(starts=self.starts - away, ends=self.ends - away)


def bars_of(points: np.ndarray) -> Bars:
    """The bars of poses ... x J x 3 px."""
    found = sketch.bars(maps.segments(torch.from_numpy(points)))
    return Bars(*(part.numpy() for part in (*found, sketch.order(found.seen))))


def apart(bars: Bars, widths: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """How far every cell of a picture of (width, height) px is from each bar, in squared widths, float32 [BARS, h, w].
    widths: of the bars, float32 [BARS] px."""
    starts, ends = (torch.from_numpy(part / CELL)[None] for part in (bars.starts, bars.ends))
    squared = maps.squared_distances(starts, ends, (-(-size[0] // CELL), -(-size[1] // CELL)))[0].numpy()
    squared /= np.square(widths / CELL)[:, None, None]
    squared[bars.seen <= 0] = 1e6
    return squared


def deepest(bars: Bars, widths: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """How far every cell of a picture is from each bar, see apart, and the bar that it belongs to, int [h, w]."""
    squared = apart(bars, widths, size)
    bar = (squared + bars.behind[:, None, None]).argmin(0)
    for wrist in _WRISTS:
        _part(bar, bars, *wrist)
    return squared, bar


def _part(bar: np.ndarray, bars: Bars, forearm: int, hand: int) -> None:
    """Part hand and forearm at the wrist, half way between the ways they point, in place: by widths, half of a hand is
    in a wide sleeve. bar: see deepest."""
    rows, columns = np.nonzero((bar == forearm) | (bar == hand))
    if len(rows) and min(bars.seen[forearm], bars.seen[hand]) > 0:
        _, (right, down) = directions(bars.at(np.array([forearm, hand])))
        x, y = (place + 0.5 - wrist / CELL for place, wrist in zip((columns, rows), bars.starts[hand], strict=True))
        bar[rows, columns] = np.where(x * right.sum() + y * down.sum() > 0, hand, forearm)


class Chain(NamedTuple):
    """Where the cells of a box lie on the bars of one limb: weights float32 [P, h, w], how far each bar counts; inside
    and over, px along it, within its ends and beyond them; beside, px to its right; lengths [P] px."""

    weights: np.ndarray
    inside: np.ndarray
    over: np.ndarray
    beside: np.ndarray
    lengths: np.ndarray

    @staticmethod
    def of(bars: Bars, squared: np.ndarray, corner: tuple[int, int] = (0, 0)) -> Chain:
        """squared: [P, h, w] squared distances in widths. corner: the left and top of the box, in cells."""
        weights = np.exp(_CLOSE * np.maximum(squared.min(0) - squared, -50))
        weights /= weights.sum(0)
        lengths, (right, down) = directions(bars)
        y, x = (np.arange(n, dtype=np.float32) for n in squared.shape[1:])
        x = ((x + corner[0] + 0.5) * CELL)[None] - bars.starts[:, :1]
        y = ((y + corner[1] + 0.5) * CELL)[None] - bars.starts[:, 1:]
        along = (x * right)[:, None] + (y * down)[..., None]
        beside = (y * right)[..., None] - (x * down)[:, None]
        inside = np.clip(along, 0, lengths[:, None, None])
        return Chain(weights, inside, along - inside, beside, lengths)

    def found(self, bars: Bars) -> tuple[np.ndarray, np.ndarray]:
        """Where the same places lie in another pose, x and y float32 [h, w] px."""
        lengths, (right, down) = directions(bars)
        along = self.inside * (lengths / self.lengths)[:, None, None] + self.over
        right, down = right[..., None], down[..., None]
        x = bars.starts[:, :1, None] + along * right - self.beside * down
        y = bars.starts[:, 1:, None] + along * down + self.beside * right
        return (self.weights * x).sum(0), (self.weights * y).sum(0)


def directions(bars: Bars) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """The lengths [P] of bars, and their directions, right and down, [P, 1] each."""
    way = bars.ends - bars.starts
    lengths = np.maximum(np.linalg.norm(way, axis=-1), 1e-3)
    unit = way / lengths[:, None]
    return lengths, (unit[:, :1], unit[:, 1:])
