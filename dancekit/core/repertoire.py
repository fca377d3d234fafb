"""What dances are made of (core.moves): shapes of arms and steps of feet."""

from __future__ import annotations

from dataclasses import dataclass

Spot = tuple[float, float, float, float]

ARMS: dict[str, tuple[tuple[float, ...], ...]] = {
    "rest": (
        (4, 9, 10, 14, 10), (12, 14, 0, 32, 10), (-24, 14, 10, 18, 10), (28, 8, 15, 36, 10), (-16, 46, 80, 96, 20),
        (24, 2, 58, 78, 30), (34, -4, 74, 98, 40), (-34, 16, 70, 66, 20), (16, 14, 62, 86, 20),
    ),
    "gesture": (
        (22, 10, -14, 82, -60), (34, 30, -20, 54, -50), (26, 16, 64, 116, 10), (56, 4, 40, 136, 20),
        (62, 22, 24, 142, 0), (14, 16, 20, 62, 0), (24, 28, -52, 98, -60), (18, 38, -80, 118, 20), (66, 8, 8, 20, 20),
        (62, 62, 0, 134, 10), (40, 20, 10, 70, -30), (44, 12, 30, 96, 0),
    ),
    "shape": (
        (0, 90, 0, 6, 20), (8, 52, 0, 10, 10), (88, 6, 0, 6, 10), (10, 86, -86, 92, 20), (12, 82, 66, 88, 10),
        (84, -34, 10, 18, 20), (72, -22, 40, 76, 10), (18, 78, -58, 124, 0), (-38, 44, 0, 10, 10),
        (-6, 58, 52, 112, 10), (42, 14, 12, 132, 20), (84, -6, 20, 10, 20), (58, 48, 0, 12, 0), (40, 84, -20, 40, -20),
        (64, 74, 40, 92, 10), (-10, 74, -30, 24, -20),
    ),
    "high": (
        (20, 134, 0, 8, 10), (112, 108, 0, 8, 10), (138, 28, 0, 10, 10), (92, 104, 10, 62, 10), (44, 118, -60, 132, 0),
        (60, 130, -30, 40, 0), (150, 20, 10, 16, 10), (30, 112, -70, 70, 10), (104, 96, 30, 96, 9), (124, 60, 0, 30, 0),
    ),
    "across": (
        (28, 0, 72, 92, 10), (42, -18, 62, 108, 0), (52, -30, 50, 122, 0), (62, -4, 42, 140, 20), (76, -26, 30, 132, 0),
        (20, -10, 76, 58, 10), (86, -40, 12, 36, 0), (34, -24, 80, 78, 20), (14, 6, 84, 74, 0),
    ),
}  # fmt: skip
"""Shapes of a left arm by family, flex, abduct, spin, elbow and pronate in degrees; the right arm mirrors them."""


@dataclass(frozen=True)
class Step:
    """Where the feet are after a few beats: each as x, z, lift in leg lengths from between them, and heel in degrees.

    None leaves a foot where it is. weight: share of the body over the left foot. drop: how far the knees bend.
    shift: how far the dancer moves on, x and z. turn: the share of the dancer's next turn that is made meanwhile.
    """

    beats: float
    left: Spot | None = None
    right: Spot | None = None
    weight: float = 0.5
    drop: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    turn: float = 0.0


N, O = None, (0.0, 0.0)  # noqa: E741
L, R = (0.12, 0.0, 0.0, 0.0), (-0.12, 0.0, 0.0, 0.0)
BACK = Step(1, L, N)
WIDE = (Step(1, (0.36, 0, 0, 0), N, 0.5, 0.08), Step(1, N, (-0.36, 0, 0, 0), 0.5, 0.12))
STEPS: dict[str, tuple[Step, ...]] = {
    "stand": (Step(2, L, R, 0.62), Step(1, N, N, 0.4, 0.01)),
    "sway": (Step(1, N, N, 0.82, 0.04), Step(1, N, (-0.18, 0.02, 0, 25), 0.85, 0.03), Step(1, N, R, 0.3, 0.04)),
    "step": (Step(1, (0.46, 0, 0, 0), N, 0.6, 0.05), Step(1, N, R, 0.5, 0.02, (0.34, 0))),
    "cross": (Step(1, (-0.24, 0.16, 0, 0), N, 0.5, 0.06), Step(1, N, R, 0.5, 0.03, (-0.34, 0.12))),
    "tap": (Step(1, (0.42, 0.16, 0, 20), N, 0.15, 0.06), BACK), "kick": (Step(1, (0.14, 0.7, 0.48, 0), N, 0), BACK),
    "wide": (*WIDE, Step(1, N, N, 0.75, 0.16), Step(1, L, N, 0.3, 0.04), Step(1, N, R)),
    "squat": (*WIDE, Step(1, N, N, 0.5, 0.44), Step(1, N, N, 0.5, 0.10), BACK, Step(1, N, R)),
    "plie": (Step(1, (0.20, 0, 0, 0), (-0.20, 0, 0, 0), 0.5, 0.05), Step(1, N, N, 0.5, 0.30), Step(1, L, R)),
    "lunge": (Step(1, (0.86, 0.06, 0, 0), N, 0.76, 0.30), Step(1, N, N, 0.80, 0.36), BACK),
    "stride": (Step(1, (0.14, 0.62, 0, 0), (-0.12, -0.1, 0, 40), 0.66, 0.26), Step(1, L, R)),
    "arabesque": (Step(1, (0.10, -0.72, 0.34, 0), N, 0.02, 0.04), Step(1, N, N, 0.02, 0.02), BACK),
    "side kick": (Step(1, (0.78, 0.06, 0.4, 0), N, 0, 0.05), BACK), "knee": (Step(1, (0.14, 0.2, 0.46, 0), N, 0), BACK),
    "tap back": (Step(1, (0.22, -0.36, 0, 40), N, 0.2), BACK), "heel": (Step(1, (0.16, -0.34, 0.44, 0), N, 0), BACK),
    "passe": (Step(1, (0.04, 0.05, 0.40, 0), (-0.12, 0, 0, 30), 0.0), Step(1, N, N, 0.0), Step(1, L, R)),
    "jump": (Step(1, L, R, 0.5, 0.22), Step(0.5, (0.16, 0, 0.2, 0), (-0.16, 0, 0.2, 0)), Step(0.5, L, R, 0.5, 0.16)),
    "jack": (Step(0.5, (0.22, 0, 0.1, 0), (-0.22, 0, 0.1, 0)), Step(0.5, (0.4, 0, 0, 0), (-0.4, 0, 0, 0), 0.5, 0.08),
             Step(0.5, (0.24, 0, 0.1, 0), (-0.24, 0, 0.1, 0)), Step(0.5, L, R, 0.5, 0.05)),
    "walk": (Step(1, (0.08, 0.44, 0, 0), (-0.08, -0.1, 0, 30), 0.7, 0.04), Step(1, N, R, 0.5, 0.03, (0, 0.44))),
    "retreat": (Step(1, (0.1, -0.36, 0, 0), N, 0.6, 0.05), Step(1, N, R, 0.5, 0.03, (0, -0.36))),
    "turn": (Step(0.5, (0.16, 0.08, 0.05, 0), N, 0.3, 0.06, O, 0.5),
             Step(0.5, L, (-0.12, 0, 0.05, 0), 0.6, 0.04, O, 0.5), Step(1, L, R)),
    "spin": (Step(1, N, N, 0.5, 0.12), Step(1, (0.04, 0.1, 0.16, 0), (-0.04, 0, 0, 30), 0.1, 0, O, 1), Step(1, L, R)),
}  # fmt: skip
"""Footwork begun with the left foot; half of the time it is mirrored."""
