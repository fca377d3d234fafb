"""Depth: whether arms are before the body or behind it, where a landmarker's confidence alone leaves that open.

Landmarkers are surer of what they see than of what they guess, and sketches (core.sketch) take an arm in plain view to
be before what it crosses. But an arm that moves fast before the chest is as doubtful as one that is hidden behind the
back. How near landmarkers take both to be to the camera then tells them apart, roughly.
"""

from __future__ import annotations

import numpy as np

from dancekit.core.skeleton import ARMS, HIPS, SHOULDERS, indices

_TRUNK = [*indices(SHOULDERS), *indices(HIPS)]
_BELOW, _FOREARM = slice(1, None), slice(1, 3)
"""What of an arm is below the shoulder, and the elbow and the wrist, whose middle tells how near it is."""
_BEFORE = 0.6
"""How much nearer than the trunk a forearm is that may be before it or not, as a share of the trunk's length: the trunk
is as thick as that."""
_COUNTS = 0.25
"""What confidence gains or loses where a forearm is a trunk's length nearer, or farther, than that."""
_SURE = 0.75
"""Confidence from which depth counts ever less, and not at all at 1."""
_LEAST = 0.35
"""Arms that were found are not made less certain than this: then they would count as not found."""


def weighed(points: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Landmarks float32 [J, 3], x px, y px and confidence, with the arms' confidence weighed by their depth.

    depth: [J], how far from the camera each is, in px as x and y are, from anywhere on.
    """
    result = points.copy()
    shoulders, hips = points[_TRUNK, :2].reshape(2, 2, 2).mean(1)
    length = max(float(np.linalg.norm(shoulders - hips)), 1.0)
    for arm in map(list, ARMS):
        below, nearer = arm[_BELOW], float(depth[_TRUNK].mean() - depth[arm[_FOREARM]].mean()) / length
        given = points[below, 2]
        doubtful = np.clip((1 - given) / (1 - _SURE), 0, 1)
        told = given + _COUNTS * np.clip(nearer - _BEFORE, -1, 1) * doubtful
        result[below, 2] = np.clip(told, np.minimum(given, _LEAST), 1)
    return result
