"""One run of training: what every part of it needs to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from dancekit.core.portraits import Gallery
from dancekit.core.sources import Sources
from dancekit.core.wild import Dances
from dancekit.device import Machine
from dancekit.group import ALONE, Group
from dancekit.io.diary import Diary
from dancekit.io.workspace import Person
from dancekit.networks.generator import Generator
from dancekit.networks.perceptual import Perceptual
from dancekit.recipe import Recipe
from dancekit.subject import Subject
from dancekit.training import Training
from dancekit.types import Progress

Say = Callable[[str], None]


def say_nothing(text: str) -> None:
    """Tell nobody: for callers that do not listen."""


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
