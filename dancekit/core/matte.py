"""From a soft, coarse person mask to a clean cut-out: steady it, fit it to the picture, and unmix the edge colours."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dancekit.core.crops import halved, known_rectangle, warp

_FIT = 4
"""Radius in px, at half size, within which the picture's edges draw the mask: about the coarseness of the masks."""
_FLAT = 5e-5
"""Variance of colours, 0..1, below which a place has no edge."""
_BALL = np.ones((3, 3), np.uint8)
_EVEN = 16
"""Px of which the sides of what is halved again and again are made multiples."""


@dataclass(frozen=True)
class Before:
    """What steadying needs of a frame: brightness and soft mask (0..1), float32 [h, w] each, and its box in px."""

    grey: np.ndarray
    mask: np.ndarray
    box: np.ndarray


def resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture [H, W(, C)] at size (w, h): averaged when it shrinks, interpolated when it grows."""
    shrinks = size[0] < picture.shape[1]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def bounds(shown: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in a picture of size (w, h) around the places of a smaller map that are not 0.

    shown: uint8 [h, w]. There is a little room around them; all four are 0 where there are none.
    """
    left, top, width, height = cv2.boundingRect(shown)
    across, down = size[0] / shown.shape[1], size[1] / shown.shape[0]
    low = (max(0, int((left - 2) * across)), max(0, int((top - 2) * down)))
    high = (min(size[0], int((left + width + 2) * across)), min(size[1], int((top + height + 2) * down)))
    return (*low, *high) if width else (0, 0, 0, 0)


def keep_known(alpha: np.ndarray, box: np.ndarray, frame: tuple[int, int]) -> np.ndarray:
    """Alpha uint8 [h, w] of a box (left, top, right, bottom in px) of a frame (w, h), with 0 beyond the frame."""
    height, width = alpha.shape
    left, top, right, bottom = known_rectangle(box, (width, height), (0, 0, *frame))
    result = np.zeros_like(alpha)
    result[top:bottom, left:right] = alpha[top:bottom, left:right]
    return result


def believe(mask: np.ndarray, votes: np.ndarray) -> np.ndarray:
    """A soft mask float32 [h, w], 0..1, after hearing votes for (to 1) and against (to -1) the person at each place.

    The votes move the mask's log odds: they decide where it is unsure and hardly matter where it is sure. Votes for the
    person count only near her, as other things move too.
    """
    side = 2 * (mask.shape[0] // 16) + 1
    near = cv2.dilate((mask > 0.5).astype(np.uint8), np.ones((side, side), np.uint8))
    odds = np.log((mask + 0.04) / (1.04 - mask)) + np.where(votes > 0, 4 * votes * near, 1.5 * votes)
    return 1 / (1 + np.exp(-odds))


def steadied(picture: np.ndarray, mask: np.ndarray, box: np.ndarray, before: Before | None) -> Before:
    """A frame with its mask steadied by the frame before: where nothing moves, and there alone, so nothing lags.

    picture: uint8 [h, w, 3]. mask: float32 [h, w], 0..1. box: left, top, right, bottom in px of the frame.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if before is None or before.mask.shape != mask.shape:
        return Before(grey, mask, box)
    size, (old, past) = mask.shape[::-1], (before.grey, before.mask)
    if np.abs(box - before.box).max() > 0:
        scale = np.tile(np.array(size) / (before.box[2:] - before.box[:2]), 2)
        place = (box - np.tile(before.box[:2], 2)) * scale
        old, past = warp(old, place, size), warp(past, place, size)
    change = cv2.blur(cv2.absdiff(grey, old), (5, 5))
    still = np.exp(-((change / 5) ** 2))
    return Before(grey, mask + 0.6 * still * (past - mask), box)


def refine(
    picture: np.ndarray, mask: np.ndarray, sure: np.ndarray, behind: tuple[np.ndarray, np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Fit a soft mask to the picture's edges and unmix them: (alpha uint8 [h, w], colour uint8 [h, w, 3]).

    picture: uint8 [h, w, 3]. mask: float32 [h // 2, w // 2], 0..1. sure: uint8 of that size, 1 where the person is
    beyond doubt but for her very edge. behind: see `separated`. The colour is extended past the edge.
    """
    height, width = 2 * mask.shape[0], 2 * mask.shape[1]
    left, top, right, bottom = bounds((mask > 0.05).astype(np.uint8), (width, height))
    alpha, colour = np.zeros(picture.shape[:2], np.uint8), np.zeros_like(picture)
    if right > left:
        # Work only where the person is: that is seldom more than half of the picture. What halves twice is faster.
        left, top = left - left % 4, top - top % 4
        right, bottom = min(width, right + -right % 4), min(height, bottom + -bottom % 4)
        half = np.s_[top // 2 : bottom // 2, left // 2 : right // 2]
        inner = np.ascontiguousarray(picture[top:bottom, left:right])
        soft = fitted(inner, np.ascontiguousarray(mask[half]), sure[half])
        solved, inner = separated(inner, soft, None if behind is None else (behind[0][half], behind[1][half]))
        alpha[top:bottom, left:right] = tidied(solved)
        sides = (top, picture.shape[0] - bottom, left, picture.shape[1] - right)
        colour = cv2.copyMakeBorder(inner, *sides, cv2.BORDER_REPLICATE)
    return alpha, colour


def fitted(picture: np.ndarray, mask: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """A soft mask drawn to the picture's edges, float32 [h, w], 0..1.

    picture: uint8 [h, w, 3]. mask, sure: as for `refine`. Far from its own edges the mask stays what it is.
    """
    size = picture.shape[1::-1]
    *weights, offset, fit = guided(resized(picture, mask.shape[::-1]).astype(np.float32) / 255, mask, _FIT, _FLAT)
    drawn = resized(offset, size)
    for plane, weight in zip(cv2.split(picture), weights, strict=True):
        drawn += resized(weight, size) * plane * np.float32(1 / 255)
    # Where colours do not explain the mask, as they are the same on both sides of its edge, it stays as it is.
    plain, trust = resized(mask, size), resized(np.clip((fit - 0.3) / 0.4, 0, 1), size)
    drawn = np.clip((plain + trust * (drawn - plain) - 0.28) / 0.44, 0, 1)
    reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    inside, outside = (cv2.erode(part.astype(np.float32), reach) for part in (sure, mask < 0.2))
    drawn = np.minimum(np.maximum(drawn, resized(inside, size)), 1 - resized(outside, size))
    return cv2.medianBlur(cv2.convertScaleAbs(drawn, alpha=255), 5).astype(np.float32) / 255


def guided(guide: np.ndarray, target: np.ndarray, radius: int, flat: float) -> list[np.ndarray]:
    """Guided filter after He et al. 2013: planes [h, w] by which the guide's colours explain the target around.

    guide: float32 [h, w, 3], 0..1. target: float32 [h, w]. radius: px. flat: the guide's variance that is no edge.
    Returns a weight for each channel, an offset, and the share of the target's variance that they explain.
    """

    def mean(plane: np.ndarray) -> np.ndarray:
        return cv2.boxFilter(plane, -1, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)

    r, g, b = cv2.split(guide)
    mr, mg, mb, mt = mean(r), mean(g), mean(b), mean(target)
    tr, tg, tb = mean(r * target) - mr * mt, mean(g * target) - mg * mt, mean(b * target) - mb * mt
    rr, gg, bb = mean(r * r) - mr * mr + flat, mean(g * g) - mg * mg + flat, mean(b * b) - mb * mb + flat
    rg, rb, gb = mean(r * g) - mr * mg, mean(r * b) - mr * mb, mean(g * b) - mg * mb
    # The inverse of the 3 x 3 covariance, written out: its cofactors over its determinant.
    crr, crg, crb = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    cgg, cgb, cbb = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    scale = 1 / np.maximum(rr * crr + rg * crg + rb * crb, flat**3)
    wr = (crr * tr + crg * tg + crb * tb) * scale
    wg = (crg * tr + cgg * tg + cgb * tb) * scale
    wb = (crb * tr + cgb * tg + cbb * tb) * scale
    fit = (wr * tr + wg * tg + wb * tb + 1e-4) / (mean(target * target) - mt * mt + 1e-4)
    return [mean(wr), mean(wg), mean(wb), mean(mt - wr * mr - wg * mg - wb * mb), mean(np.clip(fit, 0, 1))]


def separated(
    picture: np.ndarray, soft: np.ndarray, behind: tuple[np.ndarray, np.ndarray] | None = None, solve: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Solve a soft edge for alpha and for the person's own colour: (alpha uint8 [h, w], colour uint8 [h, w, 3]).

    picture: uint8 [h, w, 3]. soft: float32 [h, w], 0..1. behind: the background's colour, uint8 [h // 2, w // 2, 3],
    and how surely it is known, float32 [h // 2, w // 2], 0..1; elsewhere it is continued from outside the person, as
    her own colour is from inside. With solve=False alpha stays as it is, and only the colour is found.
    """
    front, back = _sides(picture, soft, behind)
    edge = cv2.inRange(soft, 0.05, 0.95)
    near = np.flatnonzero(cv2.dilate(edge, np.ones((5, 5), np.uint8)))
    seen, own, bare = (colours_at(each, near) for each in (picture, front, back))
    alpha = soft.copy()
    if solve:
        alpha.reshape(-1)[near] = project(soft.reshape(-1)[near], seen, own, bare, 120.0)
        # Cut a little into the edge: what is left of the background there would show as a fringe.
        alpha = np.clip((alpha - 0.08) / 0.86, 0, 1)
    colour = cv2.copyTo(picture, cv2.inRange(alpha, 0.02, 1), front)
    colour.reshape(-1, 3)[near] = unmixed(alpha.reshape(-1)[near], seen, own, bare).T.astype(np.uint8)
    return cv2.convertScaleAbs(alpha, alpha=255), colour


def _sides(
    picture: np.ndarray, soft: np.ndarray, behind: tuple[np.ndarray, np.ndarray] | None
) -> tuple[np.ndarray, np.ndarray]:
    """(the person's colour, the background's) at every place, uint8 [h, w, 3] each."""
    size, small, grey = picture.shape[1::-1], halved(picture), halved(soft)
    front = continued(small.astype(np.float32), (grey > 0.9).astype(np.uint8))
    back = continued(halved(small).astype(np.float32), (halved(grey) < 0.1).astype(np.uint8))
    if behind is not None:
        back = resized(back, behind[1].shape[::-1])
        back += behind[1][..., None] * (behind[0] - back)
    return resized(cv2.convertScaleAbs(front), size), resized(cv2.convertScaleAbs(back), size)


def colours_at(picture: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Colours float32 [3, N] of a picture uint8 [h, w, 3] at some of its pixels, counted row by row."""
    return np.take(picture.reshape(-1, 3), near, axis=0).T.astype(np.float32, order="C")


def project(
    alpha: np.ndarray, picture: np.ndarray, front: np.ndarray, behind: np.ndarray, contrast: float
) -> np.ndarray:
    """Alpha float32 [N] by where colours lie between front and behind, float32 [3, N] each, 0..255.

    The given alpha stays where the colours are off the line between the two, or the two differ by less than `contrast`.
    """
    across, seen = front - behind, picture - behind
    length = (across * across).sum(0)
    share = np.clip((seen * across).sum(0) / np.maximum(length, 100.0), 0, 1)
    off = seen - share * across
    trust = np.exp((off * off).sum(0) / (-2 * 20.0**2)) * length / (length + (contrast**2 + 1))
    return alpha + trust * (share - alpha)


def unmixed(alpha: np.ndarray, picture: np.ndarray, front: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """The person's colour in mixed pixels, float32 [3, N]: what is left of the picture without the background's share.

    Where she is faint that is too noisy, and the colour continued from inside her, `front`, stands in. The hue is
    nearly always that of `front`, as films keep hues at half the fineness and so smear the background's into her edge.
    """
    left = (picture - (1 - alpha) * behind) / np.maximum(alpha, 0.3)
    mixed = front + np.clip(alpha * 2 - 0.8, 0, 1) * (left.clip(0, 255) - front)
    light = np.clip((mixed.mean(0) + 4) / (front.mean(0) + 4), 0.25, 2)
    return (mixed + 0.8 * (front * light - mixed)).clip(0, 255)


def continued(picture: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Colours float32 [h, w, 3] continued outwards from where they are sure, uint8 [h, w], 0 or 1.

    What lies just inside the edge of the sure places counts most: hair, not the face behind it. Thin parts, all edge,
    count where nothing else is near.
    """
    deep = cv2.erode(sure, np.ones((5, 5), np.uint8))
    core = cv2.erode(deep, _BALL)
    return extend(picture, 0.05 * sure.astype(np.float32) + 0.95 * deep - 0.97 * core)


def extend(colour: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Fill an image smoothly from the pixels that count (pull and push through a pyramid).

    colour: float32 [h, w, C]. weight: float32 [h, w], 0..1, how much each pixel counts. Returns float32 [h, w, C]:
    the colour itself where the weight is 1, further away ever smoother means of the nearest pixels that count.
    """
    # Sides that halve evenly are averaged twenty times as fast as others; what is added does not count.
    height, width = weight.shape
    room = (0, -height % _EVEN, 0, -width % _EVEN)
    weight = cv2.copyMakeBorder(weight, *room, cv2.BORDER_CONSTANT, value=0)
    planes = [cv2.copyMakeBorder(plane, *room, cv2.BORDER_REPLICATE) * weight for plane in cv2.split(colour)]
    return cv2.merge([plane[:height, :width] for plane in _push(planes, weight, top=True)[:-1]]).reshape(colour.shape)


def _push(planes: list[np.ndarray], weight: np.ndarray, top: bool = False) -> list[np.ndarray]:
    """Colour planes times their weight in (they are written over); planes times their certainty, and that, out."""
    below = _below(planes, weight)
    # A coarse pixel with a few that count speaks for all of itself, and hearsay is worth a tenth: the nearest win.
    share = weight if top else np.minimum(weight * 4, 1)
    rest = 1 - share if top else (1 - share) * np.float32(0.1)
    own, heard = 1 if top else share / np.maximum(weight, 1e-6), rest / below[-1]
    for plane, other in zip(planes, below, strict=False):
        plane *= own
        other *= heard
        plane += other
    return [*planes, share + rest]


def _below(planes: list[np.ndarray], weight: np.ndarray) -> list[np.ndarray]:
    """What the next coarser level knows, at this level's size: in the end, the mean of all."""
    height, width = weight.shape
    if max(height, width) <= 8:
        total = max(float(weight.sum()), 1e-6)
        return [np.full_like(weight, plane.sum() / total) for plane in planes] + [np.ones_like(weight)]
    half = ((width + 1) // 2, (height + 1) // 2)
    coarse = [cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in (*planes, weight)]
    return [cv2.resize(plane, (width, height)) for plane in _push(coarse[:-1], coarse[-1])]


def tidied(alpha: np.ndarray) -> np.ndarray:
    """Alpha uint8 [h, w] without specks and faint smears away from the person, and without pinholes in her."""
    small = halved(halved(alpha))
    near = cv2.dilate(large_pieces(small > 90, 0.004).astype(np.uint8), _BALL)
    gaps, areas = pieces(small <= 90)
    pinhole = cv2.dilate((areas <= 3)[gaps].astype(np.uint8), _BALL)
    near, pinhole = (resized(each, alpha.shape[::-1]) for each in (near, pinhole))
    return np.where(pinhole > 0, np.uint8(255), alpha * near)


def pieces(shown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(which piece each place of a bool map belongs to, area of each piece); piece 0 is where the map is False."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(shown.astype(np.uint8))
    return labels, stats[:, cv2.CC_STAT_AREA]


def large_pieces(shown: np.ndarray, share: float) -> np.ndarray:
    """A bool map without its specks: pieces that are smaller than such a share of the largest."""
    labels, areas = pieces(shown)
    large = areas >= share * areas[1:].max(initial=0)
    large[0] = False
    kept: np.ndarray = large[labels]
    return kept
