"""The perceptual trunk: VGG's own layers in the right order, pictures as it knows them, and distances by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from dancekit.io import weights
from dancekit.networks.perceptual import LAYER_WEIGHTS, VGG16_EDGES, VGG19, Perceptual, Trunk

WIDTHS = (64, 128, 256, 512, 512)


def picture(seed: int, size: tuple[int, int] = (20, 28), count: int = 2) -> Tensor:
    """Pictures N x 3 x H x W in [-1, 1]."""
    return torch.rand(count, 3, *size[::-1], generator=torch.Generator().manual_seed(seed)) * 2 - 1


def made_up(trunk: Trunk, seed: int = 0) -> dict[str, Tensor]:
    """Random weights for all layers of a trunk."""
    random, made, inputs = torch.Generator().manual_seed(seed), {}, 3
    for block, count in enumerate(trunk.blocks, 1):
        for place in range(1, count + 1):
            outputs = WIDTHS[block - 1]
            made[f"conv{block}_{place}.weight"] = torch.randn(outputs, inputs, 3, 3, generator=random) * 0.05
            made[f"conv{block}_{place}.bias"] = torch.randn(outputs, generator=random) * 0.05
            inputs = outputs
    return made


SHALLOW = Trunk((2, 2), (0, 1, 2), 1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def by_hand(x: Tensor, made: dict[str, Tensor]) -> list[Tensor]:
    """relu1_1 and relu2_1 of SHALLOW, layer by layer."""
    x = ((x + 1) / 2 - torch.tensor(SHALLOW.mean).view(3, 1, 1)) / torch.tensor(SHALLOW.spread).view(3, 1, 1)

    def layer(x: Tensor, name: str) -> Tensor:
        return functional.relu(functional.conv2d(x, made[f"{name}.weight"], made[f"{name}.bias"], padding=1))

    first = layer(x, "conv1_1")
    return [first, layer(functional.max_pool2d(layer(first, "conv1_2"), 2), "conv2_1")]


def test_features_are_those_of_the_layers_in_order() -> None:
    made = made_up(SHALLOW)
    found = Perceptual(SHALLOW, made)(picture(0))
    assert len(found) == 2
    for features, wanted in zip(found, by_hand(picture(0), made), strict=True):
        assert torch.allclose(features, wanted, atol=1e-4)
    assert found[1].shape == (2, 128, 14, 10)


def test_channels_enter_in_the_order_and_scale_the_trunk_was_trained_in() -> None:
    made = {"conv1_1.weight": torch.zeros(64, 3, 3, 3), "conv1_1.bias": torch.zeros(64)}
    for channel in range(3):
        made["conv1_1.weight"][channel, channel, 1, 1] = 1
    x = torch.tensor([1.0, 0.0, -0.5]).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    blue_first = Trunk((1,), (2, 1, 0), 255.0, (10.0, 20.0, 30.0))
    assert Perceptual(blue_first, made)(x)[0][0, :3, 2, 2] == pytest.approx([63.75 - 10, 127.5 - 20, 255 - 30])
    red_first = Trunk((1,), (0, 1, 2), 1.0, (0.5, 0.25, 0.0), (0.5, 0.5, 2.0))
    assert Perceptual(red_first, made)(x)[0][0, :3, 2, 2] == pytest.approx([1, 0.5, 0.125])


def test_the_loss_weighs_each_layers_mean_distance() -> None:
    trunk = replace(SHALLOW, magnitudes=(2.0, 0.5))
    made = made_up(trunk)
    pairs = zip(by_hand(picture(0), made), by_hand(picture(1), made), strict=True)
    first, second = ((a - b).abs().mean((1, 2, 3)) for a, b in pairs)
    wanted = first / 32 / 2 + second / 16 / 0.5
    network = Perceptual(trunk, made)
    assert network.loss_each(picture(0), picture(1)) == pytest.approx(wanted, rel=1e-4)
    assert float(network.loss(picture(0), picture(1))) == pytest.approx(float(wanted.mean()), rel=1e-4)
    assert float(network.loss(picture(0), picture(0))) == 0
    assert LAYER_WEIGHTS == (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1)


def test_the_made_picture_is_pulled_and_nothing_else() -> None:
    network = Perceptual(SHALLOW, made_up(SHALLOW))
    made, true = picture(0).requires_grad_(), picture(1).requires_grad_()
    network.loss(made, true).backward()
    assert made.grad is not None
    assert float(made.grad.abs().max()) > 0
    assert true.grad is None
    assert not any(p.requires_grad for p in network.parameters())


def test_less_depth_reads_fewer_blocks_and_needs_fewer_weights() -> None:
    made = made_up(SHALLOW)
    network = Perceptual(SHALLOW, {name: made[name] for name in ("conv1_1.weight", "conv1_1.bias")}, 1)
    assert len(network(picture(0))) == 1
    assert torch.allclose(network(picture(0))[0], Perceptual(SHALLOW, made)(picture(0))[0])
    with pytest.raises(KeyError):
        Perceptual(SHALLOW, {name: made[name] for name in ("conv1_1.weight", "conv1_1.bias")}, 2)


@pytest.mark.parametrize("size", [(16, 16), (17, 23), (40, 9)])
def test_any_size_is_read(size: tuple[int, int]) -> None:
    network = Perceptual(SHALLOW, made_up(SHALLOW))
    assert network(picture(0, size))[1].shape[-2:] == (size[1] // 2, size[0] // 2)
    assert float(network.loss(picture(0, size), picture(1, size))) > 0


def test_the_bundled_trunk_is_there_and_its_features_are_of_the_usual_size() -> None:
    saved = weights.trunk_weights("vgg16_edges")
    network = Perceptual(VGG16_EDGES, saved, 5)
    assert network.depth == 4
    assert list(network.convolutions)[-1] == "conv4_1", "what no layer reads is not computed"
    smooth = functional.interpolate(picture(0, (8, 8), 1), size=(64, 64), mode="bicubic").clamp(-1, 1)
    features = network(smooth)
    assert [f.shape[1] for f in features] == [64, 128, 256, 512]
    for found, usual in zip(features, VGG16_EDGES.magnitudes, strict=True):
        assert 0.3 < float(found.mean()) / usual < 3
    assert torch.equal(next(iter(network.convolutions.values())).weight, saved["conv1_1.weight"].float())  # type: ignore[arg-type]


def test_the_bundled_trunk_minds_structure_more_than_a_little_light() -> None:
    network = Perceptual(VGG16_EDGES, weights.trunk_weights("vgg16_edges"), 4)
    true = functional.interpolate(picture(0, (8, 8), 1), size=(64, 64), mode="bicubic").clamp(-0.9, 0.9)
    lighter, shifted = true + 0.05, true.roll(6, -1)
    distances = [float(network.loss(other, true)) for other in (true, lighter, shifted)]
    assert distances == sorted(distances)
    assert distances[2] > 3 * distances[1]


def test_the_papers_trunk_goes_up_to_relu5_1() -> None:
    network = Perceptual(VGG19, made_up(VGG19))
    names = [f"conv{block}_{place}" for block, count in enumerate((2, 2, 4, 4, 1), 1) for place in range(1, count + 1)]
    assert list(network.convolutions) == names
    assert [tuple(f.shape[1:]) for f in network(picture(0, (32, 48), 1))] == [
        (64, 48, 32), (128, 24, 16), (256, 12, 8), (512, 6, 4), (512, 3, 2)
    ]  # fmt: skip
    white = torch.tensor(VGG19.mean).view(1, 3, 1, 1) * 2 - 1
    network.convolutions["conv1_1"].bias.data.zero_()  # type: ignore[union-attr, operator]
    assert network(white.expand(1, 3, 16, 16))[0].abs().max() < 1e-4, "the mean photograph is nothing to it"
