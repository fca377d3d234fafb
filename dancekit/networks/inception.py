"""Inception-v3 in the form in which FID is defined (Heusel et al. 2017), after the network of 2015 that they used.

It differs from torchvision's in three places: average pooling leaves the border out of its means, the very last block
pools by the maximum, and pictures enter in [-1, 1]. Names are those of the weight file that is common for it.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

FEATURES = 2048
_SIDE = 299


class _Conv(nn.Module):
    """Convolution without bias, batch normalisation and ReLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int | tuple[int, int] = 1, stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """N x inputs x H x W to N x outputs x H/stride x W/stride, less what is not padded."""
        return functional.relu(self.bn(self.conv(x)))


def _average(x: Tensor) -> Tensor:
    return functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def _row(inputs: int, outputs: int = 0) -> _Conv:
    """1x7; as many channels come out as go in unless told otherwise."""
    return _Conv(inputs, outputs or inputs, (1, 7), padding=(0, 3))


def _column(inputs: int, outputs: int = 0) -> _Conv:
    """7x1, likewise."""
    return _Conv(inputs, outputs or inputs, (7, 1), padding=(3, 0))


class _A(nn.Module):
    """Branches of 1x1, 5x5, two 3x3, and pooling."""

    def __init__(self, inputs: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = _Conv(inputs, 64)
        self.branch5x5_1, self.branch5x5_2 = _Conv(inputs, 48), _Conv(48, 64, 5, padding=2)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = _Conv(inputs, 64), _Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = _Conv(96, 96, 3, padding=1)
        self.branch_pool = _Conv(inputs, pooled)

    def forward(self, x: Tensor) -> Tensor:
        """N x inputs x H x W to N x (224 + pooled) x H x W."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat(
            (self.branch1x1(x), self.branch5x5_2(self.branch5x5_1(x)), double, self.branch_pool(_average(x))), 1
        )


class _B(nn.Module):
    """Halves the size by strides and pooling."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3 = _Conv(inputs, 384, 3, 2)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = _Conv(inputs, 64), _Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = _Conv(96, 96, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        """N x inputs x H x W to N x (480 + inputs) x about H/2 x W/2."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat((self.branch3x3(x), double, functional.max_pool2d(x, 3, 2)), 1)


class _C(nn.Module):
    """Branches of 7x7, taken apart into rows and columns."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.branch1x1 = _Conv(inputs, 192)
        self.branch7x7_1, self.branch7x7_2, self.branch7x7_3 = _Conv(inputs, width), _row(width), _column(width, 192)
        self.branch7x7dbl_1, self.branch7x7dbl_2, self.branch7x7dbl_3 = (
            _Conv(inputs, width),
            _column(width),
            _row(width),
        )
        self.branch7x7dbl_4, self.branch7x7dbl_5 = _column(width), _row(width, 192)
        self.branch_pool = _Conv(inputs, 192)

    def forward(self, x: Tensor) -> Tensor:
        """N x inputs x H x W to N x 768 x H x W."""
        once = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        twice = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        twice = self.branch7x7dbl_5(self.branch7x7dbl_4(twice))
        return torch.cat((self.branch1x1(x), once, twice, self.branch_pool(_average(x))), 1)


class _D(nn.Module):
    """Halves the size again."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3_1, self.branch3x3_2 = _Conv(inputs, 192), _Conv(192, 320, 3, 2)
        self.branch7x7x3_1, self.branch7x7x3_2 = _Conv(inputs, 192), _row(192)
        self.branch7x7x3_3, self.branch7x7x3_4 = _column(192), _Conv(192, 192, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        """N x inputs x H x W to N x (512 + inputs) x about H/2 x W/2."""
        large = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat((self.branch3x3_2(self.branch3x3_1(x)), large, functional.max_pool2d(x, 3, 2)), 1)


class _E(nn.Module):
    """Branches that end in rows beside columns; highest: pool by the maximum."""

    def __init__(self, inputs: int, highest: bool) -> None:
        super().__init__()
        self.highest = highest
        self.branch1x1 = _Conv(inputs, 320)
        self.branch3x3_1 = _Conv(inputs, 384)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = _Conv(inputs, 448), _Conv(448, 384, 3, padding=1)
        self.branch3x3_2a, self.branch3x3dbl_3a = (_Conv(384, 384, (1, 3), padding=(0, 1)) for _ in range(2))
        self.branch3x3_2b, self.branch3x3dbl_3b = (_Conv(384, 384, (3, 1), padding=(1, 0)) for _ in range(2))
        self.branch_pool = _Conv(inputs, 192)

    def forward(self, x: Tensor) -> Tensor:
        """N x inputs x H x W to N x 2048 x H x W."""
        once, twice = self.branch3x3_1(x), self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pooled = functional.max_pool2d(x, 3, 1, 1) if self.highest else _average(x)
        ends = [self.branch1x1(x), self.branch3x3_2a(once), self.branch3x3_2b(once)]
        ends += [self.branch3x3dbl_3a(twice), self.branch3x3dbl_3b(twice), self.branch_pool(pooled)]
        return torch.cat(ends, 1)


class Inception(nn.Module):
    """Pictures to the 2,048 features that FID and KID compare."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3, self.Conv2d_2a_3x3 = _Conv(3, 32, 3, 2), _Conv(32, 32, 3)
        self.Conv2d_2b_3x3 = _Conv(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1, self.Conv2d_4a_3x3 = _Conv(64, 80), _Conv(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = _A(192, 32), _A(256, 64), _A(288, 64)
        self.Mixed_6a = _B(288)
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = (_C(768, width) for width in (128, 160, 160, 192))
        self.Mixed_7a, self.Mixed_7b, self.Mixed_7c = _D(768), _E(1280, False), _E(2048, True)
        self.eval()
        self.requires_grad_(False)

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Take weights over; the classifier that the file also holds is not needed.

        Raises:
            RuntimeError: they are of another network.
        """
        self.load_state_dict({name: tensor for name, tensor in weights.items() if not name.startswith("fc.")})

    def forward(self, pictures: Tensor) -> Tensor:
        """N x 3 x H x W (RGB) in [-1, 1] to N x 2048; resized as clean-fid does (bicubic, with antialiasing)."""
        x = functional.interpolate(pictures, (_SIDE, _SIDE), mode="bicubic", align_corners=False, antialias=True)
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x.clamp(-1, 1))))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(functional.max_pool2d(x, 3, 2)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(functional.max_pool2d(x, 3, 2))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        return self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x))).mean((2, 3))
