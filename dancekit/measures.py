"""What is measured: what each measure is called, which way it is better, what it means, and tables of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dancekit.driven import Driven
    from dancekit.evaluate import Evaluation
    from dancekit.judge import Scores


@dataclass(frozen=True)
class Table:
    """Measures of entries, one row each; None could not be measured.

    columns: (title, which way is better: "higher", "lower", "near 1", or empty where neither is). competing: entries
    that may be the best.
    """

    title: str
    columns: list[tuple[str, str]]
    rows: list[tuple[str, list[float | None]]]
    competing: tuple[str, ...] = ()


_ONE_BY_ONE = {
    "ssim": ("SSIM", "higher"),
    "ssim_box": ("SSIM box", "higher"),
    "psnr": ("PSNR", "higher"),
    "psnr_box": ("PSNR box", "higher"),
    "perceptual": ("perceptual", "lower"),
    "large": ("large", "lower"),
    "face": ("face", "lower"),
    "hand": ("hand", "lower"),
    "lpips": ("LPIPS", "lower"),
}
_CUT_OUTS = {
    "alpha": ("alpha error", "lower"),
    "holes": ("holes", "lower"),
}
_TOGETHER = {
    "flicker": ("flicker", "near 1"),
    "trunk_frechet": ("trunk Frechet", "lower"),
    "trunk_kid": ("trunk KID", "lower"),
    "face_frechet": ("face Frechet", "lower"),
    "hand_frechet": ("hand Frechet", "lower"),
    "kid": ("KID", "lower"),
    "fid": ("FID", "lower"),
}
NOT_ALWAYS = ("large", "face", "face_frechet", "hand", "hand_frechet", "lpips", "kid", "fid")
"""Measures that are left out where nobody has them: close-ups are not always looked at, and weights are not bundled."""
_BY_THEMSELVES = {
    "pck": ("PCK", "higher"),
    "lost_limbs": ("lost limbs", "lower"),
    "still_change": ("still change", ""),
    "still_flicker": ("still flicker", "near 1"),
    "islands": ("islands", "lower"),
    "bone_holes": ("bone holes", "lower"),
}
_FOUND = {
    "relative_pck": ("PCK to driver's", "higher"),
    "pck": ("PCK", "higher"),
    "film_pck": ("driver's PCK", ""),
    "lost_limbs": ("lost limbs", "lower"),
    "film_lost_limbs": ("driver's lost", ""),
}
_SHOWN = {
    "relative_flicker": ("flicker to driver's", "near 1"),
    "relative_motion": ("its motion", "near 1"),
    **{name: _BY_THEMSELVES[name] for name in ("still_change", "still_flicker", "islands", "bone_holes")},
}
"""What each measure is called, and which way is better."""
_COMPETING = ("model", "nearest", "stage1")
_MEANINGS = {
    "model": "what dancekit paints",
    "nearest": "the training frame whose pose is nearest",
    "stage1": "the first stage alone",
    "floor": "the film's own frames beside the ones just before them",
    "film": "the film's own frames, looked at like painted ones",
    "box": "only within the true person's box; PSNR in dB",
    "perceptual": "distance on the bundled VGG-16 trunk, not LPIPS",
    "large": "perceptual distance in pictures twice as large, of every eighth frame",
    "face": "the head alone, in pictures twice as large: perceptual distance of each, Frechet distance of all",
    "hand": "hands alone, likewise",
    "LPIPS": "version 0.1 with AlexNet",
    "KID, FID": "of the Inception of 2015, resized as clean-fid does",
    "alpha error": "how far the cut-out is off, as a share of the person's area",
    "holes": "in the person, where the true one is; a share of the person's area",
    "flicker": "change from frame to frame, 1 for as much as in the film",
    "trunk": "distance of all pictures from all frames on that trunk, not FID or KID; few frames make Frechet large",
    "PCK": "share of landmarks found within a tenth of the person's height of where they should be",
    "lost limbs": "share of head, arms, legs and feet not found within two tenths of the person's height",
    "still": "while the person hardly moves; change in grey levels per pixel, flicker 1 for as much as on film",
    "driver's": "of the driver's own film: PCK against its cleaned poses, change around the bones while these rest",
    "its motion": "flicker as if both had as much contrast: stripes change more than a plain shirt that moves as far",
    "islands": "what floats apart from the person, as a share of the person's area",
    "bone holes": "in the person, where a bone or the trunk should be; a share of the person's area",
}


def meanings(done: Evaluation) -> dict[str, str]:
    """What the measures and entries that are shown mean."""
    model = done.scores["model"]
    absent = {
        "driver's": not done.drivers,
        "its motion": not done.drivers,
        "LPIPS": model.lpips is None,
        "KID, FID": model.kid is None,
    }
    absent |= {"large": model.large is None, "face": model.face is None, "hand": model.hand is None}
    return {name: meaning for name, meaning in _MEANINGS.items() if not absent.get(name)}


def tables(done: Evaluation) -> list[Table]:
    """All measures of an evaluation."""
    alone = _table("Looked at by themselves, without the truth:", done.soundness.items(), _BY_THEMSELVES, _COMPETING)
    found = [*scored(done.scores), alone]
    if done.drivers:
        moves = [(one.driver.name, driven(one)) for one in done.drivers]
        found.append(_table("In the moves of other films, where limbs are found:", moves, _FOUND))
        found.append(_table("In the moves of other films, what the pictures are like:", moves, _SHOWN))
    return found


def scored(scores: Mapping[str, Scores]) -> list[Table]:
    """Measures beside the truth; several tables, since one would be too wide for a terminal."""
    return [
        _table("Picture by picture beside the true one:", scores.items(), _ONE_BY_ONE, _COMPETING),
        _table("Cut-out by cut-out beside the true one:", scores.items(), _CUT_OUTS, _COMPETING),
        _table("All pictures together beside the true film:", scores.items(), _TOGETHER, _COMPETING),
    ]


def driven(one: Driven) -> dict[str, object]:
    """The measures of a person in a driver's moves, as data."""
    return {
        "frames": one.frames,
        "relative_pck": one.relative_pck,
        "relative_flicker": one.relative_flicker,
        "relative_motion": one.relative_motion,
        **asdict(one.soundness),
        "film_pck": one.film_pck,
        "film_lost_limbs": one.film_lost_limbs,
        "film_inner_change": one.film_inner_change,
        "film_inner_contrast": one.film_inner_contrast,
    }


def _table(
    title: str,
    entries: Iterable[tuple[str, object]],
    columns: Mapping[str, tuple[str, str]],
    competing: tuple[str, ...] = (),
) -> Table:
    """One row per entry (a dataclass or a mapping), one column per measure."""
    plain = [(name, entry if isinstance(entry, Mapping) else vars(entry)) for name, entry in entries]
    kept = [name for name in columns if name not in NOT_ALWAYS or any(values[name] is not None for _, values in plain)]
    rows = [(name, [values[column] for column in kept]) for name, values in plain]
    return Table(title, [columns[name] for name in kept], rows, competing)
