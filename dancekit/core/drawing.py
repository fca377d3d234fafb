"""How poses are drawn for a person's networks, and what their pictures are: the same in training and in painting."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What networks were made for, and can be used with alone.

    reach: K of stage I's windows and of stage II's (section 3.2). line: half width of pose lines, px of the picture.
    coarse: pose maps are drawn at 1/coarse of the size. key: the colour in [-1, 1] around the person. matte: the
    networks paint alpha; else they paint the key around her, as in the paper. residual: stage II corrects the middle
    frame of stage I instead of drawing anew. future: windows show what comes after their middle, too.
    """

    reach: tuple[int, int]
    line: float
    coarse: int
    key: tuple[float, float, float]
    matte: bool = True
    residual: bool = False
    future: bool = True
