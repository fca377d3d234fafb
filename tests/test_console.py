"""The terminal: progress that fits its width, and results that go where stdout goes meanwhile."""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import torch
import typer
from rich.console import Console

from dancekit import console
from dancekit.errors import DancekitError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind")

_WORK = """
from dancekit.console import Terminal
terminal = Terminal()
with terminal.working():
    for step in range(3):
        part = f"training: the whole person (part 1 of 5), step {step}"
        what = f"{part}: 5.3 images/s, perceptual loss 2.61, at 80x160"
        terminal.progress(what, 300 * step, 900)
    terminal.progress("finding the person", 20, 100)
    terminal.say("Note: hello")
    terminal.result(["made"], {})
"""


def shown(columns: int) -> tuple[list[str], str]:
    """(lines on a terminal of such a width, which stderr is, and stdout, which is a pipe)."""
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    quiet = {"COLUMNS": str(columns), "TERM": "xterm"}
    done = subprocess.run([sys.executable, "-c", _WORK], stdout=subprocess.PIPE, stderr=theirs, encoding="utf-8",
                          env={**os.environ, **quiet}, timeout=120, check=True)  # fmt: skip
    os.close(theirs)
    drawn = b""
    try:
        while part := os.read(ours, 1 << 16):
            drawn += part
    except OSError:  # as Linux says that nobody writes any more
        pass
    finally:
        os.close(ours)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode())
    return [line for line in re.split(r"[\r\n]+", plain) if line.strip()], done.stdout


@pytest.mark.parametrize("columns", [40, 80, 140])
def test_share_and_time_left_are_seen_however_narrow_the_terminal_is(columns: int) -> None:
    lines, result = shown(columns)
    assert result == "made\n"
    assert "Note: hello" in lines
    first = max(place for place, line in enumerate(lines) if "training: the" in line)
    training, finding = lines[first], lines[-1]
    assert max(map(len, lines)) <= columns
    assert "67%" in training
    assert re.search(r"[-\d:]+ left", training)
    assert ("training: the who" in training) == (columns > 40)
    assert "finding the person" in finding
    assert ("perceptual loss 2.61" in training) == (columns == 140)
    words = " ".join(" ".join(lines[first:-1]).split())
    for told in (
        "training: the whole person",
        "(part 1 of 5), step 2:",
        "5.3 images/s,",
        "perceptual loss 2.61,",
        "at 80x160",
    ):
        assert told in words, "what does not fit is in the next lines"


_TWICE = """
import sys, time
from dancekit import console
console._LINE_EVERY = 0.0
clock = [0.0]
console.time = type("clock", (), {"monotonic": staticmethod(lambda: clock[0])})
lines = console._Lines(sys.stdout)
for film in range(2):
    for step in range(1, 5):
        clock[0] += 10 * (1 + film)
        lines.show("finding the person", step, 10)
"""


def test_the_time_left_of_a_second_film_is_its_own() -> None:
    done = subprocess.run([sys.executable, "-c", _TWICE], capture_output=True, encoding="utf-8", check=True)
    left = [line.rpartition(", ")[2] for line in done.stdout.splitlines() if line.endswith("left")]
    assert left == ["1:20 left", "1:10 left", "1:00 left", "2:40 left", "2:20 left", "2:00 left"]


def test_of_many_bars_the_newest_and_the_one_at_work_are_shown() -> None:
    bars = console._Bars(Console(file=io.StringIO(), force_terminal=True, width=120))
    try:
        for number in range(12):
            bars.show(f"work {number}", 3, 3)
        bars.show("work 0", 1, 3)
        shown = [task.description for task in bars._progress.tasks if task.visible]
        assert shown == ["work 0", *(f"work {number}" for number in range(4, 12))]
        again = next(task for task in bars._progress.tasks if task.description == "work 0")
        assert (again.completed, again.finished) == (1, False), "the same work once more is not done yet"
    finally:
        bars.close()


def test_a_download_is_counted_in_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, bars = [0.0], console._Bars(Console(file=io.StringIO(), force_terminal=True, width=120))
    monkeypatch.setattr(console.time, "monotonic", lambda: clock[0])
    try:
        for what in ("fetching vgg19.pth", "drawing"):
            bars.show(what, 0, 40_000_000)
            clock[0] += 2
            bars.show(what, 19_197_500, 40_000_000)
        paces = [task.fields["pace"] for task in bars._progress.tasks]
        assert paces == ["9.6 MB/s", "9598750.0 frames/s"]
    finally:
        bars.close()
    lines = io.StringIO()
    console._Lines(lines).show("fetching vgg19.pth", 10_000_000, 40_000_000)
    assert lines.getvalue() == "fetching vgg19.pth; 25%\n"


def stopped_by(
    error: BaseException, capsys: pytest.CaptureFixture[str], as_json: bool = False, goes_on: bool = True,
    begun: bool = True,
) -> tuple[int, str, str]:  # fmt: skip
    """(exit status, stdout, stderr without progress) of a command that ends with an error. begun: once it is at work"""
    with pytest.raises(typer.Exit) as ended, console.command(as_json, goes_on=goes_on) as terminal:
        if begun:
            terminal.progress("drawing", 1, 2)
            capsys.readouterr()
        raise error
    said = capsys.readouterr()
    return ended.value.exit_code, said.out, said.err


def test_a_full_gpu_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = stopped_by(torch.OutOfMemoryError("CUDA out of memory. Tried"), capsys, as_json=True)
    hint = "Close other programs that use it, or add --device cpu"
    assert status == 1
    assert json.loads(out) == {"error": "The GPU has too little memory.", "hint": hint}
    assert err == f"Error: The GPU has too little memory.\n       {hint}\n"
    with pytest.raises(RuntimeError, match="a bug"), console.command(False):
        raise RuntimeError("a bug")


@pytest.mark.parametrize(
    ("fails", "why"),
    [
        ("import no_such_package", "No module named 'no_such_package'"),
        ("raise OSError('libGL.so.1: cannot open shared object file')", "libGL.so.1: cannot open shared object file"),
    ],
)
def test_a_package_that_cannot_be_loaded_is_told_in_words(
    fails: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken_package.py").write_text(fails)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(typer.Exit) as ended, console.command(True):
        importlib.import_module("broken_package")
    said = capsys.readouterr()
    assert ended.value.exit_code == 1
    assert json.loads(said.out)["error"] == f"A package cannot be loaded: {why}"
    assert said.err.splitlines() == [
        f"Error: A package cannot be loaded: {why}",
        "       What is wrong with it, and what helps: dancekit doctor",
    ]


def test_a_bug_keeps_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OSError, match="a bug"), console.command(False):
        raise OSError("a bug")
    with pytest.raises(ImportError), console.command(False):
        importlib.import_module("dancekit.no_such_module")
    assert not capsys.readouterr().err


def test_a_part_of_the_outcome_goes_where_the_outcome_goes(capsys: pytest.CaptureFixture[str]) -> None:
    for as_json, told in ((False, "one\ntwo\nall\n"), (True, '{"all": 2}\n')):
        with console.command(as_json) as terminal:
            terminal.progress("cutting", 1, 2)
            terminal.part(["one", "two"])
            terminal.progress("cutting", 2, 2)
            terminal.result(["all"], {"all": 2})
        said = capsys.readouterr()
        assert said.out == told
        assert "cutting 2/2" in said.err


def test_stopping_prints_one_json_object_too(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = stopped_by(KeyboardInterrupt(), capsys, as_json=True)
    hint = "What is finished is kept: run the same command again to go on."
    assert status == 130
    assert json.loads(out) == {"error": "Stopped.", "hint": hint}
    assert err == f"Stopped. {hint}\n"


def test_only_what_goes_on_says_so_when_it_is_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    assert stopped_by(KeyboardInterrupt(), capsys, goes_on=False) == (130, "", "Stopped.\n")
    assert json.loads(stopped_by(KeyboardInterrupt(), capsys, goes_on=False, as_json=True)[1])["hint"] == ""


def test_before_work_has_begun_nothing_is_said_of_going_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert stopped_by(KeyboardInterrupt(), capsys, begun=False) == (130, "", "Stopped.\n")


@pytest.fixture
def usual() -> Iterator[None]:
    """Ctrl-C as Python takes it by itself, whatever started the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, "as it was"
    signal.signal(signal.SIGINT, before)


def swallow() -> None:
    """Ctrl-C, as packages take it that have other things in mind while they are imported."""
    with suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("usual")
@pytest.mark.parametrize(
    "error",
    [
        AttributeError("numpy has no 'matrix'"),
        ImportError("once per process"),
        DancekitError("no rembg", "Install it."),
    ],
)
def test_what_fails_after_an_interrupt_that_was_swallowed_was_stopped(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, console.command(False):
        swallow()
        raise error
    assert (ended.value.exit_code, capsys.readouterr().err) == (130, "Stopped.\n")


@pytest.mark.usefixtures("usual")
def test_what_goes_on_after_an_interrupt_that_was_swallowed_stops_at_its_next_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as ended, console.command(False) as terminal:
        swallow()
        terminal.progress("drawing", 1, 2)
    assert (ended.value.exit_code, capsys.readouterr().err) == (130, "Stopped.\n")


@pytest.mark.usefixtures("usual")
def test_a_command_that_has_taken_the_interrupt_upon_itself_is_not_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    with console.command(False) as terminal:
        before = signal.signal(signal.SIGINT, lambda number, frame: None)
        swallow()
        signal.signal(signal.SIGINT, before)
        terminal.progress("training", 2, 2)
    assert capsys.readouterr().err == "training 2/2\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("as_json", [False, True])
def test_a_full_disk_that_the_outcome_is_printed_to_is_told_of(as_json: bool) -> None:
    work = f"""
from dancekit import console
with console.command({as_json}) as terminal:
    terminal.result(["made"], {{"made": 1}})
"""
    with Path("/dev/full").open("w") as full:
        run = subprocess.run([sys.executable, "-c", work], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode == 1
    said = [line for line in run.stderr.splitlines() if "typer" not in line and "click" not in line]
    assert said[0] == "Error: What is to be printed cannot be written: the disk is full."
    assert "OSError" not in run.stderr
