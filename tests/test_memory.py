"""Memory: what is kept in it so as not to be read again is bounded by what is free."""

from __future__ import annotations

import pytest

from dancekit import memory

GIGABYTE = 1 << 30


@pytest.mark.parametrize(("free", "kept"), [(100, 3), (8, 2), (2, 0.5)])
def test_what_can_be_read_again_takes_a_part_of_what_is_free(
    free: int, kept: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: free * GIGABYTE)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    assert memory.for_cache(3 * GIGABYTE) == kept * GIGABYTE
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert memory.for_cache(3 * GIGABYTE) == min(3, free / 16) * GIGABYTE, "processes share it"


def test_the_least_that_anything_tells_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 << 20 < memory.free_memory() < 1 << 50
    monkeypatch.setattr(memory, "_available", lambda: 8 * GIGABYTE)
    monkeypatch.setattr(memory, "_left_of_group", lambda: GIGABYTE)
    assert memory.free_memory() == GIGABYTE
    monkeypatch.setattr(memory, "_available", lambda: None)
    monkeypatch.setattr(memory, "_left_of_group", lambda: None)
    assert memory.free_memory() == 4 * GIGABYTE
