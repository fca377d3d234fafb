"""Retargeting: one body's moves with another body's proportions, standing where the first one stood."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dancekit.core.crops import feet_line
from dancekit.core.skeleton import HEAD, INDEX, TREE
from dancekit.core.tracks import body_height, bone_lengths, low_pass
from dancekit.types import PoseTrack

Proportions = Mapping[str, float]
"""Length of each bone as a share of the body's height, left and right alike."""

_TRUNK = {
    "shoulders": (("left_shoulder", "right_shoulder"),),
    "hips": (("left_hip", "right_hip"),),
    "trunk": (("left_shoulder", "left_hip"), ("right_shoulder", "right_hip")),
    "head": (("left_ear", "right_ear"), ("nose", "left_ear"), ("nose", "right_ear")),
    "neck": (("nose", "left_shoulder"), ("nose", "right_shoulder")),
}
_STANDING = ("shin", "thigh", "trunk", "neck")
"""Bones that add up to how tall a body stands."""
_LIMBS = {
    "elbow": "upper arm",
    "wrist": "forearm",
    "pinky": "hand",
    "index": "finger",
    "thumb": "thumb",
    "knee": "thigh",
    "ankle": "shin",
    "heel": "heel",
    "foot": "foot",
}
_USUAL = {
    "shoulders": (0.18, 0.1), "hips": (0.11, 0.1), "trunk": (0.315, 0.8), "head": (0.062, 0.2), "neck": (0.15, 0.4),
    "upper arm": (0.157, 0.5), "forearm": (0.148, 0.6), "hand": (0.044, 0.3), "finger": (0.046, 0.3),
    "thumb": (0.035, 0.3), "thigh": (0.24, 0.6), "shin": (0.228, 0.6), "heel": (0.042, 0.2), "foot": (0.098, 0.4),
}  # fmt: skip
"""The share of the height that a bone usually measures in films, and how far a film that measures another is trusted:
the variance between people as a share of that between films. Films of one person from the side and from the front
differ far more in the width of shoulders than people do."""
_GROUNDING = 0.5
"""Seconds over which the figure is lowered or raised so that its feet stand where the driver's stand."""
_SMALL = ("hand", "finger", "thumb", "heel", "foot")
"""Bones too small to speak of."""
_WORDS = {"shoulders": ("wider", "narrower"), "hips": ("wider", "narrower"), "head": ("larger", "smaller")}


def proportions(tracks: list[PoseTrack]) -> dict[str, float]:
    """Bone lengths of the person in these tracks as shares of her body height.

    The 85th percentile of the lengths seen: limbs look shorter than they are when they point at the camera, and
    longer only by mistake. What a film can hardly tell is drawn towards the usual share, and a bone that is never seen
    gets just that.
    """
    shares: dict[str, list[np.ndarray]] = {}
    for track in tracks:
        heights = body_height(track)
        for name, bones in _bones().items():
            lengths = bone_lengths(track.points, bones) / heights[:, None]
            shares.setdefault(name, []).append(lengths.reshape(-1))
    return {name: _estimate(np.concatenate(values), *_USUAL[name]) for name, values in shares.items()}


def _bones() -> dict[str, list[tuple[str, str]]]:
    limbs: dict[str, list[tuple[str, str]]] = {}
    for child, parent in TREE:
        limbs.setdefault(_LIMBS[child.split("_", 1)[1]], []).append((parent, child))
    return {**{name: list(bones) for name, bones in _TRUNK.items()}, **limbs}


def _estimate(lengths: np.ndarray, usual: float, trust: float) -> float:
    lengths = lengths[np.isfinite(lengths)]
    if len(lengths) < 5:
        return usual
    measured = np.clip(np.percentile(lengths, 85), usual / 2.5, usual * 2.5)
    return float(usual * (measured / usual) ** trust)


def retarget(track: PoseTrack, driver: Proportions, person: Proportions, fit: str = "body") -> PoseTrack:
    """The driver's moves with the person's proportions, in px of the driver's frames.

    fit "body" gives every bone her proportion, keeping its direction and foreshortening, and keeps the driver's height
    standing; "scale" and "none" keep the driver's own proportions (they differ in how large the crop takes her to be).
    The feet stay where the driver's feet are.
    """
    if fit != "body":
        return track
    ratio = ratios(driver, person)
    points = track.points.astype(np.float64)
    result = points.copy()
    _move_trunk(points, result, ratio)
    _move_head(points, result, ratio)
    _move_limbs(points, result, ratio)
    moved = track.with_points(result)
    return _grounded(moved, track)


def ratios(driver: Proportions, person: Proportions) -> dict[str, float]:
    """By how much each of the driver's bones is scaled, so that both stand equally tall."""
    standing = sum(driver[name] for name in _STANDING) / sum(person[name] for name in _STANDING)
    return {name: standing * person[name] / driver[name] for name in driver}


def _middle(points: np.ndarray, left: str, right: str) -> np.ndarray:
    """The middle of two landmarks, [T, 2] px; where one is missing, the other."""
    first, second = points[:, INDEX[left], :2], points[:, INDEX[right], :2]
    return (np.where(np.isnan(first), second, first) + np.where(np.isnan(second), first, second)) / 2


def _move_trunk(points: np.ndarray, result: np.ndarray, ratio: Mapping[str, float]) -> None:
    hips = _middle(points, "left_hip", "right_hip")
    chest = _middle(points, "left_shoulder", "right_shoulder")
    new_chest = np.where(np.isnan(hips), chest, hips + (chest - hips) * ratio["trunk"])
    for side in ("left", "right"):
        hip, shoulder = INDEX[f"{side}_hip"], INDEX[f"{side}_shoulder"]
        result[:, hip, :2] = hips + (points[:, hip, :2] - hips) * ratio["hips"]
        result[:, shoulder, :2] = new_chest + (points[:, shoulder, :2] - chest) * ratio["shoulders"]


def _move_head(points: np.ndarray, result: np.ndarray, ratio: Mapping[str, float]) -> None:
    """The middle of the head moves along the neck, its landmarks spread around that middle.

    Without ears the nose is taken for the middle, and without shoulders the middle stays.
    """
    chest, new_chest = (_middle(p, "left_shoulder", "right_shoulder") for p in (points, result))
    head = [INDEX[name] for name in HEAD]
    middle = _middle(points, "left_ear", "right_ear")
    middle = np.where(np.isnan(middle), points[:, INDEX["nose"], :2], middle)
    new_middle = np.where(np.isnan(chest), middle, new_chest + (middle - chest) * ratio["neck"])
    result[:, head, :2] = new_middle[:, None] + (points[:, head, :2] - middle[:, None]) * ratio["head"]


def _move_limbs(points: np.ndarray, result: np.ndarray, ratio: Mapping[str, float]) -> None:
    """Down each limb: a child keeps its direction from the parent at the new length.

    Where the parent is missing, the child moves as far as the nearest known joint above it has moved.
    """
    moved = {
        name: result[:, INDEX[name], :2] - points[:, INDEX[name], :2]
        for name in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
    }
    for child, parent in TREE:
        factor = ratio[_LIMBS[child.split("_", 1)[1]]]
        bone = np.nan_to_num(points[:, INDEX[child], :2] - points[:, INDEX[parent], :2])
        moved[child] = np.nan_to_num(moved[parent]) + bone * (factor - 1)
        result[:, INDEX[child], :2] = points[:, INDEX[child], :2] + moved[child]


def _grounded(moved: PoseTrack, original: PoseTrack) -> PoseTrack:
    """Shift up or down, slowly, so that the lowest foot is where the driver's is."""
    points = moved.points.copy()
    lift = feet_line(original) - feet_line(moved)
    for first, end in moved.spans():
        shift = low_pass(lift[first:end], _GROUNDING * float(moved.fps))
        points[first:end, :, 1] += np.nan_to_num(shift)[:, None]
    return moved.with_points(points)


def explain(driver: Proportions, person: Proportions) -> list[str]:
    """What retargeting changes most, in words: "trunk 8% shorter"; hands and feet are too small to speak of."""
    large = [(name, ratio) for name, ratio in ratios(driver, person).items() if name not in _SMALL]
    changes = sorted(large, key=lambda item: -abs(np.log(item[1])))
    told = [(name, ratio) for name, ratio in changes[:4] if abs(ratio - 1) >= 0.03]
    return [f"{name} {abs(ratio - 1):.0%} {_WORDS.get(name, ('longer', 'shorter'))[ratio < 1]}" for name, ratio in told]
