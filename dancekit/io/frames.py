"""A clip's cut-out frames in one file: JPEG colour and PNG alpha, one record a frame, readable in any order.

Film codecs pack tighter but must be decoded in order; single files are slow to open by the ten thousand. A record is
magic, sizes and checksum followed by the two pictures, so a file cut short by a crash is good up to its last record.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np

from dancekit.errors import WorkspaceError
from dancekit.io.files import writing

_HEADER = struct.Struct("<4sIII")
_MAGIC = b"DKF1"
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 94, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 2, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE]
"""Masks are mostly of one value: unfiltered they are smaller, and written three times as fast."""


def encode(colour: np.ndarray, alpha: np.ndarray) -> bytes:
    """One record of colour uint8 [h, w, 3] (RGB) and alpha uint8 [h, w]."""
    jpeg = cv2.imencode(".jpg", cv2.cvtColor(colour, cv2.COLOR_RGB2BGR), _JPEG)[1].tobytes()
    png = encode_mask(alpha)
    return _HEADER.pack(_MAGIC, len(jpeg), len(png), zlib.crc32(png, zlib.crc32(jpeg))) + jpeg + png


def encode_mask(mask: np.ndarray) -> bytes:
    """A mask uint8 [h, w] as a .png file."""
    return cv2.imencode(".png", mask, _PNG)[1].tobytes()


EMPTY = _HEADER.pack(_MAGIC, 0, 0, 0)
"""The record of a frame without a person."""


class FrameWriter:
    """Appends records to a pack; opened on an unfinished pack it goes on after the last good record."""

    def __init__(self, path: Path) -> None:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._path = path
            self._file = path.open("ab")
            offsets, end = _scan(path)
            self._file.truncate(end)
            self.count = len(offsets)

    def append(self, record: bytes) -> None:
        """Add the next frame's record."""
        with writing(self._path):
            self._file.write(record)
        self.count += 1

    def close(self) -> None:
        """Everything appended is on disk afterwards."""
        with writing(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()


class FrameReader:
    """Reads any frame of a pack; any number of threads may read."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise _damaged(path, "it is missing")
        self._path = path
        self._offsets, end = _scan(path)
        self._data = np.memmap(path, np.uint8, "r") if end else np.empty(0, np.uint8)

    def __len__(self) -> int:
        return len(self._offsets)

    def read(self, index: int) -> tuple[np.ndarray, np.ndarray] | None:
        """(colour uint8 [h, w, 3], alpha uint8 [h, w]) of a frame, or None where there was no person.

        Raises:
            WorkspaceError: the record is damaged.
        """
        parts = self._parts(index)
        if parts is None:
            return None
        colour = cv2.imdecode(parts[0], cv2.IMREAD_COLOR_RGB)
        if colour is None:
            raise _damaged(self._path, f"frame {index} cannot be decoded")
        return colour, self._alpha(index, parts[1])

    def alpha(self, index: int) -> np.ndarray | None:
        """The alpha of a frame alone, uint8 [h, w], in a fraction of the time.

        Raises:
            WorkspaceError: the record is damaged.
        """
        parts = self._parts(index)
        return None if parts is None else self._alpha(index, parts[1])

    def check(self) -> None:
        """Look at every record without decoding it.

        Raises:
            WorkspaceError: one is damaged.
        """
        for index in range(len(self)):
            self._parts(index)

    def _parts(self, index: int) -> tuple[np.ndarray, np.ndarray] | None:
        """The two pictures of a record as they are stored."""
        start = self._offsets[index]
        header = bytes(self._data[start : start + _HEADER.size])
        _, jpeg_size, png_size, checksum = _HEADER.unpack(header)
        if not jpeg_size:
            return None
        start += _HEADER.size
        body = self._data[start : start + jpeg_size + png_size]
        if zlib.crc32(body.tobytes()) != checksum:
            raise _damaged(self._path, f"frame {index} is not what was written")
        return body[:jpeg_size], body[jpeg_size:]

    def _alpha(self, index: int, stored: np.ndarray) -> np.ndarray:
        alpha = cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE)
        if alpha is None:
            raise _damaged(self._path, f"frame {index} cannot be decoded")
        return np.asarray(alpha, np.uint8)


def _scan(path: Path) -> tuple[list[int], int]:
    """Offsets of all whole records and where the last of them ends."""
    offsets: list[int] = []
    end, size = 0, path.stat().st_size
    with path.open("rb") as file:
        while end + _HEADER.size <= size:
            file.seek(end)
            magic, jpeg_size, png_size, _ = _HEADER.unpack(file.read(_HEADER.size))
            after = end + _HEADER.size + jpeg_size + png_size
            if magic != _MAGIC or after > size:
                break
            offsets.append(end)
            end = after
    return offsets, end


def _damaged(path: Path, what: str) -> WorkspaceError:
    return WorkspaceError(f"{path}: the stored frames are damaged: {what}.", "Prepare this film again.")
