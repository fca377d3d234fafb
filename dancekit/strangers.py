"""Strangers' poses, for unpaired learning (section 3.3): kept of their films, and read where somebody is learnt."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from dancekit.core import wild
from dancekit.errors import ClipError
from dancekit.io import clips
from dancekit.io.files import replacing
from dancekit.io.locks import alone
from dancekit.io.workspace import Workspace
from dancekit.pose import keypoints
from dancekit.study import Options, askew, find_moves, moves_folder
from dancekit.types import PoseTrack, Progress

PIECE = 48
"""Frames of a dance that are learnt from together."""
_FASTEST = 30.0
"""Frames per second at which dances are learnt from at the most: slower films of the person need longer dances."""


def keep(film: Path, workspace: Workspace, options: Options, progress: Progress, say: Callable[[str], None]) -> Path:
    """Keep only the poses of a film (or of an .npz of landmarks) in dance/wild, in place of any of the same film.

    say: told where the film seems to need turning, or teaches nothing.

    Raises:
        ClipError: nobody is in it.
    """
    track = find_moves(film, workspace, options, progress).track
    if not wild.runs(track, PIECE, wild.step(float(track.fps), _FASTEST)):
        seconds = PIECE / _FASTEST
        say(f"Note: {film.name} teaches nothing: nowhere is one dancer seen for {seconds:.1f} s without a cut.")
    for note in askew(film, track, options):
        say(f"Note: {note}")
    target = workspace.wild / f"{clips.name_of(film)}.npz"
    with replacing(target) as unfinished:
        keypoints.write_track(unfinished, track)
    seen = moves_folder(film, workspace)
    if seen.is_dir():
        with alone(seen, f"the film {film.name} is being looked at", lambda: None):
            shutil.rmtree(seen, ignore_errors=True)
    return target


def files(workspace: Workspace) -> list[Path]:
    """The files of poses that are kept; what other programs hide beside them is none."""
    return sorted(path for path in workspace.wild.glob("*.npz") if not path.name.startswith("."))


def read(workspace: Workspace) -> list[PoseTrack]:
    """All poses that are kept.

    Raises:
        ClipError: some cannot be read.
    """
    try:
        return [keypoints.read_track(path) for path in files(workspace)]
    except ClipError as error:
        raise ClipError(error.problem, "Delete this file, or prepare its film again with --wild.") from error
