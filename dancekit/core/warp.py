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
from dancekit.core.limbs import CELL, HANDS, LIMB, MEMBERS, Bars, Chain, deepest, directions
from dancekit.core.sketch import BAR_NAMES
from dancekit.core.views import NOBODY, REACH, SHOWS, Source, zone_of

_SEAM, _FAINT = 5, 0.02
"""What one picture shows gives way to the next over so many px; weights below which nothing is known."""
_WHOLE = 0.96
"""Share of a limb's px that a picture must show for the next best one not to be asked for the others."""
_PALM = 0.2
"""Share of a palm that there must be: finger tips by themselves are no hand."""
_WRIST = 0.35
"""Share of a hand's length within which it gives way to the painted wrist: its light is that of another moment."""
_GROUND = np.array([name.split()[-1] in ("trunk", "thigh", "shin", "foot") for name in BAR_NAMES])
"""The bars that a hand may be laid over: not the face, which is drawn by itself, and no arms, whose own hands are."""

Mix = Sequence[tuple[Source, float]]
"""Pictures to mix, with the share of each."""


class Held(NamedTuple):
    """A hand that is to be seen as a picture has it, in a box of px, float32 [h, w] in 0..1 each: how far it is, and
    what is around it as well; where the hand is; and how far what is beneath it is known."""

    box: tuple[slice, slice]
    trusted: np.ndarray
    cover: np.ndarray
    ground: np.ndarray

    def shrunk(self, times: int) -> Held:
        """The same in a picture that is so many times as small."""
        rows, columns = (slice(side.start // times, -(-side.stop // times)) for side in self.box)
        room = [(side.start - small.start * times, small.stop * times - side.stop)
                for side, small in zip(self.box, (rows, columns), strict=True)]  # fmt: skip
        size = (columns.stop - columns.start, rows.stop - rows.start)
        parts = (cv2.resize(np.pad(part, room), size, interpolation=cv2.INTER_AREA) for part in self[1:])
        return Held((rows, columns), *parts)


class Laid(NamedTuple):
    """Pictures moved into a pose: uint8 [h, w, 4], colour times alpha, and alpha; how far that is known, float32 [h, w]
    in 0..1, 0 where no picture shows what is there; and the hands that are to be seen whatever is painted there."""

    picture: np.ndarray
    known: np.ndarray
    held: Sequence[Held] = ()


def lay(bars: Bars, widths: np.ndarray, size: tuple[int, int], given: Sequence[Sequence[Mix]]) -> Laid:
    """The person in a pose, put together from other pictures of her.

    Args:
        bars: of the pose, px of the result.
        widths: of the bars, float32 [BARS] px.
        size: (width, height) of the result, px.
        given: what to fetch each limb from, best first: the next are asked for what those before do not show.
    """
    pose = _Pose(bars, *deepest(bars, widths, size), given)
    limbs = np.where(np.take_along_axis(pose.squared, pose.bar[None], 0)[0] < REACH**2, LIMB[pose.bar], NOBODY)
    mixed, held = _Mixed.blank(limbs.shape), list[Held]()
    for limb in range(len(MEMBERS)):
        hand = _hold(mixed, pose, limb, size) if limb in HANDS else None
        if hand is None:
            _fetch(mixed, limbs == limb, pose, limb, given[limb])
        else:
            held.append(hand)
    picture, known = (part[: size[1], : size[0]] for part in (mixed.picture(), np.minimum(mixed.weights, 1)))
    return Laid(picture, known, held)


class _Pose(NamedTuple):
    """A pose to be laid: its bars; how far its cells are from each, and to which they belong, see limbs.deepest; and
    what each limb is fetched from, see lay."""

    bars: Bars
    squared: np.ndarray
    bar: np.ndarray
    given: Sequence[Sequence[Mix]]

    def within(self, box: tuple[slice, slice]) -> _Pose:
        """A part of it: a box of cells."""
        bars = self.bars.moved((box[1].start * CELL, box[0].start * CELL))
        return _Pose(bars, self.squared[:, *box], self.bar[box], self.given)


def _hold(into: _Mixed, pose: _Pose, hand: int, size: tuple[int, int]) -> Held | None:
    """Add a hand that is to be seen as it is anywhere, over the trunk or a leg where it is before those; None, and
    nothing is added, if it is not. size: (width, height) px of the result."""
    zone = zone_of(hand, pose.squared, pose.bar)
    box = _around(zone)
    if box is None:
        return None
    zone, pose, others = zone[box], pose.within(box), hands.OTHERS[hand]
    chain = Chain.of(pose.bars.at(MEMBERS[hand]), pose.squared[MEMBERS[hand]])
    trust = _trust(pose, hand, chain)
    if not hands.decided(trust[zone]).any():
        return None
    front, ground = _Mixed.blank(zone.shape), _ground(pose, hand)
    _fetch(front, np.ones_like(zone), pose, hand, pose.given[hand][:1], alone=True)
    cover, below = (part.total[..., 3] / 255 for part in (front, ground))
    mine, there = (cv2.resize(part, zone.shape[::-1], interpolation=cv2.INTER_AREA) * zone for part in (cover, below))
    there *= hands.alone(pose.squared, others[~_GROUND[others]], hands.ON)  # on arms and faces it is as it is painted
    free = np.maximum(hands.alone(pose.squared, others) * zone, there)
    palm = zone & (pose.squared[MEMBERS[hand]].min(0) < 1)
    share = min((part * free).sum() / max(part.sum(), 1e-6) for part in (zone, mine, palm))
    beyond = (chain.inside[0] + chain.over[0]) / (_WRIST * chain.lengths[0])
    trusted = hands.decided(trust * free * hands.kept(share)) * np.clip(beyond, 0, 1)
    if trusted.max() <= _FAINT or (mine * palm).sum() < _PALM * palm.sum():
        return None
    inside, trusted = (
        cv2.resize(cv2.blur(part, (3, 3)), below.shape[::-1]) for part in (zone.astype(np.float32), trusted)
    )
    trusted = np.minimum(trusted, np.maximum(2 * inside - 1, 0))  # beyond it is another limb, from elsewhere
    part = into.within(box)
    part.total[:] += inside[..., None] * (front.total + np.maximum(1 - cover, 0)[..., None] * ground.total)
    part.weights[:] += inside * np.maximum(front.weights, ground.weights)
    rows, columns = (slice(side.start, min(side.stop, most)) for side, most in zip(_px(box), size[::-1], strict=True))
    shape = np.s_[: rows.stop - rows.start, : columns.stop - columns.start]
    return Held((rows, columns), *(np.minimum(one, 1)[shape] for one in (trusted, inside * cover, inside * below)))


def _ground(pose: _Pose, hand: int) -> _Mixed:
    """What is beneath a hand: trunk and legs, where they are before the other bars."""
    others = hands.OTHERS[hand]
    ground, apart = _Mixed.blank(pose.bar.shape), pose.squared[others]
    first = others[(apart + pose.bars.behind[others, None, None]).argmin(0)]
    under = np.where(_GROUND[first] & (apart.min(0) < REACH**2), LIMB[first], NOBODY)
    for limb in set(under[under != NOBODY].tolist()):
        _fetch(ground, under == limb, pose, limb, pose.given[limb])
    return ground


def _trust(pose: _Pose, hand: int, chain: Chain) -> np.ndarray:
    """How far the best pictures of a hand may be seen as they are, by what they are themselves, float32 [h, w]. chain:
    the hand's."""
    trust = np.zeros(pose.bar.shape, np.float32)
    for source, share in pose.given[hand][0]:
        there = source.bars.at(MEMBERS[hand])
        x, y = chain.found(there)
        kept = source.trust[hand] * hands.as_long(chain.lengths.max(), directions(there)[0].max())
        trust += share * kept * _looked_up(source.around, x / CELL, y / CELL, cv2.INTER_LINEAR, 1)
    return trust


def _around(mine: np.ndarray) -> tuple[slice, slice] | None:
    """Rows and columns of the cells that are not 0, and of those next to them; None where there are none."""
    left, top, wide, high = cv2.boundingRect(mine.astype(np.uint8))
    if not wide:
        return None
    return slice(max(0, top - 1), top + high + 1), slice(max(0, left - 1), left + wide + 1)


def _px(box: tuple[slice, slice]) -> tuple[slice, slice]:
    """The rows and columns of px of a box of cells."""
    rows, columns = (slice(side.start * CELL, side.stop * CELL) for side in box)
    return rows, columns


class _Mixed(NamedTuple):
    """Pictures added up, float32 [H, W, 4], and the sum of their weights, float32 [H, W]."""

    total: np.ndarray
    weights: np.ndarray

    @staticmethod
    def blank(cells: tuple[int, ...]) -> _Mixed:
        """Nothing, in so many rows and columns of cells."""
        high, wide = (many * CELL for many in cells)
        return _Mixed(np.zeros((high, wide, 4), np.float32), np.zeros((high, wide), np.float32))

    def within(self, box: tuple[slice, slice]) -> _Mixed:
        """A part of it, which shares its memory: a box of cells."""
        return _Mixed(*(part[_px(box)] for part in self))

    def picture(self) -> np.ndarray:
        """Their mean, uint8 [H, W, 4], empty where nothing was added."""
        scale = np.where(self.weights > _FAINT, 1 / np.maximum(self.weights, _FAINT), np.float32(0))
        return cv2.multiply(self.total, cv2.merge([scale] * 4), dtype=cv2.CV_8U)


def _fetch(into: _Mixed, mine: np.ndarray, pose: _Pose, limb: int, given: Sequence[Mix], alone: bool = False) -> None:
    """Add a limb where cells are its own, bool [h, w]. given: what it is fetched from, see lay. alone: of hands, only
    as far as nothing else is beside them."""
    box, members = _around(mine), MEMBERS[limb]
    if box is None:
        return
    into, depth = into.within(box), pose.squared[members][:, *box]
    chain = Chain.of(pose.bars.at(members), depth, (box[1].start, box[0].start))
    large = into.weights.shape[::-1]
    left = cv2.resize(cv2.blur(mine[box].astype(np.float32), (3, 3)), large)
    core = (cv2.resize(depth.min(0), large) < 1) & (left > 0.5)
    enough = (1 - _WHOLE) * max(1, np.count_nonzero(core))
    for mixed in given:
        taken = np.zeros_like(left)
        for source, share in mixed:
            x, y = (cv2.resize(part, large) for part in chain.found(source.bars.at(members)))
            layers = _looked_up(source.layers, x / CELL, y / CELL, cv2.INTER_NEAREST, NOBODY)
            shows = cv2.blur(SHOWS[limb][layers].astype(np.float32), (_SEAM, _SEAM))
            weight = np.maximum(2 * shows - 1, 0) * left * np.float32(share)
            if alone:
                weight *= _looked_up(source.around, x / CELL, y / CELL, cv2.INTER_LINEAR, 1)
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
