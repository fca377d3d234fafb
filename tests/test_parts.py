"""Parts: close-ups of face and hands that are judged by themselves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from figures import figure, unseen

from dancekit.core.skeleton import INDEX
from dancekit.parts import close_ups


def film(points: np.ndarray) -> Any:
    return SimpleNamespace(points=points, canvas=SimpleNamespace(body=200.0))


def test_face_and_hands_are_cut_where_they_are() -> None:
    points = np.stack([figure()] * 3)
    pictures = np.zeros((3, 320, 320, 4), np.uint8)
    for colour, name in enumerate(("nose", "left_index", "right_index"), 1):
        across, down = points[0, INDEX[name], :2].astype(int)
        pictures[:, down, across] = 50 * colour
    found = close_ups(pictures, film(points), 0)
    assert {name: (len(cut), int(cut.max())) for name, cut in found.items()} == {
        "face": (3, 50), "left hand": (3, 100), "right hand": (3, 150)}  # fmt: skip
    assert found["left hand"].shape[1:] == (28, 28, 4)
    assert found["face"].shape[1] > 28


def test_what_is_not_surely_seen_is_not_judged() -> None:
    points = np.stack([figure()] * 4)
    points[1, INDEX["left_pinky"], 2] = 0.2
    points = unseen(points, 3)
    found = close_ups(np.zeros((3, 320, 320, 4), np.uint8), film(points), 1)
    assert {name: len(cut) for name, cut in found.items()} == {"face": 2, "left hand": 1, "right hand": 2}
    nobody = close_ups(np.zeros((1, 320, 320, 4), np.uint8), film(points), 3)
    assert [cut.shape[0] for cut in nobody.values()] == [0, 0, 0]
