"""What tests share: drawn films, a workspace with a person trained for a few steps, real clips where they exist."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir
from copy import deepcopy
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from dancekit import scenes
from dancekit.cli import app
from dancekit.io.clips import Clip
from dancekit.types import Progress, no_progress

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run side by side; threads that wait for each other would crawl

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a hundred processes are started, which would compile all of dancekit

pytest.register_assert_rewrite("trouble")

REAL = Path(__file__).resolve().parents[1].parent / "shared" / "clips"
SMALL = (240, 320)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run tests that take many minutes")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    for item in items:
        if "long" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="takes many minutes: run with --long"))


@dataclass(frozen=True)
class Outcome:
    """What a command printed and how it ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict:
        """The one JSON object on stdout."""
        lines = self.stdout.strip().splitlines()
        assert len(lines) == 1, f"expected one line of JSON, got: {self.stdout!r}"
        return json.loads(lines[0])


def dancekit(*arguments: object, home: Path | None = None, cwd: Path | None = None, status: int | None = 0,
             env: dict[str, str] | None = None, timeout: float = 240,
             through: Sequence[str] = ()) -> Outcome:  # fmt: skip
    """Run the real command line in a process of its own; `status` is the exit status it must have (None: any).

    through: a command that starts it in a world of its own, such as one with a full disk.
    """
    command = [*through, sys.executable, "-m", "dancekit", *(str(a) for a in arguments)]
    command += ["--home", str(home)] if home is not None else []
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=timeout, check=False,
                          env={**os.environ, **(env or {})})  # fmt: skip
    if status is not None:
        assert done.returncode == status, f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return Outcome(done.returncode, done.stdout, done.stderr)


def within(*arguments: object, home: Path, cwd: Path | None = None, status: int = 0) -> Outcome:
    """Run the command line within this process, which saves starting another; `status` is how it must end."""
    with chdir(cwd or Path.cwd()):
        done = CliRunner().invoke(app, [*map(str, arguments), "--home", str(home)], catch_exceptions=False)
    assert done.exit_code == status, f"{arguments} ended with {done.exit_code}:\n{done.stdout}\n{done.stderr}"
    return Outcome(done.exit_code, done.stdout, done.stderr)


def made_once(name: str, make: Callable[[Path], None], factory: pytest.TempPathFactory) -> Path:
    """A folder that `make` fills, once for all processes that the tests are shared among; not to be changed."""
    own = factory.getbasetemp()
    root = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, unfinished = root / name, root / f"{name}.unfinished"
    with FileLock(root / f"{name}.lock"):
        if not folder.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def sparing() -> Iterator[int]:
    """Trainings within this process measure a film once for all copies of its clip, and draw one row per sample; how
    many rows it is for everybody."""
    from dancekit import sampling, train
    from dancekit.run import Subject

    measure, known, sampled = train.study_subject, dict[object, Subject](), sampling._FRAMES

    def measured_once(clips: list[Clip], progress: Progress = no_progress) -> Subject:
        if len(clips) != 1:
            return measure(clips, progress)
        files = [(path.name, path.stat()) for path in sorted(clips[0].folder.iterdir())]
        stamps = ((name, stamp.st_size, stamp.st_mtime_ns) for name, stamp in files)
        mark = clips[0].source, clips[0].track.points.tobytes(), *stamps
        if mark not in known:
            known[mark] = replace(measure(clips, progress), clips=[])
        return replace(deepcopy(known[mark]), clips=clips)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "study_subject", measured_once)
        patch.setattr(sampling, "_FRAMES", 1)
        yield sampled


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with subject.mp4 and driver.mp4, drawn small and short."""

    def draw(folder: Path) -> None:
        scenes.film(scenes.subject(5.0, size=SMALL), folder / "subject.mp4")
        scenes.film(scenes.driver(1.6, size=SMALL), folder / "driver.mp4")

    return made_once("films", draw, tmp_path_factory)


@pytest.fixture(scope="session")
def trained_home(films: Path, sparing: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which "me" has been prepared and trained by the real commands; not to be changed, but for what
    commands keep there of the films that they have looked at."""

    def train(home: Path) -> None:
        within("prepare", films / "subject.mp4", home=home)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("dancekit.sampling._FRAMES", sparing)
            within("train", "me", "--recipe", "tiny", home=home)
        assert (home / "me" / "samples" / "0000040.jpg").is_file(), "drawn at the end"

    return shutil.copytree(made_once("trained", train, tmp_path_factory), tmp_path_factory.mktemp("trained") / "dance")


@dataclass(frozen=True)
class Danced:
    """A film that transfer has made, and what it said of it."""

    film: Path
    json: dict


@pytest.fixture(scope="session")
def danced(films: Path, trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Danced:
    """driver.mp4 danced by the trained person, as transfer does it when nothing else is asked for."""

    def dance(folder: Path) -> None:
        (folder / "here").mkdir()
        done = dancekit("transfer", films / "driver.mp4", "--json", home=trained_home, cwd=folder / "here")
        (folder / "said.json").write_text(done.stdout)

    folder = made_once("danced", dance, tmp_path_factory)
    return Danced(folder / "here" / "me-driver.mp4", json.loads((folder / "said.json").read_text()))


@pytest.fixture
def home(trained_home: Path, tmp_path: Path) -> Path:
    """A copy of the trained workspace that a test may change, in which nobody has danced yet."""
    shutil.copytree(trained_home, tmp_path / "dance", ignore=shutil.ignore_patterns(".moves"))
    return tmp_path / "dance"


@pytest.fixture
def real_clips() -> Path:
    """The folder of real clips; the test is skipped where it is absent."""
    if not REAL.is_dir():
        pytest.skip(f"no real clips in {REAL}")
    return REAL


@pytest.fixture
def fps() -> Fraction:
    """A usual frame rate."""
    return Fraction(25)
