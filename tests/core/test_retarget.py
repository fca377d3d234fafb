"""Retargeting: her bones, the driver's directions, feet on the driver's floor, and nothing lost on the way."""

from __future__ import annotations

import numpy as np
import pytest
from figures import track, unseen, waving

from dancekit.core import retarget
from dancekit.core.crops import feet_line
from dancekit.core.skeleton import HEAD, INDEX, NAMES
from dancekit.core.tracks import bone_lengths, found

BONES = {
    "upper arm": ("left_shoulder", "left_elbow"), "forearm": ("right_elbow", "right_wrist"),
    "thigh": ("left_hip", "left_knee"), "shin": ("right_knee", "right_ankle"), "foot": ("left_ankle", "left_foot"),
    "shoulders": ("left_shoulder", "right_shoulder"), "hips": ("left_hip", "right_hip"),
}  # fmt: skip
USUAL = retarget.proportions([track(waving(60))])
LANKY = {**USUAL, "thigh": USUAL["thigh"] * 1.25, "upper arm": USUAL["upper arm"] * 1.2, "trunk": USUAL["trunk"] * 0.8,
         "shoulders": USUAL["shoulders"] * 0.85, "head": USUAL["head"] * 0.9}  # fmt: skip


def length(points: np.ndarray, start: str, end: str) -> np.ndarray:
    return bone_lengths(points, [(start, end)])[:, 0]


def direction(points: np.ndarray, start: str, end: str) -> np.ndarray:
    """Unit vectors [T, 2]."""
    away = points[:, INDEX[end], :2] - points[:, INDEX[start], :2]
    return away / np.linalg.norm(away, axis=-1, keepdims=True)


def test_proportions_are_the_figures_own_at_any_size() -> None:
    small, large = (retarget.proportions([track(waving(60, height))]) for height in (90.0, 200.0))
    assert small == pytest.approx(large, rel=0.01)
    longer = waving(60)
    for side in ("left", "right"):
        below = [INDEX[f"{side}_{name}"] for name in ("ankle", "heel", "foot")]
        longer[:, below, :2] += 0.2 * (longer[:, below[:1], :2] - longer[:, [INDEX[f"{side}_knee"]], :2])
    assert 1.06 < retarget.proportions([track(longer)])["shin"] / large["shin"] < 1.2


def test_a_film_from_the_side_hardly_makes_a_person_narrow() -> None:
    narrow = waving(60)
    middle = narrow[..., INDEX["nose"] : INDEX["nose"] + 1, 0]
    narrow[..., 0] = middle + 0.3 * (narrow[..., 0] - middle)
    seen = retarget.proportions([track(narrow)])
    ratio = retarget.ratios(seen, USUAL)
    assert ratio["shoulders"] < 1.2, "her shoulders would be drawn three times as wide"
    assert ratio["hips"] < 1.2


def test_what_is_never_seen_has_the_usual_proportions() -> None:
    nobody = retarget.proportions([track(unseen(waving(10), *range(10)))])
    assert nobody["thigh"] == 0.24
    assert set(nobody) == set(USUAL)
    footless = waving(60)
    footless[:, [INDEX["left_foot"], INDEX["right_foot"]], :2] = np.nan
    assert retarget.proportions([track(footless)])["foot"] == 0.098


def test_foreshortened_views_and_stray_landmarks_do_not_change_proportions() -> None:
    points = waving(100)
    points[:70, INDEX["left_elbow"]] = points[:70, INDEX["left_shoulder"]]
    points[:5, INDEX["right_knee"], 0] += 200
    assert retarget.proportions([track(points)])["upper arm"] == pytest.approx(USUAL["upper arm"], rel=0.03)
    assert retarget.proportions([track(points)])["thigh"] == pytest.approx(USUAL["thigh"], rel=0.03)


def test_several_films_of_a_person_count_together() -> None:
    longer = waving(60)
    longer[:, INDEX["left_wrist"], :2] += longer[:, INDEX["left_wrist"], :2] - longer[:, INDEX["left_elbow"], :2]
    one, both = retarget.proportions([track(longer)]), retarget.proportions([track(waving(60)), track(longer)])
    assert both["forearm"] == pytest.approx(one["forearm"], rel=0.05)
    assert both["forearm"] > 1.3 * USUAL["forearm"]


def test_a_person_of_the_same_build_does_exactly_the_drivers_moves() -> None:
    driver = track(waving(60))
    same = retarget.retarget(driver, USUAL, dict(USUAL))
    assert same.points == pytest.approx(driver.points, abs=0.01)


def test_every_bone_gets_her_proportion_and_keeps_its_direction() -> None:
    driver = track(waving(60))
    moved = retarget.retarget(driver, USUAL, LANKY).points
    scale = length(moved, *BONES["shin"]) / length(driver.points, *BONES["shin"])
    assert np.ptp(scale) < 1e-4
    for name, (start, end) in BONES.items():
        ratio = length(moved, start, end) / length(driver.points, start, end)
        assert ratio == pytest.approx(scale * LANKY[name] / USUAL[name], rel=1e-3), name
        assert direction(moved, start, end) == pytest.approx(direction(driver.points, start, end), abs=1e-3)
    assert moved[..., 2] == pytest.approx(driver.points[..., 2])


def test_her_film_measures_what_sets_her_apart_but_not_more() -> None:
    measured = retarget.proportions([retarget.retarget(track(waving(60)), USUAL, LANKY)])
    for name in ("upper arm", "thigh", "shoulders", "trunk", "head"):
        whole = np.log(LANKY[name] / LANKY["shin"] / (USUAL[name] / USUAL["shin"]))
        found_ = np.log(measured[name] / measured["shin"] / (USUAL[name] / USUAL["shin"]))
        assert 0 < found_ / whole < 1, name


def test_both_stand_equally_tall_on_the_same_floor() -> None:
    points = waving(80)
    points[..., 1] -= (20 * np.abs(np.sin(np.arange(80) / 9)))[:, None]
    driver = track(points)
    moved = retarget.retarget(driver, USUAL, LANKY)
    assert np.median(feet_line(moved) - feet_line(driver)) == pytest.approx(0, abs=0.5)
    assert np.abs(feet_line(moved) - feet_line(driver)).max() < 2
    bones = (*BONES["thigh"], *BONES["shin"])
    legs = [length(p, *bones[:2]) + length(p, *bones[2:]) for p in (moved.points, driver.points)]
    assert (legs[0] > 1.02 * legs[1]).all(), "longer legs"
    top = [p[:, INDEX["nose"], 1] for p in (moved.points, driver.points)]
    assert top[0] == pytest.approx(top[1], abs=0.06 * 200)


def test_a_foreshortened_bone_stays_foreshortened() -> None:
    points = waving(60)
    elbow, wrist = INDEX["right_elbow"], INDEX["right_wrist"]
    points[:, wrist, :2] = points[:, elbow, :2] + 0.3 * (points[:, wrist, :2] - points[:, elbow, :2])
    moved = retarget.retarget(track(points), USUAL, LANKY).points
    whole = length(moved, "left_elbow", "left_wrist")
    assert length(moved, *BONES["forearm"]) == pytest.approx(0.3 * whole, rel=0.01)


@pytest.mark.parametrize("fit", ["scale", "none"])
def test_other_fits_keep_the_drivers_proportions(fit: str) -> None:
    driver = track(waving(10))
    assert (retarget.retarget(driver, USUAL, LANKY, fit).points == driver.points).all()


def test_what_hangs_from_a_missing_joint_goes_with_the_joint_above() -> None:
    points = waving(60)
    whole = retarget.retarget(track(points), USUAL, LANKY).points
    points[:, INDEX["left_elbow"]] = (np.nan, np.nan, 0)
    moved = retarget.retarget(track(points), USUAL, LANKY).points
    shoulder, wrist = INDEX["left_shoulder"], INDEX["left_wrist"]
    assert np.isnan(moved[:, INDEX["left_elbow"], 0]).all()
    shift = moved[:, shoulder, :2] - points[:, shoulder, :2]
    assert moved[:, wrist, :2] - points[:, wrist, :2] == pytest.approx(shift, abs=0.01)
    others = [i for i, name in enumerate(NAMES) if not name.startswith("left_")]
    assert moved[:, others] == pytest.approx(whole[:, others], abs=0.01)


@pytest.mark.parametrize("missing", [
    ("left_hip",), ("right_shoulder",), ("left_hip", "right_hip"), ("left_ear",), ("left_ear", "right_ear"),
])  # fmt: skip
def test_nothing_else_is_lost_with_a_missing_landmark_of_trunk_or_head(missing: tuple[str, ...]) -> None:
    points = waving(60)
    whole = retarget.retarget(track(points), USUAL, LANKY)
    places = [INDEX[name] for name in missing]
    points[:, places] = (np.nan, np.nan, 0)
    moved = retarget.retarget(track(points), USUAL, LANKY)
    assert np.flatnonzero(np.isnan(moved.points[..., 0]).any(0)).tolist() == sorted(places)
    assert found(moved).all()
    known = ~np.isnan(moved.points[..., 0])
    off = np.linalg.norm((moved.points - whole.points)[..., :2], axis=-1)[known]
    assert off.max() < 0.12 * 200, "and what is left stays about where it was"


def test_frames_without_anybody_stay_empty() -> None:
    moved = retarget.retarget(track(unseen(waving(60), 20, 21, 59)), USUAL, LANKY)
    assert np.flatnonzero(np.isnan(moved.points[:, :, 0]).all(1)).tolist() == [20, 21, 59]


def test_the_head_keeps_its_shape_and_gets_her_size() -> None:
    driver = track(waving(30))
    moved = retarget.retarget(driver, USUAL, LANKY).points
    head = [INDEX[name] for name in HEAD]
    ratio = retarget.ratios(USUAL, LANKY)["head"]
    centred = [p[:, head, :2] - p[:, head[:1], :2] for p in (moved, driver.points)]
    assert centred[0] == pytest.approx(ratio * centred[1], abs=0.01)


def test_a_larger_person_of_the_same_build_needs_no_change() -> None:
    larger = {name: 1.3 * share for name, share in USUAL.items()}
    assert retarget.ratios(USUAL, larger) == pytest.approx(dict.fromkeys(USUAL, 1.0))


def test_the_greatest_changes_are_told_in_words() -> None:
    changed = {"shin": 1.5 * USUAL["shin"], "trunk": 0.8 * USUAL["trunk"], "heel": 3 * USUAL["heel"]}
    told = retarget.explain(USUAL, {**USUAL, **changed})
    assert [change.split()[0] for change in told[:2]] == ["shin", "trunk"]
    assert [change.split()[-1] for change in told[:2]] == ["longer", "shorter"]
    assert "heel" not in str(told), "hands and feet are too small to speak of"
    assert retarget.explain(USUAL, USUAL) == []
    taller = retarget.explain(USUAL, {**USUAL, "shin": 2 * USUAL["shin"]})
    assert taller[0].startswith("shin")
    broad = retarget.explain(USUAL, {**USUAL, "shoulders": 1.2 * USUAL["shoulders"]})
    assert broad[0] == "shoulders 20% wider"
