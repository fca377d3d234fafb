"""Cutting the person out of her film: one file here is one way of doing it, found by its file name.

A backend is a module with two things:

    DESCRIPTION: str    one line for the command's help
    class Matte         made once per film as Matte(study, option), then asked for one frame after the other

and `Matte` follows the protocol below. `study` is all that is known of the film before the first frame is cut. A module
that also says TAKES_OPTION = False is never given one: what the user writes behind its name is refused. One that has a
function get_ready(option) is asked to fetch and load what it needs before a film is looked at, which takes minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from dancekit import plugins
from dancekit.errors import DancekitError
from dancekit.types import PoseTrack

AUTO = "auto"
"""Not a backend: the choice of one that suits the film."""


@dataclass(frozen=True)
class ClipStudy:
    """What is known of a whole film before its frames are cut.

    frames: samples spread evenly over the film, uint8 [H, W, 3] each. masks: the pose landmarker's soft person masks of
    the same samples, uint8 [h, w] each, of any one size, 0 for background. times: which frame of the film each sample
    is. track: the person's landmarks in every frame, with the film's size, rate and shots. film: its file.
    """

    frames: tuple[np.ndarray, ...]
    masks: tuple[np.ndarray, ...]
    times: tuple[int, ...]
    track: PoseTrack
    film: Path = Path("the film")


@dataclass(frozen=True)
class Cutout:
    """A person without her background.

    alpha: uint8 [h, w], 0 is background and 255 is the person. colour: uint8 [h, w, 3], her own colour without any
    background in it, also under soft edges, and extended smoothly past them, so that she is clean over any background.
    """

    alpha: np.ndarray
    colour: np.ndarray


class Backend(Protocol):
    """What a backend's class `Matte` does."""

    def __init__(self, study: ClipStudy, option: str = "") -> None:
        """Prepare for one film; `option` is what the user wrote behind the backend's name, as in "rembg:u2net"."""
        ...

    def cut(self, time: int, picture: np.ndarray, mask: np.ndarray, box: np.ndarray) -> Cutout | Callable[[], Cutout]:
        """Cut the person out of one frame; called with rising times, so that it may steady what it gives.

        time: which frame of the film this is. picture: uint8 [h, w, 3], the box of the frame, what lies beyond the
        frame being filled somehow. mask: uint8 [h, w], the landmarker's mask in the same box. box: float32 [4], left,
        top, right, bottom in px of the frame; it may reach beyond the frame, where alpha is 0.

        Returns the cut-out, or a function that finishes it: another thread calls it while later frames are begun.
        """
        ...


def refuse_wrong(wish: str) -> None:
    """Stop before a film is looked at if it cannot be cut as wished: AUTO or a backend's name, with its option behind a
    colon.

    Raises:
        DancekitError: there is no such backend, or it takes no option.
    """
    name, _, option = wish.partition(":")
    takes = name != AUTO and getattr(plugins.load("matting", name, [AUTO]), "TAKES_OPTION", True)
    if option and not takes:
        raise DancekitError(f"--matte {wish}: {name} takes no option.", f"Write it alone: --matte {name}")


def get_ready(wish: str) -> None:
    """Let a backend, wished for as for `refuse_wrong`, fetch and load what it needs.

    Raises:
        DancekitError: it cannot.
    """
    name, _, option = wish.partition(":")
    if name != AUTO:
        getattr(plugins.load("matting", name), "get_ready", lambda _: None)(option)


def finished(cut: Cutout | Callable[[], Cutout]) -> Cutout:
    """The cut-out itself, of what a backend's `cut` gave."""
    return cut if isinstance(cut, Cutout) else cut()
