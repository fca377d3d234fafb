"""Inception-v3 as FID wants it: the published size, the file's names, and pooling that leaves the border out."""

from __future__ import annotations

import pytest
import torch

from dancekit.networks import inception
from dancekit.networks.inception import FEATURES, Inception


@pytest.fixture(scope="module")
def network() -> Inception:
    torch.manual_seed(0)
    return Inception()


def test_it_has_the_published_size(network: Inception) -> None:
    # 23,834,568 parameters without the auxiliary classifier, less 2,049,000 of the classifier.
    assert sum(p.numel() for p in network.parameters()) == 23_834_568 - 2_049_000


def test_names_are_those_of_the_file(network: Inception) -> None:
    names = set(network.state_dict())
    assert {"Conv2d_1a_3x3.conv.weight", "Mixed_5b.branch5x5_2.bn.running_mean", "Mixed_6b.branch7x7dbl_5.conv.weight",
            "Mixed_7a.branch7x7x3_4.bn.bias", "Mixed_7c.branch3x3dbl_3b.conv.weight"} <= names  # fmt: skip
    file = {name: tensor + 1 for name, tensor in network.state_dict().items()}
    other = Inception()
    other.load({**file, "fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)})
    assert torch.equal(other.state_dict()["Mixed_7c.branch_pool.bn.bias"], file["Mixed_7c.branch_pool.bn.bias"])
    with pytest.raises(RuntimeError):
        other.load({"fc.weight": torch.zeros(1)})


@torch.no_grad()
def test_pictures_of_any_size_become_features(network: Inception) -> None:
    pictures = torch.rand(2, 3, 60, 44) * 2 - 1
    features = network(pictures)
    assert features.shape == (2, FEATURES)
    assert torch.allclose(features[:1], network(pictures[:1]), atol=1e-4), "each by itself"


def test_average_pooling_leaves_the_border_out() -> None:
    assert torch.equal(inception._average(torch.ones(1, 1, 4, 4)), torch.ones(1, 1, 4, 4))
