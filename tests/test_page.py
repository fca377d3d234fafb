"""report.html: all figures, curves and pictures on one page that fetches nothing, and players that play."""

from __future__ import annotations

import errno
import json
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import within
from test_report import evaluation

from dancekit import evaluate, page, reels
from dancekit.evaluate import Evaluation
from dancekit.reels import reel

LOG = [{"steps": 10 * n, "stint": n // 6, "losses": {"perceptual": 9 - n, "D wild": 0.5}, "images_per_second": 4.0}
       for n in range(1, 9)]  # fmt: skip
FRAMES = 6


def shown(title: str = "walk, from second 1.0") -> reels.Reel:
    """A reel in which frame t is the brighter the later it is."""
    pictures = np.zeros((FRAMES, 40, 24, 4), np.uint8)
    pictures[..., :3] = (np.arange(FRAMES) * 40)[:, None, None, None]
    pictures[..., 3] = 255
    return reel(title, 10.0, np.full((FRAMES, 33, 3), 12.0, np.float32), {"dancekit": pictures, "truth": pictures})


def done(title: str = "walk, from second 1.0") -> Evaluation:
    return replace(evaluation(), reels=[shown(title), shown("turn, from second 9.0")])


class Reader(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_page_holds_everything_and_needs_nothing() -> None:
    text = page.html("anna", done(), LOG)
    read = Reader(text)
    assert read.links == []
    assert not re.search(r"https?://|@import|url\(", text)
    assert (read.tags.count("table"), read.tags.count("svg")) == (6, 3), "losses, discriminators and speed"
    assert "anna, evaluated" in text
    assert "of its distance to 1" in text
    assert "$" not in text.replace("${", ""), "no place was left unfilled"


def test_the_page_tells_what_was_not_measured_and_why() -> None:
    text = page.html("anna", replace(done(), unlearnt=["<late>"]), LOG)
    assert "<p>Not looked at, since training has not seen it: &lt;late&gt;</p>" in text
    for name in ("alexnet", "inception"):
        assert f"official weights: dancekit doctor --fetch {name}</p>" in text
    known = {name: replace(scores, lpips=0.0625, kid=0.0325) for name, scores in evaluation().scores.items()}
    text = page.html("anna", replace(done(), scores=known), LOG)
    assert "<p>No FID: on fewer than 2,048 pictures (here 60)" in text
    assert "Not looked at" not in text
    assert "--fetch" not in text


def test_names_cannot_break_out_of_the_page() -> None:
    text = page.html("a", done("</script><script>alert(1)</script>"), LOG)
    assert text.count("</script>") == 2
    embedded = re.search(r'id="reels">(.*?)</script>', text, re.S)
    assert embedded is not None
    assert json.loads(embedded[1])[0]["title"] == "</script><script>alert(1)</script>"


def test_the_best_of_those_that_compete_stand_out() -> None:
    scores = evaluation().scores
    scores["model"], scores["floor"] = replace(scores["model"], ssim=0.95), replace(scores["floor"], ssim=0.99)
    text = page.html("a", replace(done(), scores=scores), [])
    assert "<td class=best>0.9500</td>" in text
    assert "<td>0.9900</td>" in text, "the film itself does not compete"
    assert "log.jsonl) is gone" in text


def test_a_log_that_a_kill_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(map(json.dumps, LOG)) + '\n{"steps": 90, "loss')
    assert page.read_log(path) == LOG
    assert page.read_log(tmp_path / "gone.jsonl") == []


def test_what_was_measured_is_told_even_if_the_page_cannot_be_written(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(evaluate, "evaluate", lambda *given: done())
    monkeypatch.setattr(page, "html", full)
    said = within("evaluate", "me", home=home, status=1)
    assert "of its distance to 1" in said.stdout
    assert "Next:" not in said.stdout, "there is no page to look at"
    assert f"Error: {home / 'me' / 'report.html'}: the disk is full." in said.stderr
    told = within("evaluate", "me", "--json", home=home, status=1)
    assert (told.json["model"]["ssim"], told.json["report"]) == (0.9, None), "one object, with the figures"
    assert told.json["error"].endswith("report.html: the disk is full.")
    assert told.json["error"] in told.stderr


def test_long_films_are_shown_in_parts() -> None:
    assert reels.chosen([10, 20]) == {0: 10, 1: 20}
    many = reels.chosen([500] * 40)
    assert len(many) == 8
    assert {0, 39} <= many.keys()
    assert sum(many.values()) == reels.FRAMES


@pytest.fixture
def browser() -> Iterator[Any]:
    """A real Chromium without a window."""
    chromium = next((found for name in ("chromium", "google-chrome", "chrome") if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium with chromedriver on this computer")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1000,1400"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield running
    running.quit()


def waited(reached: Any) -> None:
    """Wait until something is so."""
    for _ in range(500):
        if reached():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come about")


def test_players_play_in_a_real_browser(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    page.write(path, "anna", done(), tmp_path / "log.jsonl")
    browser.get(path.as_uri())
    figures = browser.find_elements("css selector", "figure")
    assert [figure.find_element("css selector", "figcaption").text for figure in figures] == [
        "walk, from second 1.0",
        "turn, from second 9.0",
    ]
    first, second = figures
    assert [name.text for name in first.find_elements("css selector", ".columns span")] == ["pose", "dancekit", "truth"]
    button, slider, counter = (first.find_element("css selector", one) for one in ("button", "input", "output"))

    def brightness() -> int:
        """Of the middle of the second column of the first player."""
        script = ("const c = document.querySelector('canvas');"
                  "return c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[0]")  # fmt: skip
        return browser.execute_script(script)

    waited(lambda: counter.text == "1 of 6" and brightness() < 10)
    for key, number in (("\ue014", 2), ("\ue014", 3), ("\ue012", 2), ("\ue012", 1), ("\ue012", 6)):
        slider.send_keys(key)
        waited(lambda number=number: counter.text == f"{number} of 6" and abs(brightness() - 40 * (number - 1)) < 10)
    button.click()
    assert button.text == "Pause"
    waited(lambda: counter.text == "3 of 6")
    button.click()
    assert button.text == "Play"
    stopped = counter.text
    time.sleep(0.4)
    assert counter.text == stopped
    assert second.find_element("css selector", "output").text == "1 of 6", "players are apart"
    assert [said for said in browser.get_log("browser") if said["level"] == "SEVERE"] == []


def test_the_page_fits_a_phone(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, LOG)))
    page.write(tmp_path / "report.html", "anna", done(), tmp_path / "log.jsonl")
    phone = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    browser.get((tmp_path / "report.html").as_uri())
    waited(lambda: browser.find_elements("css selector", "figure"))
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 360, "tables scroll by themselves"
    for one in browser.find_elements("css selector", "svg, canvas, input, dd"):
        assert one.rect["x"] + one.rect["width"] <= 360
        assert one.rect["width"] > 60
