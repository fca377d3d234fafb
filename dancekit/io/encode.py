"""Writing films: pieces that survive a crash, joined at the end with the driver's sound."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from dancekit.errors import ClipError
from dancekit.io import ffmpeg
from dancekit.io.files import move, replace_folder, writing

MARK = "made with dancekit"
"""Put into every film's comment: it tells viewers what they see, and dancekit which files it may replace."""
_COMMENT = re.compile(rf"comment\s*:\s*{MARK}", re.IGNORECASE)
"""How ffmpeg tells of that mark in a film; a file's name may hold the same words."""

_LABEL = "dancekit.txt"
_PNG_END = b"IEND\xaeB`\x82"
_LEAD = 1.0
"""Seconds of sound that are decoded before those that are wanted."""
_OURS = re.compile(r"\d+\.png|dancekit\.txt|\.DS_Store|Thumbs\.db")
_BT709 = ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709", "-color_primaries", "bt709",
          "-color_trc", "bt709", "-color_range", "tv"]  # fmt: skip


@dataclass(frozen=True)
class FilmFormat:
    """How a film is packed. suffix: of the pieces and the film; "" is a folder of pictures."""

    suffix: str
    video: tuple[str, ...]
    sound: tuple[str, ...]
    transparent: bool


_H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "12", "-bf", "0", "-g", "30", "-pix_fmt", "yuv420p")
"""As near to the frames as the preset medium with a crf of 15 (PSNR 49.4 dB before a film), in a third of the time and
files one and a half times as large. Key frames are as close as phones put them, for players that jump about."""
_OPAQUE = {suffix: FilmFormat(suffix, _H264, ("-c:a", "aac", "-b:a", "192k"), False)
           for suffix in (".mp4", ".m4v", ".mov", ".mkv")}  # fmt: skip
_OPAQUE[".webm"] = FilmFormat(
    ".webm", ("-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-row-mt", "1", "-deadline", "good", "-cpu-used", "4",
              "-pix_fmt", "yuv420p"), ("-c:a", "libopus", "-b:a", "160k"), False)  # fmt: skip
_TRANSPARENT = {
    ".mov": FilmFormat(".mov", ("-c:v", "prores_ks", "-profile:v", "4444", "-alpha_bits", "16", "-vendor", "apl0",
                                "-pix_fmt", "yuva444p10le"), ("-c:a", "pcm_s16le"), True),
    ".webm": FilmFormat(".webm", ("-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-row-mt", "1", "-deadline", "good",
                                  "-cpu-used", "4", "-auto-alt-ref", "0", "-pix_fmt", "yuva420p"),
                        ("-c:a", "libopus", "-b:a", "160k"), True),
}  # fmt: skip
_TICKING = (".mp4", ".m4v", ".mov")
"""Containers whose ticks can be chosen; the others count milliseconds."""


def format_of(path: Path, transparent: bool) -> FilmFormat:
    """The format that a file name asks for.

    Raises:
        ClipError: no such format, or it cannot be transparent.
    """
    suffix = path.suffix.lower()
    if not suffix:
        return FilmFormat("", (), (), transparent)
    known = _TRANSPARENT if transparent else _OPAQUE
    if suffix in known:
        return known[suffix]
    if transparent and suffix in _OPAQUE:
        raise ClipError(f"{path}: {suffix} films cannot be transparent.",
                        "Name a .mov (ProRes 4444), a .webm (VP9), or a folder (PNG pictures).")  # fmt: skip
    raise ClipError(f"{path}: films cannot be written as {suffix}.", f"Use {', '.join(known)}, or a folder's name.")


class FilmWriter:
    """Encodes frames into one silent film, or into numbered pictures where the format has no suffix.

    size: (width, height) px, both even for films. Frames: uint8 [H, W, 3], or [H, W, 4] if the format is transparent.
    """

    def __init__(self, path: Path, form: FilmFormat, size: tuple[int, int], fps: Fraction, first: int = 0) -> None:
        self._path, self._form, self._number = path, form, first
        self._process: ffmpeg.Process | None = None
        if not form.suffix:
            with writing(path):
                path.mkdir(parents=True, exist_ok=True)
            return
        colours = [] if form.transparent else _BT709
        self._process = ffmpeg.Process(
            ["-v", "error", "-f", "rawvideo", "-pix_fmt", "rgba" if form.transparent else "rgb24",
             "-s", f"{size[0]}x{size[1]}", "-r", str(fps), "-i", "-", *colours, *form.video, *_exact_time(form, fps),
             "-y", ffmpeg.local(path)], stdin=True)  # fmt: skip

    def write(self, frame: np.ndarray) -> None:
        """Add a frame."""
        if self._process is None:
            self._write_picture(frame)
            return
        assert self._process.popen.stdin is not None
        try:
            self._process.popen.stdin.write(np.ascontiguousarray(frame).data)
        except OSError as error:
            self._process.popen.wait()
            raise ffmpeg.writing_error(self._path, self._process.messages()) from error

    def _write_picture(self, frame: np.ndarray) -> None:
        order = cv2.COLOR_RGBA2BGRA if frame.shape[2] == 4 else cv2.COLOR_RGB2BGR
        data = cv2.imencode(".png", cv2.cvtColor(frame, order), [cv2.IMWRITE_PNG_COMPRESSION, 4])[1]
        path = self._path / f"{self._number:06d}.png"
        with writing(path):
            path.write_bytes(data.tobytes())
        self._number += 1

    def close(self) -> None:
        """Finish the film; only then is it whole."""
        if self._process is None:
            return
        popen = self._process.popen
        assert popen.stdin is not None
        with suppress(OSError):  # what could not be flushed is told by the status
            popen.stdin.close()
        if popen.wait():
            raise ffmpeg.writing_error(self._path, self._process.messages())
        self._process.stop()

    def abandon(self) -> None:
        """Stop without finishing."""
        if self._process is not None:
            self._process.stop()


def _exact_time(form: FilmFormat, fps: Fraction) -> list[str]:
    """A time base in which every frame of the film falls on a whole tick."""
    return ["-video_track_timescale", str(fps.numerator)] if form.suffix in _TICKING else []


def to_disk(path: Path) -> None:
    """Wait until a film, or a folder of pictures, lies on the disk itself, so that no power cut takes what is in it."""
    for part in [*path.iterdir(), path] if path.is_dir() else [path, path.parent]:
        with suppress(OSError) if part.is_dir() else nullcontext():  # Windows and networks cannot wait for a folder
            descriptor = os.open(part, os.O_RDONLY if part.is_dir() else os.O_RDWR)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def frames_in(path: Path) -> int:
    """How many whole frames there are in a film, without decoding them, or in a folder of pictures; 0 for a wreck."""
    if path.is_dir():
        return sum(map(_is_whole, path.glob("*.png")))
    return len(ffmpeg.listing(path)[1])


def _is_whole(picture: Path) -> bool:
    with picture.open("rb") as file:
        file.seek(-min(len(_PNG_END), picture.stat().st_size), os.SEEK_END)
        return file.read() == _PNG_END


@dataclass(frozen=True)
class Sound:
    """The sound of a film from `start` on, in seconds from the start of the file."""

    path: Path
    start: Fraction


def can_be_heard(sound: Sound) -> bool:
    """Whether ffmpeg knows to decode a sound: it reads half a second of it."""
    tune, cut = _tune(sound, 0.5)
    return ffmpeg.run(["-v", "error", *tune, "-map", "0:a:0", "-af", cut, "-f", "null", "-"])[2] == 0


def write_wav(path: Path, sound: np.ndarray, rate: int = 44100) -> None:
    """Write mono sound, float32 [N] in -1..1, as 16-bit WAV."""
    with writing(path), wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """A folder beside `path` that is gone afterwards."""
    folder = path.with_name(f".{path.name}.work")
    with writing(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def join(pieces: Sequence[Path], out: Path, form: FilmFormat, fps: Fraction, frames: int, sound: Sound | None) -> None:
    """Join films end to end without encoding them again, and lay the sound under them from first frame to last.

    Raises:
        ClipError: ffmpeg cannot, or fewer than `frames` come of it; `out` stays as it was.
    """
    listing = pieces[0].parent / "pieces.txt"
    with writing(listing):
        listing.write_bytes(os.fsencode("".join(f"file {_quoted(piece.absolute())}\n" for piece in pieces)))
    temporary = listing.with_name(f"joined{form.suffix}")
    tune, tune_options = [], []
    if sound is not None:
        tune, cut = _tune(sound, float(frames / fps))
        tune_options = ["-map", "1:a:0?", "-af", f"{cut},aresample=async=1:first_pts=0", *form.sound]
    silent = ["-r", str(fps), "-f", "concat", "-safe", "0", "-i", ffmpeg.local(listing)]
    # Each time counted from the start: joining alone would add up what every piece's length is rounded by.
    times = ["-bsf:v", f"setts=ts=round(N/({fps})/TB)", *_exact_time(form, fps)]
    index = ["-movflags", "+faststart"] if form.suffix in _TICKING else []
    # Sound that is damaged further on is laid under the film as far as it goes: it must not cost the film.
    arguments = ["-v", "error", "-max_error_rate", "1", *silent, *tune, "-map", "0:v:0", *tune_options, "-c:v", "copy",
                 *times, "-metadata", f"comment={MARK}", *index, "-y", ffmpeg.local(temporary)]  # fmt: skip
    try:
        with writing(out):  # an ffmpeg that outlived a killed run may still write to a file of this name
            temporary.unlink(missing_ok=True)
        _, said, status = ffmpeg.run(arguments)
        if status:
            raise ffmpeg.writing_error(out, said)
        if (joined := frames_in(temporary)) < frames:  # ffmpeg passes over what it cannot open
            raise ClipError(f"{out}: only {joined} of {frames} frames could be joined.", "Run the same command again.")
        with writing(out):
            to_disk(temporary)
            move(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)


def _quoted(path: Path) -> str:
    """A file's name as lists of ffmpeg have it: whole, since one that goes on from the list's would end at a #."""
    return "'" + ffmpeg.local(path).replace("'", "'\\''") + "'"


def _tune(sound: Sound, seconds: float) -> tuple[list[str], str]:
    """(input, filters) for some seconds of sound, which then begin at 0.

    Decoding begins earlier: a decoder that is set down within a sound loses its first hundredths of a second.
    """
    lead = min(float(sound.start), _LEAD)
    place = ["-ss", f"{float(sound.start) - lead:.6f}"] if sound.start > _LEAD else []
    cut = f"atrim=start={lead:.6f}:end={lead + seconds:.6f},asetpts=PTS-{lead:.6f}/TB"
    return [*place, "-t", f"{lead + seconds:.6f}", "-i", ffmpeg.local(sound.path)], cut


def gather_pictures(pieces: Sequence[Path], out: Path, frames: int) -> None:
    """Put the numbered pictures of all pieces into one folder, in place of what dancekit left there before.

    The pieces stay whole, so that a run that is stopped here can gather them again.

    Raises:
        ClipError: fewer than `frames` of them are whole; `out` stays as it was.
    """
    if (whole := sum(frames_in(piece) for piece in pieces)) < frames:
        raise ClipError(f"{out}: only {whole} of {frames} pictures are whole.", "Run the same command again.")
    gathered = pieces[0].with_name("gathered")
    with writing(out):
        shutil.rmtree(gathered, ignore_errors=True)
        gathered.mkdir()
        (gathered / _LABEL).write_text(MARK + "\n", encoding="utf-8")
        for picture in (picture for piece in pieces for picture in piece.glob("*.png")):
            _link_or_copy(picture, gathered / picture.name)
        to_disk(gathered)
    replace_folder(gathered, out)


def _link_or_copy(path: Path, other: Path) -> None:
    try:
        other.hardlink_to(path)
    except OSError:  # a file system that knows no links
        shutil.copyfile(path, other)


def holds_other_things(folder: Path) -> bool:
    """Whether anything lies in a folder but numbered pictures: then it is never replaced."""
    return any(not _OURS.fullmatch(path.name) for path in folder.iterdir())


def is_ours(path: Path) -> bool:
    """Whether dancekit wrote this film or folder of pictures, and so may replace it."""
    if path.is_dir():
        return (path / _LABEL).is_file() or not any(path.iterdir())
    try:
        _, said, _ = ffmpeg.run(["-i", ffmpeg.local(path)])
    except (OSError, subprocess.SubprocessError):
        return False
    return any(_COMMENT.fullmatch(line.strip()) for line in said.splitlines())
