"""How fast the parts of the work go, each beside what limits it or a plain reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dancekit.core.schedule import Stint


@dataclass(frozen=True)
class Pace:
    """How fast one part goes.

    rate: in `unit` per second. share: of what it is measured beside, None if that is nothing. gigaflops: arithmetic per
    second. gigabytes: the most memory held meanwhile. None where it does not matter.
    """

    part: str
    rate: float
    unit: str
    beside: str = ""
    share: float | None = None
    gigaflops: float | None = None
    gigabytes: float | None = None


def overall(stints: Sequence[Stint], stages: Mapping[int, Pace], timed: bool) -> Pace:
    """All of a recipe's training, beside as many plain steps. stages: their own paces. timed: whether the stints'
    amounts are seconds; else they are steps."""
    seconds = images = plain = 0.0
    for stint in stints:
        pace = stages[stint.stage]
        spent = stint.amount if timed else stint.amount / pace.rate
        seconds += spent
        images += spent * pace.rate
        plain += spent * (pace.share or 0)
    return Pace("training, all stages", images / seconds, "images", "plain step", plain / seconds)
