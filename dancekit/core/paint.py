"""Painting: poses in, pictures of the person out, one pass of each network per frame and constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from dancekit.core import maps, sketch
from dancekit.core.sketch import Looks

_CLEAR, _BARE = 0.08, 0.92
"""Shares of the key below which none of it, and above which nothing else, is in a px: it is not painted exactly."""


@dataclass(frozen=True)
class Painter:
    """Both generators and how their poses are drawn.

    refine: None paints with stage I alone. reach: K. line: half width of pose lines in px. coarse: pose maps are drawn
    at 1/coarse of the size. dtype: what the networks compute in. key: the colour in [-1, 1] that networks trained
    without a matte paint around the person, which is keyed out; None if they paint alpha. looks: of the person, in px;
    None for networks that see lines alone. future: they see what comes after a frame, too.
    """

    draw: nn.Module
    refine: nn.Module | None
    reach: int
    line: float
    coarse: int
    residual: bool
    device: torch.device
    dtype: torch.dtype
    key: tuple[float, float, float] | None = None
    looks: Looks | None = None
    future: bool = True

    def paint(self, points: np.ndarray, size: tuple[int, int], stride: int = 1, batch: int = 4) -> Iterator[np.ndarray]:
        """A picture of the person for every pose.

        points: float32 [T, J, 3] in px of the picture; the first and last pose are held beyond the ends. size: (width,
        height) px. stride: frames between the poses of a window. Yields T times uint8 [H, W, 4], colour and alpha.
        """
        first_stage = _Sliding(self._first_stage(points, size, stride, batch))
        length = len(points)
        for start in range(0, length, batch):
            times = range(start, min(start + batch, length))
            if self.refine is None:
                made = torch.stack([first_stage[t] for t in times])
            else:
                made = self._second_stage(first_stage, times, stride, length)
            first_stage.forget(times[-1] + 1 - self.reach * stride)
            yield from _to_pictures(made if self.key is None else keyed(made, self.key))

    def _first_stage(self, points: np.ndarray, size: tuple[int, int], stride: int, batch: int) -> Iterator[Tensor]:
        """G1's frame for every pose, 4 x H x W."""
        length, reach = len(points), self.reach
        poses = torch.from_numpy(points)
        drawn = _Sliding(self._maps(poses, size, batch))
        for start in range(0, length, batch):
            times = range(start, min(start + batch, length))
            window = drawn.windows(times, reach, stride, length, self.future)
            drawn.forget(times[-1] + 1 - reach * stride)
            yield from self._run(self.draw, window)

    def _maps(self, poses: Tensor, size: tuple[int, int], batch: int) -> Iterator[Tensor]:
        for start in range(0, len(poses), batch):
            pose = maps.segments(poses[start : start + batch].to(self.device))
            yield from sketch.posed(pose, size, self.line, self.coarse, self.looks)

    def _second_stage(self, first_stage: _Sliding, times: range, stride: int, length: int) -> Tensor:
        assert self.refine is not None
        window = first_stage.windows(times, self.reach, stride, length, self.future)
        centre = torch.stack([first_stage[t] for t in times]) if self.residual else None
        return self._run(self.refine, window, centre)

    def _run(self, network: nn.Module, *inputs: Tensor | None) -> Tensor:
        with torch.inference_mode(), torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            return network(*inputs).float()


class _Sliding:
    """A sequence that is made as far as it is asked for, and forgotten behind."""

    def __init__(self, source: Iterator[Tensor]) -> None:
        self._source, self._kept, self._made = source, dict[int, Tensor](), 0

    def __getitem__(self, index: int) -> Tensor:
        while index >= self._made:
            self._kept[self._made] = next(self._source)
            self._made += 1
        return self._kept[index]

    def windows(self, times: range, reach: int, stride: int, length: int, future: bool) -> Tensor:
        """The entries up to `reach` strides before and after each time, stacked along the channels; of `length` entries
        the first and last are held beyond the ends. Without `future`, those after each time are blank."""

        def entry(time: int, k: int) -> Tensor:
            found = self[min(max(time + k * stride, 0), length - 1)]
            return found if future or k <= 0 else torch.zeros_like(found)

        return torch.stack([torch.cat([entry(time, k) for k in range(-reach, reach + 1)]) for time in times])

    def forget(self, before: int) -> None:
        """Let go of everything before index `before`."""
        for index in [index for index in self._kept if index < before]:
            del self._kept[index]


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
