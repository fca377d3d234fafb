"""Portraits: laid where the head is, chosen so that they look like the others, lent to close-ups and changed seldom."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import tiny
import torch
from figures import waving
from tiny import REACH, SIZE

from dancekit.core import closeup, compose, maps, portraits
from dancekit.core.paint import Painter
from dancekit.core.portraits import Gallery, Head, Portraits, compare, gather, joined, lay, sit
from dancekit.core.skeleton import INDEX
from dancekit.networks.generator import Generator

SIDE, CLOSE, TIMES = 40, 32, 2
NOSE = portraits.MARKS.index(0)
FACE = np.array([[20, 21], [22, 18], [23, 18], [24, 18], [18, 18], [17, 18], [16, 18], [27, 19], [13, 19], [22, 24],
                 [18, 24], [32, 36], [8, 36]], np.float32)  # fmt: skip
"""Marks of a head that faces the camera, px of a portrait."""


def turned_aside(share: float) -> np.ndarray:
    """The marks of a head that looks aside: nose, eyes and mouth move to the right of ears and shoulders."""
    marks = FACE.copy()
    marks[[0, 1, 2, 3, 4, 5, 6, 9, 10], 0] += 6 * share
    return marks


def moved(marks: np.ndarray, degrees: float, scale: float, to: tuple[float, float]) -> np.ndarray:
    turn = scale * np.exp(1j * np.radians(degrees))
    places = (marks[:, 0] + 1j * marks[:, 1]) * turn + complex(*to)
    return np.stack((places.real, places.imag), -1).astype(np.float32)


def picture(colour: tuple[int, int, int], spot: tuple[float, float] = (20, 21)) -> np.ndarray:
    """A head of one colour, uint8 [S, S, 4], with a white spot at a place of it."""
    result = np.zeros((SIDE, SIDE, 4), np.uint8)
    cv2.circle(result, (20, 20), 15, (*colour, 255), -1)
    cv2.circle(result, (int(spot[0]), int(spot[1])), 2, (255, 255, 255, 255), -1)
    return result


def head(marks: np.ndarray, moment: float, colour: tuple[int, int, int] = (200, 150, 120)) -> Head:
    points = np.full((33, 3), 100, np.float32)
    points[list(portraits.MARKS), :2] = marks
    return Head(picture(colour, tuple(marks[NOSE])), points, moment)


def some(*marks: np.ndarray, doubts: float = 0.0) -> Portraits:
    pictures = np.stack([picture((200, 30 * number, 120)) for number in range(len(marks))])
    return Portraits(pictures, np.stack(marks), np.full(len(marks), doubts, np.float32))


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1.0), (25, 1.0), (-10, 1.2), (170, 0.7)])
def test_a_portrait_is_turned_scaled_and_moved_to_where_the_head_is(degrees: float, scale: float) -> None:
    asked = moved(FACE, degrees, scale, (3.5, -1.25))
    fits = compare(some(FACE, turned_aside(1.0)), asked[None])
    assert fits.turn[0, 0] == pytest.approx(scale * np.exp(1j * np.radians(degrees)), abs=1e-3)
    found = fits.turn[0, 0] * (FACE[:, 0] + 1j * FACE[:, 1]) + fits.shift[0, 0]
    assert np.abs(found - (asked[:, 0] + 1j * asked[:, 1])).max() < 0.02
    assert fits.unlike[0, 0] < fits.unlike[0, 1], "the one whose landmarks lie alike is the likest"
    upright = compare(some(FACE), FACE[None]).unlike[0, 0]
    assert upright == pytest.approx(0, abs=0.05)
    assert (fits.unlike[0, 0] > 0.1) == ((degrees, scale) != (0, 1.0)), "one that need not be turned is likelier still"


def test_doubts_count_as_unlikeness() -> None:
    sure, doubtful = (compare(some(FACE, doubts=doubt), FACE[None]).unlike for doubt in (0.0, 3.0))
    assert doubtful - sure == pytest.approx(3.0)


def test_what_is_laid_lies_where_the_landmarks_say() -> None:
    asked = moved(FACE, 20, 1.1, (-4.0, 2.0))
    fits = compare(some(FACE), asked[None])
    laid = lay(picture((90, 0, 0)), fits.turn[0, 0], fits.shift[0, 0], SIDE)
    white = np.argwhere(laid[..., 1] > 128).mean(0)[::-1] + 0.5
    assert white == pytest.approx(asked[NOSE] + 0.5, abs=0.5), "px that hold a place count from their corner"


def test_those_are_chosen_that_look_like_most() -> None:
    front = [head(moved(FACE, 0, 1, (0.1 * n, 0)), n) for n in range(10)]
    aside = [head(moved(turned_aside(1.0), 0, 1, (0.1 * n, 0)), 20 + n) for n in range(10)]
    chosen = gather([*front, *aside], 2)
    assert sorted(moment < 15 for moment in chosen.moments) == [False, True], "one of each"
    assert chosen.portraits.pictures.dtype == np.uint8
    assert len(gather(front[:3], 9).moments) == 3


def test_a_face_with_something_before_it_is_doubted_and_not_chosen() -> None:
    heads = [head(FACE, n) for n in range(8)]
    hidden = Head(picture((20, 20, 20)), heads[0].points, 3.5)
    chosen = gather([*heads, hidden], 9)
    doubts = dict(zip(chosen.moments, chosen.portraits.doubts, strict=True))
    assert doubts[3.5] > 1 > max(doubt for moment, doubt in doubts.items() if moment != 3.5)
    assert 3.5 not in gather([*heads, hidden], 3).moments


def test_a_face_with_an_arm_beside_it_is_doubted() -> None:
    heads = [head(FACE, n) for n in range(8)]
    raised = heads[3].points.copy()
    raised[[INDEX["left_elbow"], INDEX["left_wrist"]], :2] = (30, 30), (34, 2)
    chosen = gather([*heads[:3], heads[3]._replace(points=raised), *heads[4:]], 8)
    doubts = dict(zip(chosen.moments, chosen.portraits.doubts, strict=True))
    assert max(doubts.values()) == doubts[3.0] > 15 + min(doubts.values()), "as unlike as heads of other films"


def test_a_training_frame_is_never_lent_its_own_moment() -> None:
    gallery = Gallery(some(FACE, turned_aside(0.4), turned_aside(1.0)), np.array([7.0, 7.2, 30.0]))
    random = np.random.default_rng(0)
    for _ in range(20):
        far = gallery.lend(FACE, 7.1, CLOSE, random)
        assert far.shape == (4, CLOSE, CLOSE)
        assert far[1, 12, 20] == 60, "the third one's colour"
    near = [gallery.lend(FACE, 100.0, CLOSE, random)[1] for _ in range(40)]
    assert 2 <= sum(bool(one[12, 20] != 0) for one in near) <= 25, "sometimes two are mixed"


def test_a_gallery_of_one_moment_lends_that_rather_than_nothing() -> None:
    gallery = Gallery(some(FACE), np.array([7.0]))
    assert gallery.lend(FACE, 7.1, CLOSE, np.random.default_rng(0)).any()


def test_portraits_change_seldom_and_softly() -> None:
    two = some(FACE, turned_aside(0.2))
    shares = 0.2 * np.array([0, 0, 0, 0, 0, 0, 0.55, 0.45, 0.55, 0.45, 1, 1, 1, 1, 1, 1])
    sitting = sit(two, np.stack([turned_aside(share) for share in shares]))
    assert (np.diff(sitting.chosen) != 0).sum() == 1
    assert (sitting.chosen[0], sitting.chosen[-1]) == (0, 1)
    assert (sitting.trust == 1).all()
    change = int(np.flatnonzero(np.diff(sitting.chosen))[0])
    greens = [int(sitting.begin(time, (0, 0), CLOSE)[1, 12, 20]) for time in range(change - 3, change + 5)]
    assert greens == sorted(greens)
    assert len(set(greens)) >= 4
    assert (greens[0], greens[-1]) == (0, 30)


def test_one_face_turns_into_the_next_rather_than_being_seen_through_it() -> None:
    side, eye, aside = 96, 48, 12

    def face(x: int) -> np.ndarray:
        """A head with one eye, and without edges that flow could cling to."""
        y, across = np.mgrid[:side, :side].astype(np.float32)
        light = 210 - 150 * np.exp(-(np.square(across - x) + np.square(y - eye)) / 60) + 20 * np.sin(across / 9)
        return np.dstack([light] * 3 + [np.full_like(light, 255)]).astype(np.uint8)

    marks = (FACE * side / SIDE)[None].repeat(2, 0)
    both = Portraits(np.stack([face(eye), face(eye + aside)]), marks, np.zeros(2, np.float32))
    chosen = np.array([0] * 6 + [1] * 6)
    sitting = portraits.Sitting(both, marks[:1].repeat(12, 0), chosen, np.ones(12, np.float32))
    rows = [sitting.begin(time, (0, 0), side)[0, eye].astype(int) for time in range(12)]
    darkest = [int(row.argmin()) for row in rows]
    assert darkest == sorted(darkest)
    assert abs(darkest[0] - eye) <= 1 and abs(darkest[-1] - eye - aside) <= 1
    assert len(set(darkest)) >= 5, "it moves there"
    assert max(row.min() for row in rows) < 95, "and is an eye all the while: two half ones would be lighter"


def test_heads_that_are_not_known_or_unlike_all_are_given_nothing_to_believe() -> None:
    marks = np.stack([FACE, FACE, moved(FACE, 0, 1, (50, 0)), FACE, FACE, FACE[::-1], FACE, FACE, FACE])
    marks[1] = np.nan
    sitting = sit(some(FACE, turned_aside(1.0)), marks)
    np.testing.assert_allclose(sitting.trust, [1, 0, 1, 2 / 3, 1 / 3, 0, 1 / 3, 2 / 3, 1], rtol=1e-6)
    assert (sitting.chosen[:3] == 0).all()
    assert len(sit(some(FACE), np.zeros((0, len(FACE), 2), np.float32)).trust) == 0


def test_portraits_are_believed_or_not_but_never_by_halves_for_long() -> None:
    """Two faces that are seen through each other are a ghost."""
    portraits, share = some(FACE), np.linspace(0, 2, 60)
    turned = np.stack([turned_aside(each) for each in share])
    unlike = compare(portraits, turned).unlike[:, 0]
    assert unlike[0] < 30 < 60 < unlike[-1]
    assert ((unlike > 30) & (unlike < 60)).sum() > 6, "many that are neither alike nor unlike"
    trust = sit(portraits, turned).trust
    assert trust.tolist() == sorted(trust, reverse=True)
    assert (trust[0], trust[-1]) == (1, 0)
    assert ((trust > 0) & (trust < 1)).sum() == 2
    shaken = np.stack([turned_aside(share[np.abs(unlike - 45).argmin() + step]) for step in (0, 1, -1, 0, 1, -1, 0, 1)])
    assert len(set(sit(portraits, shaken).trust.tolist())) == 1, "nothing flickers where it is neither"


def test_what_begins_a_close_up_is_seen_and_corrected() -> None:
    made = torch.from_numpy(np.stack([compose.multiplied(picture((200, 40, 120)))]).astype(np.uint8)).permute(
        0, 3, 1, 2
    )
    window = torch.randn(1, 5, SIDE // 2, SIDE // 2)
    seen, begun = joined(window, made, 2)
    assert seen.shape == (1, 5 + 16, SIDE // 2, SIDE // 2)
    assert torch.equal(seen[:, :5], window)
    assert seen[0, 5:, 0, 0].abs().max() == 0, "nothing where there is nothing"
    assert begun.shape == (1, 4, SIDE, SIDE)
    assert begun[0, :, 12, 20].tolist() == pytest.approx(
        [200 / 127.5 - 1, 40 / 127.5 - 1, 120 / 127.5 - 1, 1], abs=0.01
    )
    assert begun[0, :, 0, 0].abs().max() == 0


def painter() -> Painter:
    """A painter whose faces are what they begin with."""
    marks = 0.5 * CLOSE + 4 * (waving(1, 18, 8, 21)[0, list(portraits.MARKS), :2] - np.array([8, 4.44], np.float32))
    face = Generator((2 * REACH + 1) * maps.CHANNELS + 4, 8, 1, 1, norm="pixel")
    face.begin_correcting(tiny.generator(1, 7))
    known = some(marks / 2, marks / 2 + np.array([[3, 0]] * 3 + [[0, 0]] * 10, np.float32))
    return tiny.painter(tiny.generator(1, 1), face=face, closer=TIMES, side=12, portraits=known)


def test_a_face_that_has_learnt_nothing_yet_is_the_portrait() -> None:
    who, points = painter(), waving(6, 18, 8, 21)
    sitting = who.choose(points).sitting
    assert sitting is not None
    for time, one in enumerate(who.paint(points, SIZE, 1, 4)):
        assert one.face is not None
        (_, begun) = joined(torch.zeros(1, 1, 12, 12), torch.from_numpy(sitting.begin(time, one.corner, 12))[None], 1)
        wanted = begun[0].permute(1, 2, 0).numpy() * (127.5, 127.5, 127.5, 255) + (127.5, 127.5, 127.5, 0)
        solid = wanted[..., 3] > 250
        assert solid.any()
        assert np.abs(one.face - wanted)[solid].max() < 2
        inside = closeup.inside(points[time], TIMES, one.corner)
        assert np.array_equal(one.trust, closeup.beside_arms(inside, 12)), "it is believed but for the arms"


def test_corrections_are_held_back_where_a_portrait_is() -> None:
    begun, made = torch.zeros(1, 4, 2, 3), torch.full((1, 4, 2, 3), 0.8)
    begun[0, :, :, 1] = 0.4
    begun[0, 3, :, 0] = 1.0
    held = portraits.held_back(made, begun)
    assert held[0, :3, 0].tolist() == [pytest.approx([0.32, 0.704, 0.8])] * 3
    assert torch.equal(held[:, 3:], made[:, 3:]), "its outline is not"


def test_painting_from_the_middle_on_chooses_as_from_the_beginning() -> None:
    who, points = painter(), waving(12, 18, 8, 21)
    points[:6, :3, 0] += 0.8
    given = who.choose(points)
    assert given.sitting is not None
    whole = [one.face for one in who.paint(points, SIZE, 1, 4)]
    late = [one.face for one in who.paint(points[4:], SIZE, 1, 4, given.since(4))]
    for one, other in zip(whole[4 + REACH :], late[REACH:], strict=True):
        assert one is not None
        assert other is not None
        assert np.array_equal(one, other)


def test_where_no_portrait_is_believed_the_picture_shows() -> None:
    who, points = painter(), waving(6, 18, 8, 21)
    points[2, list(portraits.MARKS), :2] = points[2, list(portraits.MARKS)[::-1], :2]
    painted = list(who.paint(points, SIZE, 1, 4))
    assert [one.face is None for one in painted] == [time == 2 for time in range(6)]
    one = painted[0]
    trusted, half, none = (replace(one, trust=trust).whole().astype(int) for trust in (1.0, 0.5, 0.0))
    assert np.abs(none - replace(one, face=None).whole()).max() <= 1
    changed = np.abs(trusted - none).max(-1) > 40
    assert changed.any()
    assert np.abs(half[..., 3] - (trusted[..., 3] + none[..., 3]) / 2)[changed].max() <= 2
