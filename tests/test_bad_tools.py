"""The computer is in the way: a full disk, closed doors, no ffmpeg, a wrong model; one message, and nothing is lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import dancekit
from trouble import closed, contents, kept, no_file_over, powerless, refused, tiny_disk, within

from dancekit import doctor
from dancekit.errors import WorkspaceError
from dancekit.io import clips
from dancekit.io.access import refuse_unwritable

ROOT = Path(__file__).resolve().parents[1]
TRAIN = ("train", "me", "--restart", "--recipe", "tiny", "--set", "steps=4", "--set", "precision=float32",
         "--set", "unpaired.enabled=false")  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- full disk


@pytest.mark.parametrize(("size", "file"), [(4_000, "seen-"), (400_000, "frames.pack")])
def test_prepare_on_a_disk_that_fills_up_goes_on_when_there_is_room(
    films: Path, home: Path, size: int, file: str
) -> None:
    with kept(home):
        said = refused("prepare", films / "driver.mp4", home=home, through=no_file_over(size))
    assert "the disk is full" in said
    assert file in said
    assert "Free some space and run the same command again" in said
    assert not (home / "me" / "clips" / "driver").exists()
    with kept(home / "me" / "clips" / "subject"):
        within("prepare", films / "driver.mp4", home=home)
    assert clips.load(home / "me" / "clips" / "driver").used.any()
    assert not list((home / "me" / "clips").glob(".*"))


def test_a_disk_without_room_for_a_single_word_is_not_blamed_on_the_film(films: Path, home: Path) -> None:
    with kept(home, exactly=True):
        said = refused("prepare", films / "driver.mp4", home=home, through=no_file_over(60))
    assert "work.json: the disk is full" in said


@pytest.mark.parametrize(("size", "file"), [(60_000, ".before"), (1_000_000, "state.safetensors")])
def test_train_on_a_disk_that_fills_up_keeps_what_was_learnt(home: Path, size: int, file: str) -> None:
    with kept(home, exactly=True):
        said = refused(*TRAIN, home=home, through=no_file_over(size))
    assert f"{home / 'me' / file}: the disk is full" in said
    assert "Free some space and run the same command again" in said


def test_transfer_on_a_disk_that_fills_up_keeps_the_film_that_was_there(
    films: Path, home: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    wish = ("transfer", films / "driver.mp4", "--end", "0.2", "--out", out)
    within(*wish, home=home)
    with kept(home, out, exactly=True):
        said = refused(*wish, "--bg", "pink", "--size", "720x960", home=home, through=no_file_over(15_000))
    assert "the disk is full" in said
    assert "Free some space" in said


@pytest.mark.parametrize("verb", ["prepare", "train", "transfer"])
def test_a_disk_without_room_is_named_by_every_verb(films: Path, home: Path, tmp_path: Path, verb: str) -> None:
    room = {"prepare": 60_000, "train": 300_000, "transfer": 0}[verb]
    before, harvest = contents(home), tmp_path / "harvest"
    commands = {
        "prepare": ("prepare", films / "driver.mp4"),
        "train": TRAIN,
        "transfer": ("transfer", films / "driver.mp4", "--end", "0.8", "--size", "960x1280", "--out", home / "out.mp4"),
    }
    size = sum(-(-len(data) // 4096) * 4096 for data in before.values()) + 4096 * 20 + room
    said = refused(*commands[verb], home=home, through=tiny_disk(home, size, harvest))
    assert "the disk is full" in said
    assert "Free some space" in said
    after = contents(harvest)
    assert {name for name, data in before.items() if after.get(name) != data} == set()


# -------------------------------------------------------------------------------------------------------- closed doors


def test_prepare_where_nothing_may_be_written_names_the_place(films: Path, home: Path) -> None:
    with kept(home, exactly=True), closed(home):
        said = refused("prepare", films / "driver.mp4", "--as", "anna", home=home, through=powerless())
    assert f"{home}" in said
    assert "cannot be written (Permission denied)" in said
    assert "--home" in said


def test_train_where_nothing_may_be_written_names_the_place(home: Path) -> None:
    with kept(home, exactly=True), closed(home / "me"):
        said = refused(*TRAIN, home=home, through=powerless())
    assert f"{home / 'me'}" in said
    assert "cannot be written (Permission denied)" in said


def test_transfer_where_nothing_may_be_written_names_the_place(films: Path, home: Path, tmp_path: Path) -> None:
    shut = tmp_path / "shut"
    shut.mkdir()
    with kept(home), closed(shut):
        said = refused("transfer", films / "driver.mp4", "--out", "x.mp4", home=home, cwd=shut, through=powerless())
    assert f"{shut}" in said, "not only a dot for the folder that she is in"
    assert "cannot be written (Permission denied)" in said
    assert "--out FOLDER/name.mp4" in said


def test_evaluate_where_nothing_may_be_written_says_so_before_it_measures(home: Path) -> None:
    with kept(home, exactly=True), closed(home / "me"):
        said = refused("evaluate", "me", home=home, through=powerless())
    assert f"{home / 'me' / 'report.html'}: cannot be written (Permission denied)" in said


@pytest.mark.parametrize("missing", ["", "dance"])
def test_doctor_finds_that_nothing_may_be_written(tmp_path: Path, missing: str) -> None:
    home = tmp_path / "shut" / missing
    (tmp_path / "shut").mkdir()
    with kept(tmp_path, exactly=True), closed(tmp_path / "shut"):
        said = dancekit("doctor", "--json", home=home, status=1, through=powerless()).json
    (disk,) = [finding for finding in said["findings"] if finding["name"] == "disk"]
    assert not disk["fine"]
    assert disk["what"] == f"{home}: cannot be written (Permission denied)."
    assert "--home" in disk["cure"]


def test_a_file_in_the_place_of_a_folder_is_nothing_to_write_into(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    refuse_unwritable(tmp_path / "new" / "dance")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"], "nothing is left of the attempt"
    for place in ("notes.txt", "notes.txt/dance"):
        with pytest.raises(WorkspaceError, match=r"notes\.txt: this is a file, not a folder"):
            refuse_unwritable(tmp_path / place)


@pytest.mark.parametrize("file", ["person.json", "person.safetensors"])
def test_a_person_who_may_not_be_read_is_not_called_damaged(films: Path, home: Path, tmp_path: Path, file: str) -> None:
    with closed(home / "me" / file, 0):
        said = refused("transfer", films / "driver.mp4", home=home, cwd=tmp_path, through=powerless())
    assert f"{home / 'me' / file}: no permission to read this file" in said
    assert "damaged" not in said


def test_a_home_that_is_a_file_stays_a_file(films: Path, tmp_path: Path) -> None:
    home = tmp_path / "dance"
    home.write_text("shopping list")
    with kept(tmp_path, exactly=True):
        said = refused("prepare", films / "driver.mp4", home=home)
        assert f"{home}: this is a file, not a folder." in said
        assert "There is no person 'me'" in refused("train", "me", home=home)


# ---------------------------------------------------------------------------------------------------- no ffmpeg, model


@pytest.mark.parametrize("verb", ["prepare", "transfer"])
def test_without_ffmpeg_it_is_said_how_to_get_it(films: Path, home: Path, tmp_path: Path, verb: str) -> None:
    with kept(home, exactly=True):
        said = refused(verb, films / "driver.mp4", home=home, cwd=tmp_path,
                       env={"IMAGEIO_FFMPEG_EXE": str(tmp_path / "nowhere")})  # fmt: skip
    assert "ffmpeg could not be started" in said
    assert "pip install --force-reinstall imageio-ffmpeg" in said
    assert "IMAGEIO_FFMPEG_EXE" in said


def test_doctor_finds_that_ffmpeg_is_missing(tmp_path: Path) -> None:
    said = dancekit("doctor", "--json", home=tmp_path, status=1, env={"IMAGEIO_FFMPEG_EXE": str(tmp_path / "nowhere")})
    assert not said.json["healthy"]
    bad = [finding for finding in said.json["findings"] if not finding["fine"]]
    assert [finding["name"] for finding in bad if "ffmpeg" in finding["name"]] == ["ffmpeg"]
    assert all(finding["cure"] for finding in bad)


@pytest.mark.parametrize(
    ("module", "fails", "names", "cure"),
    [
        ("torch", OSError("WinError 126"), ["device", "people"], "pip install --force-reinstall torch"),
        ("cv2", ImportError("libGL.so.1: no such file"), ["opencv-python", "people"], "pip install --force-reinstall"),
        ("yaml", ModuleNotFoundError("No module named 'yaml'"), ["weights"], "pip install -c constraints.txt"),
    ],
)
def test_a_broken_package_is_found_by_doctor_and_told_of_by_others(
    module: str, fails: Exception, names: list[str], cure: str, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / f"{module}.py").write_text(f"raise {fails!r}")
    broken = {"PYTHONPATH": str(tmp_path / "broken")}
    said = dancekit("doctor", "--json", home=home, status=1, env=broken).json
    found = {finding["name"]: finding for finding in said["findings"]}
    for name in names:
        assert not found[name]["fine"]
        assert str(fails) in found[name]["what"]
        assert cure in found[name]["cure"]
    assert found["Python"]["fine"]
    assert found["disk"]
    with kept(home, exactly=True):
        said = refused("train", "me", "--restart", "--recipe", "tiny", home=home, env=broken)
    assert f"A package cannot be loaded: {fails}" in said
    assert "dancekit doctor" in said


@pytest.mark.parametrize("error", [OSError("WinError 126"), RuntimeError("compiled for another NumPy")])
def test_doctor_tells_of_a_package_that_is_broken(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Iterator[doctor.Finding]:
        yield doctor.Finding("device", "a GPU")
        raise error

    monkeypatch.setattr(doctor, "_device", fail)
    said = within("doctor", "--json", home=tmp_path, status=1).json["findings"]
    first, second = (finding for finding in said if finding["name"] == "device")
    assert first["fine"]
    assert second["what"] == f"cannot be looked at ({type(error).__name__}: {error})"
    assert "pip install --force-reinstall torch" in second["cure"]


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of dancekit whose pose model is not the right one."""
    folder = tmp_path_factory.mktemp("spoilt")
    shutil.copytree(ROOT / "dancekit", folder / "dancekit", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "models", folder / "models")
    model = folder / "models" / "pose_landmarker_full.task"
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    return folder


def test_a_model_with_a_wrong_checksum_is_not_used(films: Path, home: Path, spoilt: Path) -> None:
    with kept(home):
        said = refused("prepare", films / "driver.mp4", home=home, cwd=spoilt, env={"PYTHONSAFEPATH": ""})
    assert f"{spoilt / 'models' / 'pose_landmarker_full.task'}: damaged or not the right file" in said
    assert "73fb5a2f24ab" in said
    assert "install it again" in said
    findings = {f["name"]: f for f in dancekit("doctor", "--json", home=home, cwd=spoilt, status=1).json["findings"]}
    assert not findings["weights pose_landmarker_full"]["fine"]
    assert findings["weights vgg16_edges"]["fine"]


def test_fetched_weights_with_a_wrong_checksum_are_not_used(home: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "vgg19-dcbb9e9d.pth").write_bytes(b"not what it says")
    wish = ("train", "me", "--restart", "--recipe", "tiny", "--set", "perceptual.trunk=vgg19")
    with kept(home, cache, exactly=True):
        said = refused(*wish, home=home, env={"DANCEKIT_CACHE": str(cache)})
    assert f"{cache / 'vgg19-dcbb9e9d.pth'}: damaged or not the right file" in said
    assert "dancekit doctor --fetch vgg19" in said


def test_unknown_weights_and_devices_are_named(home: Path) -> None:
    said = refused("doctor", "--fetch", "vgg91", home=home)
    assert "There are no weights called 'vgg91'" in said
    assert "Did you mean 'vgg19'?" in said
    said = refused("train", "me", "--device", "meta", home=home)
    assert "--device meta: PyTorch cannot use this device here" in said


def test_the_wrappers_really_bind(tmp_path: Path) -> None:
    """These tests would prove nothing if the disk were not full and the doors not closed."""
    write = f"import pathlib; pathlib.Path({str(tmp_path / 'x')!r}).write_bytes(bytes(5000))"
    full = subprocess.run(
        [*no_file_over(1000), sys.executable, "-c", write], capture_output=True, text=True, check=False
    )
    assert "File too large" in full.stderr
    with closed(tmp_path):
        shut = subprocess.run([*powerless(), sys.executable, "-c", f"open({str(tmp_path / 'y')!r}, 'w')"],
                              capture_output=True, text=True, check=False)  # fmt: skip
    assert "Permission denied" in shut.stderr


def test_types_are_checked_without_fetching_a_program_for_it() -> None:
    """pyright runs in Node, which it fetches by itself where none is installed with it."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["dev"]
    assert [one for one in wanted if one.startswith("pyright[nodejs]")]
    assert "\nnodejs-wheel-binaries==" in (ROOT / "constraints.txt").read_text("utf-8")
