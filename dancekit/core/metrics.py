"""Measures of a made picture against the true one: SSIM, PSNR, alpha error, flicker."""

from __future__ import annotations

import torch
from torch import Tensor

_SIGMA, _RADIUS = 1.5, 5
_SAME = 1e-10
"""Squared error, as a share of the data range squared, that counts as none."""


def ssim_map(made: Tensor, true: Tensor, data_range: float) -> Tensor:
    """Structural similarity at every pixel (Wang et al. 2004: Gaussian window of sigma 1.5, cut at 3.5 sigma).

    made, true: N x C x H x W of the given data range, H and W at least 11. Returns N x C x (H - 10) x (W - 10): only
    where the whole window lies within the picture.
    """
    down, across = (_blurring(length, made) for length in made.shape[2:])

    def blur(x: Tensor) -> Tensor:
        return down @ (x @ across.T)

    mean_made, mean_true = blur(made), blur(true)
    variance_made = blur(made * made) - mean_made**2
    variance_true = blur(true * true) - mean_true**2
    covariance = blur(made * true) - mean_made * mean_true
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    luminance = (2 * mean_made * mean_true + c1) / (mean_made**2 + mean_true**2 + c1)
    return luminance * (2 * covariance + c2) / (variance_made + variance_true + c2)


def _blurring(length: int, like: Tensor) -> Tensor:
    """The Gaussian window at each place of a row of px as a matrix (length - 10) x length: where one matrix holds all
    windows, a product takes a CPU less than half as long as a convolution of each channel by itself."""
    offsets = torch.arange(length, device=like.device) - torch.arange(length - 2 * _RADIUS, device=like.device)[:, None]
    offsets = (offsets - _RADIUS).to(like.dtype)
    weight = torch.exp(-0.5 * (offsets / _SIGMA) ** 2) * (offsets.abs() <= _RADIUS)
    return weight / weight.sum(1, keepdim=True)


def ssim(made: Tensor, true: Tensor, data_range: float = 255.0) -> Tensor:
    """Mean structural similarity of each picture: N x C x H x W -> N."""
    return ssim_map(made.float(), true.float(), data_range).mean((1, 2, 3))


def ssim_box(made: Tensor, true: Tensor, alpha: Tensor, data_range: float = 255.0) -> Tensor:
    """SSIM within the smallest box around the true person, so that empty background earns nothing.

    alpha: N x 1 x H x W in 0..1, the true cut-out. Pictures without a person count whole. Returns N.
    """
    return mean_in_box(ssim_map(made.float(), true.float(), data_range), alpha)


def mean_in_box(similar: Tensor, alpha: Tensor) -> Tensor:
    """The mean of an `ssim_map` within the smallest box around the true person, see `ssim_box`: N."""
    inner = alpha[:, 0, _RADIUS:-_RADIUS, _RADIUS:-_RADIUS] > 0.5
    return torch.stack([one[box(person)].mean() for one, person in zip(similar.mean(1), inner, strict=True)])


def box(person: Tensor) -> tuple[slice, slice]:
    """(rows, columns) of the smallest box around what is True in a map H x W; the whole map if nothing is."""
    rows, columns = person.any(1).nonzero()[:, 0], person.any(0).nonzero()[:, 0]
    if not len(rows):
        return slice(None), slice(None)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def psnr(made: Tensor, true: Tensor, data_range: float = 255.0) -> Tensor:
    """Peak signal-to-noise ratio of each whole picture in dB: N x C x H x W of the data range -> N.

    The same picture would have no end of dB; it gets 100.
    """
    return _decibels((made.float() - true.float()).square().mean((1, 2, 3)), data_range)


def psnr_box(made: Tensor, true: Tensor, alpha: Tensor, data_range: float = 255.0) -> Tensor:
    """PSNR over the smallest box around the true person only, so that empty background earns nothing: N, in dB.

    alpha: N x 1 x H x W in 0..1, the true cut-out. Pictures without a person count whole.
    """
    squared = (made.float() - true.float()).square().mean(1)
    errors = [one[box(person)].mean() for one, person in zip(squared, alpha[:, 0] > 0.5, strict=True)]
    return _decibels(torch.stack(errors), data_range)


def _decibels(error: Tensor, data_range: float) -> Tensor:
    return -10 * (error / data_range**2).clamp_min(_SAME).log10()


def alpha_error(made: Tensor, true: Tensor) -> Tensor:
    """Mean absolute difference of two cut-outs N x 1 x H x W in 0..1, as a share of the true person's area: N."""
    area = true.sum((1, 2, 3)).clamp_min(1.0)
    return (made - true).abs().sum((1, 2, 3)) / area


def flicker(made: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
    """How much consecutive frames differ, in the made and in the true film: (made, true), scalars.

    made, true: T x C x H x W, consecutive. Their ratio is 1 for a film as steady as the real one.
    """
    return (made[1:] - made[:-1]).abs().mean(), (true[1:] - true[:-1]).abs().mean()


def closed(score: float, baseline: float, perfect: float = 1.0) -> float:
    """Share of the baseline's distance to perfect that a score closes: 0 is no better, 1 is perfect."""
    return (score - baseline) / (perfect - baseline) if perfect != baseline else 0.0
