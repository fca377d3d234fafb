"""Weight files: a complete manifest, nothing used unchecked, and downloads that go on where they stopped."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
import yaml
from torch import nn

from dancekit.errors import WeightsError
from dancekit.io import weights, zoo
from dancekit.networks.perceptual import VGG19, Perceptual

CONTENTS = bytes(range(256)) * 20_000
"""About 5 MB: several pieces of a download."""


@pytest.mark.parametrize("name", weights.manifest())
def test_every_entry_says_all_that_a_user_must_know(name: str) -> None:
    entry = weights.manifest()[name]
    assert entry.size > 0
    assert entry.licence
    assert len(entry.purpose) > 10
    assert (zoo.root() / entry.card).read_text(encoding="utf-8").startswith("# ")
    assert Path(entry.file).name == entry.file
    assert entry.bundled == (not entry.url), "a file comes along or is fetched"
    assert entry.bundled or entry.url.startswith("https://")
    if entry.sha256:
        assert re.fullmatch("[0-9a-f]{64}", entry.sha256)
    assert entry.sha256 or entry.sha256_prefix, "nothing is used unchecked"


@pytest.mark.parametrize("name", [name for name, entry in weights.manifest().items() if entry.bundled])
def test_bundled_files_are_exactly_those_of_the_manifest(name: str) -> None:
    entry = weights.manifest()[name]
    contents = (zoo.root() / entry.file).read_bytes()
    assert len(contents) == entry.size
    assert hashlib.sha256(contents).hexdigest() == entry.sha256
    assert weights.find(name) == entry.path
    assert weights.available(name)


def test_no_weight_file_is_bundled_without_an_entry() -> None:
    listed = {entry.file for entry in weights.manifest().values()}
    found = {path.name for path in zoo.root().iterdir() if path.suffix in (".task", ".safetensors", ".pth", ".onnx")}
    assert found <= listed


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(WeightsError, match="no weights called 'vgg20'") as caught:
        weights.find("vgg20")
    assert "Did you mean 'vgg19'?" in caught.value.hint


class Shop:
    """A small web server with one file; `cut` makes it hang up after so many bytes of the file."""

    def __init__(self) -> None:
        self.ranges: list[str | None] = []
        self.contents, self.cut, self.knows_ranges = CONTENTS, len(CONTENTS), True
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shop.ranges.append(self.headers["Range"])
                wanted = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "") if shop.knows_ranges else None
                first = int(wanted[1]) if wanted else 0
                self.send_response(206 if wanted else 200)
                self.send_header("Content-Length", str(len(shop.contents) - first))
                self.end_headers()
                self.wfile.write(shop.contents[first : shop.cut])

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/style-{'0' * 8}.pth"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def stocked(tmp_path: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zoo whose one file lies in the shop, and the folder that it is fetched into."""
    entry = {"file": "style.pth", "url": shop.url, "size": len(CONTENTS), "licence": "MIT", "purpose": "for tests",
             "card": "style.md", "sha256": hashlib.sha256(CONTENTS).hexdigest()}  # fmt: skip
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "weights.yaml").write_text(yaml.safe_dump({"style": entry}))
    monkeypatch.setattr(zoo, "root", lambda: tmp_path / "zoo")
    monkeypatch.setenv("DANCEKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_file_is_fetched_checked_and_then_found(shop: Shop, stocked: Path) -> None:
    reports: list[tuple[int, int]] = []
    assert not weights.available("style")
    path = weights.fetch("style", lambda what, done, total: reports.append((done, total)))
    assert path == stocked / "style.pth"
    assert path.read_bytes() == CONTENTS
    assert weights.find("style") == path
    assert reports[-1] == (len(CONTENTS), len(CONTENTS))
    assert [entry.name for entry in stocked.iterdir()] == ["style.pth"]
    assert weights.fetch("style") == path
    assert shop.ranges == [None], "what is there is not fetched again"


def test_a_download_that_broke_off_goes_on_where_it_was(shop: Shop, stocked: Path) -> None:
    shop.cut = 2_000_000
    with pytest.raises(WeightsError, match=re.escape(shop.url)) as caught:
        weights.fetch("style")
    assert "2000000 of 5120000" in caught.value.problem
    assert "again" in caught.value.hint
    assert not (stocked / "style.pth").exists()
    shop.cut = len(CONTENTS)
    assert weights.fetch("style").read_bytes() == CONTENTS
    assert shop.ranges == [None, "bytes=2000000-"]


def test_a_server_that_cannot_go_on_starts_over(shop: Shop, stocked: Path) -> None:
    shop.cut = 2_000_000
    with pytest.raises(WeightsError):
        weights.fetch("style")
    shop.cut, shop.knows_ranges = len(CONTENTS), False
    assert weights.fetch("style").read_bytes() == CONTENTS


def test_the_wrong_file_is_thrown_away(shop: Shop, stocked: Path) -> None:
    shop.contents = CONTENTS[:-1] + b"?"
    with pytest.raises(WeightsError, match="damaged or not the right file"):
        weights.fetch("style")
    assert list(stocked.iterdir()) == []
    shop.contents = CONTENTS
    assert weights.fetch("style").read_bytes() == CONTENTS


def test_a_damaged_file_is_not_used(stocked: Path) -> None:
    weights.fetch("style")
    (stocked / "style.pth").write_bytes(CONTENTS[:-1] + b"?")
    with pytest.raises(WeightsError, match=r"style\.pth: damaged") as caught:
        weights.find("style")
    assert caught.value.hint.startswith("Delete it.")


def test_a_file_put_there_by_hand_is_as_good(shop: Shop, stocked: Path) -> None:
    stocked.mkdir()
    (stocked / "style.pth").write_bytes(CONTENTS)
    assert weights.find("style") == stocked / "style.pth"
    assert weights.fetch("style") == stocked / "style.pth"
    assert shop.ranges == []


def test_a_missing_file_says_where_to_get_it_and_where_to_put_it(shop: Shop, stocked: Path) -> None:
    with pytest.raises(WeightsError, match="not on this computer") as caught:
        weights.find("style")
    assert shop.url in caught.value.hint
    assert str(stocked) in caught.value.hint
    assert "dancekit doctor --fetch style" in caught.value.hint


def test_offline_the_url_and_the_folder_are_named(shop: Shop, stocked: Path) -> None:
    shop.server.shutdown()
    shop.server.server_close()
    with pytest.raises(WeightsError, match=re.escape(shop.url)) as caught:
        weights.fetch("style")
    assert str(stocked) in caught.value.hint
    assert "urlopen" not in caught.value.problem
    assert "Errno" not in caught.value.problem


def test_a_cache_that_cannot_be_made_is_said(tmp_path: Path, stocked: Path) -> None:
    stocked.write_text("a file where the folder should be")
    with pytest.raises(WeightsError, match="could not be fetched"):
        weights.fetch("style")


def test_a_prefix_of_the_checksum_is_checked_as_far_as_it_goes(tmp_path: Path, stocked: Path, shop: Shop) -> None:
    manifest = yaml.safe_load((tmp_path / "zoo" / "weights.yaml").read_text())
    whole = manifest["style"].pop("sha256")
    for prefix, fine in ((whole[:8], True), ("00000000", False)):
        manifest["style"]["sha256_prefix"] = prefix
        (tmp_path / "zoo" / "weights.yaml").write_text(yaml.safe_dump(manifest))
        if fine:
            weights.fetch("style")
        else:
            with pytest.raises(WeightsError, match="damaged"):
                weights.find("style")


def torchvision_vgg19() -> dict[str, torch.Tensor]:
    """A state dict with the names of torchvision's VGG-19, each bias telling which convolution it is."""
    layers: list[nn.Module] = []
    inputs, count = 3, 0
    for width, convolutions in ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)):
        for _ in range(convolutions):
            layer = nn.Conv2d(inputs, width, 3, padding=1, device="meta")
            layers += [layer, nn.ReLU()]
            inputs, count = width, count + 1
        layers.append(nn.MaxPool2d(2))
    names = nn.Sequential(*layers).state_dict()
    places = sorted({int(name.split(".")[0]) for name in names})
    state = {f"features.{name}": torch.full(tuple(t.shape) if "bias" in name else (1, 1, 1, 1), float(places.index(int(
        name.split(".")[0])))) for name, t in names.items()}  # fmt: skip
    return {**state, "classifier.0.weight": torch.zeros(1)}


def test_torchvisions_names_become_blocks_and_places(stocked: Path, tmp_path: Path) -> None:
    stocked.mkdir()
    torch.save(torchvision_vgg19(), stocked / "style.pth")
    manifest = yaml.safe_load((tmp_path / "zoo" / "weights.yaml").read_text())
    manifest["style"]["sha256"] = weights.sha256(stocked / "style.pth")
    (tmp_path / "zoo" / "weights.yaml").write_text(yaml.safe_dump(manifest))
    renamed = weights.trunk_weights("style")
    order = [f"conv{block}_{place}" for block, count in enumerate((2, 2, 4, 4, 4), 1) for place in range(1, count + 1)]
    assert sorted(renamed) == sorted(f"{name}.{kind}" for name in order for kind in ("weight", "bias"))
    assert [float(renamed[f"{name}.bias"][0]) for name in order] == list(range(16))
    needed = {f"{name}.weight" for name in Perceptual(VGG19, _random_trunk(), 5).convolutions}
    assert needed <= renamed.keys()


def _random_trunk() -> dict[str, torch.Tensor]:
    trunk, inputs = {}, 3
    for block, (width, count) in enumerate(zip((64, 128, 256, 512, 512), VGG19.blocks, strict=True), 1):
        for place in range(1, count + 1):
            trunk[f"conv{block}_{place}.weight"] = torch.zeros(width, inputs, 3, 3)
            trunk[f"conv{block}_{place}.bias"] = torch.zeros(width)
            inputs = width
    return trunk
