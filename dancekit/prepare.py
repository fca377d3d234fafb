"""prepare: a film becomes poses, cut-outs and crops (sections 3.1 and 4.1), ready for training."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from dancekit import __version__, matting, plugins
from dancekit.core import chroma, crops, tracks, upright
from dancekit.core.matte import resized
from dancekit.core.verdict import Facts, in_words, mismatch
from dancekit.errors import ClipError, WorkspaceError, WritingError
from dancekit.io import clips, frames, sheet, video
from dancekit.io.files import NewerError, keep_or_clear, replace_folder, writing
from dancekit.io.names import is_name
from dancekit.io.workspace import Person
from dancekit.memory import keep_freed_memory
from dancekit.study import Options, Studied, cut, sight_mark, study, working
from dancekit.threads import in_order, read_ahead, spare
from dancekit.types import Progress, VideoInfo, no_progress

SHORTEST = 20
"""Frames with a person that training needs at the least: the split into training and held-out spans has 20 parts."""
_NEED_MASKS = (matting.AUTO, "landmarker", "greenscreen")
"""Ways of cutting her out that begin with the masks of the pose backend."""
_SHEET_COLUMNS, _SHEET_EVEN, _SHEET_WORST, _SHEET_LOOK = 6, 18, 6, 150
_TILE = (220, 260)
_THREADS = 8
"""How many frames are cut out at a time at the most."""
Done = TypeVar("Done")


@dataclass(frozen=True)
class Prepared:
    """What came of a film: its clip, the contact sheet to look at, and a verdict in words."""

    clip: clips.Clip
    sheet: Path
    verdict: list[str]


def prepare_clip(film: Path, person: Person, options: Options, progress: Progress = no_progress) -> Prepared:
    """Prepare one film for a person; the same film with other options takes the place of what was there. With the same
    ones nothing is done. A run that was stopped goes on where it was.

    Raises:
        ClipError: there is nothing to learn from.
    """
    matting.refuse_wrong(options.matte)
    keep_freed_memory()
    info = cut(video.probe(film, video.LONGEST_SIDE, options.turn), options)
    target = clips.folder_for(person, film)
    work = target.with_name(f".{target.name}{clips.UNFINISHED}")
    with working(work, f"the film {film.name} is being prepared for {person.name}"):
        clip, verdict = _found(film, target, work, options) or _made(film, info, target, work, options, progress)
        with writing(target):  # only now: until it is in its place, a run that was stopped goes on from it
            for left in ("seen-*.npz", "survey.json", "work.json", ".*.tmp"):
                for file in target.glob(left):
                    file.unlink(missing_ok=True)
    return Prepared(replace(clip, folder=target), target / "sheet.jpg", verdict)


def _found(film: Path, target: Path, work: Path, options: Options) -> tuple[clips.Clip, list[str]] | None:
    """The clip and its verdict if the film has been prepared already in just this way, else None."""
    found = clips.again(target, film, _mark(film, options))
    if found is None or not (target / "sheet.jpg").is_file():
        return None
    for rest in (work, target.with_name(f".{target.name}.old")):  # of other ways, and of a swap that was cut short
        shutil.rmtree(rest, ignore_errors=True)
    clip, verdict = found
    known = "is" if clips.is_named_after(target, film) else f"is the same film as {target.name}, which is"
    anew = f"To do it anew, delete {target} first."
    return clip, [f"{film.name} {known} prepared already, in the same way. {anew}", *verdict]


def _made(film: Path, info: VideoInfo, target: Path, work: Path, options: Options, progress: Progress
          ) -> tuple[clips.Clip, list[str]]:  # fmt: skip
    """The clip of the film and its verdict, put where they belong."""
    matting.get_ready(options.matte)
    keep_or_clear(work, _work_mark(film, options))
    studied = study(info, options, True, work, progress)
    clip = _store(studied, options, work, target.name, progress)
    verdict, mark = in_words(_facts(studied, clip, options)), _mark(film, options)
    sheet.write(work / "sheet.jpg", _draw_sheet(clip))
    clips.save(clip, film, verdict, mark)
    notes = clips.losses(target, clip, film)
    replace_folder(work, target)
    return clip, [*verdict, *notes]


def _work_mark(film: Path, options: Options) -> dict[str, object]:
    """What unfinished work must agree in to be gone on with."""
    return sight_mark(film, options) | {"options": repr(options)}


def _mark(film: Path, options: Options) -> dict[str, object]:
    """What a prepared film must agree in for it not to be prepared anew: another dancekit may do it better."""
    return _work_mark(film, options) | {"dancekit": __version__}


def each(films: Sequence[Path], prepare_one: Callable[[Path], Done], say: Callable[[str], None]
         ) -> tuple[list[Done], list[ClipError]]:  # fmt: skip
    """Prepare several films, one after the other: what becomes of each, and what is wrong with those that are no good.

    Raises:
        ClipError: none of them is any good.
    """
    done, wrong = list[Done](), list[ClipError]()
    films = list({film.resolve(): film for film in films}.values())
    for film in films:
        try:
            done.append(prepare_one(film))
        except (NewerError, WritingError):  # of this place or this dancekit, not of the film
            raise
        except (ClipError, WorkspaceError) as error:
            named = is_name(str(film)) and not film.exists()
            hint = f"If this is the person's name, write it so: --as {film}" if named else error.hint
            wrong.append(ClipError(error.problem, hint))  # without its way here, which holds all found in the film
            if len(films) > 1:
                say(f"Left out: {error.problem} {hint}")
    if len(wrong) == len(films) > 1:
        raise ClipError(f"None of these {len(films)} films is any good, see above.", "What helps is said of each.")
    if not done:
        raise wrong[0]
    return done, wrong


def _store(studied: Studied, options: Options, work: Path, name: str, progress: Progress) -> clips.Clip:
    """Cut the person out of every frame and store the crops."""
    track = studied.track
    used = tracks.found(track) & np.array([index is not None for index in studied.chosen])
    if used.sum() < SHORTEST:
        raise ClipError(f"{studied.info.path}: too short to learn from: a person is seen in {used.sum()} frames.",
                        f"At least {SHORTEST} frames are needed; a minute of film is a good start.")  # fmt: skip
    boxes = crops.extents(track, _mask_boxes(studied))
    plan = crops.plan(track, boxes)
    heights = crops.paths(track, boxes)[1]
    body = float(np.median(heights / (plan.boxes[:, 3] - plan.boxes[:, 1]))) * plan.size[1]
    matte_name, matte = _choose_matte(studied, options.matte)
    info = studied.info
    seconds = (float(info.first / info.fps), float((info.first + info.frames) / info.fps))
    clip = clips.Clip(name, work, str(info.path), track, plan, used, body, studied.inside, matte_name,
                      turn=info.turn, seconds=seconds)  # fmt: skip
    _store_frames(studied, clip, matte, progress)
    return clip


def _mask_boxes(studied: Studied) -> np.ndarray:
    """Boxes [T, 4] of the chosen person's masks, NaN where there is none."""
    boxes = np.full((len(studied.chosen), 4), np.nan, np.float32)
    for time, index in enumerate(studied.chosen):
        if index is not None and studied.seen.boxes[time][index].any():
            boxes[time] = studied.seen.boxes[time][index]
    return boxes


def _choose_matte(studied: Studied, wish: str) -> tuple[str, matting.Backend]:
    """The matting backend by name ("auto" looks for a green or blue screen), made ready for this film."""
    name, _, option = wish.partition(":")
    known = _clip_study(studied)
    if name in _NEED_MASKS and not any(mask.any() for mask in known.masks):
        raise ClipError(
            f"{studied.info.path}: landmarks alone do not tell what is the person and what is the room.",
            "Let a network cut her out: add --matte rembg",
        )
    if name == matting.AUTO:
        name = "landmarker" if chroma.find_screen(known.frames, known.masks) is None else "greenscreen"
    return f"{name}:{option}" if option else name, plugins.load("matting", name).Matte(known, option)


def _clip_study(studied: Studied) -> matting.ClipStudy:
    """The samples and their masks, half as large as the film's frames."""
    whole = np.array([0, 0, studied.info.width, studied.info.height], np.float32)
    half = (studied.info.width // 2, studied.info.height // 2)
    masks = tuple(_mask(studied, time, whole, half) for time in studied.samples)
    samples = studied.samples
    return matting.ClipStudy(tuple(samples.values()), masks, tuple(samples), studied.track, studied.info.path)


def _mask(studied: Studied, time: int, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    index = studied.chosen[time]
    if index is None:
        return np.zeros((size[1], size[0]), np.uint8)
    return studied.seen.mask(time, index, box, size)


def _store_frames(studied: Studied, clip: clips.Clip, matte: matting.Backend, progress: Progress) -> None:
    """Cut frames out, several at a time, and store them in order; goes on after the last one stored already."""
    writer, threads = frames.FrameWriter(clip.folder / "frames.pack"), max(2, spare(_THREADS))
    cuts = _cutouts(studied, clip, matte, writer.count)
    with contextlib.closing(in_order(_record, cuts, threads, 3 * threads)) as records:
        try:
            for record in records:
                writer.append(record)
                progress("cutting the person out", writer.count, len(clip.track))
        finally:
            writer.close()
    if writer.count < len(clip.track):  # a frame was lost on the way: pictures and poses are not in step any more
        with writing(clip.folder):
            (clip.folder / "frames.pack").unlink()
        raise ClipError(
            f"{studied.info.path}: some frames cannot be read: {len(clip.track) - writer.count} of {len(clip.track)} "
            "are missing within the film.",
            "Copy it from the camera again, export it anew as .mp4, or use a good part with --start and --end.",
        )


def _cutouts(studied: Studied, clip: clips.Clip, matte: matting.Backend,
             first: int) -> Iterator[matting.Cutout | Callable[[], matting.Cutout] | None]:  # fmt: skip
    """Every frame's cut-out from frame `first` on, None where there is no person."""
    if first >= len(clip.track):
        return
    window, size = _window(studied.info, clip.plan.boxes[clip.used]), clip.plan.size
    corner = np.array(window[:2] * 2, np.float32)
    shown = video.read_frames(studied.info, first, len(clip.track), window)
    for time, frame in enumerate(read_ahead(shown), first):
        if clip.used[time]:
            box = clip.plan.boxes[time]
            picture = crops.warp(frame, box - corner, size)
            yield matte.cut(time, picture, _mask(studied, time, box, size), box)
        else:
            yield None


def _window(info: VideoInfo, boxes: np.ndarray) -> video.Window:
    """The part of the frames that the boxes [N, 4] look at, in even px."""
    low, high = np.floor(boxes[:, :2].min(0) - 2).astype(int), np.ceil(boxes[:, 2:].max(0) + 2).astype(int)
    left, top = (max(0, int(v) // 2 * 2) for v in low)
    right, bottom = (min(whole, -(-int(v) // 2) * 2) for v, whole in zip(high, (info.width, info.height), strict=True))
    return left, top, right, bottom


def _record(cut: matting.Cutout | Callable[[], matting.Cutout] | None) -> bytes:
    if cut is None:
        return frames.EMPTY
    cutout = matting.finished(cut)
    return frames.encode(cutout.colour, cutout.alpha)


def _facts(studied: Studied, clip: clips.Clip, options: Options) -> Facts:
    track, inside = clip.track, studied.inside
    height = float(np.nanmedian(tracks.body_height(track))) / (inside[3] - inside[1])
    whom = f"the person in {studied.info.path.name}"
    askew = upright.advice(track.points, whom, "prepare it again", options.turn)
    return Facts(len(track), int(clip.used.sum()), track.fps, len(track.shots), tracks.seen_share(track, inside),
                 min(height, 1.0), studied.others, options.pick is not None, clip.matte, studied.close,
                 askew)  # fmt: skip


def _draw_sheet(clip: clips.Clip) -> np.ndarray:
    """Frames spread over the clip, pose over cut-out, then the worst of those looked at, marked red."""
    reader, points, times = clip.frames(), clip.points(), np.flatnonzero(clip.used)
    looked = [int(time) for time in times[np.unique(np.linspace(0, len(times) - 1, _SHEET_LOOK).astype(int))]]
    alphas = zip(looked, in_order(reader.alpha, looked, max(2, spare(_THREADS)), len(looked)), strict=True)
    unfit = {time: mismatch(points[time], alpha) for time, alpha in alphas if alpha is not None}
    even = [list(unfit)[place] for place in np.linspace(0, len(unfit) - 1, _SHEET_EVEN).astype(int)]
    worst = _worst(unfit)
    shown = [(time, f"frame {time}", False) for time in even] + [(time, f"worst: frame {time}", True) for time in worst]
    tiles = in_order(lambda spot: _tile(reader, points, *spot), shown, max(2, spare(_THREADS)), len(shown))
    return sheet.grid(list(tiles), _SHEET_COLUMNS)


def _worst(unfit: dict[int, float]) -> list[int]:
    """The times at which pose and cut-out fit worst; not neighbours, which look the same. unfit: how badly, by time."""
    apart, found = len(unfit) // (4 * _SHEET_WORST), list[int]()
    order = {time: place for place, time in enumerate(unfit)}
    for time in sorted(unfit, key=lambda time: -unfit[time]):
        if all(abs(order[time] - order[other]) > apart for other in found):
            found.append(time)
    return sorted(found[:_SHEET_WORST])


def _tile(reader: frames.FrameReader, points: np.ndarray, time: int, text: str, bad: bool) -> np.ndarray:
    cutout = reader.read(time)
    assert cutout is not None  # it was used
    height, width = cutout[1].shape
    scale = min(1.0, _TILE[0] / width, _TILE[1] / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    plain = sheet.over(resized(cutout[0], size), resized(cutout[1], size))
    posed, place = plain.copy(), points[time].copy()
    place[:, :2] *= np.array(size, np.float32) / (width, height)
    sheet.draw_pose(posed, place, 2)
    picture = sheet.fitted(np.hstack((plain, posed)), (_TILE[0] * 2, _TILE[1]))
    sheet.label(picture, text, bad)
    return picture
