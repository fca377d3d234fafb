"""Painting: poses in, pictures of the person out, one pass of each network per frame and constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from dancekit.core import closeup, maps, portraits, sketch
from dancekit.core import girth as girths
from dancekit.core.drawing import Drawing
from dancekit.core.painted import Painted
from dancekit.core.portraits import Portraits, Sitting
from dancekit.core.sketch import Looks
from dancekit.core.sources import Borrowed, Choice, Sources
from dancekit.types import Each

_CLEAR, _BARE = 0.08, 0.92
"""Shares of the key below which none of it, and above which nothing else, is in a px: it is not painted exactly."""


class Given(NamedTuple):
    """What of the film the poses of a dance are given: portraits, and frames to borrow from; None for none."""

    sitting: Sitting | None = None
    choice: Choice | None = None

    def since(self, first: int) -> Given:
        """The same, with poses counted from another one on."""
        sitting, choice = self
        return Given(sitting and sitting.since(first), choice and choice.since(first))

    def borrowed(self, time: int) -> Borrowed | None:
        """What a pose borrows."""
        return None if self.choice is None else self.choice.at(time)


@dataclass(frozen=True, kw_only=True)
class Painter:
    """The generators and how their poses are drawn.

    refine: None paints with stage I alone. drawing: of networks trained without a matte the key, which they paint
    around the person, is keyed out. dtype: what the networks compute in. looks: of the person, in px; None for networks
    that see lines alone. girth: S px (see core.girth) of somebody whose networks have learnt from windows around her:
    then only such windows are painted, `multiple` px wide or several times as much, and all around them is empty. face:
    paints close-ups of `side` px in pictures `closer` times as large (see core.closeup); None for none. portraits: what
    close-ups begin with. sources: what such larger pictures borrow from (see core.sources); None for nothing.
    """

    draw: nn.Module
    refine: nn.Module | None
    drawing: Drawing
    device: torch.device
    dtype: torch.dtype
    looks: Looks | None = None
    girth: Tensor | None = None
    multiple: int = 1
    face: nn.Module | None = None
    closer: int = 1
    side: int = 0
    portraits: Portraits | None = None
    sources: Sources | None = None

    def choose(self, points: np.ndarray) -> Given:
        """What of the film poses T x J x 3, px of the picture, are given."""
        larger = closeup.inside(points, self.closer, (0, 0))
        sitting = None
        if self.face is not None and self.portraits is not None:
            sitting = portraits.sit(self.portraits, larger[:, portraits.MARKS, :2])
        return Given(sitting, self.sources and self.sources.choose(larger))

    def paint(
        self,
        points: np.ndarray,
        size: tuple[int, int],
        stride: int = 1,
        batch: int = 4,
        given: Given | None = None,
        each: Each = map,
    ) -> Iterator[Painted]:
        """A picture of the person for every pose.

        points: float32 [T, J, 3] in px of the picture; the first and last pose are held beyond the ends. size: (width,
        height) px. stride: frames between the poses of a window. given: what these poses are given, if it was chosen
        together with more. each: does the work for all batches, as map does or by several threads. Yields T pictures.
        """
        sides = None if self.girth is None else girths.extent(maps.segments(torch.from_numpy(points)), self.girth)
        dance, chosen = _Dance(points, size, stride, batch, sides), given or self.choose(points)

        def finished(asked: tuple[range, Tensor]) -> list[Painted]:
            times, made = asked
            larger = self.closer if self.face or self.sources else 1
            painted = [Painted(picture, times=larger, borrowed=chosen.borrowed(time))
                       for time, picture in zip(times, self._as_pictures(made), strict=True)]  # fmt: skip
            if self.face is not None:
                self._add_faces(self.face, painted, points, times, stride, chosen.sitting)
            return painted

        made = self._first_stage(dance, each)
        if self.refine is not None:
            made = self._second_stage(self.refine, made, dance, each)
        yield from chain.from_iterable(each(finished, zip(dance.batches(), made, strict=True)))

    def _first_stage(self, dance: _Dance, each: Each) -> Iterator[Tensor]:
        """G1's frames, a batch at a time, N x 4 x H x W."""
        drawn = _Sliding(
            chain.from_iterable(made.split(1) for made in each(partial(self._maps, dance), dance.batches()))
        )

        def asked() -> Iterator[tuple[slice, Tensor]]:
            for times in dance.batches():
                columns = self._columns(dance, times)
                there = slice(columns.start // self.drawing.coarse, columns.stop // self.drawing.coarse)
                yield columns, drawn.windows(times, self.drawing.reach[0], dance, self.drawing.future, there)
                drawn.forget(times[-1] + 1 - self.drawing.reach[0] * dance.stride)

        def made(asked: tuple[slice, Tensor]) -> Tensor:
            columns, window = asked
            return _widened(self._run(self.draw, window), columns, dance.size[0])

        return each(made, asked())

    def _second_stage(self, refine: nn.Module, drawn: Iterator[Tensor], dance: _Dance, each: Each) -> Iterator[Tensor]:
        """G1's frames, refined, a batch at a time."""
        first = _Sliding(chain.from_iterable(made.split(1) for made in drawn))
        shown = _Sliding(first[time].to(self.dtype) for time in range(len(dance.points)))

        def asked() -> Iterator[tuple[slice, Tensor, Tensor | None]]:
            for times in dance.batches():
                columns = self._columns(dance, times)
                window = shown.windows(times, self.drawing.reach[1], dance, self.drawing.future, columns)
                yield (
                    columns,
                    window,
                    torch.cat([first[t][..., columns] for t in times]) if self.drawing.residual else None,
                )
                for kept in (first, shown):
                    kept.forget(times[-1] + 1 - self.drawing.reach[1] * dance.stride)

        def made(asked: tuple[slice, Tensor, Tensor | None]) -> Tensor:
            columns, window, centre = asked
            return _widened(self._run(refine, window, centre), columns, dance.size[0])

        return each(made, asked())

    def _maps(self, dance: _Dance, times: range) -> Tensor:
        """What the networks see of the poses of a batch, N x C x H/coarse x W/coarse."""
        pose = maps.segments(torch.from_numpy(dance.points[times.start : times.stop]).to(self.device))
        drawn = sketch.posed(pose, dance.size, self.drawing.line, self.drawing.coarse, self.looks)
        return drawn.to(dtype=self.dtype, memory_format=torch.channels_last)

    def _as_pictures(self, made: Tensor) -> Iterator[np.ndarray]:
        return _to_pictures(made if self.drawing.matte else keyed(made, self.drawing.key))

    def _add_faces(
        self,
        face: nn.Module,
        pictures: list[Painted],
        points: np.ndarray,
        times: range,
        stride: int,
        sitting: Sitting | None,
    ) -> None:
        """Give the pictures of these times close-ups of their faces, where it is known where these are."""
        last, middles = len(points) - 1, closeup.middle(points[times.start : times.stop]) * self.closer
        trust = np.ones(len(times), np.float32) if sitting is None else sitting.trusted(times)
        known = [place for place, middle in enumerate(middles) if not np.isnan(middle).any() and trust[place] > 0]
        corners = {place: closeup.corner(middles[place], self.side) for place in known}
        if not known:
            return
        reach = range(-self.drawing.reach[0], self.drawing.reach[0] + 1)
        around = {place: [min(max(times[place] + k * stride, 0), last) for k in reach] for place in known}
        seen = [closeup.inside(points[around[place]], self.closer, corners[place]) for place in known]
        window, begun = self._windows(np.stack(seen)), None
        if sitting is not None:
            laid = np.stack([sitting.begin(times[place], corners[place], self.side) for place in known])
            window, begun = portraits.joined(window, torch.from_numpy(laid).to(self.device), self.drawing.coarse)
        made = self._run(face, window, begun)
        made = made if begun is None else portraits.held_back(made, begun)
        for place, one, poses in zip(known, self._as_pictures(made), seen, strict=True):
            shown = trust[place] * closeup.beside_arms(poses[self.drawing.reach[0]], self.side)
            pictures[place] = replace(pictures[place], face=one, corner=corners[place], trust=shown)

    def _windows(self, points: np.ndarray) -> Tensor:
        """What the networks see of windows of poses N x T x J x 3, in px of close-ups: N x (T * C) x h x w."""
        pose = maps.segments(torch.from_numpy(points).flatten(0, 1).to(self.device))
        looks = None if self.looks is None else self.looks.times(self.closer)
        drawn = sketch.posed(pose, (self.side, self.side), self.drawing.line, self.drawing.coarse, looks)
        window = maps.windows(drawn.unflatten(0, points.shape[:2]), points.shape[1], self.drawing.future).flatten(0, 1)
        return window.to(dtype=self.dtype, memory_format=torch.channels_last)

    def _columns(self, dance: _Dance, times: range) -> slice:
        """The columns of a picture that the person can be in at these times and around them."""
        width = dance.size[0]
        if dance.sides is None:
            return slice(0, width)
        reach = max(self.drawing.reach) * dance.stride
        around = dance.sides[max(0, times[0] - reach) : times[-1] + reach + 1]
        left, right = (float(side) for side in (around[:, 0].amin(), around[:, 1].amax()))
        left, right = (int(min(max(side, 0.0), width - 1.0)) for side in (left, right))  # or wholly beside the picture
        right += 1
        wide = -(-(right - left + self.drawing.coarse) // self.multiple) * self.multiple
        if wide >= width:
            return slice(0, width)
        left = min(max((left + right - wide) // 2, 0), width - wide) // self.drawing.coarse * self.drawing.coarse
        return slice(left, left + wide)

    def _run(self, network: nn.Module, *inputs: Tensor | None) -> Tensor:
        with torch.inference_mode(), torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            return network(*inputs).float()


class _Dance(NamedTuple):
    """Poses to paint: points float32 [T, J, 3] in px of pictures of `size` (width, height) px; frames between the poses
    of a window; how many are painted at a time; and where the person can be in each, T x 2 px, None for anywhere."""

    points: np.ndarray
    size: tuple[int, int]
    stride: int
    batch: int
    sides: Tensor | None

    def batches(self) -> Iterator[range]:
        """The poses that are painted together."""
        for start in range(0, len(self.points), self.batch):
            yield range(start, min(start + self.batch, len(self.points)))


class _Sliding:
    """A sequence that is made as far as it is asked for, and forgotten behind."""

    def __init__(self, source: Iterator[Tensor]) -> None:
        self._source, self._kept, self._made = source, dict[int, Tensor](), 0

    def __getitem__(self, index: int) -> Tensor:
        while index >= self._made:
            self._kept[self._made] = next(self._source)
            self._made += 1
        return self._kept[index]

    def windows(self, times: range, reach: int, dance: _Dance, future: bool, columns: slice) -> Tensor:
        """Columns of the entries up to `reach` strides before and after each time, stacked along the channels; the
        first and last entry of the dance are held beyond its ends. Without `future`, those after each are blank."""

        def entry(time: int, k: int) -> Tensor:
            found = self[min(max(time + k * dance.stride, 0), len(dance.points) - 1)][..., columns]
            return found if future or k <= 0 else torch.zeros_like(found)

        return torch.cat([torch.cat([entry(time, k) for k in range(-reach, reach + 1)], 1) for time in times])

    def forget(self, before: int) -> None:
        """Let go of everything before index `before`."""
        for index in [index for index in self._kept if index < before]:
            del self._kept[index]


def _widened(made: Tensor, columns: slice, width: int) -> Tensor:
    """Columns of pictures as whole pictures, so many px wide, with nothing around them."""
    return functional.pad(made, (columns.start, width - columns.stop)) if made.shape[-1] < width else made


def keyed(made: Tensor, key: tuple[float, float, float]) -> Tensor:
    """Colour N x 3 or more x H x W in [-1, 1], painted over the key, to the person's own, and alpha: N x 4 x H x W.

    How far the key's strongest channel stands above the others tells how much of the key is left in a px (section 3.5).
    """
    strongest = max(range(3), key=lambda channel: key[channel])
    others = [channel for channel in range(3) if channel != strongest]
    full = key[strongest] - max(key[channel] for channel in others)
    left = (made[:, strongest : strongest + 1] - made[:, others].amax(1, keepdim=True)) / full
    left = ((left - _CLEAR) / (_BARE - _CLEAR)).clamp(0, 1)
    colour = (made[:, :3] - left * made.new_tensor(key).view(3, 1, 1)) / (1 - left).clamp_min(0.05)
    # What still stands above the others in such a px is the key's light on her edge.
    spilt = torch.minimum(colour[:, strongest], colour[:, others].amax(1))
    colour[:, strongest] = torch.where(left[:, 0] > 0, spilt, colour[:, strongest])
    return torch.cat((colour, 1 - left), 1)


def _to_pictures(made: Tensor) -> Iterator[np.ndarray]:
    """N x 4 x H x W, colour in [-1, 1] and alpha in [0, 1], to uint8 [H, W, 4]."""
    colour = (made[:, :3] + 1) * 127.5
    whole = torch.cat((colour, made[:, 3:] * 255), 1).add_(0.5).clamp_(0, 255).to(torch.uint8)
    yield from whole.permute(0, 2, 3, 1).cpu().numpy()
