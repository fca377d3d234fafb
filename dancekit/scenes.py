"""Drawn films: a subject before a green screen and a driver in a room, with exact truth (core.dancer draws them)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path

import numpy as np

from dancekit.core import dancer, moves, stagecraft
from dancekit.core.body import Figure, Motion, Proportions, landmarks3d, pose
from dancekit.core.stagecraft import Camera, Stage
from dancekit.io import encode
from dancekit.types import Progress, no_progress

SIZE = (480, 640)
FPS = Fraction(25)
TEMPO = 0.5
"""Seconds from beat to beat: 120 beats a minute, 12.5 frames."""


@dataclass(frozen=True)
class Scene:
    """A dancer on a stage, ready to be filmed frame by frame. beats: seconds at which the music clicks."""

    body: Proportions
    costume: dancer.Costume
    motion: Motion
    figure: Figure
    camera: Camera
    stage: Stage
    size: tuple[int, int]
    fps: Fraction
    beats: np.ndarray

    def __len__(self) -> int:
        return len(self.motion.angles)

    def drawn(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """The dancer alone: RGB uint8 [H, W, 3] and alpha uint8 [H, W]."""
        return dancer.draw(self.costume, self.figure, frame, self.camera, self.size)

    def filmed(self, frame: int) -> np.ndarray:
        """The frame as a camera would see it, uint8 [H, W, 3]."""
        return stagecraft.shoot(self.stage, self.camera, self.figure, frame, self.drawn(frame))

    def landmarks(self) -> np.ndarray:
        """Exact landmarks, float32 [T, 33, 2] px."""
        return self.camera.project(landmarks3d(self.body, self.figure))[0]

    def doubled_by(self, other: Scene) -> Scene:
        """The same moves before the same camera by the other scene's dancer, grown to this one's height."""
        factor = self.body.height / other.body.height
        lengths = {
            f.name: getattr(other.body, f.name) * (1 if f.name == "girth" else factor) for f in fields(other.body)
        }
        body = Proportions(**lengths)
        costume = dancer.dress(body, dancer.SUBJECT[1])
        return Scene(
            body,
            costume,
            self.motion,
            pose(body, self.motion),
            self.camera,
            self.stage,
            self.size,
            self.fps,
            self.beats,
        )


def subject(seconds: float, seed: int = 0, size: tuple[int, int] = SIZE, fps: Fraction = FPS) -> Scene:
    """The person to be learnt: many poses before a slightly uneven green screen."""
    random = np.random.default_rng([seed, 1])
    return _scene(random, dancer.SUBJECT, "lesson", seconds, size, fps, stagecraft.green_screen)


def driver(seconds: float, seed: int = 0, size: tuple[int, int] = SIZE, fps: Fraction = FPS) -> Scene:
    """Somebody of another build in other clothes, dancing other moves in a room."""
    random = np.random.default_rng([seed, 2])
    return _scene(random, dancer.DRIVER, "show", seconds, size, fps, stagecraft.room)


def stranger(style: str, seconds: float, seed: int = 0, size: tuple[int, int] = SIZE, fps: Fraction = FPS) -> Scene:
    """The driver in a style that the subject's film has nothing of: one of core.moves.STYLES."""
    random = np.random.default_rng([seed, 3, *style.encode()])
    return _scene(random, dancer.DRIVER, style, seconds, size, fps, stagecraft.room)


def _scene(
    random: np.random.Generator,
    who: tuple[Proportions, object],
    style: str,
    seconds: float,
    size: tuple[int, int],
    fps: Fraction,
    build: object,
) -> Scene:
    body, look = who
    beats = np.arange(0.0, seconds, TEMPO)
    motion = moves.dance(random, round(seconds * fps), fps, style, beats)
    figure = pose(body, motion)
    camera = Camera((0.0, 1.25, 4.6), pitch=0.04).framed(landmarks3d(body, figure), size, 0.9)
    return Scene(body, dancer.dress(body, look), motion, figure, camera, build(random, camera, size), size, fps, beats)  # type: ignore[arg-type, operator]


def film(scene: Scene, path: Path, progress: Progress = no_progress) -> Path:
    """Film a scene into an .mp4, with a click at every beat; a film that is there already is kept."""
    if path.is_file():
        return path
    with encode.temporary_folder(path) as folder:
        silent, clicks = folder / "picture.mp4", folder / "clicks.wav"
        encode.write_wav(clicks, stagecraft.click_track(scene.beats, len(scene) / float(scene.fps)))
        write_silent(silent, (scene.filmed(frame) for frame in range(len(scene))), scene, progress, path.name)
        encode.join(
            [silent], path, encode.format_of(path, False), scene.fps, len(scene), encode.Sound(clicks, Fraction(0))
        )
    return path


def write_silent(path: Path, frames: Iterator[np.ndarray], scene: Scene, progress: Progress, name: str) -> None:
    """Encode frames of a scene."""
    writer = encode.FilmWriter(path, encode.format_of(path, False), scene.size, scene.fps)
    try:
        for number, frame in enumerate(frames, 1):
            writer.write(frame)
            progress(f"drawing {name}", number, len(scene))
        writer.close()
    finally:
        writer.abandon()
