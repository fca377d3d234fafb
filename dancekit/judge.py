"""Pictures beside the true ones: the measures of evaluate and demo that need a truth (section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dancekit.core import feature_sets, metrics, silhouette
from dancekit.device import number_type
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
_BATCH = 2
"""Pictures that are looked at together: the features of more do not stay in a processor's caches, and take half as long
again. An even number, since pictures beside the ones before them are compared in pairs."""
_DEPTH, _ODD = 4, slice(1, None, 2)


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


@dataclass(frozen=True)
class _Seen:
    """Consecutive pictures and what was made of them. pictures: uint8 [N, 4, H, W]. shown, alpha: over the grey, see
    _over_key. features: the trunk's. known: the Inception's, None where that is not there."""

    pictures: np.ndarray
    shown: Tensor
    alpha: Tensor
    features: list[Tensor]
    known: Tensor | None

    def at(self, times: slice) -> _Seen:
        """Some of them."""
        known = None if self.known is None else self.known[times]
        features = [one[times] for one in self.features]
        return _Seen(self.pictures[times], self.shown[times], self.alpha[times], features, known)


class Judge:
    """Collects pictures of each entry beside the true ones, and scores them."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._trunk = prepare_network(Perceptual(VGG16_EDGES, weights.trunk_weights("vgg16_edges"), _DEPTH), device)
        self._dtype = number_type(device, "bfloat16")
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
    def add_all(self, made: Mapping[str, np.ndarray], true: np.ndarray, floor: str = "") -> None:
        """Score each entry's consecutive pictures uint8 [T, 4, H, W] (colour and alpha) against the same true ones.

        floor: the entry, if any, under which the true pictures themselves are scored: see `neighbours`.
        """
        last: dict[str, tuple[Tensor, Tensor]] = {}
        for start in range(0, len(true), _BATCH):
            film = self._look(true[start : start + _BATCH])
            pairs = {entry: (self._look(pictures[start : start + _BATCH]), film) for entry, pictures in made.items()}
            if floor and len(film.pictures) > 1:
                pairs[floor] = film.at(_ODD), film.at(_before(film.pictures))
            for entry, (one, wanted) in pairs.items():
                self._score(entry, one, wanted)
                last[entry] = self._watch(entry, (one.shown, wanted.shown), last.get(entry))

    def _look(self, pictures: np.ndarray) -> _Seen:
        shown, alpha = _over_key(pictures, self._device)
        known = None if self._inception is None else self._inception(shown / 127.5 - 1)
        return _Seen(pictures, shown, alpha, self._features(shown), known)

    def _features(self, shown: Tensor) -> list[Tensor]:
        """The trunk's of pictures in 0..255, in bfloat16 where that is faster: distances differ by a thousandth."""
        with torch.autocast(self._device.type, self._dtype, self._dtype != torch.float32):
            return self._trunk((shown / 127.5 - 1).contiguous(memory_format=torch.channels_last))  # type: ignore[no-any-return]

    def _score(self, entry: str, made: _Seen, true: _Seen) -> None:
        similar = metrics.ssim_map(made.shown, true.shown, 255.0)
        scores = {
            "ssim": similar.mean((1, 2, 3)),
            "ssim_box": metrics.mean_in_box(similar, true.alpha),
            "perceptual": self._distance(self._sets, entry, made.features, true.features),
            "alpha": metrics.alpha_error(made.alpha, true.alpha),
            "psnr": metrics.psnr(made.shown, true.shown),
            "psnr_box": metrics.psnr_box(made.shown, true.shown, true.alpha),
            "holes": _holes(made.pictures, true.pictures),
        }
        if self._lpips is not None:
            scores["lpips"] = self._lpips(made.shown / 127.5 - 1, true.shown / 127.5 - 1)
        self._kept.setdefault(entry, []).append(scores)
        if made.known is not None and true.known is not None:
            self._seen.setdefault(entry, []).append([made.known, true.known])

    def _watch(
        self, entry: str, shown: tuple[Tensor, Tensor], last: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Tensor]:
        """Measure change from one (made, true) picture to the next, also from the last ones; returns the new last."""
        made, true = shown if last is None else (torch.cat(pair) for pair in zip(last, shown, strict=True))
        if len(true) >= 2:
            changes = metrics.flicker(made, true)
            self._change.setdefault(entry, []).append((float(changes[0]), float(changes[1]), len(true) - 1))
        return made[-1:], true[-1:]

    @torch.inference_mode()
    def add_part(self, part: str, made: Mapping[str, np.ndarray], true: np.ndarray, floor: str = "") -> None:
        """Score each entry's pictures uint8 [T, h, w, 4] (colour and alpha) of one of PARTS against the true ones.

        floor: as for `add_all`.
        """
        kept, sets = self._parts[part], self._part_sets[part]

        def seen(pictures: np.ndarray, start: int) -> list[Tensor]:
            some = pictures[start : start + _BATCH].transpose(0, 3, 1, 2)
            return self._features(_over_key(some, self._device)[0])

        for start in range(0, len(true), _BATCH):
            wanted = seen(true, start)
            pairs = {entry: (seen(pictures, start), wanted) for entry, pictures in made.items()}
            if floor and len(wanted[0]) > 1:
                before = _before(wanted[0])
                pairs[floor] = [one[_ODD] for one in wanted], [one[before] for one in wanted]
            for entry, (features, beside) in pairs.items():
                kept.setdefault(entry, []).append(self._distance(sets, entry, features, beside))

    def _distance(
        self, sets: dict[str, list[list[Tensor]]], entry: str, made: list[Tensor], true: list[Tensor]
    ) -> Tensor:
        """Perceptual distances, N, of pictures by their features; what of these goes into a Frechet distance is kept in
        `sets`."""
        sets.setdefault(entry, []).append([_pool(true[-1]), _pool(made[-1])])
        return self._trunk.apart(made, true)

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


def _before(frames: np.ndarray | Tensor) -> slice:
    return slice(0, len(frames) // 2 * 2, 2)


def neighbours(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Consecutive frames [T, ...] in two halves: those at odd times, and those just before them."""
    return frames[_ODD], frames[_before(frames)]


def _mean(parts: list[Tensor] | None) -> float | None:
    return float(torch.cat(parts).mean()) if parts else None


def _pool(features: Tensor) -> Tensor:
    """Features N x C x H x W averaged over the picture and brought to about 1: N x C."""
    return features.mean((2, 3), dtype=torch.float32) / VGG16_EDGES.magnitudes[_DEPTH - 1]


def _holes(made: np.ndarray, true: np.ndarray) -> Tensor:
    pairs = zip(made[:, 3], true[:, 3], strict=True)
    return torch.tensor([silhouette.holes(alpha, silhouette.silhouette(cut_out)) for alpha, cut_out in pairs])


def _over_key(pictures: np.ndarray, device: torch.device) -> tuple[Tensor, Tensor]:
    """uint8 [N, 4, H, W] to (N x 3 x H x W over the grey in 0..255, alpha N x 1 x H x W in 0..1)."""
    whole = torch.from_numpy(pictures).to(device).float()
    alpha = whole[:, 3:] / 255
    return whole[:, :3] * alpha + torch.tensor(KEY, device=device).view(1, 3, 1, 1) * (1 - alpha), alpha
