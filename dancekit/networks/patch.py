"""The multi-scale patch discriminator behind D_p, D_t and D_w (section 3.4; pix2pixHD's, least squares)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from dancekit.networks.generator import normalise


class PatchScale(nn.Module):
    """One scale: 4x4 convolutions that judge overlapping patches, keeping their features for feature matching.

    The first convolution reads the frame and the condition through weights of their own and adds the two, which is
    the same as reading them stacked but lets the condition be drawn at half the size.
    """

    def __init__(self, frame: int, condition: int, width: int, layers: int, half_condition: bool, norm: str) -> None:
        super().__init__()
        self.frame = nn.Conv2d(frame, width, 4, 2, 2)
        kernel, stride, padding = (3, 1, 1) if half_condition else (4, 2, 2)
        self.condition = nn.Conv2d(condition, width, kernel, stride, padding, bias=False) if condition else None
        widths = [min(width * 2**level, width * 8) for level in range(layers + 1)]
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, 4, 2 if level < layers - 1 else 1, 2) for level, (a, b) in enumerate(pairwise(widths))
        )
        self.verdict = nn.Conv2d(widths[-1], 1, 4, 1, 2)
        self.norm = norm

    def forward(self, frames: Sequence[Tensor], condition: Tensor | None) -> list[list[Tensor]]:
        """Features of every layer for each of several frames with one condition, which is read only once; the last
        entry of each is the verdict N x 1 x h x w (1 real, 0 made)."""
        side = self._read(condition, frames[0].shape[-2:])
        return [self._features(frame, side) for frame in frames]

    def _read(self, condition: Tensor | None, size: torch.Size) -> Tensor | None:
        """What the first layer makes of a condition, laid over frames of (height, width) px."""
        if self.condition is None or condition is None:
            return None
        side, shape = self.condition(condition), (size[0] // 2 + 1, size[1] // 2 + 1)
        return side if side.shape[-2:] == shape else functional.interpolate(side, shape)

    def _features(self, frame: Tensor, side: Tensor | None) -> list[Tensor]:
        x = self.frame(frame)
        x = functional.leaky_relu(x if side is None else x + side, 0.2)
        features = [x]
        for layer in self.layers:
            x = functional.leaky_relu(normalise(layer(x), self.norm), 0.2)
            features.append(x)
        return [*features, self.verdict(x)]


class PatchCritic(nn.Module):
    """Patch discriminators at several scales, each seeing the picture at half the size of the one before.

    Args:
        frame: channels of the picture judged (3, or 3 * M for M stacked frames).
        condition: channels of what it must agree with (pose maps or G1's frames); 0 judges the picture alone.
        width: ndf. layers: strided layers per scale. scales: how many sizes.
        half_condition: the condition is drawn at half the picture's size. norm: see generator.normalise.
    """

    def __init__(
        self,
        frame: int,
        condition: int,
        width: int,
        layers: int,
        scales: int,
        half_condition: bool = False,
        norm: str = "instance",
    ) -> None:
        super().__init__()
        self.scales = nn.ModuleList(
            PatchScale(frame, condition, width, layers, half_condition, norm) for _ in range(scales)
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0.0, 0.02)

    def forward(self, frame: Tensor, condition: Tensor | None = None) -> list[list[Tensor]]:
        """frame: N x frame x H x W, condition: N x condition x h x w -> features of every layer, scale by scale."""
        return self.compare([frame], condition)[0]

    def compare(self, frames: Sequence[Tensor], condition: Tensor | None = None) -> list[list[list[Tensor]]]:
        """What `forward` gives for each of several frames with one condition, which is read only once."""
        verdicts: list[list[list[Tensor]]] = [[] for _ in frames]
        for scale in self.scales:
            for features, found in zip(verdicts, scale(frames, condition), strict=True):
                features.append(found)
            frames = [_halved(frame) for frame in frames]
            condition = None if condition is None else _halved(condition)
        return verdicts


def _halved(x: Tensor) -> Tensor:
    """Half as large. Of what lies channels last, PyTorch 2.13 and older gives wrong gradients on GPUs where it pads."""
    x = x if x.device.type == "cpu" else x.contiguous()
    return functional.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
