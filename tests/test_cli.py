"""The command line by itself: help that teaches, one JSON object when asked, and nothing heavy before there is work."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from conftest import Danced, dancekit, within
from typer.main import get_command
from typer.testing import CliRunner

import dancekit as package
from dancekit import bench, plugins
from dancekit.cli import app
from dancekit.io import video, zoo
from dancekit.judge import Scores
from dancekit.options import moment
from dancekit.soundness import Soundness
from dancekit.study import Options
from dancekit.types import VideoInfo

COMMANDS = get_command(app).commands  # type: ignore[attr-defined]
VERBS = sorted(COMMANDS)


def helped(*arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments, "--help"], env={"COLUMNS": "100"})
    assert done.exit_code == 0
    return done.stdout


def test_the_seven_verbs_are_there() -> None:
    assert {"prepare", "train", "transfer", "evaluate", "demo", "doctor", "bench"} <= set(VERBS)


def test_help_shows_the_three_commands_in_order_and_every_verb() -> None:
    said = helped()
    places = [said.index(f"dancekit {verb}") for verb in ("prepare", "train", "transfer", "demo")]
    assert places == sorted(places)
    assert all(f"\n  {verb} " in said for verb in VERBS)
    bare = dancekit(status=None)
    assert (bare.stdout + bare.stderr).split() == dancekit("--help").stdout.split(), "no arguments show the help"


def test_the_list_of_commands_is_not_cut_short() -> None:
    said = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).stdout
    lines = said.partition("Commands:\n")[2].splitlines()
    assert len(lines) == len(VERBS)
    assert all(line.endswith(".") and not line.endswith("...") for line in lines)


def test_hints_name_the_workspace_that_was_named(tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    said = dancekit("train", "me", home=elsewhere, status=1).stderr
    assert f"dancekit prepare --home '{elsewhere}' myclip.mp4 --as me" in said
    assert "--home" not in dancekit("train", "me", cwd=tmp_path, status=1).stderr


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_teaches(verb: str) -> None:
    said = helped(verb)
    assert f"Example: dancekit {verb}" in said
    assert (COMMANDS[verb].help or "").strip()
    for parameter in COMMANDS[verb].params:
        if parameter.name != "help":
            assert len(parameter.help or "") > 5, f"{verb} {parameter.name}"
    assert {"--home", "--json"} <= {option for parameter in COMMANDS[verb].params for option in parameter.opts}
    drawn = verb in ("demo", "pretrain")
    assert ("DANCEKIT_HOME" in said) != drawn, "what is drawn does not mix with the user's own"


@pytest.mark.parametrize("family", ["matting", "pose"])
def test_help_tells_what_every_backend_is_without_running_it(family: str) -> None:
    said, described = " ".join(helped("prepare").split()), plugins.described(family)
    assert sorted(described) == plugins.names(family)
    for name, what in described.items():
        assert what == plugins.load(family, name).DESCRIPTION
        assert f"{name}: {what}" in said


def test_help_names_every_recipe() -> None:
    said = " ".join(helped("train").split())
    assert f"auto: as suits the machine; {', '.join(zoo.recipes())}, or a .yaml file." in said


def test_help_has_a_short_name() -> None:
    assert helped("train") == CliRunner().invoke(app, ["train", "-h"], env={"COLUMNS": "100"}).stdout


def test_version_is_that_of_the_package() -> None:
    assert dancekit("--version").stdout == f"dancekit {package.__version__}\n"
    assert package.__version__ == importlib.metadata.version("dancekit")


@pytest.mark.parametrize(
    "arguments", [["dance"], ["prepare"], ["train", "--recipes", "tiny"], ["demo", "--minutes", "0"]]
)
def test_what_was_mistyped_is_shown_with_the_way_to_help(arguments: list[str], tmp_path: Path) -> None:
    outcome = dancekit(*arguments, status=2, cwd=tmp_path)
    assert "--help" in outcome.stderr
    assert not outcome.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("0", 0), ("75.5", 75.5), ("1:15.5", 75.5), ("0:07", 7), ("61", 61), ("1:02:03", 3723), (2.5, 2.5)],
)
def test_times_are_given_in_seconds_or_as_players_show_them(given: str | float, seconds: float) -> None:
    assert moment(given) == seconds


@pytest.mark.parametrize("given", ["x", "1:75", "-1", "nan:3", "1:2:3:4", "1:-5", "", "1:", "1.5:3"])
def test_what_is_no_time_is_refused(given: str) -> None:
    with pytest.raises(typer.BadParameter, match="no time in a film"):
        moment(given)


@pytest.mark.parametrize(
    "arguments",
    [
        ["prepare", "film.mp4", "--end", "inf"],
        ["transfer", "film.mp4", "--start", "nan"],
        ["train", "--minutes", "inf"],
        ["train", "--seed", "-1"],
        ["train", "--seed", str(2**64)],
        ["demo", "--minutes", "nan"],
        ["demo", "--subject-seconds", "inf"],
        ["demo", "--driver-seconds", "nan"],
        ["bench", "--seconds", "inf"],
        ["ablate", "--dance-seconds", "nan"],
        ["ablate", "--subject-seconds", "inf"],
    ],
)
def test_numbers_that_nobody_can_count_with_are_refused(arguments: list[str], tmp_path: Path) -> None:
    said = within(*arguments, home=tmp_path / "dance", status=2).stderr
    assert f"Invalid value for '{arguments[-2]}'" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "problem", "of"),
    [
        (["train", "--recipes", "tiny"], "No such option: --recipes", "train --help"),
        (["prepare"], "Missing argument", "prepare --help"),
        (["train", "--seed", "-1"], "Invalid value for '--seed'", "train --help"),
        (["dance"], "No such command 'dance'", "--help"),
        (["transfer", "my", "ballet.mp4"], "by --as NAME. A name with spaces needs quotes.", "transfer --help"),
    ],
)
def test_what_was_mistyped_is_one_json_object_too(arguments: list[str], problem: str, of: str, tmp_path: Path) -> None:
    outcome = dancekit(*arguments, "--json", status=2, cwd=tmp_path)
    assert set(outcome.json) == {"error", "hint"}
    assert problem in outcome.json["error"]
    assert outcome.json["hint"].startswith("See: ")
    assert outcome.json["hint"].endswith(f"dancekit {of}")
    assert outcome.json["error"] in outcome.stderr, "and for people as ever"


@pytest.mark.parametrize("place", ["nan,3", "3,inf", "3"])
def test_a_place_is_two_numbers(place: str, tmp_path: Path) -> None:
    said = within("prepare", "film.mp4", "--pick", place, home=tmp_path / "dance", status=1).stderr
    assert f"--pick {place}: this is not a place" in said


@pytest.mark.parametrize("place", ["evaluate.evaluate", "bench.measure", "train.train"])
def test_what_keeps_nothing_does_not_say_that_it_goes_on(
    place: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*given: Any) -> None:
        next(one for one in given if getattr(one, "__name__", "") == "progress")("working", 1, 2)
        raise KeyboardInterrupt

    monkeypatch.setattr(f"dancekit.{place}", stop)
    verb = place.partition(".")[0]
    said = within(verb, home=home, status=130).stderr.splitlines()[-1]
    assert "to go on" in said if verb == "train" else said == "Stopped."


HEAVY = ("torch", "mediapipe", "cv2", "numpy", "rembg", "safetensors", "yaml")


def test_nothing_heavy_is_loaded_before_there_is_work() -> None:
    program = f"import sys, dancekit.cli; print(sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_and_usage_errors_load_nothing_heavy_either() -> None:
    program = (
        "import sys, dancekit.cli\n"
        "try: dancekit.cli.main()\n"
        f"finally: print(sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)"
    )
    for arguments in (["train", "--help"], ["prepare"]):
        done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
        assert done.stderr.strip().splitlines()[-1] == "[]"


# ----------------------------------------------------------------------------------------------------------------- JSON


def test_prepare_and_train_print_one_json_object(films: Path, home: Path) -> None:
    made = dancekit("prepare", films / "driver.mp4", "--as", "anna", "--json", home=home).json
    assert made["person"] == "anna"
    clip = made["clips"][0]
    assert (clip["name"], clip["frames"]) == ("driver", 40)
    assert Path(clip["sheet"]).is_file()
    assert clip["verdict"]
    trained = dancekit("train", "me", "--json", home=home).json
    assert (trained["person"], trained["steps"], trained["finished"]) == ("me", 40, True)


def test_transfer_prints_one_json_object(danced: Danced) -> None:
    assert danced.json["frames"] == 40
    assert danced.film.is_file()


def test_evaluate_prints_one_json_object(trained_home: Path, films: Path) -> None:
    driver = films / "driver.mp4"
    said = within("evaluate", "me", "--driver", driver, "--json", home=trained_home).json
    known = {field.name for kind in (Scores, Soundness) for field in fields(kind)}
    for entry in ("model", "nearest", "stage1"):
        assert known - {"lpips", "kid", "fid"} <= set(said[entry]) <= known, "those need weights that are not bundled"
        assert set(said[entry]) > {"ssim", "ssim_box", "perceptual", "alpha", "flicker"}
        assert 0 < said[entry]["ssim_box"] < said[entry]["ssim"] < 1, "the empty part is easy"
        assert said[entry]["perceptual"] > 0
    for entry in ("model", "nearest", "stage1", "floor"):
        assert 0 < said[entry]["ssim"] <= 1
        assert said[entry]["trunk_frechet"] >= 0
    for entry in ("model", "nearest", "stage1", "film"):
        assert 0 <= said[entry]["pck"] <= 1
    assert said["frames"] > 10
    (driven,) = said["drivers"]
    assert (driven["driver"], driven["frames"]) == (str(driver), 40)
    assert driven["film_pck"] > 0.9
    assert 0 <= driven["bone_holes"] < 1


def test_bench_measures_every_part_of_the_first_seconds_of_a_film_beside_what_limits_it(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bench._PART.end == 12.0
    assert "first 12 seconds" in " ".join(helped("bench").split())
    assert bench.cut(video.probe(films / "driver.mp4"), bench._PART).frames == 40, "all of a shorter one"
    monkeypatch.setattr(bench, "_PART", Options(end=0.8))
    read, real = set(), video.read_frames

    def watched(info: VideoInfo, *others: Any, **options: Any) -> Generator[np.ndarray]:
        read.add(info.frames)
        return real(info, *others, **options)

    monkeypatch.setattr(video, "read_frames", watched)
    quick = ("--recipe", "tiny", "--set", "steps=4", "--seconds", "0.1")
    said = within("bench", films / "driver.mp4", *quick, "--json", home=tmp_path / "none").json
    assert (said["frames"], said["recipe"]) == (20, "tiny")
    assert read == {20}, "of the film's 40"
    assert said["matrix_gigaflops"] > 0
    paces = {pace["part"].strip(): pace for pace in said["paces"]}
    assert all(pace["rate"] > 0 for pace in paces.values())
    for part in ("prepare", "training, stage I", "training, stage II", "transfer"):
        assert paces[part]["share"] > 0, "each beside a reference"
        assert paces[part]["gigabytes"] > 0
    stages = [paces[f"training, {name}"] for name in ("stage I", "stage II", "the face")]
    shares, together = [pace["share"] for pace in stages], paces["training, all stages"]
    assert min(shares) <= together["share"] <= max(shares)
    parts = [pace["rate"] for name, pace in paces.items() if name.startswith("transfer: ")]
    assert paces["transfer"]["share"] == pytest.approx(paces["transfer"]["rate"] / min(parts))
    assert 0.3 < paces["cores at work, transfer"]["rate"] <= 1.05 * (os.cpu_count() or 1)
    assert not (tmp_path / "none").exists(), "it works in a folder of its own"


def test_bench_of_a_person_measures_training_alone_and_leaves_her_as_she_is(home: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    quick = ("--recipe", "tiny", "--set", "steps=4", "--seconds", "0.1")
    said = within("bench", "--person", "me", *quick, "--json", home=home).json
    paces = {pace["part"].strip(): pace for pace in said["paces"]}
    assert paces["training, stage I"]["share"] > 0
    assert paces["training, stage II"]["share"] > 0
    assert not any(name.startswith(("prepare", "transfer")) for name in paces)
    assert before == {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    both = within("bench", "film.mp4", "--person", "me", home=home, status=1)
    assert "Either a film or a person" in both.stderr
    assert "anna" in within("bench", "--person", "anna", home=home, status=1).stderr


def test_doctor_prints_one_json_object_and_looks_at_every_person(home: Path) -> None:
    shutil.copytree(home / "me", home / "anna")
    (home / "anna" / "person.json").write_text("{")
    outcome = within("doctor", "--json", home=home, status=1)
    found = {finding["name"]: finding for finding in outcome.json["findings"]}
    assert not outcome.json["healthy"]
    assert found["ffmpeg"]["fine"]
    assert found["person me"]["fine"]
    assert "trained with tiny" in found["person me"]["what"]
    assert not found["person anna"]["fine"]
    assert "person.json" in found["person anna"]["what"]
    assert "dancekit train anna" in found["person anna"]["cure"]
    assert {"Python", "packages", "device", "disk", "weights vgg19"} <= set(found)


def test_where_nobody_is_named_the_only_person_is_meant(home: Path) -> None:
    (home / "me").rename(home / "anna")
    assert within("train", "--json", home=home).json["person"] == "anna"
    shutil.copytree(home / "anna", home / "ben")
    assert "There is no person 'me'" in within("train", "--json", home=home, status=1).json["error"]


def test_what_goes_wrong_is_one_json_object_too(tmp_path: Path) -> None:
    outcome = within("train", "anna", "--json", home=tmp_path / "dance", status=1)
    assert set(outcome.json) == {"error", "hint"}
    assert "There is no person 'anna'" in outcome.json["error"]
    assert f"Error: {outcome.json['error']}\n       {outcome.json['hint']}\n" == outcome.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_result_goes_where_stdout_goes_though_bars_are_drawn_on_a_terminal(
    options: list[str], tmp_path: Path
) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "dancekit", "doctor", *options, "--home", str(tmp_path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, encoding="utf-8", timeout=120)
    os.close(theirs)
    os.close(ours)
    found = [one["name"] for one in json.loads(done.stdout)["findings"]] if options else done.stdout
    assert "ffmpeg" in found


def test_letters_that_stdout_cannot_write_do_no_harm(tmp_path: Path) -> None:
    film = tmp_path / "\u30c0\u30f3\u30b9.mp4"
    film.write_bytes(b"no film")
    for options in ([], ["--json"]):
        said = dancekit("prepare", film, *options, home=tmp_path / "dance", status=1,
                        env={"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"})  # fmt: skip
        assert "Traceback" not in said.stderr
    assert str(film) in said.json["error"]


def test_a_process_of_its_own_fails_just_like_a_call_within_this_one(tmp_path: Path) -> None:
    arguments = ["train", "anna", "--home", str(tmp_path / "dance")]
    inside, outside = CliRunner().invoke(app, arguments), dancekit(*arguments, status=None)
    assert (inside.exit_code, inside.stdout, inside.stderr) == (outside.status, outside.stdout, outside.stderr)
    assert outside.status == 1


def test_home_can_come_from_the_environment(tmp_path: Path) -> None:
    said = dancekit("train", "anna", status=1, env={"DANCEKIT_HOME": str(tmp_path / "here")}).stderr
    assert f"in {tmp_path / 'here'}" in said
