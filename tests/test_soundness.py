"""Measures without truth, with a pose backend that sees what a test wants it to see."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from types import ModuleType, SimpleNamespace
from typing import cast

import numpy as np
import pytest
from figures import figure, track, unseen

from dancekit import plugins
from dancekit.core import silhouette
from dancekit.core.skeleton import INDEX
from dancekit.pose import Sighting
from dancekit.soundness import Asked, asked_of, film_inner, look, soundness, still_change
from dancekit.types import VideoInfo

SIZE, HEIGHT, LENGTH = (120, 160), 120.0, 8
MARGIN = 40


def poses() -> np.ndarray:
    return np.repeat(figure(HEIGHT, 60.0, 145.0)[None], LENGTH, axis=0)


def asked(points: np.ndarray | None = None) -> Asked:
    points = poses() if points is None else points
    return Asked(points, np.full(LENGTH, HEIGHT), SIZE, Fraction(25))


def pictures(colours: list[int] | None = None) -> np.ndarray:
    """uint8 [T, 160, 120, 4]: a block of a person of some greys."""
    made = np.zeros((LENGTH, SIZE[1], SIZE[0], 4), np.uint8)
    made[:, 20:150, 30:90, 3] = 255
    made[..., :3] = np.array(colours or [100] * LENGTH).reshape(-1, 1, 1, 1)
    return made


def seeing(points: Callable[[int], np.ndarray | None]) -> ModuleType:
    """A pose backend that sees points(time) [J, 3] in px of the picture, or nobody for None."""

    class Detector:
        def __init__(self, info: VideoInfo, people: int, masks: bool) -> None:
            assert (info.fps, people, masks) == (25, 1, False)

        def detect(self, index: int, frame: np.ndarray) -> list[Sighting]:
            assert frame.shape == (SIZE[1] + 2 * MARGIN, SIZE[0] + 2 * MARGIN, 3)
            seen = points(index)
            return [] if seen is None else [Sighting(seen + np.array([MARGIN, MARGIN, 0], np.float32))]

        def close(self) -> None:
            pass

    return cast(ModuleType, SimpleNamespace(Detector=Detector))


def test_what_is_as_it_should_be_is_sound() -> None:
    seen = look(pictures(), asked(), seeing(lambda time: poses()[time]))
    result = soundness([seen, seen], still_change([seen]))
    assert (result.pck, result.lost_limbs, result.islands, result.bone_holes) == (1, 0, 0, 0)
    assert (result.still_change, result.still_flicker) == (0, None), "nothing to be relative to"


def test_where_nobody_is_seen_all_is_lost() -> None:
    seen = look(pictures(), asked(), seeing(lambda time: poses()[time] if time < 2 else None))
    result = soundness([seen], None)
    assert (result.pck, result.lost_limbs) == (0.25, 0.75)


def test_flicker_is_of_frames_between_which_she_rests() -> None:
    points = poses()
    points[4:, :, 0] += 5
    seen = look(pictures([100, 104, 100, 104, 0, 4, 8, 8]), asked(points), seeing(lambda time: points[time]))
    assert seen.changes == pytest.approx([4, 4, 4, 4, 4, 0])
    calm = look(pictures([100, 102] * 4), asked(), seeing(lambda time: points[time]))
    assert soundness([seen], still_change([calm])).still_flicker == pytest.approx(20 / 6 / 2)
    restless = poses()
    restless[::2, :, 1] += 9
    moving = look(pictures(), asked(restless), seeing(lambda time: restless[time]))
    result = soundness([moving], 2.0)
    assert (result.still_change, result.still_flicker) == (None, None)


def test_change_around_the_bones_is_that_of_the_film_whatever_is_behind() -> None:
    greys = [100, 104, 100, 104, 100, 104, 100, 100]
    painted = look(pictures(greys), asked(), seeing(lambda time: poses()[time]))
    film = np.random.default_rng(0).integers(0, 256, (LENGTH, SIZE[1], SIZE[0], 3), np.uint8)
    film[:, 20:150, 30:90] = np.array(greys).reshape(-1, 1, 1, 1)
    assert soundness([painted], None).inner_change == pytest.approx(24 / 7)
    assert film_inner(film, asked())[0] == pytest.approx(24 / 7)
    gone = unseen(poses(), 3)
    assert look(pictures(greys), asked(gone), seeing(lambda time: poses()[time])).inner == pytest.approx(
        [4, 4, 4, 4, 0]
    )
    restless = poses()
    restless[::2, :, 1] += 9
    assert film_inner(film, asked(restless)) == (None, None)


def test_islands_and_holes_count_where_a_pose_is_asked_for() -> None:
    made = pictures()
    made[:, 5:10, 5:18, 3] = 255
    across, down = (int(v) for v in poses()[0, INDEX["left_knee"], :2])
    made[4, down, across, 3] = 0
    made[5] = 0
    nowhere = unseen(poses(), 5, 6, 7)
    seen = look(made, asked(nowhere), seeing(lambda time: poses()[time]))
    result = soundness([seen], None)
    area = 130 * 60 + 65
    assert result.islands == pytest.approx((4 * 65 / area + 65 / (area - 1)) / 5)
    assert result.bone_holes == pytest.approx(1 / (area - 1) / 5)
    assert result.pck == 1


def test_the_bodys_height_is_measured_over_the_whole_track() -> None:
    whole = asked_of(track(poses(), SIZE))
    part = whole.part(2, 5)
    assert part.points.shape == (3, 33, 3)
    assert part.heights == pytest.approx([HEIGHT] * 3, rel=0.1)
    assert (part.size, part.fps) == (SIZE, 25)


def test_the_real_backend_sees_nobody_in_an_empty_picture() -> None:
    empty = np.zeros((LENGTH, SIZE[1], SIZE[0], 4), np.uint8)
    result = soundness([look(empty, asked(), plugins.load("pose", "mediapipe"))], None)
    assert (result.pck, result.lost_limbs, result.islands) == (0, 1, 0)


def test_a_film_that_shows_nobody_for_a_while_is_measured_where_it_shows_somebody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    greys = [100, 104, 100, 104, 100, 104, 100, 100]
    film = np.array(greys, np.uint8).reshape(-1, 1, 1, 1) * np.ones((1, SIZE[1], SIZE[0], 3), np.uint8)
    points = unseen(poses(), 0, 1, 2)
    points[6:, :, 0] += 20
    card = asked_of(track(points, SIZE, shots=(0, 3)))
    assert np.isnan(card.heights[:3]).all(), "a title, of which nobody knows how tall it is"
    drawn: list[int] = []
    bones = silhouette.bones
    monkeypatch.setattr(silhouette, "bones", lambda *given: drawn.append(1) or bones(*given))
    assert film_inner(film, card)[0] == pytest.approx(8 / 3)
    assert len(drawn) == 5
    assert film_inner(film, card, np.arange(7) == 3)[0] == pytest.approx(4)
    assert len(drawn) == 7, "bones are worked out only where somebody rests"
    assert film_inner(film[:3], card.part(0, 3)) == (None, None)


def test_flicker_beside_another_film_counts_only_moments_at_which_both_rest() -> None:
    greys = [100, 104, 100, 104, 100, 104, 100, 100]
    both = np.array([True, False, False, False, True, False, True])
    seen = look(pictures(greys), asked(), seeing(lambda time: poses()[time]), both)
    assert seen.inner == pytest.approx([4, 4, 0])
    assert len(seen.changes) == 7, "beside her own film all of hers count"
    film = np.array(greys, np.uint8).reshape(-1, 1, 1, 1) * np.ones((1, SIZE[1], SIZE[0], 3), np.uint8)
    assert film_inner(film, asked(), both)[0] == pytest.approx(8 / 3)
