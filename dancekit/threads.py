"""Work on one thing after the other by several threads or processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

_PROCESSES = 16
"""At the most: each takes 300 MB."""


def spare(most: int) -> int:
    """How many threads the cores have room for beside the one that asks, from 1 to `most`."""
    return max(1, min(most, (os.cpu_count() or 2) - 1))


def in_order(work: Callable[[Item], Made], items: Iterable[Item], threads: int, waiting: int) -> Generator[Made]:
    """work(item) of every item in their order, begun up to `waiting` items in advance; what is not asked for any more
    is left undone once it is closed."""
    with ThreadPoolExecutor(threads) as pool:
        begun = deque[Future[Made]]()
        try:
            for item in items:
                begun.append(pool.submit(work, item))
                if len(begun) > waiting:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def processes() -> Iterator[ProcessPoolExecutor]:
    """Processes for work that threads would do one after the other; what is not begun at the end is left undone.

    They are begun afresh, since a forked copy of a process that computes with threads may hang, and leave Ctrl-C to
    this one.
    """
    fresh, count = multiprocessing.get_context("spawn"), min(os.cpu_count() or 1, _PROCESSES)
    pool = ProcessPoolExecutor(count, fresh, signal.signal, (signal.SIGINT, signal.SIG_IGN))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
