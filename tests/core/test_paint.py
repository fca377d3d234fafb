"""Painting: frame by frame comes the same as all at once, in order, with each network run once per frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
import tiny
import torch
from figures import waving
from tiny import REACH, SIZE

from dancekit.core import maps
from dancekit.core.paint import Painter, keyed
from dancekit.core.painted import Painted
from dancekit.networks.generator import Generator
from dancekit.threads import workers

LENGTH = 11


def painter(refined: bool, residual: bool = False, dtype: torch.dtype = torch.float32) -> Painter:
    refine = tiny.generator(2, 2) if refined else None
    return tiny.painter(tiny.generator(1, 1), refine, replace(tiny.DRAWING, residual=residual), dtype=dtype)


def pictures_of(painted: Iterable[Painted]) -> list[np.ndarray]:
    return [one.whole() for one in painted]


def poses(length: int = LENGTH) -> np.ndarray:
    points = waving(length, 18, 8, 21)
    points[..., 0] += (np.arange(length) % 5)[:, None]
    return points


def held_windows(sequence: torch.Tensor, stride: int, future: bool = True) -> torch.Tensor:
    """Windows around every entry of T x C x H x W, `stride` apart, the first and last entry held beyond the ends."""
    times = torch.arange(len(sequence))
    runs = [sequence[(times + k * stride).clamp(0, len(sequence) - 1)] for k in range(-REACH, REACH + 1)]
    return torch.cat([run if future or place <= REACH else 0 * run for place, run in enumerate(runs)], 1)


@torch.no_grad()
def at_once(who: Painter, points: np.ndarray, stride: int) -> np.ndarray:
    """The same pictures, painted in one go: uint8 [T, H, W, 4]."""
    drawn = maps.draw(maps.segments(torch.from_numpy(points)), SIZE, who.drawing.line)
    made = who.draw(held_windows(drawn, stride, who.drawing.future))
    if who.refine is not None:
        made = who.refine(held_windows(made, stride, who.drawing.future), made if who.drawing.residual else None)
    levels = torch.cat(((made[:, :3] + 1) * 127.5, made[:, 3:] * 255), 1).permute(0, 2, 3, 1)
    return levels.round().to(torch.uint8).numpy()


@pytest.mark.parametrize("stride", [1, 2, 7])
@pytest.mark.parametrize("batch", [1, 4, 30])
@pytest.mark.parametrize(("refined", "residual"), [(False, False), (True, False), (True, True)])
def test_painting_frame_by_frame_is_painting_all_at_once(
    stride: int, batch: int, refined: bool, residual: bool
) -> None:
    who = painter(refined, residual)
    pictures = pictures_of(who.paint(poses(), SIZE, stride, batch))
    wanted = at_once(who, poses(), stride)
    assert len(pictures) == LENGTH
    assert pictures[0].dtype == np.uint8
    assert np.abs(np.stack(pictures).astype(int) - wanted).max() <= 1
    assert np.ptp(wanted.astype(int), axis=0).max() > 4, "or every frame would do"


@pytest.mark.parametrize("refined", [False, True])
def test_without_the_future_a_frame_does_not_change_with_what_comes_after_it(refined: bool) -> None:
    who = painter(refined)
    who = replace(who, drawing=replace(who.drawing, future=False))
    pictures = np.stack(pictures_of(who.paint(poses(), SIZE)))
    assert np.abs(pictures.astype(int) - at_once(who, poses(), 1)).max() <= 1
    half = np.stack(pictures_of(who.paint(poses()[: LENGTH // 2], SIZE)))
    assert np.abs(pictures[: LENGTH // 2].astype(int) - half).max() <= 1
    seeing = np.stack(pictures_of(painter(refined).paint(poses(), SIZE)))
    assert np.abs(seeing.astype(int) - pictures).max() > 1, "or it made no difference"


def test_a_first_stage_of_single_poses_knows_nothing_of_the_others() -> None:
    torch.manual_seed(4)
    single = replace(tiny.DRAWING, reach=(0, REACH))
    alone = tiny.painter(Generator(maps.CHANNELS, 8, 1, 1, norm="pixel"), drawing=single)
    pictures = pictures_of(alone.paint(poses(), SIZE))
    for time, picture in enumerate(pictures):
        (one,) = pictures_of(alone.paint(poses()[time : time + 1], SIZE))
        assert np.abs(one.astype(int) - picture).max() <= 1
    assert np.ptp(np.stack(pictures).astype(int), axis=0).max() > 4, "or every pose would do"
    refining = replace(alone, refine=tiny.generator(2, 2))
    dancing, still = (pictures_of(refining.paint(points, SIZE)) for points in (poses(), poses()[5:6]))
    assert np.abs(still[0].astype(int) - dancing[5]).max() > 1, "stage II sees the frames around"


@pytest.mark.parametrize("length", [1, 2, 5])
def test_short_dances_are_painted_too(length: int) -> None:
    who = painter(True, True)
    pictures = np.stack(pictures_of(who.paint(poses(length), SIZE, 3, 4)))
    assert np.abs(pictures.astype(int) - at_once(who, poses(length), 3)).max() <= 1


def test_several_threads_paint_what_one_does() -> None:
    who = painter(True, True)
    with workers(3) as each:
        pictures = np.stack(pictures_of(who.paint(poses(), SIZE, 2, 3, each=each)))
    assert np.abs(pictures.astype(int) - np.stack(pictures_of(who.paint(poses(), SIZE, 2, 3)))).max() <= 1


def test_each_network_paints_each_frame_once_and_no_further_ahead_than_it_must() -> None:
    who = painter(True)
    assert who.refine is not None
    painted = {"first": 0, "second": 0}
    who.draw.register_forward_hook(lambda _, inputs, __: painted.update(first=painted["first"] + len(inputs[0])))
    who.refine.register_forward_hook(lambda _, inputs, __: painted.update(second=painted["second"] + len(inputs[0])))
    stream = who.paint(poses(60), SIZE, 2, 3)
    next(stream)
    assert painted == {"first": 6, "second": 3}, "five poses ahead, in whole batches"
    assert sum(1 for _ in stream) == 59
    assert painted == {"first": 60, "second": 60}


def test_the_shown_levels_are_those_of_the_networks() -> None:
    class Constant(torch.nn.Module):
        def forward(self, window: torch.Tensor) -> torch.Tensor:
            levels = torch.tensor([-1.0, 0.0, 1.0, 0.5]).view(1, 4, 1, 1)
            return levels.expand(len(window), 4, *window.shape[-2:])

    plain = tiny.painter(Constant())
    (picture,) = pictures_of(plain.paint(poses(1), SIZE))
    assert picture.shape == (SIZE[1], SIZE[0], 4)
    assert picture[3, 5].tolist() == [0, 128, 255, 128]


def test_bfloat16_paints_about_the_same() -> None:
    exact, fast = (np.stack(pictures_of(painter(True, True, dtype).paint(poses(), SIZE))).astype(int)
                   for dtype in (torch.float32, torch.bfloat16))  # fmt: skip
    assert np.abs(exact - fast).mean() < 2


def test_a_coarse_painter_paints_the_same_size() -> None:
    draw = Generator(3 * maps.CHANNELS, 8, 1, 1, coarse=2, norm="pixel")
    who = tiny.painter(draw, drawing=replace(tiny.DRAWING, coarse=2))
    (picture,) = pictures_of(who.paint(poses(1), SIZE))
    assert picture.shape == (SIZE[1], SIZE[0], 4)


@pytest.mark.parametrize("key", [(-1.0, 0.4, -0.5), (-0.9, -0.8, 0.7)])
def test_what_is_painted_over_the_key_is_keyed_out(key: tuple[float, float, float]) -> None:
    random = torch.Generator().manual_seed(3)
    person = torch.rand(2, 3, 6, 5, generator=random).mean(1, keepdim=True).expand(-1, 3, -1, -1) * 1.4 - 0.7
    alpha = torch.rand(2, 1, 6, 5, generator=random)
    alpha[:, :, 0], alpha[:, :, 1] = 0, 1
    over = alpha * person + (1 - alpha) * torch.tensor(key).view(3, 1, 1)
    found = keyed(torch.cat((over, torch.rand_like(alpha)), 1), key)
    assert (found[:, 3:] - alpha).abs().max() < 0.09
    assert (found[:, 3, 0] == 0).all()
    assert torch.allclose(found[:, :, 1], torch.cat((person, alpha), 1)[:, :, 1], atol=1e-6)
    solid = alpha[:, 0] > 0.7
    assert (found[:, :3] - person).abs().amax(1)[solid].max() < 0.12
    strongest = int(np.argmax(key))
    green = found[:, strongest] - found[:, [c for c in range(3) if c != strongest]].amax(1)
    assert green[(alpha[:, 0] < 0.9)].max() < 1e-6, "no fringe in the key's colour"


def test_a_painter_with_a_key_shows_only_the_person() -> None:
    plain = painter(True)
    assert isinstance(plain.refine, Generator)
    plain.refine.head.weight.data.mul_(30)  # so that colours are far apart, some near the key
    green = replace(plain, drawing=replace(plain.drawing, matte=False))
    shown, cut = (np.stack(pictures_of(one.paint(poses(), SIZE))) for one in (plain, green))
    whole = torch.from_numpy(shown[..., :3].astype(np.float32)).permute(0, 3, 1, 2) / 127.5 - 1
    wanted = keyed(whole, (-1.0, 0.4, -0.5))[:, 3].numpy() * 255
    assert np.abs(cut[..., 3] - wanted).max() < 3
    assert np.ptp(cut[..., 3]) > 10


class Outlined(torch.nn.Module):
    """Paints what it is shown in any frame of a window, or in the middle one, and keeps how wide its windows were."""

    def __init__(self, middle: bool = False) -> None:
        super().__init__()
        self.widths: list[int] = []
        self.middle = middle

    def forward(self, window: torch.Tensor, centre: torch.Tensor | None = None) -> torch.Tensor:
        self.widths.append(window.shape[-1])
        shown = window.chunk(2 * REACH + 1, 1)[REACH] if self.middle else window
        there = shown.amax(1, keepdim=True).clamp(0, 1)
        return torch.cat((there, -there, there if centre is None else centre[:, 2:3], there), 1)


@pytest.mark.parametrize("refined", [False, True])
@pytest.mark.parametrize("batch", [1, 4])
def test_only_the_window_that_she_can_be_in_is_painted(refined: bool, batch: int) -> None:
    size, points = (96, 24), poses()
    points[..., 0] += np.linspace(0, 70, LENGTH, dtype=np.float32)[:, None]
    how = replace(tiny.DRAWING, residual=refined)
    whole = tiny.painter(Outlined(refined), Outlined() if refined else None, how)
    thin = torch.full((len(maps.SEGMENT_CHANNELS),), 1.5)
    around = replace(whole, draw=Outlined(refined), refine=Outlined() if refined else None, girth=thin, multiple=8)
    wanted, found = (np.stack(pictures_of(who.paint(points, size, 2, batch))) for who in (whole, around))
    assert np.array_equal(wanted[..., 3], found[..., 3])
    shown = wanted[..., 3] > 0
    assert np.array_equal(wanted[shown], found[shown])
    assert shown.any(axis=(1, 2)).all()
    for network in (around.draw, around.refine):
        if isinstance(network, Outlined):
            assert max(network.widths) < 96
            assert not any(width % 8 for width in network.widths)


def test_where_nobody_is_seen_the_whole_picture_is_painted() -> None:
    points = poses() * np.array([np.nan, np.nan, 0], np.float32)
    who = tiny.painter(Outlined(), girth=torch.ones(len(maps.SEGMENT_CHANNELS)), multiple=8)
    pictures = pictures_of(who.paint(points, (96, 24)))
    assert len(pictures) == LENGTH
    assert isinstance(who.draw, Outlined)
    assert set(who.draw.widths) == {96}


def test_who_is_wholly_beside_the_picture_is_painted_as_nobody() -> None:
    points = poses()
    points[..., 0] -= 300
    who = tiny.painter(Outlined(), girth=torch.ones(len(maps.SEGMENT_CHANNELS)), multiple=8)
    pictures = pictures_of(who.paint(points, (96, 24)))
    assert {picture.shape for picture in pictures} == {(24, 96, 4)}
    assert isinstance(who.draw, Outlined)
    assert max(who.draw.widths) < 96
