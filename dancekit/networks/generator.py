"""The generator of both stages: pix2pixHD's encoder, residual blocks and decoder, ending in colour and alpha."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from dancekit.core.constants import constant

_LEAST = 1e-5
"""Added to a variance before anything is divided by its root."""
_AT_ONCE = 16
"""Channels that a CPU normalises at once in bfloat16: layer_norm takes two to four times as long as in float32, there
and back, for numbers of channels that are no multiple of it."""
_SURE = 6.0
"""Beyond this tanh changes nothing in a px: its colour and alpha are at their limits."""
_SIZE = 0.18
"""Root mean square of the weights of a layer, where that is free: a step of learning changes that much of it."""


def normalise(x: Tensor, kind: str) -> Tensor:
    """Normalise N x C x H x W without learnt scale: "instance" over each channel's picture, "pixel" over the channels
    of each px. The latter does not depend on how much empty picture surrounds the person: crops of any size look alike.
    x is not to be used afterwards: in inference mode the result may take its memory.
    """
    if kind == "instance":
        return functional.instance_norm(x)
    if x.is_cuda:  # autocast would turn it into float32, at twice the memory; its sums are taken in float32 anyway
        with torch.autocast("cuda", enabled=False):
            return _over_channels(x)
    return _over_channels(x)


def _over_channels(x: Tensor) -> Tensor:
    if x.device.type == "cpu" and x.dtype == torch.bfloat16 and x.shape[1] % _AT_ONCE:
        return _over_channels(x.float()).to(x.dtype)
    if not torch.compiler.is_compiling() and _nothing_is_learnt(x):  # a compiler cannot ask, and fuses it better itself
        return _in_place(x)
    return functional.layer_norm(x.permute(0, 2, 3, 1), (x.shape[1],), eps=_LEAST).permute(0, 3, 1, 2)


def _nothing_is_learnt(x: Tensor) -> bool:
    return torch.is_inference_mode_enabled() and x.device.type == "cpu" and x.dtype == torch.float32


def _in_place(x: Tensor) -> Tensor:
    """The same where nothing is learnt, in the memory of x: for few channels, layer_norm takes a CPU twice as long."""
    px = x.permute(0, 2, 3, 1)
    px -= px.mean(-1, keepdim=True)
    px *= px.square().mean(-1, keepdim=True).add_(_LEAST).rsqrt_()
    return x


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with normalisation around a skip."""

    def __init__(self, channels: int, norm: str) -> None:
        super().__init__()
        self.first = Convolution(channels, channels, norm)
        self.second = Convolution(channels, channels, norm, active=False)

    def forward(self, x: Tensor) -> Tensor:
        """N x C x H x W -> the same shape."""
        return x + self.second(self.first(x))


class Convolution(nn.Module):
    """Convolution, normalisation and ReLU."""

    def __init__(
        self, inputs: int, outputs: int, norm: str, kernel: int = 3, stride: int = 1, active: bool = True
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=norm == "pixel")
        self.norm, self.active = norm, active

    def forward(self, x: Tensor) -> Tensor:
        """N x inputs x H x W -> N x outputs x H/stride x W/stride."""
        x = normalise(self.convolution(x), self.norm)
        return functional.relu(x) if self.active else x


class Upward(nn.Module):
    """Doubles the size: a convolution to four times the channels, spread over 2x2 px and smoothed.

    Each of the four px has weights of its own; without smoothing their small differences stay visible as a fine grid.
    """

    def __init__(self, inputs: int, outputs: int, norm: str) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs * 4, 3, 1, 1, bias=norm == "pixel")
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        """N x inputs x H x W -> N x outputs x 2H x 2W."""
        x = smoothed(functional.pixel_shuffle(self.convolution(x), 2))
        return functional.relu(normalise(x, self.norm))

    def start_even(self) -> None:
        """Begin with the same weights for the four px of each 2x2, so that no chequered pattern has to be unlearnt."""
        weight = self.convolution.weight.data
        weight.copy_(weight[::4].repeat_interleave(4, 0))


def smoothed(x: Tensor) -> Tensor:
    """N x C x H x W smoothed with weights 1, 2, 1 both ways: a pattern that alternates from px to px vanishes."""
    weights = constant((0.25, 0.5, 0.25), x.device).to(x.dtype)
    kernel = (weights[:, None] * weights).expand(x.shape[1], 1, 3, 3)
    return functional.conv2d(x, kernel, padding=1, groups=x.shape[1])


class Generator(nn.Module):
    """Pose window or G1 window in, colour and alpha out (sections 3.2 and 3.3; pix2pixHD's global generator).

    Args:
        inputs: channels of the window at 1/coarse of the size (pose maps are drawn there), or at full size with
            `unshuffle` (pictures, whose pixels are then moved into channels).
        width: ngf, channels after the first convolution. widest: no layer has more channels than this.
        downs: how many times the size is halved. blocks: residual blocks at the bottom.
        coarse: 1 works on every pixel as pix2pixHD does; 2 does all but the end at half the size, four times cheaper.
        skips: hand encoder features to the decoder, which keeps limbs where the pose map has them.
        norm: see `normalise`. unshuffle: the input is at full size.
    """

    def __init__(
        self,
        inputs: int,
        width: int,
        downs: int,
        blocks: int,
        coarse: int = 1,
        skips: bool = False,
        norm: str = "instance",
        widest: int = 1024,
        unshuffle: bool = False,
    ) -> None:
        super().__init__()
        self.coarse, self.skips, self.unshuffle = coarse, skips, unshuffle
        self.multiple = coarse * 2**downs
        widths = [min(width * 2**level, widest) for level in range(downs + 1)]
        first = inputs * coarse**2 if unshuffle else inputs
        self.stem = Convolution(first, width, norm, 7 if coarse == 1 else 3)
        self.down = nn.ModuleList(Convolution(a, b, norm, stride=2) for a, b in pairwise(widths))
        self.blocks = nn.Sequential(*(ResidualBlock(widths[-1], norm) for _ in range(blocks)))
        self.up = nn.ModuleList(
            Upward(a * (2 if skips and level else 1), b, norm) for level, (a, b) in enumerate(pairwise(widths[::-1]))
        )
        last = width * (2 if skips else 1)
        self.finest = Upward(last, width // 2, norm) if coarse == 2 else nn.Identity()
        self.head = nn.Conv2d(
            width // 2 if coarse == 2 else last, 4, 5 if coarse == 2 else 7, 1, 2 if coarse == 2 else 3
        )
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
        x = self.head(self.finest(self._features(x)))
        scale = 1 if self.unshuffle else self.coarse
        x = x[..., : height * scale, : wide * scale].float()
        return _bounded(x, centre)

    def begin_correcting(self, other: Generator) -> None:
        """Take over the weights of a generator that sees fewer channels. What it sees more counts for nothing at first,
        and a centre is left as it is."""
        weights = other.state_dict()
        seen = weights["stem.convolution.weight"]
        more = self.stem.convolution.in_channels - seen.shape[1]
        self.load_state_dict(weights | {"stem.convolution.weight": functional.pad(seen, (0, 0, 0, 0, 0, more))})
        for parameter in self.head.parameters():
            nn.init.zeros_(parameter)

    def inner(self) -> list[Tensor]:
        """The weights of all convolutions but the first and the last."""
        return [layer.weight for layer in self._inner()]

    @torch.no_grad()
    def even_out(self) -> None:
        """Bring all layers but the first and the last to one size. What is drawn stays as it is, since all of these are
        normalised; but weights that grew in long training learn less with every step."""
        for layer in self._inner():
            factor = _SIZE / layer.weight.square().mean().sqrt().clamp_min(1e-12)
            for part in layer.parameters():
                part.mul_(factor)

    def _inner(self) -> list[nn.Conv2d]:
        layers = [(name, each) for name, each in self.named_modules() if isinstance(each, nn.Conv2d)]
        return [each for name, each in layers if name.partition(".")[0] not in ("stem", "head")]

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
    """Grow height and width to multiples that halve evenly, to two of them at least, repeating the last row and column.

    oneDNN's convolutions in bfloat16 with a stride give rubbish of 1 px in width on processors with AMX.
    """
    height, width = x.shape[-2:]
    right, down = (max(-side % multiple, 2 * multiple - side) for side in (width, height))
    return functional.pad(x, (0, right, 0, down), mode="replicate") if right or down else x


def _bounded(x: Tensor, centre: Tensor | None) -> Tensor:
    """Raw outputs to colour in [-1, 1] and alpha in [0, 1]; with a centre they are corrections to it."""
    if centre is not None:
        colour = torch.atanh(centre[:, :3].float().clamp(-0.995, 0.995))
        alpha = torch.logit(centre[:, 3:].float().clamp(0.0025, 0.9975))
        x = x + torch.cat((colour, alpha), 1)
    # Both limits at once: channels by themselves take a CPU four times as long. sigmoid(x) = (1 + tanh(x / 2)) / 2.
    scale = constant((1.0, 1.0, 1.0, 0.5), x.device).view(4, 1, 1)
    x = x * scale
    # Far beyond its limit nothing changes any more, but what is lost there could never be learnt back.
    x = x + (x.clamp(-_SURE, _SURE) - x).detach()
    return torch.addcmul(constant((0.0, 0.0, 0.0, 0.5), x.device).view(4, 1, 1), torch.tanh(x), scale)


def _initialise(module: nn.Module) -> None:
    """pix2pixHD's start: normal weights with a deviation of 0.02 (normalisation rescales them), no bias."""
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, Upward):
        module.start_even()
