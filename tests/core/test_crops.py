"""Cropping: the box holds the person, stays steady, and maps to and fro exactly."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from figures import figure, track, waving

from dancekit.core import crops
from dancekit.core.crops import Reach
from dancekit.core.skeleton import INDEX


def strolling(length: int = 150) -> np.ndarray:
    """The waving figure moves 150 px to the right and back."""
    points = waving(length, x=80.0)
    points[..., 0] += 75 * (1 - np.cos(np.linspace(0, 2 * np.pi, length)))[:, None]
    return points


def test_the_box_holds_the_person_throughout() -> None:
    moves = track(strolling())
    plan = crops.plan(moves, crops.extents(moves))
    low, high = moves.points[..., :2].min(1), moves.points[..., :2].max(1)
    assert (plan.boxes[:, :2] <= low).all()
    assert (plan.boxes[:, 2:] >= high).all()


def test_the_box_is_no_larger_than_it_must_be() -> None:
    moves = track(strolling())
    boxes = crops.plan(moves, crops.extents(moves)).boxes
    width, height = (boxes[:, 2:] - boxes[:, :2]).max(0)
    assert height < 1.35 * 200
    assert width < 1.3 * 200


def test_the_box_does_not_breathe_while_the_person_stays_as_far_away() -> None:
    moves = track(strolling())
    boxes = crops.plan(moves, crops.extents(moves)).boxes
    sizes = boxes[:, 2:] - boxes[:, :2]
    assert np.ptp(sizes, axis=0) == pytest.approx((0, 0), abs=1e-3)


def test_the_box_does_not_shake_with_a_waving_arm() -> None:
    moves = track(waving(150))
    boxes = crops.plan(moves, crops.extents(moves)).boxes
    hands = moves.points[:, INDEX["left_wrist"], 0]
    assert np.abs(np.diff(boxes[:, 0])).max() < 0.25 * np.abs(np.diff(hands)).max()


def test_the_box_grows_with_a_person_who_comes_nearer() -> None:
    points = np.stack([figure(height) for height in np.linspace(80, 240, 500)])
    moves = track(points)
    boxes = crops.plan(moves, crops.extents(moves)).boxes
    tall = boxes[:, 3] - boxes[:, 1]
    assert tall[-1] > 2 * tall[0]
    assert (boxes[:, 1] <= points[..., 1].min(1)).all()
    assert (boxes[:, 3] >= points[..., 1].max(1)).all()


def test_the_box_jumps_with_a_cut() -> None:
    points = waving(100, x=60.0)
    points[50:, :, 0] += 180
    moves = track(points, shots=(0, 50))
    boxes = crops.plan(moves, crops.extents(moves)).boxes
    middles = (boxes[:, 0] + boxes[:, 2]) / 2
    assert middles[50] - middles[49] == pytest.approx(180, abs=15)


def test_a_box_is_planned_also_where_nobody_is_seen() -> None:
    points = waving(80)
    points[30:50] = (np.nan, np.nan, 0)
    moves = track(points)
    assert np.isfinite(crops.plan(moves, crops.extents(moves)).boxes).all()


def test_cut_outs_widen_the_box_but_not_beyond_reason() -> None:
    moves = track(np.repeat(figure()[None], 30, axis=0))
    plain = crops.extents(moves)
    hair, flag = plain.copy(), plain.copy()
    hair[:, 1] -= 15
    flag[:, 1] -= 300
    assert crops.extents(moves, hair)[:, 1] == pytest.approx(plain[:, 1] - 15)
    assert crops.extents(moves, flag)[:, 1] == pytest.approx(plain[:, 1] - 0.2 * 200, rel=0.02)
    assert np.array_equal(crops.extents(moves, np.full((30, 4), np.nan, np.float32)), plain)


def test_large_people_are_stored_smaller() -> None:
    moves = track(np.repeat(figure(1500.0, 900.0, 1700.0)[None], 30, axis=0), size=(1920, 1920))
    plan = crops.plan(moves, crops.extents(moves))
    tall = float(plan.boxes[0, 3] - plan.boxes[0, 1])
    assert plan.size[1] / tall * 1500 == pytest.approx(448, rel=0.03)
    shape = (plan.boxes[0, 2] - plan.boxes[0, 0]) / tall
    assert plan.size[0] / plan.size[1] == pytest.approx(shape, rel=0.02)


def test_painting_keeps_the_bodys_size_and_grows_the_picture_where_moves_need_room() -> None:
    moves = track(waving(60))
    plan = crops.painting_plan(moves, 100.0, (64, 128), 16)
    scale = plan.size[1] / (plan.boxes[:, 3] - plan.boxes[:, 1])
    assert scale * 200 == pytest.approx(np.full(60, 100.0), rel=0.02)
    assert plan.size[0] % 16 == 0
    assert plan.size[1] >= 128
    inside = crops.points_to_crop(moves.points, plan.boxes, plan.size)
    assert inside[..., :2].min() >= 0
    assert (inside[..., :2].max((0, 1)) <= plan.size).all()


def test_training_takes_the_nominal_size_or_the_persons_shape_of_as_many_px() -> None:
    assert crops.training_size(Reach(0.5, 1.25), (128, 256), 16, follow=False) == ((128, 256), 204.8)
    assert crops.training_size(Reach(0.5, 1.25), (113, 225), 16, follow=False)[0] == (112, 224), "as networks need it"
    (width, height), body = crops.training_size(Reach(1.0, 1.0), (128, 256), 16, follow=True)
    assert (width, height) == (176, 176)
    assert body == pytest.approx(176)
    assert width * height == pytest.approx(128 * 256, rel=0.1)


def test_the_person_always_fits_the_training_picture() -> None:
    for reach in (Reach(0.4, 1.3), Reach(1.4, 1.1), Reach(0.9, 1.25)):
        for follow in (True, False):
            (width, height), body = crops.training_size(reach, (112, 224), 16, follow)
            assert body * reach.width <= width + 1e-6
            assert body * reach.height <= height + 1e-6
            assert width % 16 == height % 16 == 0


def test_points_and_pictures_go_to_the_same_place() -> None:
    rows, columns = np.mgrid[0:200, 0:300] + 0.5
    spot = 255 * np.exp(-((columns - 150) ** 2 + (rows - 90) ** 2) / 50)
    for box, size in (((100.0, 40.0, 200.0, 140.0), (50, 50)), ((120.5, 70.25, 180.5, 110.25), (120, 80)),
                      ((100.3, 40.7, 221.9, 160.0), (50, 50)), ((61.3, -3.2, 262.9, 171.0), (41, 36)),
                      ((100.0, 40.0, 193.0, 133.0), (50, 50))):  # fmt: skip
        warped = crops.warp(spot.astype(np.float32), np.array(box), size)
        down, across = np.mgrid[0 : size[1], 0 : size[0]] + 0.5
        middle = (across * warped).sum() / warped.sum(), (down * warped).sum() / warped.sum()
        points = crops.points_to_crop(np.array([[[150.0, 90.0, 1.0]]]), np.array([box]), size)
        assert middle == pytest.approx(tuple(points[0, 0, :2]), abs=0.02)


def test_a_crop_put_back_lies_where_it_was_taken() -> None:
    picture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (120, 160), np.uint8), (0, 0), 4)
    box, size = np.array([30.0, 20.0, 110.0, 100.0]), (160, 160)
    crop = crops.warp(picture, box, size)
    back = cv2.warpAffine(crop, crops.from_crop(box, size), (160, 120), flags=cv2.INTER_LINEAR)
    assert np.abs(back[25:95, 35:105].astype(int) - picture[25:95, 35:105]).max() <= 3


def test_beyond_the_picture_its_edge_is_repeated() -> None:
    picture = np.full((40, 40, 3), 90, np.uint8)
    picture[:, -1] = 200
    warped = crops.warp(picture, np.array([20.0, -20.0, 80.0, 60.0]), (30, 40))
    assert (warped[:, 12:] == 200).all()
    assert (warped[:, :8] == 90).all()


def test_what_the_film_showed_is_a_rectangle_of_the_crop() -> None:
    box = np.array([-20.0, 10.0, 80.0, 110.0])
    known = crops.known_rectangle(box, (50, 50), (0.0, 0.0, 60.0, 90.0))
    assert known.tolist() == [10, 0, 40, 40]


def test_the_feet_line_is_that_of_the_lowest_foot() -> None:
    points = np.repeat(figure(floor=300.0)[None], 3, axis=0)
    points[1, [INDEX["left_heel"], INDEX["left_foot"]], 1] -= 40
    points[2, :, 1] = np.nan
    line = crops.feet_line(track(points))
    assert line[:2].tolist() == [300, 300]
    assert np.isnan(line[2])


def test_a_few_frames_from_nearby_cost_the_others_no_detail() -> None:
    usual = waving(300, 700.0, 900.0, 1000.0)
    near = waving(60, 2100.0, 900.0, 2100.0)
    alone, both = (
        track(points, (1920, 1080), shots=shots)
        for points, shots in ((usual, (0,)), (np.concatenate((usual, near)), (0, 300)))
    )
    plans = [crops.plan(moves, crops.extents(moves)) for moves in (alone, both)]
    bodies = [700 * plan.size[1] / (plan.boxes[0, 3] - plan.boxes[0, 1]) for plan in plans]
    assert bodies[1] == pytest.approx(bodies[0], rel=0.02)
