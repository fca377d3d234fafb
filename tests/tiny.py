"""Networks of a few channels, and batches of the waving figure for them: what the tests of training share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from figures import waving
from torch import nn

from dancekit.core.batch import Batch
from dancekit.core.drawing import Drawing
from dancekit.core.maps import CHANNELS
from dancekit.core.objective import Lesson, Networks
from dancekit.core.paint import Painter
from dancekit.networks.generator import Generator
from dancekit.networks.patch import PatchCritic
from dancekit.networks.perceptual import Perceptual, Trunk

SIZE = (16, 24)
REACH, FRAMES, STRANGERS = 1, 3, 2
KEY = (-1.0, 0.4, -0.5)
DRAWING = Drawing(reach=(REACH, REACH), line=0.8, coarse=1, key=KEY)
LESSON = Lesson(**vars(DRAWING))
TRUNK = Trunk((1, 1), (2, 1, 0), 1.0, (0.5, 0.5, 0.5), magnitudes=(0.5, 0.25))


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def generator(stage: int, seed: int = 0) -> Generator:
    torch.manual_seed(seed)
    return Generator((2 * REACH + 1) * (CHANNELS if stage == 1 else 4), 8, 1, 1, norm="pixel", unshuffle=stage == 2)


def trunk(seed: int = 0) -> Perceptual:
    weights: dict[str, torch.Tensor] = {}
    for name, inputs, outputs in (("conv1_1", 3, 64), ("conv2_1", 64, 128)):
        weights[f"{name}.weight"] = torch.randn(outputs, inputs, 3, 3, generator=random(seed)) * (2 / inputs / 9) ** 0.5
        weights[f"{name}.bias"] = torch.zeros(outputs)
    return Perceptual(TRUNK, weights)


def networks(stage: int, wild: bool = True, seed: int = 0) -> Networks:
    """All networks of a stage."""
    torch.manual_seed(seed)
    condition = (2 * REACH + 1) * (CHANNELS if stage == 1 else 4)
    critics = [PatchCritic(3, condition, 4, 1, 2, norm="pixel"), PatchCritic(3 * FRAMES, 0, 4, 1, 2, norm="pixel")]
    judge = PatchCritic(3, CHANNELS, 4, 1, 2, norm="pixel") if wild else None
    refine = generator(2, seed + 2) if stage == 2 else None
    return Networks(generator(1, seed + 1), refine, critics[0], critics[1], judge, trunk(seed))


def batch(stage: int, count: int = 2, wild: bool = True) -> Batch:
    """`count` windows of the waving figure before other moments of it as strangers' moves; frames are of noise."""
    reach = REACH if stage == 1 else 2 * REACH
    length = FRAMES + 2 * reach
    poses = torch.from_numpy(np.stack([waving(30, 18, 8, 21)[first : first + length] for first in range(count)]))
    strange = [waving(30, 18, 8, 21)[first : first + 2 * reach + 1] for first in range(9, 9 + STRANGERS)]
    frames = torch.rand(count, FRAMES, 4, SIZE[1], SIZE[0], generator=random(5))
    frames[:, :, :3] = frames[:, :, :3] * 2 - 1
    known = torch.ones(count, FRAMES, 1, SIZE[1], SIZE[0])
    known[:, :, :, :4] = 0
    return Batch(poses, frames, known, torch.from_numpy(np.stack(strange)) if wild else None)


def lesson(**changes: object) -> Lesson:
    return replace(LESSON, **changes)  # type: ignore[arg-type]


def painter(draw: nn.Module, refine: nn.Module | None = None, drawing: Drawing = DRAWING, **others: Any) -> Painter:
    """A painter on the CPU, in float32 unless it is said."""
    return Painter(
        **{"device": torch.device("cpu"), "dtype": torch.float32} | others, draw=draw, refine=refine, drawing=drawing
    )
