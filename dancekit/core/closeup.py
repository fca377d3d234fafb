"""Close-ups: the face, painted larger than the rest by a generator of its own.

People look at faces first, and in a picture of a whole body a face is some twenty px high: too few to be anybody's.
Everybody Dance Now (Chan et al. 2019) corrects the face of a finished picture; here a copy of stage I's generator goes
on learning from windows around the head in pictures several times as large, where the lines of a pose, as thin as in
the others, tell where eyes and mouth are, and what it paints is laid over the rest (not in the paper).
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from dancekit.core.skeleton import INDEX

_ROOM = 0.21
"""Side of a close-up as a share of the body height: hair and collar are in it."""
_HEAD = [INDEX[name] for name in ("nose", "left_ear", "right_ear")]
_RIM = 0.07
"""Width of the soft rim of an arm, as a share of a close-up's side."""
_BEFORE, _HAND_BEFORE = (0.75, 0.85), (0.85, 0.9)
"""Confidence of an arm's landmarks up to which it may be behind the face, and beyond which it is plainly before it;
and that of the wrist, which tells so of a hand: of fingers landmarkers are never as sure."""
_FACE = 0.35, 0.6
"""Shares of a close-up's half side: within the first is the face, which an arm seldom hides, beyond the second none."""
_HANDS = [INDEX[f"{side}_index"] for side in ("left", "right")]
_ARMS = [
    (INDEX[f"{side}_{start}"], INDEX[f"{side}_{end}"], begin, stop, half)
    for side in ("left", "right")
    for start, end, begin, stop, half in (
        ("shoulder", "elbow", 0.4, 1.0, 0.15),
        ("elbow", "wrist", 0.0, 1.0, 0.11),
        ("wrist", "index", 0.0, 1.5, 0.09),
    )
]
"""Landmarks that an arm goes through, from where to where between them, and its half width as a share of a close-up's
side: a collar is no arm, fingers go on beyond their knuckles. No wider than that, or what the picture shows of softer,
wider hair is seen beside an arm."""


def side(body: float, multiple: int) -> int:
    """Side in px of a close-up in which the body would be `body` px tall; a multiple of what generators need."""
    return -(-round(body * _ROOM) // multiple) * multiple


def middle(points: np.ndarray) -> np.ndarray:
    """The middle of the head of landmarks ... x J x 3: ... x 2 px, NaN where it is not known."""
    return points[..., _HEAD, :2].mean(-2)


def corner(point: np.ndarray, side: int) -> tuple[int, int]:
    """Left and top of a close-up around a point, px; it may reach beyond the picture."""
    left, top = np.round(point - side / 2).astype(int)
    return int(left), int(top)


def inside(points: np.ndarray, times: int, corner: tuple[int, int]) -> np.ndarray:
    """Landmarks ... x J x 3 of a picture, in px of a close-up in one so many times as large."""
    return points * np.array([times, times, 1], np.float32) - np.array([*corner, 0], np.float32)


def beside_arms(points: np.ndarray, side: int) -> np.ndarray:
    """What counts of a close-up where arms come to the head, float32 [side, side]: nothing on the arms, but for the
    face where they are not plainly before it, and all beside them.

    Films seldom show that, and the whole picture, which knows where arms go, is the better guess. points: landmarks
    [J, 3] in px of the close-up.
    """
    arms, before = (np.zeros((side, side), np.uint8) for _ in range(2))
    rim, (seen, held) = max(1, round(_RIM * side)), (ramp(points[:, 2], *sure) for sure in (_BEFORE, _HAND_BEFORE))
    for start, end, begin, stop, half in _ARMS:
        a, b = points[start, :2], points[end, :2]
        if np.isfinite(a + b).all():
            first, last = (tuple(np.rint((a + share * (b - a)) * 16).astype(int).tolist()) for share in (begin, stop))
            width, plain = max(1, round(2 * half * side)), held[start] if end in _HANDS else min(seen[start], seen[end])
            for drawn, value, wide in ((arms, 1, width + rim), (before, plain, width)):
                line = cv2.line(np.zeros_like(drawn), first, last, round(255 * float(value)), wide, cv2.LINE_8, 4)
                np.maximum(drawn, line, out=drawn)
    beside, clear = (1 - cv2.blur(drawn, (rim, rim)).astype(np.float32) / 255 for drawn in (arms, before))
    return np.maximum(beside, within(side, *_FACE) * clear)


def cut(picture: np.ndarray, corner: tuple[int, int], side: int) -> np.ndarray:
    """A close-up [side, side, ...] out of a picture [h, w, ...], with zeros beyond it."""
    result = np.zeros((side, side, *picture.shape[2:]), picture.dtype)
    here, there = shared(corner, side, picture)
    result[here] = picture[there]
    return result


def shared(corner: tuple[int, int], side: int, picture: np.ndarray) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """What a close-up shares with a picture: rows and columns of the close-up, and the same px in the picture."""
    here, there = [], []
    for first, size in zip(corner[::-1], picture.shape[:2], strict=True):
        start = min(max(first, 0), size)
        end = max(start, min(first + side, size))
        here.append(slice(start - first, end - first))
        there.append(slice(start, end))
    return tuple(here), tuple(there)


@cache
def within(side: int, whole: float, nothing: float, higher: float = 0.0) -> np.ndarray:
    """A disc that is 1 within one share of the half side and falls to 0 at another, with its middle a third share
    higher than the close-up's: float32 [side, side]."""
    apart = (np.arange(side, dtype=np.float32) + 0.5) * 2 / side - 1
    return 1 - ramp(np.hypot(apart[:, None] + higher, apart), whole, nothing)


def ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 up to one value, smoothly rising to 1 at another, as values, float32."""
    share = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return share * share * (3 - 2 * share)
