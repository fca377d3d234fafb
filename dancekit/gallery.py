"""A person's gallery: heads of her films at the size of close-ups, from which portraits are chosen (core.portraits),
and frames of them for pictures to borrow from (core.sources)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dancekit.core import closeup, looks, portraits, sources
from dancekit.core.compose import multiplied
from dancekit.core.matte import bounds
from dancekit.core.portraits import Gallery, Head
from dancekit.core.sketch import Looks
from dancekit.core.sources import Stills
from dancekit.io.clips import Clip
from dancekit.io.dataset import FILMS_APART, Canvas, Footage, heads_known
from dancekit.likeness import multiple
from dancekit.run import Run

_LOOKED_AT = 480
"""Heads among which portraits are chosen, of all films together."""
_COMPARED = 480
"""Frames among which sources are chosen, likewise."""


def side_of(run: Run, number: int) -> int:
    """Side of a stint's close-ups in px."""
    return closeup.side(run.training.canvas(number).body, multiple(run.recipe))


def gallery_of(run: Run, number: int) -> Gallery:
    """The portraits that a stint of close-ups begins with, chosen once."""
    if run.gallery is None:
        run.gallery = gather(run.subject.clips, run.training.canvas(number), side_of(run, number), run.recipe.portraits)
    return run.gallery


def stills_of(run: Run, canvas: Canvas) -> Stills | None:
    """The frames that pictures of this size borrow from, chosen once; None for none."""
    recipe, subject = run.recipe, run.subject
    if recipe.sources and canvas.size not in run.stills:
        larger = canvas.times(recipe.closeup)
        run.stills[canvas.size] = stills(subject.clips, subject.looks, subject.usual_looks(), larger, recipe.sources)
    return run.stills.get(canvas.size)


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


def stills(clips: Sequence[Clip], seen: Sequence[Looks], usual: Looks, canvas: Canvas, many: int) -> Stills | None:
    """Choose at most so many frames to borrow from, of those that are learnt from; None where all bones are never seen.

    seen: what the person looks like in each film; only films count in which she wears what is `usual`. canvas: of the
    pictures that borrow.
    """
    films = [Footage(clip, canvas, 0) for clip, look in zip(clips, seen, strict=True) if looks.alike(look, usual)]
    places = [(film, int(time)) for film in films for time in _complete(film, _COMPARED // len(films))]
    if not places:
        return None
    points = np.stack([film.points[time] for film, time in places])
    kept = [_still(*places[place]) for place in sources.gather(points, canvas.body, many)]
    return Stills([picture for picture, _ in kept], np.stack([points for _, points in kept]))


def _complete(film: Footage, many: int) -> np.ndarray:
    """At most so many frames, spread over a film, that are learnt from and show all bones."""
    whole = np.isfinite(film.points[..., :2]).all((1, 2)) & (film.points[..., 2] > 0).all(1)
    times = np.flatnonzero(film.clip.used & ~film.held & whole)
    return times[np.linspace(0, len(times) - 1, min(len(times), max(1, many))).astype(int)]


def _still(film: Footage, time: int) -> tuple[np.ndarray, np.ndarray]:
    """A frame cut to the person, uint8 [h, w, 4], colour times alpha, and alpha; and landmarks [J, 3] in px of it."""
    picture = film.frame(time).transpose(1, 2, 0)
    left, top, right, bottom = bounds((picture[..., 3] > 0).astype(np.uint8), film.canvas.size)
    cut = picture[top : max(bottom, top + 2), left : max(right, left + 2)]
    return (multiplied(cut) + 0.5).astype(np.uint8), closeup.inside(film.points[time], 1, (left, top))
