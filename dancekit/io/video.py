"""Reading films: upright RGB frames with square pixels at a constant rate, whatever the camera wrote."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import numpy as np

from dancekit.errors import ClipError
from dancekit.io import ffmpeg
from dancekit.io.given import refuse_missing
from dancekit.types import VideoInfo

Frame = TypeVar("Frame")
Window = tuple[int, int, int, int]

_NAMED_RATES = (*(Fraction(n) for n in range(1, 241)), *(Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120, 240)))
_PICTURE_FORMATS = re.compile(r"Input #0, (image2|\w+_pipe|gif|apng|webp)\b")
_BARE_STREAMS = re.compile(r"Input #0, (h264|hevc|vvc|m4v|mpegvideo|obu)\b")
_INDEXED = re.compile(r"Input #0, (mov|matroska)\b")
_BROKEN_OFF = re.compile(r"partial file|ended prematurely")
_NO_TIME = -(1 << 63)
LONGEST_SIDE = 1920
"""Larger films are read at this size: a person of 512 px, the largest that is learnt, fits in it well."""
_LARGEST_PICTURE = 1 << 29
"""Bytes: what is larger is a film, and would fill the memory."""
_LEAD = 3.0
"""Seconds before the wanted frame at which reading by time stamps begins: camcorders' key frames are less apart."""
_TURNS = {0: (), 90: ("transpose=clock",), 180: ("hflip", "vflip"), 270: ("transpose=cclock",)}
"""Filters that turn a picture clockwise by so many degrees."""
_HIGH_RANGE = ("arib-std-b67", "smpte2084")
_INTERLACED = re.compile(r"\b(top|bottom) (coded )?first\b")
_HIGH_COLOURS = re.compile(rf"([\w-]+)/([\w-]+)/(?:{'|'.join(_HIGH_RANGE)})")
"""Matrix and primaries of a high-dynamic-range film, as ffmpeg names them before the transfer curve."""


def probe(path: Path, longest_side: int = 0, turn: int = 0) -> VideoInfo:
    """Look at a film without reading it whole.

    Args:
        path: the film.
        longest_side: frames larger than this many px are read smaller; 0 reads them as they are.
        turn: degrees clockwise (0, 90, 180 or 270) by which every frame is turned once it is as its rotation tag asks.

    Raises:
        ClipError: the file is missing, is no film, or holds no pictures.
        WorkspaceError: it may not be read.
    """
    refuse_missing(path)
    _, said, _ = ffmpeg.run(["-i", ffmpeg.local(path)])
    streams = [line for line in said.splitlines() if "Stream #0" in line]
    pictures = [line for line in streams if " Video: " in line and "attached pic" not in line]
    _refuse_non_films(path, said, streams, pictures)
    base, stamps, complaints = _time_stamps(path)
    if not stamps:
        raise ClipError(f"{path}: the film holds no frames.", "Copy it from the camera again, or export it anew.")
    if len(stamps) == 1:
        raise ClipError(f"{path}: this is a still picture, not a film.", STILL)
    fps, steady = frame_rate(stamps, base)
    count = len(stamps) if steady else int((stamps[-1] - stamps[0]) * base * fps + Fraction(3, 2))
    tone = next((curve for curve in _HIGH_RANGE if curve in pictures[0]), "")
    info = VideoInfo(
        path,
        width=0,
        height=0,
        fps=fps,
        frames=max(count, round(_length(said) * fps)) if _BROKEN_OFF.search(complaints) else count,
        has_sound=any(" Audio: " in line for line in streams),
        start=max(stamps[0] * base, Fraction(0)),
        constant=steady and bool(_INDEXED.search(said)),
        tone=tone,
        mending=_mending(pictures[0]),
        turn=turn,
    )
    size = _first_frame_size(info)
    (width, height), scale = within(size, longest_side), min(1.0, longest_side / max(size)) if longest_side else 1.0
    return replace(info, width=width, height=height, shrunk=scale)


def within(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    """A size (width, height) px in the same shape, no side of which is longer, in even numbers; as it is if none is, or
    for 0."""
    if not longest_side or max(size) <= longest_side:
        return size
    width, height = (max(2, round(side * longest_side / max(size) / 2) * 2) for side in size)
    return width, height


def _mending(stream: str) -> tuple[str, ...]:
    """Filters for pictures of two half pictures, which would show combs, and for high dynamic range whose matrix or
    primaries the film does not name: it is bt2020 in all but a few."""
    filters = ["bwdif=mode=send_frame:deint=interlaced"] if _INTERLACED.search(stream) else []
    if named := _HIGH_COLOURS.search(stream):
        usual = ("colorspace=bt2020nc", "color_primaries=bt2020")
        filters += [f"setparams={one}" for one, name in zip(usual, named.groups(), strict=True) if name == "unknown"]
    return tuple(filters)


STILL = "dancekit needs movement: give a film, such as an .mp4 or .mov. A picture can only be a background (--bg)."


def _refuse_non_films(path: Path, said: str, streams: list[str], pictures: list[str]) -> None:
    if not any(" Video: " in line or " Audio: " in line for line in streams):
        raise ClipError(
            f"{path}: {ffmpeg.why_not(path)}; it cannot be read.", "Copy it from the camera again, or export it anew."
        )
    if not pictures:
        raise ClipError(
            f"{path}: this file has sound but no pictures.", "Give the film itself, such as an .mp4 or .mov."
        )
    if _PICTURE_FORMATS.search(said) and "Duration: N/A" in said:
        raise ClipError(f"{path}: this is a still picture, not a film.", STILL)
    if _BARE_STREAMS.search(said):
        raise ClipError(
            f"{path}: these are bare pictures that do not say when to show them.",
            f"Make a film of them: ffmpeg -i {path.name} -c copy {path.stem}.mp4",
        )


def _length(said: str) -> Fraction:
    """Seconds that the film's index promises; 0 where it does not say."""
    found = re.search(r"Duration: (\d+):(\d+):([\d.]+)", said)
    return int(found[1]) * 3600 + int(found[2]) * 60 + Fraction(found[3]) if found else Fraction(0)


def _time_stamps(path: Path, decode: bool = False) -> tuple[Fraction, list[int], str]:
    """(seconds per tick, presentation time of every picture in ticks, in order, what ffmpeg complains of).

    Read without decoding, but for containers that do not tell every picture's time.
    """
    how = ["-vf", "scale=16:16", "-fps_mode", "passthrough", "-enc_time_base", "demux"] if decode else ["-c", "copy"]
    tick, stamps, said = ffmpeg.listing(path, how)
    if tick is None:
        raise ClipError(f"{path}: ffmpeg cannot read this film: {ffmpeg.last_line(said)}", "Export it anew as .mp4.")
    if _NO_TIME in stamps and not decode:
        return _time_stamps(path, decode=True)
    return tick, sorted(set(stamps)), said


def frame_rate(stamps: list[int], base: Fraction) -> tuple[Fraction, bool]:
    """(exact frames per second, whether the film keeps to it) from presentation times in ticks of `base` seconds.

    The usual distance of two pictures decides, so a pause or a late first picture does not bend the rate; rates that
    cameras use (29.97 is 30000/1001) are recognised within the resolution of the ticks.
    """
    distances = np.diff(np.asarray(stamps, np.int64))
    usual = float(np.median(distances))
    steady = distances[np.abs(distances - usual) <= max(1.0, 0.2 * usual)]
    measured = 1.0 / (float(steady.mean()) * float(base))
    tolerance = max(1e-4, 0.6 / (usual * len(steady))) * measured
    named = min(_NAMED_RATES, key=lambda rate: abs(float(rate) - measured))
    if abs(float(named) - measured) > tolerance:
        named = Fraction(measured).limit_denominator(1001)
    constant = bool(np.all(np.abs(distances * float(base) * float(named) - 1) <= max(0.02, 1.01 / usual)))
    return named, constant


def _first_frame_size(info: VideoInfo) -> tuple[int, int]:
    """(width, height) as decoded and turned upright: the header of one frame written as a portable pixmap."""
    arguments = [*_input(info, 0), "-frames:v", "1", "-vf", _filters(info), "-f", "image2pipe", "-c:v", "ppm", "-"]
    picture, said, _ = ffmpeg.run(["-v", "error", *arguments])
    header = re.match(rb"P6\s+(\d+)\s+(\d+)\s", picture)
    if not header:
        if "No such filter: 'zscale'" in said:
            raise ClipError(
                f"{info.path}: this is a film in HDR, which this ffmpeg cannot read (it lacks zscale): "
                f"{ffmpeg.executable()}",
                "Film without HDR, or let dancekit use the ffmpeg that comes with it: unset IMAGEIO_FFMPEG_EXE and run "
                "pip install --force-reinstall imageio-ffmpeg",
            )
        raise ClipError(
            f"{info.path}: no frame can be decoded: {ffmpeg.last_line(said)}",
            "Copy it from the camera again, or export it anew.",
        )
    return int(header[1]), int(header[2])


def _input(info: VideoInfo, first: int) -> list[str]:
    """Begin at frame `first`: half a frame early where frames are evenly spaced, so that rounding cannot skip one; else
    some seconds early and with the film's own time stamps, by which the filters choose."""
    begin = info.start + (first - Fraction(1, 2)) / info.fps
    seek = [] if info.constant else ["-copyts", "-start_at_zero", "-noaccurate_seek"]
    begin -= 0 if info.constant else Fraction(_LEAD)
    seek += ["-ss", f"{float(begin):.6f}"] if first and begin > 0 else []
    return [*seek, "-i", ffmpeg.local(info.path), "-map", "0:V:0"]


def _filters(info: VideoInfo, first: int = 0, window: Window | None = None) -> str:
    chain = [*info.mending]
    chain += [] if info.constant else [f"fps={info.fps}:start_time={float(info.start + first / info.fps):.6f}"]
    chain += ["scale=iw*sar:ih", "setsar=1", *_TURNS[info.turn]]
    if info.tone:
        chain.append(
            "zscale=t=linear:npl=200,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
            "zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
        )
    if info.width:
        chain.append(f"scale={info.width}:{info.height}:flags=area")
    if window:
        left, top, right, bottom = window
        chain.append(f"crop={right - left}:{bottom - top}:{left}:{top}:exact=1")
    return ",".join(chain)


def read_frames(info: VideoInfo, first: int = 0, end: int | None = None,
                window: Window | None = None) -> Generator[np.ndarray]:  # fmt: skip
    """Frames first..end of a film, one after the other, as RGB uint8 [H, W, 3]; numbers count from `info.first`.

    window: left, top, right, bottom in px, to have only that part of each frame, which is faster. Even numbers show the
    very colours of the whole frame; others may differ a little, since films keep colours at half the fineness.

    Fewer frames than `info.frames` come when the file ends early or is damaged; the caller decides what that means.
    """
    count = ["-frames:v", str((info.frames if end is None else end) - first)]
    first += info.first
    raw = ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    arguments = ["-v", "error", *_input(info, first), "-vf", _filters(info, first, window), *count, *raw]
    process = ffmpeg.Process(arguments, stdout=True)
    pipe = process.popen.stdout
    assert pipe is not None
    left, top, right, bottom = window or (0, 0, info.width, info.height)
    try:
        while True:
            frame = np.empty((bottom - top, right - left, 3), np.uint8)
            if not _fill(pipe.readinto, frame):  # type: ignore[attr-defined]
                return
            yield frame
    finally:
        process.stop()


def _fill(read_into, frame: np.ndarray) -> bool:
    """Read exactly one frame; False at the end of the film."""
    view = frame.reshape(-1).data
    while view:
        count = read_into(view)
        if not count:
            return False
        view = view[count:]
    return True


def read_picture(path: Path) -> np.ndarray:
    """A picture file as RGB uint8 [H, W, 3].

    Raises:
        ClipError: it is missing or no picture.
        WorkspaceError: it may not be read.
    """
    with ffmpeg.reading(path):
        if not path.is_file():
            raise ClipError(f"{path}: there is no such picture.", "Check the name.")
        return _decoded(path, path.read_bytes() if path.stat().st_size < _LARGEST_PICTURE else b"")


def read_still(path: Path) -> np.ndarray:
    """The one picture, or the first, of a file that only ffmpeg knows to read (.heic, .avif), as RGB uint8 [H, W, 3].

    Raises:
        ClipError: ffmpeg finds none.
    """
    source = ["-i", ffmpeg.local(path)]
    _, said, _ = ffmpeg.run(source)
    parts = said.count(" Video: ")
    whole = parts == 1 or "Tile Grid" in said  # phones cut a picture into tiles, which old ffmpegs take for films
    known = (_PICTURE_FORMATS.search(said) or _INDEXED.search(said)) and whole and " Audio: " not in said
    picture = ffmpeg.run([*source, "-frames:v", "1", "-f", "image2pipe", "-c:v", "ppm", "-"])[0] if known else b""
    return _decoded(path, picture)


def _decoded(path: Path, data: bytes) -> np.ndarray:
    import cv2

    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB) if data else None
    if picture is None:
        raise ClipError(f"{path}: this is not a picture that can be read.", "Use a .jpg, .png or .webp picture.")
    return picture
