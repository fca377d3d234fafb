"""Training data: windows of poses and frames of all clips of a person, and wild poses, as batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
import torch
from torch import Tensor

from dancekit.core import closeup, crops, portraits, spans
from dancekit.core.augment import Sway, recoloured, swayed
from dancekit.core.batch import Batch
from dancekit.core.portraits import Gallery
from dancekit.core.sketch import Looks
from dancekit.core.wild import Dances
from dancekit.errors import WorkspaceError
from dancekit.io.clips import Clip
from dancekit.io.frames import FrameReader
from dancekit.memory import for_cache

Item = TypeVar("Item")
_FRAMES, _FACES = 3 << 30, 1 << 30
"""Bytes of frames, and of heads, that are kept in memory at the most."""
_ASIDE = 0.1
"""How far close-ups stray from the head, as a share of their side."""
FILMS_APART = 1e6
"""Seconds from the beginning of a film to that of the next, wherever moments of several films are compared."""
_SIDE_MARGIN = 0.07
"""Room beside the outermost landmarks, as a share of the body height."""


@dataclass(frozen=True)
class Canvas:
    """The picture the networks see: size (width, height) px, body height in px, frames per second."""

    size: tuple[int, int]
    body: float
    fps: float

    def times(self, factor: int) -> Canvas:
        """The same picture in so many times as many px."""
        return Canvas((self.size[0] * factor, self.size[1] * factor), self.body * factor, self.fps)


def reach_of(clips: Sequence[Clip]) -> crops.Reach:
    """The room that holds the person in all her clips."""
    return crops.Reach(max(c.reach.width for c in clips), max(c.reach.height for c in clips))


def usual_rate(clips: Sequence[Clip]) -> float:
    """Frames per second at which windows are taken: that of the slowest clip, at most 30."""
    return min(30.0, *(float(clip.track.fps) for clip in clips))


class Footage:
    """One clip at the size of the canvas: points in its px, and frames decoded when first needed.

    cache_bytes: memory for frames that were decoded. head: px around the head to which these are cut, for those who
    only look there (`near`); 0 keeps them whole.
    """

    def __init__(self, clip: Clip, canvas: Canvas, cache_bytes: int, head: int = 0) -> None:
        self.clip, self.canvas = clip, canvas
        self.stride = max(1, round(float(clip.track.fps) / canvas.fps))
        self.held = spans.held_out(len(clip.track))
        self._scale = scale = clip.body / canvas.body
        half = np.array(canvas.size) * scale / 2
        middle = np.array(clip.plan.size) / 2
        self._box = np.concatenate((middle - half, middle + half))
        self.points = (clip.points() - np.array([*self._box[:2], 0])) / np.array([scale, scale, 1])
        self.points = self.points.astype(np.float32)
        self._reader: FrameReader = clip.frames()
        margin = _SIDE_MARGIN * canvas.body
        self.sides = np.stack(
            (np.fmin.reduce(self.points[..., 0], 1) - margin, np.fmax.reduce(self.points[..., 0], 1) + margin), 1
        )
        self._kept = (head, head) if 0 < head <= min(canvas.size) else canvas.size
        self._cache: dict[int, tuple[int, int, np.ndarray]] = {}
        self._room = cache_bytes // (self._kept[0] * self._kept[1] * 4)

    def frame(self, time: int) -> np.ndarray:
        """Frame `time` as uint8 [4, H, W], colour and alpha, empty where there is no person."""
        return self.near(time, 0, 0, self.canvas.size)

    def near(self, time: int, left: int, top: int, size: tuple[int, int]) -> np.ndarray:
        """The part of frame `time` from a place (px) on, (w, h) px large: uint8 [4, h, w], as `frame`."""
        x, y, picture = self._cache.get(time) or self._keep(time)
        across, down = left - x, top - y
        if min(across, down) < 0 or across + size[0] > picture.shape[2] or down + size[1] > picture.shape[1]:
            return self._load(time, left, top, size)
        return picture[:, down : down + size[1], across : across + size[0]]

    def around(self, middle: np.ndarray, side: int) -> tuple[int, int]:
        """Left and top of a square around a point, px, that lies within the frame."""
        left, top = np.clip(closeup.corner(middle, side), 0, np.array(self.canvas.size) - side)
        return int(left), int(top)

    def _keep(self, time: int) -> tuple[int, int, np.ndarray]:
        """(left, top, picture) of what is kept of a frame, around the head unless that is all of it."""
        left, top = 0, 0
        if self._kept != self.canvas.size:
            left, top = self.around(np.nan_to_num(closeup.middle(self.points[time])), self._kept[0])
        kept = left, top, self._load(time, left, top, self._kept)
        if len(self._cache) < self._room:
            self._cache[time] = kept
        return kept

    def _load(self, time: int, left: int, top: int, size: tuple[int, int]) -> np.ndarray:
        cutout = self._reader.read(time)
        if cutout is None:
            return np.zeros((4, size[1], size[0]), np.uint8)
        colour, alpha = cutout
        corner = self._box[:2] + np.array([left, top]) * self._scale
        box = np.concatenate((corner, corner + np.array(size) * self._scale))
        # Beyond what is stored nobody is.
        ends = (-box[1], box[3] - alpha.shape[0], -box[0], box[2] - alpha.shape[1])
        above, below, before, behind = (max(0, int(np.ceil(v)) + 1) for v in ends)
        alpha = cv2.copyMakeBorder(alpha, above, below, before, behind, cv2.BORDER_CONSTANT, value=0)
        pictures = (
            crops.warp(colour, box, size),
            crops.warp(alpha, box + np.array([before, above] * 2), size)[..., None],
        )
        return np.ascontiguousarray(np.concatenate(pictures, 2).transpose(2, 0, 1))

    def known(self, time: int) -> np.ndarray:
        """Where the film showed anything at frame `time`: left, top, right, bottom in px of the canvas, int [4]."""
        box, size = self.clip.plan.boxes[time], self.clip.plan.size
        scale = np.array([box[2] - box[0], box[3] - box[1]] * 2) / np.array([*size, *size])
        whole = np.array([*box[:2], *box[:2]]) + self._box * scale
        return crops.known_rectangle(whole, self.canvas.size, self.clip.inside)

    def shot(self, time: int) -> tuple[int, int]:
        """(first, end) frames of the shot that frame `time` is in."""
        return next(span for span in self.clip.track.spans() if span[0] <= time < span[1])


class _Window(NamedTuple):
    """Some consecutive frames to learn from: poses float32 [T', J, 3] px, frames uint8 [T, 4, H, W], known uint8
    [T, 1, H, W], and how much larger than on the canvas she is shown."""

    poses: np.ndarray
    frames: np.ndarray
    known: np.ndarray
    scale: float = 1.0


class TrainingSet:
    """All training windows of a person.

    frames: consecutive ones that are learnt from together. reach: poses before and after them that the networks see.
    wild: (real strangers' dances, made-up ones), float32 [T, J, 3] each, in body heights from the middle of the crop
    (see core.wild); real: the share of wild poses taken from the former, if there are any. window: see _window_width.
    sway: how far pictures and poses are turned and scaled together. looks: the person's in each clip, widths in body
    heights; None for networks that see lines alone. face: side in px of close-ups of the head, which are then all that
    is learnt from (see core.closeup). gallery: portraits that close-ups begin with; None for none.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        canvas: Canvas,
        *,
        frames: int,
        reach: int,
        wild: tuple[Dances, Dances] | None = None,
        real: float = 0.0,
        window: float = 0.0,
        multiple: int = 16,
        sway: Sway | None = None,
        looks: Sequence[Looks] | None = None,
        face: int = 0,
        gallery: Gallery | None = None,
    ) -> None:
        cached, length = for_cache(_FACES if face else _FRAMES), sum(len(clip.track) for clip in clips)
        self.canvas, self.frames, self.reach = canvas, frames, reach
        head = round(face * (1 + 6 * _ASIDE))  # nearly all close-ups stray less than three times as far as usual
        self.footage = [Footage(clip, canvas, cached * len(clip.track) // length, head) for clip in clips]
        self._face, self._gallery = face, gallery
        self._wild_poses = wild
        self._sway = sway or Sway()
        self._looks = None if looks is None else [one.times(canvas.body) for one in looks]
        self._real = real if wild is not None and len(wild[0]) else 0.0
        self._windows = [(number, int(start)) for number, footage in enumerate(self.footage)
                         for start in _starts(footage, frames, bool(face))]  # fmt: skip
        self.size = (face, face) if face else (self._window_width(window, multiple), canvas.size[1])
        if not self._windows:
            raise WorkspaceError("No run of frames is long enough to train on.", "Prepare a longer film of the person.")

    def __len__(self) -> int:
        return len(self._windows)

    def _window_width(self, share: float, multiple: int) -> int:
        """Width in px of what is trained on at a time: the person's box is no wider in `share` of the frames."""
        if not share:
            return self.canvas.size[0]
        widths = np.concatenate([(f.sides[:, 1] - f.sides[:, 0])[f.clip.used] for f in self.footage])
        return min(self.canvas.size[0], -(-int(np.nanquantile(widths, share)) // multiple) * multiple)

    def draw(self, batch: int, wild: int, random: np.random.Generator) -> Batch:
        """A random batch on the CPU; frames stay uint8 until they are on the device."""
        picked = [self._windows[i] for i in random.integers(len(self._windows), size=batch)]
        windows = [self._window(self.footage[number], start, random) for number, start in picked]
        looks = None
        if self._looks is not None:
            seen = [self._looks[number].times(one.scale) for (number, _), one in zip(picked, windows, strict=True)]
            coloured = [recoloured(one.frames, look, self._sway.recolour, random)
                        for one, look in zip(windows, seen, strict=True)]  # fmt: skip
            windows = [one._replace(frames=frames) for one, (frames, _) in zip(windows, coloured, strict=True)]
            looks = Looks(*map(torch.stack, zip(*(look for _, look in coloured), strict=True)))
        poses, frames, known, _ = zip(*windows, strict=True)
        poses, frames, known = (torch.from_numpy(np.stack(part)) for part in (poses, frames, known))
        strangers = torch.from_numpy(self._wild(wild, random)) if wild and self._wild_poses is not None else None
        return Batch(poses, frames, known, strangers, looks, self._begun(picked, poses.numpy(), random))

    def _begun(
        self, picked: Sequence[tuple[int, int]], poses: np.ndarray, random: np.random.Generator
    ) -> Tensor | None:
        """What close-ups of these windows begin with, uint8 B x M x 4 x H x W. poses: B x T' x J x 3 px."""
        if self._gallery is None:
            return None
        begun = []
        for (number, start), window in zip(picked, poses, strict=True):
            film, marks = self.footage[number], window[self.reach : self.reach + self.frames, portraits.MARKS, :2]
            for place, head in enumerate(marks):
                moment = (start + place * film.stride) / float(film.clip.track.fps) + number * FILMS_APART
                begun.append(self._gallery.lend(head, moment, self._face, random))
        return torch.from_numpy(np.stack(begun)).unflatten(0, (len(picked), -1))

    def _window(self, footage: Footage, start: int, random: np.random.Generator) -> _Window:
        """One run of frames, seen through a window around the person."""
        times = start + footage.stride * np.arange(self.frames)
        wide = spans.around(times[None], self.reach, footage.stride, footage.shot(start))[0]
        left, top = self._corner(footage, times, random)
        shown = np.s_[..., top : top + self.size[1], left : left + self.size[0]]
        frames = np.stack([footage.near(int(time), left, top, self.size) for time in times])
        known = np.stack([_filled(footage.known(int(time)), self.canvas.size)[shown] for time in times])
        points = footage.points[wide] - np.array([left, top, 0], np.float32)
        if (self._sway.rotate or self._sway.scale) and random.random() < self._sway.share:
            return _Window(*swayed(points, frames, known, self._sway, random))
        return _Window(points, frames, known)

    def _corner(self, footage: Footage, times: np.ndarray, random: np.random.Generator) -> tuple[int, int]:
        """Left and top of the window, px of the canvas."""
        if not self._face:
            first, last = footage.sides[times, 0], footage.sides[times, 1]
            return self._left(float(np.nanmin(first)), float(np.nanmax(last)), random), 0
        middle = closeup.middle(footage.points[times[0]]) + random.normal(0, _ASIDE * self._face, 2)
        return footage.around(middle, self._face)

    def _left(self, first: float, last: float, random: np.random.Generator) -> int:
        """A random left edge for the window, in px of the canvas: all of the person (first..last) if she fits, else
        some of her."""
        most = self.canvas.size[0] - self.size[0]
        low, high = sorted((last - self.size[0], first))
        return round(float(np.clip(random.uniform(low, high), 0, most))) if most else 0

    def _wild(self, count: int, random: np.random.Generator) -> np.ndarray:
        """Random windows of wild poses, float32 [count, 2 * reach + 1, J, 3]."""
        assert self._wild_poses is not None
        length = 2 * self.reach + 1
        windows = []
        for made_up in random.random(count) >= self._real:
            dances = self._wild_poses[int(made_up)]
            dance = dances[int(random.integers(len(dances)))]
            first = int(random.integers(len(dance) - length + 1))
            windows.append(dance[first : first + length])
        scale, middle = self.canvas.body, np.array(self.size) / 2
        return np.stack(windows) * np.array([scale, scale, 1], np.float32) + np.array([*middle, 0], np.float32)


def _starts(footage: Footage, frames: int, face: bool) -> np.ndarray:
    usable = footage.clip.used & ~footage.held
    if face:
        usable &= heads_known(footage.points)
    return spans.windows(usable, footage.clip.track.shots, frames, footage.stride)


def heads_known(points: np.ndarray) -> np.ndarray:
    """In which of poses T x J x 3 all landmarks are known that a close-up needs: bool [T]."""
    return np.isfinite(points[:, portraits.MARKS, :2].sum((1, 2)))


def _filled(rectangle: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    mask = np.zeros((1, size[1], size[0]), np.uint8)
    left, top, right, bottom = rectangle
    mask[:, top:bottom, left:right] = 1
    return mask


def to_device(batch: Batch, device: torch.device) -> Batch:
    """The batch on the device, colour in [-1, 1] and alpha in [0, 1]."""
    moved = batch.on(device)
    frames = moved.frames.float()
    frames = torch.cat((frames[:, :, :3] / 127.5 - 1, frames[:, :, 3:] / 255), 2)
    return replace(moved, frames=frames, known=moved.known.float())
