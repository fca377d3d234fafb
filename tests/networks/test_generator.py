"""The generator: right sizes and ranges for any picture, norms as named, a clean start, corrections that correct."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from dancekit.networks.generator import _SIZE, Generator, Upward, _bounded, normalise, smoothed


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def generator(inputs: int = 6, width: int = 8, downs: int = 2, blocks: int = 1, coarse: int = 1, skips: bool = False,
              norm: str = "instance", widest: int = 1024, unshuffle: bool = False) -> Generator:  # fmt: skip
    torch.manual_seed(0)
    return Generator(inputs, width, downs, blocks, coarse, skips, norm, widest, unshuffle)


@pytest.mark.parametrize("norm", ["instance", "pixel"])
@pytest.mark.parametrize("skips", [False, True])
@pytest.mark.parametrize(("coarse", "unshuffle"), [(1, False), (1, True), (2, False), (2, True)])
@pytest.mark.parametrize("size", [(24, 32), (22, 34)])
def test_the_picture_is_as_large_as_asked_and_its_values_are_bounded(
    norm: str, skips: bool, coarse: int, unshuffle: bool, size: tuple[int, int]
) -> None:
    network = generator(coarse=coarse, skips=skips, norm=norm, unshuffle=unshuffle)
    drawn_at = 1 if unshuffle else coarse
    picture = network(noise(2, 6, size[1] // drawn_at, size[0] // drawn_at) * 50)
    assert picture.shape == (2, 4, size[1], size[0])
    assert picture.dtype == torch.float32
    assert picture[:, :3].abs().max() <= 1
    assert picture[:, :3].min() < 0
    assert picture[:, 3:].min() >= 0
    assert picture[:, 3:].max() <= 1


@pytest.mark.parametrize("coarse", [1, 2])
def test_an_odd_size_is_the_corner_of_the_next_even_one(coarse: int) -> None:
    network = generator(coarse=coarse, norm="pixel", unshuffle=True)
    small = noise(1, 6, 21, 19)
    missing = (0, -19 % network.multiple, 0, -21 % network.multiple)
    grown = torch.nn.functional.pad(small, missing, mode="replicate")
    assert grown.shape[-2] == 24
    assert network(small).shape[-2:] == (21, 19)
    assert torch.allclose(network(small), network(grown)[..., :21, :19], atol=1e-5)


def test_the_multiple_is_the_least_size_that_needs_no_padding() -> None:
    assert generator(downs=3).multiple == 8
    assert generator(downs=3, coarse=2).multiple == 16
    sizes: list[tuple[int, ...]] = []
    network = generator(downs=3, coarse=2, unshuffle=True)
    network.blocks.register_forward_hook(lambda _, inputs, __: sizes.append(tuple(inputs[0].shape[-2:])))
    network(noise(1, 6, 48, 32))
    assert sizes == [(3, 2)]


def test_no_layer_is_wider_than_the_widest() -> None:
    network = generator(width=16, downs=3, widest=32)
    widths = [module.convolution.out_channels for module in network.down]  # type: ignore[union-attr]
    assert widths == [32, 32, 32]
    assert network(noise(1, 6, 16, 16)).shape == (1, 4, 16, 16)


def test_the_papers_generator_has_nine_blocks_of_1024_channels_and_no_learnt_scale() -> None:
    with torch.device("meta"):
        network = Generator(110, 64, 4, 9)
    shapes = [tuple(p.shape) for name, p in network.named_parameters() if name.startswith("blocks.")]
    assert shapes == [(1024, 1024, 3, 3)] * 18
    assert network.stem.convolution.weight.shape == (64, 110, 7, 7)
    assert network.head.weight.shape == (4, 64, 7, 7)
    down = [module.convolution.weight.shape[:2] for module in network.down]  # type: ignore[union-attr]
    assert [tuple(shape) for shape in down] == [(b, a) for a, b in pairwise((64, 128, 256, 512, 1024))]


def test_instance_norm_levels_each_channels_picture() -> None:
    x = normalise(noise(2, 3, 9, 7) * 5 + 3, "instance")
    assert x.mean((2, 3)).abs().max() < 1e-5
    assert torch.allclose(x.std((2, 3), unbiased=False), torch.ones(2, 3), atol=1e-3)


def test_pixel_norm_levels_the_channels_of_each_px_by_itself() -> None:
    x = noise(2, 16, 9, 7) * 5 + 3
    levelled = normalise(x, "pixel")
    assert levelled.shape == x.shape
    assert levelled.mean(1).abs().max() < 1e-5
    assert torch.allclose(levelled.std(1, unbiased=False), torch.ones(2, 9, 7), atol=1e-3)
    assert torch.allclose(normalise(x[..., 2:5, 1:3], "pixel"), levelled[..., 2:5, 1:3], atol=1e-6)


@pytest.mark.parametrize("channels", [12, 16, 24, 32])
def test_pixel_norm_in_bfloat16_is_that_in_float32_rounded(channels: int) -> None:
    x = (noise(1, channels, 6, 5) * 5 + 3).bfloat16().contiguous(memory_format=torch.channels_last)
    wanted = normalise(x.float(), "pixel")
    learning = x.clone().requires_grad_()
    made = normalise(learning, "pixel")
    assert made.dtype == torch.bfloat16
    assert torch.allclose(made.float(), wanted, atol=0.02)
    made.float().square().sum().backward()
    assert learning.grad is not None
    assert learning.grad.dtype == torch.bfloat16
    with torch.inference_mode():
        assert torch.allclose(normalise(x.clone(), "pixel").float(), wanted, atol=0.02)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_painting_normalises_as_training_does(layout: torch.memory_format) -> None:
    x = torch.randn(2, 24, 5, 7, generator=torch.Generator().manual_seed(4)).mul_(3).add_(1).to(memory_format=layout)
    x[0, :, 0, 0] = 0.25  # where all channels are alike, there is no deviation to divide by
    wanted = normalise(x.clone(), "pixel")
    with torch.inference_mode():
        made = normalise(x.clone(memory_format=torch.preserve_format), "pixel")
    assert torch.allclose(made, wanted, atol=1e-5)
    assert made.is_contiguous(memory_format=layout)


def test_with_pixel_norm_empty_surroundings_change_nothing() -> None:
    network = generator(inputs=3, downs=1, norm="pixel")
    person = torch.zeros(1, 3, 64, 64)
    person[..., 28:36, 28:36] = noise(1, 3, 8, 8)
    wide = torch.nn.functional.pad(person, (32, 32, 0, 0))
    assert torch.allclose(network(wide)[..., 24:40, 56:72], network(person)[..., 24:40, 24:40], atol=1e-5)
    levelled = generator(inputs=3, downs=1)
    assert not torch.allclose(levelled(wide)[..., 24:40, 56:72], levelled(person)[..., 24:40, 24:40], atol=1e-3)


def test_only_pixel_norm_needs_a_bias_as_instance_norm_takes_it_away() -> None:
    assert generator().stem.convolution.bias is None
    bias = generator(norm="pixel").stem.convolution.bias
    assert bias is not None
    assert not bias.any()


def test_weights_start_small_and_normal() -> None:
    weights = generator(width=32, downs=2).blocks[0].first.convolution.weight  # type: ignore[union-attr]
    assert isinstance(weights, Tensor)
    assert float(weights.detach().std()) == pytest.approx(0.02, rel=0.03)
    assert abs(float(weights.detach().mean())) < 1e-3


def test_growing_starts_without_a_chequered_pattern() -> None:
    network = generator(coarse=2, skips=True)
    ups = [module for module in network.modules() if isinstance(module, Upward)]
    assert len(ups) == 3
    for up in ups:
        x = functional.pixel_shuffle(up.convolution(noise(1, up.convolution.in_channels, 5, 4)), 2)
        assert x.shape[-2:] == (10, 8)
        assert torch.equal(x, x[..., ::2, ::2].repeat_interleave(2, -1).repeat_interleave(2, -2))


def test_growing_ends_without_a_chequered_pattern_whatever_has_been_learnt() -> None:
    up = Upward(6, 3, "pixel")
    torch.nn.init.normal_(up.convolution.weight)
    shares = []
    for way in (functional.pixel_shuffle(up.convolution(torch.ones(1, 6, 12, 12)), 2), up(torch.ones(1, 6, 12, 12))):
        inner = way[..., 4:-4, 4:-4].detach()
        shares.append(float((inner[..., ::2] - inner[..., 1::2]).abs().max() / inner.abs().max()))
    assert shares[0] > 0.1, "where all is even, the four px of each 2x2 still differ"
    assert shares[1] < 1e-5


def test_smoothing_takes_the_finest_pattern_and_leaves_flat_areas() -> None:
    chequers = torch.ones(1, 2, 8, 8)
    chequers[..., ::2, ::2] = chequers[..., 1::2, 1::2] = -1
    assert smoothed(chequers)[..., 1:-1, 1:-1].abs().max() < 1e-6
    assert torch.allclose(smoothed(torch.ones(1, 2, 8, 8))[..., 1:-1, 1:-1], torch.tensor(1.0))


def emptied(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    """A hook that lets nothing through."""
    return torch.zeros_like(output)


@pytest.mark.parametrize("norm", ["instance", "pixel"])
def test_layers_of_one_size_draw_what_those_of_any_size_drew(norm: str) -> None:
    network, given = generator(coarse=2, skips=True, norm=norm), noise(1, 6, 16, 12)
    with torch.no_grad():
        for place, layer in enumerate(each for each in network.modules() if isinstance(each, nn.Conv2d)):
            layer.weight.mul_(10 + 5 * place)
            if layer.bias is not None:
                layer.bias.normal_(generator=torch.Generator().manual_seed(place))
        ends = [p.clone() for p in (network.stem.convolution.weight, network.head.weight)]
        before = network(given)
        network.even_out()
        assert torch.allclose(network(given), before, atol=1e-3)
    sizes = [float(weight.detach().square().mean().sqrt()) for weight in network.inner()]
    assert sizes == pytest.approx([_SIZE] * len(sizes), rel=1e-4)
    kept = (network.stem.convolution.weight, network.head.weight)
    assert all(torch.equal(now, then) for now, then in zip(kept, ends, strict=True))


def test_skips_hand_fine_detail_past_the_bottom() -> None:
    window = noise(1, 6, 16, 16)
    for skips in (False, True):
        network = generator(skips=skips, norm="pixel")
        for block in network.blocks:
            block.register_forward_hook(emptied)
        assert (float(network(window).detach().std((2, 3)).max()) > 1e-3) == skips


@pytest.mark.parametrize("coarse", [1, 2])
def test_a_network_that_finds_nothing_to_correct_gives_the_first_version_back(coarse: int) -> None:
    network = generator(inputs=12, coarse=coarse, unshuffle=True)
    torch.nn.init.zeros_(network.head.weight)
    first = torch.cat((noise(1, 3, 16, 12).clamp(-0.99, 0.99), torch.rand(1, 1, 16, 12) * 0.99 + 0.005), 1)
    assert torch.allclose(network(noise(1, 12, 16, 12), first), first, atol=1e-5)
    assert torch.allclose(network(noise(1, 12, 16, 12))[:, 3], torch.tensor(0.5))


def test_saturated_first_versions_can_still_be_corrected() -> None:
    network = generator(inputs=12, unshuffle=True)
    extreme = torch.ones(1, 4, 8, 8)
    extreme[:, :2] = -1
    picture = network(noise(1, 12, 8, 8), extreme)
    picture.sum().backward()
    slope = network.head.weight.grad
    assert slope is not None
    assert torch.isfinite(slope).all()
    assert slope.abs().amax((1, 2, 3)).min() > 1e-4
    assert (picture - extreme).detach().abs().max() < 0.1


@pytest.mark.parametrize("raw", [-40.0, 8.0, 40.0])
def test_what_is_far_beyond_its_limit_can_still_be_learnt_back(raw: float) -> None:
    x = torch.full((1, 4, 1, 1), raw, requires_grad=True)
    bounded = _bounded(x, None)
    assert bounded.flatten().tolist() == pytest.approx([raw / abs(raw)] * 3 + [float(raw > 0)], abs=1e-3)
    bounded.sum().backward()
    assert x.grad is not None
    assert (x.grad > 1e-6).all()
