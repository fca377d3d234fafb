"""Films that come later, twice, or show somebody else: each is noticed, and none spoils what is there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from figures import track, waving
from trouble import kept, refused, within

from dancekit import prepare
from dancekit.errors import WorkspaceError
from dancekit.io.locks import alone
from dancekit.pose import keypoints


def test_a_film_that_came_after_training_is_not_judged_by_and_then_learnt(films: Path, home: Path) -> None:
    before = within("evaluate", "me", "--json", home=home).json
    within("prepare", films / "driver.mp4", home=home)
    found = {one["name"]: one["what"] for one in within("doctor", "--json", home=home).json["findings"]}
    assert found["person me"].endswith("prepared since, and not learnt: driver")
    after = within("evaluate", "me", "--json", home=home)
    assert (before["unlearnt"], after.json["unlearnt"]) == ([], ["driver"])
    assert {key: after.json[key] for key in before if key != "unlearnt"} == {
        key: value for key, value in before.items() if key != "unlearnt"
    }
    card = home / "me" / "person.json"
    more = f"steps={json.loads(card.read_text())['trained']['steps'] + 8}"
    said = within("train", "me", "--recipe", "tiny", "--set", more, home=home).stderr
    assert "New since the last training: driver. Now learnt too." in said
    assert "Note: driver: other clothes than in the longest film, or somebody else." in said
    assert f"delete its folder in {home / 'me' / 'clips'}" in said
    assert "was learnt from before" not in said
    assert set(json.loads(card.read_text())["clips"]) == {"subject", "driver"}
    assert "New since" not in within("train", "me", "--recipe", "tiny", "--set", more, home=home).stderr
    # Prepared once more in another way, it is another film to learn.
    within("prepare", films / "driver.mp4", "--matte", "whole", home=home)
    said = within("train", "me", "--recipe", "tiny", "--set", more, home=home).stderr
    assert "New since the last training: driver. To learn it too, give more than before: --set steps=N" in said
    assert "Note: driver was learnt from before, as it was prepared then. If it is of another length now, other" in said


def test_the_same_film_under_another_name_or_twice_in_a_command_is_one(films: Path, home: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.mp4"
    shutil.copyfile(films / "subject.mp4", again)
    said = within("prepare", again, again, "--json", home=home).json
    assert [clip["name"] for clip in said["clips"]] == ["subject"]
    known = "again.mp4 is the same film as subject, which is prepared already, in the same way. To do it anew, delete "
    assert said["clips"][0]["verdict"][0].startswith(known)
    assert [folder.name for folder in (home / "me" / "clips").iterdir()] == ["subject"]


def test_a_film_that_is_prepared_already_is_not_prepared_again_unless_otherwise(
    films: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject, folder, looked = films / "subject.mp4", home / "me" / "clips" / "subject", []

    def look(*given: object) -> None:
        looked.append(given)
        raise WorkspaceError("the disk is full")

    monkeypatch.setattr(prepare, "study", look)
    with kept(home, exactly=True):
        said = within("prepare", subject, "--json", home=home).json["clips"][0]
    assert (said["frames"], said["used"], said["name"]) == (125, 125, "subject")
    already, *verdict = said["verdict"]
    assert f"subject.mp4 is prepared already, in the same way. To do it anew, delete {folder} first." == already
    assert "frames used" in verdict[0]
    assert not looked
    within("prepare", subject, "--start", "1", home=home, status=1)
    (folder / "sheet.jpg").unlink()
    within("prepare", subject, home=home, status=1)
    shutil.rmtree(folder)
    within("prepare", subject, home=home, status=1)
    assert len(looked) == 3


def test_each_film_is_told_of_as_soon_as_it_is_done(
    films: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(prepare, "study", stop)
    both = ("prepare", films / "subject.mp4", films / "driver.mp4")
    said = within(*both, home=home, status=130)
    assert "subject.mp4 is prepared already" in said.stdout
    assert "Look at" in said.stdout
    assert "driver" not in said.stdout
    assert within(*both, "--json", home=home, status=130).json["error"] == "Stopped."


def test_another_film_under_an_old_name_is_told_of(films: Path, home: Path, tmp_path: Path) -> None:
    shutil.copyfile(films / "driver.mp4", tmp_path / "subject.mp4")
    card = home / "me" / "clips" / "subject" / "clip.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"source": str((tmp_path / "subject.mp4").resolve())}))
    said = within("prepare", tmp_path / "subject.mp4", "--end", "1", "--json", home=home).json["clips"][0]
    assert said["name"] == "subject"
    assert said["verdict"][-1].startswith("Note: another film of this name was there before")
    assert "another film" not in card.read_text(), "which is said once"


def test_a_film_that_is_being_prepared_keeps_its_name(films: Path, home: Path) -> None:
    with alone(home / "me" / "clips" / ".driver.partial", "it"):
        said = refused("prepare", films / "driver.mp4", home=home)
    assert "The film driver.mp4 is being prepared for me already, by another dancekit" in said


def test_who_is_there_learns_with_strangers_poses(tmp_path: Path) -> None:
    keypoints.write_track(tmp_path / "tango.npz", track(waving(60, 200, 160, 300)))
    command, home = ("prepare", "--wild", tmp_path / "tango.npz"), tmp_path / "dance"
    assert "Next: dancekit train --home" in within(*command, home=home).stdout, "nobody is there"
    for name, whom in (("anna", "anna "), ("ben", ""), ("me", "me ")):
        (home / name).mkdir()
        (home / name / "person.json").touch()
        assert f"Next: dancekit train {whom}--home" in within(*command, home=home).stdout


@pytest.mark.parametrize("name", ["anna", "me", ""])
def test_strangers_poses_are_nobodys_own(name: str, tmp_path: Path) -> None:
    keypoints.write_track(tmp_path / "tango.npz", track(waving(60, 200, 160, 300)))
    said = refused("prepare", "--wild", tmp_path / "tango.npz", "--as", name, home=tmp_path / "dance")
    assert f"--wild --as {name}: strangers' poses belong to everybody in this workspace" in said
    assert "Leave out --as" in said
    assert not (tmp_path / "dance").exists()


def test_another_part_of_a_film_is_told_of_with_the_seconds_it_replaces(films: Path, tmp_path: Path) -> None:
    command, home = ("prepare", films / "subject.mp4", "--json"), tmp_path / "dance"
    within(*command, "--end", "1", home=home)
    said = within(*command, "--start", "1", "--end", "2.2", home=home).json["clips"][0]["verdict"][-1]
    assert said.startswith(
        "Note: seconds 0 to 1 of this film were there before; seconds 1 to 2.2 take their place. A second part"
    )
    card = json.loads((home / "me" / "clips" / "subject" / "clip.json").read_text())
    assert (card["seconds"], card["turn"]) == ([1, 2.2], 0)


def test_the_worst_frames_of_a_sheet_are_not_neighbours() -> None:
    unfit = dict.fromkeys(range(0, 2000, 10), 0.0)
    unfit |= dict.fromkeys(range(300, 400, 10), 0.9) | {1200: 0.5, 50: 0.4}
    worst = prepare._worst(unfit)
    assert len(worst) == prepare._SHEET_WORST
    assert worst == sorted(worst)
    assert {1200, 50} < set(worst)
    assert sum(300 <= time < 400 for time in worst) <= 2
    assert prepare._worst({3: 0.1, 5: 0.7}) == [3, 5]
