"""A batch: what one training step sees of the film and of strangers' moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dancekit.core.sketch import Looks


@dataclass(frozen=True)
class Batch:
    """What one step sees; R is K in stage I and 2K in stage II.

    poses: B x (M + 2R) x J x 3 px. frames: B x M x 4 x H x W, colour in [-1, 1] and alpha in [0, 1].
    known: B x M x 1 x H x W, 1 where the film showed anything at all. wild: B' x (2R + 1) x J x 3 px, or None.
    looks: of the person in each window, B first, in px (see core.sketch); None where poses are drawn as lines alone.
    portraits: uint8 B x M x 4 x H x W, what close-ups begin with (see core.portraits), or None.
    """

    poses: Tensor
    frames: Tensor
    known: Tensor
    wild: Tensor | None
    looks: Looks | None = None
    portraits: Tensor | None = None

    @staticmethod
    def of(parts: Sequence[Batch]) -> Batch:
        """Several batches as one."""
        wild = [part.wild for part in parts if part.wild is not None]
        looks = [part.looks for part in parts if part.looks is not None]
        portraits = [part.portraits for part in parts if part.portraits is not None]
        return Batch(
            torch.cat([part.poses for part in parts]),
            torch.cat([part.frames for part in parts]),
            torch.cat([part.known for part in parts]),
            torch.cat(wild) if wild else None,
            Looks(*map(torch.cat, zip(*looks, strict=True))) if looks else None,
            torch.cat(portraits) if portraits else None,
        )

    def tensors(self) -> list[Tensor]:
        """All that there are, in an order of their own."""
        given = (self.poses, self.frames, self.known, self.wild, *(self.looks or ()), self.portraits)
        return [tensor for tensor in given if tensor is not None]

    def mapped(self, change: Callable[[Tensor], Tensor]) -> Batch:
        """The batch with something else in the place of every tensor."""
        wild = None if self.wild is None else change(self.wild)
        looks = None if self.looks is None else Looks(*map(change, self.looks))
        portraits = None if self.portraits is None else change(self.portraits)
        return Batch(change(self.poses), change(self.frames), change(self.known), wild, looks, portraits)

    def on(self, device: torch.device) -> Batch:
        """The batch on a device; CUDA is not waited for, elsewhere memory may be gone too soon for that."""
        return self.mapped(lambda tensor: tensor.to(device, non_blocking=device.type == "cuda"))

    def wild_looks(self) -> Looks | None:
        """The looks that wild poses are drawn with: those of the windows in turn, B' first."""
        if self.looks is None or self.wild is None:
            return None
        return self.looks.at(torch.arange(len(self.wild), device=self.wild.device) % len(self.poses))
