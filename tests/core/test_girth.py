"""Girth: capsules of known radii measured back, and nothing left of a person where she cannot be."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from figures import figure, unseen, waving

from dancekit.core import girth, maps, skeleton
from dancekit.core.skeleton import INDEX

SIZE, BODY = (220, 240), 200.0
NAMES = [skeleton.PARTS[channel].name for channel in maps.SEGMENT_CHANNELS]


def capsules(points: np.ndarray, radii: dict[str, float]) -> np.ndarray:
    """Alpha uint8 [H, W] of a figure with these radii (px) around its bones; others are thinner than usual."""
    pose = maps.segments(torch.from_numpy(points))
    apart = maps.squared_distances(pose.starts[None], pose.ends[None], SIZE)[0].sqrt().numpy()
    wide = np.array([radii.get(name, 0.02 * BODY) for name in NAMES])[:, None, None]
    return np.where((apart <= wide).any(0), 255, 0).astype(np.uint8)


def measured(radii: dict[str, float], frames: np.ndarray) -> dict[str, float]:
    """Girths in px by part; of parts of several bones the largest."""
    found = girth.measure([(points, capsules(points, radii)) for points in frames], BODY) * BODY
    return {name: max(found[place] for place, n in enumerate(NAMES) if n == name) for name in NAMES}


def test_radii_are_measured_back() -> None:
    usual = measured({}, waving(6, BODY, 110, 230))
    wide = measured({"left shin": 24.0}, waving(6, BODY, 110, 230))
    assert usual["left shin"] == pytest.approx(0.045 * BODY)
    assert wide["left shin"] == pytest.approx(24.0, rel=0.1)
    assert (wide["neck"], wide["left forearm"]) == (usual["neck"], usual["left forearm"])


def test_all_of_a_person_is_within_her_girth() -> None:
    frames = waving(6, BODY, 110, 230)
    alphas = [capsules(points, {"left shin": 24.0, "right forearm": 14.0, "mouth": 25.0}) for points in frames]
    reach = torch.from_numpy(girth.measure(zip(frames, alphas, strict=True), BODY) * BODY)
    nothing = girth.beyond(maps.segments(torch.from_numpy(frames)), reach, SIZE)[:, 0].numpy()
    assert nothing[np.stack(alphas) > 0].mean() < 0.001
    assert nothing.mean() > 0.4


def test_a_forearm_before_the_belly_is_no_wider_for_it() -> None:
    frames = np.stack([figure(BODY, 110, 230)] * 3)
    belly = frames[0, [INDEX["left_hip"], INDEX["right_shoulder"]], :2].mean(0)
    for joint in ("left_wrist", "left_index", "left_pinky", "left_thumb"):
        frames[:, INDEX[joint], :2] = belly
    assert measured({"left flank": 17.0, "right flank": 17.0}, frames)["left forearm"] < 0.04 * BODY


def test_frames_with_bones_missing_count_only_if_there_are_few_others() -> None:
    frames = waving(4, BODY, 110, 230)
    alphas = [capsules(points, {"left shin": 24.0}) for points in frames]
    hidden = frames.copy()
    hidden[2:, INDEX["left_knee"]] = np.nan
    hidden[2:, INDEX["left_knee"], 2] = 0
    whole = girth.measure(zip(frames[:2], alphas, strict=False), BODY)
    assert (girth.measure(zip(hidden, alphas, strict=True), BODY) == whole).all()
    shin = NAMES.index("left shin")
    mostly = [*zip(hidden[2:], alphas[2:], strict=True)] * 5 + [(frames[0], alphas[0])]
    assert girth.measure(mostly, BODY)[shin] <= whole[shin]
    assert (girth.measure(mostly, BODY) > whole).any()
    assert girth.measure(zip(hidden[2:], alphas[2:], strict=True), BODY)[shin] < whole[shin]


def test_a_film_without_anything_gives_the_usual() -> None:
    usual = girth.measure([], BODY)
    blank = np.zeros(SIZE[::-1], np.uint8)
    nobody = unseen(waving(1, BODY, 110, 230), 0)[0]
    assert (girth.measure([(waving(1, BODY, 110, 230)[0], blank), (nobody, blank + 255)], BODY) == usual).all()
    assert usual.shape == (len(NAMES),)
    assert (usual > 0.02).all()
    assert (usual < 0.1).all()


def shin_only(points: np.ndarray) -> np.ndarray:
    """The figure with nothing seen but a shin."""
    alone = np.full_like(points, np.nan)
    alone[:, 2] = 0
    ends = [INDEX["left_knee"], INDEX["left_ankle"]]
    alone[ends] = points[ends]
    return alone


def test_beyond_rises_from_nothing_to_one_around_a_bone() -> None:
    points = shin_only(figure(BODY, 110, 230))
    reach = torch.full((len(NAMES),), 20.0)
    nothing = girth.beyond(maps.segments(torch.from_numpy(points)), reach, SIZE)
    assert nothing.shape == (1, SIZE[1], SIZE[0])
    x, y = points[[INDEX["left_knee"], INDEX["left_ankle"]], :2].mean(0).round().astype(int)
    row = nothing[0, y, x:].numpy()
    assert (row[:22] == 0).all()
    assert (np.diff(row) >= 0).all()
    assert 0 < row[26] < 1
    assert (row[31:] == 1).all()


def test_several_poses_at_once_and_coarsely() -> None:
    poses = maps.segments(torch.from_numpy(waving(6, BODY, 110, 230)).unflatten(0, (2, 3)))
    reach = torch.full((len(NAMES),), 9.0)
    fine, coarse = girth.beyond(poses, reach, SIZE), girth.beyond(poses, reach, SIZE, 4)
    assert fine.shape == (2, 3, 1, SIZE[1], SIZE[0])
    assert coarse.shape == (2, 3, 1, SIZE[1] // 4, SIZE[0] // 4)
    assert (torch.nn.functional.avg_pool2d(fine.flatten(0, 1), 4) - coarse.flatten(0, 1)).abs().mean() < 0.01
    one = girth.beyond(maps.Segments(*(part[1, 2] for part in poses)), reach, SIZE)
    assert torch.allclose(one, fine[1, 2], atol=1e-4)


def test_where_no_bone_is_seen_nothing_is_known() -> None:
    points = unseen(waving(2, BODY, 110, 230), 1)
    nothing = girth.beyond(maps.segments(torch.from_numpy(points)), torch.full((len(NAMES),), 9.0), SIZE)
    assert nothing[0].any()
    assert not nothing[1].any()


def test_nothing_is_painted_where_the_person_cannot_be() -> None:
    points = figure(BODY, 110, 230)
    picture = np.full((*SIZE[::-1], 4), 200, np.uint8)
    faded = girth.faded(picture, points, np.full(len(NAMES), 20.0, np.float32))
    assert (faded[..., :3] == 200).all()
    middles = points[[INDEX["left_knee"], INDEX["right_wrist"], INDEX["nose"]], :2].round().astype(int)
    assert all(faded[y, x, 3] == 200 for x, y in middles)
    body = cv2.dilate(capsules(points, {}), np.ones((11, 11), np.uint8)) > 0
    assert (faded[body, 3] == 200).all()
    assert faded[235, 5, 3] == 0
    assert faded[5, 215, 3] == 0
    assert 0.01 < ((faded[..., 3] > 0) & (faded[..., 3] < 200)).mean() < 0.2, "the edge is soft"


def test_a_picture_that_is_all_hers_is_left_alone() -> None:
    picture = np.full((*SIZE[::-1], 4), 200, np.uint8)
    nowhere = unseen(waving(1, BODY, 110, 230), 0)[0]
    assert girth.faded(picture, nowhere, np.full(len(NAMES), 20.0, np.float32)) is picture
