"""Work shared by several processes, as PyTorch's launcher torchrun starts them: each learns from its own share of
every batch, or draws a span of a film, on a GPU of its own where there are any; the first one speaks for all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed

_PATIENCE = timedelta(days=1)
"""How long the others wait while the first one looks at a long film; one that dies is noticed at once."""


@dataclass(frozen=True)
class Group:
    """The processes that train together, or this one alone. rank: which of them this is. size: how many there are."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the one that writes and speaks."""
        return self.rank == 0

    def wait(self) -> None:
        """Go on when all have come so far."""
        if self.size > 1:
            distributed.all_reduce(torch.zeros(1))  # unlike a barrier, it never keeps a GPU busy

    @contextmanager
    def leader_first(self) -> Iterator[None]:
        """What the leader does before the others do it too, and then find it done."""
        if not self.leads:
            self.wait()
        yield
        if self.leads:
            self.wait()

    def told(self, values: Sequence[float]) -> list[float]:
        """The leader's values, in all processes."""
        if self.size == 1:
            return list(values)
        table = torch.tensor(values, dtype=torch.float64)  # on the CPU, so that no GPU is waited for
        distributed.broadcast(table, 0)
        return table.tolist()

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Put the mean over all processes in the place of each tensor; all of one type."""
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        flat /= self.size
        parts = flat.split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def copy_leader(self, tensors: Sequence[Tensor]) -> None:
        """Put the leader's values in the place of each tensor."""
        if self.size > 1:
            for tensor in tensors:
                distributed.broadcast(tensor.detach(), 0)


ALONE = Group()


def local_rank() -> int | None:
    """Which of the processes on this computer this is; None if it is alone."""
    rank = os.environ.get("LOCAL_RANK")
    return int(rank) if rank is not None else None


@contextmanager
def joined(device: torch.device, failed: Callable[[], None]) -> Iterator[Group]:
    """The group that torchrun started this process in; it begins when all of them have come. failed: called where this
    one fails; it must see to it that the process ends without waiting for anything."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" and distributed.is_nccl_available() else "gloo"
    distributed.init_process_group(backend, timeout=_PATIENCE)
    try:
        yield Group(distributed.get_rank(), distributed.get_world_size())
    except BaseException:
        # NVIDIA's library ends a group only together with the others, who wait for this one and would do so for a day.
        # So it has to say what went wrong and be gone; torchrun notices that, and ends them.
        failed()
        raise
    distributed.destroy_process_group()
