"""Following one person among several, and finding where a film cuts to another shot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from dancekit.core.skeleton import INDEX, J

_TORSO = [INDEX[name] for name in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")]
_RECENT = 48
"""Frames that show anybody for which it counts where she was last, and how long ago that was."""
_NEAR, _LOST = 1.0, 90
"""Torso lengths within which somebody is taken for the one who was there so many frames before, at the most."""
_SURE, _MOST = 0.6, 0.85
"""From which confidence on a landmark is surely seen, and the share of them that a person shows at the least."""
_JUMP = 12.0
"""Cost of moving by one's own torso length between frames, squared: people do not jump to where others stand."""
_ABSENCE = 0.4
"""Cost of each frame in which the person is taken to be hidden although others are seen."""
_AT = 0.5
"""How far from somebody a place may be at which she stands, see `beside`."""
_AT_ONCE = 4096
"""Small pictures that are compared at a time: those of an hour of film would take much memory at once."""


@dataclass(frozen=True)
class _Candidate:
    place: np.ndarray
    size: float
    reward: float
    points: np.ndarray


def corners(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(left and top, right and bottom) of somebody's landmarks [J, 3], px: [2] each."""
    return np.nanmin(points[:, :2], axis=0), np.nanmax(points[:, :2], axis=0)


def is_somebody(points: np.ndarray, tall: float) -> bool:
    """Whether landmarks float32 [J, 3] are of a person, near another one who is `tall` px high: not a chair, say, or
    that one's shadow. She is at least half as tall, and most of her is surely seen."""
    low, high = corners(points)
    return bool(high[1] - low[1] > 0.5 * tall and (points[:, 2] > _SURE).mean() > _MOST)


def follow(
    people: Sequence[Sequence[np.ndarray]],
    size: tuple[int, int],
    shots: Sequence[int],
    pick: tuple[float, float] | None = None,
) -> list[int | None]:
    """Which of the persons seen in each frame is the one to follow, or None.

    The steadiest, largest, most central and most moving person wins over the whole film (a best path by dynamic
    programming), not the one found first. With `pick`, the person who first stands at that place (px). Who is seen
    elsewhere at the same time is somebody else, and does not take her place, however long she is hidden.

    people: for each frame the landmarks float32 [J, 3] of everybody seen.
    """
    if max((len(seen) for seen in people), default=0) <= 1:
        return [0 if seen else None for seen in people]
    candidates = _candidates(people, size)
    if pick is not None:
        candidates = _with_pick(candidates, np.array(pick))
    return _best_path(candidates, set(shots))


def _candidates(people: Sequence[Sequence[np.ndarray]], size: tuple[int, int]) -> list[list[_Candidate]]:
    result: list[list[_Candidate]] = []
    for seen in people:
        before = result[-1] if result else []
        result.append([_candidate(points, size, before) for points in seen])
    return result


def _candidate(points: np.ndarray, size: tuple[int, int], before: list[_Candidate]) -> _Candidate:
    place = np.nanmean(points[_TORSO, :2], 0)
    length = float(np.linalg.norm(points[_TORSO[:2], :2].mean(0) - points[_TORSO[2:], :2].mean(0))) + 1e-3
    central = abs(place[0] / size[0] - 0.5)
    reward = 1.5 * np.log(length / size[1]) - central + 4 * _motion(points, place, length, before)
    return _Candidate(place, length, float(reward), points)


def _motion(points: np.ndarray, place: np.ndarray, length: float, before: list[_Candidate]) -> float:
    """How much the limbs move against the body since the frame before, in torso lengths."""
    near = [c for c in before if np.linalg.norm(c.place - place) < 0.5 * length]
    if not near:
        return 0.0
    nearest = min(near, key=lambda c: float(np.linalg.norm(c.place - place)))
    moved = (points[:, :2] - place) - (nearest.points[:, :2] - nearest.place)
    return float(min(np.nanmean(np.linalg.norm(moved, axis=1)) / length, 0.25))


def beside(points: np.ndarray, place: np.ndarray | tuple[float, float]) -> float:
    """How far a place (px) is from somebody's landmarks [J, 3], as a share of how tall or wide they are; 0 within."""
    low, high = corners(points)
    apart = np.linalg.norm(np.maximum(0, np.maximum(low - place, place - high)))
    return float(apart / max((high - low).max(), 1e-3))


def stands_at(points: np.ndarray, place: np.ndarray | tuple[float, float]) -> bool:
    """Whether somebody's landmarks [J, 3] are at a place (px), or near it."""
    return beside(points, place) <= _AT


def _with_pick(candidates: list[list[_Candidate]], pick: np.ndarray) -> list[list[_Candidate]]:
    """Make who first stands at the place worth any detour: sooner who it is within than who is near it."""
    apart = [min((beside(c.points, pick) for c in seen), default=np.inf) for seen in candidates]
    first = next((i for i, least in enumerate(apart) if least <= _AT), int(np.argmin(apart)))
    first = next((i for i in range(first, min(first + _RECENT, len(apart))) if not apart[i]), first)
    nearest = min(candidates[first], key=lambda c: (beside(c.points, pick), float(np.linalg.norm(c.place - pick))))
    chosen = [_Candidate(c.place, c.size, 1e6 if c is nearest else c.reward, c.points) for c in candidates[first]]
    return [*candidates[:first], chosen, *candidates[first + 1 :]]


def _best_path(candidates: list[list[_Candidate]], cuts: set[int]) -> list[int | None]:
    """Dynamic programming over (frame, person): rewards minus jumps and absences."""
    flat = [(t, index, c) for t, seen in enumerate(candidates) for index, c in enumerate(seen)]
    floor = min(c.reward for _, _, c in flat) - 1.0
    times = np.array([t for t, _, _ in flat])
    places = np.array([c.place for _, _, c in flat])
    sizes = np.array([c.size for _, _, c in flat])
    shot = np.searchsorted(np.array(sorted(cuts | {0})), times, side="right")
    order = np.unique(times, return_inverse=True)[1]
    who, since, until = _lines(candidates, cuts)
    best, parent = np.zeros(len(flat)), np.full(len(flat), -1)
    tops, leading, ended = dict[int, int](), dict[int, int](), -1
    for i, (t, _, candidate) in enumerate(flat):
        leading.setdefault(t, ended)  # the best of all lines that ended before this frame
        low, high = np.searchsorted(order, [order[i] - _RECENT, order[i]])
        best[i] = candidate.reward - floor
        earlier = slice(low, high)
        jump = np.linalg.norm(places[earlier] - candidate.place, axis=1) / np.maximum(sizes[earlier], candidate.size)
        pause, within = t - times[earlier] - 1, shot[earlier] == shot[i]
        total = best[earlier] - _ABSENCE * (order[i] - order[earlier] - 1)
        total -= np.where(within, _JUMP * jump**2 / (1 + pause), 0.0)
        total[within & (who[earlier] != who[i]) & (since[i] <= until[earlier]) & (jump > _NEAR)] = -np.inf
        gain, before = (total.max(), low + total.argmax()) if high > low else (0.0, -1)
        for long_ago in (leading[min(since[i], times[low])], tops.get(who[i], -1)):
            if long_ago >= 0 and best[long_ago] - _ABSENCE * _RECENT > gain:
                gain, before = best[long_ago] - _ABSENCE * _RECENT, long_ago
        if gain > 0:
            parent[i] = before
            best[i] += gain
        top = tops[who[i]] = max(tops.get(who[i], i), i, key=best.__getitem__)
        if until[i] == t and (ended < 0 or best[top] > best[ended]):
            ended = top
    return _walk_back(flat, best, parent, len(candidates))


def _lines(candidates: list[list[_Candidate]], cuts: set[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For everybody seen, one after the other: a number that those share who are one and the same, by where they were
    before, and the frames in which these were seen first and last."""
    there: dict[int, tuple[int, _Candidate]] = {}
    who, first, last_seen = list[int](), list[int](), list[int]()
    for t, seen in enumerate(candidates):
        there = {} if t in cuts else {one: last for one, last in there.items() if t - last[0] <= _LOST}
        near = sorted(
            (float(np.linalg.norm(c.place - last.place)) / max(c.size, last.size), one, index)
            for one, (_, last) in there.items()
            for index, c in enumerate(seen)
        )
        found, taken = dict[int, int](), set[int]()
        for apart, one, index in near:
            if apart <= _NEAR and index not in found and one not in taken:
                found[index] = one
                taken.add(one)
        for index, candidate in enumerate(seen):
            if index not in found:
                found[index] = len(first)
                first.append(t)
                last_seen.append(t)
            last_seen[found[index]] = t
            there[found[index]] = (t, candidate)
            who.append(found[index])
    return np.array(who), np.array(first)[who], np.array(last_seen)[who]


def _walk_back(
    flat: list[tuple[int, int, _Candidate]], best: np.ndarray, parent: np.ndarray, length: int
) -> list[int | None]:
    chosen: list[int | None] = [None] * length
    at = int(best.argmax())
    while at >= 0:
        t, index, _ = flat[at]
        chosen[t] = index
        at = int(parent[at])
    return chosen


def points_of(people: Sequence[Sequence[np.ndarray]], chosen: Sequence[int | None]) -> np.ndarray:
    """Landmarks float32 [T, J, 3] of the chosen person; NaN with confidence 0 where she is not seen."""
    nobody = np.full((J, 3), np.nan, np.float32)
    nobody[:, 2] = 0
    return np.stack([nobody if c is None else seen[c] for seen, c in zip(people, chosen, strict=True)])


def find_shots(thumbnails: np.ndarray) -> tuple[int, ...]:
    """First frame of each shot, from small pictures uint8 [T, h, w, 3]: where all of it changes at once."""
    if len(thumbnails) < 3:
        return (0,)
    change = np.concatenate([
        np.abs(np.diff(thumbnails[first : first + _AT_ONCE + 1].astype(np.int16), axis=0)).mean((1, 2, 3))
        for first in range(0, len(thumbnails) - 1, _AT_ONCE)
    ])  # fmt: skip
    around = np.stack(
        [
            np.pad(change, 6, mode="reflect" if len(change) > 6 else "edge")[o : o + len(change)]
            for o in (0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12)
        ]
    )
    usual = np.median(around, axis=0)
    cuts = np.flatnonzero((change > 18) & (change > 5 * usual + 4)) + 1
    return (0, *(int(cut) for cut in cuts))


def film_rectangle(frames: Sequence[np.ndarray]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what shows film, in px: rows and columns at the rim that stay black are bars."""
    brightest = reduce(np.maximum, frames).max(2)
    height, width = brightest.shape
    rows = np.flatnonzero(np.percentile(brightest, 98, axis=1) > 24)
    columns = np.flatnonzero(np.percentile(brightest, 98, axis=0) > 24)
    if len(rows) < height / 4 or len(columns) < width / 4:
        return 0, 0, width, height
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
