"""Films that are no films, or poor ones: refused in words with nothing lost, or used as far as they go."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from figures import track, waving
from trouble import contents, cut_short, empty_film, film, kept, moved_right, performance, refused, remade, within

from dancekit import prepare
from dancekit.core import spans
from dancekit.core.skeleton import INDEX
from dancekit.io import clips, video
from dancekit.pose import keypoints


def _missing(films: Path, path: Path) -> None:
    """No file at all."""


def _text(films: Path, path: Path) -> None:
    path.write_text("Dear diary, today I danced.\n")


def _nothing(films: Path, path: Path) -> None:
    path.touch()


def _folder(films: Path, path: Path) -> None:
    path.mkdir()


def _no_frames(films: Path, path: Path) -> None:
    remade(films / "driver.mp4", path, "-an", "-frames:v", "0")


def _sound(films: Path, path: Path) -> None:
    remade(films / "driver.mp4", path, "-vn", "-c:a", "copy")


def _one_frame(films: Path, path: Path) -> None:
    remade(films / "driver.mp4", path, "-an", "-frames:v", "1")


def _without_index(films: Path, path: Path) -> None:
    cut_short(remade(films / "driver.mp4", path.with_suffix(".mov"), "-c", "copy"), path)


NO_FILMS = [
    (_missing, "there is no such file", "Check the name"),
    (_text, "this is not a film", "Copy it from the camera again"),
    (_nothing, "the file is empty", "Copy it from the camera again"),
    (_folder, "this is a folder", "Name the film"),
    (_no_frames, "the film holds no frames", "Copy it from the camera again"),
    (_without_index, "cut short (its index is missing)", "Copy it from the camera again"),
    (_sound, "sound but no pictures", "Give the film itself"),
    (_one_frame, "a still picture, not a film", "give a film, such as an .mp4 or .mov"),
]


@pytest.mark.parametrize(("make", "problem", "hint"), NO_FILMS, ids=[make.__name__ for make, _, _ in NO_FILMS])
def test_what_is_no_film_cannot_be_prepared(
    films: Path, home: Path, tmp_path: Path, make: Callable[[Path, Path], None], problem: str, hint: str
) -> None:
    path = tmp_path / "clip.mp4"
    make(films, path)
    with kept(home, exactly=True):
        said = refused("prepare", path, home=home)
    assert str(path) in said
    assert problem in said
    assert hint in said


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_picture_given_as_a_film_is_explained(films: Path, home: Path, tmp_path: Path, suffix: str) -> None:
    picture = remade(films / "driver.mp4", tmp_path / f"me{suffix}", "-frames:v", "1")
    with kept(home, exactly=True):
        said = refused("prepare", picture, home=home)
    assert f"me{suffix}: this is a still picture, not a film" in said
    assert "dancekit needs movement: give a film" in said


@pytest.mark.parametrize("verb", ["prepare", "transfer"])
def test_a_film_that_breaks_off_is_refused_with_the_second_up_to_which_it_is_good(
    films: Path, home: Path, tmp_path: Path, verb: str
) -> None:
    path = cut_short(films / "driver.mp4", tmp_path / "cut.mp4", 0.6)
    with kept(home, exactly=True):
        said = refused(verb, path, home=home, cwd=tmp_path)
    assert f"{path}: the film is cut short or damaged" in said
    good = float(said.rpartition("--end ")[2])
    assert 0.3 < good < 1.6
    assert contents(tmp_path).keys() == {"cut.mp4", *(f"dance/{name}" for name in contents(home))}


@pytest.mark.parametrize("verb", ["prepare", "transfer"])
def test_a_film_without_anybody_is_refused_and_leaves_nothing_behind(home: Path, tmp_path: Path, verb: str) -> None:
    path = empty_film(tmp_path / "room.mp4")
    with kept(home, exactly=True):
        said = refused(verb, path, home=home, cwd=tmp_path)
    assert f"{path}: no person was found in this film" in said
    assert "The whole body should be in the picture" in said
    assert not (home / ".moves").exists()
    assert not list(tmp_path.glob(".*"))


def test_a_new_home_is_not_even_begun_for_a_useless_film(tmp_path: Path) -> None:
    refused("prepare", empty_film(tmp_path / "room.mp4"), "--as", "anna", home=tmp_path / "new")
    assert contents(tmp_path).keys() == {"room.mp4"}
    assert not (tmp_path / "new").exists()


def test_three_frames_are_too_few_to_learn_from(home: Path, tmp_path: Path) -> None:
    path = film(tmp_path / "blink.mp4", performance(40)[0][:3])
    with kept(home, exactly=True):
        said = refused("prepare", path, home=home)
    assert f"{path}: too short to learn from: a person is seen in 3 frames" in said
    assert "At least 20 frames are needed" in said


def test_three_frames_are_enough_to_dance_to(home: Path, tmp_path: Path) -> None:
    path = film(tmp_path / "blink.mp4", performance(40)[1][:3])
    done = within("transfer", path, "--out", "out.mp4", "--json", home=home, cwd=tmp_path)
    assert done.json["frames"] == 3
    assert (tmp_path / "out.mp4").is_file()


def prepared(home: Path, path: Path, *options: object) -> tuple[clips.Clip, list[str]]:
    """Prepare a film; the clip and what was said of it."""
    said = within("prepare", path, *options, "--as", "anna", "--json", home=home).json
    return clips.load(home / "anna" / "clips" / path.stem), said["clips"][0]["verdict"]


def test_half_a_body_is_used_with_a_warning_of_what_will_be_poor(tmp_path: Path) -> None:
    path = film(tmp_path / "bust.mp4", [frame[20:170] for frame in performance(40)[0]])
    clip, verdict = prepared(tmp_path / "dance", path)
    assert clip.used.sum() >= 20
    warning = next(line for line in verdict if "rarely seen" in line)
    assert warning.startswith("Note: ")
    for region in ("left leg", "right leg", "feet"):
        assert region in warning
    assert "cannot be learnt" in warning
    assert "Film the whole body" in warning
    found = {one["name"]: one["what"] for one in within("doctor", "--json", home=tmp_path / "dance").json["findings"]}
    rare = warning.removeprefix("Note: rarely seen: ").partition(".")[0]
    assert f"; rarely seen, and so guessed or missing when she dances: {rare}; not trained yet" in found["person anna"]


@pytest.fixture(scope="module")
def couple(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two dancers side by side: the subject on the left, the driver on the right."""
    folder = tmp_path_factory.mktemp("couple")
    return film(folder / "couple.mp4", map(np.hstack, zip(*performance(40), strict=True)))


def places(clip: clips.Clip) -> np.ndarray:
    """Where the person is from left to right in every frame, in px of the film."""
    return np.nanmean(clip.track.points[clip.used][..., 0], axis=1)


def test_one_of_several_people_is_followed_steadily_and_it_is_said(couple: Path, tmp_path: Path) -> None:
    clip, verdict = prepared(tmp_path / "dance", couple)
    assert clip.used.all()
    left = places(clip) < 240
    assert left.all() or not left.any(), "the same one throughout"
    note = next(line for line in verdict if "several people" in line)
    assert "is followed" in note
    assert "--pick X,Y" in note


def test_the_larger_of_two_is_followed(tmp_path: Path) -> None:
    for side in (0, 1):
        small = [frame[::2, ::2] for frame in performance(40)[1 - side]]
        padded = [np.pad(frame, ((120, 40), (60, 60), (0, 0)), mode="edge") for frame in small]
        pair = (performance(40)[side], padded) if side == 0 else (padded, performance(40)[side])
        path = film(tmp_path / f"larger-{side}.mp4", map(np.hstack, zip(*pair, strict=True)))
        clip, _ = prepared(tmp_path / "dance", path)
        assert (places(clip) > 240).all() == bool(side)
        assert (places(clip) < 240).all() != bool(side)


@pytest.mark.parametrize(("place", "left"), [("120,160", True), ("360,160", False)])
def test_pick_chooses_whom_to_follow(couple: Path, tmp_path: Path, place: str, left: bool) -> None:
    clip, verdict = prepared(tmp_path / "dance", couple, "--pick", place)
    assert clip.used.all()
    assert ((places(clip) < 240) == left).all()
    assert not any("several people" in line for line in verdict)


def test_pick_is_in_px_of_the_film_however_large_it_is_read(
    couple: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "LONGEST_SIDE", 240)
    clip, _ = prepared(tmp_path / "dance", couple, "--pick", "360,160")
    assert clip.track.size == (240, 160)
    assert (places(clip) > 120).all()
    said = refused("prepare", couple, "--pick", "5000,160", home=tmp_path / "other")
    assert "480x320" in said
    there = [tuple(map(int, place.split(","))) for place in re.findall(r"\d+,\d+", said.splitlines()[1])]
    assert sorted(across > 240 for across, _ in there) == [False, True]


def test_pick_of_a_place_where_nobody_stands_is_refused_with_the_places_of_people(couple: Path, home: Path) -> None:
    with kept(home, exactly=True):
        said = refused("prepare", couple, "--pick", "5000,160", home=home)
    assert "nobody was found at --pick 5000,160" in said
    assert "480x320" in said
    there = [tuple(map(int, place.split(","))) for place in re.findall(r"\d+,\d+", said.splitlines()[1])]
    assert sorted(across > 240 for across, _ in there) == [False, True]


def test_several_drivers_are_said_too(couple: Path, home: Path, tmp_path: Path) -> None:
    said = within("transfer", couple, "--end", "0.6", "--json", home=home, cwd=tmp_path).json["notes"]
    assert any("Several people are in couple.mp4" in note and "--pick" in note for note in said)


def test_a_cut_splits_the_film_and_no_window_crosses_it(tmp_path: Path) -> None:
    first, second = performance(40)
    clip, verdict = prepared(tmp_path / "dance", film(tmp_path / "cuts.mp4", [*first[:25], *second[:27]]))
    assert clip.track.shots == (0, 25)
    assert any("2 shots" in line and "none across a cut" in line for line in verdict)
    starts = spans.windows(clip.used, clip.track.shots, 3, 1)
    assert len(starts) == (25 - 2) + (27 - 2), "every window within a shot, and none across the cut"
    assert not {23, 24} & set(starts.tolist())
    for start in (20, 30):
        around = spans.around(
            start + np.arange(3)[None], 4, 1, next(s for s in clip.track.spans() if s[0] <= start < s[1])
        )
        assert len({bool(time >= 25) for time in around.ravel()}) == 1, "nor do the poses around it"


def test_a_person_who_leaves_the_picture_is_learnt_only_while_she_is_in_it(tmp_path: Path) -> None:
    stays = performance(40)[0]
    leaves = [moved_right(frame, 12 * time) for time, frame in enumerate(stays[:20])]
    nobody = [moved_right(stays[0], 1000)] * 15
    clip, verdict = prepared(
        tmp_path / "dance", film(tmp_path / "exit.mp4", [*stays[:25], *leaves, *nobody, *stays[:10]])
    )
    assert clip.used[:25].all()
    assert not clip.used[48:58].any()
    assert clip.used[-8:].all()
    missing = int((~clip.used).sum())
    assert f"Note: {missing} frames without a person were left out." in verdict


def test_a_driver_who_leaves_the_picture_lets_the_person_fade(home: Path, tmp_path: Path) -> None:
    stays = performance(40)[1]
    path = film(tmp_path / "exit.mp4", [*stays[:10], *[moved_right(performance(40)[0][0], 1000)] * 20])
    done = within("transfer", path, "--out", "out.mp4", "--json", home=home, cwd=tmp_path).json
    assert done["frames"] == 30
    assert any("not seen in" in note and "fades" in note for note in done["notes"])


def test_one_bad_film_among_good_ones_keeps_what_was_prepared_before_it(films: Path, tmp_path: Path) -> None:
    good = shutil.copy(films / "driver.mp4", tmp_path / "good.mp4")
    bad = tmp_path / "bad.mp4"
    bad.write_text("no film")
    said = within("prepare", good, bad, home=tmp_path / "dance", status=1)
    assert "bad.mp4: this is not a film" in said.stderr
    assert clips.load(tmp_path / "dance" / "me" / "clips" / "good").used.any()


def test_of_several_that_are_no_good_each_is_told_of_once(films: Path, tmp_path: Path) -> None:
    said = within("prepare", "holiday.mp4", "anna", home=tmp_path / "dance", cwd=tmp_path, status=1).stderr
    assert said.count("there is no such file") == 2
    assert "None of these 2 films is any good" in said
    assert "--as anna" in said


@pytest.mark.parametrize("wild", [(), ("--wild",)])
def test_a_film_that_is_no_good_is_left_out_of_several(films: Path, tmp_path: Path, wild: tuple[str, ...]) -> None:
    bad, home = tmp_path / "diary.mp4", tmp_path / "dance"
    _text(films, bad)
    said = within("prepare", bad, films / "driver.mp4", *wild, "--json", home=home, status=1)
    assert said.stderr.count("Left out") == 1
    (problem,) = said.json["left_out"]
    assert "diary.mp4: this is not a film" in problem
    assert len(said.json["wild" if wild else "clips"]) == 1
    assert len(list(home.glob("wild/driver-*.npz" if wild else "me/clips/driver/clip.json"))) == 1


def test_an_unknown_matte_is_told_what_there_is_automatic_choice_too(films: Path, tmp_path: Path) -> None:
    said = refused("prepare", films / "driver.mp4", "--matte", "aut", home=tmp_path / "dance")
    assert "There is no matting backend 'aut'. Did you mean 'auto'?" in " ".join(said.split())
    assert "auto, greenscreen, landmarker" in " ".join(said.split())
    assert not (tmp_path / "dance").exists()


def test_an_option_that_a_matte_does_not_take_is_refused_before_the_film_is_looked_at(tmp_path: Path) -> None:
    with kept(tmp_path, exactly=True):
        said = refused("prepare", tmp_path / "me.mp4", "--matte", "landmarker:40", home=tmp_path / "dance")
    assert "--matte landmarker:40: landmarker takes no option" in said


def test_strangers_films_of_the_same_name_are_all_kept_and_their_cuts_too(tmp_path: Path) -> None:
    points, home = waving(60, 200, 160, 300), tmp_path / "dance"
    for folder in ("monday", "tuesday"):
        (tmp_path / folder).mkdir()
        keypoints.write_track(tmp_path / folder / "\u8e0a.npz", track(points, shots=(0, 30)))
        points = points[:40]
    both = [tmp_path / folder / "\u8e0a.npz" for folder in ("monday", "tuesday")]
    kept = within("prepare", "--wild", *both, "--json", home=home).json["wild"]
    assert [len(keypoints.read_track(Path(path))) for path in kept] == [60, 40]
    assert [keypoints.read_track(Path(path)).shots for path in kept] == [(0, 30), (0, 30)]
    again = within("prepare", "--wild", both[0], "--json", home=home).json["wild"]
    assert again == kept[:1], "the same film again takes its place"


def test_landmarks_without_masks_need_another_way_of_cutting_her_out(tmp_path: Path) -> None:
    path = film(tmp_path / "dance.mp4", performance(40)[0])
    keypoints.write_track(path.with_suffix(".npz"), track(waving(40), (240, 320)))
    for matte in ("auto", "greenscreen", "landmarker"):
        said = refused("prepare", path, "--pose", "keypoints", "--matte", matte, home=tmp_path / "dance")
        assert "add --matte rembg" in said


def test_landmarks_of_another_frame_rate_are_those_of_the_moment(tmp_path: Path) -> None:
    path = film(tmp_path / "dance.mp4", performance(40)[0][:20], fps=50)
    points = waving(10)
    keypoints.write_track(path.with_suffix(".npz"), track(points, (240, 320), fps=25))
    detector = keypoints.Detector(video.probe(path), 1, True)
    frame = np.zeros((320, 240, 3), np.uint8)
    shown = [detector.detect(index, frame)[0].points for index in range(0, 20, 2)]
    assert np.array_equal(np.stack(shown), points)


def test_frames_that_are_lost_while_she_is_cut_out_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, home, whole = film(tmp_path / "dance.mp4", performance(40)[0]), tmp_path / "dance", prepare._cutouts
    monkeypatch.setattr(prepare, "_cutouts", lambda *given: islice(whole(*given), 37))
    assert "some frames cannot be read: 3 of 40" in refused("prepare", path, home=home)
    monkeypatch.undo()
    done = within("prepare", path, "--json", home=home).json["clips"][0]
    assert done["frames"] == 40


def test_landmarks_of_shoulders_alone_are_nobody(tmp_path: Path) -> None:
    path, points = film(tmp_path / "dance.mp4", performance(40)[0]), waving(40)
    known = [INDEX[name] for name in ("nose", "left_shoulder", "right_shoulder")]
    points[:, [place for place in range(len(INDEX)) if place not in known]] = (np.nan, np.nan, 0)
    keypoints.write_track(path.with_suffix(".npz"), track(points, (240, 320)))
    for options in (("--matte", "whole"), ("--wild",)):
        said = refused("prepare", path, "--pose", "keypoints", *options, home=tmp_path / "dance")
        assert "no person was found in this film" in said
