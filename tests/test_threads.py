"""Threads that work on one thing after the other: in order, each by itself, no further than they are asked."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from dancekit.errors import ClipError
from dancekit.threads import cores, in_order, meanwhile, read_ahead, usable, workers


def test_workers_do_what_map_does_in_order() -> None:
    def slow_at_first(number: int) -> int:
        time.sleep(0.02 if number == 0 else 0)
        return number * number

    with workers(3) as each:
        doubled = each(lambda number: 2 * number, range(20))
        assert list(each(slow_at_first, doubled)) == [4 * number**2 for number in range(20)], "one feeds the other"
    assert list(in_order(slow_at_first, range(20), 3, 5)) == [number**2 for number in range(20)]


def test_work_is_done_while_something_else_is_and_tells_what_came_of_it() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work() -> int:
        begun.set()
        assert go_on.wait(10)
        return 3

    with meanwhile(work) as asked:
        assert begun.wait(10)
        go_on.set()
    assert asked.result() == 3

    def fail() -> None:
        raise ClipError("no film", "")

    with meanwhile(fail) as asked:
        pass
    with pytest.raises(ClipError, match="no film"):
        asked.result()


def test_every_worker_computes_by_itself_and_everybody_else_as_before() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        meet = threading.Barrier(2)

        def asked(_: int) -> tuple[int, int]:
            meet.wait(10)  # so that both work
            return threading.get_ident(), torch.get_num_threads()

        with workers(2) as each:
            told = list(each(asked, range(6)))
            assert torch.get_num_threads() == 3
            assert told_to_a_new_thread() == 3
        assert len({thread for thread, _ in told}) == 2
        assert {count for _, count in told} == {1}
    finally:
        torch.set_num_threads(before)


def test_a_thread_that_has_not_computed_yet_keeps_all_cores() -> None:
    program = """
import torch
from dancekit.threads import in_order
list(in_order(str, range(4), 2, 2))
print(torch.get_num_threads())
"""
    for threads in ("1", "2"):
        said = subprocess.run([sys.executable, "-c", program], env=os.environ | {"OMP_NUM_THREADS": threads},
                              capture_output=True, text=True, check=True).stdout  # fmt: skip
        assert said.strip() == threads


def told_to_a_new_thread() -> int:
    """How many threads torch computes with in a thread that begins now."""
    told: list[int] = []
    thread = threading.Thread(target=lambda: told.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return told[0]


def test_no_more_is_begun_than_is_asked_for() -> None:
    begun: list[int] = []

    def given() -> Iterator[int]:
        for number in range(100):
            begun.append(number)
            yield number

    stream = in_order(lambda number: number, given(), 2, 4)
    assert [next(stream), next(stream)] == [0, 1]
    assert len(begun) == 2 + 4
    stream.close()
    assert len(begun) == 2 + 4


def test_what_a_worker_raises_is_raised_in_its_place() -> None:
    with workers(2) as each:
        results = each(lambda number: 1 // (number - 2), range(5))
        assert [next(results), next(results)] == [-1, -1]
        with pytest.raises(ZeroDivisionError):
            next(results)


def test_reading_ahead_gives_the_same_things() -> None:
    assert list(read_ahead((number for number in range(30)), 2)) == list(range(30))


def test_reading_ahead_can_be_given_up_early() -> None:
    closed: list[bool] = []

    def given() -> Generator[int]:
        try:
            yield from range(30)
        finally:
            closed.append(True)

    stream = read_ahead(given(), 2)
    assert next(stream) == 0
    stream.close()
    assert closed == [True], "what it read from was let go of"
    with pytest.raises(StopIteration):
        next(stream)


def test_what_goes_wrong_while_reading_ahead_reaches_the_reader() -> None:
    def broken() -> Generator[int]:
        yield 1
        raise ClipError("the cable was pulled")

    stream = read_ahead(broken())
    assert next(stream) == 1
    with pytest.raises(ClipError, match="cable"):
        next(stream)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not tell")
def test_only_cores_that_the_process_was_given_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5, 6})
    assert usable() == cores(16) == 3
    assert cores(2) == 2


_LONG_WORK = """
import os, sys, time
from dancekit.threads import processes

def work(number):
    print(os.getpid(), flush=True)
    time.sleep(600)

if __name__ == "__main__":
    with processes() as pool:
        list(pool.map(work, [1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are told apart by signals here")
def test_processes_end_with_the_one_that_they_work_for(tmp_path: Path) -> None:
    (tmp_path / "long_work.py").write_text(_LONG_WORK)
    parent = subprocess.Popen([sys.executable, str(tmp_path / "long_work.py")], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    with parent:
        parent.kill()
    for _ in range(200):
        if not _lives(worker):
            break
        time.sleep(0.05)
    assert not _lives(worker)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    with suppress(FileNotFoundError):  # nobody asks after a process whose parent is gone: it may be dead and there
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return not Path("/proc/self").exists()
