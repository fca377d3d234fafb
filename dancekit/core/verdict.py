"""The verdict on a prepared film in plain words: what was found, what will be poor, what to film better."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from dancekit.core.skeleton import INDEX

_RARE = 0.35


@dataclass(frozen=True)
class Facts:
    """What is known of a prepared film.

    seen: share of frames that show each body region. fill: her height as a share of the film's height. others: further
    people in the film. close: somebody else stands close to her. askew: what to say of a film that seems to be on its
    side or upside down, if it does.
    """

    frames: int
    used: int
    fps: Fraction
    shots: int
    seen: dict[str, float]
    fill: float
    others: int
    picked: bool
    matte: str
    close: bool = False
    askew: str = ""


def in_words(facts: Facts) -> list[str]:
    """One sentence each, the summary first; sentences that ask for attention begin with "Note:"."""
    seconds = facts.used / float(facts.fps)
    lines = [
        f"{facts.used} of {facts.frames} frames used ({seconds:.0f} s of film); "
        f"the person fills {facts.fill:.0%} of the picture's height; cut out with {facts.matte}."
    ]
    return lines + _absences(facts) + _company(facts) + _quality(facts, seconds)


def rarely(seen: dict[str, float]) -> list[str]:
    """The body regions that hardly ever show; seen: share of frames that show each."""
    return [name for name, share in seen.items() if share < _RARE]


def _absences(facts: Facts) -> list[str]:
    lines = []
    missing = facts.frames - facts.used
    if missing:
        lines.append(f"Note: {missing} frames without a person were left out.")
    rare = rarely(facts.seen)
    if rare:
        lines.append(
            f"Note: rarely seen: {', '.join(rare)}. What the film does not show cannot be learnt, and will be "
            "guessed or missing in the result. Film the whole body, with room around it."
        )
    return lines


def _company(facts: Facts) -> list[str]:
    lines = []
    if facts.others and not facts.picked:
        lines.append(
            "Note: several people are in the film. The one marked on the sheet is followed; "
            "to choose another, give the person's place in px: --pick X,Y"
        )
    if facts.close:
        lines.append(
            "Note: two people are close together, and may be taken for one another: look at the sheet. Film one person "
            "alone, or keep to a part of the film that shows one: --start SECONDS --end SECONDS"
        )
    if facts.shots > 1:
        lines.append(f"Note: the film has {facts.shots} shots; each is learnt from, none across a cut.")
    return lines


def _quality(facts: Facts, seconds: float) -> list[str]:
    lines = []
    if facts.askew:
        lines.append(f"Note: {facts.askew}")
    if facts.fill < 0.3:
        lines.append("Note: the person is small in the picture. Film closer, so that the person nearly fills it.")
    if seconds < 45:
        much = "very little" if seconds < 10 else "little"
        lines.append(f"Note: this is {much} film. Two minutes, with varied moves, give a much better likeness.")
    return lines


def mismatch(points: np.ndarray, alpha: np.ndarray) -> float:
    """How badly a pose [J, 3] (px) fits a cut-out uint8 [h, w]: the share of confident landmarks that lie outside."""
    limbs = points[INDEX["left_shoulder"] :]
    limbs = limbs[(limbs[:, 2] > 0.5) & ~np.isnan(limbs[:, 0])]
    if not len(limbs):
        return 1.0
    column, row = np.floor(limbs[:, :2]).astype(int).T
    inside = (row >= 0) & (row < alpha.shape[0]) & (column >= 0) & (column < alpha.shape[1])
    if not inside.any():
        return 1.0
    return float((alpha[row[inside], column[inside]] < 64).mean())
