"""A film is surveyed while it is looked at: for several people it is looked at anew, and nobody surveys it twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from threading import Event
from types import ModuleType

import numpy as np
import pytest
from figures import figure

from dancekit import study, survey
from dancekit.io import sightings
from dancekit.pose import Sighting
from dancekit.study import Options
from dancekit.survey import SEVERAL, Survey
from dancekit.types import VideoInfo, no_progress

LENGTH, SIZE = 60, (96, 64)
INFO = VideoInfo(Path("film.mp4"), *SIZE, Fraction(25), LENGTH, False)


class Crowd:
    """A pose backend before which so many people stand; it notes how many it was asked for.

    Between the first and the second frame of a detector that looks for one, `before` is waited for.
    """

    def __init__(self, there: int, before: Event | None = None) -> None:
        self.asked = asked = list[int]()

        class Detector:
            def __init__(self, info: VideoInfo, people: int = 1, masks: bool = True) -> None:
                asked.append(people)
                self.people, self.shown = people, 0

            def detect(self, index: int, frame: np.ndarray) -> list[Sighting]:
                self.shown += 1
                if self.people == 1 and self.shown == 2 and before is not None:
                    assert before.wait(20)
                return [Sighting(np.full((33, 3), 1.0 + person, np.float32))
                        for person in range(min(self.people, there))]  # fmt: skip

            def close(self) -> None:
                pass

        self.backend = ModuleType("crowd")
        self.backend.Detector = Detector  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _no_film(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)

    def read_frames(info: VideoInfo, first: int = 0, end: int = LENGTH) -> Iterator[np.ndarray]:
        yield from [frame] * (end - first)

    monkeypatch.setattr(sightings, "read_frames", read_frames)
    monkeypatch.setattr(survey, "read_at", lambda info, times: dict.fromkeys(times, frame))


def looked(crowd: Crowd, folder: Path, pick: tuple[float, float] | None = None) -> tuple[list[int], bool]:
    """How many people are seen in each frame, and whether two are taken for one."""
    seen, close = study._look(INFO, crowd.backend, Options(pick=pick), True, folder, no_progress, [0, LENGTH - 1])
    assert len(seen) == LENGTH
    return sorted({len(people) for people in seen.people}), close


def pieces(folder: Path) -> set[str]:
    """For how many people the pieces that are kept were looked at."""
    return {path.name.split("-")[1] for path in folder.glob("seen-*")}


def test_a_film_of_one_person_is_looked_at_once(tmp_path: Path) -> None:
    crowd = Crowd(1)
    assert looked(crowd, tmp_path) == ([1], False)
    assert pieces(tmp_path) == {"1"}
    assert crowd.asked.count(SEVERAL) == 1, "by the survey"


@pytest.mark.parametrize("early", [True, False])
def test_a_film_of_several_is_looked_at_for_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, early: bool
) -> None:
    told, take = Event(), survey.take

    def taking(info: VideoInfo, backend: ModuleType, more: Event) -> Survey:
        if not early:  # when all of it has been looked at for one person
            for _ in range(200):
                if pieces(tmp_path):
                    break
                told.wait(0.05)
        found = take(info, backend, more)
        told.set()
        return found

    monkeypatch.setattr(survey, "take", taking)
    crowd = Crowd(2, told if early else None)
    assert looked(crowd, tmp_path) == ([2], False)
    assert pieces(tmp_path) == ({"3"} if early else {"1", "3"})


def test_nobody_surveys_a_film_twice(tmp_path: Path) -> None:
    for there, folder in ((1, tmp_path / "one"), (2, tmp_path / "two")):
        folder.mkdir()
        looked(Crowd(there), folder)
        again = Crowd(there)
        assert looked(again, folder) == ([there], False)
        assert again.asked == []


def test_whoever_picks_a_person_needs_no_survey(tmp_path: Path) -> None:
    crowd = Crowd(2)
    assert looked(crowd, tmp_path, (1.0, 1.0)) == ([2], False)
    assert set(crowd.asked) == {SEVERAL}
    assert survey.kept(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "people": 2, "close": false}'])
def test_a_survey_that_cannot_be_read_is_taken_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "survey.json").write_text(text)
    assert survey.kept(tmp_path) is None
    crowd = Crowd(1)
    looked(crowd, tmp_path)
    assert SEVERAL in crowd.asked
    assert survey.kept(tmp_path) == Survey(1, False)


def test_what_fails_in_the_survey_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> Survey:
        raise MemoryError("no room for a model")

    monkeypatch.setattr(survey, "take", fail)
    with pytest.raises(MemoryError, match="no room"):
        looked(Crowd(1), tmp_path)
    assert survey.kept(tmp_path) is None


@pytest.mark.parametrize(
    ("length", "shows", "close"),
    [(30, [1, 1, 1, 1, 1, 1], True), (30, [1, 1, 1, 0, 1, 1], False), (30, [0, 1, 1, 1, 1, 1], False),
     (60, [0, 1, 0, 0, 1, 0], True), (60, [0, 1, 0, 0, 0, 0], False), (60, [0] * 6, False)],
)  # fmt: skip
def test_in_a_brief_film_all_frames_must_show_somebody_behind_her(length: int, shows: list[int], close: bool) -> None:
    looks, times = list[int](), survey.spread(length, len(shows))

    class Detector:
        def __init__(self, info: VideoInfo, people: int = 1, masks: bool = True) -> None:
            self.people, self.seen = (
                people,
                Sighting(figure(60.0, 48.0, 62.0), np.full((8, 8), 255, np.uint8), (20, 0, 70, 64)),
            )

        def detect(self, index: int, frame: np.ndarray) -> list[Sighting]:
            if self.people == SEVERAL:
                return [self.seen]
            looks.append(index)
            return [self.seen] * shows[times.index(index)]

        def close(self) -> None:
            pass

    backend = ModuleType("behind")
    backend.Detector = Detector  # type: ignore[attr-defined]
    assert survey.take(replace(INFO, frames=length), backend, Event()) == Survey(1, close)
    if length == 30 and not close:
        assert looks == times[: shows.index(0) + 1], "no more than it takes, each by its number in the film"


@pytest.mark.parametrize("share", [0.0, 0.6, 1.0])
def test_a_person_is_painted_over_however_much_of_the_frame_she_fills(share: float) -> None:
    frame = np.random.default_rng(0).integers(0, 255, (60, 40, 3), dtype=np.uint8)
    mask = np.zeros((60, 40), np.uint8)
    mask[: round(60 * share)] = 255
    rest = survey._without(frame, mask, (0, 0, 40, 60), 50.0)
    hidden = rest != frame
    assert hidden.any() == (share > 0)
    assert len(np.unique(rest[mask > 0].reshape(-1, 3), axis=0)) == (share > 0), "one colour"
