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
from dancekit.core.limbs import CELL, HANDS, LIMBS, bars_of
from dancekit.core.palette import Palette
from dancekit.core.sketch import Looks
from dancekit.core.unlike import Poses, by_hand, by_pose, hands_long, poses_of, unclear
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
_CHANGE, _OTHER_HAND, _MIXED = 0.01, 0.03, 2
"""How much better another picture must be, in sum, to be changed to, and one of another hand; the change takes so many
frames either way."""
_AT_LEAST = 0.25
"""How much a crisp hand that may not be seen as it is, is worth beside one that may."""
_SAME, _NEVER = 1.0, np.float32(1e4)
"""Added where the second choice would be the first once more; and how unlike pictures are that do not lend a limb."""
_CHANGES = [_OTHER_HAND if limb in HANDS else _CHANGE for limb in range(len(LIMBS))]
_PIECE = 2048
"""Poses for which frames are chosen at a time: an hour of film would take much memory at once."""


@dataclass(frozen=True, eq=False)
class Stills:
    """Source frames as they are kept: pictures uint8 [h, w, 4] each, colour times alpha, and alpha, cut to the person;
    points float32 [N, J, 3], landmarks in px of them. hands: the last pictures are cut to a hand (see
    core.hand_stills), to which limb each."""

    pictures: Sequence[np.ndarray]
    points: np.ndarray
    hands: Sequence[int] = ()

    @property
    def whole(self) -> int:
        """How many pictures show all of her: the first ones."""
        return len(self.pictures) - len(self.hands)

    def lending(self) -> np.ndarray:
        """Which limbs each lends, bool [LIMBS, N]: hands those that are cut to them, where there are such, and all else
        those that are not."""
        lends = np.repeat([[True] * self.whole + [False] * len(self.hands)], len(LIMBS), 0)
        lends[list(self.hands)] = False
        lends[list(self.hands), np.arange(self.whole, len(self.pictures))] = True
        return lends


class Ready(NamedTuple):
    """Frames that can be chosen and fetched from. shown, clear: float32 [N, LIMBS], see views.Seen, but hands are
    as clear as hands.rated has it. lends: see Stills."""

    sources: Sequence[Source]
    shown: np.ndarray
    clear: np.ndarray
    poses: Poses
    lends: np.ndarray


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
            views.source_of(picture, bars.at(place), widths, as_sketched(picture, points[place], self.looks))
            for place, picture in enumerate(pictures)
        ]
        sources, seen = zip(*made, strict=True)
        shown, clear, alone, found = np.stack(seen, 1)
        trust, lends = np.zeros_like(clear), self.stills.lending()
        for hand in HANDS:
            own = np.flatnonzero(lends[hand])
            crisp = hands.crispness(found[own, hand])
            trust[own, hand] = hands.kept(alone[own, hand], crisp)
            clear[own, hand] = hands.rated(clear[own, hand] * (_AT_LEAST * crisp + trust[own, hand] ** 2))
        sources = [source._replace(trust=one) for source, one in zip(sources, trust, strict=True)]
        return Ready(sources, shown, clear, poses_of(points, self.body), lends)

    @cached_property
    def palette(self) -> Palette:
        """The colours that she shows in these frames (half a second's work)."""
        whole = self.stills.pictures[: self.stills.whole]
        return Palette.measure(zip(whole, self.stills.points[: len(whole)], strict=True), self.body)

    def unlike(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How unlike each of these frames each limb of poses T x J x 3 (px) is, float32 [LIMBS, T, N]: by its pose, and
        in all that counts where its own frame is chosen."""
        asked = poses_of(points, self.body)
        posed = by_pose(self.ready.poses, self.ready.shown, asked)
        own = posed.copy()
        for limb in _ARMS:
            clear = self.ready.clear[:, limb]
            if limb in HANDS:
                own[limb] = by_hand(self.ready.poses, asked, limb, clear)
            else:
                own[limb] *= unclear(clear)
        lends = self.ready.lends[:, None]
        return np.where(lends, posed, _NEVER), np.where(lends, own, _NEVER)

    def choose(self, points: np.ndarray) -> Choice:
        """Give each pose of a dance, T x J x 3 px, the frames that trunk and limbs are borrowed from."""
        pieces = [
            self._first_and_second(points[first : first + _PIECE]) for first in range(0, max(1, len(points)), _PIECE)
        ]
        first, second = np.concatenate(pieces, 2)
        return Choice(self, points, first, second, hands_long(points))

    def _first_and_second(self, points: np.ndarray) -> np.ndarray:
        """The first and the second choice for poses T x J x 3 px: int [2, LIMBS, T]."""
        posed, unlike = self.unlike(points)
        first = _chosen(posed, unlike)
        for limb, chosen in enumerate(first):
            unlike[limb, np.arange(len(chosen)), chosen] += _SAME
        return np.stack((first, [paths.steady(one, _CHANGES[limb]) for limb, one in enumerate(unlike)]))


def as_sketched(picture: np.ndarray, points: np.ndarray, looks: Looks) -> np.ndarray:
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
            chosen[limb] = paths.steady(unlike[limb] + dearer * others, _CHANGES[limb])
    return chosen


def _weights(of: Mapping[str, float]) -> np.ndarray:
    """Numbers that are told per kind of limb for every limb, float32 [LIMBS]."""
    return np.array([of[name.split()[-1]] for name in LIMBS], np.float32)


@dataclass(frozen=True)
class Choice:
    """The frames that a dance borrows from: for every limb the best, and the next, int [LIMBS, T] each. long: how long
    hands are around each time, see unlike.hands_long."""

    sources: Sources
    points: np.ndarray
    first: np.ndarray
    second: np.ndarray
    long: np.ndarray
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
        return Borrowed(self.points[time], self.sources.looks, given, self.long[time])

    def _given(self, chosen: np.ndarray, time: int) -> Mix:
        return [(self.sources.ready.sources[place], share) for place, share in paths.mixed(chosen, time, _MIXED)]


class Borrowed(NamedTuple):
    """What one pose borrows: its landmarks [J, 3] px, the person's looks, in px, what each limb is fetched from, see
    warp.lay, and how long its hands are to be, float32 [HANDS] px."""

    points: np.ndarray
    looks: Looks
    given: Sequence[Sequence[Mix]]
    long: np.ndarray

    def laid(self, corner: tuple[int, int], size: tuple[int, int]) -> Laid:
        """The frames moved into the pose, in a picture of so many px with its left and top there, see warp.lay."""
        bars = bars_of(self.points).with_hands(self.long).moved(corner)
        return warp.lay(bars, self.looks.widths.numpy(), size, self.given)

    def sketched(self, corner: tuple[int, int], size: tuple[int, int], coarse: int) -> Sketched:
        """The sketch of the pose in such a picture at 1/coarse of its size."""
        return _sketched(self.points - np.array([*corner, 0], np.float32), self.looks, size, coarse)
