"""transfer asked for what cannot be: no background, no place for the result, what is not ours; nothing is lost."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from conftest import dancekit
from figures import waving
from trouble import contents, film, kept, performance, powerless, refused, remade, within

from dancekit import begun, transfer
from dancekit.errors import ClipError
from dancekit.io import checkpoint, encode, video
from dancekit.io.workspace import Workspace
from dancekit.types import no_progress


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """An empty folder to run in."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("bg", "problem", "hint"),
    [
        (
            "beach.jpg",
            "--bg beach.jpg: there is no such file, and no such colour",
            "Give a picture, a film, transparent",
        ),
        ("note.jpg", "note.jpg: this is not a picture", "Use a .jpg, .png or .webp picture"),
        ("empty.jpg", "empty.jpg: this is not a picture", "Use a .jpg, .png or .webp picture"),
        ("note.txt", "--bg note.txt: neither a picture nor a film", "If it is a film: copy it from the camera again"),
        ("tune.m4a", "--bg tune.m4a: neither a picture nor a film", "Use a .jpg, .png or .webp picture"),
        ("#12345", "--bg #12345: there is no such file, and no such colour", "a colour: ff8800, '#ff8800' in quotes"),
        ("f80", "--bg f80: there is no such file, and no such colour", "a colour: ff8800, '#ff8800' in quotes"),
    ],
)
def test_a_background_that_is_none_is_refused(
    films: Path, home: Path, elsewhere: Path, bg: str, problem: str, hint: str
) -> None:
    (elsewhere / "note.jpg").write_text("a beach, with palm trees")
    (elsewhere / "note.txt").write_text("a beach, with palm trees")
    (elsewhere / "empty.jpg").touch()
    remade(films / "driver.mp4", elsewhere / "tune.m4a", "-vn", "-c:a", "copy")
    with kept(home, elsewhere, exactly=True):
        said = refused("transfer", films / "driver.mp4", "--bg", bg, home=home, cwd=elsewhere)
    assert problem in said
    assert hint in said


@pytest.mark.parametrize(
    ("options", "problem", "hint"),
    [
        (["--out", "none/x.mp4"], "none/x.mp4: there is no folder none", "Make it first"),
        (["--out", "x.avi"], "films cannot be written as .avi", ".mp4"),
        (["--out", "x.mp4", "--bg", "transparent"], ".mp4 films cannot be transparent", ".mov"),
        (["--size", "background"], "--size background: there is no picture or film", "--bg"),
        (["--size", "big"], "--size big: this is not a size for a film", "1280x720"),
        (["--pick", "left"], "--pick left: this is not a place", "--pick 640,300"),
        (["--start", "99"], "nothing is left of the film with --start 99", "s long"),
    ],
)
def test_wishes_that_cannot_be_met_are_named(
    films: Path, home: Path, elsewhere: Path, options: list[str], problem: str, hint: str
) -> None:
    with kept(home, elsewhere, exactly=True):
        said = refused("transfer", films / "driver.mp4", *options, home=home, cwd=elsewhere)
    assert problem in said
    assert hint in said


def test_the_driver_itself_is_never_written_over(films: Path, home: Path, elsewhere: Path) -> None:
    driver = shutil.copy(films / "driver.mp4", elsewhere / "dance.mp4")
    with kept(elsewhere, exactly=True):
        said = refused("transfer", driver, "--out", "./dance.mp4", "--force", home=home, cwd=elsewhere)
    assert "this is the driver itself" in said


def test_the_background_is_never_written_over(films: Path, home: Path, elsewhere: Path) -> None:
    shutil.copy(films / "subject.mp4", elsewhere / "me-driver.mp4")
    with kept(elsewhere, exactly=True):
        wish = ("transfer", films / "driver.mp4", "--bg", "me-driver.mp4", "--force")
        said = refused(*wish, home=home, cwd=elsewhere)
    assert "me-driver.mp4: this is the background itself" in said
    short = ("transfer", films / "driver.mp4", "--end", "0.2")
    within(*short, "--bg", "green", "--out", "green", home=home, cwd=elsewhere)  # a colour, and a folder of pictures


def test_a_film_that_dancekit_did_not_write_is_replaced_only_by_force(films: Path, home: Path, elsewhere: Path) -> None:
    dear = film(elsewhere / "wedding.mp4", performance(40)[0][:5])
    wish = ("transfer", films / "driver.mp4", "--end", "0.2", "--out", dear)
    with kept(elsewhere, exactly=True):
        said = refused(*wish, home=home, cwd=elsewhere)
    assert f"{dear} exists and was not made by dancekit" in said
    assert "--force" in said
    before = dear.read_bytes()
    within(*wish, "--force", home=home, cwd=elsewhere)
    assert dear.read_bytes() != before
    within(*wish, "--bg", "green", home=home, cwd=elsewhere)  # its own films it may replace


def test_a_folder_with_other_things_is_not_replaced_even_by_force(films: Path, home: Path, elsewhere: Path) -> None:
    album = elsewhere / "album"
    album.mkdir()
    (album / "000001.png").write_bytes(b"dear")
    (album / "letter.txt").write_text("dear")
    for force in ([], ["--force"]):
        with kept(elsewhere, exactly=True):
            said = refused("transfer", films / "driver.mp4", "--out", album, *force, home=home, cwd=elsewhere)
        assert f"{album}: this is a folder, and holds other things" in said


def test_a_folder_in_the_films_place_is_named(films: Path, home: Path, elsewhere: Path) -> None:
    (elsewhere / "out.mp4").mkdir()
    said = refused("transfer", films / "driver.mp4", "--out", "out.mp4", home=home, cwd=elsewhere)
    assert "out.mp4: this is a folder, not a film" in said
    assert not contents(elsewhere)


def test_own_pictures_are_replaced_but_not_what_was_laid_beside_them(films: Path, home: Path, elsewhere: Path) -> None:
    wish = ("transfer", films / "driver.mp4", "--end", "0.2", "--bg", "transparent", "--out", "frames")
    within(*wish, home=home, cwd=elsewhere)
    within(*wish, home=home, cwd=elsewhere)
    assert sum(path.suffix == ".png" for path in (elsewhere / "frames").iterdir()) == 5
    (elsewhere / "frames" / "letter.txt").write_text("dear")
    with kept(elsewhere, exactly=True):
        assert "holds other things" in refused(*wish, home=home, cwd=elsewhere)


def _no_power(*given: object) -> None:
    raise ClipError("The power is gone.", "Wait until it is back.")


@pytest.mark.parametrize("out", ["out.mp4", "frames"])
def test_pieces_that_a_power_cut_damaged_are_drawn_anew(
    films: Path, home: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    wish = ("transfer", films / "driver.mp4", "--end", "0.4", "--out", out)
    within(*wish, home=home, cwd=elsewhere)
    earlier, other = contents(elsewhere), (*wish, "--bg", "green")
    monkeypatch.setattr(transfer, "_PIECE_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(transfer, "_finish", _no_power)
        refused(*other, home=home, cwd=elsewhere)
    pieces = sorted((elsewhere / f".{out}.parts").glob("[0-9]*-[0-9]*"))
    assert len(pieces) == 10, "a piece for every frame"
    damaged = pieces[6] if out == "out.mp4" else pieces[6] / "000006.png"
    damaged.write_bytes(damaged.read_bytes()[:100])
    said = refused(*other, home=home, cwd=elsewhere)
    assert f"{out}: 1 of the 10 pieces drawn for it are damaged" in said
    assert "Run the same command again: it draws them anew." in said
    assert contents(elsewhere).items() >= earlier.items(), "what was there before stays"
    within(*other, home=home, cwd=elsewhere)
    assert encode.frames_in(elsewhere / out) == 10
    assert contents(elsewhere).keys() == earlier.keys()
    assert contents(elsewhere) != earlier


class _Twelve(SimpleNamespace):
    """As much of moves as drawing a piece of them asks for."""

    def __len__(self) -> int:
        return 12


def test_new_pieces_take_the_place_of_those_that_they_overlap(tmp_path: Path) -> None:
    form = encode.format_of(Path("out.mp4"), False)
    for name in ("00000000-00000002", "00000002-00000005", "00000005-00000009", "00000009-00000012"):
        (tmp_path / f"{name}.mp4").touch()
    frames, moves = iter(np.zeros((5, 16, 16, 3), np.uint8)), _Twelve(canvas=(16, 16), fps=Fraction(25))
    assert transfer._draw_piece(frames, tmp_path / "unfinished-0.mp4", form, moves, 2, no_progress) == 7  # type: ignore[arg-type]
    left = sorted(path.stem for path in tmp_path.iterdir())
    assert left == ["00000000-00000002", "00000002-00000007", "00000009-00000012"]


def test_a_piece_lies_on_the_disk_before_it_counts_as_finished(
    films: Path, home: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, to_disk, move = [], encode.to_disk, transfer.move
    monkeypatch.setattr(encode, "to_disk", lambda path: done.append(("to disk", path.name)) or to_disk(path))
    monkeypatch.setattr(transfer, "move", lambda new, path: done.append(("named", new.name)) or move(new, path))
    within("transfer", films / "driver.mp4", "--end", "0.2", "--out", "out.mp4", home=home, cwd=elsewhere)
    piece = "unfinished-0.mp4"
    assert done == [("to disk", piece), ("named", piece), ("to disk", "joined.mp4")]


def test_a_driver_whose_sound_cannot_be_read_is_danced_in_silence(films: Path, home: Path, elsewhere: Path) -> None:
    driver = remade(films / "driver.mp4", elsewhere / "mute.mkv", "-c", "copy")
    driver.write_bytes(driver.read_bytes().replace(b"A_AAC", b"A_XYZ"))
    assert video.probe(driver).has_sound
    wish = ("transfer", driver, "--end", "0.2", "--out", "out.mp4", "--json")
    done = within(*wish, home=home, cwd=elsewhere).json
    assert (done["frames"], done["sound"]) == (5, False)
    assert "The sound of mute.mkv cannot be read; the film is silent." in done["notes"]
    assert not video.probe(elsewhere / "out.mp4").has_sound


def test_a_driver_whose_name_is_no_utf_8_is_danced(films: Path, home: Path, elsewhere: Path) -> None:
    try:
        driver = Path(shutil.copy(films / "driver.mp4", elsewhere / "Z\udcfcrich.mp4"))
    except (OSError, UnicodeEncodeError):
        pytest.skip("a file system of Unicode names only")
    done = within("transfer", driver, "--end", "0.2", "--json", home=home, cwd=elsewhere).json
    assert done["film"] == "me-Z\udcfcrich.mp4"
    assert video.probe(elsewhere / done["film"]).frames == 5


LANDMARKS = {"points": waving(10), "size": np.array([320, 320]), "fps": 25.0}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"points": np.full((10, 33, 3), np.nan)}, "these landmarks show nobody"),
        ({"points": np.zeros((10, 17, 3))}, "points of shape (10, 17, 3) are no pose track"),
        ({"fps": np.inf}, "inf frames/s of 320x320 px are no film"),
        ({"size": np.array([0, 0])}, "25 frames/s of 0x0 px are no film"),
        ({"size": 5}, "the landmarks cannot be read"),
    ],
)
def test_landmarks_that_are_none_are_refused(
    home: Path, elsewhere: Path, changes: dict[str, object], problem: str
) -> None:
    path = elsewhere / "moves.npz"
    np.savez(path, **{**LANDMARKS, **changes})  # type: ignore[arg-type]
    with kept(home, elsewhere, exactly=True):
        said = refused("transfer", path, home=home, cwd=elsewhere)
    assert f"{path}: {problem}" in said


def test_a_text_named_npz_is_refused(home: Path, elsewhere: Path) -> None:
    (elsewhere / "moves.npz").write_text("left foot, right foot")
    said = refused("transfer", "moves.npz", home=home, cwd=elsewhere)
    assert "moves.npz: the landmarks cannot be read (this is no .npz file)" in said
    assert "points [T, 33, 3 or 4]" in said


def test_a_driver_that_may_not_be_read_is_named(films: Path, home: Path, elsewhere: Path) -> None:
    driver = Path(shutil.copy(films / "driver.mp4", elsewhere / "secret.mp4"))
    driver.chmod(0)
    outcome = dancekit("transfer", driver, home=home, cwd=elsewhere, status=2, through=powerless())
    assert "secret.mp4" in outcome.stderr
    assert "not readable" in outcome.stderr


def test_a_driver_of_few_frames_per_second_is_danced_to_its_end(home: Path, elsewhere: Path) -> None:
    path = film(elsewhere / "slow.mp4", performance(40)[1][::5], fps=5)
    done = within("transfer", path, "--out", "slow-me.mp4", "--json", home=home, cwd=elsewhere).json
    assert done["frames"] == 8
    reader = cv2.VideoCapture(str(elsewhere / "slow-me.mp4"))
    assert reader.get(cv2.CAP_PROP_FRAME_COUNT) == 8
    assert reader.get(cv2.CAP_PROP_FPS) == 5


def test_a_driver_of_half_a_body_is_danced_with_a_warning(home: Path, elsewhere: Path) -> None:
    large = [cv2.resize(frame[20:140, 40:200], (480, 360)) for frame in performance(12)[1]]
    path = film(elsewhere / "bust.mp4", large)
    done = within("transfer", path, "--out", "out.mp4", "--json", home=home, cwd=elsewhere)
    warning = next(note for note in done.json["notes"] if "hardly shows" in note)
    assert "bust.mp4" in warning
    assert "feet" in warning


def test_a_place_that_is_no_file_is_refused(films: Path, home: Path, tmp_path: Path) -> None:
    for out in (".", ".."):
        assert "this is the name of no file" in refused(
            "transfer", films / "driver.mp4", "--out", out, home=home, cwd=tmp_path
        )
    long = tmp_path / f"{'a' * 245}.mp4"
    shutil.copyfile(films / "driver.mp4", long)
    wish = ("transfer", long, "--end", "0.2")
    assert "too long for a file's name" in refused(*wish, "--out", f"{'b' * 245}.mp4", home=home, cwd=tmp_path)
    made = within(*wish, "--json", home=home, cwd=tmp_path).json["film"]
    assert (tmp_path / made).is_file() and made.startswith("me-aaa")
    line = tmp_path / "two\nlines"
    line.mkdir()
    assert "a line break in this name" in refused("transfer", films / "driver.mp4", home=home, cwd=line)


def test_who_is_hardly_learnt_dances_with_a_word_on_how_to_go_on(films: Path, home: Path, elsewhere: Path) -> None:
    person = Workspace(home).person("me")
    tensors, card = checkpoint.load(person.weights, "")

    def noted(share: float) -> list[str]:
        """What transfer notes of her when so much of what she was begun with is spent."""
        stints = [stint | {"spent": share * stint["amount"]} for stint in card["trained"]["stints"]]
        checkpoint.save(person.weights, tensors, card | {"trained": card["trained"] | {"stints": stints}})
        command = ("transfer", films / "driver.mp4", "--end", "0.2", "--json")
        return within(*command, home=home, cwd=elsewhere).json["notes"]

    hint = "so she is hardly learnt yet: run train again (without --restart) and it goes on."
    assert f"The training of me was stopped at 3%, {hint}" in noted(0.03)
    assert "hardly learnt" not in "".join(noted(0.12) + noted(1.0))
    assert not begun.hardly("me", {"trunk": "vgg16_edges"}), "an earlier dancekit may not have told"
