"""Stills in a person's file: pictures to borrow from, each packed as a WebP picture of its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor

from dancekit.core.limbs import HANDS
from dancekit.core.skeleton import J
from dancekit.core.sources import Stills

_QUALITY = 97
"""WebP's, of 100; from 101 on nothing would be lost."""


@lru_cache(maxsize=1)
def packed(stills: Stills) -> Mapping[str, Tensor]:
    """Tensors that hold stills: stills/points float32 [N, J, 3], stills/ends int64 [N], stills/hands int64 [M], and
    stills/pictures uint8, all pictures one after another, the last byte of each before its end. A person is saved again
    and again with the same stills: they are packed once."""
    files = [_encoded(picture) for picture in stills.pictures]
    return {
        "stills/points": torch.from_numpy(stills.points.astype(np.float32)),
        "stills/ends": torch.from_numpy(np.cumsum([len(file) for file in files])),
        "stills/hands": torch.tensor(list(stills.hands), dtype=torch.int64),
        "stills/pictures": torch.from_numpy(np.concatenate(files)),
    }


def _encoded(picture: np.ndarray) -> np.ndarray:
    done, file = cv2.imencode(".webp", cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA), [cv2.IMWRITE_WEBP_QUALITY, _QUALITY])
    assert done, "OpenCV's own wheels write WebP"
    return file.reshape(-1)


def unpacked(parts: Mapping[str, Tensor]) -> Stills:
    """What `packed` made tensors of, without their prefix.

    Raises:
        KeyError, ValueError: they do not hold stills.
    """
    points, ends, files = (parts[name].numpy() for name in ("points", "ends", "pictures"))
    shown = parts["hands"].tolist() if "hands" in parts else []  # earlier ones keep no hands by themselves
    if files.dtype != np.uint8 or points.shape != (len(ends), J, 3) or not len(ends):
        raise ValueError("its stills are no pictures")
    if len(shown) >= len(ends) or not set(shown) <= set(HANDS):
        raise ValueError("its stills show no hands")
    pictures = [_decoded(file) for file in np.split(files, ends[:-1])]
    return Stills(pictures, points.astype(np.float32), tuple(shown))


def _decoded(file: np.ndarray) -> np.ndarray:
    picture = cv2.imdecode(file, cv2.IMREAD_UNCHANGED) if len(file) else None
    if picture is None or picture.ndim != 3:
        raise ValueError("one of its stills is no picture")
    if picture.shape[2] == 3:  # one that is solid everywhere
        return cv2.cvtColor(picture, cv2.COLOR_BGR2RGBA)
    whole = cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA)
    whole[..., :3] = np.minimum(whole[..., :3], whole[..., 3:])  # colour times alpha is never more than alpha
    return whole
