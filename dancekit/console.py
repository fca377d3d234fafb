"""What the terminal shows: progress bars and messages on stderr, results on stdout; the only user of rich."""

from __future__ import annotations

import atexit
import errno
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO

import typer

from dancekit.errors import DancekitError, in_words

if TYPE_CHECKING:
    from types import FrameType

    from rich.console import Console

_LINE_EVERY, _MOST_BARS = 10.0, 8
_ROOMY = 125
"""Characters in a line of a terminal from which there is room for a bar and more."""
_DOWNLOAD = "fetching "
"""How work begins that is counted in bytes, not in frames."""
_WORK = re.compile(r"\bdancekit (prepare|train|transfer|evaluate)\b")
"""Commands that work on people, who are in a workspace."""


class Terminal:
    """One command's conversation with its user.

    Everything but the result goes to stderr, through a copy of its file descriptor, so that libraries whose chatter is
    silenced there do not silence the progress bar too. With `json_only`, stdout gets exactly one JSON object. `where`
    is how commands that an error advises have to name the workspace, such as " --home other", or nothing. Of several
    processes that torchrun started, only the first one speaks, but any tells of its failure.
    """

    def __init__(self, json_only: bool = False, where: str = "") -> None:
        self.json_only, self._where = json_only, where
        self._stderr = _copy_of_stderr()
        if isinstance(sys.stdout, TextIOWrapper):  # names of films may have letters that it cannot write
            sys.stdout.reconfigure(errors="replace")
        self._speaks, self._told = os.environ.get("RANK", "0") == "0", False
        self._bars: _Bars | _Lines | None = None
        self._begun = self.interrupted = False

    @contextmanager
    def working(self) -> Iterator[Terminal]:
        """Show progress while the block runs, and remember Ctrl-C: packages that are being imported may swallow what it
        raises, and then fail in words of their own, or go on."""
        self._bars = _shown_on(self._stderr)
        usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ours = usual and threading.current_thread() is threading.main_thread()  # others may not set it
        if ours:
            signal.signal(signal.SIGINT, self._interrupt)
        try:
            yield self
        finally:
            if ours:
                signal.signal(signal.SIGINT, signal.default_int_handler)
            self._bars.close()
            self._bars = None

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.interrupted = True
        signal.default_int_handler(number, frame)

    def progress(self, what: str, done: int, total: int) -> None:
        """Progress of long work; `what` may go on after a colon with what changes all the time."""
        if self.interrupted:  # and whatever was to stop has not
            raise KeyboardInterrupt
        self._begun = True
        if self._bars is not None and self._speaks:
            self._bars.show(what, done, total)

    def say(self, text: str) -> None:
        """A remark, on stderr."""
        if not self._speaks:
            return
        if isinstance(self._bars, _Bars):
            self._bars.say(text)
        else:
            print(text, file=self._stderr, flush=True)

    def result(self, lines: Sequence[str], data: Mapping[str, object]) -> None:
        """The outcome: lines for people, or one JSON object."""
        if not self._speaks:
            return
        if self._bars is not None:
            self._bars.close()
        if self.json_only:
            self._object(data)
        else:
            print("\n".join(lines), flush=True)

    def _object(self, data: Mapping[str, object]) -> None:
        """The one JSON object, if it is asked for and is not printed yet: an outcome may tell of an error itself."""
        if self.json_only and self._speaks and not self._told:
            print(json.dumps(data), flush=True)
            self._told = True

    def part(self, lines: Sequence[str]) -> None:
        """A part of the outcome for people, as soon as it is known; the one JSON object comes at the end."""
        if self._bars is not None:  # what is shown of the next part begins below
            self._bars.close()
            self._bars = _shown_on(self._stderr)
        if self._speaks and not self.json_only:
            print("\n".join(lines), flush=True)

    def stopped(self, goes_on: bool) -> None:
        """That the user has stopped the command, and whether the same one goes on where it was."""
        hint = "What is finished is kept: run the same command again to go on." if goes_on and self._begun else ""
        self._object({"error": "Stopped.", "hint": hint})
        self.say(f"Stopped. {hint}".rstrip())

    def failure(self, error: DancekitError) -> None:
        """What went wrong and what to do; as JSON too where that was asked for."""
        hint = _WORK.sub(lambda verb: verb[0] + self._where, error.hint)
        self._object({"error": error.problem, "hint": hint})
        print(f"Error: {error.problem}" + (f"\n       {hint}" if hint else ""), file=self._stderr, flush=True)


@contextmanager
def command(as_json: bool, where: str = "", goes_on: bool = True) -> Iterator[Terminal]:
    """A command's frame: progress while it works, and every failure in words. where: see `Terminal`. goes_on: whether
    the same command, if it is stopped, goes on where it was."""
    terminal = Terminal(as_json, where)
    try:
        with terminal.working():
            yield terminal
    except typer.Exit:
        raise
    except BaseException as error:  # after Ctrl-C any error may be what came of it
        if terminal.interrupted or isinstance(error, KeyboardInterrupt):
            terminal.stopped(goes_on)
            raise typer.Exit(130) from None
        told = error if isinstance(error, DancekitError) else _unprinted(error) or in_words(error)
        if told is None:
            raise
        terminal.failure(told)
        raise typer.Exit(1) from None


def _unprinted(error: BaseException) -> DancekitError | None:
    """What is wrong where the outcome cannot be printed: all else that is written tells of a full disk by itself."""
    if not isinstance(error, OSError) or error.errno != errno.ENOSPC:
        return None
    with suppress(OSError, ValueError):  # or what is left to be printed fails once more when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DancekitError("What is to be printed cannot be written: the disk is full.", "Free some space.")


def leave_at_once() -> None:
    """Have the process end, when all is said, without waiting for anything, and as one that failed."""
    atexit.register(_leave)


def _leave() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def _copy_of_stderr() -> TextIO:
    try:
        return os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding=sys.stderr.encoding or "utf-8", errors="replace")
    except (OSError, ValueError, AttributeError):  # no real file behind it, as in a notebook
        return sys.stderr


def _shown_on(stream: TextIO) -> _Bars | _Lines:
    """Progress bars where there is a terminal that can draw them (Windows' oldest cannot), else lines."""
    if stream.isatty():
        from rich.console import Console

        console = Console(file=stream, markup=False)
        if not console.legacy_windows:
            return _Bars(console)
    return _Lines(stream)


class _Bars:
    """Progress bars on a terminal, one below the other."""

    def __init__(self, console: Console) -> None:
        from rich import progress as parts
        from rich.table import Column

        # Where there is little room, what is longest goes on in the next line, and all else keeps its width.
        cramped = console.width < _ROOMY
        share = parts.TextColumn("{task.percentage:>3.0f}%", table_column=Column(min_width=4))
        left = (parts.TimeRemainingColumn(table_column=Column(min_width=7)),
                parts.TextColumn("left", table_column=Column(min_width=4)))  # fmt: skip
        what = parts.TextColumn(
            "{task.description}", markup=False, table_column=Column(no_wrap=not cramped, ratio=1 if cramped else None)
        )
        pace = parts.TextColumn("{task.fields[pace]}", markup=False)
        narrow = (share, *left, what, pace)
        wide = (what, parts.BarColumn(24), share, pace, parts.TimeElapsedColumn(), *left)
        self._progress = parts.Progress(
            parts.SpinnerColumn(),
            *(narrow if cramped else wide),
            expand=cramped,
            console=console,
            # The result is no progress: it goes where stdout goes, not to this terminal.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._tasks: dict[str, parts.TaskID] = {}
        self._began: dict[str, tuple[float, int]] = {}
        self._done: dict[str, int] = {}
        self._progress.start()

    def show(self, what: str, done: int, total: int) -> None:
        key, _, detail = what.partition(":")
        if key not in self._tasks:
            self._make_room()
            self._tasks[key] = self._progress.add_task(key, total=None, pace="")
            self._began[key] = (time.monotonic(), done)
        elif done < self._done[key]:  # the same once more, with another film
            self._progress.reset(self._tasks[key], pace="")
            self._began[key] = (time.monotonic(), done)
        self._done[key] = done
        self._progress.update(
            self._tasks[key],
            description=f"{key}{': ' if detail else ''}{detail.strip()}",
            completed=done,
            total=total or None,
            visible=True,
            pace=self._pace(key, done, bool(detail)),
        )

    def _make_room(self) -> None:
        """Hide the oldest bars, so that the one at work stays on the screen."""
        shown = [task for task in self._progress.tasks if task.visible]
        for task in shown[: max(0, len(shown) + 1 - _MOST_BARS)]:
            self._progress.update(task.id, visible=False)

    def _pace(self, key: str, done: int, detailed: bool) -> str:
        began, first = self._began[key]
        elapsed = time.monotonic() - began
        if detailed or elapsed <= 1 or done <= first:
            return ""
        rate = (done - first) / elapsed
        return f"{rate / 1e6:.1f} MB/s" if key.startswith(_DOWNLOAD) else f"{rate:.1f} frames/s"

    def say(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)

    def close(self) -> None:
        self._progress.stop()


class _Lines:
    """A line now and then, where there is no terminal to draw bars on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last: dict[str, float] = {}
        self._began: dict[str, tuple[float, int]] = {}
        self._done: dict[str, int] = {}

    def show(self, what: str, done: int, total: int) -> None:
        key, now = what.partition(":")[0], time.monotonic()
        if key not in self._began or done < self._done[key]:  # the same once more, with another film
            self._began[key] = (now, done)
        self._done[key] = done
        if now - self._last.get(key, -1e9) < _LINE_EVERY and done != total:
            return
        self._last[key] = now
        # Work that tells more of itself after a colon may be counted in seconds as well: a share says both.
        counted = ":" not in what and not key.startswith(_DOWNLOAD)
        share = "" if not total else f" {done}/{total}" if counted else f"; {done / total:.0%}"
        print(f"{what}{share}{self._left(key, done, total, now)}", file=self._stream, flush=True)

    def _left(self, key: str, done: int, total: int, now: float) -> str:
        began, first = self._began[key]
        if not total or done <= first or done >= total or now - began < 2:
            return ""
        seconds = round((total - done) * (now - began) / (done - first))
        return f", {seconds // 60}:{seconds % 60:02d} left"

    def close(self) -> None:
        """Nothing to clear away."""
