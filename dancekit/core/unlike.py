"""How unlike poses are, limb by limb: by this, frames to borrow from are kept, and chosen (see core.sources)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from dancekit.core import hands, maps, paths, sketch
from dancekit.core.limbs import LIMBS, MEMBERS, bars_of

_TRUNK = LIMBS.index("trunk")
_TILTED, _TURNED, _BEHIND, _HIDDEN = 0.3, 0.005, 0.001, 0.01
"""What makes pictures unlike beside the limb itself, all in squared body heights: a trunk posed otherwise (as a share
of how much), seen from the other side, a limb before the rest instead of behind it, and one that others hide."""
_UNCLEAR = 30.0
"""Arms are often smeared, or not where their landmarks are. One of which half looks as it should is as unlike as its
pose tells; from one of which all does to one of which nothing does, that rises to (1 + so many) times as much."""
_POOR, _ANY_HAND = 6.0, 0.003
"""The same for hands, beside the clearest. They are more alike than their poses are: with the second added before, a
clear one is taken even if it is turned otherwise."""
_OTHER_LENGTH, _PX = 0.02, 0.002
"""How unlike a hand is that is held towards the camera and one that is not; and a px, about, in body heights."""
_AROUND = 3
"""By how many frames either way a hand's length is steadied."""
_SMEARED = 1.5
"""How much a limb is unlike itself that moves, beside the square of how far it moves in a frame."""


class Poses(NamedTuple):
    """What poses are compared by: ways float32 [T, BARS, 2], the bars in body heights; fronts [T], see sketch.facing;
    behind [T, BARS], see sketch.order; known bool [T, BARS], which bars have both their ends."""

    ways: np.ndarray
    fronts: np.ndarray
    behind: np.ndarray
    known: np.ndarray


def poses_of(points: np.ndarray, body: float) -> Poses:
    """Landmarks T x J x 3 px by what they are compared by. body: body height, px."""
    bars = bars_of(points)
    fronts = sketch.facing(maps.segments(torch.from_numpy(points)))[:, 0].numpy()
    return Poses((bars.ends - bars.starts) / np.float32(body), fronts, bars.behind, bars.seen > 0)


def by_pose(held: Poses, shown: np.ndarray, asked: Poses) -> np.ndarray:
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


def unclear(clear: np.ndarray) -> np.ndarray:
    """How many times as unlike as its pose tells an arm is, by how clear it is seen, float32 [N] in 0..1."""
    return (1 + _UNCLEAR * (1 - clear)) / (1 + _UNCLEAR / 2)


def by_hand(held: Poses, asked: Poses, hand: int, clear: np.ndarray) -> np.ndarray:
    """How unlike each picture of a hand is in all that counts where one is chosen, float32 [T, N]: which way it points,
    how long it is, and which side of the body is seen. clear: how well each shows it, float32 [N] in 0..1."""
    (bar,) = MEMBERS[hand]
    apart = np.square(asked.ways[:, None, bar] - held.ways[:, bar]).sum(-1) * asked.known[:, bar, None]
    turned = _TURNED * np.square(asked.fronts[:, None] - held.fronts)
    here, there = (np.linalg.norm(one.ways[:, bar], axis=-1) / _PX for one in (asked, held))
    other = _OTHER_LENGTH * (1 - hands.as_long(here[:, None], there))
    return ((apart + turned + other + _ANY_HAND) * (1 + _POOR * (1 - clear))).astype(np.float32)


def hands_long(points: np.ndarray) -> np.ndarray:
    """How long each hand usually is around each of consecutive poses T x J x 3, float32 [T, HANDS] px: what landmarks
    say of a single one of them is often another thing."""
    long = bars_of(points).hands_long()
    if not len(long):
        return long
    around = np.pad(long, ((_AROUND, _AROUND), (0, 0)), mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(around, 2 * _AROUND + 1, 0), -1)


def gather_hands(
    points: np.ndarray, body: float, hand: int, kept: np.ndarray, clear: np.ndarray, many: int
) -> list[int]:
    """Choose pictures of a hand that are clear and together most like all poses T x J x 3 px: at most so many of those
    that may be kept, int [N]. clear: how well each of these shows it, float32 [N] in 0..1."""
    poses, held = (poses_of(some, body) for some in (points, points[kept]))
    return [int(kept[place]) for place in paths.gather(by_hand(held, poses, hand, clear), many)]


def gather(points: np.ndarray, body: float, many: int, smeared: np.ndarray | float = 0.0) -> list[int]:
    """Choose frames among poses T x J x 3 px: at most so many, which together are most like all of them. smeared: how
    much worse than its pose tells each limb of each is, in squared body heights, float32 [T, LIMBS]."""
    poses = poses_of(points, body)
    unlike = by_pose(poses, np.ones((len(points), len(LIMBS)), np.float32), poses).sum(0)
    return sorted(paths.gather(unlike + np.sum(smeared, -1), many))


def smears(before: np.ndarray, after: np.ndarray, body: float) -> np.ndarray:
    """How smeared each limb is by what it moves in a frame, in squared body heights, float32 [T, LIMBS].

    before, after: landmarks T x J x 3 px of the frames next to those in question. What is not known does not count.
    """
    moved = np.square(np.nan_to_num(paces(before, after)) / np.float32(body))
    return np.stack([_SMEARED * moved[:, members].max(1) for members in MEMBERS], 1)


def paces(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How far each bar moves in a frame, float32 [T, BARS] px, NaN where that is not known; see smears."""
    now, then = map(bars_of, (before, after))
    moved = [np.linalg.norm(two - one, axis=-1) for one, two in ((now.starts, then.starts), (now.ends, then.ends))]
    return np.where(np.minimum(now.seen, then.seen) > 0, np.maximum(*moved) / 2, np.nan)
