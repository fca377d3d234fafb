"""All of a recipe's training beside plain steps: what the stages' own paces come to."""

from __future__ import annotations

import pytest

from dancekit.core.schedule import Stint
from dancekit.paces import Pace, overall


def test_of_all_stages_each_counts_as_long_as_it_takes() -> None:
    stages = {1: Pace("", 30.0, "images", "plain step", 3.0), 2: Pace("", 10.0, "images", "plain step", 2.0)}
    stints = [Stint(1, (80, 160), 100.0), Stint(2, (80, 160), 100.0), Stint(1, (112, 224), 200.0)]
    timed = overall(stints, stages, True)
    assert timed.rate == pytest.approx((300 * 30 + 100 * 10) / 400)
    assert timed.share == pytest.approx((300 * 3 + 100 * 2) / 400), "so long would plain steps take for the same"
    counted = overall(stints, stages, False)
    assert counted.rate == pytest.approx(400 / (300 / 30 + 100 / 10))
    assert counted.share == pytest.approx((300 / 10 + 100 / 5) / (300 / 30 + 100 / 10))
