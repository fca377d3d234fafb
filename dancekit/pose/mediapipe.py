"""MediaPipe's pose landmarker with the bundled model: 33 landmarks and a soft mask of each person in one pass."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from dancekit.core import depth
from dancekit.io import weights
from dancekit.pose import Sighting
from dancekit.types import VideoInfo

DESCRIPTION = "MediaPipe's pose landmarker, which comes along"

_LONGEST_SIDE = 960
"""The landmarker looks at 256 x 256 px of each person, so larger frames only cost time."""
_TALLEST_MASK = 256
_SOLID = 96


class Detector:
    """Finds up to `people` persons in each frame of one film, following them from frame to frame."""

    def __init__(self, info: VideoInfo, people: int = 1, masks: bool = True) -> None:
        from mediapipe.tasks.python import BaseOptions, vision

        self._step = max(1, round(1000 / float(info.fps)))
        self._last = -1
        self._settled = False
        options = vision.PoseLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=weights.find("pose_landmarker_full").read_bytes()),
            running_mode=vision.RunningMode.VIDEO,
            num_poses=people,
            output_segmentation_masks=masks,
        )
        with native_silence():
            self._landmarker = vision.PoseLandmarker.create_from_options(options)

    def detect(self, index: int, frame: np.ndarray) -> list[Sighting]:
        """The people in frame `index`, RGB uint8 [H, W, 3]."""
        import mediapipe

        small = _shrink(frame)
        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(small))
        self._last = max(self._last + 1, index * self._step)
        if self._settled:
            result = self._landmarker.detect_for_video(picture, self._last)
        else:
            with native_silence():
                result = self._landmarker.detect_for_video(picture, self._last)
            self._settled = bool(result.pose_landmarks)
        masks = result.segmentation_masks or [None] * len(result.pose_landmarks)
        return [
            _sighting(landmarks, mask, frame.shape)
            for landmarks, mask in zip(result.pose_landmarks, masks, strict=True)
        ]

    def close(self) -> None:
        """Free the model."""
        with native_silence():
            self._landmarker.close()


def _shrink(frame: np.ndarray) -> np.ndarray:
    scale = _LONGEST_SIDE / max(frame.shape[:2])
    if scale >= 1:
        return frame
    # Interpolating averages well enough at this little shrinking, and takes a fifth of the time.
    return cv2.resize(frame, (round(frame.shape[1] * scale), round(frame.shape[0] * scale)))


def _sighting(landmarks, mask, shape: tuple[int, ...]) -> Sighting:
    height, width = shape[:2]
    found = np.array([(p.x * width, p.y * height, p.visibility) for p in landmarks], np.float32)
    points = depth.weighed(found, np.array([p.z * width for p in landmarks]))
    if mask is None:
        return Sighting(points)
    cut_out, box = _pack(mask.numpy_view(), height, width)
    return Sighting(points, cut_out, box)


def _pack(mask: np.ndarray, height: int, width: int) -> tuple[np.ndarray | None, tuple[int, int, int, int]]:
    """The mask around the person as uint8, no finer than the landmarker's own, and its box in px of the frame."""
    soft = np.squeeze(mask)
    x, y, wide, tall = cv2.boundingRect(cv2.inRange(soft, (_SOLID + 0.5) / 255, 2))
    if not wide:
        return None, (0, 0, 0, 0)
    margin = 4 + tall // 32
    top, bottom = max(0, y - margin), min(soft.shape[0], y + tall + margin)
    left, right = max(0, x - margin), min(soft.shape[1], x + wide + margin)
    inner = cv2.convertScaleAbs(soft[top:bottom, left:right], alpha=255.0)
    shrink = min(1.0, _TALLEST_MASK / max(inner.shape))
    size = (max(1, round(inner.shape[1] * shrink)), max(1, round(inner.shape[0] * shrink)))
    small = cv2.resize(inner, size, interpolation=cv2.INTER_AREA) if shrink < 1 else inner
    across, down = width / soft.shape[1], height / soft.shape[0]
    return small, (round(left * across), round(top * down), round(right * across), round(bottom * down))


_silence_lock = threading.Lock()
_silence_depth = 0
_silence_saved = -1


@contextmanager
def native_silence() -> Iterator[None]:
    """Keep what native libraries print off the terminal: file descriptor 2 leads nowhere meanwhile.

    Any number of threads may be inside; the last one out restores the terminal. It has to be process-wide, as the
    descriptor is.
    """
    _enter_silence()
    try:
        yield
    finally:
        _leave_silence()


def _enter_silence() -> None:
    global _silence_depth, _silence_saved
    with _silence_lock:
        if _silence_depth == 0:
            _silence_saved = os.dup(2)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
        _silence_depth += 1


def _leave_silence() -> None:
    global _silence_depth
    with _silence_lock:
        _silence_depth -= 1
        if _silence_depth == 0:
            os.dup2(_silence_saved, 2)
            os.close(_silence_saved)
