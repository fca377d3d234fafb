"""Training data: held-out frames are never drawn, no window crosses a cut, and what lies beyond the film is unknown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from figures import clip

from dancekit.core import closeup, sketch, spans
from dancekit.core.augment import Sway
from dancekit.core.batch import Batch
from dancekit.core.sketch import Looks
from dancekit.errors import WorkspaceError
from dancekit.io.clips import Clip
from dancekit.io.dataset import Canvas, Footage, TrainingSet, reach_of, to_device, usual_rate
from dancekit.threads import made_ahead

CANVAS = Canvas((32, 64), 50.0, 25.0)
"""Half the size of the stored crop."""
LENGTH = 100


def times_in(batch: Batch) -> np.ndarray:
    """Which frames of the clip a batch holds, int [B, M]: the colour of the stored frames says it."""
    return (batch.frames[:, :, :3, 32, 12:20].float().mean((2, 3)) / 2).round().int().numpy()


def drawn(data: TrainingSet, count: int = 60) -> np.ndarray:
    random = np.random.default_rng(0)
    return np.concatenate([times_in(data.draw(8, 0, random)) for _ in range(count)])


@pytest.fixture
def walk(tmp_path: Path) -> Clip:
    return clip(tmp_path, LENGTH)


def test_held_out_frames_are_never_drawn(walk: Clip) -> None:
    seen = set(drawn(TrainingSet([walk], CANVAS, frames=3, reach=2)).ravel().tolist())
    held = set(np.flatnonzero(spans.held_out(LENGTH)).tolist())
    assert len(held) == 15
    assert not seen & held
    assert seen >= set(range(3, 15)), "and the others are"


@pytest.mark.parametrize("size", [(64, 128), (48, 96), (30, 60)])
def test_what_is_kept_around_the_head_shows_the_same_as_the_whole_frame(walk: Clip, size: tuple[int, int]) -> None:
    canvas = Canvas(size, 100.0 * size[1] / 128, 25.0)
    whole, heads = Footage(walk, canvas, 1 << 20), Footage(walk, canvas, 1 << 20, head=size[0] // 2)
    for time in (0, 40, 41):
        for left, top in ((0, 0), (size[0] // 3, 2), (size[0] // 2, size[1] // 2)):
            seen = heads.near(time, left, top, (size[0] // 2, 16)).astype(int)
            true = whole.frame(time)[:, top : top + 16, left : left + size[0] // 2]
            assert seen.shape == (4, 16, size[0] // 2)
            assert np.abs(seen - true).max() <= 3
    middle = closeup.middle(heads.points[40])
    left, top = closeup.corner(middle, 8)
    assert not np.shares_memory(heads.near(40, 0, 100, (8, 8)), heads.near(40, 0, 100, (8, 8))), "far away: loaded"
    assert np.shares_memory(heads.near(40, left, top, (8, 8)), heads.near(40, left, top, (8, 8))), "kept"


def test_windows_are_consecutive_and_never_cross_a_cut(tmp_path: Path) -> None:
    data = TrainingSet([clip(tmp_path, LENGTH, shots=(0, 47))], CANVAS, frames=3, reach=2)
    windows = drawn(data)
    assert (np.diff(windows, axis=1) == 1).all()
    assert {45, 46, 47, 48} <= set(windows.ravel().tolist())
    assert not ((windows[:, 0] < 47) & (windows[:, -1] >= 47)).any()


def test_frames_without_a_person_are_never_drawn(tmp_path: Path) -> None:
    gaps = tuple(range(60, 70))
    data = TrainingSet([clip(tmp_path, LENGTH, gaps=gaps)], CANVAS, frames=3, reach=2)
    assert not set(drawn(data).ravel().tolist()) & set(gaps)


def test_the_poses_are_those_of_the_frames_with_neighbours_on_both_sides(walk: Clip) -> None:
    reach = 2
    data = TrainingSet([walk], CANVAS, frames=3, reach=reach)
    footage = Footage(walk, CANVAS, 0)
    batch = data.draw(8, 0, np.random.default_rng(1))
    assert batch.poses.shape == (8, 3 + 2 * reach, 33, 3)
    for poses, times in zip(batch.poses.numpy(), times_in(batch), strict=True):
        around = np.clip(np.arange(times[0] - reach, times[-1] + reach + 1), 0, LENGTH - 1)
        assert np.array_equal(poses, footage.points[around])


def test_points_and_pictures_agree_at_the_size_of_the_canvas(walk: Clip) -> None:
    footage = Footage(walk, CANVAS, 0)
    # 200 px tall in the film, at x = 160 in a box from 96 to 224: in the middle of a canvas of 32 px, 50 px tall.
    assert footage.points[0, 0, :2] == pytest.approx((16, 14))
    picture = footage.frame(40)
    assert picture.shape == (4, 64, 32)
    assert picture[3, 32, 16] == 255
    assert picture[3, 32, 2] == 0
    assert picture[:3, 32, 16] == pytest.approx((80, 80, 80), abs=2)


def test_a_canvas_larger_than_the_stored_crop_is_empty_around_it(walk: Clip) -> None:
    footage = Footage(walk, Canvas((96, 128), 50.0, 25.0), 0)
    picture = footage.frame(40)
    assert picture.shape == (4, 128, 96)
    assert picture[3, 64, 48] == 255
    assert picture[3, :, :30].max() == 0
    assert picture[3, :28].max() == 0


def test_a_cache_does_not_change_what_is_read(walk: Clip) -> None:
    plain, cached = Footage(walk, CANVAS, 0), Footage(walk, CANVAS, 1 << 20)
    for time in (5, 60, 5):
        assert np.array_equal(plain.frame(time), cached.frame(time))


def test_what_lies_beyond_the_film_is_unknown(tmp_path: Path) -> None:
    # The crop shows x from 96 to 224 and y from 60 to 316 of the film, of which only x < 192 and y > 92 show anything.
    data = TrainingSet([clip(tmp_path, LENGTH, inside=(0, 92, 192, 320))], CANVAS, frames=3, reach=2)
    known = data.draw(2, 0, np.random.default_rng(0)).known
    assert known.shape == (2, 3, 1, 64, 32)
    wanted = np.zeros((64, 32))
    wanted[8:, :24] = 1
    assert np.array_equal(known[0, 0, 0].numpy(), wanted)


def test_a_narrow_window_moves_with_the_person_and_takes_poses_and_pictures_along(walk: Clip) -> None:
    data = TrainingSet([walk], Canvas((64, 64), 50.0, 25.0), frames=3, reach=2, window=0.5, multiple=8)
    assert data.size[0] < 64
    assert data.size[0] % 8 == 0
    batch = data.draw(16, 0, np.random.default_rng(0))
    assert batch.frames.shape[-2:] == (64, data.size[0])
    for poses, frames in zip(batch.poses, batch.frames, strict=True):
        columns = torch.where(frames[0, 3, 32] > 127)[0].float()
        if columns.min() > 0 and columns.max() < data.size[0] - 1:
            assert columns.mean() + 0.5 == pytest.approx(float(poses[2, 0, 0]), abs=1)


def test_wild_poses_are_placed_in_the_middle_at_the_bodys_size(walk: Clip) -> None:
    dances = np.zeros((4, 20, 33, 3), np.float32)
    dances[..., 1], dances[..., 2] = 0.5, 1.0
    data = TrainingSet([walk], CANVAS, frames=3, reach=2, wild=(np.empty((0, 20, 33, 3), np.float32), dances))
    wild = data.draw(2, 6, np.random.default_rng(0)).wild
    assert wild is not None
    assert wild.shape == (6, 5, 33, 3)
    assert wild[0, 0, 0].tolist() == [16.0, 32.0 + 0.5 * 50, 1.0]


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0, 0), (1.0, 200, 200), (0.5, 70, 130)])
def test_real_strangers_get_their_share(walk: Clip, share: float, low: int, high: int) -> None:
    real, made_up = np.full((3, 20, 33, 3), 1.0, np.float32), np.zeros((3, 20, 33, 3), np.float32)
    data = TrainingSet([walk], CANVAS, frames=3, reach=2, wild=(real, made_up), real=share)
    wild = data.draw(1, 200, np.random.default_rng(0)).wild
    assert wild is not None
    assert low <= int((wild[:, 0, 0, 2] == 1.0).sum()) <= high


def test_the_same_seed_draws_the_same_batch(walk: Clip) -> None:
    data = TrainingSet([walk], CANVAS, frames=3, reach=2)
    one, two, other = (data.draw(4, 0, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert torch.equal(one.frames, two.frames)
    assert torch.equal(one.poses, two.poses)
    assert not torch.equal(one.frames, other.frames)


def test_a_clip_without_a_long_enough_run_cannot_be_trained_on(tmp_path: Path) -> None:
    gaps = tuple(time for time in range(40) if time % 3 == 2)
    with pytest.raises(WorkspaceError, match="long enough"):
        TrainingSet([clip(tmp_path, 40, gaps=gaps)], CANVAS, frames=3, reach=2)


def test_on_the_device_colours_are_from_minus_one_to_one(walk: Clip) -> None:
    batch = to_device(
        TrainingSet([walk], CANVAS, frames=3, reach=2).draw(4, 0, np.random.default_rng(0)), torch.device("cpu")
    )
    colour, alpha = batch.frames[:, :, :3], batch.frames[:, :, 3]
    assert colour.min() >= -1
    assert colour.max() <= 1
    assert set(alpha.unique().tolist()) >= {0.0, 1.0}
    assert alpha.max() <= 1


def test_room_and_rate_are_those_of_the_neediest_and_the_slowest_clip(tmp_path: Path) -> None:
    one = clip(tmp_path / "one", 30)
    assert (reach_of([one]).width, reach_of([one]).height, usual_rate([one])) == (0.64, 1.28, 25.0)


def test_batches_come_in_order_and_ahead_of_time(walk: Clip) -> None:
    data = TrainingSet([walk], CANVAS, frames=3, reach=2)
    stream = made_ahead(lambda number: data.draw(1, 0, np.random.default_rng(number)), 5)
    for number in (5, 6, 7):
        assert torch.equal(next(stream).frames, data.draw(1, 0, np.random.default_rng(number)).frames)
    stream.close()


def test_a_failure_while_drawing_ahead_reaches_training() -> None:
    def fail(number: int) -> Batch:
        raise WorkspaceError("frames.pack: damaged")

    with pytest.raises(WorkspaceError, match="damaged"):
        next(made_ahead(fail, 0))


def alike(value: float) -> Looks:
    """Looks whose every number is this one."""
    shape = (sketch.SIDES, sketch.BARS, sketch.ALONG, sketch.ACROSS)
    return Looks(*(torch.full(size, value) for size in ((sketch.BARS,), (*shape, 3), shape)))


def test_every_window_comes_with_the_looks_in_its_clip(tmp_path: Path) -> None:
    clips = [clip(tmp_path / name, LENGTH) for name in ("first", "second")]
    looks = [alike(width) for width in (0.1, 0.2)]
    data = TrainingSet(clips, CANVAS, frames=3, reach=2, looks=looks)
    batch = data.draw(40, 0, np.random.default_rng(0))
    assert batch.looks is not None
    widths = batch.looks.widths[:, 0] / CANVAS.body
    assert sorted(widths.round(decimals=3).unique().tolist()) == pytest.approx([0.1, 0.2])
    assert torch.allclose(batch.looks.colours[:, 0, 0, 0, 0, 0], widths)
    assert torch.allclose(batch.looks.cover[:, 0, 0, 0, 0], widths)
    assert TrainingSet(clips, CANVAS, frames=3, reach=2).draw(2, 0, np.random.default_rng(0)).looks is None


def test_looks_grow_and_shrink_with_the_pictures_that_sway(walk: Clip) -> None:
    data = TrainingSet([walk], CANVAS, frames=3, reach=2, sway=Sway(scale=0.2), looks=[alike(0.1)])
    plain = TrainingSet([walk], CANVAS, frames=3, reach=2, looks=[alike(0.1)])
    for seed in range(6):
        swayed, still = (one.draw(1, 0, np.random.default_rng(seed)) for one in (data, plain))
        assert swayed.looks is not None
        assert still.looks is not None
        sizes = [torch.linalg.norm(poses[0, 2, 11, :2] - poses[0, 2, 24, :2]) for poses in (swayed.poses, still.poses)]
        ratio = swayed.looks.widths / still.looks.widths
        assert torch.allclose(ratio, (sizes[0] / sizes[1]).expand_as(ratio), rtol=1e-3)
        assert abs(float(ratio.mean()) - 1) > 1e-3


def test_windows_that_do_not_sway_stay_as_they_are_on_film(walk: Clip) -> None:
    def drawn(share: float) -> torch.Tensor:
        return TrainingSet([walk], CANVAS, frames=3, reach=2, sway=Sway(5.0, 0.1, share=share)).draw(
            60, 0, np.random.default_rng(1)).poses  # fmt: skip

    def kept(poses: torch.Tensor) -> int:
        film = Footage(walk, CANVAS, 0).points[:, 0, 1]
        return sum(bool(np.isclose(film, y, atol=1e-4).any()) for y in poses[:, 2, 0, 1].numpy())

    assert kept(drawn(0.0)) == 60
    assert 15 <= kept(drawn(0.5)) <= 45
    assert kept(drawn(1.0)) <= 10


def test_windows_in_other_colours_have_looks_in_them_too(walk: Clip) -> None:
    looks = [alike(0.0)]
    plain = TrainingSet([walk], CANVAS, frames=3, reach=2, looks=looks).draw(4, 0, np.random.default_rng(1))
    other = TrainingSet([walk], CANVAS, frames=3, reach=2, sway=Sway(recolour=1.0), looks=looks).draw(
        4, 0, np.random.default_rng(1)
    )
    assert plain.looks is not None
    assert other.looks is not None
    assert torch.equal(plain.frames[:, :, 3], other.frames[:, :, 3])
    assert not torch.equal(plain.frames, other.frames)
    assert not torch.equal(plain.looks.colours, other.looks.colours)


def test_close_ups_hold_the_head_and_only_frames_whose_head_is_known(tmp_path: Path) -> None:
    walk, large, side = clip(tmp_path, LENGTH, gaps=(20, 21)), CANVAS.times(2), 24
    data = TrainingSet([walk], large, frames=1, reach=2, face=side)
    footage = Footage(walk, large, 0)
    random = np.random.default_rng(3)
    assert large == Canvas((64, 128), 100.0, 25.0)
    for _ in range(20):
        batch = data.draw(4, 0, random)
        assert batch.frames.shape == (4, 1, 4, side, side)
        heads = closeup.middle(batch.poses[:, 2].numpy())
        assert not np.isnan(heads).any()
        for poses, picture in zip(batch.poses.numpy(), batch.frames[:, 0].numpy(), strict=True):
            # The colour of the stored frames says which one it is: the close-up is that part of the whole.
            time = int(np.median(picture[:3, picture[3] == 255]) / 2 + 0.5)
            left, top = (footage.points[time] - poses[2])[0, :2].round().astype(int)
            assert np.array_equal(footage.frame(time)[:, top : top + side, left : left + side], picture)
