"""The generator of both stages: pix2pixHD's encoder, residual blocks and decoder, ending in colour and alpha."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with instance norm around a skip."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = Convolution(channels, channels)
        self.second = Convolution(channels, channels, active=False)

    def forward(self, x: Tensor) -> Tensor:
        """N x C x H x W -> the same shape."""
        return x + self.second(self.first(x))


class Convolution(nn.Module):
    """Convolution, instance norm without affine, and ReLU; reflection-padded so that borders look like the inside."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, active: bool = True) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, padding_mode="reflect", bias=False)
        self.active = active

    def forward(self, x: Tensor) -> Tensor:
        """N x inputs x H x W -> N x outputs x H/stride x W/stride."""
        x = functional.instance_norm(self.convolution(x))
        return functional.relu(x, inplace=True) if self.active else x


class Upward(nn.Module):
    """Doubles the size: a convolution to four times the channels, spread over 2x2 px."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs * 4, 3, 1, 1, padding_mode="reflect", bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """N x inputs x H x W -> N x outputs x 2H x 2W."""
        x = functional.pixel_shuffle(self.convolution(x), 2)
        return functional.relu(functional.instance_norm(x), inplace=True)


class Generator(nn.Module):
    """Pose window or G1 window in, colour and alpha out (sections 3.2 and 3.3; pix2pixHD's global generator).

    Args:
        inputs: channels of the window at 1/coarse of the size (pose maps are drawn there), or at full size with
            `unshuffle` (pictures, whose pixels are then moved into channels).
        width: ngf, channels after the first convolution.
        downs: how many times the size is halved.
        blocks: residual blocks at the bottom.
        coarse: 1 works on every pixel as pix2pixHD does; 2 works at half the size and ends by spreading channels over
            2x2 px, four times cheaper.
        skips: hand encoder features to the decoder, which keeps limbs where the pose map has them.
        unshuffle: the input is at full size.
    """

    def __init__(self, inputs: int, width: int, downs: int, blocks: int, coarse: int = 1, skips: bool = False,
                 unshuffle: bool = False) -> None:  # fmt: skip
        super().__init__()
        self.coarse, self.skips, self.unshuffle = coarse, skips, unshuffle
        self.multiple = coarse * 2**downs
        widths = [min(width * 2**level, width * 16) for level in range(downs + 1)]
        kernel = 7 if coarse == 1 else 3
        first = inputs * coarse**2 if unshuffle else inputs
        self.stem = Convolution(first, width, kernel)
        self.down = nn.ModuleList(Convolution(a, b, stride=2) for a, b in zip(widths, widths[1:], strict=False))
        self.blocks = nn.Sequential(*(ResidualBlock(widths[-1]) for _ in range(blocks)))
        pairs = list(zip(widths[::-1], widths[-2::-1], strict=False))
        self.up = nn.ModuleList(Upward(a * (2 if skips and i else 1), b) for i, (a, b) in enumerate(pairs))
        last = width * (2 if skips else 1)
        self.head = nn.Conv2d(last, 4 * coarse**2, kernel, 1, kernel // 2, padding_mode="reflect")
        self.apply(_initialise)

    def forward(self, window: Tensor, centre: Tensor | None = None) -> Tensor:
        """Draw the person.

        Args:
            window: N x inputs x h x w.
            centre: N x 4 x H x W, a first version of the frame to be refined (stage II), or None.

        Returns:
            N x 4 x H x W: colour in [-1, 1] and alpha in [0, 1].
        """
        height, wide = window.shape[-2:]
        step = self.multiple if self.unshuffle else self.multiple // self.coarse
        x = _pad(window, step)
        x = functional.pixel_unshuffle(x, self.coarse) if self.unshuffle and self.coarse > 1 else x
        x = self.head(self._features(x))
        x = functional.pixel_shuffle(x, self.coarse) if self.coarse > 1 else x
        scale = 1 if self.unshuffle else self.coarse
        x = x[..., : height * scale, : wide * scale].float()
        return _bounded(x, centre)

    def _features(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        kept = []
        for down in self.down:
            kept.append(x)
            x = down(x)
        x = self.blocks(x)
        for up in self.up:
            x = up(x)
            x = torch.cat((x, kept.pop()), 1) if self.skips else x
        return x


def _pad(x: Tensor, multiple: int) -> Tensor:
    """Grow height and width to multiples that halve evenly, repeating the last row and column."""
    height, width = x.shape[-2:]
    right, down = -width % multiple, -height % multiple
    return functional.pad(x, (0, right, 0, down), mode="replicate") if right or down else x


def _bounded(x: Tensor, centre: Tensor | None) -> Tensor:
    """Raw outputs to colour in [-1, 1] and alpha in [0, 1]; with a centre they are corrections to it."""
    colour, alpha = x[:, :3], x[:, 3:]
    if centre is not None:
        colour = colour + torch.atanh(centre[:, :3].float().clamp(-0.995, 0.995))
        alpha = alpha + torch.logit(centre[:, 3:].float().clamp(0.0025, 0.9975))
    return torch.cat((torch.tanh(colour), torch.sigmoid(alpha)), 1)


def _initialise(module: nn.Module) -> None:
    """pix2pixHD's start: normal weights with a deviation of 0.02 (instance norm rescales them), no bias."""
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
