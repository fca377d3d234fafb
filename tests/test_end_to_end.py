"""The drawn dancer, and real people where films of them exist, through the real commands from film to film."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from conftest import SMALL, Danced, within
from sound import heard

from dancekit import demo, scenes
from dancekit.core.stagecraft import random_track
from dancekit.errors import ClipError
from dancekit.io import clips, encode, ffmpeg, video
from dancekit.io.workspace import Workspace
from dancekit.pose import keypoints
from dancekit.study import Options, find_moves
from dancekit.types import Progress, VideoInfo

# The trained people of these tests have had forty steps: their alpha is hardly past the half it begins with.
SOMEBODY = 64


@pytest.fixture(scope="module")
def stage(trained_home: Path, danced: Danced, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the trained workspace in which the driver's moves are known already."""
    return shutil.copytree(trained_home, tmp_path_factory.mktemp("stage") / "dance")


def transferred(home: Path, driver: Path, out: Path, *options: object) -> dict:
    return within("transfer", driver, "--out", out, "--json", *options, home=home).json


def decoded(film: Path, *decoder: str) -> np.ndarray:
    """All frames with alpha, uint8 [T, H, W, 4]."""
    info = video.probe(film)
    raw, said, status = ffmpeg.run(
        ["-v", "error", *decoder, "-i", str(film), "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    )
    assert not status, said
    return np.frombuffer(raw, np.uint8).reshape(-1, info.height, info.width, 4)


def clicks(film: Path, fps: Fraction) -> list[float]:
    """Frames, counted from the first, at which silence ends."""
    sound = np.abs(heard(film))
    loud = sound > 0.25 * sound.max()
    before = np.convolve(loud, np.ones(4410))[: len(loud)] - loud
    return [float(place / 44100 * fps) for place in np.flatnonzero(loud & (before < 0.5))]


def alike(one: VideoInfo, other: VideoInfo) -> bool:
    """Whether two films have the same rate, length, size and sound."""
    return (one.fps, one.frames, one.width, one.height, one.has_sound) == (
        other.fps,
        other.frames,
        other.width,
        other.height,
        other.has_sound,
    )


def test_a_prepared_and_trained_person_is_all_there(trained_home: Path) -> None:
    folder = trained_home / "me"
    clip = clips.load(folder / "clips/subject")
    assert (len(clip.track), clip.track.fps, clip.matte) == (125, 25, "greenscreen")
    assert clip.used.all()
    assert video.read_picture(clip.folder / "sheet.jpg").shape[0] > 200
    card = json.loads((folder / "person.json").read_text())
    assert (card["name"], card["trained"]["steps"], card["stages"]) == ("me", 40, 2)
    assert card["trunk"] == "vgg16_edges", "what stood in for what is recorded"
    assert all(0.02 < reach < 0.3 for reach in card["girth"]), "shares of her height"
    assert {"person.safetensors", "state.safetensors", "log.jsonl"} <= {path.name for path in folder.iterdir()}


def test_the_film_is_the_drivers_in_all_but_the_person(danced: Danced, films: Path) -> None:
    driver, made = video.probe(films / "driver.mp4"), video.probe(danced.film)
    assert alike(made, driver)
    assert made.constant
    assert danced.json["film"] == "me-driver.mp4"
    assert danced.json["frames"] == driver.frames == 40
    fitted = next(note for note in danced.json["notes"] if note.startswith("Fitted to the body of me; "))
    assert fitted.endswith(". That is as it should be; --fit scale keeps the driver's build.")
    assert encode.is_ours(danced.film)
    assert [path.name for path in danced.film.parent.iterdir()] == ["me-driver.mp4"], "and nothing else is left"


def test_the_sound_is_in_step(danced: Danced, films: Path) -> None:
    beats = np.arange(0.0, 1.6, scenes.TEMPO) * 25
    assert clicks(films / "driver.mp4", Fraction(25)) == pytest.approx(beats, abs=1)
    assert clicks(danced.film, Fraction(25)) == pytest.approx(beats, abs=1)


def test_the_same_command_gives_the_same_film(danced: Danced, stage: Path, films: Path, tmp_path: Path) -> None:
    transferred(stage, films / "driver.mp4", tmp_path / "again.mp4")
    assert np.abs(decoded(tmp_path / "again.mp4").astype(int) - decoded(danced.film)).max() <= 2


def test_a_colour_stands_behind(stage: Path, films: Path, tmp_path: Path) -> None:
    transferred(stage, films / "driver.mp4", tmp_path / "a.mp4", "--bg", "#0000ff", "--end", "0.2")
    corners = decoded(tmp_path / "a.mp4")[:, [0, -1]][:, :, [0, -1], :3]
    assert np.abs(corners.astype(int) - [0, 0, 255]).max() <= 8


def test_a_picture_stands_behind(stage: Path, films: Path, tmp_path: Path) -> None:
    beach = np.zeros((90, 160, 3), np.uint8)
    beach[:45], beach[45:] = (200, 120, 40), (60, 180, 220)
    cv2.imwrite(str(tmp_path / "beach.png"), beach)
    options = ("--bg", tmp_path / "beach.png", "--end", "0.2")
    transferred(stage, films / "driver.mp4", tmp_path / "a.mp4", *options)
    shown = decoded(tmp_path / "a.mp4")
    assert shown.shape == (5, SMALL[1], SMALL[0], 4)
    assert np.abs(shown[:, 3, 3, :3].astype(int) - [40, 120, 200]).max() <= 8
    assert np.abs(shown[:, -4, -4, :3].astype(int) - [220, 180, 60]).max() <= 8
    transferred(stage, films / "driver.mp4", tmp_path / "b.mp4", *options, "--size", "background")
    assert video.probe(tmp_path / "b.mp4").width == 160
    assert video.probe(tmp_path / "b.mp4").height == 90


def test_before_a_picture_she_casts_a_shadow(stage: Path, films: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((90, 160, 3), 200, np.uint8))
    options = ("--bg", tmp_path / "wall.png", "--end", "0.2")
    transferred(stage, films / "driver.mp4", tmp_path / "a.mp4", *options)
    transferred(stage, films / "driver.mp4", tmp_path / "b.mp4", *options, "--no-shadow")
    with_it, without = (decoded(tmp_path / name)[..., :3].astype(int).mean((0, 3)) for name in ("a.mp4", "b.mp4"))
    darker = without - with_it
    assert darker.max() > 10
    assert darker[: SMALL[1] // 2].max() < 4, "on the floor only"
    transferred(stage, films / "driver.mp4", tmp_path / "c.mp4", "--bg", "green", "--end", "0.2")
    transferred(stage, films / "driver.mp4", tmp_path / "d.mp4", "--bg", "green", "--end", "0.2", "--no-shadow")
    assert (decoded(tmp_path / "c.mp4") == decoded(tmp_path / "d.mp4")).all(), "a plain colour is for cutting away"


def test_a_film_stands_behind_and_is_looped(stage: Path, films: Path, tmp_path: Path) -> None:
    writer = encode.FilmWriter(tmp_path / "sea.mp4", encode.format_of(Path("sea.mp4"), False), SMALL, Fraction(25))
    for number in range(6):
        writer.write(np.full((SMALL[1], SMALL[0], 3), 40 * number, np.uint8))
    writer.close()
    transferred(stage, films / "driver.mp4", tmp_path / "a.mp4", "--bg", tmp_path / "sea.mp4", "--end", "0.4")
    corner = decoded(tmp_path / "a.mp4")[:, 2, 2, 0].astype(int)
    assert np.abs(corner - [40 * (number % 6) for number in range(10)]).max() <= 6


@pytest.mark.parametrize(("name", "decoder"), [("a.mov", ()), ("a.webm", ("-c:v", "libvpx-vp9"))])
def test_a_transparent_film_is_empty_around_the_person(
    name: str, decoder: tuple[str, ...], stage: Path, films: Path, tmp_path: Path
) -> None:
    transferred(stage, films / "driver.mp4", tmp_path / name, "--bg", "transparent", "--end", "0.4")
    alpha = decoded(tmp_path / name, *decoder)[..., 3]
    assert alpha.shape == (10, SMALL[1], SMALL[0])
    assert alpha[:, :, [0, 4, -4, -1]].max() <= 2
    assert (alpha.max((1, 2)) > SOMEBODY).all(), "somebody is there"
    said = ffmpeg.run(["-i", str(tmp_path / name)])[1]
    assert ("prores" in said and "4444" in said) if name == "a.mov" else "vp9" in said
    assert video.probe(tmp_path / name).has_sound


def test_a_folder_of_pictures_is_transparent(stage: Path, films: Path, tmp_path: Path) -> None:
    command = ("transfer", films / "driver.mp4", "--out", tmp_path / "album", "--bg", "transparent", "--end", "0.4")
    said = within(*command, "--json", home=stage).json
    assert not any("earlier" in note for note in said["notes"])
    again = within(*command, home=stage).stdout
    assert f"An earlier {tmp_path / 'album'} is replaced" in again
    assert f"Next: look at the pictures in {tmp_path / 'album'}\n" in again
    pictures = sorted((tmp_path / "album").glob("*.png"))
    assert [path.name for path in pictures] == [f"{number:06d}.png" for number in range(said["frames"])]
    shown = np.asarray(cv2.imread(str(pictures[5]), cv2.IMREAD_UNCHANGED))
    assert shown.shape == (SMALL[1], SMALL[0], 4)
    assert not shown[:, [0, -1], 3].any()
    assert shown[..., 3].max() > SOMEBODY


def test_a_part_of_the_driver_keeps_its_own_sound(stage: Path, films: Path, tmp_path: Path) -> None:
    transferred(stage, films / "driver.mp4", tmp_path / "a.mp4", "--start", "0.4", "--end", "1.2")
    assert video.probe(tmp_path / "a.mp4").frames == 20
    assert clicks(tmp_path / "a.mp4", Fraction(25)) == pytest.approx([2.5, 15], abs=1)


@pytest.mark.parametrize(("size", "expected"), [("160x120", (160, 120)), ("161x119", (162, 120))])
def test_the_size_that_is_asked_for(
    size: str, expected: tuple[int, int], stage: Path, films: Path, tmp_path: Path
) -> None:
    transferred(stage, films / "driver.mp4", tmp_path / "a.mp4", "--size", size, "--end", "0.2")
    info = video.probe(tmp_path / "a.mp4")
    assert (info.width, info.height) == expected, "films need even sides"


def test_each_fit_draws_her_otherwise(stage: Path, films: Path, tmp_path: Path) -> None:
    seen = {}
    for fit in ("body", "scale", "none"):
        options = ("--fit", fit, "--bg", "transparent", "--end", "0.2")
        said = transferred(stage, films / "driver.mp4", tmp_path / f"{fit}.mov", *options)
        assert any("Fitted to" in note for note in said["notes"]) is (fit == "body")
        seen[fit] = decoded(tmp_path / f"{fit}.mov")[2, ..., 3].astype(int)
        assert seen[fit].max() > SOMEBODY
    assert np.abs(seen["body"] - seen["scale"]).mean() > 0.2
    assert np.abs(seen["body"] - seen["none"]).mean() > 0.2


def test_an_odd_frame_rate_stays_and_sound_stays_in_step(stage: Path, tmp_path: Path) -> None:
    fps = Fraction(30000, 1001)
    scenes.film(scenes.driver(1.6, seed=4, size=SMALL, fps=fps), tmp_path / "ntsc.mp4")
    transferred(stage, tmp_path / "ntsc.mp4", tmp_path / "a.mp4")
    made = video.probe(tmp_path / "a.mp4")
    assert alike(made, video.probe(tmp_path / "ntsc.mp4"))
    assert (made.fps, made.frames, made.constant) == (fps, 48, True)
    beats = np.arange(0.0, 1.6, scenes.TEMPO) * float(fps)
    assert clicks(tmp_path / "a.mp4", fps) == pytest.approx(beats, abs=1)


def test_landmarks_drive_without_a_film(stage: Path, tmp_path: Path) -> None:
    keypoints.write_track(tmp_path / "moves.npz", random_track(np.random.default_rng(0), 12, Fraction(25), SMALL))
    assert transferred(stage, tmp_path / "moves.npz", tmp_path / "a.mp4")["frames"] == 12
    made = video.probe(tmp_path / "a.mp4")
    assert (made.frames, made.fps, made.has_sound) == (12, 25, False)
    part = transferred(stage, tmp_path / "moves.npz", tmp_path / "b.mp4", "--start", "0.2", "--end", "0.4")
    assert part["frames"] == 5
    with pytest.raises(ClipError, match="these are the landmarks of one person"):
        find_moves(tmp_path / "moves.npz", Workspace(stage), Options(pick=(5, 5)))


def test_evaluate_shows_the_person_beside_her_baselines(stage: Path) -> None:
    said = within("evaluate", "me", home=stage).stdout
    for shown in ("nearest", "the first stage alone", "SSIM", "perceptual", "flicker"):
        assert shown in said


def test_demo_goes_all_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ("--recipe", "tiny", "--minutes", "0.1", "--subject-seconds", "4", "--driver-seconds", "1", "--json")
    said = within("demo", *command, home=tmp_path / "demo").json
    assert set(said) == {"video", "scores"}
    assert set(said["scores"]) == {"model", "nearest", "stage1"}
    for scores in said["scores"].values():
        assert all(math.isfinite(value) for value in scores.values())
        assert 0 < scores["ssim"] < 1
    made = video.probe(Path(said["video"]))
    assert alike(made, video.probe(tmp_path / "demo/driver.mp4"))
    assert (made.width, made.height, made.frames, made.fps) == (*scenes.SIZE, 25, scenes.FPS)
    card = tmp_path / "demo" / demo.PERSON / "person.json"
    assert card.is_file()
    longer, asked = (*command[:-2], "1.2", "--json"), list[tuple[str, int, bool]]()

    def film(scene: scenes.Scene, path: Path, progress: Progress) -> Path:
        asked.append((path.name, len(scene), path.exists()))
        return path

    monkeypatch.setattr(demo.scenes, "film", film)
    monkeypatch.setattr(demo.prepare, "prepare_clip", lambda *given: SimpleNamespace(verdict=["Prepared anew."]))
    monkeypatch.setattr(demo.train, "train", lambda *given: SimpleNamespace(finished=False))
    assert "Prepared anew." in within("demo", *longer, home=tmp_path / "demo", status=130).stderr
    assert asked == [("subject.mp4", 100, False), ("driver.mp4", 30, False)], "films of other lengths are drawn anew"
    assert not card.exists(), "and learnt anew"


def test_a_demo_of_other_lengths_is_drawn_and_learnt_anew(tmp_path: Path) -> None:
    person, drawn = Workspace(tmp_path).person(demo.PERSON), ("subject.mp4", "driver.mp4", "dancer/person.json")
    person.folder.mkdir()
    left = []
    for seconds in ((4.0, 1.0), (4.0, 1.0), (4.0, 1.2)):
        demo.forget_others(tmp_path, person, {"seconds": list(seconds), "seed": 0})
        left.append([name for name in drawn if (tmp_path / name).exists()])
        person.folder.mkdir(exist_ok=True)
        for name in drawn:
            (tmp_path / name).touch()
    assert left == [[], list(drawn), []]


@pytest.mark.parametrize(("name", "close"), [("bad_two_people", True), ("drive_duck", False), ("room_dancer", False)])
def test_two_real_people_close_together_are_noticed(name: str, close: bool, real_clips: Path, tmp_path: Path) -> None:
    film = real_clips / f"{name}.mp4"
    said = within("prepare", film, "--end", "3", "--json", home=tmp_path).json["clips"][0]["verdict"]
    assert any("taken for one another" in sentence for sentence in said) is close


@pytest.mark.parametrize(("name", "matte"), [("taiji_man", "landmarker"), ("green_man", "greenscreen")])
def test_real_people_are_found_and_cut_out(name: str, matte: str, real_clips: Path, tmp_path: Path) -> None:
    film = real_clips / f"{name}.mp4"
    rate = video.probe(film).fps
    said = within("prepare", film, "--as", name, "--end", "2", "--json", home=tmp_path).json["clips"][0]
    assert said["matte"] == matte
    assert said["frames"] == said["used"] == round(2 * rate)
    clip = clips.load(tmp_path / name / "clips" / name)
    for time in range(0, said["frames"], 7):
        stored = clip.frames().read(time)
        assert stored is not None
        _, alpha = stored
        share = alpha.mean() / 255
        assert 0.08 < share < 0.6, "a person, not a speck and not the room"
        assert np.mean((alpha < 16) | (alpha > 239)) > 0.9, "mostly certain"
        points = clip.points()[time]
        inside = [alpha[int(y), int(x)] for x, y, sure in points[[11, 12, 23, 24]] if sure > 0.5]
        assert min(inside) > 128, "shoulders and hips belong to the person"


def test_a_real_driver_moves_the_drawn_dancer(stage: Path, real_clips: Path, tmp_path: Path) -> None:
    driver = video.probe(real_clips / "drive_pink.mp4")
    said = transferred(stage, driver.path, tmp_path / "a.mov", "--bg", "transparent", "--end", "1", "--size", "180x320")
    assert said["frames"] == round(driver.fps)
    made = video.probe(tmp_path / "a.mov")
    assert (made.fps, made.frames, made.width, made.height) == (driver.fps, round(driver.fps), 180, 320)
    assert made.has_sound == driver.has_sound
    assert (decoded(tmp_path / "a.mov")[..., 3].max((1, 2)) > SOMEBODY).all()


MEASURED = """
import sys
from pathlib import Path
from dancekit import cli, console

def resident():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])

class Measuring(console.Terminal):
    def progress(self, what, done, total):
        if what == "drawing" and done % 100 == 0:
            print("frame", done, "resident", resident(), file=sys.stderr, flush=True)

console.Terminal = Measuring
cli.main()
"""
LONG = int(os.environ.get("DANCEKIT_LONG", "10000"))
"""Frames of the long film; fewer show a leak sooner."""


def endless(path: Path, frames: int) -> Path:
    """A driver of that many frames: one dance to and fro, as landmarks."""
    track = random_track(np.random.default_rng(1), 250, Fraction(25), SMALL)
    there_and_back = np.concatenate((track.points, track.points[::-1]))
    repeated = np.tile(there_and_back, (-(-frames // len(there_and_back)), 1, 1))[:frames]
    keypoints.write_track(path, track.with_points(repeated))
    return path


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_memory_does_not_grow_with_the_film(stage: Path, films: Path, tmp_path: Path) -> None:
    driver = endless(tmp_path / "long.npz", LONG)
    command = ["transfer", driver, "--bg", films / "driver.mp4", "--out", tmp_path / "a.mp4", "--home", stage]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *map(str, command)], capture_output=True, text=True, timeout=7000, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stderr.splitlines() if line.startswith("frame ")]
    resident = {int(frame): int(kilobytes) / 1024 for _, frame, _, kilobytes in lines}
    assert max(resident) == LONG == video.probe(tmp_path / "a.mp4").frames
    settled = resident[200]
    print(f"MB after 200 frames {settled:.0f}, at the end {resident[LONG]:.0f}, most {max(resident.values()):.0f}")
    assert max(resident.values()) < settled + max(30.0, 0.05 * settled), resident
