"""Chroma key: find a green or blue screen behind the person, key it out, and take its light off her."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from dancekit.core.crops import halved, warp
from dancekit.core.matte import bounds, colours_at, extend, pieces, project, resized, unmixed

_LOOK = 160
"""Long side in px at which samples are judged and the screen's colour is kept: screens are smooth."""
_CELL = 4
"""Px along a side of the cells in which a picture is judged before it is keyed px by px."""
_SATURATED = 0.3
"""Least share of a screen's channel that the others lack; skies and lawns stay below, or are uneven."""


@dataclass(frozen=True)
class Screen:
    """A coloured screen as it stands behind the person.

    primary: its channel, 1 green or 2 blue. colour: float32 [g, k, 3], 0..255, smooth over the whole frame.
    coverage: float32 [g, k], 1 where the screen is, 0 where the film never shows it, as on a floor or beside it.
    """

    primary: int
    colour: np.ndarray
    coverage: np.ndarray

    def before(self, box: np.ndarray, frame: tuple[int, int], size: tuple[int, int]) -> Screen:
        """The screen in a box (left, top, right, bottom in px) of a frame (w, h), as maps of size (w, h)."""
        scale = np.array([self.colour.shape[1] / frame[0], self.colour.shape[0] / frame[1]] * 2)
        small = np.asarray(box, np.float64) * scale
        return Screen(self.primary, warp(self.colour, small, size), warp(self.coverage, small, size))


def find_screen(frames: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> Screen | None:
    """The green or blue screen that the person stands before, or None.

    frames: uint8 [H, W, 3] samples of a film. masks: uint8 [h, w], soft person masks of the same frames, of any size.
    There is a screen when nearly all that borders on the person is of one saturated, smooth green or blue.
    """
    scale = _LOOK / max(frames[0].shape[:2])
    size = (max(2, round(frames[0].shape[1] * scale)), max(2, round(frames[0].shape[0] * scale)))
    pictures = np.stack([resized(frame, size) for frame in frames]).astype(np.float32)
    people = np.stack([cv2.dilate(resized(mask, size), np.ones((7, 7), np.uint8)) for mask in masks]) > 25
    for primary in (1, 2):
        screen = _screen_of(primary, pictures, people)
        if screen is not None:
            return screen
    return None


def _screen_of(primary: int, pictures: np.ndarray, people: np.ndarray) -> Screen | None:
    near = np.stack([cv2.dilate(person.astype(np.uint8), np.ones((31, 31), np.uint8)) for person in people]) > 0
    around = near & ~people
    if not around.any():
        return None
    excess = np.stack([difference(picture, primary) for picture in pictures])
    saturated = (excess > 25) & (excess > _SATURATED * pictures[..., primary])
    if (saturated & around).sum() < 0.6 * around.sum():
        return None
    chroma = _chroma(pictures, primary)
    usual = np.median(chroma[saturated & around], axis=0)
    alike = saturated & (np.abs(chroma - usual).max(-1) < 0.2) & _smooth(pictures, primary)
    if (alike & around).sum() < 0.7 * around.sum():
        return None
    return _map_screen(primary, pictures, alike, people, near)


def _chroma(picture: np.ndarray, primary: int) -> np.ndarray:
    """The two other channels as shares of the primary one: the same in light and in shadow."""
    others = [channel for channel in range(3) if channel != primary]
    return picture[..., others] / np.maximum(picture[..., primary : primary + 1], 1.0)


def _smooth(pictures: np.ndarray, primary: int) -> np.ndarray:
    """Where the primary channel has no texture: lawns, leaves and water have, cloth and paint have not."""
    rough = [np.abs(cv2.Laplacian(picture[..., primary], cv2.CV_32F)) for picture in pictures]
    return np.stack([cv2.blur(each, (3, 3)) for each in rough]) < 12


def _map_screen(primary: int, pictures: np.ndarray, alike: np.ndarray, people: np.ndarray, near: np.ndarray) -> Screen:
    shown, free = alike & ~people, ~people
    mean, seen = _mean(pictures, shown)
    colour = cv2.GaussianBlur(extend(mean, np.minimum(seen / 2, 1)), (0, 0), 1.5)
    # What never shows the screen is none far from the person. Near her it may be something she holds, or her hair:
    # there only what never changes and goes on to where she is far counts, such as the floor.
    usual, times = _mean(pictures, free)
    spread = np.sqrt(_mean((pictures - usual) ** 2, free)[0].max(-1))
    far = (~near).sum(0) >= 4
    fixed, _ = pieces((seen == 0) & (far | ((times >= 4) & (spread < 10))))
    other = np.isin(fixed, np.unique(fixed[far & (fixed > 0)]))
    coverage = extend((seen > 0).astype(np.float32)[..., None], ((seen > 0) | other).astype(np.float32))[..., 0]
    return Screen(primary, colour, cv2.erode(coverage, np.ones((3, 3), np.uint8)))


def _mean(pictures: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(mean over the samples [N, h, w, 3] that count, how many count), float32 [h, w, 3] and [h, w]."""
    number = counts.sum(0).astype(np.float32)
    return (pictures * counts[..., None]).sum(0) / np.maximum(number, 1)[..., None], number


def difference(picture: np.ndarray, primary: int) -> np.ndarray:
    """How far the primary channel stands above the larger of the others: float32 [h, w], for [h, w, 3] of any type."""
    planes = cv2.split(picture)
    first, second = (planes[channel] for channel in range(3) if channel != primary)
    return cv2.subtract(planes[primary], cv2.max(first, second), dtype=cv2.CV_32F)


def key(picture: np.ndarray, mask: np.ndarray, screen: Screen) -> tuple[np.ndarray, np.ndarray]:
    """Cut the person out from before a screen.

    picture: uint8 [h, w, 3]. mask: uint8 [h, w], the soft person mask, which says where she roughly is, and decides
    alone where there is no screen. screen: maps of any size over the same view.
    Returns (alpha uint8 [h, w], colour uint8 [h, w, 3] without the screen's light, extended past the edge).
    """
    height, width = mask.shape
    room = (0, -height % _CELL, 0, -width % _CELL)
    if any(room):  # whole cells are averaged many times as fast as others
        picture, mask = (cv2.copyMakeBorder(each, *room, cv2.BORDER_REPLICATE) for each in (picture, mask))
        alpha, colour = key(picture, mask, screen)
        return alpha[:height, :width], colour[:height, :width]
    small = (width // _CELL, height // _CELL)
    rough, person = halved(halved(picture)).astype(np.float32), halved(halved(mask))
    screen = Screen(screen.primary, resized(screen.colour, small), resized(screen.coverage, small))
    behind = local_colour(rough, person, screen)
    keep = _attached(rough, person, behind, screen)
    left, top, right, bottom = bounds(keep, small)
    alpha, colour = np.zeros_like(mask), np.zeros_like(picture)
    if right > left:
        # Work only where the person is: that is seldom more than half of the picture.
        cells = np.s_[top:bottom, left:right]
        left, top, right, bottom = (_CELL * v for v in (left, top, right, bottom))
        window = np.s_[top:bottom, left:right]
        trust = cv2.erode(person, np.ones((3, 3), np.uint8)).astype(np.float32) / 255
        full = np.maximum(difference(behind, screen.primary), 8.0)
        coarse = (behind, full, trust, keep, screen.coverage)
        maps = [resized(each[cells], (right - left, bottom - top)) for each in coarse]
        views = [np.ascontiguousarray(each[window]) for each in (picture, mask)]
        alpha[window], inner = _cut(_View(screen.primary, *views, *maps))
        sides = (top, height - bottom, left, width - right)
        colour = cv2.copyMakeBorder(inner, *sides, cv2.BORDER_REPLICATE)
    return alpha, colour


@dataclass(frozen=True)
class _View:
    """The part of a picture where the person is, and what is known of each of its pixels [h, w].

    behind: the bare screen, float32 [h, w, 3]. full: its difference, in levels. trust: how surely she is there, 0..1.
    keep: 0 where nothing belongs to her. coverage: as of the screen.
    """

    primary: int
    picture: np.ndarray
    mask: np.ndarray
    behind: np.ndarray
    full: np.ndarray
    trust: np.ndarray
    keep: np.ndarray
    coverage: np.ndarray


def _attached(rough: np.ndarray, person: np.ndarray, behind: np.ndarray, screen: Screen) -> np.ndarray:
    """uint8: where there is no bare screen, in one piece with the person: what she holds, but no stand beside her."""
    bare = difference(rough, screen.primary) > 0.9 * difference(behind, screen.primary)
    body = ~bare & (screen.coverage > 0.5) | (person > 128)
    joined = cv2.morphologyEx(body.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    labels, _ = pieces(joined)
    kept = np.bincount(labels.ravel(), (person > 128).ravel()) > 4
    kept[0] = False
    return cv2.dilate(kept[labels].astype(np.uint8), np.ones((3, 3), np.uint8))


def _cut(view: _View) -> tuple[np.ndarray, np.ndarray]:
    """(alpha uint8 [h, w], colour uint8 [h, w, 3]) of the part."""
    full, excess = view.full, difference(view.picture, view.primary)
    clear, keep = excess / full, view.keep > 0
    # In her midst, what is partly of the screen's hue is clothes if all around it is too; else it is a gap or its rim.
    cloth = view.trust * np.clip(cv2.erode(clear, np.ones((5, 5), np.uint8)) * 15, 0, 1)
    front, fore = _front(view.picture, (clear < 0.15 + 0.45 * cloth) & keep, full, view.primary)
    alpha = np.clip((full - excess) / (full - fore), 0, 1)
    soft = np.flatnonzero(_rim(alpha) & keep)
    seen, own, back = (colours_at(each, soft) for each in (view.picture, front, view.behind))
    alpha.reshape(-1)[soft] = project(alpha.reshape(-1)[soft], seen, own, back, 0.0)
    alpha = _settle(alpha, clear, view.trust, cloth) * keep
    colour = cv2.copyTo(view.picture, cv2.inRange(alpha, 1e-3, 1), front.copy())
    colour.reshape(-1, 3)[soft] = unmixed(alpha.reshape(-1)[soft], seen, own, back).T.astype(np.uint8)
    _despill(colour, full, view.primary)
    bare = view.coverage < 0.5
    if bare.any():
        alpha[bare] = view.mask[bare] / np.float32(255)
        colour[bare & (alpha < 0.97)] = front[bare & (alpha < 0.97)]
    return cv2.convertScaleAbs(alpha, alpha=255), colour


def _front(picture: np.ndarray, solid: np.ndarray, full: np.ndarray, primary: int) -> tuple[np.ndarray, np.ndarray]:
    """(colour uint8 [h, w, 3], its difference): the person's own, extended from where she is surely solid."""
    size, half = picture.shape[1::-1], (picture.shape[1] // 2, picture.shape[0] // 2)
    sure = cv2.erode(solid.astype(np.uint8), np.ones((5, 5), np.uint8))
    # Thin parts, which erode away, count where nothing else is near.
    weight = cv2.addWeighted(sure, 0.95, solid.astype(np.uint8), 0.05, 0, dtype=cv2.CV_32F)
    front = extend(resized(picture, half).astype(np.float32), resized(weight, half))
    small = resized(full, half)
    fore = np.minimum(difference(front, primary), 0.6 * small)
    return resized(cv2.convertScaleAbs(front), size), resized(fore, size)


def _rim(alpha: np.ndarray) -> np.ndarray:
    """The soft pixels and those beside them, where the codec has smeared the screen's colour."""
    return cv2.dilate(cv2.inRange(alpha, 0.03, 0.97), np.ones((5, 5), np.uint8)) > 0


def _settle(alpha: np.ndarray, clear: np.ndarray, trust: np.ndarray, cloth: np.ndarray) -> np.ndarray:
    """Exactly 0 in the screen's noise and exactly 1 in the body."""
    sample = (slice(1, None, 3), slice(1, None, 3))
    noise = cv2.meanStdDev(clear[sample], mask=((clear > 0.75) & (trust < 0.03))[sample].astype(np.uint8))[1].item()
    black, white = min(0.03 + 3 * noise, 0.25), 0.92
    solid = np.clip((0.55 + 0.3 * cloth - clear) / 0.3, 0, 1) * np.clip(trust * 2 - 1, 0, 1)
    return np.maximum(np.clip((alpha - black) / (white - black), 0, 1), solid)


def local_colour(picture: np.ndarray, mask: np.ndarray, screen: Screen) -> np.ndarray:
    """The screen's colour behind each place of this one frame, float32 [h, w, 3].

    picture: float32 [h, w, 3], coarse. mask: uint8 [h, w]. screen: maps of the same size. Where the screen shows, it is
    what shows there (so shadows and changing light count); behind the person it is the screen's usual colour, as bright
    as the screen is around her in this frame.
    """
    usual = screen.colour
    ratio = difference(picture, screen.primary) / np.maximum(difference(usual, screen.primary), 8.0)
    off = np.abs(_chroma(picture, screen.primary) - _chroma(usual, screen.primary)).max(-1)
    shown = (off < 0.12) & (ratio > 0.35) & (ratio < 1.8) & ((mask < 128) | (ratio > 0.85))
    sure = cv2.erode(shown.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1).astype(np.float32)
    gain = extend(picture / np.maximum(usual, 4.0), sure)
    return usual * cv2.GaussianBlur(gain, (0, 0), 1.5)


def _despill(colour: np.ndarray, full: np.ndarray, primary: int) -> None:
    """Take the light that the screen throws on the person off her colours, uint8 [h, w, 3], in place.

    What stands out by more than a third of the bare screen's difference is no reflection but the thing's own colour.
    """
    excess = difference(colour, primary)
    tinted = np.flatnonzero(excess > 0)
    light = excess.reshape(-1)[tinted]
    own = np.clip((light / full.reshape(-1)[tinted] - 0.06) / 0.24, 0, 1)
    light *= 1 - own * own * (3 - 2 * own)
    colour.reshape(-1, 3)[tinted, primary] -= light.astype(np.uint8)
