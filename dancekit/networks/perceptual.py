"""The perceptual trunk: VGG features of two pictures compared layer by layer (section 3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from dancekit.core.constants import chosen
from dancekit.core.distance import absolute


@dataclass(frozen=True)
class Trunk:
    """Shape of a VGG trunk and what its first layer expects.

    blocks: convolutions per block. Pictures enter as channels in `order`, times `scale`, minus `mean`, over `spread`.
    """

    blocks: tuple[int, ...]
    order: tuple[int, int, int]
    scale: float
    mean: tuple[float, float, float]
    spread: tuple[float, float, float] = (1.0, 1.0, 1.0)
    magnitudes: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0, 1.0)
    """Typical mean of relu1_1, relu2_1, ... over photographs, divided out so that the layer weights mean the same."""


VGG16_EDGES = Trunk(
    (2, 2, 3, 3), (2, 1, 0), 255.0, (104.00699, 116.66877, 122.67892), magnitudes=(19.0, 19.0, 14.0, 7.7)
)
"""VGG-16 to conv4_3, fine-tuned for edges: the bundled trunk (BGR, 0..255)."""
VGG19 = Trunk((2, 2, 4, 4, 1), (0, 1, 2), 1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""VGG-19 to conv5_1 in torchvision's form: the paper's trunk (RGB, 0..1)."""

_WIDTHS = (64, 128, 256, 512, 512)
LAYER_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
"""pix2pixHD's weight of the first layer of each block, relu1_1 ... relu5_1."""


class Perceptual(nn.Module):
    """A frozen VGG trunk giving relu1_1, relu2_1, ... of a picture.

    weights: convB_J.weight (out, in, 3, 3) and convB_J.bias for the trunk's convolutions.
    depth: how many blocks are read (the last one only to its first convolution).
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, trunk: Trunk, weights: Mapping[str, Tensor], depth: int = 5) -> None:
        super().__init__()
        self.trunk = trunk
        self.depth = min(depth, len(trunk.blocks))
        self.convolutions = nn.ModuleDict()
        inputs = 3
        for block, count in enumerate(trunk.blocks[: self.depth], 1):
            for place in range(1, (count if block < self.depth else 1) + 1):
                layer = nn.Conv2d(inputs, _WIDTHS[block - 1], 3, 1, 1)
                layer.weight.data = weights[f"conv{block}_{place}.weight"].float().clone()
                layer.bias.data = weights[f"conv{block}_{place}.bias"].float().clone()  # type: ignore[union-attr]
                self.convolutions[f"conv{block}_{place}"] = layer
                inputs = _WIDTHS[block - 1]
        self.register_buffer("mean", torch.tensor(trunk.mean).view(1, 3, 1, 1))
        self.register_buffer("spread", torch.tensor(trunk.spread).view(1, 3, 1, 1))
        self.requires_grad_(False)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """N x 3 x H x W in [-1, 1] -> features relu1_1, relu2_1, ... of each block read."""
        x = (picture + 1) * 0.5 * self.trunk.scale
        x = (chosen(x, 1, self.trunk.order) - self.mean) / self.spread
        features = []
        for block, count in enumerate(self.trunk.blocks[: self.depth], 1):
            x = functional.max_pool2d(x, 2) if block > 1 else x
            for place in range(1, (count if block < self.depth else 1) + 1):
                x = functional.relu(self.convolutions[f"conv{block}_{place}"](x))
                if place == 1:
                    features.append(x)
        return features

    def loss(self, made: Tensor, true: Tensor, emphasis: Tensor | None = None) -> Tensor:
        """Weighted L1 distance of the features, averaged over N; both N x 3 x H x W in [-1, 1].

        emphasis: how much each px counts, N x 1 x H x W; None for 1 everywhere.
        """
        return self.loss_each(made, true, emphasis).mean()

    def loss_each(self, made: Tensor, true: Tensor, emphasis: Tensor | None = None) -> Tensor:
        """The distance of each pair of pictures: N."""
        with torch.no_grad():
            wanted = self(true)
        return self.apart(self(made), wanted, emphasis)

    def apart(self, made: list[Tensor], true: list[Tensor], emphasis: Tensor | None = None) -> Tensor:
        """The distance of each pair of pictures by their features: N."""
        terms = []
        for weight, usual, a, b in zip(LAYER_WEIGHTS, self.trunk.magnitudes, made, true, strict=False):
            counts = None if emphasis is None else functional.adaptive_avg_pool2d(emphasis, (a.shape[-2], a.shape[-1]))
            terms.append(weight / usual * absolute(a, b, counts))
        return torch.stack(terms).sum(0)
