"""rembg's segmentation networks: slow without a GPU and each frame on its own, but any room and any camera will do."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dancekit.core.matte import keep_known, separated
from dancekit.errors import DancekitError, WeightsError
from dancekit.matting import ClipStudy, Cutout
from dancekit.plugins import suggestion

if TYPE_CHECKING:
    from rembg.sessions import BaseSession

DESCRIPTION = "a network of rembg, such as rembg:u2net_human_seg, fetched first, seconds a frame without a GPU"

_USUAL = "isnet-general-use"
_UNFIT = ("sam", "u2net_cloth_seg", "u2net_custom", "dis_custom", "ben_custom")
"""What does not simply tell who stands in front: it wants a point to look at or one's own file, or parts clothes."""


def get_ready(option: str) -> None:
    """Fetch the network that the option names, and load it.

    Raises:
        DancekitError, WeightsError: see open_session.
    """
    open_session(option or _USUAL)


class Matte:
    """Takes alpha from one of rembg's networks; the option names it."""

    def __init__(self, study: ClipStudy, option: str = "") -> None:
        self.session = open_session(option or _USUAL)
        self.size = study.track.size

    def cut(self, time: int, picture: np.ndarray, mask: np.ndarray, box: np.ndarray) -> Cutout:
        """Cut the person out of one frame (see `dancekit.matting.Backend`); the landmarker's mask is not used."""
        from PIL import Image

        found = self.session.predict(Image.fromarray(picture))[0]
        soft = np.asarray(found, np.float32) / 255
        alpha, colour = separated(picture, soft, solve=False)
        return Cutout(keep_known(alpha, box, self.size), colour)


@cache
def open_session(name: str) -> BaseSession:
    """One of rembg's networks by its name there, fetched into rembg's own cache when it is not yet there; loaded once.

    Raises:
        DancekitError: rembg is not installed, or has no such network that runs on this computer.
        WeightsError: the network can be neither found nor fetched, or its file is damaged.
    """
    try:
        from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, InvalidProtobuf
        from requests import ConnectionError as NoConnection
        from requests import Timeout
        from requests.exceptions import ProxyError, SSLError

        with _nothing_compiled():
            from rembg import new_session
            from rembg.sessions import sessions_class
    except ImportError as error:
        raise DancekitError(f"rembg cannot be used: {error}.", 'Install it with: pip install "rembg[cpu]"') from error
    # Some of rembg's sessions send the pictures to a service: a film of a person stays on this computer.
    known = {each.name(): each for each in sessions_class if each.is_local() and each.name() not in _UNFIT}
    if name not in known:
        raise DancekitError(f"rembg has no network {name!r} that runs here.", suggestion(name, sorted(known)))
    try:
        return new_session(name)
    except (NoConnection, Timeout) as error:
        why = f": {error}" if isinstance(error, (ProxyError, SSLError)) else ", as there is no connection."
        what = f"rembg's network {name!r} cannot be fetched{why}"
        raise WeightsError(what, _remedy(name, known[name])) from error
    except (OSError, ValueError, Fail, InvalidGraph, InvalidProtobuf) as error:
        raise WeightsError(f"rembg's network {name!r} cannot be loaded: {error}", _remedy(name, known[name])) from error


@contextlib.contextmanager
def _nothing_compiled() -> Iterator[None]:
    """Imports leave numba's functions as plain Python: compiling those of rembg's that refine alpha, which are not used
    here, takes most of a minute."""
    before = os.environ.get("NUMBA_DISABLE_JIT")
    os.environ["NUMBA_DISABLE_JIT"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["NUMBA_DISABLE_JIT"]
        else:
            os.environ["NUMBA_DISABLE_JIT"] = before
        if numba := sys.modules.get("numba"):
            numba.config.reload_config()


def _remedy(name: str, session: type[BaseSession]) -> str:
    folder = Path(session.model_dir())
    return f"Go online once, or put {name}.onnx into {folder}; if the file is there, it is damaged: delete it."
