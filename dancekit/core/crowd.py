"""A crowd of drawn people, each in a few short scenes with exact truth: what a base is trained on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from dancekit.core import dancer
from dancekit.core.body import Figure, Proportions, landmarks3d, pose, random_proportions
from dancekit.core.dancer import Costume
from dancekit.core.stagecraft import Camera, confidence, random_camera, random_dance, random_look, wander
from dancekit.core.tracks import low_pass
from dancekit.types import PoseTrack

FPS = Fraction(25)
TALL, ROOM = 160, 1.45
"""Body height in px of pictures for small recipes, and the side of the square picture in body heights: spread arms and
lifted legs find room."""
_SCENES, _FRAMES = 6, 12
"""Scenes per person and frames per scene: the longest windows of the method take M + 4K = 11."""
_FAULT, _LASTING = 0.006, 2.0
"""By how much of the body height a landmarker is off, per axis; over how many frames (a standard deviation) it stays
alike. Networks that met exact landmarks would trust a real film's too far."""
_TALLER = (0.85, 1.12)
"""How much smaller or larger she may be from scene to scene."""


@dataclass(frozen=True)
class Scenes:
    """One drawn person's scenes. figures and cameras: one per scene. track: landmarks in px, a shot per scene; its size
    is that of the pictures."""

    costume: Costume
    figures: tuple[Figure, ...]
    cameras: tuple[Camera, ...]
    track: PoseTrack

    def drawn(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """RGB uint8 [H, W, 3] and alpha uint8 [H, W] of every frame."""
        for figure, camera in zip(self.figures, self.cameras, strict=True):
            for frame in range(len(figure.origins)):
                yield dancer.draw(self.costume, figure, frame, camera, self.track.size)


def meet(random: np.random.Generator, tall: int = TALL) -> Scenes:
    """Somebody met by chance, in scenes of dances by chance, each before another camera. tall: body height in px."""
    body, look = random_proportions(random), random_look(random)
    scenes = [_scene(random, body, tall) for _ in range(_SCENES)]
    points = np.concatenate([_mistaken(points, random, tall) for _, _, points in scenes])
    starts = tuple(range(0, len(points), _FRAMES))
    return Scenes(
        dancer.dress(body, look),
        tuple(figure for figure, _, _ in scenes),
        tuple(camera for _, camera, _ in scenes),
        PoseTrack(points, (side(tall), side(tall)), FPS, shots=starts),
    )


def side(tall: int) -> int:
    """Side in px of the square pictures of bodies so many px tall."""
    return round(tall * ROOM)


def _mistaken(points: np.ndarray, random: np.random.Generator, tall: int) -> np.ndarray:
    """Landmarks [T, J, 3] px of a scene as a landmarker would report them."""
    wide = low_pass(random.standard_normal((*points.shape[:2], 2)), _LASTING)
    result = points.copy()
    result[..., :2] += wide / wide.std() * _FAULT * tall
    return result


def _scene(random: np.random.Generator, body: Proportions, tall: int) -> tuple[Figure, Camera, np.ndarray]:
    """(figure, camera, landmarks float32 [T, J, 3] px): in the middle, about as tall as in the other scenes."""
    figure = pose(body, random_dance(random, _FRAMES, FPS))
    strayed = wander(landmarks3d(body, figure), FPS)
    figure = Figure((figure.origins - strayed).astype(np.float32), figure.turns)
    points, camera = landmarks3d(body, figure), random_camera(random)
    flat, depth = camera.project(points)
    focal = tall * random.uniform(*_TALLER) / body.height * float(depth.mean())
    low, high = flat.reshape(-1, 2).min(0), flat.reshape(-1, 2).max(0)
    centre = side(tall) / 2 - focal * (low + high) / 2
    camera = replace(camera, focal=focal, centre=(float(centre[0]), float(centre[1])))
    pixels, depth = camera.project(points)
    seen = confidence(pixels, depth, camera.focal)
    return figure, camera, np.concatenate([pixels, seen[..., None]], -1).astype(np.float32)
