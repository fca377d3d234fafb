"""Dances: seeded, timed to beats, smooth and joint-limited motion that any body can do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import numpy as np

from dancekit.core.body import ARM_LIMITS, CHANNEL, LIMITS, SIDES, Motion, eased, smooth
from dancekit.core.repertoire import ARMS, STEPS, L, R, Step

Item = TypeVar("Item")
Tracks = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Style:
    """A way of moving: how often each arm family and each step comes up, and how it is done.

    keys: beats between arm shapes. groove: size of the bounce. flow: 0 stops in every shape, 1 glides through. trunk:
    size of bends in degrees. tempo: beats per minute, from and to. facing: headings to turn to, degrees from the front;
    none means any. room: how far to stray from the start, in leg lengths. size: of the steps.
    """

    arms: Mapping[str, float]
    steps: Mapping[str, float]
    keys: tuple[float, ...] = (1, 2, 2)
    groove: float = 1.0
    flow: float = 0.4
    trunk: float = 9.0
    tempo: tuple[float, float] = (85.0, 130.0)
    facing: tuple[float, ...] = ()
    room: float = 2.5
    size: float = 1.0


BASIC = {"step": 3, "tap": 2, "tap back": 1, "cross": 2, "sway": 2, "wide": 2, "turn": 1.5}
BIG = {"squat": 1, "lunge": 2, "stride": 1, "kick": 1.5, "side kick": 1, "knee": 1.5, "jump": 1, "heel": 1}
GRACE = {"plie": 2, "passe": 2, "arabesque": 3, "kick": 2, "side kick": 2, "step": 2, "spin": 1, "lunge": 1, "turn": 1}
DRILL = {"squat": 3, "jack": 4, "lunge": 3, "knee": 3, "kick": 2, "stride": 2, "turn": 1}
STYLES: dict[str, Style] = {
    "talk": Style({"rest": 3, "gesture": 5}, {"stand": 6, "sway": 2, "step": 1, "turn": 1}, (1, 1, 2, 3), 0.15, 0.3, 4),
    "groove": Style({"rest": 2, "gesture": 2, "shape": 3, "high": 1.5}, BASIC | {"knee": 0.5, "heel": 0.5}),
    "power": Style({"rest": 1, "shape": 4, "high": 2}, BASIC | BIG | {"spin": 1}, (0.5, 1, 2), 1.2, 0.1, 13, (85, 145)),
    "ballet": Style({"shape": 2, "high": 3}, GRACE, (2, 2, 4), 0.1, 0.8, 12, (50, 80)),
    "walk": Style({"rest": 6, "gesture": 1}, {"walk": 8, "turn": 2, "stand": 0.5}, (1,), 0.5, 0.5, 4),
    "drill": Style({"shape": 3, "high": 3, "rest": 1}, DRILL, (0.5, 1, 1, 2), 0.4, 0.1, 10, (80, 140)),
    "lesson": Style({"rest": 1.5, "gesture": 1.5, "shape": 3.5, "high": 2.5}, BASIC | BIG | {"turn": 2.5, "retreat": 1},
                    (1, 2, 2), 0.8, 0.3, 9, (100, 112), (-55, -30, 0, 0, 30, 55), 0.32, 0.82),
    "show": Style({"rest": 0.7, "gesture": 1, "shape": 3, "high": 2.5}, BASIC | {"lunge": 2, "kick": 1, "knee": 2},
                  (1, 1, 2), 1.1, 0.25, 10, (112, 124), (-35, 0, 0, 35), 0.32, 0.85),
    "hold": Style({"across": 5, "gesture": 1.5, "rest": 1}, BASIC | {"stand": 2, "knee": 1}, (1, 1, 2, 2), 0.6, 0.3, 7),
}  # fmt: skip
"""Seven for random dances; "lesson" covers many poses before a camera, "show" is a lively solo to the front."""


def dance(
    rng: np.random.Generator, frames: int, fps: Fraction, style: str = "groove", beats: np.ndarray | None = None
) -> Motion:
    """A dance of `frames` frames whose accents fall on the beats (seconds, two or more; None: a tempo is drawn).

    Smooth and within the joint limits; the same generator state gives the same dance.
    """
    manner, times = STYLES[style], np.arange(frames) / float(fps)
    gap = 60.0 / rng.uniform(*manner.tempo)
    grid = _extended(np.array([0.0, gap]) - rng.uniform(0.0, gap) if beats is None else beats, times)
    path, feet, heading = _footwork(rng, manner, grid, times)
    angles = _upper_body(rng, manner, grid, times)
    count = _glide(np.arange(len(grid), dtype=np.float64)[:, None], grid, times, 1.0)[:, 0]
    _groove(rng, manner, count, angles, path)
    angles[:, CHANNEL["yaw"]] += heading
    low, high = np.radians(list(LIMITS.values())).T
    angles = eased(angles, low, high, np.radians(3.0))
    return Motion(angles.astype(np.float32), path.astype(np.float32), feet.astype(np.float32))


def _extended(beats: np.ndarray, times: np.ndarray) -> np.ndarray:
    """The beats, carried on at their median interval to well before the first and after the last frame."""
    gap = float(np.median(np.diff(beats)))
    before = np.arange(beats[0] - gap, times[0] - 3 * gap, -gap)[::-1]
    return np.concatenate([before, beats, np.arange(beats[-1] + gap, times[-1] + 12 * gap, gap)])


def _glide(keys: np.ndarray, moments: np.ndarray, times: np.ndarray, flow: float) -> np.ndarray:
    """Keys [K, C] interpolated at times [T] by cubic pieces that pass each key with `flow` of its mean speed."""
    slope = np.zeros_like(keys)
    slope[1:-1] = flow * (keys[2:] - keys[:-2]) / (moments[2:] - moments[:-2])[:, None]
    index = np.searchsorted(moments, times, side="right") - 1
    span = (moments[index + 1] - moments[index])[:, None]
    p = (times - moments[index])[:, None] / span
    s = smooth(p)
    bow = span * p * (1 - p) * ((1 - p) * slope[index] - p * slope[index + 1])
    return (1 - s) * keys[index] + s * keys[index + 1] + bow


def _deck(rng: np.random.Generator, weights: Mapping[Item, float]) -> Iterator[Item]:
    """Items for ever, about in proportion to their weights, each hand shuffled: variety without long absences."""
    hand = [item for item, weight in weights.items() for _ in range(max(1, round(2 * weight)))]
    while True:
        for index in rng.permutation(len(hand)):
            yield hand[index]


def _upper_body(rng: np.random.Generator, manner: Style, grid: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Trunk, head and arm channels in radians, [T, C]: shapes that are reached on the beat, forearms a little later."""
    shapes, counts = _arm_shapes(rng, manner), [0.0]
    while counts[-1] < len(grid) - 8:
        counts.append(counts[-1] + rng.choice(manner.keys))
    keys = np.radians([_key(rng, manner, next(shapes)) for _ in counts])
    moments = np.interp(counts, np.arange(len(grid)), grid)
    for index in range(1, len(keys)):  # Nobody swings an arm all the way round within half a beat.
        keys[index] += max(0.0, 1 - (moments[index] - moments[index - 1]) / 0.42) * (keys[index - 1] - keys[index])
    angles = _glide(keys, moments, times, manner.flow)
    late = [CHANNEL[f"{side}_{name}"] for side, _ in SIDES for name in ("elbow", "pronate", "wrist", "grip")]
    angles[:, late] = _glide(keys[:, late], moments, times - 0.05, manner.flow)
    return angles


def _arm_shapes(rng: np.random.Generator, manner: Style) -> Iterator[list[np.ndarray]]:
    """Pairs of arm shapes in degrees: the same on both sides, any two, or one with the other at rest."""
    families = _deck(rng, manner.arms)
    decks = {family: _deck(rng, dict.fromkeys(shapes, 1.0)) for family, shapes in ARMS.items()}
    while True:
        first, other = (np.array(next(decks[next(families)]), np.float64) for _ in range(2))
        kind = rng.uniform()
        pair = [first, first if kind < 0.4 else other if kind < 0.85 else np.array(ARMS["rest"][0])]
        yield pair if rng.uniform() < 0.5 else pair[::-1]


def _key(rng: np.random.Generator, manner: Style, arms: list[np.ndarray]) -> np.ndarray:
    """One pose of the upper body in degrees, [C], within the limits."""
    key, (low, high) = np.zeros(len(CHANNEL)), np.array(list(LIMITS.values())).T
    sizes = {"bend": 1.0, "lean": 0.8, "twist": 1.2, "tilt": 0.35, "nod": 0.8, "shake": 1.8, "tip": 0.8}
    for name, size in sizes.items():
        key[CHANNEL[name]] = manner.trunk * size * rng.normal()
    if rng.uniform() < 0.004 * manner.trunk:
        key[[CHANNEL["bend"], CHANNEL["tilt"]]] = rng.uniform(25, 60), rng.uniform(5, 45)
    spread = np.array([7, 7, 9, 8, 12, 12, 7]) * (3 if rng.uniform() < 0.15 else 1)
    for (side, _), shape in zip(SIDES, arms, strict=True):
        arm = np.append(shape, (0.0, rng.choice((8, 22, 80), p=(0.6, 0.28, 0.12))))
        key[[CHANNEL[f"{side}_{name}"] for name in ARM_LIMITS]] = arm + rng.normal(0, spread)
    return np.clip(key, low + 2, high - 2)


def _footwork(rng: np.random.Generator, manner: Style, grid: np.ndarray, times: np.ndarray) -> Tracks:
    """Pelvis path [T, 3], feet [T, 2, 5] and heading [T], all as in Motion, from a chain of steps over the beats."""
    moments, local, whole = _step_keys(rng, manner, grid)
    index = np.searchsorted(moments, times, side="right") - 1
    s = smooth(((times - moments[index]) / (moments[index + 1] - moments[index]) - 0.06) / 0.84)[:, None]
    feet = local[index] + s[..., None] * (local[index + 1] - local[index])
    base, heading, weight, height = np.split(whole[index] + s * (whole[index + 1] - whole[index]), (2, 3, 4), 1)
    spots = _headed(local[..., :2], whole[:, None, 2]) + whole[:, None, :2]
    moved = np.linalg.norm(np.diff(spots, axis=0), axis=-1)[index]
    swung = np.sin(np.pi * s) ** 2 * smooth(moved / 0.12)
    aloft = smooth(np.minimum(local[index, :, 2], local[index + 1, :, 2]) / 0.1)
    feet[..., 2] += swung * (0.045 + 0.07 * np.minimum(moved, 1.0)) * (1 - aloft)
    weight = weight + 0.6 * (swung[:, 1:] * (1 - weight) - swung[:, :1] * weight)
    spots = _headed(feet[..., :2], heading) + base[:, None]
    centre = weight * spots[:, 0] + (1 - weight) * spots[:, 1]
    path = np.stack([centre[:, 0], height[:, 0], centre[:, 1]], -1)
    feet = np.stack([spots[..., 0], feet[..., 2], spots[..., 1], heading + feet[..., 4], feet[..., 3]], -1)
    width = 0.09 * (len(times) - 1) / max(float(times[-1]), 1e-3)
    return blurred(path, width), feet, blurred(heading, width)[:, 0]


def _step_keys(rng: np.random.Generator, manner: Style, grid: np.ndarray) -> Tracks:
    """Times [K], feet [K, 2, (x, z, lift, heel, toe-out)] and [K, (base x, base z, heading, weight, height)]."""
    feet, base = np.array([(*L, 0.2), (*R, -0.2)]), np.zeros(2)
    heading = np.radians(rng.choice(manner.facing) if manner.facing else rng.uniform(-180, 180))
    counts, local, whole = [0.0], [feet], [np.array([0.0, 0.0, heading, 0.5, 1.0])]
    names = _deck(rng, manner.steps)
    while counts[-1] < len(grid) - 8:
        name, size = next(names), manner.size * rng.uniform(0.85, 1.12)
        turn = np.radians(rng.choice(manner.facing or (-90, -60, -35, 35, 60, 90)))
        turn = (turn - heading + np.pi) % (2 * np.pi) - np.pi if manner.facing else turn
        scale = size * np.array([rng.choice((-1.0, 1.0)), 1.0])
        end = np.linalg.norm(base + _headed(scale * np.sum([step.shift for step in STEPS[name]], axis=0), heading))
        if end > manner.room and end > np.linalg.norm(base):
            continue
        for step in STEPS[name]:
            onward = base + _headed(scale * step.shift, heading)
            feet = _placed(feet, step, scale, base - onward, heading, heading + turn * step.turn)
            base, heading = onward, heading + turn * step.turn
            weight = step.weight if scale[0] > 0 else 1 - step.weight
            counts.append(counts[-1] + step.beats)
            local.append(feet)
            whole.append(np.array([*base, heading, weight, 1 - step.drop * size + feet[:, 2].min()]))
    return np.interp(counts, np.arange(len(grid)), grid), np.array(local), np.array(whole)


def _placed(feet: np.ndarray, step: Step, scale: np.ndarray, back: np.ndarray, old: float, new: float) -> np.ndarray:
    """Both feet [2, 5] about the new base and heading: moved where the step says so, else left where they stand."""
    stay = feet.copy()
    stay[:, :2] = _headed(_headed(feet[:, :2], old) + back, -new)
    stay[:, 4] -= new - old
    for index, spot in enumerate((step.left, step.right) if scale[0] > 0 else (step.right, step.left)):
        if spot is not None:
            goal = np.array([*(scale * spot[:2]), scale[1] * spot[2], np.radians(spot[3]), 0.22 - 0.44 * index])
            near = np.abs(goal - stay[index])[[0, 1, 2, 4]].max() < 0.05 and new == old
            stay[index] = np.where((np.arange(5) != 3) & near, stay[index], goal)
    return stay


def _headed(spot: np.ndarray, heading: np.ndarray | float) -> np.ndarray:
    """Floor points (..., x and z) turned to a heading in radians, positive to the dancer's left."""
    x, z, cosine, sine = spot[..., 0], spot[..., 1], np.cos(heading), np.sin(heading)
    return np.stack([x * cosine + z * sine, z * cosine - x * sine], -1)


def blurred(path: np.ndarray, width: float) -> np.ndarray:
    """A path [T, C] smoothed by a bell curve `width` frames wide, carried on straight at both ends."""
    reach = min(int(3 * width) + 1, len(path) - 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(width, 0.1)) ** 2)
    padded = np.pad(path, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
    return np.stack([np.convolve(column, kernel / kernel.sum(), "valid") for column in padded.T], -1)


def _groove(rng: np.random.Generator, manner: Style, count: np.ndarray, angles: np.ndarray, path: np.ndarray) -> None:
    """Add the bounce on every beat, the sway over two and the drift that keeps a body alive; changes both arrays."""
    size, side = manner.groove * rng.uniform(0.7, 1.2), rng.choice((-1.0, 1.0))
    beat, sway = np.cos(2 * np.pi * count), side * np.sin(np.pi * count)
    path[:, 1] -= 0.010 * size * (1 + beat)
    waves = {"nod": 3.0 * beat, "bend": 1.5 * beat, "roll": 3.0 * sway, "lean": -3.5 * sway, "twist": 3.0 * sway}
    angles[:, [CHANNEL[name] for name in waves]] += np.radians(size * np.stack(list(waves.values()), -1))
    rate, phase = rng.uniform(0.1, 0.35, angles.shape[1]), rng.uniform(0, 2 * np.pi, angles.shape[1])
    angles += np.radians(1.2) * np.sin(np.pi * rate * count[:, None] + phase)
