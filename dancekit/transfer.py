"""transfer: the person does the driver's moves, over any background, in step with the driver's sound (section 3.5)."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice, repeat
from pathlib import Path

import numpy as np
import torch

from dancekit import background, begun, likeness
from dancekit.background import Background
from dancekit.core import compose
from dancekit.core.painted import Painted
from dancekit.core.shadow import Floor, cast
from dancekit.drive import Moves, cleaned, floor_below, paint_raw, plan_moves
from dancekit.errors import ClipError
from dancekit.group import ALONE, Group
from dancekit.io import clips, encode, given
from dancekit.io.files import keep_or_clear, move, writing
from dancekit.io.locks import alone
from dancekit.io.workspace import Person, Workspace
from dancekit.likeness import Likeness
from dancekit.memory import keep_freed_memory
from dancekit.study import Options, find_moves
from dancekit.threads import in_order, meanwhile, read_ahead, spare
from dancekit.types import Progress, VideoInfo, no_progress
from dancekit.wish import Wish, canvas_of, even, output_of, shadow_of

_PIECE_SECONDS = 20.0
"""Seconds of work after which a piece of film is closed: what a stop can lose at most."""
_AHEAD = 16
"""Painted pictures that may wait to be put in their places."""
PLACING = 4
"""Threads that do so at the most."""


@dataclass(frozen=True)
class Transferred:
    """What came of it: the film, the moves in it, whether the driver's sound is, what is worth knowing of them, and
    whether there is nothing behind the person."""

    film: Path
    moves: Moves
    sound: bool
    frames_per_second: float
    notes: list[str]
    transparent: bool = False


def transfer(driver: Path, person: Person, workspace: Workspace, wish: Wish, options: Options, device: torch.device,
             progress: Progress = no_progress, group: Group = ALONE) -> Transferred:  # fmt: skip
    """Draw the person doing the driver's moves. A run that was stopped goes on where it was.

    group: processes that each draw a span of the film; the first one finds the moves and joins the spans.

    Raises:
        DancekitError: anything that the user can mend; a file that dancekit did not write is never replaced.
    """
    keep_freed_memory()
    scenery = background.parse(wish.bg)
    model = likeness.load(person)
    out, form = output_of(driver, person, wish, scenery)
    canvas = canvas_of(wish, scenery)
    earlier = any(out.iterdir()) if out.is_dir() else out.exists()
    parts = out.with_name(f".{out.name}.parts")
    with alone(parts, f"{out} is being drawn", leads=group.leads):
        with meanwhile(model.get_ready), group.leader_first():
            found = find_moves(driver, workspace, options, progress)
            keep_or_clear(parts, _mark(driver, person, wish, options, group.size))
        sound, deaf = _sound(found.info) if form.suffix else (None, [])
        moves = plan_moves(found.track, model, even(canvas or found.track.size), wish.fit)
        began = time.monotonic()
        floor = floor_below(moves, model) if shadow_of(wish, scenery) else None
        drawn = _draw_span(moves, model, scenery, floor, form, parts, device, progress, group)
        group.wait()
        elapsed = time.monotonic() - began
        if group.leads:
            _finish(_finished_pieces(parts, form), out, form, moves, sound)
            shutil.rmtree(parts, ignore_errors=True)
    pace = drawn * group.size / elapsed if drawn else 0.0
    replaced = [f"An earlier {out} is replaced; with --out NAME both stay."] if earlier else []
    notes = [*begun.hardly(person.name, model.notes), *found.notes, *moves.notes, *deaf, *replaced]
    return Transferred(out, moves, sound is not None, pace, notes, scenery.transparent)


def refuse_missing(driver: Path, workspace: Workspace) -> None:
    """Stop at once if there is no driver, before anybody is looked for who is to dance to it.

    Raises:
        ClipError: there is no such file; a person's name in its place is told from that.
        WorkspaceError: it may not be read.
    """
    try:
        given.refuse_missing(driver, several=False)
    except ClipError:
        if str(driver) not in workspace.people() or driver.exists():
            raise
        hint = f"Name the film, and who dances: dancekit transfer ballet.mp4 --as {driver}"
        raise ClipError(f"{driver}: there is no such film, but a person of this name.", hint) from None


def _mark(driver: Path, person: Person, wish: Wish, options: Options, processes: int) -> dict[str, object]:
    """What finished pieces must agree in to be used again: film, person, wish, and where spans begin."""
    weights, behind = person.weights.stat(), Path(wish.bg or "")
    return {"driver": clips.fingerprint(driver), "person": f"{person.weights.resolve()} {weights.st_mtime_ns}",
            "background": clips.fingerprint(behind) if behind.is_file() else "",
            "wish": repr(wish), "options": repr(options), "processes": processes}  # fmt: skip


def _draw_span(moves: Moves, model: Likeness, scenery: Background, floor: Floor | None, form: encode.FilmFormat,
               parts: Path, device: torch.device, progress: Progress, group: Group) -> int:  # fmt: skip
    """Draw this process' span of the film in pieces of some seconds of work each; how many frames were drawn now.

    A finished piece is named by its first frame and the one after its last.
    """
    start, end = (len(moves) * rank // group.size for rank in (group.rank, group.rank + 1))
    pieces = _finished_pieces(parts, form, start)
    first = done = int(pieces[-1].stem.split("-")[1]) if pieces else start
    if done < end:
        frames = islice(_frames(moves, model, scenery, floor, device, first), end - first)
        unfinished = parts / f"unfinished-{group.rank}{form.suffix}"
        while first < end:
            first = _draw_piece(frames, unfinished, form, moves, first, progress)
    return max(end - done, 0)


def _finished_pieces(parts: Path, form: encode.FilmFormat, end: int = 0) -> list[Path]:
    """Finished pieces from a frame on, as far as they follow on each other without a gap."""
    pieces = []
    for path in sorted(parts.glob(f"[0-9]*-[0-9]*{form.suffix}")):
        start, after = _span(path)
        if start == end:
            pieces.append(path)
            end = after
    return pieces


def _span(piece: Path) -> tuple[int, int]:
    """(first frame, the one after the last) that a finished piece is named by."""
    first, end = piece.stem.split("-")
    return int(first), int(end)


def _frames(moves: Moves, model: Likeness, scenery: Background, floor: Floor | None, device: torch.device, first: int
            ) -> Iterator[np.ndarray]:  # fmt: skip
    """Finished frames from `first` on: uint8 [H, W, 3], or [H, W, 4] on nothing. Some threads paint her, others put
    earlier pictures in their places, with a shadow where there is a floor, and what they have finished is encoded
    meanwhile."""

    def finished(given: tuple[int, Painted, np.ndarray | None]) -> np.ndarray:
        number, painted, wall = given
        picture = cleaned(painted, number, moves, model).whole()
        placed = compose.place(picture, moves.plan.boxes[number], moves.canvas, moves.presence[number])
        shadow = None if floor is None else cast(placed, floor, number, moves.canvas)
        if wall is None:
            alone = compose.alone(placed, moves.canvas)
            return alone if shadow is None else shadow.below(alone)
        return compose.over(placed, wall if shadow is None else shadow.on(wall))

    behind = repeat(None) if scenery.transparent else scenery.frames(moves.canvas, moves.fps, first)
    threads = spare(PLACING)
    with contextlib.closing(read_ahead(paint_raw(moves, model, device, first), _AHEAD)) as pictures:
        yield from in_order(finished, zip(count(first), pictures, behind), threads, 2 * threads)


def _draw_piece(frames: Iterator[np.ndarray], unfinished: Path, form: encode.FilmFormat, moves: Moves, first: int,
                progress: Progress) -> int:  # fmt: skip
    """Draw one piece of film; the number of the frame after it."""
    with writing(unfinished):
        shutil.rmtree(unfinished, ignore_errors=True) if not form.suffix else unfinished.unlink(missing_ok=True)
    writer, number, began = encode.FilmWriter(unfinished, form, moves.canvas, moves.fps, first), first, time.monotonic()
    try:
        for frame in frames:
            writer.write(frame)
            number += 1
            progress("drawing", number, len(moves))
            if time.monotonic() - began > _PIECE_SECONDS:
                break
        writer.close()
    except BaseException:
        writer.abandon()
        raise
    piece = unfinished.with_name(f"{first:08d}-{number:08d}{form.suffix}")
    with writing(piece):
        for other in unfinished.parent.glob(f"[0-9]*-[0-9]*{form.suffix}"):
            if _span(other)[0] < number and _span(other)[1] > first:  # from before a damaged piece was deleted
                _delete(other)
        encode.to_disk(unfinished)
        move(unfinished, piece)
    return number


def _delete(piece: Path) -> None:
    with writing(piece):
        shutil.rmtree(piece) if piece.is_dir() else piece.unlink()


def _sound(driver: VideoInfo | None) -> tuple[encode.Sound | None, list[str]]:
    """The driver's sound, if there is any that can be read, and a note if it cannot."""
    if driver is None or not driver.has_sound:
        return None, []
    sound = encode.Sound(driver.path, driver.start + driver.first / driver.fps)
    if encode.can_be_heard(sound):
        return sound, []
    return None, [f"The sound of {driver.path.name} cannot be read; the film is silent."]


def _finish(pieces: list[Path], out: Path, form: encode.FilmFormat, moves: Moves, sound: encode.Sound | None) -> None:
    """Join the pieces into the result. Those that turn out to be damaged are deleted, to be drawn anew.

    Raises:
        ClipError: there were such, or the result cannot be written.
    """
    try:
        if form.suffix:
            encode.join(pieces, out, form, moves.fps, len(moves), sound)
        else:
            encode.gather_pictures(pieces, out, len(moves))
    except ClipError as error:
        damaged = [piece for piece in pieces if encode.frames_in(piece) < _span(piece)[1] - _span(piece)[0]]
        if not damaged:
            raise
        for piece in damaged:
            _delete(piece)
        raise ClipError(
            f"{out}: {len(damaged)} of the {len(pieces)} pieces drawn for it are damaged, as after a power cut.",
            "Run the same command again: it draws them anew.",
        ) from error
