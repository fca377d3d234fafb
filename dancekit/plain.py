"""A plain training step, to measure dancekit's own beside: the same networks and losses, as the pix2pixHD family steps.

float32, channels first, pose maps read as pictures rather than drawn, a second pass of the discriminators over the made
frames for the generator's turn, and gradients of their weights that nobody uses there. The discriminators see every
step and the perceptual trunk every frame, where dancekit's recipes may choose some; Adam moves every weight.
"""

from __future__ import annotations

import copy
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from torch import Tensor

from dancekit.core import adversary, chance, maps, objective, sketch
from dancekit.core.adversary import Judged
from dancekit.core.batch import Batch
from dancekit.core.drawing import Drawing
from dancekit.core.maps import Segments
from dancekit.core.objective import Made, Networks
from dancekit.core.sketch import Looks
from dancekit.io.dataset import to_device
from dancekit.loop import batch_of, lesson_of, training_set
from dancekit.run import Run
from dancekit.threads import made_ahead
from dancekit.training import Training

_ALBUMS = 4


@dataclass(frozen=True)
class Album:
    """A batch's pose maps as pictures: PNG files in memory, one for each pose of the film's and wild windows."""

    pages: tuple[list[bytes], ...]

    def opened(self, batch: Batch) -> tuple[Batch, list[Tensor]]:
        """The batch, and the maps of the film's windows and of the wild ones, uint8 B x T x C x h x w.

        batch: the one that the maps were drawn from, or another one of its shape, to see how long it takes to read.
        """
        poses = [batch.poses, *([] if batch.wild is None else [batch.wild])]
        return batch, [
            torch.from_numpy(np.stack([_opened(page) for page in pages])).unflatten(0, given.shape[:2])
            for pages, given in zip(self.pages, poses, strict=True)
        ]


def album(batch: Batch, drawing: Drawing) -> Album:
    """Draw a batch's pose maps and put them into files."""
    size = batch.frames.shape[-1], batch.frames.shape[-2]
    pages = []
    for poses, looks in ((batch.poses, batch.looks), (batch.wild, batch.wild_looks())):
        if poses is not None:
            drawn = sketch.posed(maps.segments(poses), size, drawing.line, drawing.coarse, looks)
            pages.append([_page(one) for one in drawn.flatten(0, 1)])
    return Album(tuple(pages))


def plainly_read(run: Run, number: int, drawing: Drawing) -> Generator[tuple[Batch, list[Tensor]]]:
    """What plain steps of a stint learn from, one after the other: frames are read as for dancekit's own steps, by a
    reader of their own; the pose maps of a few steps take turns."""
    data = training_set(run, number)

    def judged(place: int) -> Batch:
        return batch_of(run, number, data, run.recipe.judged * (place + 1) - 1)

    albums = [album(judged(place), drawing) for place in range(_ALBUMS)]
    return made_ahead(lambda place: albums[place % _ALBUMS].opened(judged(place)), 0)


def _page(drawn: Tensor) -> bytes:
    """Maps C x h x w, values in [-1, 1], as one grey picture: channel below channel."""
    grey = ((drawn + 1) * 127.5 + 0.5).clamp(0, 255).byte().numpy()
    stacked = np.concatenate([np.array([[len(grey)] * grey.shape[2]], np.uint8), grey.reshape(-1, grey.shape[2])])
    return cv2.imencode(".png", stacked)[1].tobytes()


def _opened(page: bytes) -> np.ndarray:
    grey = cv2.imdecode(np.frombuffer(page, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    return grey[1:].reshape(int(grey[0, 0]), -1, grey.shape[1])


class Plain:
    """A run's networks begun anew, stepped plainly."""

    def __init__(self, run: Run, number: int) -> None:
        self._run = run
        recipe = replace(run.recipe, muon=0.0)
        self._training = Training(recipe, run.machine.device, run.training.canvases, list(run.training.stints))
        for earlier in range(number + 1):
            self._training.begin(earlier)
        stage = self._training.stints[number].stage
        trunk = copy.deepcopy(run.trunk).float()
        self._networks = self._training.networks(stage, trunk, copy.deepcopy(run.anchor))
        for module in (*self._training.modules().values(), trunk, self._networks.anchor):
            if module is not None:
                module.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        self._lesson = replace(lesson_of(run, number), augmentation=None, layout=torch.contiguous_format)

    def parameters(self) -> Iterator[tuple[str, Tensor]]:
        """All weights by network and name."""
        for name, module in self._training.modules().items():
            yield from ((f"{name}.{key}", parameter) for key, parameter in module.named_parameters())

    def step(self, given: tuple[Batch, list[Tensor]], random: torch.Generator) -> None:
        """Both turns on one batch and its pose maps, see Album.opened."""
        device, networks = self._run.machine.device, self._networks
        pictures = iter([part.to(device).float() / 127.5 - 1 for part in given[1]])

        def read(*_: Segments | tuple[int, int] | float | Looks | None) -> Tensor:
            return next(pictures)

        batch, weights = to_device(given[0], device), replace(self._run.recipe.weights, every=1)
        drawn = chance.draw(batch, self._lesson.augmentation, weights.every, random)
        made = objective.generate(networks, batch, drawn, replace(self._lesson, posed=read), torch.float32)
        first = objective.judge(networks, _detached(made))
        self._turn("critics", adversary.critic_loss(first))
        judged = _again(networks, made, first)
        terms = objective.generator_loss(networks, made, judged, batch, weights, self._lesson.matte)
        self._turn("generator", terms)

    def _turn(self, name: str, terms: dict[str, Tensor]) -> None:
        for optimiser in self._training.optimisers.values():
            optimiser.zero_grad()
        torch.stack([term.float() for term in terms.values()]).sum().backward()
        self._training.optimisers[name].step()


def _detached(made: Made) -> Made:
    return replace(made, shown=made.shown.detach(), wild=None if made.wild is None else made.wild.detach())


def _again(networks: Networks, made: Made, first: Judged) -> Judged:
    """Verdicts on the made frames once more, for the generator's turn, beside those on the true ones."""
    pair = (networks.pair(made.shown.flatten(0, 1), made.condition), first.pair[1])
    time = wild = None
    if networks.time is not None and first.time is not None:
        time = (networks.time(made.shown.flatten(1, 2)), first.time[1])
    if networks.wild is not None and first.wild is not None:
        wild = (networks.wild(made.wild, made.wild_pose), first.wild[1])
    return Judged(pair, time, wild)
