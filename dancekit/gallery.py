"""A person's gallery: heads of her films at the size of close-ups, from which portraits are chosen (core.portraits)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dancekit.core import closeup, portraits
from dancekit.core.portraits import Gallery, Head
from dancekit.io.clips import Clip
from dancekit.io.dataset import FILMS_APART, Canvas, Footage, heads_known

_LOOKED_AT = 480
"""Heads among which portraits are chosen, of all films together."""


def gather(clips: Sequence[Clip], canvas: Canvas, side: int, many: int) -> Gallery:
    """Choose at most so many portraits from frames that are learnt from. canvas, side: of close-ups, px.

    Needs one head at the least, as training on close-ups does.
    """
    found = list[Head]()
    for number, clip in enumerate(clips):
        film = Footage(clip, canvas, 0)
        times = np.flatnonzero(clip.used & ~film.held & heads_known(film.points))
        spread = np.linspace(0, len(times) - 1, min(len(times), max(1, _LOOKED_AT // len(clips)))).astype(int)
        found += [_head(film, number, int(time), round(side * portraits.ROOM)) for time in times[spread]]
    return portraits.gather(found, many)


def _head(film: Footage, number: int, time: int, side: int) -> Head:
    corner = closeup.corner(closeup.middle(film.points[time]), side)
    picture = closeup.cut(film.frame(time).transpose(1, 2, 0), corner, side)
    moment = time / float(film.clip.track.fps) + number * FILMS_APART
    return Head(picture, closeup.inside(film.points[time], 1, corner), moment)
