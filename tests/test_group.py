"""Several processes that train together, started by the real torchrun: the same person as from one, as safely."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from conftest import dancekit
from test_survival import EVERY_STEP, SPARING, STOPPING, steps_of

from dancekit import device, group
from dancekit.group import Group, joined
from dancekit.io import checkpoint
from dancekit.io.workspace import Workspace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="torchrun's processes are not tested on Windows")

EXACT = ("--recipe", "tiny", "--set", "precision=float32", "--set", "unpaired.enabled=false", "--set", "augment=false",
         "--set", "weights.every=1", "--set", "rate=0.0002", "--json")  # fmt: skip
"""Without what is drawn by chance for a whole batch at a time, or by the clock."""


EVERY_LINE = SPARING | {"dancekit.io.diary:LOG_EVERY": 0.0}
"""So that the losses of every step are written down, not of those that the clock picks."""


def together(home: Path, *arguments: object, **plan: object) -> subprocess.CompletedProcess[str]:
    """Run a command in two processes; plan: see stopping.py."""
    return planned(["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"], home, *arguments, **plan)


def planned(launcher: list[str], home: Path, *arguments: object, **plan: object) -> subprocess.CompletedProcess[str]:
    """Run a command as Python does after `launcher`; plan: see stopping.py."""
    command = [sys.executable, *launcher, STOPPING, json.dumps(plan), *arguments, "--home", home]
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture
def homes(trained_home: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Two workspaces with the same prepared person, who knows nothing yet."""
    for name in ("one", "two"):
        shutil.copytree(trained_home / "me/clips", tmp_path / name / "me/clips")
    return tmp_path / "one", tmp_path / "two"


def test_two_processes_learn_what_one_does_from_twice_the_batch(homes: tuple[Path, Path]) -> None:
    one, two = homes
    command = ("train", "me", *EXACT, "--set", "steps=8", "--set")
    by_itself = planned([], one, *command, "batch=2", set=EVERY_LINE)
    done = together(two, *command, "batch=1", set=EVERY_LINE)
    for run in (by_itself, done):
        assert run.returncode == 0, run.stderr
        assert "Traceback" not in run.stderr
    alone, shared = json.loads(by_itself.stdout), json.loads(done.stdout)
    assert (shared["finished"], shared["steps"]) == (True, 8)
    assert shared["losses"] == pytest.approx(alone["losses"], rel=0.01, abs=0.002)
    first, second = (json.loads((home / "me/log.jsonl").read_text().splitlines()[0])["losses"] for home in homes)
    assert second == pytest.approx(first, rel=1e-3, abs=2e-4), "before rounding has had time to add up"
    weights = [checkpoint.load(home / "me/person.safetensors", "")[0] for home in homes]
    for name, tensor in weights[0].items():
        assert torch.allclose(tensor.float(), weights[1][name].float(), atol=4e-3), name


def test_when_a_process_is_killed_the_same_command_goes_on(homes: tuple[Path, Path]) -> None:
    home = homes[1]
    command = ("train", "me", "--recipe", "tiny", "--set", "steps=16", "--json")
    done = together(home, *command, at="dancekit.core.adam:Adam.step", count=2 * 7, rank=1, set=EVERY_STEP)
    assert "exitcode  : -9" in done.stderr, done.stderr
    person = Workspace(home).person("me")
    before = steps_of(person)
    assert 4 <= before <= 7
    done = together(home, *command, set=SPARING)
    assert done.returncode == 0, done.stderr
    assert f"Going on after {before} steps." in done.stderr
    assert done.stderr.count("Going on") == 1, "only one of them speaks"
    assert json.loads(done.stdout)["steps"] == steps_of(person) == 16


def test_one_process_asks_nobody() -> None:
    alone, tensor = Group(), torch.ones(3)
    alone.wait()
    alone.average([tensor])
    alone.copy_leader([tensor])
    assert alone.leads
    assert alone.told([1.5, 0]) == [1.5, 0]
    assert torch.equal(tensor, torch.ones(3))


def test_a_process_that_fails_does_not_wait_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(group.distributed, "init_process_group", lambda backend, timeout: done.append(backend))
    monkeypatch.setattr(group.distributed, "get_rank", lambda: 1)
    monkeypatch.setattr(group.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr(group.distributed, "destroy_process_group", lambda: done.append("ended together"))

    def failed() -> None:
        done.append("on its own")

    with joined(torch.device("cpu"), failed) as both:
        assert both == Group(1, 2)
    assert done == ["gloo", "ended together"]
    done.clear()
    with pytest.raises(OSError, match="full"), joined(torch.device("cpu"), failed):
        raise OSError("the disk is full")
    assert done == ["gloo", "on its own"]


def test_what_is_wrong_is_told_before_a_process_is_gone() -> None:
    program = """
import sys
from dancekit import console
console.leave_at_once()
print("drawn so far")
sys.exit("Error: the disk is full")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "drawn so far\n", "Error: the disk is full\n")


def test_a_film_drawn_by_two_processes_is_the_one_that_one_draws(
    trained_home: Path, films: Path, tmp_path: Path
) -> None:
    home = tmp_path / "dance"
    shutil.copytree(trained_home, home)
    command = ("transfer", films / "driver.mp4", "--bg", "transparent", "--json")
    one, two = tmp_path / "one", tmp_path / "two"
    frames = dancekit(*command, "--out", one, home=home).json["frames"]
    shutil.rmtree(home / ".moves")
    done = together(home, *command, "--out", two)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["frames"] == frames
    assert not list(tmp_path.glob(".two*")), "nothing is left of the parts"
    pictures = [sorted(folder.glob("*.png")) for folder in (one, two)]
    assert [path.name for path in pictures[0]] == [path.name for path in pictures[1]]
    assert len(pictures[0]) == frames
    for pair in zip(*pictures, strict=True):
        alone, shared = (np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), int) for path in pair)
        assert np.abs(alone - shared).max() <= 1, pair[0].name


def test_each_process_has_a_gpu_of_its_own_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_try", lambda one: None)
    monkeypatch.setattr(
        device.torch.cuda, "get_device_properties", lambda one: SimpleNamespace(name="", total_memory=1)
    )
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert device.find("cuda").device == torch.device("cuda:1")
    assert device.find("cuda:0").device == torch.device("cuda:0")
    monkeypatch.delenv("LOCAL_RANK")
    assert device.find("cuda").device == torch.device("cuda")
