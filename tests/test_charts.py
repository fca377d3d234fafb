"""Charts: lines where the numbers are, gaps and wild values aside."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from dancekit.charts import line_chart, thinned


def parsed(chart: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<div>{chart}</div>")


def corners(chart: str) -> list[list[tuple[float, float]]]:
    lines = [line.attrib["points"].split() for line in parsed(chart).iter("polyline")]
    return [[(float(a), float(b)) for a, b in (point.split(",") for point in line)] for line in lines]


def test_lines_rise_with_their_values_from_left_to_right() -> None:
    rising, flat = corners(line_chart([0, 10, 20], {"rising": [0, 1, 2], "flat": [1, 1, 1]}))
    assert [x for x, _ in rising] == sorted(x for x, _ in rising)
    assert rising[0][1] > rising[1][1] > rising[2][1], "SVG counts downwards"
    assert flat[0][1] == pytest.approx(rising[1][1])
    assert rising[0][0] == flat[0][0]


def test_the_legend_names_all_lines_safely() -> None:
    chart = line_chart([0, 1], {"<b>": [0, 1], "other": [1, 0]})
    assert [text for span in parsed(chart).iter("span") for text in span.itertext()] == ["<b>", "other"]


def test_marks_stand_where_they_belong() -> None:
    chart = line_chart([0, 10], {"a": [0, 1]}, marks=[5])
    (mark,) = [line for line in parsed(chart).iter("line") if line.attrib["class"] == "mark"]
    ((first, _), (last, _)) = corners(chart)[0]
    assert float(mark.attrib["x1"]) == pytest.approx((first + last) / 2, abs=0.1)


def test_a_wild_first_value_does_not_flatten_the_rest() -> None:
    line = [1000.0, *np.linspace(2, 1, 99)]
    heights = [y for _, y in corners(line_chart(list(range(100)), {"loss": line}))[0]]
    assert heights[-1] - heights[1] > 50


def test_gaps_are_left_out() -> None:
    x, y = thinned(np.arange(5.0), np.array([np.nan, 1, np.nan, 3, 4]))
    assert x.tolist() == [1, 3, 4]
    assert y.tolist() == [1, 3, 4]
    assert not re.search("nan", line_chart([0, 1], {"a": [float("nan")] * 2}))


def test_long_lines_become_medians() -> None:
    noisy = np.where(np.arange(1600) % 10 == 0, 50.0, 1.0)
    x, y = thinned(np.arange(1600.0), noisy)
    assert len(x) == 160
    assert (y == 1).all()
