"""Work on one thing after the other by several threads or processes."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from itertools import count

from dancekit.types import Each, Item, Made

_PROCESSES = 16
"""At the most: each takes 300 MB."""


def usable() -> int:
    """How many cores this process may use: of all that there are, those that it was given."""
    if hasattr(os, "sched_getaffinity"):  # not everywhere
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 2


def cores(most: int) -> int:
    """How many cores there are to use, from 1 to `most`."""
    return max(1, min(most, usable()))


def spare(most: int) -> int:
    """How many threads the cores have room for beside the one that asks, from 1 to `most`."""
    return max(1, cores(most + 1) - 1)


@contextmanager
def workers(threads: int, waiting: int = 0) -> Iterator[Each]:
    """Gives each(work, items): like map, but the threads do the work, begun up to `waiting` items in advance (as many
    as there are threads, unless it is said).

    Several of these may be under way at once, and one may make what the next works on. Each thread does its arithmetic
    by itself: torch would share the smallest piece of it among all cores, and wait for them. What is not asked for any
    more is left undone in the end.
    """
    with ThreadPoolExecutor(threads) as pool:
        _compute_alone(pool, threads)

        def each(work: Callable[[Item], Made], items: Iterable[Item]) -> Generator[Made]:
            begun = deque[Future[Made]]()
            for item in items:
                begun.append(pool.submit(work, item))
                if len(begun) > (waiting or threads):
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()

        try:
            yield each
        finally:
            pool.shutdown(cancel_futures=True)


def in_order(work: Callable[[Item], Made], items: Iterable[Item], threads: int, waiting: int) -> Generator[Made]:
    """work(item) of every item in their order, by workers of its own, to be closed."""
    with workers(threads, waiting) as each:
        yield from each(work, items)


def made_ahead(make: Callable[[int], Made], first: int, threads: int = 1) -> Generator[Made]:
    """make(first), make(first + 1), ... without end, in this order, made in advance by so many threads."""
    return in_order(make, count(first), threads, threads + 2)


@contextmanager
def meanwhile(work: Callable[[], Made]) -> Iterator[Future[Made]]:
    """A thread of its own does the work while what follows is done too; gives what to ask for its result."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(work)


def read_ahead(items: Generator[Item], depth: int = 4) -> Generator[Item]:
    """The same items, fetched by another thread up to `depth` in advance."""
    ready: queue.Queue[Item | BaseException | None] = queue.Queue(depth)
    stop = threading.Event()
    thread = threading.Thread(target=_fetch, args=(items, ready, stop), daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        while thread.is_alive():
            with suppress(queue.Empty):
                ready.get(timeout=0.05)


def _fetch(items: Generator[Item], ready: queue.Queue[Item | BaseException | None], stop: threading.Event) -> None:
    try:
        with closing(items):  # type: ignore[type-var]
            for item in items:
                ready.put(item)
                if stop.is_set():
                    return
        ready.put(None)
    except BaseException as error:
        ready.put(error)


def _compute_alone(pool: ThreadPoolExecutor, threads: int) -> None:
    """Have each thread of a pool do its arithmetic by itself; others, those begun later too, compute as before."""
    torch = sys.modules.get("torch")
    if torch is None:  # nor does their work need it
        return
    own, together = torch.get_num_threads(), threading.Barrier(threads)

    def alone(_: int) -> None:
        torch.get_num_threads()  # else what is set now is set anew when the thread first computes
        torch.set_num_threads(1)  # of this thread, and of those that begin from now on
        together.wait()

    list(pool.map(alone, range(threads)))
    torch.set_num_threads(own)


@contextmanager
def processes() -> Iterator[ProcessPoolExecutor]:
    """Processes for work that threads would do one after the other; what is not begun at the end is left undone.

    They are begun afresh, since a forked copy of a process that computes with threads may hang, leave Ctrl-C to this
    one, and end with it, however it ends.
    """
    fresh, count = multiprocessing.get_context("spawn"), cores(_PROCESSES)
    pool = ProcessPoolExecutor(count, fresh, _serve)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _serve() -> None:
    """What a process does first that works for another one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
