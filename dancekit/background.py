"""What stands behind the person: a colour, a picture, a film that is looped, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from dancekit.core.compose import cover
from dancekit.errors import ClipError
from dancekit.io import ffmpeg, video
from dancekit.io.pictures import alpha_of
from dancekit.threads import read_ahead
from dancekit.types import VideoInfo

COLOURS = {
    "green": (0, 177, 64),
    "blue": (0, 71, 187),
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "grey": (128, 128, 128),
    "gray": (128, 128, 128),
    "red": (200, 30, 40),
    "yellow": (245, 205, 60),
    "orange": (235, 125, 40),
    "pink": (240, 150, 180),
    "purple": (115, 65, 150),
}
PLAIN = (70, 84, 104)
"""The colour when none is asked for."""
TRANSPARENT = "transparent"
_PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}


@dataclass(frozen=True)
class Background:
    """One of: nothing (transparent), one picture uint8 [h, w, 3], or a film. plain: the picture is a px of a colour."""

    picture: np.ndarray | None = None
    film: VideoInfo | None = None
    plain: bool = False

    @property
    def transparent(self) -> bool:
        """Whether there is nothing behind the person."""
        return self.picture is None and self.film is None

    @property
    def size(self) -> tuple[int, int] | None:
        """(width, height) px of a film, or of one in the shape of a picture, which phones make larger than films; None
        for a colour or nothing."""
        if self.film is not None:
            return self.film.width, self.film.height
        if self.picture is None or self.plain:
            return None
        return video.within((self.picture.shape[1], self.picture.shape[0]), video.LONGEST_SIDE)

    def frames(self, size: tuple[int, int], fps: Fraction, first: int) -> Iterator[np.ndarray]:
        """Endless frames uint8 [H, W, 3] of (width, height) px from frame `first` on; a film starts over at its end."""
        if self.film is not None:
            yield from self._film_frames(size, fps, first)
        picture = np.zeros((size[1], size[0], 3), np.uint8) if self.picture is None else cover(self.picture, size)
        while True:
            yield picture

    def _film_frames(self, size: tuple[int, int], fps: Fraction, first: int) -> Iterator[np.ndarray]:
        assert self.film is not None
        length = max(1, int(self.film.frames / self.film.fps * fps))
        film = self.film if self.film.fps == fps else replace(self.film, fps=fps, constant=False, frames=length)
        start = first % length
        while True:
            count = 0
            for frame in read_ahead(video.read_frames(film, start)):
                count += 1
                yield cover(frame, size)
            if not count and not start:
                raise ClipError(f"{film.path}: no frame of the background can be read.", "Use another background.")
            start = 0


def parse(text: str | None) -> Background:
    """What --bg says: nothing for the plain colour, a colour's name or rrggbb, "transparent", a picture or a film.

    Raises:
        ClipError: none of these.
    """
    if text == TRANSPARENT:
        return Background()
    colour = PLAIN if text is None else _colour(text)
    if colour is not None:
        return Background(np.full((1, 1, 3), colour, np.uint8), plain=True)
    path = Path(str(text))
    with ffmpeg.reading(path):
        folder, there = path.is_dir(), path.exists()
    if text and folder:
        raise ClipError(f"--bg {text}: this is a folder.", "Name the picture or the film in it.")
    if not text or not there:
        raise ClipError(
            f"--bg {text}: there is no such file, and no such colour.",
            f"Give a picture, a film, {TRANSPARENT}, or a colour: ff8800, '#ff8800' in quotes, or one of "
            f"{', '.join(COLOURS)}.",
        )
    return _of_file(path)


def _of_file(path: Path) -> Background:
    """A picture or a film by what is in the file, whatever it is called: a picture named so is looked at as one first,
    all else as a film, which a .gif may be, then as a picture, and at last as one that only ffmpeg knows."""

    def film() -> Background:
        return Background(film=video.probe(path, video.LONGEST_SIDE))

    def picture() -> Background:
        return Background(_over_plain(video.read_picture(path), alpha_of(path)))

    def still() -> Background:
        return Background(video.read_still(path))

    named, refusals = path.suffix.lower() in _PICTURES, []
    for read in (picture, film, still) if named else (film, picture, still):
        try:
            return read()
        except ClipError as error:
            refusals.append(error)
    if named:
        raise refusals[0]
    hint = "Use a .jpg, .png or .webp picture."
    if refusals[0].hint != video.STILL:
        hint += f" If it is a film: {refusals[0].hint[:1].lower()}{refusals[0].hint[1:]}"
    raise ClipError(f"--bg {path}: neither a picture nor a film that can be read.", hint)


def _over_plain(picture: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """A picture uint8 [h, w, 3], with the plain colour where it is seen through. alpha: float32 [h, w] in 0..1."""
    if alpha is None or alpha.shape != picture.shape[:2]:
        return picture
    return np.rint(PLAIN + (picture - np.array(PLAIN, np.float32)) * alpha[..., None]).astype(np.uint8)


def _colour(text: str) -> tuple[int, int, int] | None:
    """The colour of a name, or of hexadecimal digits: with #, which shells may take for a comment, or without it, if
    there is no file called so."""
    if text.lower() in COLOURS:
        return COLOURS[text.lower()]
    digits, marked = text.removeprefix("#"), text.startswith("#")
    if marked and len(digits) == 3:
        digits = "".join(d * 2 for d in digits)
    if len(digits) != 6 or not set(digits.lower()) <= set("0123456789abcdef"):
        return None
    if not marked and Path(text).exists():
        return None
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue
