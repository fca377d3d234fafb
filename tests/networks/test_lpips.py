"""LPIPS: torchvision's AlexNet read by its names, and the distance as the paper defines it, by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from dancekit.io import weights
from dancekit.networks.lpips import LPIPS


def alexnet() -> nn.Sequential:
    """The part of torchvision's AlexNet that LPIPS reads, written down as torchvision numbers it."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, 1, 1), nn.ReLU(), nn.Conv2d(384, 256, 3, 1, 1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(3, 2),
    )  # fmt: skip


def measured(heads: dict[str, Tensor]) -> tuple[LPIPS, nn.Sequential]:
    trunk = alexnet()
    return LPIPS({f"features.{name}": tensor for name, tensor in trunk.state_dict().items()}, heads), trunk


def pictures(seed: int) -> Tensor:
    return torch.rand(2, 3, 80, 96, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@torch.no_grad()
def test_the_distance_is_that_of_the_paper() -> None:
    heads = dict(weights.tensors("lpips_alex"))
    network, trunk = measured(heads)
    a, b = pictures(2), pictures(3)
    total = torch.zeros(2)
    shift, scale = (torch.tensor(three).view(3, 1, 1) for three in ([-0.030, -0.088, -0.188], [0.458, 0.448, 0.450]))
    x, y = ((p - shift) / scale for p in (a, b))
    place = 0
    for layer in trunk:
        x, y = layer(x), layer(y)
        if isinstance(layer, nn.ReLU):
            one, other = (f / f.norm(dim=1, keepdim=True) for f in (x, y))
            total += torch.einsum("nchw,c->nhw", (one - other) ** 2, heads[f"lin{place}"]).mean((1, 2))
            place += 1
    assert place == 5
    assert network(a, b) == pytest.approx(total, rel=1e-4)
    assert (total > 0).all()


@torch.no_grad()
def test_the_same_pictures_are_no_way_apart_and_more_noise_is_further() -> None:
    network, _ = measured(dict(weights.tensors("lpips_alex")))
    a, noise = pictures(2), pictures(4)
    assert network(a, a) == pytest.approx(torch.zeros(2), abs=1e-7)
    near, far = (float(network(a, (a + share * noise).clamp(-1, 1)).mean()) for share in (0.1, 0.6))
    assert 0 < near < far


def test_the_bundled_heads_weigh_every_channel() -> None:
    heads = weights.tensors("lpips_alex")
    assert [len(heads[f"lin{place}"]) for place in range(5)] == [64, 192, 384, 256, 256]
    assert all((tensor >= 0).all() for tensor in heads.values()), "a distance only grows"
