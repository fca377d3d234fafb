"""The patch discriminator: features of every layer at every scale, conditions that count, patches that stay local."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest
import torch
from torch import Tensor

from dancekit.networks import patch
from dancekit.networks.patch import PatchCritic


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def critic(frame: int = 3, condition: int = 5, layers: int = 2, scales: int = 2, half: bool = False,
           norm: str = "instance", width: int = 8) -> PatchCritic:  # fmt: skip
    torch.manual_seed(0)
    return PatchCritic(frame, condition, width, layers, scales, half, norm)


@pytest.mark.parametrize("norm", ["instance", "pixel"])
@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("size", [(32, 48), (36, 50), (34, 46)])
def test_every_scale_gives_every_layers_features_and_a_verdict(norm: str, half: bool, size: tuple[int, int]) -> None:
    judge = critic(layers=2, half=half, norm=norm)
    share = 2 if half else 1
    scales = judge(noise(2, 3, size[1], size[0]), noise(2, 5, size[1] // share, size[0] // share))
    assert len(scales) == 2
    for scale in scales:
        assert [layer.shape[1] for layer in scale] == [8, 16, 32, 1]
        assert all(torch.isfinite(layer).all() for layer in scale)
    heights = [scale[0].shape[-2] for scale in scales]
    assert heights[0] == pytest.approx(2 * heights[1], abs=2)


def test_the_papers_critic_has_pix2pixhds_shape() -> None:
    judge = critic(layers=3, width=64)
    scale = judge.scales[0]
    assert [layer.out_channels for layer in scale.layers] == [128, 256, 512]  # type: ignore[union-attr]
    assert [layer.stride[0] for layer in scale.layers] == [2, 2, 1]  # type: ignore[union-attr]
    verdict = judge(noise(1, 3, 64, 64), noise(1, 5, 64, 64))[0][-1]
    assert verdict.shape == (1, 1, 11, 11)
    deep = critic(layers=5, width=4).scales[0]
    assert deep.layers[-1].out_channels == 32, "eight times the first width at the most"  # type: ignore[union-attr]


def test_reading_apart_is_reading_frame_and_condition_stacked() -> None:
    judge, frame, condition = critic(), noise(1, 3, 32, 24), noise(1, 5, 32, 24, seed=1)
    scale = judge.scales[0]
    weight = torch.cat((scale.frame.weight, scale.condition.weight), 1)  # type: ignore[union-attr]
    stacked = torch.nn.functional.conv2d(torch.cat((frame, condition), 1), weight, scale.frame.bias, 2, 2)  # type: ignore[union-attr]
    assert torch.allclose(judge(frame, condition)[0][0], torch.nn.functional.leaky_relu(stacked, 0.2), atol=1e-5)


@pytest.mark.parametrize("half", [False, True])
def test_the_condition_counts_at_every_scale(half: bool) -> None:
    judge, frame = critic(half=half), noise(1, 3, 32, 48)
    size = (16, 24) if half else (32, 48)
    first, other = (judge(frame, noise(1, 5, *size, seed=seed)) for seed in (1, 2))
    for a, b in zip(first, other, strict=True):
        assert (a[-1] - b[-1]).abs().max() > 1e-3


@pytest.mark.parametrize("half", [False, True])
def test_the_condition_lies_over_the_frame(half: bool) -> None:
    judge, size = critic(half=half, scales=1), (32, 16) if half else (64, 32)
    frame, condition = torch.zeros(1, 3, 64, 32), torch.zeros(1, 5, *size)
    plain = judge(frame, condition)[0][0]
    row = 40
    condition[..., row // (2 if half else 1), :] = 1
    changed = (judge(frame, condition)[0][0] - plain).abs().sum((0, 1, 3)).nonzero()[:, 0]
    assert abs(float(changed.float().mean()) - (row / 2 + 0.5)) <= 1
    assert len(changed) <= 3, "no coarser than the frame"


@pytest.mark.parametrize("half", [False, True])
def test_comparing_frames_of_one_condition_is_judging_each(half: bool) -> None:
    judge, condition = critic(half=half), noise(2, 5, 16, 24)
    frames = [noise(2, 3, 32 if half else 16, 48 if half else 24, seed=seed) for seed in (1, 2)]
    for frame, compared in zip(frames, judge.compare(frames, condition), strict=True):
        alone = judge(frame, condition)
        for a, b in zip(chain(*alone), chain(*compared), strict=True):
            assert torch.equal(a, b)


def test_a_picture_alone_is_judged_without_any_condition() -> None:
    judge = critic(frame=9, condition=0)
    verdicts = judge(noise(2, 9, 32, 32))
    assert verdicts[0][-1].shape[:2] == (2, 1)
    assert judge.scales[0].condition is None


def test_with_pixel_norm_a_verdict_is_about_its_patch_alone() -> None:
    judge = critic(layers=1, scales=1, norm="pixel", condition=0)
    frame = noise(1, 3, 64, 64)
    other = frame.clone()
    other[..., :8] = 0
    first, second = (judge(picture)[0][-1] for picture in (frame, other))
    apart = (first - second).abs().amax((0, 1, 2)) > 1e-6
    assert apart[:4].all()
    assert not apart[12:].any()


def test_coarser_scales_judge_larger_patches() -> None:
    judge = critic(layers=1, norm="pixel", condition=0)
    frame = noise(1, 3, 96, 96).requires_grad_()
    reach = []
    for scale in judge(frame):
        middle = scale[-1].shape[-1] // 2
        (slope,) = torch.autograd.grad(scale[-1][0, 0, middle, middle], frame, retain_graph=True)
        reach.append(int((slope.abs().sum((0, 1, 2)) > 0).sum()))
    assert reach[1] > 1.8 * reach[0]


def test_scales_and_seeds_have_weights_of_their_own() -> None:
    judge = critic()
    first, second = (scale.frame.weight for scale in judge.scales)  # type: ignore[union-attr]
    assert isinstance(first, Tensor)
    assert isinstance(second, Tensor)
    assert not torch.equal(first, second)
    assert float(first.detach().std()) == pytest.approx(0.02, rel=0.15)


def test_where_pictures_are_halved_gpus_get_them_channels_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's gradient of a padded mean is wrong on GPUs for what lies channels last (its issue 188344)."""
    given, real = [], patch.functional.avg_pool2d

    def watched(x: Tensor, *how: Any, **more: Any) -> Tensor:
        given.append(x)
        return real(x, *how, **more)

    monkeypatch.setattr(patch.functional, "avg_pool2d", watched)
    for device in ("cpu", "meta"):
        x = torch.empty(2, 3, 32, 24, device=device).contiguous(memory_format=torch.channels_last)
        assert patch._halved(x).shape == (2, 3, 16, 12)
    on_cpu, elsewhere = given
    assert not on_cpu.is_contiguous(), "no copy where it is right"
    assert elsewhere.is_contiguous()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here")
def test_a_gpu_gives_the_gradients_that_the_cpu_gives() -> None:
    found = []
    for device in ("cpu", "cuda"):
        judge = critic(norm="pixel").to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        frame = noise(2, 3, 32, 24).to(device).contiguous(memory_format=torch.channels_last).requires_grad_()
        sum(scale[-1].sum() for scale in judge(frame, noise(2, 5, 32, 24, seed=1).to(device))).backward()  # type: ignore[union-attr]
        assert frame.grad is not None
        found.append(frame.grad.cpu())
    assert torch.allclose(*found, rtol=1e-2, atol=1e-3 * float(found[0].abs().max()))
