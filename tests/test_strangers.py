"""Strangers' poses: parts of landmark files keep their cuts, and what teaches nothing is told of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from figures import track, waving
from trouble import film, performance

from dancekit import strangers
from dancekit.core import wild
from dancekit.core.retarget import proportions
from dancekit.errors import ClipError
from dancekit.io.workspace import Workspace
from dancekit.pose import keypoints
from dancekit.study import Options, find_moves, study_moves
from dancekit.types import no_progress


@pytest.mark.parametrize(
    ("start", "end", "shots"), [(0, 0, (0, 30, 60)), (0, 1, (0,)), (1.0, 0, (0, 5, 35)), (1.6, 2.8, (0, 20))]
)
def test_a_part_of_landmarks_has_the_cuts_that_are_in_it(
    start: float, end: float, shots: tuple[int, ...], tmp_path: Path
) -> None:
    keypoints.write_track(tmp_path / "tango.npz", track(waving(90, 200, 160, 300), fps=25, shots=(0, 30, 60)))
    found = find_moves(tmp_path / "tango.npz", Workspace(tmp_path / "dance"), Options(start=start, end=end)).track
    assert found.shots == shots
    assert len(found) == round(25 * ((end or 3.6) - start))
    assert np.isfinite(found.points[:, 0]).all()


@pytest.mark.parametrize(
    ("length", "shots", "teaches"), [(45, (0,), False), (60, (0,), True), (96, (0, 40, 70), False)]
)
def test_a_dance_that_is_too_short_to_learn_from_is_told_of(
    length: int, shots: tuple[int, ...], teaches: bool, tmp_path: Path
) -> None:
    said = list[str]()
    keypoints.write_track(tmp_path / "tango.npz", track(waving(length, 200, 160, 300), fps=25, shots=shots))
    workspace = Workspace(tmp_path / "dance")
    path = strangers.keep(tmp_path / "tango.npz", workspace, Options(), no_progress, said.append)
    assert path.is_file()
    assert [note.startswith("Note: tango.npz teaches nothing") for note in said] == [True] * (not teaches)
    kept = strangers.read(workspace)
    assert bool(len(wild.bank(kept, proportions(kept), 25.0, strangers.PIECE))) == teaches


def test_what_other_programs_hide_beside_poses_is_none(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.wild.mkdir()
    keypoints.write_track(workspace.wild / "tango.npz", track(waving(60)))
    (workspace.wild / "._tango.npz").write_bytes(b"\0\5\26\7")
    assert strangers.files(workspace) == [workspace.wild / "tango.npz"]
    assert [len(one) for one in strangers.read(workspace)] == [60]
    (workspace.wild / "waltz.npz").write_text("nothing")
    with pytest.raises(ClipError, match=r"waltz\.npz: the landmarks cannot be read") as caught:
        strangers.read(workspace)
    assert "Delete this file" in caught.value.hint


def test_a_place_where_nobody_stands_costs_nothing_that_was_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, workspace = film(tmp_path / "dance.mp4", performance(40)[0]), Workspace(tmp_path / "dance")
    for pick in ((5000.0, 160.0), (-5.0, -5.0)):
        with pytest.raises(ClipError, match="nobody was found at --pick"):
            study_moves(path, workspace, Options(pick=pick))
    monkeypatch.setattr("dancekit.io.sightings.read_frames", lambda *given: pytest.fail("it is looked at twice"))
    seen = study_moves(path, workspace, Options(pick=(120.0, 160.0)))
    assert len(seen.track) == 40
