"""A prepared clip on disk: clip.json, poses.npz and frames.pack in dance/<person>/clips/<clip>/."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from dancekit.core import crops
from dancekit.errors import WorkspaceError
from dancekit.io import arrays
from dancekit.io.files import NewerError, read_json, replacing, write_json
from dancekit.io.frames import FrameReader
from dancekit.io.names import clip_name
from dancekit.io.workspace import Person
from dancekit.types import CropPlan, PoseTrack, pair

UNFINISHED = ".partial"
"""How the folder of a clip ends while it is prepared."""
_CURE = "Prepare this film again: dancekit prepare THE_FILM --as NAME"
_BESIDE = " A second part of a film is kept beside the first if it is a file of its own."


@dataclass(frozen=True)
class Clip:
    """One prepared clip, all but its pictures.

    track: landmarks in px of the film. plan: which box of each frame was kept. used: bool [T], frames with a person.
    body: her height in px of the stored crop. inside: left, top, right, bottom of what the film shows, in px. stored:
    bytes of its stored frames when it was read: other cut-outs of the same film have other ones. turn: degrees
    clockwise by which the film was turned. seconds: from where to where in the film it goes, if that is known.
    """

    name: str
    folder: Path
    source: str
    track: PoseTrack
    plan: CropPlan
    used: np.ndarray
    body: float
    inside: tuple[int, int, int, int]
    matte: str
    stored: int = 0
    turn: int = 0
    seconds: tuple[float, float] | None = None

    @property
    def reach(self) -> crops.Reach:
        """Room the person needs, as shares of her height."""
        return crops.Reach(self.plan.size[0] / self.body, self.plan.size[1] / self.body)

    def points(self) -> np.ndarray:
        """Landmarks float32 [T, J, 3] in px of the stored crop."""
        return crops.points_to_crop(self.track.points, self.plan.boxes, self.plan.size)

    def frames(self) -> FrameReader:
        """Reader of the stored frames."""
        reader = FrameReader(self.folder / "frames.pack")
        if len(reader) != len(self.track):
            raise WorkspaceError(f"{self.folder / 'frames.pack'}: the stored frames are damaged: {len(reader)} of "
                                 f"{len(self.track)} can be read.", _CURE)  # fmt: skip
        return reader


def unfinished(person: Person) -> list[str]:
    """Names of clips that are not prepared to the end."""
    return sorted(path.stem.lstrip(".") for path in person.clips_folder.glob(f".*{UNFINISHED}"))


def fingerprint(path: Path) -> str:
    """What tells one film from another: size and the start of its contents."""
    with path.open("rb") as file:
        return hashlib.sha256(str(path.stat().st_size).encode() + file.read(1 << 20)).hexdigest()[:16]


def name_of(film: Path) -> str:
    """A name for what is kept of a film apart from any person: no other film has it, whatever that is called."""
    return f"{clip_name(film)}-{fingerprint(film)}"


def folder_for(person: Person, film: Path) -> Path:
    """The folder of a film's clip: the same film goes to the same folder, whatever it is called now, another one of its
    name to a new folder."""
    mark, base = fingerprint(film), clip_name(film)
    for folder in person.clips():
        with suppress(WorkspaceError):
            if read_json(folder / "clip.json", _CURE).get("fingerprint") == mark:
                return folder
    for number in range(1, 1000):
        folder = person.clips_folder / (base if number == 1 else f"{base}-{number}")
        try:
            card = read_json(folder / "clip.json", _CURE)
        except NewerError:
            raise
        except WorkspaceError:
            return folder
        if card.get("source") == str(film.resolve()):
            return folder
    raise WorkspaceError(f"{person.clips_folder}: too many clips are called {base}.", "Rename the film.")


def save(clip: Clip, film: Path, verdict: list[str], mark: Mapping[str, object] | None = None) -> None:
    """Write clip.json and poses.npz into the clip's folder; clip.json comes last and says that all is there.

    mark: what `again` must find for the film not to be prepared anew.
    """
    with replacing(clip.folder / "poses.npz") as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, points=clip.track.points, boxes=clip.plan.boxes, used=clip.used)
    write_json(clip.folder / "clip.json", {
        "name": clip.name, "source": str(film.resolve()), "fingerprint": fingerprint(film),
        "frames": len(clip.track), "used": int(clip.used.sum()), "fps": str(clip.track.fps),
        "size": list(clip.track.size), "shots": list(clip.track.shots), "skeleton": clip.track.skeleton,
        "crop": list(clip.plan.size), "body": clip.body, "inside": list(clip.inside), "matte": clip.matte,
        "turn": clip.turn, "seconds": clip.seconds and list(clip.seconds), "verdict": verdict,
        "prepared": dict(mark or {}),
    })  # fmt: skip


def again(folder: Path, film: Path, mark: Mapping[str, object]) -> tuple[Clip, list[str]] | None:
    """The clip in a folder and its verdict, if it is whole and was saved with just this mark, else None. It is then
    known to be of `film`, wherever that lies by now."""
    with suppress(WorkspaceError, OSError):
        card = read_json(folder / "clip.json", _CURE)
        if card.get("prepared") == mark:
            clip, source = load(folder), str(film.resolve())
            clip.frames().check()
            if clip.source != source:
                card["source"] = source
                write_json(folder / "clip.json", card)
                clip = replace(clip, source=source)
            return clip, [str(sentence) for sentence in card.get("verdict") or ()]
    return None


def losses(folder: Path, clip: Clip, film: Path) -> list[str]:
    """What to say where a clip of a film is about to take the place of another film's, or of one of another part of
    the same film, or with more frames of it. folder: the place."""
    with suppress(WorkspaceError):
        before, mark = read_json(folder / "clip.json", ""), fingerprint(film)
        if before.get("fingerprint", mark) != mark:
            return ["Note: another film of this name was there before, or another version of this one; this one takes "
                    "its place. To keep both, give the earlier one another name and prepare it again."]  # fmt: skip
        many, part, now = int(before.get("used", 0)), _seconds(before), clip.seconds
        if part and now and part != now:
            rest = "" if now[0] <= part[0] and part[1] <= now[1] else _BESIDE
            return [f"Note: seconds {part[0]:.4g} to {part[1]:.4g} of this film were there before; seconds "
                    f"{now[0]:.4g} to {now[1]:.4g} take their place.{rest}"]  # fmt: skip
        unknown = not (part and now) and int(before.get("frames", len(clip.track))) != len(clip.track)
        if unknown or many > clip.used.sum():
            return [f"Note: {many} frames of this film were there before; these take their place.{_BESIDE}"]
    return []


def is_named_after(folder: Path, film: Path) -> bool:
    """Whether a clip's folder has its name from a film of this name, or from one whose name gives the same."""
    return bool(re.fullmatch(rf"{re.escape(clip_name(film))}(-\d+)?", folder.name))


def load(folder: Path) -> Clip:
    """Read a prepared clip.

    Raises:
        WorkspaceError: damaged, or written by a newer dancekit.
    """
    card = read_json(folder / "clip.json", _CURE)
    path = folder / "poses.npz"
    try:
        points, boxes, used = arrays.read(path, "points", "boxes", "used")
        size, crop = pair(card["size"]), pair(card["crop"])
        inside = (*pair(card["inside"][:2]), *pair(card["inside"][2:]))
        shots = tuple(int(start) for start in card["shots"])
        track = PoseTrack(points, size, Fraction(str(card["fps"])), str(card["skeleton"]), shots)
        plan, body = CropPlan(boxes, crop), float(card["body"])
        name, source, matte = (str(card[key]) for key in ("name", "source", "matte"))
        turn, seconds = int(card.get("turn", 0)), _seconds(card)
        return Clip(name, folder, source, track, plan, used, body, inside, matte, _stored(folder), turn, seconds)
    except (arrays.UnreadableError, KeyError, ValueError, TypeError) as error:
        raise WorkspaceError(f"{path}: this clip is damaged ({error}).", _CURE) from error


def _seconds(card: Mapping[str, Any]) -> tuple[float, float] | None:
    """From where to where in its film a clip goes, by its card; earlier dancekits did not write it down."""
    with suppress(KeyError, ValueError, TypeError):
        start, end = card["seconds"]
        return float(start), float(end)
    return None


def _stored(folder: Path) -> int:
    path = folder / "frames.pack"
    return path.stat().st_size if path.is_file() else 0


def refuse_changed(clips: Sequence[Clip]) -> None:
    """Stop where films were prepared anew since they were read: their poses and pictures belong together no more.

    Raises:
        WorkspaceError: one was.
    """
    for clip in clips:
        if _stored(clip.folder) != clip.stored:
            raise WorkspaceError(
                f"{clip.name} was prepared anew while it was being learnt.",
                "What is learnt is kept: run the same command again to learn from what is there now.",
            )


def load_all(person: Person) -> list[Clip]:
    """All prepared clips of a person.

    Raises:
        WorkspaceError: there is none.
    """
    folders = person.clips()
    if not folders:
        raise WorkspaceError(
            f"{person.name!r} has no prepared film.",
            f"Prepare one first: dancekit prepare myclip.mp4 --as {person.name}",
        )
    return [load(folder) for folder in folders]
