"""A person's gallery: heads of her films at the size of close-ups, from which portraits are chosen (core.portraits),
and frames of them for pictures to borrow from (core.sources)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from dancekit.core import closeup, hand_stills, looks, portraits, spans, unlike
from dancekit.core.compose import multiplied
from dancekit.core.hand_stills import Found
from dancekit.core.limbs import HANDS
from dancekit.core.matte import bounds
from dancekit.core.portraits import Gallery, Head
from dancekit.core.sketch import Looks
from dancekit.core.sources import Sources, Stills
from dancekit.io.clips import Clip
from dancekit.io.dataset import FILMS_APART, Canvas, Footage, heads_known
from dancekit.likeness import multiple
from dancekit.run import Run
from dancekit.types import Progress, no_progress

_LOOKED_AT = 480
"""Frames of all films together among which portraits, and those to borrow from, are chosen."""
_HANDS = 0.25
"""How many stills of each hand are kept beside those of all of her, as a share of them."""


def side_of(run: Run, number: int) -> int:
    """Side of a stint's close-ups in px."""
    return closeup.side(run.training.canvas(number).body, multiple(run.recipe))


def gallery_of(run: Run, number: int) -> Gallery | None:
    """The portraits that a stint of close-ups begins with, chosen once; None where no film shows a head any more."""
    if run.gallery is None and any(map(shows_a_head, run.subject.clips)):
        canvas, side = run.training.canvas(number), side_of(run, number)
        run.gallery = gather(_as_usual(run), canvas, side, run.recipe.portraits, run.progress)
    return run.gallery


def _as_usual(run: Run) -> dict[int, Clip]:
    """Films, by their numbers, in which she wears what she is drawn in; all of them, where none of those shows her
    head."""
    subject, usual = run.subject, run.subject.usual_looks()
    films = dict(enumerate(subject.clips))
    worn = {number: clip for number, clip in films.items() if looks.alike(subject.looks[number], usual)}
    return worn if any(map(shows_a_head, worn.values())) else films


def shows_a_head(clip: Clip) -> bool:
    """Whether any frame that is learnt from does, as training on close-ups needs it."""
    return bool((heads_known(clip.points()) & clip.used & ~spans.held_out(len(clip.track))).any())


def sources_of(run: Run, canvas: Canvas) -> Sources | None:
    """The frames that pictures of this size borrow from, chosen once; None for none."""
    recipe, subject = run.recipe, run.subject
    if recipe.sources and canvas.size not in run.sources:
        usual, larger = subject.usual_looks(), canvas.times(recipe.closeup)
        kept = stills(subject.clips, subject.looks, usual, larger, recipe.sources, run.progress)
        run.sources[canvas.size] = kept and Sources(kept, usual.times(larger.body), larger.body)
    return run.sources.get(canvas.size)


def gather(
    clips: Mapping[int, Clip], canvas: Canvas, side: int, many: int, progress: Progress = no_progress
) -> Gallery:
    """Choose at most so many portraits from frames that are learnt from. clips: by their numbers among all of hers.
    canvas, side: of close-ups, px.

    Needs one head at the least, as training on close-ups does.
    """
    found = list[Head]()
    for number, clip in clips.items():
        film = Footage(clip, canvas, 0)
        times = _spread(film, heads_known(film.points), len(clips))
        for done, time in enumerate(times, 1):
            found.append(_head(film, number, time, round(side * portraits.ROOM)))
            progress(f"looking at the heads in {clip.name}", done, len(times))
    return portraits.gather(found, many)


def _head(film: Footage, number: int, time: int, side: int) -> Head:
    corner = closeup.corner(closeup.middle(film.points[time]), side)
    picture = closeup.cut(film.frame(time).transpose(1, 2, 0), corner, side)
    moment = time / float(film.clip.track.fps) + number * FILMS_APART
    return Head(picture, closeup.inside(film.points[time], 1, corner), moment)


def stills(
    clips: Sequence[Clip],
    seen: Sequence[Looks],
    usual: Looks,
    canvas: Canvas,
    many: int,
    progress: Progress = no_progress,
) -> Stills | None:
    """Choose at most so many frames to borrow from, of those that are learnt from; None where all bones are never seen.

    seen: what the person looks like in each film; only films count in which she wears what is `usual`. canvas: of the
    pictures that borrow.
    """
    films = [Footage(clip, canvas, 0) for clip, look in zip(clips, seen, strict=True) if looks.alike(look, usual)]
    where = [(film, time) for film in films for time in _spread(film, _complete(film.points), len(films))]
    if not where:
        return None
    places = _Places(where, *(np.stack([film.points[_nearby(film, time, by)] for film, time in where])
                              for by in (0, -1, 1)))  # fmt: skip
    smeared = unlike.smears(places.before, places.after, canvas.body)
    kept, chosen = [], unlike.gather(places.points, canvas.body, many, smeared)
    for done, place in enumerate(chosen, 1):
        kept.append(_still(*where[place]))
        progress("keeping frames to borrow from", done, len(chosen))
    hers = usual.times(canvas.body)
    hands = [(hand, place) for hand, some in _found(places, hers, progress).items()
             for place in _best(places, hand, some, canvas.body, round(many * _HANDS))]  # fmt: skip
    kept += [hand_stills.cut(places.picture(place), places.points[place], hand, hers) for hand, place in hands]
    pictures, landmarks = zip(*kept, strict=True)
    return Stills(pictures, np.stack(landmarks), [hand for hand, _ in hands])


class _Places(NamedTuple):
    """Frames among which stills are chosen: of which film, and when; landmarks float32 [T, J, 3] px of them, and of
    those before and after them."""

    where: Sequence[tuple[Footage, int]]
    points: np.ndarray
    before: np.ndarray
    after: np.ndarray

    def picture(self, place: int) -> np.ndarray:
        """One of them, uint8 [H, W, 4]."""
        film, time = self.where[place]
        return film.frame(time).transpose(1, 2, 0)


def _found(places: _Places, seen: Looks, progress: Progress) -> dict[int, dict[int, Found]]:
    """What is seen of each hand in each place where it does not move too fast. seen: what she looks like, px."""
    found = {hand: dict[int, Found]() for hand in HANDS}
    paces = {hand: hand_stills.pace(places.before, places.after, hand, seen) for hand in HANDS}
    for place, points in enumerate(places.points):
        calm = [hand for hand in HANDS if paces[hand][place] < hand_stills.TOO_FAST]
        picture = places.picture(place) if calm else np.empty(0)
        for hand in calm:
            one = hand_stills.cut(picture, points, hand, seen)
            found[hand][place] = hand_stills.find(*one, hand, seen, float(paces[hand][place]))
        progress("looking at hands", place + 1, len(places.points))
    return found


def _best(places: _Places, hand: int, found: Mapping[int, Found], body: float, many: int) -> list[int]:
    """Places of at most so many stills of a hand. found: see _found. body: her height, px."""
    if not found:
        return []
    worth = hand_stills.worth(list(found.values()), many)
    return unlike.gather_hands(places.points, body, hand, np.array(list(found)), worth, many)


def _nearby(film: Footage, time: int, by: int) -> int:
    """So many frames later, but within the same shot."""
    first, end = film.shot(time)
    return min(max(time + by, first), end - 1)


def _complete(points: np.ndarray) -> np.ndarray:
    """In which of poses T x J x 3 all landmarks are known and seen: bool [T]."""
    known = np.isfinite(points[..., :2]).all((1, 2))
    return np.logical_and(known, (points[..., 2] > 0).all(1))


def _spread(film: Footage, fit: np.ndarray, films: int) -> list[int]:
    """Frames spread over one of so many films, of those that are learnt from and fit, bool [T]."""
    times = np.flatnonzero(film.clip.used & ~film.held & fit)
    count = min(len(times), max(1, _LOOKED_AT // films))
    return times[np.linspace(0, len(times) - 1, count).astype(int)].tolist()


def _still(film: Footage, time: int) -> tuple[np.ndarray, np.ndarray]:
    """A frame cut to the person, uint8 [h, w, 4], colour times alpha, and alpha; and landmarks [J, 3] in px of it."""
    picture = film.frame(time).transpose(1, 2, 0)
    left, top, right, bottom = bounds((picture[..., 3] > 0).astype(np.uint8), film.canvas.size)
    cut = picture[top : max(bottom, top + 2), left : max(right, left + 2)]
    return (multiplied(cut) + 0.5).astype(np.uint8), closeup.inside(film.points[time], 1, (left, top))
