"""How a person comes out in the moves of other films, for which there is no truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import torch

from dancekit.core import people, pose_error, tracks
from dancekit.drive import Moves, paint, plan_moves
from dancekit.io import video
from dancekit.io.workspace import Workspace
from dancekit.likeness import Likeness
from dancekit.soundness import Asked, Soundness, asked_of, film_inner, look, rests, soundness
from dancekit.study import Options, find_moves, study_moves
from dancekit.types import PoseTrack, Progress, VideoInfo


@dataclass(frozen=True)
class Driver:
    """A film of moves. track: its cleaned landmarks. seen: the landmarks as the pose backend saw them, float32
    [T, J, 3]. info: of the film. Both are None for a file of landmarks. notes: what is worth knowing of them."""

    film: Path
    track: PoseTrack
    seen: np.ndarray | None
    info: VideoInfo | None
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Driven:
    """How sound the person is in a driver's moves.

    frames: how many of them show the driver. film_pck, film_lost_limbs: what the pose landmarker reaches on the
    driver's own film against its cleaned track. film_inner_change, film_inner_contrast: its own, see soundness. None
    for a file of landmarks. notes: the driver's.
    """

    driver: Path
    frames: int
    soundness: Soundness
    film_pck: float | None
    film_lost_limbs: float | None
    film_inner_change: float | None = None
    film_inner_contrast: float | None = None
    notes: Sequence[str] = ()

    @property
    def relative_pck(self) -> float | None:
        """The person's PCK as a share of what the landmarker reaches on the driver's own film."""
        return self.soundness.pck / self.film_pck if self.soundness.pck is not None and self.film_pck else None

    @property
    def relative_flicker(self) -> float | None:
        """How much the person changes while she hardly moves, relative to the driver's own film at the same moments."""
        hers, its = self.soundness.inner_change, self.film_inner_change
        return hers / its if hers is not None and its else None

    @property
    def relative_motion(self) -> float | None:
        """The same as if she had no more contrast than the dancer: stripes change more than a plain shirt that moves as
        far. How many px each would have to move to change so much is compared."""
        hers, its = self.soundness.inner_contrast, self.film_inner_contrast
        return self.relative_flicker * its / hers if self.relative_flicker is not None and hers and its else None


def find_driver(film: Path, workspace: Workspace, progress: Progress, options: Options | None = None) -> Driver:
    """Find the moves of a film, or of a file of landmarks (.npz), as transfer does.

    Raises:
        ClipError: nobody is in it, or it cannot be read.
    """
    options = options or Options()
    if film.suffix == ".npz":
        return Driver(film, find_moves(film, workspace, options, progress).track, None, None)
    studied = study_moves(film, workspace, options, progress)
    seen = people.points_of(studied.seen.people, studied.chosen)
    return Driver(film, studied.track, seen, studied.info, studied.notes())


def dance(
    driver: Driver, model: Likeness, film_change: float | None, backend: ModuleType, device: torch.device,
    progress: Progress,
) -> Driven:  # fmt: skip
    """Paint the person in all of a driver's moves, as transfer does, and look at the pictures.

    film_change: the still_change of the person's own film, see soundness.
    """
    moves = plan_moves(driver.track, model, driver.track.size)
    asked = _asked(moves, driver.track)
    theirs = _own_poses(driver.track, model.canvas.body)
    # Flicker is compared at the same moments: where she rests in her crop and the dancer in his film.
    both = rests(asked) & rests(theirs)
    pictures = _counted(paint(moves, model, device), driver.film, len(moves), progress)
    seen = look(pictures, asked, backend, None if driver.info is None else both)
    heights = tracks.body_height(driver.track)
    reached = (None, None) if driver.seen is None else tuple(
        measure(driver.seen, driver.track.points, heights) for measure in (pose_error.pck, pose_error.lost_limbs)
    )  # fmt: skip
    frames = int(tracks.found(driver.track).sum())
    change = contrast = None
    if driver.info is not None:
        frames_read = video.read_frames(driver.info)
        small = (cv2.resize(frame, theirs.size, interpolation=cv2.INTER_AREA) for frame in frames_read)
        change, contrast = film_inner(small, theirs, both)
    sound = soundness([seen], film_change)
    return Driven(
        driver.film,
        frames,
        sound,
        *reached,
        film_inner_change=change,
        film_inner_contrast=contrast,
        notes=driver.notes,
    )


def _own_poses(track: PoseTrack, body: float) -> Asked:
    """The poses of the driver's own film, made so small that the driver's body is `body` px tall, as hers is."""
    scale = min(1.0, body / float(np.nanmedian(tracks.body_height(track))))
    size = round(track.size[0] * scale), round(track.size[1] * scale)
    points = track.points * np.array([scale, scale, 1], np.float32)
    return asked_of(replace(track, points=points, size=size))


def _asked(moves: Moves, track: PoseTrack) -> Asked:
    """The poses of the painted frames, in px of the pictures; none where the driver is not seen and she holds still."""
    points = moves.points[:: moves.between].copy()
    asked = asked_of(PoseTrack(points, moves.plan.size, moves.fps, shots=track.shots))
    points[~tracks.found(track)] = (np.nan, np.nan, 0.0)
    return replace(asked, points=points)


def _counted(pictures: Iterator[np.ndarray], film: Path, total: int, progress: Progress) -> Iterator[np.ndarray]:
    for done, picture in enumerate(pictures, 1):
        yield picture
        progress(f"judging {film.name}", done, total)
