"""evaluate: how well a person is drawn on frames that training never saw, beside two simple baselines (section 5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dancekit import likeness
from dancekit.core import metrics
from dancekit.errors import WorkspaceError
from dancekit.io import weights
from dancekit.io.dataset import Footage
from dancekit.io.workspace import Person
from dancekit.likeness import Likeness
from dancekit.networks.perceptual import VGG16_EDGES, Perceptual
from dancekit.train import load_clips
from dancekit.types import Progress, no_progress

KEY = (128.0, 128.0, 128.0)
"""Pictures are compared over this grey, 0..255."""
ENTRIES = ("model", "nearest", "stage1")
_BATCH = 16


@dataclass(frozen=True)
class Scores:
    """Means over the held-out frames.

    ssim: over the whole crop. ssim_box: within the true person's box. perceptual: distance on the bundled trunk (not
    LPIPS; lower is better). alpha: share of the true person's area that the cut-out gets wrong. flicker: change from
    frame to frame, relative to the true film's.
    """

    ssim: float
    ssim_box: float
    perceptual: float
    alpha: float
    flicker: float


@dataclass(frozen=True)
class Evaluation:
    """Scores of the person, of the nearest training frame by pose, and of stage I alone; how many frames; what stands
    in for what."""

    scores: dict[str, Scores]
    frames: int
    spans: int

    def closed(self) -> float:
        """Share of nearest-frame's distance to a perfect SSIM that the person closes."""
        return metrics.closed(self.scores["model"].ssim, self.scores["nearest"].ssim)


def evaluate(person: Person, device: torch.device, progress: Progress = no_progress) -> Evaluation:
    """Score a person on the held-out spans of all her clips.

    Raises:
        WorkspaceError: not trained, or her films are gone.
    """
    model = likeness.load(person)
    footage = [Footage(clip, model.canvas, 0) for clip in load_clips(person)]
    runs = [(film, first, end) for film in footage for first, end in held_out_runs(film)]
    if not runs:
        raise WorkspaceError(f"{person.name!r} has no held-out frames to judge by.", "Prepare a longer film.")
    judge = Judge(device)
    total, done = sum(end - first for _, first, end in runs) * len(ENTRIES), 0
    for film, first, end in runs:
        true = np.stack([film.frame(time) for time in range(first, end)])
        for entry in ENTRIES:
            made = _pictures(entry, film, footage, model, first, end, device)
            judge.add(entry, made, true)
            done += end - first
            progress("judging", done, total)
    return Evaluation({entry: judge.scores(entry) for entry in ENTRIES}, done // len(ENTRIES), len(runs))


def held_out_runs(film: Footage) -> Iterator[tuple[int, int]]:
    """(first, end) of every run of consecutive held-out frames that show the person."""
    usable = np.concatenate(([False], film.held & film.clip.used, [False]))
    edges = np.flatnonzero(usable[1:] != usable[:-1])
    yield from ((int(first), int(end)) for first, end in edges.reshape(-1, 2) if end - first >= 2)


def _pictures(
    entry: str, film: Footage, footage: Sequence[Footage], model: Likeness, first: int, end: int, device: torch.device
) -> np.ndarray:
    """Frames first..end as the entry would have them: uint8 [T, 4, H, W]."""
    if entry == "nearest":
        return np.stack([nearest_frame(footage, film.points[time]) for time in range(first, end)])
    span, margin = film.shot(first), 2 * model.recipe.reach * film.stride
    start = max(span[0], first - margin)
    painter = model.painter(device, refine=entry == "model")
    painted = list(painter.paint(film.points[start : min(span[1], end + margin)], model.canvas.size, film.stride))
    return np.stack(painted[first - start : end - start]).transpose(0, 3, 1, 2)


def nearest_frame(footage: Sequence[Footage], points: np.ndarray) -> np.ndarray:
    """The training frame, uint8 [4, H, W], whose pose is nearest to points [J, 3] (px): mean distance of landmarks."""
    best: tuple[float, Footage, int] | None = None
    for film in footage:
        times = np.flatnonzero(film.clip.used & ~film.held)
        apart = np.nan_to_num(np.linalg.norm(film.points[times, :, :2] - points[:, :2], axis=-1), nan=1e3).mean(1)
        place = int(apart.argmin())
        if best is None or apart[place] < best[0]:
            best = float(apart[place]), film, int(times[place])
    assert best is not None
    return best[1].frame(best[2])


class Judge:
    """Collects pictures of each entry beside the true ones, and scores them."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._trunk = Perceptual(VGG16_EDGES, weights.trunk_weights("vgg16_edges"), 4).to(device)
        self._kept: dict[str, list[dict[str, Tensor]]] = {}
        self._change: dict[str, list[tuple[float, float, int]]] = {}

    @torch.inference_mode()
    def add(self, entry: str, made: np.ndarray, true: np.ndarray) -> None:
        """Score consecutive pictures uint8 [T, 4, H, W] (colour and alpha) against the true ones."""
        shown = []
        for start in range(0, len(made), _BATCH):
            pair = [_over_key(p[start : start + _BATCH], self._device) for p in (made, true)]
            (picture, alpha), (wanted, cut_out) = pair
            self._kept.setdefault(entry, []).append(
                {
                    "ssim": metrics.ssim(picture, wanted),
                    "ssim_box": metrics.ssim_box(picture, wanted, cut_out),
                    "perceptual": self._trunk.loss_each(picture / 127.5 - 1, wanted / 127.5 - 1),
                    "alpha": metrics.alpha_error(alpha, cut_out),
                }
            )
            shown.append((picture, wanted))
        if len(made) < 2:
            return
        changes = metrics.flicker(torch.cat([a for a, _ in shown]), torch.cat([b for _, b in shown]))
        self._change.setdefault(entry, []).append((float(changes[0]), float(changes[1]), len(made) - 1))

    def scores(self, entry: str) -> Scores:
        """Means over everything added."""
        kept = self._kept[entry]
        means = {name: float(torch.cat([one[name] for one in kept]).mean()) for name in kept[0]}
        made, true, count = (np.array(column) for column in zip(*self._change[entry], strict=True))
        return Scores(**means, flicker=float((made * count).sum() / max((true * count).sum(), 1e-9)))


def _over_key(pictures: np.ndarray, device: torch.device) -> tuple[Tensor, Tensor]:
    """uint8 [N, 4, H, W] to (N x 3 x H x W over the grey in 0..255, alpha N x 1 x H x W in 0..1)."""
    whole = torch.from_numpy(pictures).to(device).float()
    alpha = whole[:, 3:] / 255
    return whole[:, :3] * alpha + torch.tensor(KEY, device=device).view(1, 3, 1, 1) * (1 - alpha), alpha
