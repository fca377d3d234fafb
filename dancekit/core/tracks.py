"""Cleaning and measuring pose tracks: gaps filled, jitter smoothed without lag, body size measured over time."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from dancekit.core import motion
from dancekit.core.skeleton import INDEX, REGIONS
from dancekit.types import PoseTrack

LOW_CONFIDENCE = 0.3
"""Below this a landmark is a guess."""
LONGEST_GAP = 0.35
"""Seconds over which a missing landmark is bridged."""
_SMOOTHING = 0.04
"""Standard deviation of the smoothing kernel in seconds: about one frame of a phone's film."""
_STILL, _STILL_FOR = 0.01, 0.06
"""Landmarks that stray by less than about this share of the body height, within about so many seconds, hardly move."""

TYPICAL_BONES: dict[tuple[str, str], float] = {
    ("left_shoulder", "left_hip"): 0.29, ("right_shoulder", "right_hip"): 0.29,
    ("left_hip", "left_knee"): 0.24, ("right_hip", "right_knee"): 0.24,
    ("left_knee", "left_ankle"): 0.235, ("right_knee", "right_ankle"): 0.235,
    ("left_shoulder", "left_elbow"): 0.165, ("right_shoulder", "right_elbow"): 0.165,
    ("left_elbow", "left_wrist"): 0.145, ("right_elbow", "right_wrist"): 0.145,
}  # fmt: skip
"""Bones and their usual length as a share of the body's height."""


def clean(
    track: PoseTrack, inside: tuple[float, float, float, float] | None = None, steps: np.ndarray | None = None
) -> PoseTrack:
    """Mark guesses as missing, bridge short gaps and smooth.

    inside: left, top, right, bottom of the part of the frame that shows film (without black bars), in px. A landmark
    beyond it is kept whatever its confidence: feet that the frame cuts off are known to be there. steps: how the
    picture moves under the landmarks, float32 [T, J, 3], see core.motion; they then move as it does.
    """
    points, guessed = track.points.copy(), _guessed(track.points, inside or (0, 0, *track.size))
    points[guessed] = (np.nan, np.nan, 0.0)
    for first, end in track.spans():
        fill_gaps(points[first:end], round(LONGEST_GAP * track.fps))
        points[first:end] = smooth(points[first:end], track.fps)
    cleaned = track.with_points(points)
    return cleaned if steps is None else motion.followed(cleaned, np.where(guessed[..., None], 0, steps))


def _guessed(points: np.ndarray, inside: tuple[float, float, float, float]) -> np.ndarray:
    x, y, confidence = np.moveaxis(points, -1, 0)
    with np.errstate(invalid="ignore"):
        cut_off = (x < inside[0]) | (y < inside[1]) | (x > inside[2]) | (y > inside[3])
        return np.isnan(x) | ((confidence < LOW_CONFIDENCE / 3) & ~cut_off)


def fill_gaps(points: np.ndarray, longest: int) -> None:
    """Bridge runs of at most `longest` missing frames linearly, in place; points float32 [T, J, 3]."""
    times = np.arange(len(points))
    for joint in range(points.shape[1]):
        seen = ~np.isnan(points[:, joint, 0])
        if seen.all() or seen.sum() < 2:
            continue
        after = np.searchsorted(times[seen], times)
        inner = (after > 0) & (after < seen.sum()) & ~seen
        bounds = times[seen]
        gap = bounds[np.minimum(after, len(bounds) - 1)] - bounds[np.maximum(after - 1, 0)] - 1
        bridged = inner & (gap <= longest)
        for axis in range(3):
            points[bridged, joint, axis] = np.interp(times[bridged], times[seen], points[seen, joint, axis])


def smooth(points: np.ndarray, fps: Fraction) -> np.ndarray:
    """Local quadratic regression over time, weighted by nearness and confidence: no lag, and peaks stay peaks.

    points float32 [T, J, 3]; missing landmarks stay missing and do not count.
    """
    deviation = _SMOOTHING * float(fps)
    reach = int(np.ceil(2.5 * deviation))
    if reach < 2 or len(points) < 5:
        return points
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / deviation) ** 2)
    missing = np.isnan(points[..., 0])
    weight = np.where(missing, 0.0, points[..., 2] + 0.05)
    position = np.nan_to_num(points[..., :2].astype(np.float64))
    moments = [_correlate(weight, kernel * offsets**power) for power in range(5)]
    sums = [_correlate(weight[..., None] * position, kernel * offsets**power) for power in range(3)]
    fitted = _fitted_centre(moments, sums)
    result = points.copy()
    result[..., :2] = np.where((missing | np.isnan(fitted[..., 0]))[..., None], points[..., :2], fitted)
    return result


def _correlate(values: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Weighted sums along time, values [T, ...]; nothing lies beyond the ends."""
    reach = len(kernel) // 2
    padded = np.pad(values, [(reach, reach)] + [(0, 0)] * (values.ndim - 1))
    return sum(factor * padded[place : place + len(values)] for place, factor in enumerate(kernel))  # type: ignore[return-value]


def _fitted_centre(m: list[np.ndarray], b: list[np.ndarray]) -> np.ndarray:
    """Value at the middle of the weighted quadratic through each neighbourhood (Cramer's rule); NaN if undetermined."""
    minors = (m[2] * m[4] - m[3] ** 2, m[1] * m[4] - m[2] * m[3], m[1] * m[3] - m[2] ** 2)
    determinant = m[0] * minors[0] - m[1] * minors[1] + m[2] * minors[2]
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = m[0] * m[2] * m[4]
        ok = determinant > 1e-6 * np.maximum(scale, 1e-9)
        numerator = b[0] * minors[0][..., None] - b[1] * minors[1][..., None] + b[2] * minors[2][..., None]
        return np.where(ok[..., None], numerator / determinant[..., None], np.nan)


def steadied(track: PoseTrack) -> PoseTrack:
    """Hold landmarks still where they hardly move, and leave them alone where they do.

    Each becomes the mean of itself and of what it is shortly before and after, the less of these the further away they
    are, in time and in place (a bilateral filter): a trembling hand comes to rest, a swinging one does not notice.
    """
    points, deviation = track.points.copy(), _STILL_FOR * float(track.fps)
    wide = (_STILL * body_height(track)).astype(np.float64)[:, None]
    for first, end in track.spans():
        own = track.points[first:end, :, :2].astype(np.float64)
        total, weight = own.copy(), np.ones(own.shape[:2])
        for apart in range(1, min(int(np.ceil(2.5 * deviation)) + 1, end - first)):
            near = np.exp(-0.5 * (apart / deviation) ** 2)
            later, sooner = slice(apart, None), slice(None, -apart)
            for here, there in ((later, sooner), (sooner, later)):
                strayed = np.linalg.norm(own[there] - own[here], axis=-1) / wide[first:end][here]
                share = np.nan_to_num(near * np.exp(-0.5 * strayed**2))
                total[here] += share[..., None] * np.nan_to_num(own[there])
                weight[here] += share
        points[first:end, :, :2] = total / weight[..., None]
    return track.with_points(points)


def bone_lengths(points: np.ndarray, bones: list[tuple[str, str]]) -> np.ndarray:
    """Lengths [T, bones] in px of points [T, J, 3]; NaN where an end is missing."""
    starts = points[:, [INDEX[a] for a, _ in bones], :2]
    ends = points[:, [INDEX[b] for _, b in bones], :2]
    return np.linalg.norm(starts - ends, axis=-1)


def body_height(track: PoseTrack, seconds: float = 1.5) -> np.ndarray:
    """The body's height in px at every frame, float32 [T]: how tall the person would stand at her distance.

    Bones only look shorter than they are (foreshortening), so the longest view of each within `seconds` counts; the
    median over the bones, each divided by its usual share of the height, is then smoothed.
    """
    bones = list(TYPICAL_BONES)
    lengths = bone_lengths(track.points, bones) / np.array([TYPICAL_BONES[bone] for bone in bones])
    height = np.full(len(track), np.nan)
    for first, end in track.spans():
        reach = max(1, round(seconds * track.fps))
        longest = np.stack([_highest(lengths[first:end, i], reach) for i in range(len(bones))])
        height[first:end] = _nan_median(longest)
        height[first:end] = low_pass(height[first:end], seconds * float(track.fps))
    return height.astype(np.float32)


def _highest(values: np.ndarray, reach: int) -> np.ndarray:
    """A high value (90th percentile) among the neighbours within reach, thinned so that long reaches stay cheap, and
    among them the value itself."""
    step = max(1, reach // 12)
    padded = np.pad(values, (reach, reach), constant_values=np.nan)
    stack = np.stack([padded[offset : offset + len(values)] for offset in range(reach % step, 2 * reach + 1, step)])
    ordered = np.sort(stack, axis=0)
    count = (~np.isnan(stack)).sum(0)
    place = np.maximum(np.ceil(0.9 * count).astype(int) - 1, 0)
    return np.where(count > 0, np.take_along_axis(ordered, place[None], 0)[0], np.nan)


def _nan_median(stack: np.ndarray) -> np.ndarray:
    ordered = np.sort(stack, axis=0)
    count = (~np.isnan(stack)).sum(0)
    low, high = np.maximum((count - 1) // 2, 0), np.maximum(count // 2, 0)
    high = np.minimum(high, len(stack) - 1)
    pick = [np.take_along_axis(ordered, place[None], 0)[0] for place in (low, high)]
    return np.where(count > 0, (pick[0] + pick[1]) / 2, np.nan)


def low_pass(values: np.ndarray, deviation: float) -> np.ndarray:
    """Gaussian smoothing along time [T, ...] that bridges missing values; `deviation` in frames. All-NaN stays NaN."""
    if deviation < 0.3:
        return values
    reach = min(int(np.ceil(3 * deviation)), len(values))
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / deviation) ** 2)
    seen = ~np.isnan(values)
    weight = _convolve(seen.astype(np.float64), kernel)
    total = _convolve(np.nan_to_num(values.astype(np.float64)), kernel)
    filled = np.where(weight > 1e-6, total / np.maximum(weight, 1e-12), np.nan)
    return _hold_ends(filled)


def _convolve(values: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    flat = values.reshape(len(values), -1)
    columns = [np.convolve(column, kernel, "full")[len(kernel) // 2 :][: len(values)] for column in flat.T]
    return np.stack(columns, -1).reshape(values.shape)


def _hold_ends(values: np.ndarray) -> np.ndarray:
    """Fill what is still missing from the nearest value in time."""
    flat = values.reshape(len(values), -1).copy()
    times = np.arange(len(flat))
    for column in flat.T:
        seen = ~np.isnan(column)
        if seen.any() and not seen.all():
            column[~seen] = np.interp(times[~seen], times[seen], column[seen])
    return flat.reshape(values.shape)


def found(track: PoseTrack) -> np.ndarray:
    """Frames with a person, bool [T]: hips or shoulders are known."""
    core = [INDEX[name] for name in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")]
    return (~np.isnan(track.points[:, core, 0])).sum(1) >= 2


def measurable(track: PoseTrack) -> bool:
    """Whether the body's height is known anywhere that she is found: a limb is, or the trunk, from end to end."""
    heights = body_height(track)[found(track)]
    return bool((np.isfinite(heights) & (heights > 0)).any())


def seen_share(track: PoseTrack, inside: tuple[float, float, float, float]) -> dict[str, float]:
    """For each region of the body the share of frames that really show it: confident and within the film's picture."""
    frames = found(track)
    x, y, confidence = np.moveaxis(track.points[frames], -1, 0)
    with np.errstate(invalid="ignore"):
        shown = (
            (confidence >= LOW_CONFIDENCE) & (x >= inside[0]) & (x <= inside[2]) & (y >= inside[1]) & (y <= inside[3])
        )
    return {name: float(shown[:, [INDEX[landmark] for landmark in landmarks]].mean()) if len(shown) else 0.0
            for name, landmarks in REGIONS.items()}  # fmt: skip


def filled_in(points: np.ndarray, between: int, shots: Sequence[int]) -> np.ndarray:
    """Points [T, J, 3] with between - 1 poses after each frame, on the straight way to the next; before a cut she stays
    where she is."""
    after = np.concatenate((points[1:], points[-1:]))
    last = [start - 1 for start in shots[1:]]
    after[last] = points[last]
    after = np.where(np.isnan(after), points, after)
    shares = (np.arange(between) / between).astype(np.float32)[:, None, None]
    return (points[:, None] * (1 - shares) + after[:, None] * shares).reshape(-1, *points.shape[1:])
