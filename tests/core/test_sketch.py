"""The sketch: textures drawn where the bones are, on the side that they show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from figures import figure, unseen, waving

from dancekit.core import maps, sketch
from dancekit.core.sketch import ACROSS, ALONG, BAR_NAMES, BARS, SIDES, Looks

SIZE, BODY = (220, 240), 200.0
SHIN = 4
"""The bar of the left shin: see sketch.USUAL."""
RIGHT_SHIN = BAR_NAMES.index("right shin")
KNEE, ANKLE = 25, 27
RIGHT_KNEE, RIGHT_ANKLE = 26, 28


def looks(seed: int = 0) -> Looks:
    """Usual widths in px, and every texture of random colours."""
    random = torch.Generator().manual_seed(seed)
    colours = torch.rand(SIDES, BARS, ALONG, ACROSS, 3, generator=random) * 1.6 - 0.8
    return Looks(torch.from_numpy(sketch.USUAL) * BODY, colours, torch.ones(SIDES, BARS, ALONG, ACROSS))


def shaded(values: torch.Tensor) -> Looks:
    """Looks whose colours are these values, whatever their shape beside SIDES x BARS x ALONG x ACROSS."""
    plain = looks()
    return plain._replace(colours=values.expand(SIDES, BARS, ALONG, ACROSS)[..., None].expand(-1, -1, -1, -1, 3))


def standing() -> np.ndarray:
    return figure(BODY, 110, 230)


def shin_of(drawn: torch.Tensor, points: np.ndarray) -> torch.Tensor:
    """The red of the px along the left shin's bone, from the knee to the ankle."""
    knee, ankle = (points[index, :2].round().astype(int) for index in (KNEE, ANKLE))
    return drawn[0, knee[1] + 4 : ankle[1] - 4, knee[0]]


def mirrored(points: np.ndarray) -> np.ndarray:
    """The person as seen from behind: left and right lie the other way round in the picture."""
    turned = points.copy()
    turned[..., 0] = 220 - turned[..., 0]
    return turned


def test_colours_go_from_the_start_of_a_bar_to_its_end() -> None:
    drawn = sketch.draw(
        maps.segments(torch.from_numpy(standing())), shaded(torch.linspace(-1, 1, ALONG)[:, None]), SIZE
    )
    shin = shin_of(drawn, standing())
    assert (shin.diff() >= -1e-3).all()
    assert shin[0] < -0.7
    assert shin[-1] > 0.7


def test_colours_go_from_one_edge_of_a_bar_to_the_other() -> None:
    points = standing()
    drawn = sketch.draw(maps.segments(torch.from_numpy(points)), shaded(torch.linspace(-1, 1, ACROSS)), SIZE)
    middle, reach = (points[KNEE] + points[ANKLE]) / 2, sketch.USUAL[SHIN] * BODY
    row = drawn[0, round(middle[1]), round(middle[0] - reach) : round(middle[0] + reach)]
    # Along the bone is downwards, so its right is the picture's left.
    assert (row.diff() <= 1e-3).all()
    assert row[0] > 0.5
    assert row[-1] < -0.5


def test_each_side_of_her_has_its_own_texture() -> None:
    sides = shaded(torch.tensor([-0.5, 0.5])[:, None, None, None])
    for points, colour in ((standing(), 0.5), (mirrored(standing()), -0.5)):
        drawn = sketch.draw(maps.segments(torch.from_numpy(points)), sides, SIZE)
        assert torch.allclose(drawn[:3, drawn[3] == 1], torch.tensor(colour), atol=1e-5)


def test_a_head_that_looks_back_over_the_shoulder_is_seen_from_behind() -> None:
    points = standing()
    points[:11] = mirrored(points[:11])
    front = sketch.facing(maps.segments(torch.from_numpy(points)))
    assert front[-1] == 0
    assert (front[:-1] == 1).all()


def test_turning_on_the_spot_goes_evenly_from_one_side_to_the_other() -> None:
    points = standing()
    turns = []
    for share in np.linspace(1, -1, 21):
        turned = points.copy()
        turned[:, 0] = 110 + (points[:, 0] - 110) * share
        turns.append(sketch.facing(maps.segments(torch.from_numpy(turned)))[0])
    assert turns[0] == 1
    assert turns[10] == 0.5
    assert turns[-1] == 0
    assert (torch.stack(turns).diff() <= 0).all()


def test_leaning_over_does_not_turn_her_round() -> None:
    points = standing()
    lying = points.copy()
    lying[:, 0], lying[:, 1] = points[:, 1], 230 - points[:, 0]
    assert (sketch.facing(maps.segments(torch.from_numpy(lying))) == 1).all()


def test_what_is_not_covered_is_not_drawn() -> None:
    given = looks()
    given.cover[:, SHIN] = 0
    points = standing()
    drawn = sketch.draw(maps.segments(torch.from_numpy(points)), given, SIZE)
    assert (shin_of(drawn[3:], points)[6:-6] == 0).all()
    assert (shin_of(drawn[:1], points)[6:-6] == 0).all()
    assert drawn[3].max() == pytest.approx(1)


def test_nothing_is_drawn_of_nobody_and_little_of_half_a_person() -> None:
    points = np.stack([standing()] * 2)
    whole, nobody = sketch.draw(maps.segments(torch.from_numpy(unseen(points, 1))), looks(), SIZE)
    assert whole[3].max() == pytest.approx(1)
    assert not nobody.any()
    assert torch.isfinite(whole).all()


def test_every_window_is_drawn_with_its_own_looks() -> None:
    pose = maps.segments(torch.from_numpy(np.stack([waving(3, BODY, 110, 230)] * 2)))
    first, second = looks(1), looks(2)
    both = Looks(*(torch.stack(pair) for pair in zip(first, second, strict=True)))
    drawn = sketch.draw(pose, both, SIZE, 2)
    assert drawn.shape == (2, 3, sketch.CHANNELS, SIZE[1] // 2, SIZE[0] // 2)
    for window, one in enumerate((first, second)):
        alone = sketch.draw(maps.Segments(*(part[window] for part in pose)), one, SIZE, 2)
        assert torch.allclose(drawn[window], alone, atol=1e-5)
        chosen = both.at(torch.tensor([window]))
        assert all(torch.equal(part[0], own) for part, own in zip(chosen, one, strict=True))


def test_poses_come_with_the_sketch_only_if_there_are_looks() -> None:
    pose = maps.segments(torch.from_numpy(standing()))
    lines = sketch.posed(pose, SIZE, 2.0)
    both = sketch.posed(pose, SIZE, 2.0, 1, looks())
    assert torch.equal(lines, maps.draw(pose, SIZE, 2.0))
    assert torch.equal(both[: maps.CHANNELS], lines)
    assert len(both) == maps.CHANNELS + sketch.CHANNELS


def test_bars_of_the_trunk_lie_between_its_flanks_and_the_head_reaches_above_the_ears() -> None:
    points = torch.from_numpy(standing())
    bars = sketch.bars(maps.segments(points))
    trunk = bars.starts[-5:-1, 0]
    left, right = points[11, 0], points[12, 0]
    assert ((trunk < max(left, right)) & (trunk > min(left, right))).all()
    assert bars.ends[-1, 1] < points[7, 1]


@pytest.mark.parametrize(("confidence", "before"), [(0.95, True), (0.2, False)])
def test_an_arm_in_plain_view_is_before_the_trunk_and_a_hidden_one_behind_it(confidence: float, before: bool) -> None:
    points = standing()
    left, right = points[11], points[12]
    middle = (left + right + points[23] + points[24])[:2] / 4
    for index, beside in ((13, 30), (15, -30)):
        points[index] = (middle[0] + beside, middle[1], confidence)
    forearm = 1
    sides = torch.full((SIDES, BARS, 1, 1), -0.5)
    sides[:, forearm] = 0.5
    drawn = sketch.draw(maps.segments(torch.from_numpy(points)), shaded(sides), SIZE)
    along = drawn[0, round(middle[1]), round(middle[0] - 15) : round(middle[0] + 15)]
    assert (along > 0).all() == before
    assert (along > 0).any() == before


def crossed() -> np.ndarray:
    """Standing, with the left ankle before the right one: the shins cross."""
    points = standing()
    points[ANKLE, 0], points[RIGHT_ANKLE, 0] = points[RIGHT_ANKLE, 0], points[ANKLE, 0]
    return points


def crossing(points: np.ndarray) -> tuple[int, int]:
    """Row and column of where the shins cross."""
    middle = points[[KNEE, ANKLE, RIGHT_KNEE, RIGHT_ANKLE], :2].mean(0)
    return round(middle[1]), round(middle[0])


def test_where_one_limb_does_not_cover_a_px_the_one_behind_it_is_seen() -> None:
    pose, given = maps.segments(torch.from_numpy(crossed())), shaded(torch.tensor(0.5))
    whole = sketch.draw(pose, given, SIZE)
    both = whole[3] > 0.99
    for shin in (SHIN, RIGHT_SHIN):
        bare = given._replace(cover=given.cover.clone())
        bare.cover[:, shin] = 0
        drawn = sketch.draw(pose, bare, SIZE)
        middle = crossing(crossed())
        assert both[middle]
        assert drawn[3][middle] == pytest.approx(1), f"the other shin, without bar {shin}"
        assert drawn[0][middle] == pytest.approx(0.5)
        bare.cover[:, [SHIN, RIGHT_SHIN]] = 0
        assert sketch.draw(pose, bare, SIZE)[3][middle] == 0, "there is nothing else"


def test_what_lies_beyond_the_end_of_another_limb_is_not_seen_through_one() -> None:
    given = looks()
    arm = BAR_NAMES.index("left upper arm")
    given.cover[:, arm] = 0
    points = standing()
    drawn = sketch.draw(maps.segments(torch.from_numpy(points)), given, SIZE)
    shoulder = points[11].round().astype(int)
    above = round(shoulder[1] - 0.5 * sketch.USUAL[arm] * BODY), shoulder[0] + 3
    assert drawn[3][above] == 0, "the trunk ends at the shoulder"
