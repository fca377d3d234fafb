"""Warping: a picture is where its pose is, limbs move with their bones, and what is hidden is asked of the next."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from figures import figure, waving

from dancekit.core import limbs, sketch, views, warp
from dancekit.core.limbs import LIMBS, Bars
from dancekit.core.skeleton import INDEX
from dancekit.core.views import Source
from dancekit.core.warp import Laid, Mix

SIZE = (320, 320)
WIDTHS = sketch.USUAL * np.float32(200)
AS_SKETCHED = np.ones((SIZE[1] // limbs.CELL, SIZE[0] // limbs.CELL), np.float32)
ELBOW, WRIST = INDEX["left_elbow"], INDEX["left_wrist"]


def bars(points: np.ndarray) -> Bars:
    return limbs.bars_of(points[None]).at(0)


def solid(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((SIZE[1], SIZE[0], 4), (*colour, 255), np.uint8)


def chequered() -> np.ndarray:
    """Smooth colours that differ everywhere."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float32)
    waves = (128 + 100 * np.sin(x / 9), 128 + 100 * np.sin(y / 7), 128 + 100 * np.cos((x + y) / 11))
    return np.dstack((*waves, np.full_like(x, 255))).astype(np.uint8)


def source(picture: np.ndarray, points: np.ndarray) -> Source:
    return views.source_of(picture, bars(points), WIDTHS, AS_SKETCHED)[0]


def seen(picture: np.ndarray, points: np.ndarray, as_sketched: np.ndarray = AS_SKETCHED) -> views.Seen:
    return views.source_of(picture, bars(points), WIDTHS, as_sketched)[1]


def everywhere(*tiers: Mix) -> list[list[Mix]]:
    return [list(tiers)] * len(LIMBS)


def laid(points: np.ndarray, *tiers: Mix) -> np.ndarray:
    picture, known, *_ = warp.lay(bars(points), WIDTHS, SIZE, everywhere(*tiers))
    return np.where(known[..., None] > 0.5, picture, 0)


def at(picture: np.ndarray, point: np.ndarray) -> np.ndarray:
    return picture[int(point[1]), int(point[0])].astype(int)


def test_a_picture_stays_as_it_is_in_its_own_pose() -> None:
    picture = chequered()
    result = laid(figure(), [(source(picture, figure()), 1.0)])
    there = result[..., 3] == 255
    assert there.mean() > 0.1
    apart = np.abs(result[there].astype(int) - picture[there])
    assert apart.mean() < 0.5
    assert np.quantile(apart, 0.99) <= 5
    assert result[0, 0].tolist() == [0, 0, 0, 0], "nothing is far from her"


@pytest.mark.parametrize("size", [(320, 320), (317, 307)])
def test_a_picture_goes_along_when_all_of_the_pose_moves(size: tuple[int, int]) -> None:
    picture, moved = chequered(), figure()
    moved[:, :2] += (20, -10)
    result, known, *_ = warp.lay(bars(moved), WIDTHS, size, everywhere([(source(picture, figure()), 1.0)]))
    assert result.shape == (size[1], size[0], 4)
    assert known.shape == (size[1], size[0])
    there = known > 0.9
    assert there.mean() > 0.1
    wanted = np.roll(picture, (-10, 20), (0, 1))[: size[1], : size[0]]
    assert np.abs(result[there].astype(int) - wanted[there]).mean() < 0.5


def test_a_forearm_takes_along_what_is_painted_on_it() -> None:
    picture, raised = solid((20, 40, 60)), waving(9)[8]
    here, there = figure()[[ELBOW, WRIST], :2].mean(0), raised[[ELBOW, WRIST], :2].mean(0)
    assert np.linalg.norm(here - there) > 10
    cv2.circle(picture, (int(here[0]), int(here[1])), 4, (250, 0, 0, 255), -1)
    result = laid(raised, [(source(picture, figure()), 1.0)])
    assert at(result, there)[0] > 220
    assert at(result, there + np.array([9, 0]))[0] < 60


def across_the_belly() -> np.ndarray:
    points = figure()
    points[WRIST, :2] = points[INDEX["right_elbow"], :2] + (8, 5)
    for name in ("pinky", "index", "thumb"):
        points[INDEX[f"left_{name}"], :2] = points[WRIST, :2] - (8, 0)
    return points


def test_what_an_arm_hides_is_asked_of_the_next_picture() -> None:
    points = across_the_belly()
    belly = points[[ELBOW, WRIST], :2].mean(0)
    first = source(solid((200, 0, 0)), points)
    assert at(laid(figure(), [(first, 1.0)]), belly).tolist() == [0, 0, 0, 0], "an arm is no belly"
    filled = laid(figure(), [(first, 1.0)], [(source(solid((0, 200, 0)), figure()), 1.0)])
    assert at(filled, belly).tolist() == [0, 200, 0, 255]
    shoulders = figure()[[INDEX["left_shoulder"], INDEX["right_shoulder"]], :2].mean(0)
    chest = shoulders + np.array([0, 10])
    assert at(filled, chest).tolist() == [200, 0, 0, 255], "only what is hidden"


def test_how_much_a_picture_shows_of_a_limb_is_known() -> None:
    trunk, arm = LIMBS.index("trunk"), LIMBS.index("left arm")
    plain, hidden = (seen(solid((1, 1, 1)), points).shown for points in (figure(), across_the_belly()))
    assert plain.min() > 0.6
    assert hidden[trunk] < plain[trunk] - 0.03
    assert seen(np.zeros((*SIZE, 4), np.uint8), figure()).shown[arm] == 0, "nobody is there"


def test_only_what_looks_as_it_should_is_clear() -> None:
    as_sketched = AS_SKETCHED.copy()
    left, top = (figure()[ELBOW, :2] / limbs.CELL).astype(int) - 10
    as_sketched[top : top + 20, left : left + 20] = 0.25
    shown, all_of_it = seen(solid((1, 1, 1)), figure())[:2]
    clear = seen(solid((1, 1, 1)), figure(), as_sketched).clear
    arm = LIMBS.index("left arm")
    assert 0.25 * all_of_it[arm] < clear[arm] < 0.9 * all_of_it[arm]
    others = [limb for limb, name in enumerate(LIMBS) if name.startswith("right")]
    assert clear[others].tolist() == all_of_it[others].tolist()
    assert (all_of_it <= shown + 1e-6).all()


def test_a_limb_that_crosses_another_is_less_clear_than_one_beside_it() -> None:
    arm = LIMBS.index("left arm")
    plain, crossing = (seen(solid((1, 1, 1)), points) for points in (figure(), across_the_belly()))
    assert crossing.shown[arm] > 0.8
    assert crossing.clear[arm] < plain.clear[arm] - 0.05
    assert crossing.shown[arm] > plain.shown[arm] - 0.04


def test_a_hand_may_come_from_a_picture_of_its_own() -> None:
    given = everywhere([(source(solid((200, 0, 0)), figure()), 1.0)])
    given[LIMBS.index("left hand")] = [[(source(solid((0, 100, 0)), figure()), 1.0)]]
    result = warp.lay(bars(figure()), WIDTHS, SIZE, given).picture
    knuckle = figure()[INDEX["left_index"], :2]
    assert at(result, knuckle).tolist() == [0, 100, 0, 255]
    assert at(result, figure()[[ELBOW, WRIST], :2].mean(0)).tolist() == [200, 0, 0, 255]


def test_pictures_are_mixed_by_their_shares_and_limbs_have_pictures_of_their_own() -> None:
    one, two = (source(solid(colour), figure()) for colour in ((200, 0, 0), (0, 100, 0)))
    given = everywhere([(one, 0.75), (two, 0.25)])
    given[LIMBS.index("left leg")] = [[(two, 1.0)]]
    result = warp.lay(bars(figure()), WIDTHS, SIZE, given).picture
    knees = [at(result, figure()[INDEX[f"{side}_knee"], :2] + (0, 20)) for side in ("left", "right")]
    assert knees[0].tolist() == [0, 100, 0, 255]
    assert knees[1] == pytest.approx([150, 25, 0, 255], abs=1)


def test_nobody_is_laid_where_no_bone_is_known() -> None:
    points = figure()
    points[:] = (np.nan, np.nan, 0)
    assert not laid(points, [(source(solid((9, 9, 9)), figure()), 1.0)]).any()


TROUSERS, SKIN = (30, 30, 90), (200, 150, 130)
HAND = LIMBS.index("left hand")


def arm_before(behind: np.ndarray, thick: int = 8, points: np.ndarray | None = None) -> np.ndarray:
    """The left arm of the figure, or of another pose, so many px thick, before something."""
    picture, points = behind.copy(), figure() if points is None else points
    places = [tuple(points[INDEX[f"left_{name}"], :2].astype(int)) for name in ("elbow", "wrist", "index")]
    for start, end in pairwise(places):
        cv2.line(picture, start, end, (*SKIN, 255), thick)
    return picture


def test_clothes_beside_a_hand_do_not_come_along() -> None:
    raised = waving(9)[8]
    result = laid(raised, [(source(arm_before(solid(TROUSERS)), figure()), 1.0)])
    wrist, knuckle = raised[WRIST, :2], raised[INDEX["left_index"], :2]
    along = (knuckle - wrist) / np.linalg.norm(knuckle - wrist)
    middle, aside = (wrist + knuckle) / 2, np.array([-along[1], along[0]])
    assert np.abs(at(result, middle)[:3] - SKIN).max() < 20
    width = WIDTHS[sketch.BAR_NAMES.index("left hand")]
    for side in (1.6, -1.6):
        assert at(result, middle + side * width * aside)[3] < 30


def test_a_hand_with_nothing_beside_it_is_clearer() -> None:
    nothing = np.zeros_like(solid(SKIN))
    alone, among = (seen(arm_before(behind, 14), figure()) for behind in (nothing, solid(SKIN)))
    assert alone.shown[HAND] == pytest.approx(among.shown[HAND], abs=0.1)
    assert alone.clear[HAND] > 1.2 * among.clear[HAND]


def hand_in(picture: np.ndarray, points: np.ndarray, trust: float = 1.0) -> Source:
    """A picture whose left hand may be seen as it is."""
    found = source(picture, points)
    found.trust[HAND] = trust
    return found


def trusted_in(found: Laid) -> np.ndarray:
    """Where any hand of a pose is to be seen as it is."""
    trusted = np.zeros(SIZE[::-1], np.float32)
    for hand in found.held:
        np.maximum(trusted[hand.box], hand.trusted, out=trusted[hand.box])
    return trusted


def test_a_hand_with_nothing_beside_it_may_be_seen_as_it_is() -> None:
    lone, held = waving(9)[8], across_the_belly()
    raised = hand_in(arm_before(np.zeros_like(solid(SKIN)), 8, lone), lone)
    for asked, given, least, most in (
        (lone, raised, 0.95, 1.0),
        (held, raised, 0.0, 0.05),
        (lone, hand_in(solid(SKIN), held), 0.0, 0.05),
        (lone, raised._replace(trust=0 * raised.trust), 0.0, 0.0),
    ):
        knuckle = asked[INDEX["left_index"], :2]
        trusted = trusted_in(warp.lay(bars(asked), WIDTHS, SIZE, everywhere([(given, 1.0)])))
        assert least <= trusted[int(knuckle[1]), int(knuckle[0])] <= most
        assert trusted[:100].max() == trusted[260:].max() == 0, "only hands are"


def test_a_hand_before_the_body_is_laid_over_what_another_picture_shows_beneath_it() -> None:
    lone, apart = waving(9)[8], figure()
    belly = apart[[INDEX[f"{side}_{name}"] for side in ("left", "right") for name in ("shoulder", "hip")], :2].mean(0)
    for side, away in (("left", 40), ("right", -40)):
        for name in ("elbow", "wrist", "pinky", "index", "thumb"):
            apart[INDEX[f"{side}_{name}"], 0] += away
    held = apart.copy()
    for name in ("wrist", "pinky", "index", "thumb"):
        place = INDEX[f"left_{name}"]
        held[place, :2] = belly - (lone[place, :2] - lone[WRIST, :2])
    given = everywhere([(source(solid(TROUSERS), apart), 1.0)])
    given[HAND] = [[(hand_in(arm_before(np.zeros_like(solid(SKIN)), 8, lone), lone), 1.0)]]
    result = warp.lay(bars(held), WIDTHS, SIZE, given)
    wrist, knuckle = held[WRIST, :2], held[INDEX["left_index"], :2]
    along = (knuckle - wrist) / np.linalg.norm(knuckle - wrist)
    middle, aside = (wrist + knuckle) / 2, np.array([-along[1], along[0]])
    assert np.abs(at(result.picture, middle)[:3] - SKIN).max() < 20
    width = WIDTHS[sketch.BAR_NAMES.index("left hand")]
    for side in (1.6, -1.6):
        assert np.abs(at(result.picture, middle + side * width * aside) - (*TROUSERS, 255)).max() < 20
    (hand,) = result.held
    x, y = middle.astype(int) - [side.start for side in hand.box[::-1]]
    assert [part[y, x] for part in hand[1:]] == pytest.approx([1, 1, 1], abs=0.05)
    smaller = hand.shrunk(2)
    assert smaller.box == tuple(slice(side.start // 2, -(-side.stop // 2)) for side in hand.box)
    assert smaller.cover[y // 2, x // 2] == pytest.approx(1, abs=0.05)
    assert smaller.cover.shape == tuple(side.stop - side.start for side in smaller.box)


def test_where_two_hands_are_mixed_what_is_beside_one_is_not_seen() -> None:
    lone, nothing = waving(9)[8], np.zeros_like(solid(SKIN))
    hand = arm_before(nothing, 14, lone)
    beside, middle = hand.copy(), lone[[WRIST, INDEX["left_index"]], :2].mean(0)
    place = middle + 2.6 * WIDTHS[sketch.BAR_NAMES.index("left hand")] * np.array([0, 1])
    cv2.circle(beside, tuple(place.astype(int)), 3, (*TROUSERS, 255), -1)
    given = everywhere([(hand_in(hand, lone), 0.6), (hand_in(beside, lone), 0.4)])
    result = warp.lay(bars(lone), WIDTHS, SIZE, given)
    assert np.abs(at(result.picture, middle) - (*SKIN, 255)).max() < 20
    assert trusted_in(result)[int(place[1]), int(place[0])] > 0.9
    assert at(result.picture, place)[3] < 20


def test_a_hand_that_is_much_longer_there_is_not() -> None:
    lone = waving(9)[8]
    short, (wrist, knuckle) = lone.copy(), lone[[WRIST, INDEX["left_index"]], :2]
    fingers = [INDEX[f"left_{name}"] for name in ("pinky", "index", "thumb")]
    short[fingers, :2] = lone[WRIST, :2] + 0.4 * (lone[fingers, :2] - lone[WRIST, :2])
    given = everywhere([(hand_in(np.zeros_like(solid(SKIN)), short), 1.0)])
    middle = (wrist + knuckle) / 2
    assert trusted_in(warp.lay(bars(lone), WIDTHS, SIZE, given))[int(middle[1]), int(middle[0])] == 0


def test_more_detail_is_seen_in_a_hand_with_fingers_than_in_a_smeared_one() -> None:
    blank = arm_before(np.zeros_like(solid(SKIN)), 14)
    fingers = blank.copy()
    wrist, knuckle = figure()[WRIST, :2], figure()[INDEX["left_index"], :2]
    for share in (0.3, 0.6, 0.9):
        place = wrist + share * (knuckle - wrist)
        cv2.circle(fingers, tuple(place.astype(int)), 1, (90, 60, 50, 255), -1)
    plain, fine, faint = (seen(one, figure()).detail[HAND] for one in (blank, fingers, fingers // 2))
    assert fine > plain + 2
    assert faint < 0.1 * fine, "one sees through it"


def test_a_hand_that_reaches_out_of_the_film_is_not_seen_as_it_is() -> None:
    lone = waving(9)[8]
    raised = arm_before(np.zeros_like(solid(SKIN)), 8, lone)
    assert seen(raised, lone).alone[HAND] > 0.9
    across = int(lone[[WRIST, INDEX["left_index"]], 0].mean())
    assert seen(raised[:, :across], lone, AS_SKETCHED[:, : -(-across // limbs.CELL)]).alone[HAND] == 0
