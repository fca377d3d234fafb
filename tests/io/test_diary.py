"""The diary of training: a line of JSON now and then, and honest rates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dancekit.errors import WorkspaceError
from dancekit.io import diary
from dancekit.io.diary import Diary


def test_lines_are_appended_with_the_rate_since_the_line_before(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    first = Diary(path)
    first.count(30, 2.0)
    assert first.log({"steps": 10}) == 15.0
    first.count(30, 3.0)
    first.count(30, 3.0)
    assert first.log({"steps": 30}) == 10.0
    assert first.log({"steps": 30}) == 0.0
    Diary(path).log({"steps": 31})
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["steps"] for line in lines] == [10, 30, 30, 31]
    assert [line["images_per_second"] for line in lines] == [15.0, 10.0, 0.0, 0.0]


def test_the_whole_run_is_added_up(tmp_path: Path) -> None:
    made = Diary(tmp_path / "log.jsonl")
    assert made.images_per_second == 0.0
    made.count(30, 2.0)
    made.log({})
    made.count(60, 4.0)
    assert made.images_per_second == 15.0


def test_it_is_time_only_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Diary(tmp_path / "log.jsonl")
    assert not (made.time_to_log() or made.time_to_save() or made.time_to_sample())
    now = diary.time.monotonic()
    monkeypatch.setattr(diary.time, "monotonic", lambda: now + 100)
    assert made.time_to_log()
    assert made.time_to_save()
    assert made.time_to_sample()
    made.log({})
    made.saved(now + 100)
    assert not (made.time_to_log() or made.time_to_save() or made.time_to_sample())
    monkeypatch.setattr(diary.time, "monotonic", lambda: now + 159)
    assert not made.time_to_sample(), "the second sample waits longer than the first"
    assert made.time_to_save(), "a kill loses less than a minute"


def test_saves_that_take_long_are_further_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, now = Diary(tmp_path / "log.jsonl"), diary.time.monotonic()
    made.saved(now - 10)
    monkeypatch.setattr(diary.time, "monotonic", lambda: now + 100)
    assert not made.time_to_save(), "saving all the time would be no training"
    monkeypatch.setattr(diary.time, "monotonic", lambda: now + 250)
    assert made.time_to_save()


def test_a_log_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    with pytest.raises(WorkspaceError, match="the disk is full"):
        Diary(Path("/dev/full")).log({"steps": 1})
