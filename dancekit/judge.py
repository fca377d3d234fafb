"""Pictures beside the true ones: the measures of evaluate and demo that need a truth (section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dancekit.core import feature_sets, metrics, silhouette
from dancekit.io import weights
from dancekit.likeness import prepare_network
from dancekit.networks.inception import Inception
from dancekit.networks.lpips import LPIPS
from dancekit.networks.perceptual import VGG16_EDGES, Perceptual

KEY = (128.0, 128.0, 128.0)
"""Pictures are compared over this grey, 0..255."""
FEWEST = 2048
"""Pictures that FID needs: with fewer than features, it says more of their number than of the pictures."""
PARTS = ("face", "hand", "large")
"""What is scored by itself: close-ups of heads, those of hands, and pictures larger than those of the whole."""
_BATCH = 16
_DEPTH = 4


@dataclass(frozen=True)
class Scores:
    """Means over all frames; None where there are too few frames to tell.

    ssim: over the whole crop. ssim_box: within the true person's box. perceptual: distance on the bundled trunk (not
    LPIPS; lower is better). alpha: share of the true person's area that the cut-out gets wrong. flicker: change from
    frame to frame, relative to the true film's. psnr, psnr_box: dB, over the crop and within the true person's box.
    holes: area of holes within the cut-out where the true person is, as a share of the cut-out's. trunk_frechet,
    trunk_kid: core.feature_sets' distances of all pictures from all true ones, on the bundled trunk's relu4_1, averaged
    over the whole crop (not FID and not KID, which are of an Inception network; lower is better). face, face_frechet:
    perceptual and Frechet distance of the head alone. hand, hand_frechet: the same of hands. large: perceptual distance
    in larger pictures. lpips, kid, fid: with their official weights, None where these are not on the computer; fid also
    where there are too few pictures.
    """

    ssim: float
    ssim_box: float
    perceptual: float
    alpha: float
    flicker: float | None
    psnr: float
    psnr_box: float
    holes: float
    trunk_frechet: float | None
    trunk_kid: float | None
    face: float | None = None
    face_frechet: float | None = None
    hand: float | None = None
    hand_frechet: float | None = None
    large: float | None = None
    lpips: float | None = None
    kid: float | None = None
    fid: float | None = None


class Judge:
    """Collects pictures of each entry beside the true ones, and scores them."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._trunk = prepare_network(Perceptual(VGG16_EDGES, weights.trunk_weights("vgg16_edges"), _DEPTH), device)
        self._lpips = self._inception = None
        if weights.available("alexnet"):
            self._lpips = LPIPS(weights.tensors("alexnet"), weights.tensors("lpips_alex")).to(device)
        if weights.available("inception"):
            self._inception = Inception().to(device)
            self._inception.load(weights.tensors("inception"))
        self._seen: dict[str, list[list[Tensor]]] = {}
        self._kept: dict[str, list[dict[str, Tensor]]] = {}
        self._sets: dict[str, list[list[Tensor]]] = {}
        self._change: dict[str, list[tuple[float, float, int]]] = {}
        self._parts: dict[str, dict[str, list[Tensor]]] = {part: {} for part in PARTS}
        self._part_sets: dict[str, dict[str, list[list[Tensor]]]] = {part: {} for part in PARTS}

    def add(self, entry: str, made: np.ndarray, true: np.ndarray) -> None:
        """Score consecutive pictures uint8 [T, 4, H, W] (colour and alpha) against the true ones."""
        self.add_all({entry: made}, true)

    @torch.inference_mode()
    def add_all(self, made: Mapping[str, np.ndarray], true: np.ndarray) -> None:
        """Score each entry's consecutive pictures uint8 [T, 4, H, W] (colour and alpha) against the same true ones."""
        films: list[Tensor] = []
        shown: dict[str, list[Tensor]] = {entry: [] for entry in made}
        for start in range(0, len(true), _BATCH):
            film = true[start : start + _BATCH]
            wanted, cut_out = _over_key(film, self._device)
            centred = wanted / 127.5 - 1
            features = self._trunk(centred)
            known = None if self._inception is None else self._inception(centred)
            films.append(wanted)
            for entry, pictures in made.items():
                part = pictures[start : start + _BATCH]
                picture, alpha = _over_key(part, self._device)
                official = self._officially(entry, picture / 127.5 - 1, centred, known)
                scores = {
                    "ssim": metrics.ssim(picture, wanted),
                    "ssim_box": metrics.ssim_box(picture, wanted, cut_out),
                    "perceptual": self._distance(self._sets, entry, picture, features),
                    "alpha": metrics.alpha_error(alpha, cut_out),
                    "psnr": metrics.psnr(picture, wanted),
                    "psnr_box": metrics.psnr_box(picture, wanted, cut_out),
                    "holes": _holes(part, film),
                }
                self._kept.setdefault(entry, []).append(official | scores)
                shown[entry].append(picture)
        if len(true) >= 2:
            for entry, pictures in shown.items():
                changes = metrics.flicker(torch.cat(pictures), torch.cat(films))
                self._change.setdefault(entry, []).append((float(changes[0]), float(changes[1]), len(true) - 1))

    @torch.inference_mode()
    def add_part(self, part: str, made: Mapping[str, np.ndarray], true: np.ndarray) -> None:
        """Score each entry's pictures uint8 [T, h, w, 4] (colour and alpha) of one of PARTS against the true ones."""
        kept, sets = self._parts[part], self._part_sets[part]

        def shown(pictures: np.ndarray, start: int) -> Tensor:
            return _over_key(pictures[start : start + _BATCH].transpose(0, 3, 1, 2), self._device)[0]

        for start in range(0, len(true), _BATCH):
            features = self._trunk(shown(true, start) / 127.5 - 1)
            for entry, pictures in made.items():
                distance = self._distance(sets, entry, shown(pictures, start), features)
                kept.setdefault(entry, []).append(distance)

    def _distance(
        self, sets: dict[str, list[list[Tensor]]], entry: str, picture: Tensor, wanted: list[Tensor]
    ) -> Tensor:
        """Perceptual distances, N, of pictures in 0..255 from the features of true ones; what of their features goes
        into a Frechet distance is kept in `sets`."""
        features = self._trunk(picture / 127.5 - 1)
        sets.setdefault(entry, []).append([_pool(wanted[-1]), _pool(features[-1])])
        return self._trunk.apart(features, wanted)

    def _officially(self, entry: str, made: Tensor, true: Tensor, known: Tensor | None) -> dict[str, Tensor]:
        """What the official networks say of pictures N x 3 x H x W in [-1, 1]. known: the Inception's features of the
        true ones, where it is there."""
        if self._inception is not None and known is not None:
            self._seen.setdefault(entry, []).append([self._inception(made), known])
        return {} if self._lpips is None else {"lpips": self._lpips(made, true)}

    def scores(self, entry: str) -> Scores:
        """Means over everything added."""
        kept = self._kept[entry]
        means = {name: float(torch.cat([one[name] for one in kept]).mean()) for name in kept[0]}
        sets, heads, hands = (
            [torch.cat(parts) for parts in zip(*kept.get(entry, []), strict=True)]
            for kept in (self._sets, self._part_sets["face"], self._part_sets["hand"])
        )
        enough = len(sets[0]) >= 2
        seen = [torch.cat(parts) for parts in zip(*self._seen.get(entry, []), strict=True)]
        return Scores(
            **means,
            flicker=self._flicker(entry),
            face=_mean(self._parts["face"].get(entry)),
            hand=_mean(self._parts["hand"].get(entry)),
            large=_mean(self._parts["large"].get(entry)),
            face_frechet=feature_sets.frechet(*heads) if heads and len(heads[0]) >= 2 else None,
            hand_frechet=feature_sets.frechet(*hands) if hands and len(hands[0]) >= 2 else None,
            trunk_frechet=feature_sets.frechet(*sets) if enough else None,
            trunk_kid=feature_sets.kernel_distance(*sets) if enough else None,
            kid=feature_sets.kernel_distance(*seen) if seen and enough else None,
            fid=feature_sets.frechet(*seen) if seen and len(seen[0]) >= FEWEST else None,
        )

    def _flicker(self, entry: str) -> float | None:
        if entry not in self._change:
            return None
        made, true, count = (np.array(column) for column in zip(*self._change[entry], strict=True))
        return float((made * count).sum() / max((true * count).sum(), 1e-9))


def _mean(parts: list[Tensor] | None) -> float | None:
    return float(torch.cat(parts).mean()) if parts else None


def _pool(features: Tensor) -> Tensor:
    """Features N x C x H x W averaged over the picture and brought to about 1: N x C."""
    return features.mean((2, 3)) / VGG16_EDGES.magnitudes[_DEPTH - 1]


def _holes(made: np.ndarray, true: np.ndarray) -> Tensor:
    pairs = zip(made[:, 3], true[:, 3], strict=True)
    return torch.tensor([silhouette.holes(alpha, silhouette.silhouette(cut_out)) for alpha, cut_out in pairs])


def _over_key(pictures: np.ndarray, device: torch.device) -> tuple[Tensor, Tensor]:
    """uint8 [N, 4, H, W] to (N x 3 x H x W over the grey in 0..255, alpha N x 1 x H x W in 0..1)."""
    whole = torch.from_numpy(pictures).to(device).float()
    alpha = whole[:, 3:] / 255
    return whole[:, :3] * alpha + torch.tensor(KEY, device=device).view(1, 3, 1, 1) * (1 - alpha), alpha
