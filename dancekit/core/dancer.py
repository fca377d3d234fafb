"""Draws a posed body as a person: every part is a round bar with painted skin or cloth, lit, and hidden pixel by pixel.

A part is the hull of two balls (squashed along its bone's axes), seen along parallel rays: the front of that hull has a
closed form, so each pixel knows its depth, the way it faces the light, and the point of the cloth that it shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dancekit.core.body import BONE, CHANNEL, Figure, Motion, Proportions, pose, vector
from dancekit.core.cloth import Painter
from dancekit.core.outfit import Look, Part, parts
from dancekit.core.stagecraft import Camera

LIGHT = vector(-0.50, -0.60, 0.63)
"""Towards the light: from the upper left, before the dancer (right, down, towards the camera)."""
SHADE, SHINE = vector(0.50, 0.47, 0.56)[:, None], vector(1.07, 1.03, 0.98)[:, None]
"""What is left of red, green and blue in the dark and in the light."""
GLOSS = {"hair": 0.25, "mane": 0.25, "shoe": 0.25, "sole": 0.15}
KINDS = {"sleeve": "top", "head": "skin", "mane": "hair", "skirt": "bottom"}
"""Paints that are of one kind with another."""
SOFT, MELT = 0.8, 0.014
"""How deep two surfaces blend where they meet: in px, and in metres where both are of one kind."""
Picture = tuple[np.ndarray, np.ndarray]
BARE = -1e5
"""Nothing is drawn where the canvas is farther than this."""
SUBJECT = Proportions(0.465, 0.315, 0.185, 0.24, 0.265, 0.225, 0.165, 0.405, 0.395, 0.23, 0.97), Look()
"""The body and look of the person whom the demo learns to draw."""
DRIVER = (
    Proportions(0.53, 0.39, 0.19, 0.24, 0.30, 0.265, 0.19, 0.44, 0.44, 0.27, 1.1),
    Look((150, 98, 70), (32, 26, 28), (70, 42, 30), (140, 70, 66), "short", True, 0.0, "badge",
         ((238, 190, 70), (38, 70, 120)), True, 0.38, "plain", ((62, 74, 92), (62, 74, 92)), (40, 36, 40), 0.97,
         ((180, 60, 50), (245, 245, 240))),
)  # fmt: skip
"""Somebody taller and broader, whose moves the demo borrows."""
PAD = 2
"""Texture columns that are repeated beyond each end of the turn, so that sampling runs over the seam."""


@dataclass(frozen=True)
class Costume:
    """A dressed body ready to draw: P parts.

    bones int [P, 2], offsets float32 [P, 2, 3] m, radii float32 [P, 2] m, squash and fronts float32 [P, 3]; textures:
    P of uint8 [rows along, columns around + 2 PAD, 4] with transparent holes; gloss float32 [P]; kinds int [P]:
    parts of one kind melt together.
    """

    bones: np.ndarray
    offsets: np.ndarray
    radii: np.ndarray
    squash: np.ndarray
    fronts: np.ndarray
    textures: tuple[np.ndarray, ...]
    gloss: np.ndarray
    kinds: np.ndarray


def dress(body: Proportions, look: Look) -> Costume:
    """Build the parts of a body in a look and paint their textures; takes a few tenths of a second."""
    rows = parts(body, look)
    bones = np.array([[BONE[bone] for bone in part.bones] for part in rows])
    offsets, radii, squash, fronts = (
        np.array([getattr(part, name) for part in rows], np.float32) for name in ("offsets", "radii", "squash", "front")
    )
    feet = np.zeros((1, 2, 5), np.float32)
    feet[0, :, 0] = vector(0.5, -0.5) * body.hips / body.leg
    rest = pose(body, Motion(np.zeros((1, len(CHANNEL)), np.float32), vector(0, 1, 0)[None], feet))
    painter = Painter(body, look, body.ankle + body.leg, body.ankle + body.leg + body.trunk)
    textures = tuple(
        _texture(painter, part, rest.at(bone, offset)[0], rest.turns[0, bone[0]])
        for part, bone, offset in zip(rows, bones, offsets, strict=True)
    )
    kinds = [KINDS.get(part.paint, part.paint) for part in rows]
    gloss = np.array([GLOSS.get(part.paint, 0.0) for part in rows], np.float32)
    same = np.array([kinds.index(kind) for kind in kinds])
    return Costume(bones, offsets, radii, squash, fronts, textures, gloss, same)


def _texture(painter: Painter, part: Part, ends: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Paint one part: rows from the far side of its first ball to that of its second, columns around its axis."""
    squash, (first, last) = vector(*part.squash), part.radii
    start, axis = (ends[0] @ turn) / squash, ((ends[1] - ends[0]) @ turn) / squash
    length = float(np.linalg.norm(axis))
    rows, columns = (240, 320) if part.paint == "head" else (96, 128)
    high = np.linspace(-first, length + last, rows, dtype=np.float32)[:, None]
    angle = ((np.arange(columns, dtype=np.float32) + 0.5) / columns * 2 - 1)[None, :, None] * np.pi
    share = np.clip(high / length, 0, 1)
    radius = np.sqrt(np.maximum((first * (1 - share) + last * share) ** 2 - (high - share * length) ** 2, 1e-8))
    left, front = _square_to(axis, vector(*part.front))
    around = np.sin(angle) * left + np.cos(angle) * front
    points = start + high[..., None] / length * axis + radius[..., None] * around
    colour = painter.paint(part.paint, (points * squash) @ turn.T)
    return np.pad(colour.clip(0, 255).astype(np.uint8), ((0, 0), (PAD, PAD), (0, 0)), mode="wrap")


def _square_to(axis: np.ndarray, front: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(left, front) unit vectors [..., 3] around an axis, the second as near to `front` as can be."""
    left = np.cross(axis, front)
    left = left / np.linalg.norm(left, axis=-1, keepdims=True)
    ahead = np.cross(left, axis)
    return left, ahead / np.linalg.norm(ahead, axis=-1, keepdims=True)


@dataclass(frozen=True)
class Placed:
    """All P parts of a costume before a camera, in px right, down and nearer; in its round space a part has round ends.

    into [P, 3, 3]: px from the start (px [P, 2], near [P]) to round space, whose first axis is the bar's; back [P, 3]:
    round space to nearness. The other end is `length` along and `rise` nearer, [P] each. paint [P, 2, 3]: the texture's
    left and front. order: farthest part first; boxes [P, 4] as left, top, right, bottom; zoom: px per metre.
    """

    order: np.ndarray
    start: np.ndarray
    near: np.ndarray
    into: np.ndarray
    back: np.ndarray
    length: np.ndarray
    rise: np.ndarray
    radii: np.ndarray
    paint: np.ndarray
    boxes: np.ndarray
    zoom: float


def place(costume: Costume, figure: Figure, frame: int, camera: Camera) -> Placed:
    """Project every part of a costume on one frame of a figure."""
    turns = figure.turns[frame, costume.bones]
    ends = figure.origins[frame, costume.bones] + np.matmul(turns, costume.offsets[..., None])[..., 0]
    pixels, depth = camera.project(ends)
    zoom = camera.focal / float(camera.project(figure.origins[frame, :1])[1][0])
    radii = costume.radii * (camera.focal / depth)
    shape = camera.axes() @ turns[:, 0] * costume.squash[:, None]
    spread = shape @ shape.transpose(0, 2, 1)
    root = np.linalg.cholesky(spread)  # Lower triangular, so that the line of sight stays the line of sight.
    into = np.linalg.inv(root)
    step = np.concatenate([pixels[:, 1] - pixels[:, 0], (depth[:, :1] - depth[:, 1:]) * zoom], -1)
    x, y, rise = np.matmul(into, step[..., None])[..., 0].T
    length = np.hypot(x, y) + 1e-6
    none, one = np.zeros_like(x), np.ones_like(x)
    x, y = np.where(length < 1e-4, one, x / length), np.where(length < 1e-4, none, y / length)
    spin = np.stack([x, y, none, -y, x, none, none, none, one], -1).reshape(-1, 3, 3)
    axis = np.matmul((ends[:, 1] - ends[:, 0])[:, None], turns[:, 0])[:, 0] / costume.squash
    paint = spin @ into @ shape @ np.stack(_square_to(axis, costume.fronts), -1)
    reach = np.sqrt(spread[:, None, [0, 1], [0, 1]]) * radii[..., None]
    boxes = np.concatenate([(pixels - reach).min(1), (pixels + reach).max(1)], 1)
    # Seen end on, one ball hides the other and there is no hull: such a bar is kept just long enough to have one.
    length = np.sqrt(np.maximum(length**2, (radii[:, 1] - radii[:, 0]) ** 2 + (0.02 * radii.max(1)) ** 2))
    return Placed(
        np.argsort(-depth.mean(1)), pixels[:, 0], -depth[:, 0] * zoom, spin @ into,
        (root @ spin.transpose(0, 2, 1))[:, 2], length, rise, radii, paint.transpose(0, 2, 1), boxes, zoom,
    )  # fmt: skip


def draw(costume: Costume, figure: Figure, frame: int, camera: Camera, size: tuple[int, int]) -> Picture:
    """One frame of a dressed figure in a picture of `size` (w, h): RGB uint8 [H, W, 3] and exact alpha uint8 [H, W].

    The colour is black where alpha is 0, and not mixed with black towards the edge.
    """
    canvas = np.zeros((6, size[1], size[0]), np.float32)
    canvas[4:] = [[[2 * BARE]], [[-1]]]
    placed = place(costume, figure, frame, camera)
    for part in placed.order:
        _stamp(canvas, placed, costume, int(part))
    low = np.clip(np.floor(placed.boxes[:, :2].min(0)).astype(int) - 2, 0, np.array(size) - 1)
    high = np.clip(np.ceil(placed.boxes[:, 2:].max(0)).astype(int) + 2, low + 1, size)
    return _developed(canvas, low, high)


def _stamp(canvas: np.ndarray, placed: Placed, costume: Costume, part: int) -> None:
    """Draw one part: the px it covers, the front of its surface there, its paint in its light, and what it hides."""
    index, along, across, cover = _covered(canvas.shape[1:], placed, part)
    if len(index):
        near, normal, share = _surface(placed, part, along, across)
        paint = _sampled(costume.textures[part], placed, part, normal, share)
        colour = _lit(placed.into[part], normal, paint[:3], float(costume.gloss[part]))
        layer = np.concatenate([colour, (cover * paint[3] / 255)[None], near[None]])
        _laid(canvas.reshape(6, -1), index, layer, int(costume.kinds[part]), MELT * placed.zoom)


def _covered(shape: tuple[int, ...], placed: Placed, part: int) -> tuple[np.ndarray, ...]:
    """Px that a part covers: indices into a canvas of H x W, where they lie along and across it, how much of each."""
    left, top = np.maximum(np.floor(placed.boxes[part, :2]).astype(int) - 1, 0)
    right, bottom = np.minimum(np.ceil(placed.boxes[part, 2:]).astype(int) + 1, shape[::-1])
    x = np.arange(left, right, dtype=np.float32) + (0.5 - placed.start[part, 0])
    y = (np.arange(top, bottom, dtype=np.float32) + (0.5 - placed.start[part, 1]))[:, None]
    (a, b), (c, d) = placed.into[part, :2, :2]
    along, across = a * x + b * y, c * x + d * y
    length, (first, last) = placed.length[part], placed.radii[part]
    taper = last - first
    share = np.clip((along * length + first * taper) * (1 / (length * length - taper * taper)), 0, 1)
    away = along - share * length
    inside = first + share * taper - np.sqrt(away * away + across * across)
    cover = np.clip(inside / np.sqrt(np.abs(a * d - b * c)) + np.float32(0.5), 0, 1)
    index = np.flatnonzero(cover)
    rows, columns = np.divmod(index, max(right - left, 1))
    spot = (rows + top) * shape[1] + columns + left
    return spot, along.ravel()[index], across.ravel()[index], cover.ravel()[index]


def _surface(placed: Placed, part: int, along: np.ndarray, across: np.ndarray) -> tuple[np.ndarray, ...]:
    """The front of the hull: nearness [N] px, round normal [3, N] and place along the axis [N], 0..1 between the balls.

    The hull is made of balls with centre share * length and radius first + share * taper; the front one maximises
    share * rise + sqrt(radius^2 - distance^2).
    """
    length, rise, (first, last) = placed.length[part], placed.rise[part], placed.radii[part]
    taper = last - first
    steep = length * length - taper * taper
    half = first * taper + along * length
    rest = first * first - along * along - across * across
    root = np.sqrt(np.maximum(half * half + steep * rest, 0) / (rise * rise + steep))
    share = np.clip((half + rise * root) / steep, 0, 1)
    radius, away = first + share * taper, along - share * length
    height = np.sqrt(np.maximum(radius * radius - away * away - across * across, 0))
    up = share * rise + height
    near = placed.near[part] + placed.back[part] @ np.stack([along, across, up])
    place = (along * length + up * rise) / (length * length + rise * rise)
    return near, np.stack([away, across, height]) / radius, place


def _sampled(texture: np.ndarray, placed: Placed, part: int, normal: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Paint at the surface, float32 [4, N], by the angle around the part and the place along it."""
    rows, columns = texture.shape[0], texture.shape[1] - 2 * PAD
    angle = np.arctan2(*(placed.paint[part] @ normal))
    span, (first, last) = np.hypot(placed.length[part], placed.rise[part]), placed.radii[part]
    wide = min(1024, len(angle))  # cv2 refuses pictures with very long rows.
    maps = np.zeros((2, -(-len(angle) // wide) * wide), np.float32)
    maps[0, : len(angle)] = (angle / (2 * np.pi) + 0.5) * columns + (PAD - 0.5)
    maps[1, : len(angle)] = (share * span + first) * ((rows - 1) / (span + first + last))
    maps = maps.reshape(2, -1, wide)
    paint = cv2.remap(texture, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(paint.reshape(-1, 4)[: len(angle)].T, np.float32)


def _lit(into: np.ndarray, normal: np.ndarray, paint: np.ndarray, gloss: float) -> np.ndarray:
    """Paint [3, N] in soft light from one side, darker where it turns away, glossy things with highlights."""
    real = into.T @ normal
    size = 1 / np.sqrt(np.maximum((real * real).sum(0), 1e-9))
    facing, toward = real[2] * size, (LIGHT @ real) * size
    bright = np.sqrt(np.maximum(0.5 + 0.5 * toward, 0)) ** 3 * (0.72 + 0.28 * facing)
    colour = paint * (SHADE + (SHINE - SHADE) * bright)
    if gloss > 0:
        colour += 255 * gloss * np.clip(0.55 * toward + 0.50 * facing, 0, 1) ** 18
    return colour


def _laid(canvas: np.ndarray, index: np.ndarray, layer: np.ndarray, kind: int, melt: float) -> None:
    """Put colour, cover and nearness [5, N] at px of the canvas [6, H * W]: over what is farther, under nearer edges.

    The canvas holds premultiplied colour, alpha, nearness in px and kind. Parts of one kind (the same cloth, skin) melt
    into one surface over `melt` px of depth.
    """
    seen, cover = canvas.take(index, axis=1), layer[3]
    gap = layer[4] - seen[4]
    depth = np.where(seen[5] == kind, np.float32(0.5 / max(melt, SOFT)), np.float32(0.5 / SOFT))
    over = cover * np.clip(0.5 + gap * depth, 0, 1)
    alpha = seen[3] * (1 - over) + over
    under = (cover - over) * (1 - alpha)
    seen[:3] = seen[:3] * (1 - over) + layer[:3] * (over + under)
    seen[3] = alpha + under
    seen[4] = np.where((seen[4] < BARE) & (cover > 0), layer[4], seen[4] + np.maximum(gap, 0) * over)
    seen[5] = np.where(over + under > 0.5, kind, seen[5])
    canvas[:, index] = seen


def _developed(canvas: np.ndarray, low: np.ndarray, high: np.ndarray) -> Picture:
    """The finished picture: creases and places behind other limbs a little darker, colour and alpha as uint8."""
    window = slice(low[1], high[1]), slice(low[0], high[0])
    colour, cover, near = canvas[:3, *window], canvas[3, *window], canvas[4, *window]
    solid = cover * (near > BARE)
    sigma = 0.012 * float(high[1] - low[1])
    weight = np.maximum(cv2.GaussianBlur(solid, (0, 0), sigma), 1e-3)
    mean = cv2.GaussianBlur(np.maximum(near, BARE) * solid, (0, 0), sigma) / weight
    dark = 1 - 0.42 * np.clip((mean - near) / (2.2 * sigma), 0, 1) * (solid > 0)
    rgb, alpha = np.zeros((*canvas.shape[1:], 3), np.uint8), np.zeros(canvas.shape[1:], np.uint8)
    rgb[window] = np.minimum(colour * (dark / np.maximum(cover, 1e-3)) + 0.5, 255).transpose(1, 2, 0)
    alpha[window] = np.clip(cover * 255 + 0.5, 0, 255)
    return rgb * (alpha > 0)[..., None], alpha
