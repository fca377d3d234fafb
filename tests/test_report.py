"""What evaluate says: the data that scripts rely on, and tables that fit a terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dancekit import report
from dancekit.driven import Driven
from dancekit.evaluate import ENTRIES, Evaluation
from dancekit.io.workspace import Workspace
from dancekit.judge import Scores
from dancekit.soundness import Soundness
from dancekit.train import Trained
from dancekit.transfer import Transferred

SCORES = Scores(0.9, 0.7, 0.05, 0.1, 0.8, 25.5, 20.25, 0.01, 123.456, 0.02)
SOUND = Soundness(0.95, 0.1, 2.5, 1.25, 0.002, 0.001)
PAGE = Path("dance/me/report.html")
HERS = replace(SOUND, inner_change=3.0, inner_contrast=6.0)
DRIVEN = Driven(Path("films/ballet.mp4"), 40, HERS, 0.98, 0.05, film_inner_change=4.0, film_inner_contrast=10.0)


def evaluation() -> Evaluation:
    scores = {**dict.fromkeys(ENTRIES, SCORES), "floor": replace(SCORES, flicker=None, trunk_kid=None)}
    sound = {**dict.fromkeys(ENTRIES, SOUND), "film": replace(SOUND, still_change=None)}
    return Evaluation(scores, sound, 60, 3, 126, [DRIVEN, replace(DRIVEN, film_pck=None, film_inner_change=None)], [])


def test_every_entry_has_all_its_measures_at_the_top() -> None:
    data = json.loads(json.dumps(report.evaluated(evaluation(), PAGE)[1], allow_nan=False))
    for entry in ENTRIES:
        assert {"ssim", "ssim_box", "perceptual", "alpha", "flicker", "psnr", "psnr_box", "holes"} <= set(data[entry])
        assert {"trunk_frechet", "trunk_kid", "pck", "lost_limbs", "still_flicker", "islands"} <= set(data[entry])
    assert data["floor"]["flicker"] is None
    assert "pck" not in data["floor"]
    assert "ssim" not in data["film"]
    assert data["frames"] == 60
    assert data["report"] == str(PAGE)


def test_every_driver_is_measured_beside_its_own_film() -> None:
    data = json.loads(json.dumps(report.evaluated(evaluation(), PAGE)[1]))
    first, second = data["drivers"]
    assert first["driver"] == str(Path("films/ballet.mp4"))
    assert first["relative_pck"] == 0.95 / 0.98
    assert first["relative_flicker"] == 0.75
    assert first["relative_motion"] == pytest.approx((3 / 6) / (4 / 10))
    assert second["relative_motion"] is None
    assert (second["relative_pck"], second["relative_flicker"]) == (None, None), "a file of landmarks shows nobody"
    assert report.evaluated(replace(evaluation(), drivers=[]), PAGE)[1]["drivers"] == []


def test_what_is_worth_knowing_of_a_driver_is_told_once_to_people_and_to_scripts() -> None:
    noted = replace(DRIVEN, notes=["So it is not kept."])
    lines, data = report.evaluated(replace(evaluation(), drivers=[DRIVEN, noted]), PAGE)
    assert lines.count("So it is not kept.") == 1
    first, second = json.loads(json.dumps(data))["drivers"]
    assert (first["notes"], second["notes"]) == ([], ["So it is not kept."])


def test_official_measures_are_shown_where_they_are_known_and_else_how_to_get_them() -> None:
    lines, told = report.evaluated(evaluation(), PAGE)
    data, text = json.loads(json.dumps(told)), "\n".join(lines)
    assert "dancekit doctor --fetch alexnet" in text
    assert "dancekit doctor --fetch inception" in text
    assert not any(name in data["model"] for name in ("lpips", "kid", "fid"))
    known = {name: replace(scores, lpips=0.0625, kid=0.0325) for name, scores in evaluation().scores.items()}
    lines, told = report.evaluated(replace(evaluation(), scores=known), PAGE)
    data, text = json.loads(json.dumps(told)), "\n".join(lines)
    assert "0.0625" in text
    assert "0.0325" in text
    assert "--fetch" not in text
    assert "No FID: on fewer than 2,048 pictures (here 60)" in text
    assert (data["model"]["lpips"], "fid" in data["model"]) == (0.0625, False)


@pytest.mark.parametrize(
    ("name", "transparent", "what"),
    [
        ("me.mov", True, "put me.mov into a video editor"),
        ("me.webm", True, "put me.webm into a video editor"),
        ("me.mov", False, "open me.mov in any player"),
    ],
)
def test_what_a_film_is_for_is_said(name: str, transparent: bool, what: str) -> None:
    moves: Any = range(40)
    lines, _ = report.transferred(Transferred(Path(name), moves, True, 25.0, [], transparent))
    assert lines[0] == f"{name}: 40 frames, with sound."
    assert lines[-1].startswith(f"Next: {what}")


def test_tables_are_for_people() -> None:
    lines = report.evaluated(evaluation(), PAGE)[0]
    assert max(map(len, lines)) <= 120
    text = "\n".join(lines)
    assert "123.46" in text
    assert text.count("ballet.mp4") == 4, "two drivers of one name, in two tables"
    floor = next(line for line in lines if line.startswith("floor") and "-" in line)
    assert floor.split() == ["floor", "-", "123.46", "-"]
    for name in (*ENTRIES, "floor", "film", "better"):
        assert any(line.startswith(name) for line in lines), name


@pytest.mark.parametrize(
    ("ssim", "perceptual", "verdict"),
    [
        (0.95, 0.04, "Closer to the truth"),
        (0.85, 0.04, "By one measure closer"),
        (0.85, 0.06, "Further from the truth"),
    ],
)
def test_the_verdict_is_one_sentence(ssim: float, perceptual: float, verdict: str) -> None:
    scores = evaluation().scores
    scores["model"] = replace(scores["model"], ssim=ssim, perceptual=perceptual)
    said = report.summary(replace(evaluation(), scores=scores))
    assert said.startswith(verdict)
    assert f"SSIM {ssim:.3f} against 0.900" in said


def test_tables_and_what_they_mean_fit_a_terminal() -> None:
    known = {
        name: replace(scores, large=0.05, face=0.2, face_frechet=12.3, hand=0.2, hand_frechet=12.3)
        for name, scores in evaluation().scores.items()
    }
    lines = report.evaluated(replace(evaluation(), scores=known), PAGE)[0]
    drivers = next(place for place, line in enumerate(lines) if line.startswith("In the moves"))
    assert max(map(len, lines[:drivers])) <= 80
    meanings = [line for line in lines if line.startswith("  ") and line[2] != " "]
    assert len(meanings) > 10
    assert all(line[14] == " " != line[15] for line in meanings), "names are shorter than their column"
    assert max(map(len, lines[lines.index(meanings[0]) : lines.index(meanings[-1])])) <= 80
    assert not [line for line in meanings if "LPIPS  " in line or "KID" in line[:8]], "what is not shown"


def test_who_took_few_steps_is_told_what_more_of_them_would_take(tmp_path: Path) -> None:
    enough = Trained(Workspace(tmp_path).person("anna"), 2000, 900.0, 6.0, True, {}, 1.5)
    assert not any("few" in line for line in report.trained(enough, "standard", "", None, "")[0])
    lines, data = report.trained(replace(enough, steps=700, better=45.0), "standard", "", None, " --home films")
    (line,) = (line for line in lines if "few" in line)
    assert line.endswith("dancekit train anna --minutes 45 --home films")
    assert data["better_minutes"] == 45
