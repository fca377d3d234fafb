"""What newcomers ask and get wrong: help that answers, and a line or two that help on before long work begins."""

from __future__ import annotations

import os
import re
import shutil
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import dancekit
from test_cli import helped
from trouble import kept, refused, within

from dancekit import background
from dancekit.errors import ClipError
from dancekit.study import Options, cut
from dancekit.types import VideoInfo


def told(*arguments: str) -> str:
    """Help in one line."""
    return " ".join(helped(*arguments).split())


def test_help_names_colours_that_there_are_and_the_usual_one() -> None:
    named = re.search(
        r"colour \(ff8800, or '#ff8800' in quotes; or ([^)]*), \.\.\.\), or transparent; by default dark blue-grey",
        told("transfer"),
    )
    assert named is not None
    assert set(named[1].split(", ")) <= set(background.COLOURS)
    red, green, blue = background.PLAIN
    assert 128 > blue > green > red > 48, "dark, and bluer than grey"


@pytest.mark.parametrize("verb", ["train", "pretrain", "ablate"])
def test_help_says_that_the_same_command_continues_and_where_settings_are_listed(verb: str) -> None:
    said = told(verb)
    assert "Run it again to continue." in said
    assert "the file of the recipe paper lists them all." in said
    assert (Path(__file__).parents[1] / "models/recipes/paper.yaml").is_file()


@pytest.mark.parametrize("verb", ["prepare", "transfer"])
def test_the_end_of_a_film_needs_no_number(verb: str) -> None:
    assert "--end TIME Where to end, likewise; by default the whole film is used." in told(verb)


def test_what_few_need_comes_late_and_is_called_advanced() -> None:
    said = told("prepare")
    assert said.index("--end ") < said.index("--pose <str> Advanced. ") < said.index("--wild Advanced. ")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["transfer", "me", "ballet.mp4"], "(ballet.mp4). One film at a time; who dances is told by --as NAME."),
        (["train", "me", "you"], "(you). One person at a time. A name with spaces needs quotes."),
        (["doctor", "me"], "(me). A name with spaces needs quotes."),
        (["train", "--minutes", "abc"], "Invalid value for '--minutes': this is not a number."),
        (["train", "--seed", "1.5"], "Invalid value for '--seed': this is not a whole number."),
        (["train", "--seed", "-1"], "Invalid value for '--seed': it must be 0 or more."),
        (["train", "--seed", str(2**40)], f"Invalid value for '--seed': it must be {2**32 - 1} or less."),
        (["transfer", "ballet.mp4", "--fit", "foo"], "Invalid value for '--fit': 'foo' is not one of 'body', 'scale'"),
        (["help"], "No such command 'help'. Write: dancekit --help"),
        (["version"], "No such command 'version'. Write: dancekit --version"),
    ],
)
def test_what_cannot_be_read_is_said_in_plain_words(arguments: list[str], problem: str, tmp_path: Path) -> None:
    outcome = within(*arguments[:1], "--json", *arguments[1:], home=tmp_path, status=2)
    assert problem in outcome.json["error"]
    assert outcome.json["error"] in outcome.stderr


def test_a_colour_that_a_shell_takes_for_a_comment_is_answered_with_how_to_write_it() -> None:
    said = dancekit("transfer", "ballet.mp4", "--bg", status=2).stderr
    assert "Option '--bg' requires an argument. Write a colour as ff8800, or as '#ff8800' in quotes" in said


def test_a_driver_that_is_missing_is_told_of_before_who_dances_is_looked_for(home: Path, tmp_path: Path) -> None:
    (home / "me").rename(home / "anna")
    shutil.copytree(home / "anna", home / "ben")
    (tmp_path / "here").mkdir()
    with kept(home, exactly=True):
        said = refused("transfer", "nope.mp4", home=home, cwd=tmp_path / "here")
        assert "nope.mp4: there is no such file." in said
        assert "Check the name" in said
        said = refused("transfer", "anna", home=home, cwd=tmp_path / "here")
    assert "anna: there is no such film, but a person of this name." in said
    assert "Name the film, and who dances: dancekit transfer ballet.mp4 --as anna" in said


@pytest.mark.parametrize("verb", ["prepare", "transfer"])
def test_a_name_that_no_file_can_have_is_told(verb: str, home: Path, tmp_path: Path) -> None:
    assert f"{'a' * 40}...: this is too long for a file's name" in refused(
        verb, "a" * 300 + ".mp4", home=home, cwd=tmp_path
    )


def test_a_background_that_is_missing_is_told_of_before_who_dances_is_loaded(
    films: Path, home: Path, tmp_path: Path
) -> None:
    for path in (home / "me").glob("*.*"):
        path.unlink()
    said = refused("transfer", films / "driver.mp4", "--bg", "beach.jpg", home=home, cwd=tmp_path)
    assert "--bg beach.jpg: there is no such file, and no such colour." in said


def test_a_network_that_cannot_be_fetched_is_told_before_the_film_is_looked_at(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pooch
    import requests

    def unreachable(*arguments: object, **options: object) -> None:
        raise requests.ConnectionError("no way")

    monkeypatch.setenv("U2NET_HOME", str(tmp_path))
    monkeypatch.setattr(pooch, "retrieve", unreachable)
    wish = ("--matte", "rembg:u2netp")
    said = within("prepare", films / "subject.mp4", *wish, home=tmp_path / "dance", status=1).stderr
    assert "rembg's network 'u2netp' cannot be fetched, as there is no connection." in said
    assert "finding the person" not in said
    assert (
        "finding the person" in within("prepare", films / "subject.mp4", "--end", "2", home=tmp_path / "dance").stderr
    )


@pytest.mark.parametrize(
    ("size", "made"),
    [((4032, 3024), (1920, 1440)), ((3024, 4032), (1440, 1920)), ((1920, 1080), (1920, 1080)), ((160, 90), (160, 90)),
     ((30000, 9), (1920, 2))],
)  # fmt: skip
def test_a_film_in_the_shape_of_a_phones_picture_is_no_larger_than_films_are(
    size: tuple[int, int], made: tuple[int, int]
) -> None:
    assert background.Background(np.zeros((*size[::-1], 1), np.uint8)).size == made


def test_a_person_among_the_films_is_told_how_to_be_named(films: Path, tmp_path: Path) -> None:
    named = "anna: there is no such file. If this is the person's name, write it so: --as anna"
    home = tmp_path / "dance"
    said = " ".join(refused("prepare", "anna", home=home, cwd=tmp_path).split())
    assert named in said
    said = within("prepare", "holiday.mp4", "anna", home=home, cwd=tmp_path, status=1).stderr
    assert f"Left out: {named}\n" in said
    assert said.endswith("What helps is said of each.\n")
    said = within("prepare", "holiday.mp4", "films/party", home=home, cwd=tmp_path, status=1).stderr
    assert "None of these 2 films is any good, see above.\n       What helps is said of each.\n" in said
    assert "--as" not in said


def test_a_film_in_a_persons_place_is_to_be_prepared_first(home: Path) -> None:
    with kept(home, exactly=True):
        said = refused("train", "my clip.mp4", home=home)
    assert "'my clip.mp4' cannot be a person's name." in said
    assert 'prepare it first, with dancekit prepare "my clip.mp4", and then train: dancekit train me' in said


def test_an_end_before_the_start_is_named() -> None:
    film = VideoInfo(Path("film.mp4"), 64, 64, Fraction(25), 250, False)
    with pytest.raises(ClipError, match=r"^film\.mp4: --end 2 is before --start 3\.") as caught:
        cut(film, Options(start=3, end=2))
    assert caught.value.hint == "Both are seconds from the film's beginning."
    assert cut(film, Options(start=2, end=3)).frames == 25


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--only", "foo"], "--only foo: the ladder 'paper' has no such rung"),
        (["--set", "batches=2"], "--set batches=2: there is no setting 'batches'"),
        (["--recipe", "standart"], "There is no recipe 'standart'"),
        (["--ladder", "strangers"], "there are no strangers' poses to learn from"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anybody_is_drawn(
    options: list[str], problem: str, tmp_path: Path
) -> None:
    assert problem in refused("ablate", *options, home=tmp_path / "dance")
    assert not (tmp_path / "dance").exists()


@pytest.mark.parametrize("wish", ["foo", "cuda:x", ""])
def test_a_device_that_nobody_knows_brings_the_list_of_those_there_are(wish: str, tmp_path: Path) -> None:
    said = refused("train", "--device", wish, home=tmp_path)
    assert f"--device {wish}: there is no such device." in said
    assert "Choose auto, cpu, cuda, cuda:1 (the second GPU) or mps (Apple's GPU)." in said


def test_a_file_in_the_place_of_a_folder_is_named(films: Path, tmp_path: Path) -> None:
    home = tmp_path / "notes.txt"
    home.write_text("shopping list")
    with kept(tmp_path, exactly=True):
        for command in (("demo",), ("prepare", films / "driver.mp4"), ("ablate", "--recipe", "tiny")):
            said = refused(*command, home=home)
            assert f"{home}: this is a file, not a folder." in said
            assert "Choose another folder (with --home, or --out for a film); the file stays as it is." in said


HEARS = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
"""Starts a command that Ctrl-C stops: in the background of a shell it would not."""


@pytest.mark.parametrize(
    "then",
    [
        "raise AttributeError(\"module 'numpy' has no attribute 'matrix'\")",
        "raise ImportError('cannot load module more than once per process')",
    ],
)
def test_an_interrupt_that_is_swallowed_while_a_package_is_loaded_stops_the_command(then: str, tmp_path: Path) -> None:
    swallow = "import signal\ntry:\n    signal.raise_signal(signal.SIGINT)\nexcept KeyboardInterrupt:\n    pass\n"
    (tmp_path / "torch.py").write_text(swallow + then)
    through = () if os.name == "nt" else (sys.executable, "-c", HEARS)
    done = dancekit("train", "me", home=tmp_path, status=130, env={"PYTHONPATH": str(tmp_path)}, through=through)
    assert (done.stdout, done.stderr) == ("", "Stopped.\n")


def test_an_interrupt_while_the_command_line_itself_is_loaded_stops_the_command(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("import signal\nsignal.raise_signal(signal.SIGINT)\n")
    through = () if os.name == "nt" else (sys.executable, "-c", HEARS)
    done = dancekit("train", "me", home=tmp_path, status=130, env={"PYTHONPATH": str(tmp_path)}, through=through)
    assert (done.stdout, done.stderr) == ("", "Stopped.\n")
