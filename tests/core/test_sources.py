"""Source frames: each limb borrows from the frame that is posed most like it, and seldom changes it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from figures import figure, waving

from dancekit.core import sketch, sources, unlike
from dancekit.core.limbs import LIMBS
from dancekit.core.skeleton import INDEX
from dancekit.core.sketch import Looks
from dancekit.core.sources import Sources, Stills
from dancekit.core.unlike import gather

LOOKS = Looks(
    torch.from_numpy(sketch.USUAL) * 200,
    torch.zeros(sketch.SIDES, sketch.BARS, sketch.ALONG, sketch.ACROSS, 3),
    torch.ones(sketch.SIDES, sketch.BARS, sketch.ALONG, sketch.ACROSS),
)
ARM, HAND, TRUNK, LEG = (LIMBS.index(name) for name in ("left arm", "left hand", "trunk", "left leg"))


def stills(*poses: np.ndarray) -> Stills:
    """Frames of these poses, each of a grey of its own."""
    return Stills([np.full((320, 320, 4), (*[20 * number] * 3, 255), np.uint8) for number in range(len(poses))],
                  np.stack(poses))  # fmt: skip


def known(*poses: np.ndarray) -> Sources:
    return Sources(stills(*poses), LOOKS, 200.0)


def squatting() -> np.ndarray:
    points = figure()
    for side, aside in (("left", 30), ("right", -30)):
        points[INDEX[f"{side}_knee"], :2] += (aside, -10)
    return points


def test_every_limb_has_the_frame_that_is_posed_like_it() -> None:
    raised, squat = waving(9)[8], squatting()
    both = squat.copy()
    for name in ("wrist", "pinky", "index", "thumb"):
        both[INDEX[f"left_{name}"]] = raised[INDEX[f"left_{name}"]]
    choice = known(figure(), raised, squat).choose(np.stack([both] * 3))
    assert [int(choice.first[limb][1]) for limb in (ARM, TRUNK, LEG)] == [1, 2, 2]
    for first, second in zip(choice.first, choice.second, strict=True):
        assert (first != second).all()


def test_a_small_difference_is_no_reason_to_change() -> None:
    swaying = np.stack([figure(x=160)] * 12)
    swaying[::2, INDEX["left_wrist"], 0] += 1
    other = figure()
    other[INDEX["left_wrist"], 0] += 1
    choice = known(figure(), other).choose(swaying)
    assert all(len(set(chosen.tolist())) == 1 for chosen in choice.first)


def test_a_large_one_is_and_the_change_takes_some_frames() -> None:
    raised = waving(9)[8]
    dance = np.stack([figure()] * 10 + [raised] * 10)
    choice = known(figure(), raised).choose(dance)
    assert choice.first[ARM].tolist() == [0] * 10 + [1] * 10
    shares = [{int(source.picture[0, 0, 0]): share for source, share in choice.at(time).given[ARM][0]}
              for time in range(6, 14)]  # fmt: skip
    assert [share.get(20, 0) for share in shares] == pytest.approx([0, 0, 0.2, 0.4, 0.6, 0.8, 1, 1])


def test_counting_from_later_on_changes_nothing() -> None:
    choice = known(figure(), waving(9)[8]).choose(waving(30))
    late = choice.since(5).since(2)
    assert np.array_equal(late.at(3).points, choice.at(10).points)
    corner, size = (100, 80), (100, 160)
    assert np.array_equal(late.at(3).laid(corner, size)[0], choice.at(10).laid(corner, size)[0])


def test_a_part_of_the_picture_is_laid_as_in_the_whole() -> None:
    borrowed = known(figure(), waving(9)[8]).choose(waving(30)).at(7)
    whole, part = borrowed.laid((0, 0), (320, 320))[0], borrowed.laid((100, 80), (120, 230))[0]
    assert part.any()
    assert np.abs(whole[80:310, 100:220].astype(int) - part)[2:-2, 2:-2].max() <= 1


def test_another_side_and_a_hidden_trunk_make_a_frame_unlike() -> None:
    mirrored = figure()
    mirrored[:, 0] = 320 - mirrored[:, 0]
    unlike = known(figure(), mirrored).unlike(figure()[None])[0]
    assert (unlike[:, 0, 1] > unlike[:, 0, 0]).all()
    hidden = known(figure(), figure())
    hidden.ready.shown[1, TRUNK] = 0.3
    unlike, _ = hidden.unlike(figure()[None])
    assert unlike[TRUNK, 0, 1] > unlike[TRUNK, 0, 0]
    assert unlike[LEG, 0, 1] == unlike[LEG, 0, 0]


def smeared(picture: np.ndarray, points: np.ndarray, *names: str) -> np.ndarray:
    """The picture with something else where these landmarks are."""
    result = picture.copy()
    for name in names:
        x, y = points[INDEX[name], :2].astype(int)
        result[y - 8 : y + 8, x - 8 : x + 8, :3] = 250
    return result


def known_as(pictures: list[np.ndarray], poses: np.ndarray) -> Sources:
    return Sources(Stills(pictures, poses), LOOKS, 200.0)


def looking_as_sketched(*poses: np.ndarray) -> list[np.ndarray]:
    """Frames in which all is as grey as LOOKS has it."""
    return [np.full((320, 320, 4), (127, 127, 127, 255), np.uint8) for _ in poses]


def textured(picture: np.ndarray) -> np.ndarray:
    """The same with as much detail everywhere as a hand has."""
    waves = 20 * np.sin(np.arange(320) / 1.5)
    colours = picture[..., :3] + (waves[:, None] + waves)[..., None]
    return np.dstack((colours.astype(np.uint8), picture[..., 3]))


def test_an_arm_comes_from_a_frame_that_shows_it_as_it_looks() -> None:
    held, asked = np.stack([figure(), figure()]), figure()
    held[1, INDEX["left_wrist"], 0] += 60
    asked[INDEX["left_wrist"], 0] += 25
    pictures = looking_as_sketched(*held)
    assert known_as(pictures, held).choose(np.stack([asked] * 30)).first[ARM].tolist() == [0] * 30, "posed more alike"
    both = known_as([smeared(pictures[0], figure(), "left_wrist", "left_elbow"), pictures[1]], held)
    assert both.ready.clear[0, ARM] < both.ready.clear[1, ARM] - 0.2
    choice = both.choose(np.stack([asked] * 30))
    assert choice.first[ARM].tolist() == [1] * 30
    assert choice.first[LEG].tolist() == choice.first[TRUNK].tolist(), "legs are as their poses tell"


def test_a_clear_hand_is_taken_rather_than_one_that_is_turned_alike() -> None:
    turned = squatting()
    turned[[INDEX[f"left_{name}"] for name in ("pinky", "index", "thumb")], 0] += 6
    held, pictures = np.stack([figure(), turned]), [textured(one) for one in looking_as_sketched(figure(), turned)]
    asked = np.stack([figure()] * 30)
    assert known_as(pictures, held).choose(asked).first[HAND].tolist() == [0] * 30
    pictures[0] = smeared(pictures[0], figure(), "left_index")
    choice = known_as(pictures, held).choose(asked)
    assert choice.first[HAND].tolist() == [1] * 30
    assert choice.first[ARM].tolist() == choice.first[TRUNK].tolist() == [0] * 30, "of the hand alone"


def test_a_crisp_hand_is_taken_rather_than_one_that_moved_too_fast() -> None:
    pictures = [textured(one) for one in looking_as_sketched(figure(), figure())]
    blurred = cv2.GaussianBlur(pictures[0], (0, 0), 4)
    ready = known_as([blurred, pictures[1]], np.stack([figure()] * 2)).ready
    assert ready.clear[0, HAND] < 0.5 * ready.clear[1, HAND]
    assert ready.clear[0, ARM] > 0.7 * ready.clear[1, ARM], "of hands alone"


def test_hands_are_lent_by_pictures_of_hands_and_nothing_else_is() -> None:
    raised = waving(9)[8]
    bent, fingers = raised.copy(), [INDEX[f"left_{name}"] for name in ("pinky", "index", "thumb")]
    away = raised[fingers, :2] - raised[INDEX["left_wrist"], :2]
    bent[fingers, :2] = raised[INDEX["left_wrist"], :2] + 2 * away[:, ::-1] * (-1, 1)
    raised[fingers, :2] = raised[INDEX["left_wrist"], :2] + 2 * away
    pictures = [textured(one) for one in looking_as_sketched(bent, raised)]
    whole = Stills(pictures, np.stack([bent, raised]))
    cut = Stills(pictures * 2, np.concatenate((whole.points, whole.points)), (HAND, HAND))
    assert cut.whole == 2
    other = LIMBS.index("right hand")
    lends = cut.lending()
    assert lends[HAND].tolist() == [False, False, True, True]
    assert all(lends[limb].tolist() == [True, True, False, False] for limb in range(len(LIMBS)) if limb != HAND)
    assert whole.lending().all(), "as long as there are none"
    choice = Sources(cut, LOOKS, 200.0).choose(np.stack([bent] * 20 + [raised] * 20))
    assert choice.first[HAND].tolist() == [2] * 20 + [3] * 20
    assert choice.second[HAND].tolist() == [3] * 20 + [2] * 20
    for limb in range(len(LIMBS)):
        if limb != HAND:
            assert max(choice.first[limb].max(), choice.second[limb].max()) < 2
    assert choice.first[other].tolist() == choice.first[TRUNK].tolist()


def test_frames_are_gathered_that_differ() -> None:
    points = np.stack([figure()] * 20 + [waving(9)[8]] * 20 + [squatting()] * 2)
    chosen = gather(points, 200.0, 3)
    assert [place // 20 for place in chosen] == [0, 1, 2]
    assert len(gather(points[:2], 200.0, 50)) == 2


def test_of_frames_that_are_alike_those_are_gathered_in_which_limbs_rest() -> None:
    points = np.stack([figure()] * 6 + [waving(9)[8]] * 6)
    before, after = points.copy(), points.copy()
    moving = [place for place in range(12) if place not in (4, 9)]
    for name in ("wrist", "pinky", "index", "thumb"):
        before[moving, INDEX[f"left_{name}"], 0] -= 8
        after[moving, INDEX[f"left_{name}"], 0] += 8
    smeared = unlike.smears(before, after, 200.0)
    assert smeared.shape == (12, len(LIMBS))
    assert (smeared[moving][:, [ARM, HAND]] > 0).all()
    assert smeared[[4, 9]].max() == smeared[:, [TRUNK, LEG]].max() == 0
    assert gather(points, 200.0, 2, smeared) == [4, 9]
    assert smeared[0, HAND] == pytest.approx(1.5 * (8 / 200) ** 2, rel=1e-3)
    before[0] = np.nan
    assert np.isfinite(unlike.smears(before, after, 200.0)).all()


def test_an_empty_dance_borrows_nothing() -> None:
    assert known(figure()).choose(np.zeros((0, 33, 3), np.float32)).first.shape == (len(LIMBS), 0)


def test_long_dances_are_gone_through_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    raised = waving(9)[8]
    dance, two = np.stack([figure()] * 20 + [raised] * 20), known(figure(), raised)
    whole = two.choose(dance)
    monkeypatch.setattr(sources, "_PIECE", 7)
    pieces = two.choose(dance)
    assert np.array_equal(whole.first[ARM], pieces.first[ARM])
    assert pieces.first.shape == pieces.second.shape == whole.first.shape
    assert (pieces.first != pieces.second).all()


def test_with_the_frames_comes_the_sketch_of_the_pose_and_where_it_shows_arms() -> None:
    borrowed = known(figure(), squatting()).choose(figure()[None]).at(0)
    rough, arms, hands = borrowed.sketched((40, 60), (240, 250), 2)
    assert rough.shape == (125, 120, 4)
    elbow, knee = (((figure()[INDEX[name], :2] - (40, 60)) / 2).astype(int) for name in ("left_elbow", "left_knee"))
    assert arms[elbow[1], elbow[0]] == 1
    assert arms[knee[1], knee[0]] == 0
    wrist, knuckle = (figure()[INDEX[f"left_{name}"], :2] - (40, 60) for name in ("wrist", "index"))
    x, y = ((wrist + knuckle) / 4).astype(int)
    assert hands[y, x] == arms[y, x] == 1
    assert hands[elbow[1], elbow[0]] == 0
    assert rough[elbow[1], elbow[0]] == pytest.approx([127.5, 127.5, 127.5, 255])
    assert not rough[:, :10].any()
    assert not arms[:, :10].any()


def test_what_is_missing_of_a_limb_does_not_decide() -> None:
    """Missing landmarks have no place, so it must not matter where in the picture she stands."""
    up, asked = waving(9)[8], figure()
    for name in ("wrist", "pinky", "index", "thumb"):
        asked[INDEX[f"left_{name}"]] = (np.nan, np.nan, 0)
    beside = asked.copy()
    beside[:, 0] += 100
    here, there = (known(figure(), up).unlike(points[None]) for points in (asked, beside))
    for one, other in zip(here, there, strict=True):
        assert one == pytest.approx(other, abs=1e-6)
    posed = here[0][:, 0]
    assert posed[ARM, 0] == pytest.approx(posed[ARM, 1], abs=2e-3), "of the arm, only where the elbow is is known"
