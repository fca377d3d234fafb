"""The pack of stored frames: what goes in comes out, a cut-off pack goes on, and damage is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dancekit.errors import WorkspaceError
from dancekit.io import frames


def picture(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A smooth colour picture and a hard-edged alpha."""
    ramp = np.linspace(0, 200, 48)
    colour = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :40], np.full((1, 1), seed * 20.0)), -1)
    alpha = np.zeros((48, 40), np.uint8)
    alpha[8:40, 5 + seed : 30] = 200 + seed
    return colour.astype(np.uint8), alpha


def write(path: Path, count: int) -> None:
    writer = frames.FrameWriter(path)
    for seed in range(writer.count, count):
        writer.append(frames.EMPTY if seed == 3 else frames.encode(*picture(seed)))
    writer.close()


def test_alpha_comes_back_exactly_and_colour_nearly(tmp_path: Path) -> None:
    write(tmp_path / "frames.pack", 8)
    reader = frames.FrameReader(tmp_path / "frames.pack")
    assert len(reader) == 8
    for seed in (7, 0, 5):
        cutout = reader.read(seed)
        assert cutout is not None
        assert np.array_equal(cutout[1], picture(seed)[1])
        assert np.abs(cutout[0].astype(int) - picture(seed)[0]).max() <= 4
        assert np.array_equal(reader.alpha(seed), picture(seed)[1])  # type: ignore[arg-type]


def test_a_frame_without_a_person_is_none(tmp_path: Path) -> None:
    write(tmp_path / "frames.pack", 8)
    reader = frames.FrameReader(tmp_path / "frames.pack")
    assert reader.read(3) is None
    assert reader.alpha(3) is None


@pytest.mark.parametrize("lost", [1, 10, 200])
def test_a_pack_that_was_cut_off_goes_on_after_its_last_whole_record(tmp_path: Path, lost: int) -> None:
    write(tmp_path / "whole.pack", 8)
    whole, path = (tmp_path / "whole.pack").read_bytes(), tmp_path / "frames.pack"
    path.write_bytes(whole[:-lost])
    assert len(frames.FrameReader(path)) == 7
    writer = frames.FrameWriter(path)
    assert writer.count == 7
    writer.close()
    write(path, 8)
    assert path.read_bytes() == whole


def test_an_empty_pack_holds_no_frames(tmp_path: Path) -> None:
    frames.FrameWriter(tmp_path / "frames.pack").close()
    assert len(frames.FrameReader(tmp_path / "frames.pack")) == 0


def test_a_missing_pack_is_named(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"frames\.pack.*missing"):
        frames.FrameReader(tmp_path / "frames.pack")


def test_a_damaged_record_is_named_by_its_frame_and_spares_the_others(tmp_path: Path) -> None:
    path = tmp_path / "frames.pack"
    write(path, 5)
    sound = path.read_bytes()
    write(path, 6)
    broken = bytearray(path.read_bytes())
    broken[len(sound) + 60] ^= 0xFF
    path.write_bytes(bytes(broken))
    reader = frames.FrameReader(path)
    assert reader.read(4) is not None
    with pytest.raises(WorkspaceError, match=r"frames\.pack.*frame 5 is not what was written") as caught:
        reader.read(5)
    assert "Prepare" in caught.value.hint


def test_a_damaged_header_ends_the_pack_there(tmp_path: Path) -> None:
    path = tmp_path / "frames.pack"
    write(path, 2)
    start = path.stat().st_size
    write(path, 6)
    broken = bytearray(path.read_bytes())
    broken[start] ^= 0xFF
    path.write_bytes(bytes(broken))
    assert len(frames.FrameReader(path)) == 2
