"""Work on one thing after the other by several threads, with the results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


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
