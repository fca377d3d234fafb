"""Climbing a ladder: what is trained, what is scored already, and what cannot be judged, with nothing really learnt."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from test_evaluate import prepared
from test_report import SCORES

from dancekit import ablate, backdrops, device, recipe
from dancekit.ablate import Ablation, Run
from dancekit.core.schedule import Stint
from dancekit.errors import WorkspaceError
from dancekit.io.files import write_json
from dancekit.io.workspace import Person, Workspace
from dancekit.judge import Scores
from dancekit.types import no_progress


@pytest.fixture
def climbing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Climb:
    """A ladder on which nothing is learnt and every picture scores the same."""
    person = Workspace(tmp_path).person("me")
    prepared(person, "walk", tmp_path / "walk.mp4", 60)
    return Climb(person, monkeypatch)


class Climb:
    """Climbs, and keeps what was trained, what was judged and beside whose truth, and what was said."""

    def __init__(self, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        self.person, self.trained, self.said = person, list[str](), list[str]()
        self.judged: list[tuple[str, Sequence[str], bool]] = []
        monkeypatch.setattr("dancekit.ablate.train.train", self._train)
        monkeypatch.setattr("dancekit.ablate.score_held_out", self._score)

    def __call__(self, seeds: int, ladder: str = "paper", only: Sequence[str] = ("PL-Stage1",)) -> Ablation:
        for kept in (self.trained, self.judged, self.said):
            kept.clear()
        workspace, tiny = Workspace(self.person.folder.parent), recipe.load("tiny", {"steps": "4"})
        chosen = ablate.choose_rungs(ladder, tiny, only, workspace)
        return ablate.ablate(self.person, workspace, tiny, ladder, chosen, seeds, [], device.find("cpu"), no_progress,
                             self.said.append)  # fmt: skip

    def _train(self, who: Person, *given: object) -> SimpleNamespace:
        self.trained.append(who.folder.name)
        write_json(who.card, {"trained": {"stints": [vars(Stint(1, (32, 48), 4.0, 4.0))]}})
        who.weights.touch()
        return SimpleNamespace(finished=True)

    def _score(self, who: Person, entries: Sequence[str], *given: object) -> dict[str, Scores]:
        self.judged.append((who.folder.name, tuple(entries), given[-1] is not None))
        return dict.fromkeys(entries, SCORES)


def test_what_is_scored_already_is_said_beforehand(climbing: Climb) -> None:
    climbing(2)
    assert climbing.said == ["2 trainings of 4 steps each."]
    assert climbing.trained == ["paper-PL-Stage1-0", "paper-PL-Stage1-1"]
    climbing(3)
    assert climbing.said == ["2 of 3 trainings are scored already, the others take 4 steps each."]
    assert climbing.trained == ["paper-PL-Stage1-2"]
    assert climbing(3).runs["PL-Stage1"] == [Run(SCORES)] * 3
    assert climbing.said == ["3 of 3 trainings are scored already."]
    assert climbing.trained == climbing.judged == []


@pytest.mark.parametrize("part", ["_sources", "number_type", "dancekit.__version__"])
def test_scores_of_another_dancekit_or_machine_are_not_taken_for_new(
    climbing: Climb, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    climbing(1)
    monkeypatch.setattr(f"dancekit.ablate.{part}", "0.0.0" if "version" in part else lambda *given: "other")
    climbing(1)
    assert climbing.said == ["1 trainings of 4 steps each."]
    assert climbing.trained == ["paper-PL-Stage1-0"]


@pytest.mark.parametrize("missing", ["dancekit", "machine"])
def test_scores_that_an_earlier_dancekit_left_are_made_anew(climbing: Climb, missing: str) -> None:
    climbing(1)
    mark = climbing.person.variant("paper-PL-Stage1-0").folder / "work.json"
    old = json.loads(mark.read_text())
    del old[missing]
    mark.write_text(json.dumps(old))
    climbing(1)
    assert climbing.trained == ["paper-PL-Stage1-0"]
    climbing(1)
    assert climbing.trained == []
    mark.with_name("scores.json").write_text('{"format": 1, "runs": {"model": {"held_out": 3}}}')
    climbing(1)
    assert (climbing.trained, len(climbing.judged)) == ([], 1), "damaged scores are made again, no more"


def test_what_is_cut_out_has_a_nearest_frame_of_its_own(climbing: Climb, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Person("me", climbing.person.folder / "whole", climbing.person.clips_folder)
    monkeypatch.setattr(backdrops, "with_backgrounds", lambda *given: whole)
    climbing(1, "backgrounds", ["background"])
    assert climbing.judged == [("backgrounds-background-0", ("model", "nearest"), False)]
    climbing(1, "backgrounds", ["afterwards"])
    assert climbing.trained == [], "its pictures are the other's"
    assert climbing.judged == [("backgrounds-background-0", ("cut", "nearest"), True)]
    climbing(1, "backgrounds", ["background", "afterwards"])
    assert climbing.said == ["1 of 1 trainings are scored already."]
    assert climbing.trained == climbing.judged == []


def test_nothing_is_trained_that_could_not_be_judged(climbing: Climb) -> None:
    shutil.rmtree(climbing.person.clips_folder)
    prepared(climbing.person, "short", climbing.person.folder / "short.mp4", 21)
    with pytest.raises(WorkspaceError, match="no held-out frames to judge by"):
        climbing(1)
    assert climbing.trained == climbing.said == []
