"""Looks: how wide and how coloured each part of a person usually is, measured on her film (see core.sketch)."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch

from dancekit.core import girth, maps
from dancekit.core.maps import Segments
from dancekit.core.sketch import ACROSS, ALONG, BARS, SIDES, USUAL, WIDE, Looks, bars, facing, order

_SHARE = 0.9
"""Of the px that belong to a bar, the share that lies within its width times this."""
_TALL = 224
"""Body height in px at which textures are measured: a place along a shin is then about 2 px."""

_ALIKE = 0.25
"""Looks whose colours, in [-1, 1], are on average no further apart are of the same clothes."""

Cutout = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Landmarks [J, 3] in px, colour uint8 [h, w, 3] and alpha uint8 [h, w] of one frame."""


def measure(frames: Sequence[Cutout], body: float, known: Sequence[np.ndarray] | None = None) -> Looks:
    """A person's usual looks, widths as shares of the body height.

    frames: some of the person's. body: body height in px. known: left, top, right, bottom in px of what the film shows
    at each frame, where that is not all of it. Medians over the frames, so that an arm before the belly or a glance of
    light counts for little; a side that she never shows looks like the other.
    """
    poses = [maps.segments(torch.from_numpy(points)) for points, _, _ in frames]
    hers = [girth.owned(bars(pose), USUAL, alpha, body) for pose, (_, _, alpha) in zip(poses, frames, strict=True)]
    found = [_widths(owned) for owned in hers if owned is not None]
    wide = USUAL * (_filled(_median(np.stack(found)), 1.0) if found else 1)
    colours, cover = [], []
    for number, (pose, owned, (_, colour, alpha)) in enumerate(zip(poses, hers, frames, strict=True)):
        if owned is not None:
            within = np.array([0, 0, *alpha.shape[::-1]]) if known is None else known[number]
            texture, there = _texture(bars(pose), wide * body, colour, alpha, within, min(1.0, _TALL / body))
            front = (facing(pose).numpy() > 0.5)[:, None, None]
            shown = np.stack((~front, front))
            colours.append(np.where((shown & (there > 0.5))[..., None], texture, np.nan))
            cover.append(np.where(shown, there, np.nan))
    return Looks(torch.from_numpy(wide).float(), *_completed(colours, cover))


def _widths(owned: girth.Owned) -> np.ndarray:
    """Half widths [BARS] in usual ones in one frame, NaN for bars that own nothing."""
    wide = np.full(BARS, np.nan, np.float32)
    for bone in np.unique(owned.bones):
        wide[bone] = np.quantile(owned.apart[owned.bones == bone], _SHARE) / _SHARE
    return wide


def _texture(
    pose: Segments, widths: np.ndarray, colour: np.ndarray, alpha: np.ndarray, known: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Colours [BARS, ALONG, ACROSS, 3] and alpha 0..1 [BARS, ALONG, ACROSS] of one frame, NaN where another bar is
    seen and beyond what is known. pose: bars in px. widths: px. known: left, top, right, bottom, px. scale: by which
    the frame is made smaller first."""
    size = max(1, round(alpha.shape[1] * scale)), max(1, round(alpha.shape[0] * scale))
    small = cv2.resize(np.dstack((colour, alpha)), size, interpolation=cv2.INTER_AREA)
    starts, ends, widths = (np.asarray(part) * scale for part in (pose.starts, pose.ends, widths))
    way = ends - starts
    unit = way / np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-3)
    right = np.stack((-unit[:, 1], unit[:, 0]), -1) * widths[:, None]
    along, across = np.linspace(0, 1, ALONG)[:, None, None], np.linspace(-WIDE, WIDE, ACROSS)[:, None]
    points = starts[:, None, None] + way[:, None, None] * along + right[:, None, None] * across
    flat = points.reshape(-1, 2)
    apart = _distances(flat, starts, way) / widths
    apart[:, np.asarray(pose.seen) <= 0] = np.inf
    owner, own = (apart**2 + order(pose.seen).numpy()).argmin(1), np.repeat(np.arange(BARS), ALONG * ACROSS)
    x, y = (flat.T[..., None] - 0.5).astype(np.float32)
    picked = cv2.remap(small, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)[:, 0]
    shown = ((flat >= known[:2] * scale) & (flat <= known[2:] * scale)).all(1)
    there = np.where((owner == own) & np.isfinite(apart.min(1)) & shown, picked[:, 3] / 255, np.nan)
    shape = (BARS, ALONG, ACROSS)
    return picked[:, :3].reshape(*shape, 3).astype(np.float32), there.reshape(shape).astype(np.float32)


def _distances(points: np.ndarray, starts: np.ndarray, way: np.ndarray) -> np.ndarray:
    """How far points [N, 2] are from segments [B, 2]: [N, B]."""
    from_start = points[:, None] - starts
    along = (from_start * way).sum(-1) / np.maximum((way**2).sum(-1), 1e-6)
    return np.linalg.norm(from_start - np.clip(along, 0, 1)[..., None] * way, axis=-1)


def _median(stack: np.ndarray) -> np.ndarray:
    """Median over the first axis of what is not NaN; NaN where nothing is."""
    missing = np.isnan(stack).all(0)
    return np.where(missing, np.nan, np.nanmedian(np.where(missing, 0, stack), axis=0))


def _filled(values: np.ndarray, others: np.ndarray | float) -> np.ndarray:
    return np.where(np.isnan(values), others, values)


def _completed(colours: Sequence[np.ndarray], cover: Sequence[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    """Looks.colours and Looks.cover of what each frame shows; what none shows is as on the other side, as elsewhere
    across the bar, as the bar and as the person in general."""
    shape = (SIDES, BARS, ALONG, ACROSS)
    seen = _median(np.stack(colours or [np.full((*shape, 3), np.nan)]))
    there = _median(np.stack(cover or [np.full(shape, np.nan)]))
    seen, there = _filled(seen, seen[::-1]), _filled(there, there[::-1])
    for axes in ((3,), (2, 3), (1, 2, 3)):
        seen = _filled(seen, _mean(seen, axes))
    there = _filled(there, (np.abs(np.linspace(-WIDE, WIDE, ACROSS)) < 1).astype(np.float32))
    return torch.from_numpy(_filled(seen, 127.5) / 127.5 - 1).float(), torch.from_numpy(there).float()


def _mean(values: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Mean over some axes of what is not NaN, kept as axes; NaN where nothing is."""
    count = (~np.isnan(values)).sum(axes, keepdims=True)
    return np.where(count > 0, np.nan_to_num(values).sum(axes, keepdims=True) / np.maximum(count, 1), np.nan)


def alike(one: Looks, other: Looks) -> bool:
    """Whether a person wears the same in both."""
    cover = torch.minimum(one.cover, other.cover)
    apart = (one.colours - other.colours).abs().mean(-1)
    return float((apart * cover).sum() / cover.sum().clamp_min(1e-6)) < _ALIKE
