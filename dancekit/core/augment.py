"""Pose augmentation (section 3.2): training poses as faulty as detected ones, so that neither hurts at render time."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from dancekit.core.constants import chosen
from dancekit.core.maps import CHANNELS, SEGMENT_CHANNELS, Segments
from dancekit.core.sketch import Looks


@dataclass(frozen=True)
class Augmentation:
    """How strongly poses are disturbed; probabilities are per channel, distances a share of the picture's height."""

    drop: float = 0.05
    """Probability that a body part vanishes from a whole window."""
    move: float = 0.1
    """Probability that a part's ends move."""
    distance: float = 0.015
    """Standard deviation of that movement."""
    stretch: float = 0.1
    """Probability that a limb is drawn longer or shorter."""
    range: float = 0.2
    """By how much at the most: 0.2 is from 0.8 to 1.2 times its length."""


@dataclass(frozen=True)
class Sway:
    """How far pictures and poses are turned and scaled together: makes much of a short film (not in the paper)."""

    rotate: float = 0.0
    """By how many degrees at the most, either way."""
    scale: float = 0.0
    """By how much at the most: 0.1 is from 0.9 to 1.1 times the size."""
    recolour: float = 0.0
    """Share of windows shown in other colours: for bases, which should know every colour, not for a person."""
    share: float = 1.0
    """Share of windows that are turned and scaled: those that are not stay as sharp as the film."""


def recoloured(frames: np.ndarray, looks: Looks, share: float, random: np.random.Generator) -> tuple[np.ndarray, Looks]:
    """A window of film and its looks in other colours, with probability `share`: colour channels change places, and
    each is made brighter or darker. frames: uint8 T x 4 x H x W, the last channel alpha, which stays."""
    if random.random() >= share:
        return frames, looks
    order, gain, lift = random.permutation(3), random.uniform(0.6, 1.3, 3), random.uniform(-30, 30, 3)
    tables = (np.arange(256) * gain[:, None] + lift[:, None]).clip(0, 255).astype(np.uint8)
    painted = frames.copy()
    for to, source in enumerate(order):
        painted[:, to] = cv2.LUT(frames[:, source], tables[to])
    given = (looks.colours[..., list(order)] + 1) * 127.5
    new = (given * torch.from_numpy(gain) + torch.from_numpy(lift)).clamp(0, 255) / 127.5 - 1
    return painted, looks._replace(colours=new.to(looks.colours.dtype))


def swayed(
    points: np.ndarray, frames: np.ndarray, known: np.ndarray, sway: Sway, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Turn and scale a window of film at random about its middle, alike in all frames; and by how much it is scaled.

    points: T' x J x 3 px. frames: uint8 T x 4 x H x W. known: uint8 T x 1 x H x W; what comes in from beyond is not.
    """
    height, width = frames.shape[-2:]
    angle, factor = random.uniform(-1, 1, 2) * (sway.rotate, sway.scale) + (0, 1)
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, factor)

    def warp(picture: np.ndarray, interpolation: int, border: int) -> np.ndarray:
        return cv2.warpAffine(picture, turn, (width, height), flags=interpolation, borderMode=border)

    alike = [warp(frame[:3].transpose(1, 2, 0), cv2.INTER_CUBIC, cv2.BORDER_REPLICATE) for frame in frames]
    alpha = [warp(frame[3], cv2.INTER_LINEAR, cv2.BORDER_CONSTANT) for frame in frames]
    seen = [warp(mask[0], cv2.INTER_NEAREST, cv2.BORDER_CONSTANT)[None] for mask in known]
    moved = points.copy()
    # Landmarks count from the corner of the first px, pictures from its middle.
    moved[..., :2] = (points[..., :2] - 0.5) @ turn[:, :2].T + turn[:, 2] + 0.5
    pictures = np.stack([np.dstack(pair).transpose(2, 0, 1) for pair in zip(alike, alpha, strict=True)])
    return moved, pictures, np.stack(seen), factor


def disturb(pose: Segments, height: int, strength: Augmentation, random: torch.Generator) -> Segments:
    """Drop parts, move their ends and change their lengths, alike in all frames of a window.

    pose: segments B x T x S (x 2); height of the picture in px; random: a generator on the segments' device.
    """
    batch = pose.seen.shape[0]
    draw = _per_part(batch, pose.seen, random)
    kept = (draw() >= strength.drop).to(pose.seen.dtype)
    moved = (draw() < strength.move)[..., None] * strength.distance * height
    shift = [
        moved * torch.randn(batch, 1, len(SEGMENT_CHANNELS), 2, generator=random, device=pose.seen.device)
        for _ in range(2)
    ]
    stretched = (draw() < strength.stretch) * strength.range
    factor = (1 + stretched * (2 * draw() - 1))[..., None]
    middle = (pose.starts + pose.ends) / 2
    starts = middle + (pose.starts - middle) * factor + shift[0]
    ends = middle + (pose.ends - middle) * factor + shift[1]
    return Segments(starts, ends, pose.seen * kept)


def _per_part(batch: int, like: Tensor, random: torch.Generator):
    """A function drawing uniform numbers B x 1 x S, equal for all segments of one part."""

    def draw() -> Tensor:
        each = torch.rand(batch, 1, CHANNELS, generator=random, device=like.device)
        return chosen(each, -1, tuple(SEGMENT_CHANNELS))

    return draw
