"""Films with what is behind her: always of the same frames of the same films as the person who is cut out of them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from test_evaluate import prepared

from dancekit import backdrops, prepare
from dancekit.errors import WorkspaceError
from dancekit.io import clips
from dancekit.io.files import clear
from dancekit.io.workspace import Person
from dancekit.types import no_progress


@pytest.fixture
def me(tmp_path: Path) -> Person:
    return Person("me", tmp_path / "me")


@pytest.fixture
def lengths(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many frames each film has, by name, for a prepare that takes no time; how often it was asked is beside it."""
    known: dict[str, int] = {"asked": 0}

    def made(film: Path, person: Person, options: prepare.Options, progress: object) -> SimpleNamespace:
        assert options.matte == "whole"
        known["asked"] += 1
        folder = clips.folder_for(person, film)
        clear(folder)
        return SimpleNamespace(clip=prepared(person, folder.name, film, known[film.name]))

    monkeypatch.setattr(prepare, "prepare_clip", made)
    return known


def film(path: Path, what: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(what)
    return path


def sources(whole: Person) -> list[str]:
    return sorted(Path(clips.load(folder).source).name for folder in whole.clips())


def test_what_is_prepared_already_is_kept_as_long_as_it_is_wanted(
    me: Person, lengths: dict[str, int], tmp_path: Path
) -> None:
    lengths |= {"walk.mp4": 30, "turn.mp4": 40}
    for name in ("walk.mp4", "turn.mp4"):
        prepared(me, Path(name).stem, film(tmp_path / name, name), lengths[name])
    whole = backdrops.with_backgrounds(me, no_progress)
    assert (sources(whole), lengths["asked"]) == (["turn.mp4", "walk.mp4"], 2)
    (tmp_path / "turn.mp4").unlink()
    backdrops.with_backgrounds(me, no_progress)
    assert lengths["asked"] == 2, "nothing is needed again"
    clear(me.clips_folder / "walk")
    backdrops.with_backgrounds(me, no_progress)
    assert (sources(whole), lengths["asked"]) == (["turn.mp4"], 2), "a clip that was taken out is gone here, too"
    (whole.clips()[0] / "poses.npz").write_bytes(b"")
    with pytest.raises(WorkspaceError, match="is needed again, for its background, and is gone"):
        backdrops.with_backgrounds(me, no_progress)


def test_a_film_that_was_prepared_in_parts_is_refused_every_time(
    me: Person, lengths: dict[str, int], tmp_path: Path
) -> None:
    lengths["walk.mp4"] = 40
    prepared(me, "walk", film(tmp_path / "walk.mp4", "walk"), 30)
    for _ in range(2):
        with pytest.raises(WorkspaceError, match="only a part of this film was prepared"):
            backdrops.with_backgrounds(me, no_progress)
        assert not (me.folder / "ablation" / "with-background" / "clips" / "walk").exists()


def test_another_film_in_the_place_of_the_first_is_noticed(me: Person, lengths: dict[str, int], tmp_path: Path) -> None:
    lengths["walk.mp4"] = 30
    path = film(tmp_path / "walk.mp4", "walk")
    prepared(me, "walk", path, 30)
    whole = backdrops.with_backgrounds(me, no_progress)
    film(path, "another walk")
    backdrops.with_backgrounds(me, no_progress)
    assert lengths["asked"] == 1, "both are still of the first one"
    clear(me.clips_folder / "walk")
    prepared(me, "walk", path, 30)
    backdrops.with_backgrounds(me, no_progress)
    assert (sources(whole), lengths["asked"]) == (["walk.mp4"], 2), "now both are of the other one"
    film(path, "a third walk")
    clear(whole.clips_folder)
    with pytest.raises(WorkspaceError, match="and is another one by now") as caught:
        backdrops.with_backgrounds(me, no_progress)
    assert caught.value.hint == f"Prepare it again: dancekit prepare {path} --as me"


def test_somebody_else_in_the_same_film_is_refused(
    me: Person, lengths: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths["walk.mp4"] = 30
    one = prepared(me, "walk", film(tmp_path / "walk.mp4", "walk"), 30)
    assert backdrops._of_the_same_frames(one, one)
    quick = prepare.prepare_clip

    def elsewhere(*given: object) -> SimpleNamespace:
        made = quick(*given)  # type: ignore[arg-type]
        made.clip.plan.boxes[:] += 100
        return made  # type: ignore[return-value]

    monkeypatch.setattr(prepare, "prepare_clip", elsewhere)
    with pytest.raises(WorkspaceError, match="or one person of several"):
        backdrops.with_backgrounds(me, no_progress)
