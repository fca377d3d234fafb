"""Measures: SSIM against one written out window by window, and the others against values known by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dancekit.core import metrics


def noise(seed: int, size: tuple[int, int] = (24, 20), channels: int = 3, count: int = 2) -> torch.Tensor:
    """Pictures N x C x H x W of uniform noise, 0..255."""
    return torch.rand(count, channels, *size[::-1], generator=torch.Generator().manual_seed(seed)) * 255


def slow_ssim(made: np.ndarray, true: np.ndarray, data_range: float) -> np.ndarray:
    """SSIM of two channels [H, W] in float64, one window of 11 x 11 px after the other, as Wang et al. define it."""
    offsets = np.arange(-5, 6)
    weight = np.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / (2 * 1.5**2))
    weight /= weight.sum()
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    result = np.zeros((made.shape[0] - 10, made.shape[1] - 10))
    for row, column in np.ndindex(*result.shape):
        a, b = (p[row : row + 11, column : column + 11].astype(np.float64) for p in (made, true))
        mean_a, mean_b = (weight * a).sum(), (weight * b).sum()
        spread_a, spread_b = (weight * (a - mean_a) ** 2).sum(), (weight * (b - mean_b) ** 2).sum()
        common = (weight * (a - mean_a) * (b - mean_b)).sum()
        result[row, column] = (
            (2 * mean_a * mean_b + c1) * (2 * common + c2)
            / ((mean_a**2 + mean_b**2 + c1) * (spread_a + spread_b + c2))
        )  # fmt: skip
    return result


@pytest.mark.parametrize("data_range", [255.0, 2.0])
def test_ssim_is_the_one_of_the_definition(data_range: float) -> None:
    true = noise(0)
    made = (true + 0.4 * noise(1)).clamp(0, 255)
    made, true = made * (data_range / 255), true * (data_range / 255)
    found = metrics.ssim_map(made, true, data_range)
    assert found.shape == (2, 3, 10, 14)
    for picture, channel in np.ndindex(2, 3):
        wanted = slow_ssim(made[picture, channel].numpy(), true[picture, channel].numpy(), data_range)
        assert found[picture, channel].numpy() == pytest.approx(wanted, abs=1e-4)
    scores = metrics.ssim(made, true, data_range)
    assert scores == pytest.approx(found.mean((1, 2, 3)))
    assert 0.3 < float(scores.mean()) < 0.95


def test_ssim_agrees_with_known_values() -> None:
    true = noise(3)
    assert metrics.ssim(true, true) == pytest.approx([1, 1], abs=1e-5)
    dark, light = torch.full((1, 1, 11, 11), 100.0), torch.full((1, 1, 11, 11), 150.0)
    c1 = 2.55**2
    wanted = (2 * 100 * 150 + c1) / (100**2 + 150**2 + c1)
    assert float(metrics.ssim(dark, light)) == pytest.approx(wanted, abs=1e-4)
    assert float(metrics.ssim(noise(4), 255 - noise(4)).max()) < 0
    assert metrics.ssim(true.to(torch.uint8), true.to(torch.uint8)) == pytest.approx([1, 1], abs=1e-5)


def test_pictures_are_scored_one_by_one() -> None:
    true = noise(5)
    made = true.clone()
    made[1] = noise(6)[1]
    scores = metrics.ssim(made, true)
    assert float(scores[0]) == pytest.approx(1, abs=1e-5)
    assert float(scores[1]) < 0.2


def test_empty_background_earns_nothing_within_the_persons_box() -> None:
    true = torch.full((2, 3, 60, 60), 128.0)
    alpha = torch.zeros(2, 1, 60, 60)
    rows, columns = slice(20, 40), slice(30, 45)
    true[0, :, rows, columns] = noise(7, (15, 20))[0]
    alpha[0, :, rows, columns] = 1
    made = true.clone()
    made[0, :, rows, columns] = noise(8, (15, 20))[0]
    found = metrics.ssim_box(made, true, alpha)
    whole = metrics.ssim_map(made, true, 255.0)
    assert float(found[0]) == pytest.approx(float(whole[0, :, 15:35, 25:40].mean()), abs=1e-6)
    assert float(found[0]) < 0.25 < 0.7 < float(metrics.ssim(made, true)[0])
    assert float(found[1]) == pytest.approx(1, abs=1e-5), "without a person the whole picture counts"


def test_psnr_is_the_one_of_a_known_offset() -> None:
    true = noise(9) * 0.9
    offset = 20 * np.log10(255 / 10)
    assert metrics.psnr(true + 10, true) == pytest.approx([offset, offset], abs=1e-3)
    assert metrics.psnr(true - 20, true) == pytest.approx([offset - 6.0206] * 2, abs=1e-3), "twice as far is 6 dB less"
    assert metrics.psnr((true + 10) / 255, true / 255, 1.0) == pytest.approx([offset, offset], abs=1e-3)
    assert metrics.psnr(true, true).tolist() == [100, 100], "as much as there is"
    one = torch.stack((true[0] + 10, true[1]))
    assert metrics.psnr(one, true) == pytest.approx([offset, 100], abs=1e-3), "pictures count one by one"


def test_psnr_within_the_persons_box_sees_only_that() -> None:
    true, alpha = torch.full((3, 3, 40, 30), 100.0), torch.zeros(3, 1, 40, 30)
    alpha[:2, :, 10:20, 5:15] = 1
    made = true.clone()
    made[0, :, 10:20, 5:15] += 10
    made[1] += 50
    made[1, :, 10:20, 5:15] = 100
    made[2] += 10
    offset = 20 * np.log10(255 / 10)
    assert metrics.psnr_box(made, true, alpha) == pytest.approx([offset, 100, offset], abs=1e-3)
    assert float(metrics.psnr(made, true)[0]) == pytest.approx(offset + 10 * np.log10(12), abs=1e-3)


def test_the_cut_outs_error_is_a_share_of_the_persons_area() -> None:
    true = torch.zeros(3, 1, 20, 20)
    true[:2, :, 5:15, 5:15] = 1
    made = true.clone()
    made[0, :, 5:15, 5:10] = 0.5
    made[2, :, 0, :4] = 0.5
    assert metrics.alpha_error(made, true) == pytest.approx([0.25, 0, 2])


def test_flicker_is_what_changes_from_frame_to_frame() -> None:
    true = torch.zeros(4, 3, 5, 5)
    true[2:] = 6.0
    made = torch.tensor([0.0, 3, 0, 3]).view(4, 1, 1, 1).expand(4, 3, 5, 5)
    assert [float(value) for value in metrics.flicker(made, true)] == pytest.approx([3, 2])


def test_closed_tells_how_much_of_the_way_is_done() -> None:
    assert metrics.closed(0.9, 0.8) == pytest.approx(0.5)
    assert metrics.closed(0.7, 0.8) == pytest.approx(-0.5)
    assert metrics.closed(0.1, 0.3, 0.0) == pytest.approx(2 / 3)
    assert metrics.closed(1.0, 1.0) == 0
