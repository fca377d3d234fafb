"""Following one person: she is the largest, steadiest and liveliest, and is kept through swaps, absences and cuts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from figures import figure, waving

from dancekit.core import people

SIZE = (320, 320)


def standing(x: float, height: float = 120.0) -> np.ndarray:
    return figure(height, x)


def places(seen: list[list[np.ndarray]], chosen: list[int | None]) -> list[float]:
    """Where the chosen person's nose is in each frame, NaN without her."""
    return people.points_of(seen, chosen)[:, 0, 0].tolist()


def test_one_person_alone_is_followed_wherever_she_is_seen() -> None:
    seen = [[standing(100)], [], [standing(300)]]
    assert people.follow(seen, SIZE, (0,)) == [0, None, 0]
    assert people.follow([[], []], SIZE, (0,)) == [None, None]


@pytest.mark.parametrize("first", [True, False])
def test_the_larger_person_is_followed_whoever_is_named_first(first: bool) -> None:
    two = [standing(100, 200), standing(240, 80)]
    assert people.follow([two if first else two[::-1]] * 20, SIZE, (0,)) == [0 if first else 1] * 20


def test_a_person_is_kept_when_the_order_of_names_changes() -> None:
    two = [standing(90), standing(225)]
    seen = [two if time % 3 else two[::-1] for time in range(40)]
    assert places(seen, people.follow(seen, SIZE, (0,))) == [225.0] * 40, "the more central of the two"


def test_the_one_who_moves_her_limbs_is_followed() -> None:
    moving = waving(40, 120, x=240.0)
    seen = [[standing(80), moving[time]] for time in range(40)]
    assert people.follow(seen, SIZE, (0,)) == [1] * 40


def test_somebody_who_walks_is_followed_past_others() -> None:
    seen = [[standing(160, 60), standing(20 + 7 * time, 200)] for time in range(40)]
    assert people.follow(seen, SIZE, (0,)) == [1] * 40


def test_a_pick_overrules_everything_else() -> None:
    seen = [[], *[[standing(100, 200), standing(240, 80)]] * 20]
    assert people.follow(seen, SIZE, (0,), pick=(235.0, 250.0)) == [None, *[1] * 20]
    assert people.follow(seen, SIZE, (0,), pick=(110.0, 250.0)) == [None, *[0] * 20]


def test_nobody_else_takes_the_place_of_a_person_who_is_hidden_for_a_while() -> None:
    big, small = standing(90, 200), standing(280, 60)
    seen = [[small] if 20 <= time < 30 else [small, big] for time in range(50)]
    chosen = people.follow(seen, SIZE, (0,))
    assert chosen == [None if 20 <= time < 30 else 1 for time in range(50)]


def test_a_person_may_come_back_elsewhere_after_she_was_hidden() -> None:
    small = standing(285, 60)
    seen = [[small, standing(70, 200)]] * 30 + [[small]] * 20 + [[small, standing(220, 200)]] * 30
    assert people.follow(seen, SIZE, (0,)) == [1] * 30 + [None] * 20 + [1] * 30


@pytest.mark.parametrize(("away", "pick"), [(20, None), (60, None), (60, (70.0, 200.0)), (300, (70.0, 200.0))])
def test_nobody_who_was_there_all_the_time_takes_the_place_of_one_who_left(
    away: int, pick: tuple[float, float] | None
) -> None:
    her, other = standing(70, 200), standing(230, 100)
    seen = [[her, other]] * 60 + [[other]] * away + [[other, standing(80, 200)]] * 60
    assert people.follow(seen, SIZE, (0,), pick) == [0] * 60 + [None] * away + [1] * 60
    assert people.follow(seen[: 60 + away], SIZE, (0,), (70.0, 200.0)) == [0] * 60 + [None] * away


@pytest.mark.parametrize("hidden", [0, 13, 60])
def test_nobody_who_comes_later_takes_the_place_of_one_who_stays(hidden: int) -> None:
    her, larger = standing(70, 120), standing(200, 280)
    alone, both, neither = [[her]] * 60, [[her, larger]] * 200, [[her]] * hidden
    assert people.follow(alone + both, SIZE, (0,), (70.0, 250.0)) == [0] * 260
    assert people.follow(alone + both + neither + both, SIZE, (0,), (70.0, 250.0)) == [0] * (460 + hidden)


def test_who_was_not_seen_for_a_moment_is_still_somebody_else() -> None:
    her, other = standing(70, 200), standing(230, 100)
    seen = [[her, other]] * 60 + [[her]] * 20 + [[her, other]] * 20 + [[other]] * 90
    assert people.follow(seen, SIZE, (0,), (70.0, 200.0)) == [0] * 100 + [None] * 90


def test_after_a_cut_that_is_not_noticed_the_person_is_followed_where_she_is_then() -> None:
    shadow = standing(300, 60)
    seen = [[standing(70, 200), shadow]] * 40 + [[standing(200, 150)]] * 80
    chosen = people.follow(seen, SIZE, (0,))
    assert chosen[:39] + chosen[44:] == [0] * 115


def test_a_pick_is_of_who_first_stands_there() -> None:
    wanted, other = standing(240, 120), standing(80, 200)
    seen = [[other]] * 5 + [[other, wanted]] * 30
    assert people.follow(seen, SIZE, (0,), (240.0, 240.0)) == [None] * 5 + [1] * 30
    assert people.stands_at(wanted, (240, 240))
    assert not people.stands_at(other, (300, 240))


def test_the_film_goes_on_after_a_long_time_in_which_nobody_is_seen() -> None:
    two = [standing(90, 200), standing(280, 60)]
    seen = [two] * 30 + [[]] * 200 + [two] * 20
    assert people.follow(seen, SIZE, (0,)) == [0] * 30 + [None] * 200 + [0] * 20


def test_a_person_may_stand_elsewhere_after_a_cut_but_not_within_a_shot() -> None:
    seen = [[standing(70, 200), standing(250, 90)]] * 20 + [[standing(70, 90), standing(250, 200)]] * 8
    assert people.follow(seen, SIZE, (0, 20)) == [0] * 20 + [1] * 8
    assert 1 not in people.follow(seen, SIZE, (0,))


def test_half_seen_things_beside_a_person_are_nobody() -> None:
    beside = standing(200.0)
    tall = float(np.ptp(beside[:, 1]))
    assert people.is_somebody(beside, tall)
    assert people.is_somebody(beside, 1.9 * tall)
    assert not people.is_somebody(beside, 2.1 * tall), "too small"
    beside[: len(beside) // 4, 2] = 0.5
    assert not people.is_somebody(beside, tall), "most of a person is surely seen"


def test_points_of_nobody_are_missing() -> None:
    points = people.points_of([[standing(90)], [], [standing(10), standing(20)]], [0, None, 1])
    assert points.shape == (3, 33, 3)
    assert points[2] == pytest.approx(standing(20))
    assert np.isnan(points[1, :, :2]).all()
    assert (points[1, :, 2] == 0).all()


def scene(seed: int, frames: int, speed: int) -> np.ndarray:
    """A pan over smooth noise, `speed` px a frame: uint8 [T, 36, 64, 3]."""
    noise = np.random.default_rng(seed).integers(0, 256, (36, 64 + frames * speed, 3), dtype=np.uint8)
    wide = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 4), np.empty(0), 0, 255, cv2.NORM_MINMAX)
    return np.stack([wide[:, time * speed : time * speed + 64] for time in range(frames)])


@pytest.mark.parametrize("speed", [0, 1])
def test_cuts_are_found_where_they_are(speed: int) -> None:
    film = np.concatenate([scene(1, 30, speed), scene(2, 25, speed), scene(3, 40, speed)])
    assert people.find_shots(film) == (0, 30, 55)


def test_fast_moves_and_fades_are_no_cuts() -> None:
    assert people.find_shots(scene(1, 40, 12)) == (0,), "the whole picture changes all the time"
    first, last = scene(1, 1, 0)[0].astype(float), scene(2, 1, 0)[0].astype(float)
    fade = np.stack([first + (last - first) * share for share in np.linspace(0, 1, 30)]).astype(np.uint8)
    assert people.find_shots(fade) == (0,)
    assert people.find_shots(fade[:2]) == (0,)


def test_black_bars_are_no_film() -> None:
    frames = [np.zeros((90, 160, 3), np.uint8) for _ in range(3)]
    for shade, frame in zip((40, 200, 90), frames, strict=True):
        frame[10:80, 30:130] = shade
    assert people.film_rectangle(frames) == (30, 10, 130, 80)
    frames[1][10:80, 30:130] = 0
    assert people.film_rectangle(frames) == (30, 10, 130, 80), "a dark frame among light ones"


def test_a_film_that_is_nearly_all_black_counts_whole() -> None:
    frame = np.zeros((90, 160, 3), np.uint8)
    frame[40:50, 70:90] = 255
    assert people.film_rectangle([frame]) == (0, 0, 160, 90)


def test_long_films_are_gone_through_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "_AT_ONCE", 10)
    assert people.find_shots(np.concatenate([scene(1, 30, 1), scene(2, 25, 1), scene(3, 40, 1)])) == (0, 30, 55)
