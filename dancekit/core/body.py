"""A small 3-D body: bones of any proportions, moved by joint angles and foot targets, and the landmarks it shows.

Stage axes: x to the right of the picture, y up, z towards the viewer, in metres; the floor is y = 0. A body that faces
the viewer has its left at +x. Every bone has its own axes: x to the person's left, y up along the bone, z to the front.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dancekit.core.skeleton import NAMES

SIDES = (("left", 1.0), ("right", -1.0))
BONES = (
    "pelvis", "belly", "chest", "neck", "head",
    *(f"{side}_{bone}" for side, _ in SIDES
      for bone in ("collar", "upper_arm", "forearm", "hand", "fingers", "thigh", "shin", "foot")),
)  # fmt: skip
BONE = {name: index for index, name in enumerate(BONES)}

ARM_LIMITS = {
    "flex": (-50.0, 170.0), "abduct": (-50.0, 165.0), "spin": (-90.0, 85.0), "elbow": (2.0, 148.0),
    "pronate": (-80.0, 85.0), "wrist": (-60.0, 60.0), "grip": (0.0, 95.0),
}  # fmt: skip
LIMITS = {
    "yaw": (-np.inf, np.inf), "tilt": (-20.0, 75.0), "roll": (-20.0, 20.0),
    "bend": (-30.0, 65.0), "lean": (-35.0, 35.0), "twist": (-40.0, 40.0),
    "nod": (-40.0, 50.0), "shake": (-75.0, 75.0), "tip": (-35.0, 35.0),
    **{f"{side}_{name}": limits for side, _ in SIDES for name, limits in ARM_LIMITS.items()},
}  # fmt: skip
"""Lowest and highest angle of each channel in degrees. Pelvis: yaw (to her left), tilt (forward), roll (to her left);
spine: bend, lean, twist; head: nod, shake, tip; each arm: flex (forward) and abduct (outward) make one swing away from
hanging, spin turns it inward about its own axis; fingers: grip. Legs have no channels: they reach for their feet."""
CHANNEL = {name: index for index, name in enumerate(LIMITS)}
KNEE_LIMIT = 150.0
"""Largest bend of a knee in degrees; it never bends the other way."""
STRAIGHT = 0.997
"""How much of its length a standing leg uses: nobody stands with locked knees."""


@dataclass(frozen=True)
class Proportions:
    """Lengths of a body in metres, joint to joint; `girth` scales how thick it is (1 is slim)."""

    trunk: float = 0.49
    shoulders: float = 0.325
    hips: float = 0.19
    head: float = 0.225
    upper_arm: float = 0.275
    forearm: float = 0.235
    hand: float = 0.17
    thigh: float = 0.41
    shin: float = 0.40
    foot: float = 0.235
    girth: float = 1.0

    @property
    def leg(self) -> float:
        """Hip joint to ankle."""
        return self.thigh + self.shin

    @property
    def ankle(self) -> float:
        """Height of the ankle above the floor."""
        return 0.35 * self.foot

    @property
    def height(self) -> float:
        """Floor to crown of a person who stands."""
        return self.ankle + self.leg + self.trunk + 1.40 * self.head


def random_proportions(rng: np.random.Generator) -> Proportions:
    """A stranger: from a child (large head, short legs) to a tall adult, broad or narrow, with long or short limbs."""
    age = rng.uniform(0.0, 1.0) ** 0.5
    size = 0.62 + 0.40 * age
    broad, legs, arms = rng.normal(1.0, 0.07), rng.normal(1.0, 0.05), rng.normal(1.0, 0.04)
    lengths = {
        "trunk": 0.49, "shoulders": 0.335 * broad, "hips": 0.19 * rng.normal(1.0, 0.09),
        "upper_arm": 0.278 * arms, "forearm": 0.24 * arms, "hand": 0.17 * arms,
        "thigh": 0.415 * legs * (0.90 + 0.10 * age), "shin": 0.405 * legs * (0.90 + 0.10 * age), "foot": 0.24,
    }  # fmt: skip
    lengths = {name: size * value * rng.normal(1.0, 0.025) for name, value in lengths.items()}
    return Proportions(**lengths, head=rng.normal(0.19 + 0.035 * age, 0.006), girth=rng.uniform(0.9, 1.35))


@dataclass(frozen=True)
class Motion:
    """A dance that any body can do.

    angles: float32 [T, C] radians in the order of CHANNEL. path: float32 [T, 3], the middle of the hip joints as x,
    height above standing ankles, z. feet: float32 [T, 2, 5], left and right, as x, lift, z, yaw, heel raise. Lengths in
    leg lengths, so height 1 means straight legs; yaw and heel raise in radians.
    """

    angles: np.ndarray
    path: np.ndarray
    feet: np.ndarray

    def channel(self, name: str) -> np.ndarray:
        """One channel's angles in radians, float32 [T]."""
        return self.angles[:, CHANNEL[name]]


@dataclass(frozen=True)
class Figure:
    """A posed body: origins float32 [T, B, 3] in metres and turns float32 [T, B, 3, 3], bone axes to stage axes."""

    origins: np.ndarray
    turns: np.ndarray

    def at(self, bones: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Points fixed to bones (int [P], offsets [P, 3] in metres along bone axes) on the stage: float32 [T, P, 3]."""
        return self.origins[:, bones] + np.matmul(self.turns[:, bones], offsets[..., None])[..., 0]


def pose(body: Proportions, motion: Motion) -> Figure:
    """Put the body into every pose of the motion: angles turn trunk, head and arms; legs reach for their feet.

    Feet that stand stay where the motion puts them: where both cannot be reached, the pelvis comes down.
    """
    frames: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    ankles = _ankles(body, motion)
    _trunk(body, motion, ankles, frames)
    for side, sign in SIDES:
        _arm(body, motion, side, sign, frames)
        _leg(body, motion, side, sign, ankles, frames)
    return Figure(
        np.stack([frames[bone][0] for bone in BONES], 1).astype(np.float32),
        np.stack([frames[bone][1] for bone in BONES], 1).astype(np.float32),
    )


def _trunk(body: Proportions, motion: Motion, ankles: np.ndarray, frames: dict) -> None:
    """The chain pelvis, belly, chest, neck, head; spine and neck bend half in each of their two joints."""
    pelvis = spun(motion.channel("tilt"), motion.channel("yaw"), -motion.channel("roll"))
    spine = spun(motion.channel("bend") / 2, motion.channel("twist") / 2, -motion.channel("lean") / 2)
    neck = spun(motion.channel("nod") / 2, motion.channel("shake") / 2, -motion.channel("tip") / 2)
    frames["pelvis"] = _lowered(body, motion, pelvis, ankles), pelvis
    _attach(frames, "belly", "pelvis", (0, 0.22 * body.trunk, 0), spine)
    _attach(frames, "chest", "belly", (0, 0.26 * body.trunk, 0), spine)
    _attach(frames, "neck", "chest", (0, 0.52 * body.trunk + 0.12 * body.head, -0.05 * body.head), neck)
    _attach(frames, "head", "neck", (0, 0.71 * body.head, 0.09 * body.head), neck)


def _arm(body: Proportions, motion: Motion, side: str, sign: float, frames: dict) -> None:
    """Collar, upper arm, forearm, hand and fingers; the collar follows the arm up and forward as shoulder blades do."""
    flex, abduct, spin, elbow, pronate, wrist, grip = (motion.channel(f"{side}_{name}") for name in ARM_LIMITS)
    none = np.zeros_like(flex)
    swing = _turned_by(np.stack([-flex, none, sign * abduct], -1))
    raised = smooth((0.35 - swing[:, 1, 1]) / 1.35)
    collar = spun(none, -sign * 0.25 * np.clip(-swing[:, 2, 1], -0.3, 1.0), sign * 0.5 * raised)
    _attach(frames, f"{side}_collar", "chest", (0, 0.52 * body.trunk - 0.05 * body.shoulders, 0), collar)
    joint = (sign * body.shoulders / 2, 0.05 * body.shoulders, 0.0)
    origin = frames[f"{side}_collar"][0] + frames[f"{side}_collar"][1] @ vector(*joint)
    frames[f"{side}_upper_arm"] = origin, frames["chest"][1] @ swing @ spun(none, -sign * spin, none)
    _attach(frames, f"{side}_forearm", f"{side}_upper_arm", (0, -body.upper_arm, 0), spun(-elbow, none, none))
    turned = spun(none, -sign * pronate, none) @ spun(none, none, -sign * wrist)
    _attach(frames, f"{side}_hand", f"{side}_forearm", (0, -body.forearm, 0), turned)
    _attach(frames, f"{side}_fingers", f"{side}_hand", (0, -0.5 * body.hand, 0), spun(none, none, -sign * grip))


def _leg(body: Proportions, motion: Motion, side: str, sign: float, ankles: np.ndarray, frames: dict) -> None:
    """Thigh and shin from hip to ankle, the knee pointing where foot and pelvis point; a lifted foot hangs loosely."""
    foot = motion.feet[:, int(sign < 0)]
    pelvis = frames["pelvis"][1]
    hip = frames["pelvis"][0] + pelvis @ vector(sign * body.hips / 2, 0, 0)
    reach = ankles[:, int(sign < 0)] - hip
    length = np.linalg.norm(reach, axis=-1, keepdims=True)
    along = reach / length
    length = eased(length, 0.28 * body.leg, 0.999 * body.leg, 0.014 * body.leg)
    turnout = np.clip(_wrapped(foot[:, 3] - motion.channel("yaw")), -0.9, 0.9) * 0.7
    front = _tipped(pelvis, along, np.stack([np.sin(turnout), 0 * turnout, np.cos(turnout)], -1))
    cosine = (body.thigh**2 + length**2 - body.shin**2) / (2 * body.thigh * length)
    sine = np.sqrt(np.maximum(1 - cosine**2, 0))
    knee = hip + body.thigh * (cosine * along + sine * front)
    frames[f"{side}_thigh"] = hip, _axes(hip - knee, front)
    frames[f"{side}_shin"] = knee, _axes(knee - hip - length * along, front)
    heading = spun(foot[:, 4], foot[:, 3], 0 * turnout)
    loose = frames[f"{side}_shin"][1] @ vector(0, -0.8, 0.6)
    aloft = smooth(foot[:, 1] / 0.25)[:, None]
    toe = (1 - aloft) * heading[:, :, 2] + aloft * loose
    frames[f"{side}_foot"] = hip + length * along, _axes(np.cross(toe, heading[:, :, 0]), toe)


def _ankles(body: Proportions, motion: Motion) -> np.ndarray:
    """Where the ankles should be, [T, 2, 3] m; a raised heel lifts the ankle about the ball of the foot."""
    turn = spun(motion.feet[..., 4], motion.feet[..., 3], 0 * motion.feet[..., 3])
    level = spun(0 * motion.feet[..., 4], motion.feet[..., 3], 0 * motion.feet[..., 3])
    ball = vector(0, -body.ankle, 0.55 * body.foot)
    return motion.feet[..., :3] * body.leg + vector(0, body.ankle, 0) + level @ ball - turn @ ball


def _lowered(body: Proportions, motion: Motion, pelvis: np.ndarray, ankles: np.ndarray) -> np.ndarray:
    """The middle of the hips, [T, 3] m, brought down smoothly to where both legs reach their feet."""
    centre = motion.path * body.leg + vector(0, body.ankle, 0)
    heights = [centre[:, 1]]
    for index, (_, sign) in enumerate(SIDES):
        hip = centre + pelvis @ vector(sign * body.hips / 2, 0, 0)
        away = np.sum((hip - ankles[:, index])[:, ::2] ** 2, -1)
        rise = np.sqrt(np.maximum((STRAIGHT * body.leg) ** 2 - away, (0.2 * body.leg) ** 2))
        drop = hip[:, 1] - centre[:, 1]
        heights.append(ankles[:, index, 1] + rise - drop + np.maximum(motion.feet[:, index, 1], 0) * body.leg)
    soft = 0.002 * body.leg
    lowest = np.min(heights, axis=0)
    centre[:, 1] = lowest - soft * np.log(sum(np.exp((lowest - height) / soft) for height in heights))
    return centre


def _attach(frames: dict, bone: str, parent: str, offset: tuple[float, ...], turn: np.ndarray) -> None:
    origin, axes = frames[parent]
    frames[bone] = origin + axes @ vector(*offset), axes @ turn


def _tipped(pelvis: np.ndarray, along: np.ndarray, front: np.ndarray) -> np.ndarray:
    """The knee's direction [T, 3]: `front` (pelvis axes) after the shortest turn from a hanging leg to `along`."""
    leg = np.matmul(along[:, None], pelvis)[:, 0]
    tangent = (front * leg).sum(-1, keepdims=True) / np.maximum(1 - leg[:, 1:2], 0.05)
    turned = front - tangent * (leg - vector(0, 1, 0))
    return np.matmul(pelvis, turned[..., None])[..., 0]


def _axes(up: np.ndarray, front: np.ndarray) -> np.ndarray:
    """Bone axes [T, 3, 3] from a direction along the bone and one roughly to its front."""
    up = up / np.linalg.norm(up, axis=-1, keepdims=True)
    left = np.cross(up, front)
    left = left / np.linalg.norm(left, axis=-1, keepdims=True)
    return np.stack([left, up, np.cross(left, up)], -1)


def spun(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Rotation [..., 3, 3] by z about z (front), then x about x (left), then y about y (up); radians, any shape."""
    (cx, cy, cz), (sx, sy, sz) = (np.cos(x), np.cos(y), np.cos(z)), (np.sin(x), np.sin(y), np.sin(z))
    rows = (
        (cy * cz + sy * sx * sz, sy * sx * cz - cy * sz, sy * cx),
        (cx * sz, cx * cz, -sx),
        (cy * sx * sz - sy * cz, sy * sz + cy * sx * cz, cy * cx),
    )
    return np.stack([np.stack(np.broadcast_arrays(*row), -1) for row in rows], -2)


def _turned_by(vector: np.ndarray) -> np.ndarray:
    """Rotation [T, 3, 3] about the direction of a vector [T, 3] by its length in radians (Rodrigues' formula)."""
    angle = np.maximum(np.linalg.norm(vector, axis=-1), 1e-6)[:, None, None]
    x, y, z = np.moveaxis(vector / angle[..., 0], -1, 0)
    none = 0 * x
    skew = np.stack([np.stack(r, -1) for r in ((none, -z, y), (z, none, -x), (-y, x, none))], -2)
    return np.eye(3, dtype=np.float32) + np.sin(angle) * skew + (1 - np.cos(angle)) * (skew @ skew)


def vector(*values: float) -> np.ndarray:
    """Numbers as float32 [N]: a point or a direction."""
    return np.array(values, np.float32)


def smooth(value: np.ndarray) -> np.ndarray:
    """The S-curve from 0 to 1 with level ends, of a value that is cut to 0..1."""
    value = np.clip(value, 0.0, 1.0)
    return value * value * (3 - 2 * value)


def eased(value: np.ndarray, low: np.ndarray | float, high: np.ndarray | float, margin: float) -> np.ndarray:
    """The value, bent smoothly to stay in low..high; further than `margin` from both it is left alone."""
    over, under = np.maximum(value - high + margin, 0), np.maximum(low + margin - value, 0)
    return value - over + margin * (1 - np.exp(-over / margin)) + under - margin * (1 - np.exp(-under / margin))


def _wrapped(angle: np.ndarray) -> np.ndarray:
    return (angle + np.pi) % (2 * np.pi) - np.pi


def landmark_anchors(body: Proportions) -> tuple[np.ndarray, np.ndarray]:
    """Where MediaPipe's 33 landmarks sit: bones int [33] and offsets float32 [33, 3] m along their axes."""
    head, hand, foot = body.head, body.hand, body.foot
    face: dict[str, tuple[float, ...]] = {"nose": (0, -0.02, 0.45)}
    for side, sign in SIDES:
        for name, x, y, z in (("eye_inner", 0.085, 0.12, 0.38), ("eye", 0.15, 0.12, 0.355),
                              ("eye_outer", 0.21, 0.12, 0.31), ("ear", 0.31, 0.02, 0.01)):  # fmt: skip
            face[f"{side}_{name}"] = (sign * x, y, z)
        face[f"mouth_{side}"] = (sign * 0.115, -0.19, 0.315)
    places = {name: ("head", vector(*at) * head) for name, at in face.items()}
    for side, _ in SIDES:
        limbs = {
            "shoulder": ("upper_arm", (0, 0, 0)), "elbow": ("forearm", (0, 0, 0)), "wrist": ("hand", (0, 0, 0)),
            "pinky": ("hand", (0, -0.50 * hand, -0.20 * hand)), "index": ("hand", (0, -0.54 * hand, 0.16 * hand)),
            "thumb": ("hand", (0, -0.38 * hand, 0.26 * hand)), "hip": ("thigh", (0, 0, 0)), "knee": ("shin", (0, 0, 0)),
            "ankle": ("foot", (0, 0, 0)), "heel": ("foot", (0, -0.62 * body.ankle, -0.22 * foot)),
            "foot": ("foot", (0, -0.68 * body.ankle, 0.69 * foot)),
        }  # fmt: skip
        places |= {f"{side}_{name}": (f"{side}_{bone}", vector(*at)) for name, (bone, at) in limbs.items()}
    bones = np.array([BONE[places[name][0]] for name in NAMES])
    return bones, np.stack([places[name][1] for name in NAMES]).astype(np.float32)


def landmarks3d(body: Proportions, figure: Figure) -> np.ndarray:
    """The 33 landmarks on the stage, float32 [T, 33, 3] m."""
    return figure.at(*landmark_anchors(body))
