"""A flat figure whose every bone has a known length, standing where a test wants it, and prepared clips made of it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from dancekit.core.skeleton import INDEX, J
from dancekit.io import clips, frames
from dancekit.types import CropPlan, PoseTrack

FEET, HIPS, SHOULDERS, EARS = 0.02, 0.495, 0.785, 0.93
"""Heights above the floor as shares of the body's height."""
_SPOTS: dict[str, tuple[float, float]] = {
    "ear": (0.035, EARS), "eye_inner": (0.01, 0.94), "eye": (0.015, 0.94), "eye_outer": (0.02, 0.94),
    "shoulder": (0.1, SHOULDERS), "elbow": (0.1, 0.62), "wrist": (0.1, 0.475), "pinky": (0.11, 0.43),
    "index": (0.1, 0.42), "thumb": (0.08, 0.45), "hip": (0.06, HIPS), "knee": (0.06, 0.255), "ankle": (0.06, FEET),
    "heel": (0.055, 0.0), "foot": (0.1, 0.0),
}  # fmt: skip


def figure(height: float = 200.0, x: float = 160.0, floor: float = 300.0) -> np.ndarray:
    """Landmarks float32 [33, 3] of somebody who faces the camera, arms down, feet at y = floor; all surely seen."""
    points = np.zeros((J, 3), np.float32)
    points[:, 2] = 1.0
    points[INDEX["nose"], :2] = x, floor - 0.92 * height
    for side, sign in (("left", 1), ("right", -1)):
        points[INDEX[f"mouth_{side}"], :2] = x + sign * 0.01 * height, floor - 0.9 * height
        for name, (aside, above) in _SPOTS.items():
            points[INDEX[f"{side}_{name}"], :2] = x + sign * aside * height, floor - above * height
    return points


def waving(length: int, height: float = 200.0, x: float = 160.0, floor: float = 300.0) -> np.ndarray:
    """float32 [T, 33, 3]: the figure lifts its left forearm and lets it sink again and again; no bone changes."""
    points = np.repeat(figure(height, x, floor)[None], length, axis=0)
    elbow = points[:, INDEX["left_elbow"], :2]
    turn = np.radians(80 * np.sin(np.arange(length) / 5))
    for name in ("wrist", "pinky", "index", "thumb"):
        place = INDEX[f"left_{name}"]
        across, down = (points[:, place, :2] - elbow).T
        points[:, place, 0] = elbow[:, 0] + across * np.cos(turn) + down * np.sin(turn)
        points[:, place, 1] = elbow[:, 1] - across * np.sin(turn) + down * np.cos(turn)
    return points


def track(
    points: np.ndarray, size: tuple[int, int] = (320, 320), fps: int = 25, shots: tuple[int, ...] = (0,)
) -> PoseTrack:
    return PoseTrack(points.astype(np.float32), size, Fraction(fps), shots=shots)


def unseen(points: np.ndarray, *times: int) -> np.ndarray:
    """The points with nobody in these frames."""
    result = points.copy()
    result[list(times)] = (np.nan, np.nan, 0.0)
    return result


def clip(folder: Path, length: int, shots: tuple[int, ...] = (0,), gaps: tuple[int, ...] = (),
         inside: tuple[int, int, int, int] = (0, 0, 320, 320)) -> clips.Clip:  # fmt: skip
    """A prepared clip of the waving figure, 64 x 128 px with a body of 100 px, from a film of 320 x 320 px.

    Every stored frame tells its time: the person is grey of twice the time (up to 127), her alpha a solid middle.
    """
    points = unseen(waving(length), *gaps)
    boxes = np.repeat(np.array([[96.0, 60.0, 224.0, 316.0]], np.float32), length, axis=0)
    used = ~np.isnan(points[:, 0, 0])
    made = clips.Clip("walk", folder, "walk.mp4", track(points, shots=shots), CropPlan(boxes, (64, 128)), used, 100.0,
                      inside, "greenscreen")  # fmt: skip
    writer = frames.FrameWriter(folder / "frames.pack")
    alpha = np.zeros((128, 64), np.uint8)
    alpha[10:120, 16:48] = 255
    for time in range(length):
        colour = np.full((128, 64, 3), 2 * time, np.uint8)
        writer.append(frames.encode(colour, alpha) if used[time] else frames.EMPTY)
    writer.close()
    return made
