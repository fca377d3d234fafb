"""The schedule: stints of training one after the other, and the learning rate and averaging within each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


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


def planned(phases: Sequence[tuple[int, tuple[int, int], float]], total: float) -> list[Stint]:
    """Stints for phases (stage, nominal size, share) that together take `total`."""
    shares = sum(share for _, _, share in phases)
    return [Stint(stage, size, total * share / shares) for stage, size, share in phases]


def replanned(stints: list[Stint], phases: Sequence[tuple[int, tuple[int, int], float]], total: float) -> list[Stint]:
    """The stints for another total: what is left is stretched or shortened; if nothing is left, the phases of the
    largest size are gone through once more for the time that is added."""
    spent = sum(stint.spent for stint in stints)
    left = [stint for stint in stints if stint.progress < 1]
    if left:
        factor = max(0.0, total - spent) / sum(stint.amount - stint.spent for stint in left)
        return [replace(s, amount=s.spent + (s.amount - s.spent) * factor) if s.progress < 1 else s for s in stints]
    if total <= spent * 1.001:
        return stints
    largest = [phase for phase in phases if phase[1] == phases[-1][1]]
    return stints + planned(largest, total - spent)


def current(stints: Sequence[Stint]) -> int | None:
    """Which stint is to be trained now; None when all are done."""
    return next((number for number, stint in enumerate(stints) if stint.progress < 1), None)


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
