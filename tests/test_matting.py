"""Matting backends: each file keeps the contract, and each one's own promises hold."""

from __future__ import annotations

import inspect
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from dancekit import plugins
from dancekit.core.chroma import difference, find_screen
from dancekit.errors import ClipError, DancekitError, WeightsError
from dancekit.matting import Backend, ClipStudy, Cutout, finished, greenscreen, landmarker, refuse_wrong, rembg
from dancekit.types import PoseTrack

SIZE = (120, 160)
BOX = np.array([-20.0, -10.0, 120.0, 170.0])
"""Beyond the frame on three sides."""
VIEW = (140, 180)
CLIPS = Path(__file__).resolve().parents[2] / "shared" / "clips"


def scene(time: int, behind: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A bust that walks to and fro before something: (frame uint8 [H, W, 3], exact alpha float32 [H, W])."""
    alpha = np.zeros((SIZE[1] * 4, SIZE[0] * 4), np.float32)
    x = round(4 * (60 + 35 * np.sin(time / 3)))
    cv2.ellipse(alpha, (x, 4 * 60), (4 * 14, 4 * 18), 0, 0, 360, 1, -1)
    cv2.rectangle(alpha, (x - 4 * 20, 4 * 85), (x + 4 * 20, 4 * 150), 1, -1)
    alpha = cv2.resize(alpha, SIZE, interpolation=cv2.INTER_AREA)
    colour = np.full((SIZE[1], SIZE[0], 3), (205, 155, 125), np.float32)
    colour[80:] = (150, 40, 50)
    noise = np.random.default_rng(time).normal(0, 2, colour.shape)
    picture = alpha[..., None] * colour + (1 - alpha[..., None]) * behind + noise
    return picture.clip(0, 255).round().astype(np.uint8), alpha


def rough(alpha: np.ndarray) -> np.ndarray:
    coarse = cv2.resize(cv2.GaussianBlur(alpha, (0, 0), 2), (SIZE[0] // 4, SIZE[1] // 4), interpolation=cv2.INTER_AREA)
    return (cv2.resize(np.clip(coarse * 2.4 - 0.5, 0, 1), SIZE) * 255).astype(np.uint8)


def room() -> np.ndarray:
    wall = np.random.default_rng(2).integers(90, 256, (SIZE[1], SIZE[0], 3)).astype(np.float32)
    return cv2.GaussianBlur(wall, (0, 0), 2)


def screen() -> np.ndarray:
    return np.full((SIZE[1], SIZE[0], 3), (50, 180, 65), np.float32) * np.linspace(1, 0.8, SIZE[0])[None, :, None]


def known(behind: np.ndarray, shots: tuple[int, ...] = (0,), length: int = 48) -> ClipStudy:
    times = tuple(range(0, length, 3))
    frames, alphas = zip(*(scene(time, behind) for time in times), strict=True)
    points = np.zeros((length, 33, 3), np.float32)
    track = PoseTrack(points, SIZE, Fraction(25), shots=shots)
    return ClipStudy(frames, tuple(rough(alpha) for alpha in alphas), times, track)


def view(picture: np.ndarray, border: int = cv2.BORDER_CONSTANT) -> np.ndarray:
    """What BOX shows of a frame."""
    return cv2.copyMakeBorder(picture, 10, 10, 20, 0, border, value=0)


def shown(backend: Backend, time: int, behind: np.ndarray) -> tuple[Cutout, np.ndarray]:
    """(the cut-out of one frame in BOX, its exact alpha)."""
    frame, alpha = scene(time, behind)
    return finished(backend.cut(time, view(frame, cv2.BORDER_REPLICATE), view(rough(alpha)), BOX)), view(alpha)


class FakeSession:
    """A network that sees everything brighter in red than in blue."""

    def predict(self, picture: object) -> list[np.ndarray]:
        pixels = np.asarray(picture).astype(np.int16)
        return [((pixels[..., 0] - pixels[..., 2]) > 40).astype(np.uint8) * 255]


@pytest.fixture
def no_download(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rembg, "open_session", lambda name: FakeSession())


@pytest.mark.parametrize("name", plugins.names("matting"))
def test_every_backend_keeps_the_contract(name: str, no_download: None) -> None:
    module = plugins.load("matting", name)
    assert isinstance(module.DESCRIPTION, str)
    assert 10 < len(module.DESCRIPTION) < 100
    assert "\n" not in module.DESCRIPTION
    for method in ("__init__", "cut"):
        expected = list(inspect.signature(getattr(Backend, method)).parameters)
        assert list(inspect.signature(getattr(module.Matte, method)).parameters) == expected
    behind = screen()
    backend = module.Matte(known(behind), "")
    for time in (0, 1, 7):
        found, alpha = shown(backend, time, behind)
        assert found.alpha.shape == (VIEW[1], VIEW[0])
        assert found.colour.shape == (VIEW[1], VIEW[0], 3)
        assert found.alpha.dtype == found.colour.dtype == np.uint8
        if name == "whole":
            assert (found.alpha == 255).mean() > 0.5, "all that the film shows"
            continue
        assert np.abs(found.alpha / 255 - alpha).mean() < 0.03
        assert not found.alpha[:10].any()
        assert not found.alpha[-10:].any()
        assert not found.alpha[:, :20].any()


@pytest.mark.parametrize("name", ["auto", "greenscreen", "landmarker", "whole"])
def test_an_option_that_would_do_nothing_is_refused(name: str) -> None:
    refuse_wrong(name)
    with pytest.raises(DancekitError, match=f"--matte {name}:40: {name} takes no option") as caught:
        refuse_wrong(f"{name}:40")
    assert caught.value.hint == f"Write it alone: --matte {name}"


def test_other_backends_are_given_their_option() -> None:
    refuse_wrong("rembg:u2net_human_seg")


def test_landmarker_cuts_clean_in_a_room() -> None:
    behind = room()
    backend = landmarker.Matte(known(behind))
    assert backend.plates[0] is not None
    for time in (10, 11, 12):
        found, alpha = shown(backend, time, behind)
        mask = view(rough(scene(time, behind)[1]))
        assert np.abs(found.alpha / 255 - alpha).mean() < 0.4 * np.abs(mask / 255 - alpha).mean()


def test_landmarker_starts_anew_at_a_cut_and_learns_each_shot() -> None:
    study = known(room(), shots=(0, 24, 45))
    backend = landmarker.Matte(study)
    assert [plate is not None for plate in backend.plates] == [True, True, False]
    shown(backend, 23, room())
    fresh = landmarker.Matte(study)
    after, _ = shown(backend, 24, room())
    alone, _ = shown(fresh, 24, room())
    assert np.array_equal(after.alpha, alone.alpha)


def test_landmarker_gives_nothing_where_there_is_no_mask() -> None:
    backend = landmarker.Matte(known(room()))
    frame, _ = scene(0, room())
    found = finished(backend.cut(0, view(frame), np.zeros(VIEW[::-1], np.uint8), BOX))
    assert not found.alpha.any()


def test_greenscreen_refuses_a_room() -> None:
    study = replace(known(room()), film=Path("walk.mp4"))
    with pytest.raises(ClipError, match=r"^walk\.mp4: no green or blue screen") as caught:
        greenscreen.Matte(study)
    assert caught.value.hint.startswith("Leave out --matte")


def test_greenscreen_draws_the_mask_to_the_edges_where_the_floor_is_no_screen() -> None:
    behind = screen()
    behind[140:] = (190, 180, 160)
    found, alpha = shown(greenscreen.Matte(known(behind)), 5, behind)
    assert np.abs(found.alpha / 255 - alpha)[150:165].mean() < 0.03
    assert np.abs(found.alpha / 255 - alpha).mean() < 0.02


def test_rembg_suggests_a_name_and_never_sends_pictures_away() -> None:
    with pytest.raises(DancekitError, match="u2net_human_seg"):
        rembg.open_session("u2net_human_sag")
    from rembg.sessions import sessions_class

    for session in sessions_class:
        if not session.is_local():
            with pytest.raises(DancekitError, match="runs here"):
                rembg.open_session(session.name())


def test_rembg_is_there_at_once_and_numba_goes_on_compiling() -> None:
    with pytest.raises(DancekitError, match="nobody"):
        rembg.open_session("nobody")
    from numba import njit
    from numba.core.dispatcher import Dispatcher
    from pymatting.util import kdtree

    assert not any(isinstance(each, Dispatcher) for each in vars(kdtree).values()), "these take half a minute"
    assert isinstance(njit(lambda: 0), Dispatcher)


def test_rembg_names_network_and_folder_when_it_cannot_be_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import pooch

    def unreachable(*arguments: object, **options: object) -> None:
        raise ConnectionError("no route to host")

    monkeypatch.setenv("U2NET_HOME", str(tmp_path))
    monkeypatch.setattr(pooch, "retrieve", unreachable)
    with pytest.raises(WeightsError, match="u2netp") as raised:
        rembg.open_session("u2netp")
    assert str(tmp_path) in raised.value.hint


def test_rembg_says_in_few_words_that_there_is_no_connection(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import pooch
    import requests

    def unreachable(*arguments: object, **options: object) -> None:
        raise requests.ConnectionError("HTTPSConnectionPool(host='github.com', port=443): Max retries exceeded")

    monkeypatch.setenv("U2NET_HOME", str(tmp_path))
    monkeypatch.setattr(pooch, "retrieve", unreachable)
    with pytest.raises(WeightsError, match="u2netp") as raised:
        rembg.open_session("u2netp")
    assert raised.value.problem.endswith(" cannot be fetched, as there is no connection.")
    assert str(tmp_path) in raised.value.hint


def test_rembg_says_when_a_file_is_damaged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("U2NET_HOME", str(tmp_path))
    (tmp_path / "u2netp.onnx").write_bytes(b"not a network")
    with pytest.raises(WeightsError, match="u2netp"):
        rembg.open_session("u2netp")


@pytest.mark.parametrize("box", [(3, 5, 30, 90), (100, 61, 160, 120), (57, 33, 61, 40)])
def test_the_pose_models_mask_is_kept_where_the_person_is(box: tuple[int, int, int, int]) -> None:
    from dancekit.pose.mediapipe import _pack

    left, top, right, bottom = box
    soft = np.zeros((120, 160, 1), np.float32)
    soft[top:bottom, left:right] = 0.8
    mask, (x0, y0, x1, y1) = _pack(soft, 240, 320)
    assert mask is not None
    around = 4 + (bottom - top) // 32
    assert (x0, y0) == (2 * max(0, left - around), 2 * max(0, top - around))
    assert (x1, y1) == (2 * min(160, right + around), 2 * min(120, bottom + around))
    assert mask.shape == ((y1 - y0) // 2, (x1 - x0) // 2)
    assert (mask == cv2.convertScaleAbs(soft[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2, 0], alpha=255.0)).all()
    assert _pack(np.zeros_like(soft), 240, 320) == (None, (0, 0, 0, 0)), "nobody"


def real_study(name: str, count: int = 6) -> tuple[ClipStudy, list[np.ndarray]]:
    """A real film's samples with the pose model's masks; skips where the film is absent."""
    path = CLIPS / f"{name}.mp4"
    if not path.is_file():
        pytest.skip(f"{path} is absent: real films are not part of the project")
    from dancekit.io import video
    from dancekit.pose.mediapipe import Detector

    info = video.probe(path)
    times = tuple(int((index + 0.5) * min(info.frames, 120) / count) for index in range(count))
    frames = [next(video.read_frames(info, time, time + 1)) for time in times]
    detector, masks = Detector(info), []
    for time, frame in zip(times, frames, strict=True):
        mask = np.zeros(frame.shape[:2], np.uint8)
        for seen in detector.detect(time, frame)[:1]:
            left, top, right, bottom = seen.box
            if seen.mask is not None:
                mask[top:bottom, left:right] = cv2.resize(seen.mask, (right - left, bottom - top))
        masks.append(mask)
    detector.close()
    points = np.zeros((info.frames, 33, 3), np.float32)
    track = PoseTrack(points, (info.width, info.height), info.fps)
    return ClipStudy(tuple(frames), tuple(masks), times, track), frames


@pytest.mark.parametrize(
    ("name", "expected"),
    [("green_man", True), ("green_axe", True), ("taiji_man", False), ("room_dancer", False), ("drive_pink", False),
     ("drive_seaside", False), ("drive_duck", False)],
)  # fmt: skip
def test_screens_of_real_films(name: str, expected: bool) -> None:
    study, _ = real_study(name)
    assert (find_screen(study.frames, study.masks) is not None) is expected


@pytest.mark.parametrize("name", ["green_man", "green_axe"])
def test_real_people_come_off_their_screen_without_green(name: str) -> None:
    study, frames = real_study(name)
    backend = greenscreen.Matte(study)
    box = np.array([0, 0, *study.track.size], np.float32)
    found = finished(backend.cut(study.times[2], frames[2], study.masks[2], box))
    share = found.alpha.astype(np.float32)[..., None] / 255
    over = share * found.colour + (1 - share) * 255
    assert 0.05 < share.mean() < 0.5
    assert np.percentile(difference(over.astype(np.float32), 1), 99.5) < 25
    certain = (found.alpha == 0) | (found.alpha == 255)
    assert certain.mean() > 0.97
