"""The multi-scale patch discriminator behind D_p, D_t and D_w (section 3.4; pix2pixHD's, least squares)."""

from __future__ import annotations

from itertools import pairwise

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

    def forward(self, frame: Tensor, condition: Tensor | None) -> list[Tensor]:
        """Features of every layer, the last entry being the verdict N x 1 x h x w (1 real, 0 made)."""
        x = self.frame(frame)
        if self.condition is not None and condition is not None:
            side = self.condition(condition)
            x = x + functional.interpolate(side, x.shape[-2:]) if side.shape != x.shape else x + side
        x = functional.leaky_relu(x, 0.2)
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
        verdicts = []
        for scale in self.scales:
            verdicts.append(scale(frame, condition))
            frame = functional.avg_pool2d(frame, 3, 2, 1, count_include_pad=False)
            if condition is not None:
                condition = functional.avg_pool2d(condition, 3, 2, 1, count_include_pad=False)
        return verdicts
