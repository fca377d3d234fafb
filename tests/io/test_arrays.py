"""Reading .npz files: what is in them, and one error for everything that is wrong with one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dancekit.io import arrays


def test_arrays_come_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, first=np.arange(3), second=np.ones((2, 2)), third=np.zeros(1))
    second, first = arrays.read(path, "second", "first")
    assert first.tolist() == [0, 1, 2]
    assert second.shape == (2, 2)


def test_whatever_is_wrong_is_said_in_words(tmp_path: Path) -> None:
    whole, text, cut, object_inside = (tmp_path / name for name in ("whole.npz", "text.npz", "cut.npz", "object.npz"))
    np.savez(whole, first=np.arange(1000))
    text.write_text("landmarks")
    cut.write_bytes(whole.read_bytes()[:200])
    np.savez(object_inside, first=np.array([{}], object))
    for path, why in (
        (tmp_path / "none.npz", "it is missing"),
        (text, "this is no .npz file"),
        (cut, "this is no .npz file"),
        (object_inside, "Object arrays cannot be loaded"),
    ):
        with pytest.raises(arrays.UnreadableError, match=why):
            arrays.read(path, "first")
    with pytest.raises(arrays.UnreadableError, match="second"):
        arrays.read(whole, "second")


def test_damage_within_what_is_compressed_is_said_in_words(tmp_path: Path) -> None:
    path = tmp_path / "poses.npz"
    np.savez_compressed(path, points=np.random.default_rng(0).normal(size=2000))
    whole = bytearray(path.read_bytes())
    whole[2000:2050] = bytes(50)
    path.write_bytes(whole)
    with pytest.raises(arrays.UnreadableError):
        arrays.read(path, "points")
