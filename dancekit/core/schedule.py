"""The schedule: stints of training one after the other, and the learning rate and averaging within each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

FACE = 3
"""The stage after the paper's two that learns the face by itself (see core.closeup)."""
_LEARNING = 0.2
"""Share of its stint after which a second stage that begins from nothing is shown."""


def called(stage: int) -> str:
    """What a stage is called."""
    return "the face" if stage == FACE else f"stage {'I' * stage}"


def learnt(stage: int) -> str:
    """What is learnt in a stage, in plain words."""
    return {1: "the whole person", 2: "texture", FACE: "the face"}[stage]


@dataclass(frozen=True)
class Stint:
    """One stage at one size for an amount of seconds or steps, of which some is spent."""

    stage: int
    size: tuple[int, int]
    amount: float
    spent: float = 0.0

    @property
    def progress(self) -> float:
        """From 0 to 1."""
        return min(1.0, self.spent / self.amount) if self.amount > 0 else 1.0


def shown(stints: Sequence[Stint], residual: bool) -> list[Stint]:
    """Stints that have taught something worth showing. residual: whether the second stage corrects the first; one that
    begins from nothing paints worse than the first for a while."""
    return [s for s in stints if s.spent > 0 and (residual or s.stage != 2 or s.progress >= _LEARNING)]


def planned(phases: Sequence[tuple[int, tuple[int, int], float]], total: float, whole: bool = False) -> list[Stint]:
    """Stints for phases (stage, nominal size, share) that together take `total`; whole: in whole steps each."""
    amounts = _shared_out(total, [share for _, _, share in phases], whole)
    return [Stint(stage, size, amount) for (stage, size, _), amount in zip(phases, amounts, strict=True)]


def replanned(
    stints: list[Stint], phases: Sequence[tuple[int, tuple[int, int], float]], total: float, whole: bool = False
) -> list[Stint]:
    """The stints for another total: what is left is stretched or shortened; if nothing is left, the phases of the
    largest size are gone through once more for the time that is added. whole: as for `planned`; then the stints stay
    as they are while the total does."""
    spent = sum(stint.spent for stint in stints)
    left = [stint for stint in stints if stint.progress < 1]
    if left:
        shares = iter(_shared_out(max(0.0, total - spent), [stint.amount - stint.spent for stint in left], whole))
        return [replace(s, amount=s.spent + next(shares)) if s.progress < 1 else s for s in stints]
    if total <= spent * 1.001:
        return stints
    return stints + planned(largest(phases), total - spent, whole)


def ended(stints: Sequence[Stint], stage: int) -> list[Stint]:
    """The stints, none of which goes on with a stage any more."""
    return [replace(stint, amount=stint.spent) if stint.stage == stage else stint for stint in stints]


def largest(phases: Sequence[tuple[int, tuple[int, int], float]]) -> list[tuple[int, tuple[int, int], float]]:
    """The phases of the last, largest size."""
    return [phase for phase in phases if phase[1] == phases[-1][1]]


def _shared_out(total: float, parts: Sequence[float], whole: bool) -> list[float]:
    """The total shared out in proportion to the parts; as whole numbers, earlier parts are rounded up first."""
    if not whole:
        return [total * part / sum(parts) for part in parts]
    ends = [math.ceil(total * reached / sum(parts) - 1e-6) for reached in accumulate(parts)]
    return [float(end - start) for start, end in zip([0, *ends], ends, strict=False)]


def current(stints: Sequence[Stint]) -> int | None:
    """Which stint is to be trained now; None when all are done."""
    return next((number for number, stint in enumerate(stints) if stint.progress < 1), None)


def spent_share(stints: Sequence[Stint]) -> float:
    """How much of the whole schedule is spent, from 0 to 1; 1 for one of no length."""
    whole = sum(stint.amount for stint in stints)
    return sum(min(stint.spent, stint.amount) for stint in stints) / whole if whole > 0 else 1.0


def learning_rate(base: float, progress: float, decay: float, step: int, warmup: int) -> float:
    """Constant, then falling linearly to 0 over the last `decay` of a stint; rising over its first `warmup` steps."""
    rising = min(1.0, (step + 1) / (warmup + 1))
    falling = min(1.0, (1.0 - progress) / decay) if decay > 0 else 1.0
    return base * rising * max(falling, 0.0)


def newest_weight(step: int, share: float) -> float:
    """Weight of the newest weights in the running average after `step` steps of a stint.

    The average then looks back over about `share` of the steps so far, however many they are; 0 keeps the newest only.
    """
    return 1.0 / (1.0 + share * step) if share > 0 else 1.0
