"""The body in points and parts: MediaPipe's 33 landmarks, and the parts that become pose-map channels."""

from __future__ import annotations

from dataclasses import dataclass

NAMES = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index",
    "left_thumb", "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
    "left_heel", "right_heel", "left_foot", "right_foot",
)  # fmt: skip
INDEX = {name: index for index, name in enumerate(NAMES)}
J = len(NAMES)

Point = tuple[str, ...]
"""A point of the body: the mean of the named landmarks, so ("left_hip", "right_hip") is the middle of the pelvis."""


@dataclass(frozen=True)
class Part:
    """One body part, drawn into one pose-map channel as straight segments between points."""

    name: str
    segments: tuple[tuple[Point, Point], ...]


def _sided(side: str) -> tuple[Part, ...]:
    def at(name: str) -> Point:
        return (f"{side}_{name}",)

    knuckles = (f"{side}_pinky", f"{side}_index")
    return (
        Part(f"{side} upper arm", ((at("shoulder"), at("elbow")),)),
        Part(f"{side} forearm", ((at("elbow"), at("wrist")),)),
        Part(f"{side} hand", ((at("wrist"), knuckles),)),
        Part(f"{side} thumb", ((at("wrist"), at("thumb")),)),
        Part(f"{side} flank", ((at("shoulder"), at("hip")),)),
        Part(f"{side} thigh", ((at("hip"), at("knee")),)),
        Part(f"{side} shin", ((at("knee"), at("ankle")),)),
        Part(f"{side} foot", ((at("ankle"), at("heel")), (at("heel"), at("foot")))),
        Part(f"{side} face", ((("nose",), at("eye")), (at("eye"), at("ear")))),
    )


SHOULDERS: Point = ("left_shoulder", "right_shoulder")
HIPS: Point = ("left_hip", "right_hip")
EARS: Point = ("left_ear", "right_ear")

PARTS: tuple[Part, ...] = (
    *_sided("left"),
    *_sided("right"),
    Part("shoulders", ((("left_shoulder",), ("right_shoulder",)),)),
    Part("pelvis", ((("left_hip",), ("right_hip",)),)),
    Part("neck", ((SHOULDERS, EARS),)),
    Part("mouth", ((("mouth_left",), ("mouth_right",)),)),
)
"""The n_s parts, one pose-map channel each."""

SEGMENTS: tuple[tuple[int, Point, Point], ...] = tuple(
    (channel, start, end) for channel, part in enumerate(PARTS) for start, end in part.segments
)
"""All segments as (channel, start, end)."""

TREE: tuple[tuple[str, str], ...] = (
    *((f"{side}_{child}", f"{side}_{parent}")
      for side in ("left", "right")
      for child, parent in (("elbow", "shoulder"), ("wrist", "elbow"), ("pinky", "wrist"), ("index", "wrist"),
                            ("thumb", "wrist"), ("knee", "hip"), ("ankle", "knee"), ("heel", "ankle"),
                            ("foot", "ankle"))),
)  # fmt: skip
"""(child, parent) landmarks along the limbs, parents before children; trunk and head are handled on their own."""

HEAD = NAMES[:11]
"""The landmarks of the head."""

ARMS = tuple(
    tuple(INDEX[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist", "pinky", "index", "thumb"))
    for side in ("left", "right")
)
"""The landmarks of each arm, from the shoulder on."""

FOREARMS = ("forearm", "hand", "thumb")
"""How the names of the parts end that are seen before whatever an arm crosses."""

REGIONS: dict[str, tuple[str, ...]] = {
    "head": HEAD,
    "left arm": ("left_elbow", "left_wrist"),
    "right arm": ("right_elbow", "right_wrist"),
    "left leg": ("left_knee", "left_ankle"),
    "right leg": ("right_knee", "right_ankle"),
    "feet": ("left_heel", "right_heel", "left_foot", "right_foot"),
}
"""What a person calls her body parts, for reports."""


def channels(*names: str) -> tuple[int, ...]:
    """The pose-map channels of the parts whose names end so."""
    return tuple(channel for channel, part in enumerate(PARTS) if part.name.endswith(names))


def indices(point: Point) -> tuple[int, ...]:
    """Landmark indices whose mean is the given point."""
    return tuple(INDEX[name] for name in point)
