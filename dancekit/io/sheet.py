"""Contact sheets: small pictures side by side that show at a glance what prepare saw and what train draws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from dancekit.core import skeleton
from dancekit.io.files import replacing

_SIDES = {"left": (255, 150, 40), "right": (60, 160, 255), "": (240, 240, 240)}
_BACKDROP = (52, 58, 66)
_TALLEST = 320


def draw_pose(picture: np.ndarray, points: np.ndarray, thickness: int = 2) -> None:
    """Draw landmarks [J, 3] (px) onto a picture uint8 [H, W, 3], in place: left orange, right blue."""
    for part in skeleton.PARTS:
        side = next((side for side in _SIDES if side and part.name.startswith(side)), "")
        for start, end in part.segments:
            a, b = (points[list(skeleton.indices(point)), :2].mean(0) for point in (start, end))
            if not np.isnan(a + b).any():
                _line(picture, a, b, _SIDES[side], thickness)


def _line(picture: np.ndarray, a: np.ndarray, b: np.ndarray, colour: tuple[int, ...], thickness: int) -> None:
    ends = [tuple(int(v * 16) for v in np.clip(p, -4000, 4000)) for p in (a, b)]
    cv2.line(picture, ends[0], ends[1], colour, thickness, cv2.LINE_AA, 4)


def over(colour: np.ndarray, alpha: np.ndarray, backdrop: tuple[int, int, int] = _BACKDROP) -> np.ndarray:
    """A cut-out (uint8 [h, w, 3], uint8 [h, w]) over one colour."""
    share = alpha[..., None].astype(np.float32) / 255
    return np.round(colour * share + np.array(backdrop, np.float32) * (1 - share)).astype(np.uint8)


def fitted(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The picture, uint8 [h, w, 3], scaled into (width, height) px with the backdrop around it."""
    scale = min(size[0] / picture.shape[1], size[1] / picture.shape[0])
    small = cv2.resize(picture, (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))),
                       interpolation=cv2.INTER_AREA)  # fmt: skip
    result = np.empty((size[1], size[0], 3), np.uint8)
    result[:] = _BACKDROP
    left, top = (size[0] - small.shape[1]) // 2, (size[1] - small.shape[0]) // 2
    result[top : top + small.shape[0], left : left + small.shape[1]] = small
    return result


def grid(pictures: list[np.ndarray], columns: int, gap: int = 4) -> np.ndarray:
    """Pictures of one size, uint8 [h, w, 3], in rows of `columns`."""
    height, width = pictures[0].shape[:2]
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, 3), 28, np.uint8)
    for place, picture in enumerate(pictures):
        top, left = gap + place // columns * (height + gap), gap + place % columns * (width + gap)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def label(picture: np.ndarray, text: str, bad: bool = False) -> None:
    """Write a few words into the lower left corner, in place; bad ones in red with a red frame."""
    colour = (255, 70, 60) if bad else (225, 225, 225)
    if bad:
        cv2.rectangle(picture, (0, 0), (picture.shape[1] - 1, picture.shape[0] - 1), colour, 2)
    left, down = 5, picture.shape[0] - 6
    # A thicker black line below would be set wider by OpenCV 5, and show as a ghost of the text.
    for across, along in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        _write(picture, text, (left + across, down + along), (0, 0, 0))
    _write(picture, text, (left, down), colour)


def _write(picture: np.ndarray, text: str, place: tuple[int, int], colour: tuple[int, ...]) -> None:
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_DUPLEX, 0.42, colour, 1, cv2.LINE_AA)


def strip(points: np.ndarray, cutouts: Sequence[np.ndarray]) -> np.ndarray:
    """A pose [J, 3] (px of the last) and, beside it, cut-outs uint8 [h, w, 4] (colour and alpha), made as large as the
    last and no taller than usual."""
    height, width = cutouts[-1].shape[:2]
    posed = np.full((height, width, 3), 40, np.uint8)
    draw_pose(posed, points, max(1, height // 160))
    shown = [cv2.resize(over(c[..., :3], c[..., 3]), (width, height), interpolation=cv2.INTER_CUBIC) for c in cutouts]
    row = np.hstack([posed, *shown])
    scale = min(1.0, _TALLEST / height)
    return fitted(row, (round(row.shape[1] * scale), round(height * scale)))


def encoded(picture: np.ndarray, suffix: str) -> bytes:
    """A picture uint8 [H, W, 3] (RGB) as a file of this kind holds it."""
    data = cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    return data.tobytes()


def write(path: Path, picture: np.ndarray) -> None:
    """Write a picture uint8 [H, W, 3] (RGB), all or nothing; the suffix says as what."""
    data = encoded(picture, path.suffix)
    with replacing(path) as temporary:
        temporary.write_bytes(data)
