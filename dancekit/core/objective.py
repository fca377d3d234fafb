"""The whole training objective (section 3.4): one step that serves both stages, only the source of windows differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from dancekit.core import alpha_loss, focus, maps, portraits, sketch, unseen
from dancekit.core.adversary import Judged, features_apart, named, should_be
from dancekit.core.augment import Augmentation
from dancekit.core.batch import Batch
from dancekit.core.chance import Chance
from dancekit.core.constants import constant
from dancekit.core.drawing import Drawing
from dancekit.core.maps import Segments
from dancekit.core.sketch import Looks
from dancekit.networks.generator import Generator
from dancekit.networks.patch import PatchCritic
from dancekit.networks.perceptual import Perceptual


@dataclass(frozen=True)
class Networks:
    """What is trained and what helps: refine is None in stage I; critics without a job are None.

    anchor: the generator that stage I began with, which knows many people, and stays as it was; None without a base.
    """

    draw: Generator
    refine: Generator | None
    pair: PatchCritic
    time: PatchCritic | None
    wild: PatchCritic | None
    perceptual: Perceptual
    anchor: Generator | None = None

    @property
    def trained(self) -> Generator:
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
    focus: float = 0.0
    """How much more face and hands count in the perceptual and the colour term: not in the paper."""
    anchor: float = 0.0
    """Keep wild frames, seen from afar, as the base draws them (see core.unseen.strayed; not in the paper)."""
    every: int = 1
    """Judge every n-th frame with the perceptual trunk: the dearest term, and one frame tells most."""


@dataclass(frozen=True, kw_only=True)
class Lesson(Drawing):
    """How a step's pictures are drawn, and how they are made harder or judged beyond that."""

    augmentation: Augmentation | None = None
    girth: tuple[float, ...] = ()
    """How far from each bone the person reaches, px of the picture (see core.girth); empty if nobody measured it."""
    focus: float = 0.0
    """How far face and hands reach from their bones, px of the picture; 0 where they count like the rest."""
    posed: Callable[..., Tensor] = sketch.posed
    """What draws poses, see core.sketch.posed."""
    layout: torch.memory_format = torch.channels_last
    """How pictures lie in memory."""


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
    focus: Tensor | None
    """B x M x 1 x H x W: 1 on face and hands, see core.focus; None where these count like the rest."""
    doubt: Tensor | None
    """B x M x 1 x H x W: 1 on arms that the film smears, see core.focus; None likewise."""
    wild: Tensor | None
    wild_pose: Tensor | None
    excess: Tensor | None
    """Alpha of wild frames where the person cannot be, B' x 1 x h x w; None without a matte or her girth."""
    lack: Tensor | None
    """What wild frames' alpha lacks on her bones, where she surely is, B' x 1 x h x w; None likewise."""
    strayed: Tensor | None
    """How far wild frames are from those of the base, seen from afar; one number, or None without a base."""


def over_key(frames: Tensor, known: Tensor, drawing: Drawing) -> Tensor:
    """... x 4 x H x W over the key colour: alpha * colour + (1 - alpha) * key; the key alone where nothing is known."""
    alpha = frames[..., 3:, :, :] * known
    key = constant(drawing.key, frames.device).view(3, 1, 1)
    return alpha * frames[..., :3, :, :] + (1 - alpha) * key


def _as_shown(made: Tensor, known: Tensor, drawing: Drawing) -> Tensor:
    """What the critics see of made frames; without a matte the generator draws the key itself, as in the paper."""
    if drawing.matte:
        return over_key(made, known, drawing)
    return over_key(torch.cat((made[..., :3, :, :], torch.ones_like(made[..., 3:, :, :])), -3), known, drawing)


def generate(networks: Networks, batch: Batch, drawn: Chance, lesson: Lesson, dtype: torch.dtype) -> Made:
    """Run the generators on the film's poses and, in the same pass, on the wild ones. dtype: of the pose maps."""
    count, real = batch.frames.shape[1], batch.frames.shape[0] * batch.frames.shape[1]
    size = (batch.frames.shape[-1], batch.frames.shape[-2])
    windows = [_windows(networks, drawn.film, batch.looks, size, lesson, dtype)]
    if drawn.wild is not None and networks.wild is not None:
        windows.append(_windows(networks, drawn.wild, batch.wild_looks(), size, lesson, dtype))
    condition, pose = _stacked([w[0] for w in windows], lesson), _stacked([w[1] for w in windows], lesson)
    centres = [w[2] for w in windows if w[2] is not None]
    centre = _stacked(centres, lesson) if centres else None
    if batch.portraits is None:
        painted = networks.trained(condition, centre)
    else:
        painted = networks.trained(*portraits.joined(condition, batch.portraits.flatten(0, 1), lesson.coarse))
    shown = _as_shown(painted[:real].unflatten(0, (-1, count)), batch.known, lesson)
    true = over_key(batch.frames, batch.known, lesson)
    strange = len(painted) > real
    wild = _as_shown(painted[real:], batch.known.new_ones(()), lesson) if strange else None
    excess = lack = strayed = None
    if strange and batch.wild is not None and lesson.matte and lesson.girth:
        alpha = painted[real:, 3:]
        excess = unseen.excess(alpha, batch.wild, lesson.girth)
        lack = unseen.lack(alpha, pose[real:], lesson.coarse)
    if strange and networks.anchor is not None:
        with torch.no_grad():
            anchored = networks.anchor(condition[real:])
        strayed = unseen.strayed(painted[real:], anchored, pose[real:], lesson.coarse)
    looked_at, doubt = _focus(batch.poses, count, size, lesson.focus) if lesson.focus else (None, None)
    return Made(
        strayed=strayed,
        focus=looked_at,
        doubt=doubt,
        frames=painted[:real],
        shown=shown,
        true=true,
        condition=condition[:real],
        pose=pose[:real],
        wild=wild,
        wild_pose=pose[real:] if strange else None,
        excess=excess,
        lack=lack,
    )


def _focus(poses: Tensor, count: int, size: tuple[int, int], radius: float) -> tuple[Tensor, Tensor]:
    """Where face and hands are in the `count` middle ones of poses B x T x J x 3, and where arms are smeared:
    B x count x 1 x H x W."""
    reach = (poses.shape[1] - count) // 2
    seen = maps.segments(poses[:, reach : reach + count].flatten(0, 1))
    near, doubt = (look(seen, radius, size).unflatten(0, (-1, count)) for look in (focus.near, focus.doubt))
    return near, doubt


def _stacked(parts: list[Tensor], lesson: Lesson) -> Tensor:
    return torch.cat(parts).contiguous(memory_format=lesson.layout)


def _windows(
    networks: Networks,
    pose: Segments,
    looks: Looks | None,
    size: tuple[int, int],
    lesson: Lesson,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Poses B x T x S -> the windows that frames are made from, the pose maps of the same frames, and in stage II the
    middle G1 frames if they are to be corrected; B*T' first."""
    source = lesson.posed(pose, size, lesson.line, lesson.coarse, looks).to(dtype)
    first_reach, second_reach = lesson.reach
    reach = first_reach if networks.refine is None else sum(lesson.reach)
    centre_maps = source[:, reach : source.shape[1] - reach].flatten(0, 1)
    window = maps.windows(source, 2 * first_reach + 1, lesson.future)
    if networks.refine is None:
        return window.flatten(0, 1), centre_maps, None
    with torch.no_grad():
        flat = window.flatten(0, 1).contiguous(memory_format=lesson.layout)
        first = networks.draw(flat).unflatten(0, window.shape[:2])
    window = maps.windows(first, 2 * second_reach + 1, lesson.future).flatten(0, 1)
    middle = first[:, second_reach : first.shape[1] - second_reach].flatten(0, 1)
    return window, centre_maps, middle if lesson.residual else None


def judge(networks: Networks, made: Made) -> Judged:
    """Show made and true frames to the discriminators."""
    fake, true = made.shown.flatten(0, 1), made.true.flatten(0, 1)
    time = wild = None
    if networks.time is not None:
        time = (networks.time(made.shown.flatten(1, 2)), networks.time(made.true.flatten(1, 2)))
    if made.wild is not None and networks.wild is not None:
        count = len(made.wild)
        wild = (networks.wild(made.wild, made.wild_pose), networks.wild(true[:count], made.pose[:count]))
    on_made, on_true = networks.pair.compare((fake, true), made.condition)
    return Judged((on_made, on_true), time, wild)


def generator_loss(
    networks: Networks,
    made: Made,
    judged: Judged | None,
    batch: Batch,
    weights: Weights,
    matte: bool,
    perceived: Tensor | None = None,
) -> dict[str, Tensor]:
    """The terms of the generator's loss, already weighted: their sum is minimised.

    judged: None where nobody judges. perceived: see Chance.
    """
    terms: dict[str, Tensor] = {}
    if judged is not None:
        terms = {name: weights.gan * should_be(verdicts[0], 1.0) for name, verdicts in named(judged).items()}
        matched = [features_apart(*pair) for pair in (judged.pair, judged.time) if pair is not None]
        terms["features"] = weights.features * torch.stack(matched).sum()
    emphasis = None if made.focus is None else 1 + weights.focus * made.focus
    if emphasis is not None and made.doubt is not None:
        emphasis = emphasis * (1 - made.doubt)
    hers = batch.frames[:, :, 3:] * batch.known if matte else None
    terms["perceptual"] = weights.perceptual * _perceived(networks.perceptual, made, hers, emphasis, perceived)
    if matte:
        alpha = made.frames.unflatten(0, batch.frames.shape[:2])[:, :, 3:]
        terms["alpha"] = weights.alpha * (alpha_loss.mistaken(alpha, batch.frames[:, :, 3:]) * batch.known).mean()
    if made.excess is not None and made.lack is not None:
        terms["girth"] = weights.alpha * (made.excess.mean() + made.lack.mean())
    if made.strayed is not None and weights.anchor:
        terms["anchor"] = weights.anchor * made.strayed
    if weights.colour:
        apart = (made.shown - made.true).abs()
        terms["colour"] = weights.colour * (apart if emphasis is None else apart * emphasis).mean()
    return terms


def _perceived(
    trunk: Perceptual, made: Made, hers: Tensor | None, emphasis: Tensor | None, places: Tensor | None
) -> Tensor:
    """The perceptual term, of the frames in these places; of all of them for None.

    hers: true alpha, B x M x 1 x H x W: beyond it both pictures show the key, so that a CPU need not look there. None
    where the key is learnt as well.
    """
    pictures = [p.flatten(0, 1) for p in (made.shown, made.true, *([] if emphasis is None else [emphasis]))]
    if places is None:
        return trunk.loss(*pictures)
    pictures = [p.index_select(0, places) for p in pictures]
    # Steps that are recorded or compiled have to be alike.
    if hers is None or hers.is_cuda or torch.compiler.is_compiling():
        return trunk.loss(*pictures)
    rows, columns = focus.around(hers.flatten(0, 1).index_select(0, places))
    parts = [p[..., rows, columns] for p in pictures]
    return trunk.loss(*parts) * (parts[0][0].numel() / pictures[0][0].numel())
