"""Portraits: real pictures of the head, from which every face begins.

What is learnt in minutes is the mean of many faces, which is nobody's. So some heads of the person's own film are kept;
each pose is given the one whose landmarks are most alike, turned and moved to where they should be, and the close-ups'
generator corrects that rather than paint a face anew (not in the paper).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from dancekit.core import paths
from dancekit.core.compose import multiplied
from dancekit.core.crops import to_pixel_centres
from dancekit.core.skeleton import ARMS, HEAD, INDEX

CHANNELS = 4
"""Colour and alpha."""
ROOM = 1.25
"""Side of a portrait beside that of a close-up: heads are turned, and their middle is not always the close-up's."""
MARKS = tuple(INDEX[name] for name in (*HEAD, "left_shoulder", "right_shoulder"))
"""The landmarks by which a portrait is laid over a head."""
_WEIGHTS = np.array([1.0] * len(HEAD) + [0.05] * 2, np.float32)
"""How much each of them counts."""
_USUAL = 0.006
"""How far apart, in sides of a portrait, the landmarks of two heads usually are that look alike."""
_UPRIGHT = 0.02
"""A portrait that must be turned by a radian, or enlarged e times, is as unlike as if its landmarks were so far off."""
_APART = 0.5
"""Seconds within which two heads are one and the same: nothing can be learnt from the one about the other."""
_NEIGHBOURS, _SMALL, _FACE = 8, 40, 0.75
"""Each portrait is compared, at so many px, with so many others that are posed like it, in a disc of this width."""
_BY_THE_FACE, _DOUBTFUL = 0.4, 20.0
"""Arms that are so near to the middle of a portrait, in sides of it, make it that doubtful: they are seen with the
face, and would be wherever the portrait is laid. Heads of other films are often as unlike as that, and any portrait
without an arm is better then."""
_TWO = 0.25
"""How often training mixes two portraits, as painting does where one follows on another."""
_CHANGE, _MIXED = 2.0, 2
"""How much better another portrait must be, in sum, to be changed to; the change takes so many frames either way."""
_SMOOTH, _LEAST = 0.02, 32
"""How smoothly a portrait goes over into the next, in sides of it; smaller ones, px, are seen through each other."""
_PIECE = 1024
"""Heads that are compared at a time."""
_HELD = 0.6
"""How much of a correction to the colour of a portrait is left out. Heads of the film itself hardly look worse without
it, and those in poses far from all that was learnt much better."""
_TOO_FAR, _GIVEN_UP = 45.0, 10.0
"""Unlikeness beyond which a portrait tells nothing of a head; how much worse, in sum, it must be to be given up, or
better to be taken up again: half of a face over half of another is a ghost, so there is nothing between for long."""


class Head(NamedTuple):
    """A head on film. picture: uint8 [S, S, 4], colour and alpha. points: landmarks [J, 3] in its px. moment: seconds
    from the beginning of the film, and many more for each other film before."""

    picture: np.ndarray
    points: np.ndarray
    moment: float


class Portraits(NamedTuple):
    """Some of a person's heads.

    pictures: uint8 [N, S, S, 4], colour times alpha, and alpha. marks: float32 [N, P, 2], the landmarks MARKS in px of
    the pictures. doubts: float32 [N], how much less than others each is to be trusted, see `compare`.
    """

    pictures: np.ndarray
    marks: np.ndarray
    doubts: np.ndarray

    def only(self, places: Sequence[int] | np.ndarray) -> Portraits:
        """Some of them."""
        return Portraits(*(part[places] for part in self))


class Fits(NamedTuple):
    """How portraits would be laid over heads.

    turn, shift: complex64 [T, N], move a place z of a portrait to turn * z + shift (x + iy in px), by least squares
    over the landmarks. unlike: float32 [T, N], how unlike they still are; 1 is usual for two heads that look alike.
    """

    turn: np.ndarray
    shift: np.ndarray
    unlike: np.ndarray


def compare(portraits: Portraits, marks: np.ndarray) -> Fits:
    """Lay each portrait over each of the heads float32 [T, P, 2], in px of pictures of the same scale."""
    side = portraits.pictures.shape[1]
    (held, middle), (asked, there) = _centred(portraits.marks), _centred(marks)
    size = np.abs(held) ** 2 @ _WEIGHTS
    turn = (asked * _WEIGHTS) @ held.conj().T / size
    left = np.maximum((np.abs(asked) ** 2 @ _WEIGHTS)[:, None] - np.abs(turn) ** 2 * size, 0)
    bent = np.angle(turn) ** 2 + np.log(np.maximum(np.abs(turn), 1e-3)) ** 2
    unlike = (left / (_WEIGHTS.sum() * side**2) + _UPRIGHT**2 * bent) / _USUAL**2 + portraits.doubts
    return Fits(turn, there[:, None] - turn * middle, unlike.astype(np.float32))


def _centred(marks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks N x P x 2 as complex numbers from their weighted middle, N x P, and that middle, N."""
    places = (marks[..., 0] + 1j * marks[..., 1]).astype(np.complex64)
    middle = places @ _WEIGHTS / _WEIGHTS.sum()
    return places - middle[:, None], middle


def lay(picture: np.ndarray, turn: complex, shift: complex, side: int) -> np.ndarray:
    """A portrait uint8 [S, S, 4] where a fit puts it in a picture of so many px: uint8 [side, side, 4]."""
    matrix = np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
    return cv2.warpAffine(
        picture, to_pixel_centres(matrix), (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )


class Gallery(NamedTuple):
    """Portraits, and at which moment each was seen, float64 [N]: see Head."""

    portraits: Portraits
    moments: np.ndarray

    def lend(self, marks: np.ndarray, moment: float, side: int, random: np.random.Generator) -> np.ndarray:
        """What a close-up of a training frame begins with, uint8 [4, side, side]: the portrait most like it, sometimes
        mixed with the next best one, but none of about the same moment. marks: [P, 2] px of the close-up."""
        fits = compare(self.portraits, marks[None])
        same = np.abs(self.moments - moment) < _APART
        best = np.lexsort((fits.unlike[0], same))  # if all are of about that moment, better one of them than none
        two = random.random() < _TWO and (~same).sum() > 1
        shares = random.dirichlet((1.0, 1.0)) if two else np.ones(1)
        return _mixed(self.portraits.pictures, best[: len(shares)], shares, fits, side).transpose(2, 0, 1)


def _mixed(pictures: np.ndarray, which: np.ndarray, shares: np.ndarray, fits: Fits, side: int) -> np.ndarray:
    """Portraits mixed where the first of their fits puts them: uint8 [side, side, 4]."""
    laid = [lay(pictures[k], fits.turn[0, k], fits.shift[0, k], side) for k in which]
    result, total = laid[0], shares[0]
    for other, share in zip(laid[1:], shares[1:], strict=True):
        total += share
        result = _between(result, other, share / total)
    return result


def _between(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """A head on the way from one portrait to another, uint8 [side, side, 4] each: what is the same in both moves from
    where it is in the one to where it is in the other, so that no face is seen through another. share: the other's."""
    if min(one.shape[:2]) < _LEAST:
        return cv2.addWeighted(one, 1 - share, other, share, 0)
    here, there = (
        _moved(picture, _flow(picture, towards), part)
        for picture, towards, part in ((one, other, share), (other, one, 1 - share))
    )
    return cv2.addWeighted(here, 1 - share, there, share, 0)


def _flow(picture: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """How far each px of a portrait is from where the other has the same, float32 [side, side, 2]."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(1)
    grey = (cv2.cvtColor(one[..., :3] + (255 - one[..., 3:]) // 2, cv2.COLOR_RGB2GRAY) for one in (picture, towards))
    return cv2.GaussianBlur(search.calc(*grey, None), (0, 0), _SMOOTH * len(picture))  # type: ignore[call-overload]


def _moved(picture: np.ndarray, flow: np.ndarray, part: float) -> np.ndarray:
    """A portrait with each px moved by a part of its flow."""
    y, x = (np.arange(len(picture), dtype=np.float32) for _ in range(2))
    x, y = x - part * flow[..., 0], y[:, None] - part * flow[..., 1]
    return cv2.remap(picture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)


def gather(heads: Sequence[Head], many: int) -> Gallery:
    """Choose portraits among all heads: at most so many, which together are most like all of them."""
    pictures = np.stack([(multiplied(head.picture) + 0.5).astype(np.uint8) for head in heads])
    marks = np.stack([head.points[list(MARKS), :2] for head in heads]).astype(np.float32)
    moments = np.array([head.moment for head in heads], np.float64)
    apart = np.abs(moments[:, None] - moments) >= _APART
    all_of_them = Portraits(pictures, marks, np.zeros(len(heads), np.float32))
    doubts = _doubts(all_of_them, apart) + _DOUBTFUL * np.array([_arm_by_the_face(head) for head in heads])
    doubted = all_of_them._replace(doubts=doubts.astype(np.float32))
    chosen = paths.gather(compare(doubted, marks).unlike, many)
    return Gallery(doubted.only(chosen), moments[chosen])


def _arm_by_the_face(head: Head) -> bool:
    """Whether an arm is before a portrait's face, or next to it."""
    arms = head.points[np.array(ARMS), :2]
    between = (arms[:, :2] + arms[:, 1:3]) / 2
    side = len(head.picture)
    apart = np.linalg.norm(np.concatenate((arms[:, 1:], between), 1) - side / 2, axis=-1)
    return bool((apart < _BY_THE_FACE * side).any())


def _doubts(portraits: Portraits, apart: np.ndarray) -> np.ndarray:
    """How little each portrait looks like others that are posed like it, float32 [N], 0 for the usual: landmarks may
    have been amiss, or a hand before the face. apart: [N, N], which heads are not one and the same."""
    fits = compare(portraits, portraits.marks)
    scale = _SMALL / portraits.pictures.shape[1]
    small = [cv2.resize(picture, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA) for picture in portraits.pictures]
    places = np.arange(_SMALL) + 0.5 - _SMALL / 2
    face = np.hypot(places[:, None], places) < _SMALL * _FACE / 2
    off = np.full(len(small), np.nan, np.float32)
    for k, picture in enumerate(small):
        likest = np.argsort(np.where(apart[:, k], fits.unlike[:, k], np.inf))[:_NEIGHBOURS]
        pairs = [(lay(picture, fits.turn[j, k], fits.shift[j, k] * scale, _SMALL)[face], small[j][face])
                 for j in likest if apart[j, k]]  # fmt: skip
        if pairs:
            off[k] = np.median([np.abs(a.astype(np.float32) - b).mean() for a, b in pairs])
    usual = np.nanmedian(off) if np.isfinite(off).any() else 1.0
    return np.nan_to_num(off / max(usual, 1e-3) - 1, nan=0.0).astype(np.float32)


@dataclass(frozen=True)
class Sitting:
    """The heads of a film, and the portraits that they are given.

    marks: float32 [T, P, 2] px. chosen: int [T]. trust: float32 [T], from 0, where no portrait tells anything, to 1.
    first: the frame that is counted as number 0.
    """

    portraits: Portraits
    marks: np.ndarray
    chosen: np.ndarray
    trust: np.ndarray

    first: int = 0

    def since(self, first: int) -> Sitting:
        """The same, with frames counted from another one on."""
        return replace(self, first=self.first + first)

    def trusted(self, times: range) -> np.ndarray:
        """How far the portraits of these frames are to be trusted."""
        return self.trust[self.first + times.start : self.first + times.stop]

    def begin(self, time: int, corner: tuple[int, int], side: int) -> np.ndarray:
        """What the close-up of a frame with its left and top there begins with, uint8 [4, side, side]."""
        time += self.first
        which, shares = zip(*paths.mixed(self.chosen, time, _MIXED), strict=True)
        chosen = self.portraits.only(list(which))
        fits = compare(chosen, self.marks[time : time + 1] - np.array(corner, np.float32))
        return _mixed(chosen.pictures, np.arange(len(which)), np.array(shares), fits, side).transpose(2, 0, 1)


def sit(portraits: Portraits, marks: np.ndarray) -> Sitting:
    """Give each head of a film the portrait most like it, without changing from one to the next more than is worth it.

    marks: float32 [T, P, 2] px; heads that are not known, NaN, are given what those beside them have.
    """
    pieces = [compare(portraits, marks[first : first + _PIECE]).unlike for first in range(0, len(marks), _PIECE)]
    unlike = np.concatenate([np.zeros((0, len(portraits.doubts)), np.float32), *pieces])
    known = np.isfinite(unlike).all(1)
    unlike[~known] = 0
    chosen = paths.steady(unlike, _CHANGE)
    found = unlike[np.arange(len(unlike)), chosen]
    return Sitting(portraits, marks, chosen, _trust(found) * known)


def _trust(unlike: np.ndarray) -> np.ndarray:
    """How far portraits that are so unlike their heads, float32 [T], are to be trusted: wholly or not at all, but for a
    few frames before and after those where they are not."""
    given_up = paths.steady(np.stack((unlike, np.full_like(unlike, _TOO_FAR)), 1), _GIVEN_UP)
    trust = 1 - given_up.astype(np.float32)
    for _ in range(_MIXED):
        beside = np.pad(trust, 1, constant_values=1)
        trust = np.minimum(trust, np.minimum(beside[:-2], beside[2:]) + np.float32(1 / (_MIXED + 1)))
    return trust


def joined(window: Tensor, portraits: Tensor, coarse: int) -> tuple[Tensor, Tensor]:
    """What the close-ups' generator is given: all that it sees, and the first version that it corrects.

    window: N x C x h x w, pose windows at 1/coarse of the size. portraits: uint8 N x 4 x H x W, colour times alpha, and
    alpha. Returns N x (C + 4 * coarse^2) x h x w and N x 4 x H x W, colour in [-1, 1] and alpha in [0, 1].
    """
    share = portraits.float() / 255
    colour, alpha = share[:, :3], share[:, 3:]
    seen = torch.cat((2 * colour - alpha, alpha), 1)
    begun = torch.cat(((2 * colour / alpha.clamp_min(0.02) - 1).clamp(-1, 1) * (alpha > 0.02), alpha), 1)
    both = torch.cat((window, functional.pixel_unshuffle(seen, coarse).to(window.dtype)), 1)
    return both.contiguous(memory_format=torch.channels_last), begun


def held_back(made: Tensor, begun: Tensor) -> Tensor:
    """Close-ups with their corrections held back in colour where there is a portrait. made, begun: N x 4 x H x W."""
    colour, portrait = made[:, :3], begun[:, :3]
    return torch.cat((colour + _HELD * begun[:, 3:] * (portrait - colour), made[:, 3:]), 1)
