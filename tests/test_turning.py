"""Films that stand on their heads or lie on their sides: noticed by prepare and transfer, and turned when asked to."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import SMALL
from figures import track, waving
from trouble import film, performance, refused, remade, within

from dancekit.core import upright
from dancekit.core.skeleton import INDEX
from dancekit.driven import find_driver
from dancekit.io import clips, video
from dancekit.io.workspace import Workspace
from dancekit.pose import keypoints
from dancekit.study import Options, cut, find_moves
from dancekit.types import no_progress

WAYS = {90: "transpose=cclock", 180: "hflip,vflip", 270: "transpose=clock"}
"""How a film is spoilt that is to be turned clockwise by so many degrees."""


def spoilt(films: Path, path: Path, turn: int) -> Path:
    return remade(films / "driver.mp4", path, "-vf", WAYS[turn], "-crf", "12")


def trunk(clip: clips.Clip) -> tuple[float, float]:
    """(across, down) px from her hips to her shoulders, at most times."""
    hips, shoulders = (
        clip.track.points[:, [INDEX[f"left_{name}"], INDEX[f"right_{name}"]], :2] for name in ("hip", "shoulder")
    )
    across, down = np.nanmedian((shoulders - hips).mean(1), axis=0)
    return float(across), float(down)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_prepare_notices_a_film_that_is_not_upright_and_turns_it(films: Path, tmp_path: Path, turn: int) -> None:
    path, home = spoilt(films, tmp_path / "askew.mp4", turn), tmp_path / "dance"
    verdict = within("prepare", path, "--json", home=home).json["clips"][0]["verdict"]
    (note,) = [line for line in verdict if "--turn" in line]
    assert note.startswith("Note: the person in askew.mp4 ")
    assert note.endswith(f"prepare it again with --turn {turn}.")
    again = within("prepare", path, "--turn", turn, "--json", home=home).json["clips"][0]["verdict"]
    assert not any("prepared already" in line or "--turn" in line for line in again)
    clip = clips.load(home / "me" / "clips" / "askew")
    assert (clip.track.size, clip.turn) == (SMALL, turn)
    across, down = trunk(clip)
    assert down < -2 * abs(across), "she stands"
    plain = find_moves(films / "driver.mp4", Workspace(home), Options()).track
    apart = np.linalg.norm(clip.track.points[..., :2] - plain.points[..., :2], axis=-1)
    assert np.nanmedian(apart) < 3, "as in the film that was upright"


def test_transfer_notices_a_driver_that_is_not_upright_and_turns_it(films: Path, home: Path, tmp_path: Path) -> None:
    path = spoilt(films, tmp_path / "askew.mp4", 270)
    command = ("transfer", path, "--end", "0.4", "--json")
    notes = within(*command, home=home, cwd=tmp_path).json["notes"]
    assert "The dancer in askew.mp4 lies with the head to the right in nearly all frames." in notes[0]
    assert notes[0].endswith("run the command again with --turn 270.")
    done = within(*command, "--turn", "270", home=home, cwd=tmp_path).json
    assert not any("--turn" in note for note in done["notes"])
    made = video.probe(tmp_path / done["film"])
    assert (made.width, made.height) == SMALL


def test_a_film_whose_moves_are_judged_in_is_turned_too(films: Path, home: Path, tmp_path: Path) -> None:
    path = spoilt(films, tmp_path / "askew.mp4", 270)
    askew, upright = (
        find_driver(path, Workspace(home), no_progress, Options(end=0.4, turn=turn)).track.points for turn in (0, 270)
    )
    across, down = (np.nanmedian(points[:, 0, :2] - points[:, INDEX["left_hip"], :2], 0) for points in (askew, upright))
    assert abs(across[0]) > abs(across[1]) and abs(down[1]) > abs(down[0])
    said = refused("evaluate", "me", "--turn", "270", home=home)
    assert "--turn is for films whose moves she is judged in" in said
    assert "--driver" in said


def test_strangers_films_are_turned_too(tmp_path: Path) -> None:
    points = upright.turned(waving(60, 200, 160, 300), (320, 480), 180)
    keypoints.write_track(tmp_path / "tango.npz", track(points, (320, 480)))
    said = within("prepare", "--wild", tmp_path / "tango.npz", home=tmp_path / "dance")
    assert "Note: The dancer in tango.npz is upside down" in said.stderr
    said = within("prepare", "--wild", tmp_path / "tango.npz", "--turn", "180", "--json", home=tmp_path / "dance")
    assert "--turn" not in said.stderr
    kept = keypoints.read_track(Path(said.json["wild"][0]))
    assert upright.turn_of(kept.points) == 0


def test_landmarks_beside_a_film_are_turned_with_it(tmp_path: Path) -> None:
    path = film(tmp_path / "dance.mp4", [np.ascontiguousarray(np.rot90(f)) for f in performance(40)[0][:10]])
    points, lying = waving(10, 100, 120, 200), upright.turned_size(SMALL, 270)
    keypoints.write_track(path.with_suffix(".npz"), track(upright.turned(points, SMALL, 270), lying))
    info = video.probe(path, turn=90)
    detector = keypoints.Detector(info, 1, True)
    for time, frame in enumerate(video.read_frames(info)):
        (seen,) = detector.detect(time, frame)
        assert np.allclose(seen.points, points[time], atol=1e-3)


def test_what_was_seen_of_a_film_is_not_mixed_up_between_its_turns(films: Path, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "dance")
    sizes = [find_moves(films / "driver.mp4", workspace, Options(end=0.4, turn=turn)).track.size for turn in (0, 90, 0)]
    assert sizes == [SMALL, SMALL[::-1], SMALL]


def test_a_part_of_a_turned_film_is_that_part(films: Path) -> None:
    plain = list(video.read_frames(cut(video.probe(films / "driver.mp4"), Options(start=0.4, end=0.6))))
    info = cut(video.probe(films / "driver.mp4", turn=180), Options(start=0.4, end=0.6, turn=180))
    for one, other in zip(plain, video.read_frames(info), strict=True):
        assert np.abs(one.astype(int) - other[::-1, ::-1]).mean() < 2


@pytest.mark.parametrize("verb", ["prepare", "transfer"])
def test_a_turn_by_any_other_angle_is_refused(verb: str, tmp_path: Path) -> None:
    said = json.loads(within(verb, "walk.mp4", "--turn", "45", "--json", home=tmp_path, status=2).stdout)["error"]
    assert "Invalid value for '--turn': '45' is not one of" in said
    assert "'90', '180', '270'" in said
