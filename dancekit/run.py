"""One run of training: what every part of it needs to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from dancekit.core.portraits import Gallery
from dancekit.core.sketch import Looks
from dancekit.core.sources import Sources
from dancekit.core.wild import Dances
from dancekit.device import Machine
from dancekit.group import ALONE, Group
from dancekit.io.clips import Clip
from dancekit.io.diary import Diary
from dancekit.io.workspace import Person
from dancekit.networks.generator import Generator
from dancekit.networks.perceptual import Perceptual
from dancekit.recipe import Recipe
from dancekit.training import Training
from dancekit.types import Progress

Say = Callable[[str], None]


def say_nothing(text: str) -> None:
    """Tell nobody: for callers that do not listen."""


@dataclass(frozen=True)
class Subject:
    """The person's prepared clips, and what they say of her body: see likeness.Likeness. looks: in each clip."""

    clips: list[Clip]
    proportions: dict[str, float]
    film_body: float
    girth: np.ndarray
    looks: list[Looks]

    def longest(self) -> Clip:
        """The clip that shows most of her."""
        return self.clips[self._longest()]

    def usual_looks(self) -> Looks:
        """How she is drawn in the end: as in the longest of her clips, since a mean of two dresses is neither."""
        return self.looks[self._longest()]

    def _longest(self) -> int:
        return max(range(len(self.clips)), key=lambda number: int(self.clips[number].used.sum()))


@dataclass
class Run:
    """One run of the command: what every part of the loop needs."""

    person: Person
    recipe: Recipe
    machine: Machine
    seed: int
    progress: Progress
    say: Say
    subject: Subject
    wild: tuple[Dances, Dances] | None
    trunk: Perceptual
    trunk_name: str
    anchor: Generator | None
    dtype: torch.dtype
    training: Training
    diary: Diary
    batch: int
    group: Group = ALONE
    gallery: Gallery | None = None
    """Her portraits, once they were needed, see gallery.gallery_of."""
    sources: dict[tuple[int, int], Sources | None] = field(default_factory=dict)
    """Frames to borrow from for pictures of each size, see gallery.sources_of."""
    stopped: bool = False
    """Whether Ctrl-C has ended the run, which all processes of a group learn after the same step."""
    losses: dict[str, float] = field(default_factory=dict)
