"""The whole training objective (section 3.4): one step that serves both stages, only the source of windows differs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from dancekit.core import maps
from dancekit.core.augment import Augmentation, disturb
from dancekit.networks.patch import PatchCritic
from dancekit.networks.perceptual import Perceptual


@dataclass(frozen=True)
class Batch:
    """What one step sees; R is K in stage I and 2K in stage II.

    poses: B x (M + 2R) x J x 3 px. frames: B x M x 4 x H x W, colour in [-1, 1] and alpha in [0, 1].
    known: B x M x 1 x H x W, 1 where the film showed anything at all. wild: B' x (2R + 1) x J x 3 px, or None.
    """

    poses: Tensor
    frames: Tensor
    known: Tensor
    wild: Tensor | None


@dataclass(frozen=True)
class Networks:
    """What is trained and what helps: refine is None in stage I; critics without a job are None."""

    draw: nn.Module
    refine: nn.Module | None
    pair: PatchCritic
    time: PatchCritic
    wild: PatchCritic | None
    perceptual: Perceptual

    @property
    def trained(self) -> nn.Module:
        """The generator of the present stage."""
        return self.draw if self.refine is None else self.refine

    def critics(self) -> list[PatchCritic]:
        """The discriminators at work: D_p, D_t and, with unpaired learning, D_w."""
        return [critic for critic in (self.pair, self.time, self.wild) if critic is not None]


@dataclass(frozen=True)
class Weights:
    """The weight of each term of the generator's loss."""

    gan: float = 1.0
    perceptual: float = 10.0
    features: float = 10.0
    alpha: float = 10.0
    colour: float = 0.0
    """Plain L1 on the picture: not in the paper, speeds up short training."""
    every: int = 1
    """Judge every n-th of the M frames with the perceptual trunk: the dearest term, and one frame tells most."""


@dataclass(frozen=True)
class Drawing:
    """How poses and pictures are drawn: K, line half width in px, 1/coarse, the key colour in [-1, 1], the matte."""

    reach: int
    width: float
    coarse: int
    key: tuple[float, float, float]
    matte: bool
    residual: bool
    """Stage II corrects the middle G1 frame instead of drawing anew."""
    augmentation: Augmentation | None


@dataclass(frozen=True)
class Made:
    """The generator's work on one batch, kept for both turns."""

    frames: Tensor
    """B*M x 4 x H x W, colour and alpha."""
    shown: Tensor
    """B x M x 3 x H x W, over the key colour, as the critics see it."""
    true: Tensor
    """B x M x 3 x H x W, the truth likewise."""
    condition: Tensor
    """B*M x C x h x w: pose windows (stage I) or G1 windows (stage II)."""
    pose: Tensor
    """B*M x n_s x h x w: the pose map of each frame, for D_w."""
    wild: Tensor | None
    wild_pose: Tensor | None


def over_key(frames: Tensor, known: Tensor, drawing: Drawing) -> Tensor:
    """... x 4 x H x W over the key colour: alpha * colour + (1 - alpha) * key; the key alone where nothing is known."""
    alpha = frames[..., 3:, :, :] * known
    key = frames.new_tensor(drawing.key).view(3, 1, 1)
    return alpha * frames[..., :3, :, :] + (1 - alpha) * key


def _as_shown(made: Tensor, known: Tensor, drawing: Drawing) -> Tensor:
    """What the critics see of made frames; without a matte the generator draws the key colour itself, as in the paper."""
    if drawing.matte:
        return over_key(made, known, drawing)
    return over_key(torch.cat((made[..., :3, :, :], torch.ones_like(made[..., 3:, :, :])), -3), known, drawing)


def generate(networks: Networks, batch: Batch, drawing: Drawing, random: torch.Generator) -> Made:
    """Run the generators on the film's poses and on the wild ones."""
    count = batch.frames.shape[1]
    frames, condition, pose = _paint(networks, batch.poses, batch.frames.shape[-2:], drawing, random)
    shown = _as_shown(frames.unflatten(0, (-1, count)), batch.known, drawing)
    wild = wild_pose = None
    if batch.wild is not None and networks.wild is not None:
        wild, _, wild_pose = _paint(networks, batch.wild, batch.frames.shape[-2:], drawing, random)
        wild = _as_shown(wild, wild.new_ones(()), drawing)
    return Made(frames, shown, over_key(batch.frames, batch.known, drawing), condition, pose, wild, wild_pose)


def _paint(networks: Networks, poses: Tensor, size: torch.Size, drawing: Drawing,
           random: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Poses B x T x J x 3 -> made frames, the windows they were made from, and the pose maps of the same frames."""
    pose = maps.segments(poses)
    if drawing.augmentation is not None:
        pose = disturb(pose, size[0], drawing.augmentation, random)
    source = maps.draw(pose, (size[1], size[0]), drawing.width, drawing.coarse)
    reach = drawing.reach if networks.refine is None else 2 * drawing.reach
    centre_maps = source[:, reach : source.shape[1] - reach].flatten(0, 1)
    window = maps.windows(source, 2 * drawing.reach + 1)
    if networks.refine is None:
        window = window.flatten(0, 1)
        return networks.draw(window), window, centre_maps
    with torch.no_grad():
        first = networks.draw(window.flatten(0, 1)).unflatten(0, window.shape[:2])
    window = maps.windows(first, 2 * drawing.reach + 1).flatten(0, 1)
    middle = first[:, drawing.reach : first.shape[1] - drawing.reach].flatten(0, 1)
    return networks.refine(window, middle if drawing.residual else None), window, centre_maps


def generator_loss(networks: Networks, made: Made, batch: Batch, weights: Weights, matte: bool,
                   random: torch.Generator) -> dict[str, Tensor]:  # fmt: skip
    """The terms of the generator's loss, already weighted: their sum is minimised."""
    fake, true = made.shown.flatten(0, 1), made.true.flatten(0, 1)
    terms = {}
    judged = networks.pair(fake, made.condition)
    with torch.no_grad():
        wanted = networks.pair(true, made.condition)
    terms["pair"] = weights.gan * _should_be(judged, 1.0)
    features = _features_apart(judged, wanted)
    judged = networks.time(made.shown.flatten(1, 2))
    with torch.no_grad():
        wanted = networks.time(made.true.flatten(1, 2))
    terms["time"] = weights.gan * _should_be(judged, 1.0)
    terms["features"] = weights.features * (features + _features_apart(judged, wanted))
    if made.wild is not None and networks.wild is not None:
        terms["wild"] = weights.gan * _should_be(networks.wild(made.wild, made.wild_pose), 1.0)
    chosen = slice(int(torch.randint(weights.every, (), generator=random, device=random.device)), None, weights.every)
    judged_frames = (shown[:, chosen].flatten(0, 1) for shown in (made.shown, made.true))
    terms["perceptual"] = weights.perceptual * networks.perceptual.loss(*judged_frames)
    if matte:
        alpha = made.frames.unflatten(0, batch.frames.shape[:2])[:, :, 3:]
        terms["alpha"] = weights.alpha * ((alpha - batch.frames[:, :, 3:]).abs() * batch.known).mean()
    if weights.colour:
        terms["colour"] = weights.colour * functional.l1_loss(fake, true)
    return terms


def critic_loss(networks: Networks, made: Made) -> dict[str, Tensor]:
    """The discriminators' least-squares losses: true frames should be 1, made ones 0."""
    fake, true = made.shown.detach(), made.true
    pairs = {
        "pair": (networks.pair(true.flatten(0, 1), made.condition), networks.pair(fake.flatten(0, 1), made.condition)),
        "time": (networks.time(true.flatten(1, 2)), networks.time(fake.flatten(1, 2))),
    }
    if made.wild is not None and networks.wild is not None:
        count = len(made.wild)
        real = networks.wild(true.flatten(0, 1)[:count], made.pose[:count])
        pairs["wild"] = (real, networks.wild(made.wild.detach(), made.wild_pose))
    return {name: 0.5 * (_should_be(real, 1.0) + _should_be(made_up, 0.0)) for name, (real, made_up) in pairs.items()}


def _should_be(verdicts: list[list[Tensor]], target: float) -> Tensor:
    """LSGAN: mean squared distance of the verdicts from the target, summed over the scales as in pix2pixHD."""
    return torch.stack([(scale[-1].float() - target).square().mean() for scale in verdicts]).sum()


def _features_apart(made: list[list[Tensor]], true: list[list[Tensor]]) -> Tensor:
    """Feature matching: L1 distance of all layers but the verdict, summed over layers and averaged over scales."""
    terms = [(a - b).abs().mean(dtype=torch.float32) for fake, real in zip(made, true, strict=True)
             for a, b in zip(fake[:-1], real[:-1], strict=True)]  # fmt: skip
    return torch.stack(terms).sum() / len(made)
