"""Stopped at the worst moments, by Ctrl-C or by kill -9: nothing is broken, and the same command goes on."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Danced, Outcome, dancekit

from dancekit import likeness, prepare
from dancekit.io import sightings, video
from dancekit.io.frames import FrameReader
from dancekit.io.workspace import Person, Workspace
from dancekit.study import Options

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no signals such as kill -9 on Windows")

STOPPING = Path(__file__).with_name("stopping.py")
PIECE = "dancekit.io.sightings:PIECE"
SPARING = {"dancekit.train:_MEASURED": 8, "dancekit.train:_LEAST_MEASURED": 8, "dancekit.sampling:_FRAMES": 1}
"""So that trainings look at few frames of the film before they begin, and draw small samples."""
EVERY_STEP = SPARING | {"dancekit.io.diary:SAVE_EVERY": 0.0, "dancekit.io.diary:SAVING": 0.0}
TINY = ("--recipe", "tiny", "--set", "precision=float32", "--set", "unpaired.enabled=false")


def stopped(home: Path, *arguments: object, at: str = "", kind: str = "KILL", cwd: Path | None = None,
            **plan: object) -> Outcome:  # fmt: skip
    """Run a command that is stopped by a signal at a call (see stopping.py), which it must obey, or else to its end."""
    whole = {**plan, **({"at": at, "signal": kind} if at else {})}
    command = [sys.executable, str(STOPPING), json.dumps(whole), *map(str, arguments), "--home", str(home)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=240, check=False)
    assert done.returncode == ({"KILL": -signal.SIGKILL, "INT": 130}[kind] if at else 0), done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    if at and kind == "INT":
        assert "run the same command again" in done.stderr
    return Outcome(done.returncode, done.stdout, done.stderr)


class Running:
    """A command that runs beside the test."""

    def __init__(self, home: Path, folder: Path, *arguments: object) -> None:
        self._errors, self._output = folder / "stderr", folder / "stdout"
        with self._errors.open("w") as errors, self._output.open("w") as output:
            command = [sys.executable, "-m", "dancekit", *map(str, arguments), "--home", str(home)]
            self._process = subprocess.Popen(command, stdout=output, stderr=errors)

    def wait_for(self, seen: Callable[[str], object]) -> None:
        """Wait until what it says on stderr is as wanted."""
        for _ in range(24000):
            if seen(self._errors.read_text()):
                return
            assert self._process.poll() is None, self._errors.read_text()
            time.sleep(0.01)
        raise AssertionError(self._errors.read_text())

    def end(self, by: signal.Signals) -> tuple[int, str]:
        """Send a signal; its exit status and what it printed on stdout."""
        self._process.send_signal(by)
        status = self._process.wait(240)
        assert "Traceback" not in self._errors.read_text()
        return status, self._output.read_text()


def scraps(folder: Path) -> list[str]:
    """Hidden files and folders, and temporary ones."""
    return sorted(str(path) for path in folder.rglob(".*") if path.name != ".moves")


def steps_of(person: Person) -> int:
    """How many steps the person has been trained for; reads her as transfer does, so she must be whole."""
    trained = likeness.load(person).notes["trained"]
    assert isinstance(trained, dict)
    return trained["steps"]


def test_prepare_goes_on_where_it_was_stopped(films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, command, small = tmp_path / "dance", ("prepare", films / "driver.mp4"), {PIECE: 15}
    clip, work = home / "me/clips/driver", home / "me/clips/.driver.partial"
    stopped(home, *command, at="dancekit.io.sightings:_write", count=3, kind="INT", set=small)
    kept = {path: path.stat().st_ino for path in work.glob("seen-*.npz")}
    assert kept
    assert all(sightings._is_whole(path) for path in kept)
    assert not Workspace(home).people()
    stopped(home, *command, at="dancekit.io.frames:FrameWriter.append", count=18, kind="INT", set=small)
    assert {path: path.stat().st_ino for path in kept} == kept, "what had been looked at is not looked at again"
    cut_out = len(FrameReader(work / "frames.pack"))
    assert cut_out == 17
    stopped(home, *command, at="dancekit.io.frames:FrameWriter.append", count=12, set=small)
    assert len(FrameReader(work / "frames.pack")) >= cut_out + 10, "what was cut out is not cut out again"
    done = json.loads(stopped(home, *command, "--json", set=small).stdout)["clips"][0]
    assert (done["frames"], done["used"]) == (40, 40)
    assert not scraps(home)

    monkeypatch.setattr(sightings, "PIECE", 15)
    straight = prepare.prepare_clip(films / "driver.mp4", Person("me", tmp_path / "other"), Options()).clip
    again = np.load(clip / "poses.npz")
    assert np.array_equal(again["points"], straight.track.points, equal_nan=True)
    assert np.array_equal(again["boxes"], straight.plan.boxes)
    pairs = [(FrameReader(clip / "frames.pack").read(t), straight.frames().read(t)) for t in range(40)]
    apart = [np.abs(a[1].astype(int) - b[1]).mean() for a, b in pairs if a is not None and b is not None]
    assert len(apart) == 40
    assert max(apart) < 3, "of 255: only the first frames after a stop know less of those before"


def test_prepare_killed_while_a_clip_takes_the_place_of_another(home: Path, films: Path) -> None:
    shutil.copy(films / "driver.mp4", home.parent / "subject.mp4")
    card = home / "me/clips/subject/clip.json"
    changed = json.loads(card.read_text()) | {"source": str((home.parent / "subject.mp4").resolve())}
    card.write_text(json.dumps(changed))
    command = ("prepare", home.parent / "subject.mp4")
    stopped(home, *command, at="os:replace", match=".subject.partial')", count=1)
    work = home / "me/clips/.subject.partial"
    assert not card.exists(), "killed after the old clip had gone"
    whole = (work / "frames.pack").stat().st_ino
    dancekit(*command, home=home)
    assert (card.parent / "frames.pack").stat().st_ino == whole, "nothing is done twice"
    assert sorted(path.name for path in card.parent.iterdir()) == ["clip.json", "frames.pack", "poses.npz", "sheet.jpg"]
    assert not scraps(home)


def test_training_that_was_killed_goes_on_as_if_it_had_not(trained_home: Path, tmp_path: Path) -> None:
    straight, home = (tmp_path / name for name in ("straight", "killed"))
    for workspace in (straight, home):
        shutil.copytree(trained_home / "me/clips", workspace / "me/clips")
    command = ("train", "me", *TINY, "--set", "steps=23", "--seed", "3")
    stopped(straight, *command, set=SPARING)
    person = Workspace(home).person("me")

    stopped(home, *command, at="dancekit.core.adam:Adam.step", count=2 * 5, set=EVERY_STEP)
    assert steps_of(person) == 4, "killed between the two halves of step 5"
    said = stopped(home, *command, at="dancekit.io.checkpoint:save_file", match="state.safetensors", count=6, half=True,
                   set=EVERY_STEP)  # fmt: skip
    assert "Going on after 4 steps." in said.stderr
    assert steps_of(person) == 9, "killed with half of a new state written"
    said = stopped(home, *command, at="os:replace", match="person.json", count=3, set=EVERY_STEP)
    assert "Going on after 8 steps." in said.stderr
    assert steps_of(person) == 11, "killed with new weights and an old card"
    left = list((home / "me").glob(".*.tmp"))
    assert left, "what is half written when a process is killed stays"
    for path in left:
        os.utime(path, (0, 0))
    said = stopped(home, *command, set=EVERY_STEP)
    assert not scraps(home), "but goes in time"
    assert "Going on after 10 steps." in said.stderr
    assert steps_of(person) == 23

    for name in ("state.safetensors", "person.safetensors"):
        assert (straight / "me" / name).read_bytes() == (home / "me" / name).read_bytes(), name


def test_killed_before_the_first_save_starts_again(trained_home: Path, tmp_path: Path) -> None:
    home, command = tmp_path / "dance", ("train", "me", *TINY, "--set", "steps=1000000")
    shutil.copytree(trained_home / "me/clips", home / "me/clips")
    running = Running(home, tmp_path, *command)
    running.wait_for(lambda said: "step 1:" in said)
    assert running.end(signal.SIGKILL)[0] == -signal.SIGKILL
    assert Workspace(home).people() == ["me"]

    running = Running(home, tmp_path, *command)
    running.wait_for(lambda said: "step 1:" in said)
    status, said = running.end(signal.SIGINT)
    assert status == 0, "Ctrl-C is an orderly end"
    found = re.search(r"Stopped and saved after (\d+) steps. Go on with: dancekit train me", said)
    assert found, said
    steps = int(found[1])
    assert steps_of(Workspace(home).person("me")) == steps
    assert not scraps(home)

    went_on = stopped(home, "train", "me", "--set", f"steps={steps + 3}", "--json", set=SPARING)
    assert f"Going on after {steps} steps." in went_on.stderr
    assert (went_on.json["steps"], went_on.json["finished"]) == (steps + 3, True)
    logged = [json.loads(line)["steps"] for line in (home / "me/log.jsonl").read_text().splitlines()]
    assert logged[-1] == steps + 1, "the first step after going on"


def test_killed_between_the_weights_and_the_state_of_the_first_save_begins_again(
    trained_home: Path, tmp_path: Path
) -> None:
    home, command = tmp_path / "dance", ("train", "me", *TINY, "--set", "steps=6")
    shutil.copytree(trained_home / "me/clips", home / "me/clips")
    person = Workspace(home).person("me")
    stopped(home, *command, at="dancekit.io.checkpoint:save_file", match="state.safetensors", count=1, set=EVERY_STEP)
    assert steps_of(person) >= 1
    assert not person.state.exists()
    assert stopped(home, *command, "--json", set=SPARING).json["steps"] == 6
    assert not scraps(home)
    person.state.unlink()
    assert "cannot go on" in dancekit(*command, home=home, status=1).stderr, "finished, and then it was deleted"
    assert steps_of(person) == 6


def test_starting_over_and_killed_at_once_the_person_can_still_be_painted(home: Path) -> None:
    person = Workspace(home).person("me")
    assert steps_of(person) == 40
    command = ("train", "me", *TINY, "--set", "steps=6", "--restart")
    stopped(home, *command, at="dancekit.core.adam:Adam.step", count=3, set=SPARING)
    assert steps_of(person) == 40
    assert stopped(home, *command, "--json", set=SPARING).json["steps"] == 6
    assert steps_of(person) == 6
    assert not scraps(home)


def frames_of(film: Path) -> np.ndarray:
    """All frames, uint8 [T, H, W, 3]."""
    return np.stack(list(video.read_frames(video.probe(film))))


def test_transfer_goes_on_where_it_was_stopped(home: Path, films: Path, danced: Danced, tmp_path: Path) -> None:
    command, parts = ("transfer", films / "driver.mp4"), tmp_path / ".me-driver.mp4.parts"
    out = Path(shutil.copy(danced.film, tmp_path))
    before = out.read_bytes()
    short = {"dancekit.transfer:_PIECE_SECONDS": 0.0}
    drawing = "dancekit.io.encode:FilmWriter.write"
    stopped(home, *command, at=drawing, count=4, kind="INT", set=short, cwd=tmp_path)
    assert len(list(parts.glob("0*.mp4"))) == 3
    stopped(home, *command, at=drawing, count=5, set=short, cwd=tmp_path)
    assert len(list(parts.glob("0*.mp4"))) == 7, "what was drawn is not drawn again"
    stopped(home, *command, at="os:replace", match="joined", count=1, cwd=tmp_path)
    assert out.read_bytes() == before, "the old film stays until the new one is whole"
    done = dancekit(*command, "--json", home=home, cwd=tmp_path)
    assert "drawing" not in done.stderr, "all frames had been drawn"
    assert done.json["frames"] == 40
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    pieced, straight = frames_of(out), frames_of(danced.film)
    assert len(pieced) == len(straight) == 40
    assert np.abs(pieced.astype(int) - straight).mean() < 1.5, "but for what encoding in pieces changes"


def test_pictures_are_all_there_after_a_kill_while_they_are_gathered(home: Path, films: Path, tmp_path: Path) -> None:
    command = ("transfer", films / "driver.mp4", "--bg", "transparent", "--out", tmp_path / "album", "--end", "0.4")
    stopped(home, *command, at="os:link", match="000006.png", count=1)
    stopped(home, *command, at="os:replace", match="gathered", count=1)
    dancekit(*command, home=home)
    names = sorted(path.name for path in (tmp_path / "album").iterdir())
    assert names == [*(f"{number:06d}.png" for number in range(10)), "dancekit.txt"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
