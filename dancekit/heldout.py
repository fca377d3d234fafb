"""Held-out frames: the spans of her clips that training never sees, by which a person is judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from dancekit.core import spans
from dancekit.errors import WorkspaceError
from dancekit.io.clips import Clip
from dancekit.io.dataset import Footage
from dancekit.io.workspace import Person

_LONGEST = 150
"""Frames that are looked at together at the most: all entries' larger pictures of them are held in memory."""


def runs_of(person: Person, footage: Sequence[Footage]) -> list[tuple[Footage, int, int]]:
    """(clip, first, end) of every run of held-out frames.

    Raises:
        WorkspaceError: there is none.
    """
    refuse_too_short(person, [film.clip for film in footage])
    return [(film, first, end) for film in footage for first, end in held_out_runs(film)]


def refuse_too_short(person: Person, clips: Sequence[Clip]) -> None:
    """Stop before anything is made that could not be judged by these clips of a person.

    Raises:
        WorkspaceError: none of their frames is held out, next to another one.
    """
    if not any(map(held_out_spans, clips)):
        raise WorkspaceError(f"{person.name!r} has no held-out frames to judge by.", "Prepare a longer film.")


def held_out_runs(film: Footage) -> Iterator[tuple[int, int]]:
    """(first, end) of every run of consecutive held-out frames of a shot that show the person; of long ones, in
    pieces."""
    for first, end in held_out_spans(film.clip):
        yield from pairwise(np.linspace(first, end, -(-(end - first) // _LONGEST) + 1).astype(int).tolist())


def held_out_spans(clip: Clip) -> list[tuple[int, int]]:
    """(first, end) of every run of consecutive held-out frames of a shot that show the person."""
    return spans.runs(spans.held_out(len(clip.track)) & clip.used, clip.track.spans(), 2)
