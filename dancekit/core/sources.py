"""Source frames: pictures of the person on her film, from which every pose borrows what she looks like close to.

Networks that learn for minutes paint a person whole but soft. The film shows her sharp, in other poses: some of its
frames are kept, each pose of a dance is given those in which trunk and limbs are posed most like it, and core.warp
moves them there (not in the paper; few-shot motion transfer, such as Liu et al. 2019, warps a source likewise).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np
import torch

from dancekit.core import detail, hands, maps, paths, sketch, views, warp
from dancekit.core.detail import Sketched
from dancekit.core.limbs import CELL, HANDS, LIMBS, MEMBERS, Bars, bars_of
from dancekit.core.palette import Palette
from dancekit.core.sketch import Looks
from dancekit.core.views import Source
from dancekit.core.warp import Laid, Mix

_TRUNK = LIMBS.index("trunk")
_ARMS = [limb for limb, name in enumerate(LIMBS) if "leg" not in name and limb != _TRUNK]
_HELD_BY = [LIMBS.index(name.replace("hand", "arm")) if "hand" in name else _TRUNK for name in LIMBS]
"""The limb that each hangs on."""
_WITH = {"arm": 0.25, "hand": 0.0, "leg": 0.5, "trunk": 1.0}
"""How much the pose of each limb counts where the trunk's picture is chosen: clothes move with all of them."""
_OTHERWISE = {"arm": 0.001, "hand": 0.001, "leg": 0.002, "trunk": 0.0}
"""How much better another picture than the trunk's must be for a limb: sleeves and skirts then match."""
_TILTED, _TURNED, _BEHIND, _HIDDEN = 0.3, 0.005, 0.001, 0.01
"""What makes pictures unlike beside the limb itself, all in squared body heights: a trunk posed otherwise (as a share
of how much), seen from the other side, a limb before the rest instead of behind it, and one that others hide."""
_CHANGE, _MIXED = 0.01, 2
"""How much better another picture must be, in sum, to be changed to; the change takes so many frames either way."""
_UNCLEAR, _ANY_HAND = 30.0, 0.01
"""Arms and hands are often smeared, or not where their landmarks are. One of which half looks as it should is as unlike
as its pose tells; from one of which all does to one of which nothing does, that rises to (1 + so many) times as much.
Hands are more alike than their poses are: with that added before, a clear one is taken even if it is turned otherwise.
"""
_SAME = 1.0
"""Added where the second choice would be the first once more."""
_SMEARED = 1.5
"""How much a limb is unlike itself that moves, beside the square of how far it moves in a frame."""
_PIECE = 2048
"""Poses for which frames are chosen at a time: an hour of film would take much memory at once."""


@dataclass(frozen=True, eq=False)
class Stills:
    """Source frames as they are kept: pictures uint8 [h, w, 4] each, colour times alpha, and alpha, cut to the person;
    points float32 [N, J, 3], landmarks in px of them."""

    pictures: Sequence[np.ndarray]
    points: np.ndarray


class _Poses(NamedTuple):
    """What poses are compared by: ways float32 [T, BARS, 2], the bars in body heights; fronts [T], see sketch.facing;
    behind [T, BARS], see sketch.order; known bool [T, BARS], which bars have both their ends."""

    ways: np.ndarray
    fronts: np.ndarray
    behind: np.ndarray
    known: np.ndarray


def _poses(points: np.ndarray, bars: Bars, body: float) -> _Poses:
    fronts = sketch.facing(maps.segments(torch.from_numpy(points)))[:, 0].numpy()
    return _Poses((bars.ends - bars.starts) / np.float32(body), fronts, bars.behind, bars.seen > 0)


class Ready(NamedTuple):
    """Frames that can be chosen and fetched from. shown, clear: float32 [N, LIMBS], see views.Seen, but hands are
    as clear as hands.rated has it."""

    sources: Sequence[Source]
    shown: np.ndarray
    clear: np.ndarray
    poses: _Poses


@dataclass(frozen=True)
class Sources:
    """Frames to borrow from, which are got ready when a dance first asks for them (a hundred take about a second).

    looks: of the person, in px of the pictures. body: body height, px of them.
    """

    stills: Stills
    looks: Looks
    body: float

    @cached_property
    def ready(self) -> Ready:
        """The frames, and what is known of them."""
        pictures, points = self.stills.pictures, self.stills.points
        bars, widths = bars_of(points), self.looks.widths.numpy()
        made = [
            views.source_of(picture, bars.at(place), widths, _as_sketched(picture, points[place], self.looks))
            for place, picture in enumerate(pictures)
        ]
        sources, seen = zip(*made, strict=True)
        shown, clear, alone, found = np.stack(seen, 1)
        trust = np.zeros_like(clear)
        for hand in HANDS:
            clear[:, hand], crisp = hands.rated(clear[:, hand], found[:, hand])
            trust[:, hand] = hands.kept(alone[:, hand], crisp)
        sources = [source._replace(trust=one) for source, one in zip(sources, trust, strict=True)]
        return Ready(sources, shown, clear, _poses(points, bars, self.body))

    @cached_property
    def palette(self) -> Palette:
        """The colours that she shows in these frames (half a second's work)."""
        return Palette.measure(zip(self.stills.pictures, self.stills.points, strict=True), self.body)

    def unlike(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How unlike each of these frames each limb of poses T x J x 3 (px) is, float32 [LIMBS, T, N]: by its pose, and
        in all that counts where its own frame is chosen."""
        asked = _poses(points, bars_of(points), self.body)
        posed = _unlike(self.ready.poses, self.ready.shown, asked)
        own = posed.copy()
        for limb in _ARMS:
            unclear = (1 + _UNCLEAR * (1 - self.ready.clear[:, limb])) / (1 + _UNCLEAR / 2)
            own[limb] = (posed[limb] + _ANY_HAND * LIMBS[limb].endswith("hand")) * unclear
        return posed, own

    def choose(self, points: np.ndarray) -> Choice:
        """Give each pose of a dance, T x J x 3 px, the frames that trunk and limbs are borrowed from."""
        pieces = [
            self._first_and_second(points[first : first + _PIECE]) for first in range(0, max(1, len(points)), _PIECE)
        ]
        first, second = np.concatenate(pieces, 2)
        return Choice(self, points, first, second)

    def _first_and_second(self, points: np.ndarray) -> np.ndarray:
        """The first and the second choice for poses T x J x 3 px: int [2, LIMBS, T]."""
        posed, unlike = self.unlike(points)
        first = _chosen(posed, unlike)
        for limb, chosen in enumerate(first):
            unlike[limb, np.arange(len(chosen)), chosen] += _SAME
        return np.stack((first, [paths.steady(one, _CHANGE) for one in unlike]))


def _unlike(held: _Poses, shown: np.ndarray, asked: _Poses) -> np.ndarray:
    """How unlike each frame that is held each limb of the poses asked for is by its pose, float32 [LIMBS, T, N]. Where
    landmarks are missing, what is known of the limb decides."""
    known = asked.known.astype(np.float32)
    apart = np.square(asked.ways[:, None] - held.ways).sum(-1)
    behind = _BEHIND * np.square(asked.behind[:, None] - held.behind)

    def mean(of: np.ndarray, members: np.ndarray) -> np.ndarray:
        """Of [T, N, BARS], over the known ones of some bars."""
        count = np.maximum(known[:, members].sum(-1), 1)
        return (of[..., members] * known[:, None, members]).sum(-1) / count[:, None]

    both = _TILTED * mean(apart, MEMBERS[_TRUNK]) + _TURNED * np.square(asked.fronts[:, None] - held.fronts)
    return np.stack([
        mean(apart, members) + mean(behind, members) + both + _HIDDEN * (1 - shown[:, limb])
        for limb, members in enumerate(MEMBERS)
    ]).astype(np.float32)  # fmt: skip


def _as_sketched(picture: np.ndarray, points: np.ndarray, looks: Looks) -> np.ndarray:
    """How much a frame uint8 [h, w, 4], colour times alpha, and alpha, looks as its sketch does in every cell, 0..1,
    float32 [h / CELL, w / CELL]. points: landmarks [J, 3] in px of it."""
    size = (-(-picture.shape[1] // CELL), -(-picture.shape[0] // CELL))
    sketched = _sketched(points, looks, (size[0] * CELL, size[1] * CELL), CELL).picture
    return detail.alike_sketch(cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32), sketched)


def _sketched(points: np.ndarray, looks: Looks, size: tuple[int, int], coarse: int) -> Sketched:
    """The sketch of a pose [J, 3] px in a picture of so many px at 1/coarse of its size."""
    pose = maps.segments(torch.from_numpy(points))
    drawn, arms, hands = sketch.draw_with_arms(pose, looks, size, coarse)
    colour, cover = drawn[:3], drawn[3:]
    rough = torch.cat(((colour + cover) * 127.5, cover * 255)).permute(1, 2, 0)
    return Sketched(rough.numpy(), arms.numpy(), hands.numpy())


def _chosen(posed: np.ndarray, unlike: np.ndarray) -> np.ndarray:
    """The frame for every limb and time, int [LIMBS, T]. Both: see Sources.unlike."""
    chosen = np.zeros(unlike.shape[:2], np.int64)
    chosen[_TRUNK] = paths.steady(np.tensordot(_weights(_WITH), posed, 1), _CHANGE)
    for limb, dearer in enumerate(_weights(_OTHERWISE)):
        if limb != _TRUNK:
            others = chosen[_HELD_BY[limb]][:, None] != np.arange(unlike.shape[2])
            chosen[limb] = paths.steady(unlike[limb] + dearer * others, _CHANGE)
    return chosen


def _weights(of: Mapping[str, float]) -> np.ndarray:
    """Numbers that are told per kind of limb for every limb, float32 [LIMBS]."""
    return np.array([of[name.split()[-1]] for name in LIMBS], np.float32)


@dataclass(frozen=True)
class Choice:
    """The frames that a dance borrows from: for every limb the best, and the next, int [LIMBS, T] each."""

    sources: Sources
    points: np.ndarray
    first: np.ndarray
    second: np.ndarray
    begin: int = 0
    """The pose that is counted as number 0."""

    def since(self, begin: int) -> Choice:
        """The same, with poses counted from another one on."""
        return replace(self, begin=self.begin + begin)

    def at(self, time: int) -> Borrowed:
        """What one pose borrows."""
        time += self.begin
        given = [[self._given(chosen[limb], time) for chosen in (self.first, self.second)]
                 for limb in range(len(LIMBS))]  # fmt: skip
        return Borrowed(self.points[time], self.sources.looks, given)

    def _given(self, chosen: np.ndarray, time: int) -> Mix:
        return [(self.sources.ready.sources[place], share) for place, share in paths.mixed(chosen, time, _MIXED)]


class Borrowed(NamedTuple):
    """What one pose borrows: its landmarks [J, 3] px, the person's looks, in px, and what each limb is fetched from,
    see warp.lay."""

    points: np.ndarray
    looks: Looks
    given: Sequence[Sequence[Mix]]

    def laid(self, corner: tuple[int, int], size: tuple[int, int]) -> Laid:
        """The frames moved into the pose, in a picture of so many px with its left and top there, see warp.lay."""
        return warp.lay(bars_of(self.points).moved(corner), self.looks.widths.numpy(), size, self.given)

    def sketched(self, corner: tuple[int, int], size: tuple[int, int], coarse: int) -> Sketched:
        """The sketch of the pose in such a picture at 1/coarse of its size."""
        return _sketched(self.points - np.array([*corner, 0], np.float32), self.looks, size, coarse)


def gather(points: np.ndarray, body: float, many: int, smeared: np.ndarray | float = 0.0) -> list[int]:
    """Choose frames among poses T x J x 3 px: at most so many, which together are most like all of them. smeared: how
    much worse than its pose tells each limb of each is, in squared body heights, float32 [T, LIMBS]."""
    poses = _poses(points, bars_of(points), body)
    unlike = _unlike(poses, np.ones((len(points), len(LIMBS)), np.float32), poses).sum(0)
    return sorted(paths.gather(unlike + np.sum(smeared, -1), many))


def smears(before: np.ndarray, after: np.ndarray, body: float) -> np.ndarray:
    """How smeared each limb is by what it moves in a frame, in squared body heights, float32 [T, LIMBS].

    before, after: landmarks T x J x 3 px of the frames next to those in question. What is not known does not count.
    """
    ways = [np.stack((bars.starts, bars.ends)) / np.float32(2 * body) for bars in map(bars_of, (before, after))]
    moved = np.nan_to_num(np.square(ways[1] - ways[0]).sum(-1).max(0))
    return np.stack([_SMEARED * moved[:, members].max(1) for members in MEMBERS], 1)
