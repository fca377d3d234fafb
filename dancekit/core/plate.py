"""The background plate: what stands behind the person, learned from the film itself, and what it says about her."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from dancekit.core.crops import to_crop, to_pixel_centres
from dancekit.core.matte import resized

_SIDE = 400
"""Long side in px at which the background is kept; it is looked at with crops of half size, which are no finer."""
_FEWEST = 5
"""Samples below which a median over time says nothing."""


@dataclass(frozen=True)
class Plate:
    """The background of a shot whose camera stands still or nearly so, as far as it was ever seen.

    colour: uint8 [h, w, 4], its RGB and how surely it is the background, 0..255. noise: float32 [h, w], the usual
    deviation from it in levels. The whole frame, but perhaps smaller.
    """

    colour: np.ndarray
    noise: np.ndarray


@dataclass(frozen=True)
class Backdrop:
    """The plate behind one picture: colour uint8 [h, w, 3], known 0..1 and noise in levels, float32 [h, w] each."""

    colour: np.ndarray
    known: np.ndarray
    noise: np.ndarray


def learn_plate(frames: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> Plate | None:
    """The background that shows where the person is not, or None when too little of it stands still.

    frames: uint8 [H, W, 3] samples of one shot. masks: uint8 [h, w], soft person masks of them, of any size. The
    samples are laid onto the middle one first, so a camera that drifts a little does no harm.
    """
    if len(frames) < _FEWEST:
        return None
    scale = min(1.0, _SIDE / max(frames[0].shape[:2]))
    size = (round(frames[0].shape[1] * scale), round(frames[0].shape[0] * scale))
    reach = np.ones((2 * (max(size) // 80) + 1,) * 2, np.uint8)
    pictures = [resized(frame, size) for frame in frames]
    people = [(cv2.dilate(resized(mask, size), reach) > 20).astype(np.uint8) for mask in masks]
    target, hidden = pictures[len(pictures) // 2], people[len(people) // 2]
    for index, (picture, person) in enumerate(zip(pictures, people, strict=True)):
        shift = drift(picture, target, person | hidden)
        pictures[index], people[index] = moved(picture, shift), moved(person, shift, border=1)
    return _median(np.stack(pictures), np.stack(people) > 0)


def _median(pictures: np.ndarray, people: np.ndarray) -> Plate | None:
    """The quartiles over the samples [N, h, w, 3] that show no person, sorted to the front."""
    values = pictures.astype(np.int16)
    values[people] = 999
    values.sort(axis=0)
    seen = (~people).sum(0)
    places = [np.minimum(seen * part // 4, len(values) - 1)[None, ..., None] for part in (1, 2, 3)]
    low, middle, high = (np.take_along_axis(values, place, 0)[0] for place in places)
    noise = ((high - low) / 1.35).max(-1)
    known = np.clip((seen - 2) / 4, 0, 1) * np.clip((16 - noise) / 8, 0, 1)
    often = seen >= _FEWEST
    if not often.any() or known[often].mean() < 0.5:
        return None
    colour = np.concatenate((middle, (known * 255)[..., None]), -1).clip(0, 255).astype(np.uint8)
    return Plate(colour, np.maximum(noise, 2).astype(np.float32))


def drift(picture: np.ndarray, target: np.ndarray, hidden: np.ndarray) -> tuple[float, float]:
    """How far (x, y) in px the target lies from the picture, by phase correlation; (0, 0) where nothing tells.

    picture, target: uint8 [h, w, 3]. hidden: uint8 [h, w], not 0 where the person covers either.
    """
    shown = (hidden == 0).astype(np.float32)
    share = shown / np.maximum(cv2.GaussianBlur(shown, (0, 0), 3), 1e-3)
    window = cv2.createHanningWindow(shown.shape[::-1], cv2.CV_32F)

    def detail(grey: np.ndarray) -> np.ndarray:
        """Without its slow changes, so that neither light nor hidden places pull."""
        return grey * shown - cv2.GaussianBlur(grey * shown, (0, 0), 3) * share

    first, second = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY).astype(np.float32) for each in (picture, target))
    fixed, across, down = detail(second), 0.0, 0.0
    for _ in range(2):
        # Hidden places lie still in both and so pull towards no drift: the less so, the less of it is left.
        (x, y), response = cv2.phaseCorrelate(detail(moved(first, (across, down))), fixed, window)
        across, down = across + x, down + y
        if response < 0.1 or max(abs(across), abs(down)) > 0.08 * max(shown.shape):
            return 0.0, 0.0
    return across, down


def moved(picture: np.ndarray, shift: tuple[float, float], border: int | None = None) -> np.ndarray:
    """A picture [h, w(, C)] shifted by (x, y) px; what comes in is its edge repeated, or the given value."""
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float64)
    mode = cv2.BORDER_REPLICATE if border is None else cv2.BORDER_CONSTANT
    return cv2.warpAffine(picture, matrix, picture.shape[1::-1], borderMode=mode, borderValue=border or 0)


def lay(plate: Plate, picture: np.ndarray, mask: np.ndarray, box: np.ndarray, frame: tuple[int, int]) -> Backdrop:
    """Lay the plate behind a picture of the box (left, top, right, bottom in px) of a frame of size (w, h).

    picture: uint8 [h, w, 3]. mask: uint8 [h, w]. What the camera has drifted and the light has changed is measured
    where the person is not, and followed; where the plate still does not fit, it counts for less.
    """
    size, small = picture.shape[1::-1], (max(2, picture.shape[1] // 2), max(2, picture.shape[0] // 2))
    scale = np.array([plate.noise.shape[1] / frame[0], plate.noise.shape[0] / frame[1]] * 2)
    place = np.asarray(box, np.float64) * scale
    coarse = _look(plate.colour, place, small)
    hidden = cv2.max(resized(mask, small), cv2.bitwise_not(coarse[..., 3])) > 100
    shift = drift(cv2.cvtColor(coarse, cv2.COLOR_RGBA2RGB), resized(picture, small), hidden.astype(np.uint8))
    place -= np.tile(shift * (place[2:] - place[:2]) / small, 2)
    colour, noise = _look(plate.colour, place, size), _look(plate.noise, place, size)
    known = cv2.extractChannel(colour, 3).astype(np.float32) / 255
    return _relit(picture, mask, Backdrop(cv2.cvtColor(colour, cv2.COLOR_RGBA2RGB), known, noise))


def _look(picture: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A box of a picture at (w, h) px, in the one fast step that suffices for a picture of about that fineness."""
    return cv2.warpAffine(picture, to_pixel_centres(to_crop(box, size)), size, borderMode=cv2.BORDER_REPLICATE)


def _relit(picture: np.ndarray, mask: np.ndarray, behind: Backdrop) -> Backdrop:
    """The backdrop in the picture's own light."""
    sample = np.s_[::6, ::6]
    free = (mask[sample] < 20) & (behind.known[sample] > 0.5)
    if free.mean() < 0.05:
        return behind
    seen, plain = (each[sample][free].astype(np.float32) for each in (picture, behind.colour))
    gain = np.clip(np.median(seen + 4, 0) / np.median(plain + 4, 0), 0.8, 1.25)
    misfit = np.median(np.abs(seen - plain * gain).max(-1))
    trust = np.float32(np.clip(2 - misfit / 8, 0, 1))
    return Backdrop(cv2.multiply(behind.colour, np.append(gain, 0.0)), behind.known * trust, behind.noise)


def vote(picture: np.ndarray, behind: Backdrop) -> np.ndarray:
    """What the plate says, float32 [h, w]: 1 for the person, -1 for the background, 0 where it cannot tell.

    picture: uint8 [h, w, 3]. The difference counts relative to the largest one near, which makes soft edges soft and
    keeps the vote from spilling over them. Shadows, which darken all channels alike, are no vote for the person.
    """
    planes = cv2.split(cv2.absdiff(picture, behind.colour))
    off = cv2.max(cv2.max(planes[0], planes[1]), planes[2]).astype(np.float32)
    least = 3 * behind.noise + 8
    most = cv2.dilate(off, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    sure = np.clip(most / least - 1, 0, 1)
    votes = np.clip(2 * off / np.maximum(most, least) - 1, -1, 1) * sure - 0.2 * (1 - sure)
    votes = np.where(votes > 0, votes * (1 - _shadow(picture, behind.colour)), votes) * behind.known
    # Weak votes are asked around; strong ones stand alone, as fingers are thin.
    return np.where(votes > 0.3, votes, cv2.blur(votes, (3, 3)))


def _shadow(picture: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """How much each place looks like the plate in shadow, float32 [h, w], 0..1; coarsely, as shadows are broad."""
    half = (max(1, colour.shape[1] // 2), max(1, colour.shape[0] // 2))
    small, plain = (resized(each, half).astype(np.float32) + 8 for each in (picture, colour))
    red, green, blue = cv2.split(small / plain)
    dark, light = cv2.min(cv2.min(red, green), blue), cv2.max(cv2.max(red, green), blue)
    alike = np.clip((0.12 - (light - dark)) / 0.06, 0, 1) * (light < 1) * np.clip((dark - 0.45) / 0.15, 0, 1)
    return resized(cv2.morphologyEx(alike, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), colour.shape[1::-1])
