"""Poses found against poses asked for: shifted and broken by known amounts."""

from __future__ import annotations

import numpy as np
import pytest
from figures import figure, unseen, waving

from dancekit.core import pose_error
from dancekit.core.skeleton import INDEX, REGIONS, J

HEIGHT = 200.0
HEIGHTS = np.full(4, HEIGHT, np.float32)


def poses() -> np.ndarray:
    return np.repeat(figure(HEIGHT)[None], 4, axis=0)


def moved(names: tuple[str, ...], share: float, times: tuple[int, ...] = (0, 1, 2, 3)) -> np.ndarray:
    """The poses with some landmarks aside by a share of the body's height, in some frames."""
    points = poses()
    for name in names:
        points[list(times), INDEX[name], 0] += share * HEIGHT
    return points


@pytest.mark.parametrize(("share", "right", "lost"), [(0, 1, 0), (0.09, 1, 0), (0.15, 0, 0), (0.25, 0, 1)])
def test_a_whole_pose_aside(share: float, right: float, lost: float) -> None:
    found = poses() + np.array([share * HEIGHT, 0, 0], np.float32)
    assert pose_error.pck(found, poses(), HEIGHTS) == right
    assert pose_error.lost_limbs(found, poses(), HEIGHTS) == lost


def test_distance_is_measured_by_the_bodys_height_in_each_frame() -> None:
    found = poses() + np.array([12, 16, 0], np.float32)
    assert pose_error.pck(found, poses(), HEIGHTS) == 1
    assert pose_error.pck(found, poses(), np.array([HEIGHT, 150, HEIGHT, 150])) == 0.5
    assert pose_error.pck(found, poses(), HEIGHTS, within=0.09) == 0


def test_a_hand_that_is_elsewhere_counts_as_one_landmark_and_one_limb() -> None:
    found = moved(("left_wrist",), 0.3)
    assert pose_error.pck(found, poses(), HEIGHTS) == pytest.approx((J - 1) / J)
    assert pose_error.lost_limbs(found, poses(), HEIGHTS) == pytest.approx(1 / len(REGIONS))
    both = moved(("left_wrist", "left_elbow", "right_knee"), 0.3, times=(2,))
    assert pose_error.lost_limbs(both, poses(), HEIGHTS) == pytest.approx(2 / len(REGIONS) / 4)


def test_a_limb_that_is_only_guessed_is_lost() -> None:
    found = poses()
    found[:, INDEX["right_ankle"], 2] = 0.1
    assert pose_error.pck(found, poses(), HEIGHTS) == 1, "it is where it should be"
    assert pose_error.lost_limbs(found, poses(), HEIGHTS) == pytest.approx(1 / len(REGIONS))


def test_where_nobody_is_found_all_is_wrong_and_lost() -> None:
    found = unseen(poses(), 1, 2)
    assert pose_error.pck(found, poses(), HEIGHTS) == 0.5
    assert pose_error.lost_limbs(found, poses(), HEIGHTS) == 0.5


def test_only_what_is_asked_for_counts() -> None:
    asked = unseen(poses(), 0, 1)
    asked[2, INDEX["nose"], 2] = 0.1
    found = moved(("nose",), 1.0)
    assert pose_error.pck(found, asked, HEIGHTS) == pytest.approx((2 * J - 2) / (2 * J - 1))
    assert pose_error.lost_limbs(found, asked, HEIGHTS) == pytest.approx(1 / (2 * len(REGIONS)))
    asked[3, [INDEX[name] for name in REGIONS["head"]]] = (np.nan, np.nan, 0)
    assert pose_error.lost_limbs(found, asked, HEIGHTS) == 0
    nothing = unseen(poses(), 0, 1, 2, 3)
    assert pose_error.pck(found, nothing, HEIGHTS) is None
    assert pose_error.lost_limbs(found, nothing, HEIGHTS) is None
    assert pose_error.pck(found, poses(), np.full(4, np.nan)) is None


def test_a_pose_rests_while_its_landmarks_hardly_move() -> None:
    points = np.repeat(figure(HEIGHT)[None], 6, axis=0)
    points[2:] += np.array([0.009 * HEIGHT, 0, 0])
    points[4:] += np.array([0, 0.011 * HEIGHT, 0])
    heights = np.full(6, HEIGHT)
    assert pose_error.resting(points, heights).tolist() == [True, True, True, False, True]
    assert pose_error.resting(points, heights / 2).tolist() == [True, False, True, False, True]
    assert pose_error.resting(unseen(points, 1), heights).tolist() == [False, False, True, False, True]
    assert not pose_error.resting(points, np.full(6, np.nan)).any()


def test_a_forearm_that_waves_alone_leaves_the_pose_at_rest() -> None:
    points = waving(60, HEIGHT)
    assert pose_error.resting(points, np.full(60, HEIGHT)).all()
    assert not pose_error.resting(points, np.full(60, HEIGHT), most=0.001).all()
