"""What surrounds a dancer: cameras, strangers met by chance, drawn sets to film on, and the click track."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import cv2
import numpy as np

from dancekit.core.body import BONE, Figure, Motion, landmarks3d, pose, random_proportions, smooth, spun, vector
from dancekit.core.moves import blurred, dance
from dancekit.core.outfit import Colour, Look, colour_of
from dancekit.core.skeleton import EARS, HEAD, HIPS, INDEX, SHOULDERS, Point, indices
from dancekit.types import PoseTrack


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: eye in metres; yaw (to its left), pitch (down) and roll in radians; focal and centre in px."""

    eye: tuple[float, float, float]
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    focal: float = 1.0
    centre: tuple[float, float] = (0.0, 0.0)

    def axes(self) -> np.ndarray:
        """Rows: the picture's right, its down, and from the scene towards the camera, on the stage; float32 [3, 3]."""
        turned = spun(*np.array([-self.pitch, self.yaw, self.roll]))
        return (turned.T * np.array([[1.0], [-1.0], [1.0]])).astype(np.float32)

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points [..., 3] m -> float32 [..., 2] px from the top left, and how far before the camera [...] m."""
        seen = (points - vector(*self.eye)) @ self.axes().T
        depth = -seen[..., 2]
        pixels = seen[..., :2] * (self.focal / depth)[..., None] + vector(*self.centre)
        return pixels.astype(np.float32), depth

    def framed(
        self, points: np.ndarray, size: tuple[int, int], fill: float = 0.9, place: tuple[float, float] = (0.5, 0.7)
    ) -> Camera:
        """Zoomed and shifted so that all points fit into `fill` of the size (w, h); `place` is the spare room's share
        to their left and above them."""
        flat = replace(self, focal=1.0, centre=(0.0, 0.0)).project(points)[0].reshape(-1, 2)
        low, high = flat.min(0), flat.max(0)
        focal = float(np.min(np.array(size) * fill / (high - low)))
        x, y = (np.array(size) - focal * (high - low)) * place - focal * low
        return replace(self, focal=focal, centre=(float(x), float(y)))


STRANGERS = {"talk": 0.12, "groove": 0.18, "power": 0.22, "ballet": 0.13, "walk": 0.05, "drill": 0.1, "hold": 0.2}
"""How often strangers dance in each style: with arms before the body, which is hardest to draw, more often than in
life."""


def random_camera(rng: np.random.Generator) -> Camera:
    """Somebody's camera: near or far, between the knees and above the head, seldom quite level; yet to be framed."""
    distance, height = rng.uniform(2.6, 7.0), float(np.clip(rng.normal(1.15, 0.4), 0.3, 2.4))
    pitch = np.arctan2(height - rng.uniform(0.75, 1.05), distance)
    return Camera((0.0, height, distance), 0.0, float(pitch), float(rng.normal(0, 0.025)))


def random_look(rng: np.random.Generator) -> Look:
    """A stranger's skin, hair and clothes; nothing is as green as a screen."""

    def cloth() -> Colour:
        hue, pale, light = 0.55 + 0.6 * rng.uniform(), rng.uniform(0.1, 0.8), 255 * rng.uniform(0.25, 1.0)
        wheel = np.clip(np.abs((hue + np.array([0, 2 / 3, 1 / 3])) % 1.0 * 6 - 3) - 1, 0, 1)
        return colour_of(light * (1 - pale * (1 - wheel)))

    skirt = float(rng.uniform(0.25, 0.7) * (rng.uniform() < 0.5))
    tan, dark, man = rng.uniform(), rng.uniform() ** 0.6, bool(rng.uniform() < 0.5)
    skin = np.array([244, 200, 172]) * (1 - tan) + np.array([98, 62, 44]) * tan
    hair = np.array([206, 160, 96]) * (1 - dark) + np.array([30, 22, 20]) * dark
    return Look(
        colour_of(skin), colour_of(hair), colour_of(rng.uniform(30, 130, 3)), colour_of(skin * (0.84, 0.5, 0.53)),
        "short" if man else str(rng.choice(("bob", "bun", "long"))), bool(man and rng.uniform() < 0.4),
        0.0 if man else 1.0,
        str(rng.choice(("stripes", "badge", "plain"))), (cloth(), cloth()), bool(rng.uniform() < 0.5),
        rng.uniform(0.2, 0.97), str(rng.choice(("checks", "plain"))), (cloth(), cloth()), cloth(),
        float(rng.choice((0.45, 0.55, 0.95, 0.97))), (cloth(), cloth()), 0.0 if man else skirt,
    )  # fmt: skip


def random_dance(rng: np.random.Generator, frames: int, fps: Fraction) -> Motion:
    """A random dance in one of some styles (core.moves), each as often as its share says."""
    return dance(rng, frames, fps, str(rng.choice(list(STRANGERS), p=list(STRANGERS.values()))))


def random_track(rng: np.random.Generator, frames: int, fps: Fraction, size: tuple[int, int]) -> PoseTrack:
    """A random dance of a random stranger before a random camera, whole in frames of `size` (w, h) px."""
    body = random_proportions(rng)
    points = landmarks3d(body, pose(body, random_dance(rng, frames, fps)))
    points -= rng.choice((0.0, 0.9)) * wander(points, fps)
    place = rng.uniform(0.3, 0.7), rng.uniform(0.4, 0.8)
    camera = random_camera(rng).framed(points, size, rng.uniform(0.65, 0.96), place)
    pixels, depth = camera.project(points)
    seen = confidence(pixels, depth, camera.focal)
    return PoseTrack(np.concatenate([pixels, seen[..., None]], -1).astype(np.float32), size, fps)


def wander(points: np.ndarray, fps: Fraction) -> np.ndarray:
    """The dancer's slow way over the floor, [T, 1, 3] m, which a camera that pans along takes away."""
    middle = blurred(points[:, list(indices(HIPS))].mean(1), float(fps))
    return (middle * vector(1, 0, 1))[:, None]


HIDERS: tuple[tuple[Point, Point, float, tuple[str, ...]], ...] = (
    (SHOULDERS, HIPS, 0.13, ("left_shoulder", "right_shoulder", "left_hip", "right_hip")),
    (EARS, ("nose",), 0.09, HEAD),
    *(((f"{side}_{start}",), (f"{side}_{end}",), radius, tuple(f"{side}_{name}" for name in own))
      for side in ("left", "right")
      for start, end, radius, own in (
          ("shoulder", "elbow", 0.04, ("shoulder", "elbow")),
          ("elbow", "wrist", 0.035, ("elbow", "wrist", "pinky", "index", "thumb")),
          ("hip", "knee", 0.07, ("hip", "knee")),
          ("knee", "ankle", 0.05, ("knee", "ankle", "heel", "foot")))),
)  # fmt: skip
"""What can hide a landmark: round bars between two points, their radii in metres, and the landmarks on them."""


def confidence(pixels: np.ndarray, depth: np.ndarray, focal: float) -> np.ndarray:
    """How visible MediaPipe would call landmarks [T, 33, 2] px at depth [T, 33] m: 0..1, low behind trunk or limbs."""
    hidden = np.zeros(depth.shape, np.float32)
    for start, end, radius, own in HIDERS:
        near, far = list(indices(start)), list(indices(end))
        a, along = pixels[:, near].mean(1)[:, None], (pixels[:, far].mean(1) - pixels[:, near].mean(1))[:, None]
        share = np.clip(((pixels - a) * along).sum(-1) / np.maximum((along * along).sum(-1), 1.0), 0, 1)
        miss = np.linalg.norm(pixels - a - share[..., None] * along, axis=-1)
        bar = depth[:, near].mean(1)[:, None] * (1 - share) + depth[:, far].mean(1)[:, None] * share
        cover = smooth(1.5 - miss * bar / (focal * radius)) * smooth((depth - bar) / radius)
        cover[:, [INDEX[name] for name in own]] = 0
        hidden = np.maximum(hidden, cover)
    joint = np.arange(depth.shape[1])
    base = np.where(np.isin(joint, [*range(len(HEAD)), *indices(SHOULDERS), *indices(HIPS)]), 0.99, 0.96)
    return base * (1 - np.where(joint < len(HEAD), 0.05, 0.8) * hidden)


@dataclass(frozen=True)
class Stage:
    """An empty set as one camera sees it: backdrop uint8 [H, W, 3], film grain int16 [H + 64, W + 64, 3], and how dark
    shadows on its floor are, 0..1."""

    backdrop: np.ndarray
    grain: np.ndarray
    shadow: float


def green_screen(rng: np.random.Generator, camera: Camera, size: tuple[int, int]) -> Stage:
    """A green cloth that runs from wall to floor: lit from one side, with soft folds, so that its green is not one."""
    x, y = np.meshgrid(*(np.linspace(-1, 1, side, dtype=np.float32) for side in size))
    bend = float(camera.project(vector(0, 0, -1.2))[0][1]) / size[1] * 2 - 1
    light = 1.04 - 0.10 * (x + 0.35) ** 2 - 0.07 * (y + 0.3) ** 2 + 0.06 * smooth((y - bend + 0.06) / 0.25)
    for _ in range(5):
        place, tilt = rng.uniform(-1, 1), rng.uniform(-0.15, 0.15)
        light += rng.uniform(-0.02, 0.02) * np.exp(-(((x - place - tilt * y) / 0.12) ** 2)) * (y < bend)
    colour = light[..., None] * vector(62, 178, 82) + smooth((y - bend) / 0.5)[..., None] * vector(6, 4, -2)
    return Stage(np.clip(colour, 0, 255).astype(np.uint8), _grain(rng, size), 0.30)


def room(rng: np.random.Generator, camera: Camera, size: tuple[int, int]) -> Stage:
    """A living room in perspective: boards, a rug, a wall with a window and pictures, a sofa and a lamp."""
    picture = np.full((2 * size[1], 2 * size[0], 3), (226, 206, 188), np.uint8)
    for corners, colour in _furniture(rng):
        pixels = camera.project(np.array(corners, np.float32))[0] * 32
        cv2.fillPoly(picture, [np.round(pixels).astype(np.int32)], colour, cv2.LINE_AA, 4)
    small = cv2.GaussianBlur(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), (0, 0), 0.002 * size[1])
    light = 0.97 - 0.09 * np.linspace(-1, 1, size[0], dtype=np.float32)[None, :, None]
    return Stage((small * light).clip(0, 255).astype(np.uint8), _grain(rng, size), 0.38)


Slab = tuple[list[tuple[float, float, float]], Colour]
"""A flat piece of scenery: its corners in metres and its colour."""
WALL = -1.7
"""Where the back wall of the room stands, z in metres."""
UPRIGHT: tuple[tuple[float, float, float, float, float, Colour], ...] = (
    (-4.5, 0, 9, 0.11, 0, (244, 238, 230)),
    (0.35, 0.95, 0.92, 1.12, 0, (250, 247, 242)), (0.41, 1.01, 0.38, 1.0, 0, (176, 208, 236)),
    (0.83, 1.01, 0.38, 1.0, 0, (188, 216, 240)), (0.41, 1.01, 0.38, 0.3, 0, (206, 214, 226)),
    (0.83, 1.01, 0.38, 0.22, 0, (206, 214, 226)), (0.13, 0.5, 0.22, 1.72, 0, (214, 150, 110)),
    (1.27, 0.5, 0.22, 1.72, 0, (206, 142, 104)), (0.05, 2.2, 1.52, 0.035, 0, (92, 74, 66)),
    (-1.3, 1.42, 0.46, 0.58, 0, (70, 60, 66)), (-1.26, 1.46, 0.38, 0.5, 0, (236, 226, 206)),
    (-1.2, 1.52, 0.26, 0.2, 0, (200, 112, 80)), (-1.14, 1.7, 0.14, 0.16, 0, (86, 104, 150)),
    (-0.7, 1.6, 0.34, 0.34, 0, (70, 60, 66)), (-0.67, 1.63, 0.28, 0.28, 0, (226, 196, 130)),
    (-1.75, 0.1, 1.45, 0.73, 0.1, (88, 104, 142)), (-1.45, 0.42, 0.34, 0.32, 0.3, (222, 170, 96)),
    (-1.75, 0.1, 1.45, 0.33, 0.75, (84, 100, 138)), (-0.42, 0.1, 0.16, 0.46, 0.75, (96, 114, 154)),
    (-1.78, 0.1, 0.16, 0.46, 0.75, (96, 114, 154)), (1.62, 0, 0.28, 0.03, 0.35, (72, 62, 64)),
    (1.745, 0, 0.03, 1.3, 0.35, (72, 62, 64)), (1.58, 1.26, 0.36, 0.3, 0.35, (250, 222, 170)),
)  # fmt: skip
"""Skirting, window, curtains, pictures, sofa and lamp: left, bottom, width, height, distance from the wall, colour."""


def _furniture(rng: np.random.Generator) -> list[Slab]:
    """The room's flat pieces, farthest first."""
    slabs: list[Slab] = []
    for x in np.arange(-4.5, 4.5, 0.15).tolist():
        shade = int(rng.integers(-9, 10))
        board = [(x, 0.0, WALL), (x + 0.145, 0.0, WALL), (x + 0.145, 0.0, 2.5), (x, 0.0, 2.5)]
        slabs.append((board, (168 + shade, 122 + shade, 84 + shade)))
    for size, colour in ((1.0, (150, 64, 66)), (0.88, (196, 150, 120)), (0.82, (170, 88, 80))):
        turns = np.linspace(0, 2 * np.pi, 60).tolist()
        slabs.append(([(1.25 * size * np.cos(a), 0.0, 0.1 + 0.75 * size * np.sin(a)) for a in turns], colour))
    for x, y, wide, high, away, colour in UPRIGHT:
        z = WALL + away
        slabs.append(([(x, y, z), (x + wide, y, z), (x + wide, y + high, z), (x, y + high, z)], colour))
    return slabs


def _grain(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    noise = rng.normal(0, 3.5, (size[1] + 64, size[0] + 64, 3))
    return np.round(cv2.GaussianBlur(noise, (0, 0), 0.6)).astype(np.int16)


def shoot(stage: Stage, camera: Camera, figure: Figure, frame: int, drawn: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Film a drawn dancer (RGB and alpha) on a stage: shadow on the floor, the dancer, grain; uint8 [H, W, 3]."""
    rgb, alpha = drawn
    film = _shadowed(stage, camera, figure, frame)
    x, y, wide, high = cv2.boundingRect(alpha)
    window = slice(y, y + high), slice(x, x + wide)
    share = alpha[window].astype(np.float32)[..., None] / 255
    film[window] = rgb[window] * share + film[window] * (1 - share) + 0.5
    left, top = frame * 37 % 64, frame * 23 % 64
    grain = stage.grain[top : top + film.shape[0], left : left + film.shape[1]]
    return cv2.add(film, grain, dtype=cv2.CV_8U)


def _shadowed(stage: Stage, camera: Camera, figure: Figure, frame: int) -> np.ndarray:
    """The backdrop with soft shadows under the feet and the body, which fade as these rise, away from the light."""
    film = stage.backdrop.copy()
    mask = np.zeros((film.shape[0] // 4, film.shape[1] // 4), np.float32)
    for bone, radius in (("pelvis", 0.24), ("left_foot", 0.15), ("right_foot", 0.15)):
        x, y, z = (float(value) for value in figure.origins[frame, BONE[bone]])
        spot, depth = camera.project(vector(x + 0.12 * y, 0.0, z + 0.05))
        wide = radius * (1 + 0.6 * y) * camera.focal / float(depth)
        tall = wide * (0.1 + 0.9 * max(camera.eye[1], 0.0) / float(depth))
        blob = np.zeros_like(mask)
        fine = np.round(np.array([spot[0], spot[1], wide, tall]) * 4).astype(int)  # Quarter size, in sixteenths.
        cv2.ellipse(blob, fine[:2].tolist(), fine[2:].tolist(), 0, 0, 360, 1.0 / (1 + 1.3 * y), -1, cv2.LINE_8, 4)
        mask = np.maximum(mask, blob)
    mask = cv2.GaussianBlur(mask, (0, 0), 0.02 * len(mask) + 0.5)
    top = 4 * int(np.argmax(mask.max(1) > 0.003))
    strength = cv2.resize(mask, film.shape[1::-1], interpolation=cv2.INTER_LINEAR)[top:, :, None]
    film[top:] = film[top:] * (1 - stage.shadow * strength)
    return film


def click_track(beats: np.ndarray, seconds: float, rate: int = 44100) -> np.ndarray:
    """Mono sound, float32 [seconds * rate] in -1..1: at each beat a click, loudest at once; each 4th higher."""
    sound = np.zeros(round(seconds * rate), np.float32)
    time = np.arange(round(0.04 * rate)) / rate
    for index, beat in enumerate(beats):
        start = round(float(beat) * rate)
        pitch, loud = (1175.0, 0.6) if index % 4 else (1760.0, 0.85)
        click = (loud * np.cos(2 * np.pi * pitch * time) * np.exp(-time / 0.007)).astype(np.float32)
        if 0 <= start < len(sound):
            sound[start : start + len(click)] += click[: len(sound) - start]
    return np.clip(sound, -1, 1)
