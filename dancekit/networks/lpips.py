"""LPIPS (Zhang et al. 2018, version 0.1, AlexNet): a distance of pictures that was fitted to what people find alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class _Layer(NamedTuple):
    """A convolution of AlexNet: its number in torchvision's file, channels, kernel, stride, padding, and whether a
    max pooling comes before it."""

    number: int
    inputs: int
    outputs: int
    kernel: int
    stride: int
    padding: int
    pooled: bool


_LAYERS = (
    _Layer(0, 3, 64, 11, 4, 2, False),
    _Layer(3, 64, 192, 5, 1, 2, True),
    _Layer(6, 192, 384, 3, 1, 1, True),
    _Layer(8, 384, 256, 3, 1, 1, False),
    _Layer(10, 256, 256, 3, 1, 1, False),
)
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""How LPIPS brings pictures in [-1, 1] to the values that AlexNet knows."""


class LPIPS(nn.Module):
    """AlexNet's features of two pictures, each px brought to length 1, their squared distance weighted by channel.

    backbone: features.N.weight and .bias as in torchvision's alexnet; what else is there is not read. heads: lin0 ...
    lin4, one weight per channel.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, backbone: Mapping[str, Tensor], heads: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.convolutions, self.heads = nn.ModuleList(), nn.ParameterList()
        for place, layer in enumerate(_LAYERS):
            made = nn.Conv2d(layer.inputs, layer.outputs, layer.kernel, layer.stride, layer.padding)
            given = {kind: backbone[f"features.{layer.number}.{kind}"].float() for kind in ("weight", "bias")}
            made.load_state_dict(given)
            self.convolutions.append(made)
            self.heads.append(nn.Parameter(heads[f"lin{place}"].float().reshape(1, layer.outputs, 1, 1)))
        self.register_buffer("shift", torch.tensor(_SHIFT).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor(_SCALE).view(1, 3, 1, 1))
        self.requires_grad_(False)

    def forward(self, made: Tensor, true: Tensor) -> Tensor:
        """Distance of each pair of pictures, N; both N x 3 x H x W (RGB) in [-1, 1], at least 64 px wide and high."""
        parts = [
            (head * (_of_length_one(a) - _of_length_one(b)).square()).sum(1).mean((1, 2))
            for head, a, b in zip(self.heads, self._features(made), self._features(true), strict=True)
        ]
        return torch.stack(parts).sum(0)

    def _features(self, picture: Tensor) -> list[Tensor]:
        x, found = (picture - self.shift) / self.scale, []
        for layer, convolution in zip(_LAYERS, self.convolutions, strict=True):
            x = functional.max_pool2d(x, 3, 2) if layer.pooled else x
            x = functional.relu(convolution(x))
            found.append(x)
        return found


def _of_length_one(features: Tensor) -> Tensor:
    return features / (features.square().sum(1, keepdim=True).sqrt() + 1e-10)
