"""Whatever is found by its file name keeps its contract by itself: backends, networks, recipes and weights."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import inspect
import pkgutil
import re
import typing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from figures import track, waving
from torch import nn
from trouble import film, performance

import dancekit.networks
from dancekit import limits, plugins, recipe
from dancekit.core.skeleton import J
from dancekit.errors import DancekitError, RecipeError
from dancekit.io import video, weights, zoo
from dancekit.likeness import make_generator, multiple, pose_channels
from dancekit.networks.patch import PatchCritic
from dancekit.options import parse_settings
from dancekit.pose import keypoints

# ------------------------------------------------------------------------------------------------------------ backends


@pytest.fixture(scope="module")
def danced_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 12 frames with landmarks beside it, for backends that read them from there."""
    path = film(tmp_path_factory.mktemp("film") / "dance.mp4", performance(40)[0][:12])
    keypoints.write_track(path.with_suffix(".npz"), track(waving(12), (240, 320)))
    return path


@pytest.mark.parametrize("name", plugins.names("pose"))
def test_every_pose_backend_finds_a_person_in_px_of_the_frame(name: str, danced_film: Path) -> None:
    backend, info = plugins.load("pose", name), video.probe(danced_film)
    assert backend.DESCRIPTION.strip()
    assert "\n" not in backend.DESCRIPTION
    assert list(inspect.signature(backend.Detector).parameters) == ["info", "people", "masks"]
    detector = backend.Detector(info, 1, True)
    try:
        seen = [detector.detect(index, frame) for index, frame in enumerate(video.read_frames(info))]
    finally:
        detector.close()
    assert len(seen) == 12
    assert all(len(people) <= 1 for people in seen), "no more people than asked for"
    found = [sighting for people in seen for sighting in people]
    assert len(found) >= 10
    for sighting in found:
        assert sighting.points.shape == (J, 3)
        assert sighting.points.dtype == np.float32
        assert np.median(sighting.points[:, :2], axis=0) == pytest.approx([120, 160], abs=120)
        assert ((sighting.points[:, 2] >= 0) & (sighting.points[:, 2] <= 1)).all()
        if sighting.mask is not None:
            left, top, right, bottom = sighting.box
            assert sighting.mask.dtype == np.uint8
            assert sighting.mask.ndim == 2
            assert 0 <= left < right <= 240
            assert 0 <= top < bottom <= 320


def test_landmarks_from_a_file_are_those_of_the_frame_where_a_film_begins_later(danced_film: Path) -> None:
    detector = plugins.load("pose", "keypoints").Detector(replace(video.probe(danced_film), first=5, frames=7), 1, True)
    frame, wanted = np.zeros((320, 240, 3), np.uint8), keypoints.read_track(danced_film.with_suffix(".npz")).points
    for index in range(7):
        (sighting,) = detector.detect(index, frame)
        assert np.array_equal(sighting.points, wanted[5 + index])
    assert detector.detect(7, frame) == []


@pytest.mark.parametrize("name", plugins.names("matting"))
def test_every_matting_backend_has_what_the_protocol_asks_for(name: str) -> None:
    backend = plugins.load("matting", name)
    assert backend.DESCRIPTION.strip()
    assert "\n" not in backend.DESCRIPTION
    assert list(inspect.signature(backend.Matte).parameters) == ["study", "option"]
    assert list(inspect.signature(backend.Matte.cut).parameters) == ["self", "time", "picture", "mask", "box"]


@pytest.mark.parametrize("family", ["pose", "matting"])
def test_backends_are_found_by_file_name_and_nothing_lists_them(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = importlib.import_module(f"dancekit.{family}")
    (tmp_path / "homemade.py").write_text("DESCRIPTION = 'made at home'\n")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    assert "homemade" in plugins.names(family)
    assert plugins.load(family, "homemade").DESCRIPTION == "made at home"
    with pytest.raises(DancekitError, match=f"no {family} backend 'homemad'") as caught:
        plugins.load(family, "homemad")
    assert "Did you mean 'homemade'?" in caught.value.hint


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ('DESCRIPTION = "made at home"\n', "made at home"),
        ('DESCRIPTION: str = "made at home"\n', "made at home"),
        ('DESCRIPTION = (\n    "made "\n    "at home"\n)\n', "made at home"),
        ('DESCRIPTION = (  # long\n    "made at home"\n)\n', "made at home"),
        ('WHERE = "home"\nDESCRIPTION = f"made at {WHERE}"\n', ""),
        ("DESCRIPTION = (\n", ""),
        ("import torch\n", ""),
    ],
)
def test_a_backend_may_describe_itself_as_python_allows(
    source: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pose").mkdir()
    (tmp_path / "pose" / "homemade.py").write_text(source)
    monkeypatch.setattr(plugins, "__file__", str(tmp_path / "plugins.py"))
    assert plugins.described("pose") == {"homemade": told}


# ------------------------------------------------------------------------------------------------------------ networks

NETWORKS = [module.name for module in pkgutil.iter_modules(dancekit.networks.__path__)]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_file_holds_networks_that_say_their_shapes(name: str) -> None:
    module = importlib.import_module(f"dancekit.networks.{name}")
    found = [value for value in vars(module).values() if inspect.isclass(value) and issubclass(value, nn.Module)
             and value.__module__ == module.__name__]  # fmt: skip
    assert found
    for network in found:
        assert network.__doc__
        assert re.search(r"\bN\b|x H x W|\bto\b|shape", network.forward.__doc__ or ""), f"{network}: shapes of forward"


@pytest.mark.parametrize("stage", [1, 2])
@pytest.mark.parametrize("name", zoo.recipes())
def test_every_recipes_generators_draw_colour_and_alpha_at_every_size_of_its_phases(name: str, stage: int) -> None:
    chosen = recipe.load(name)
    windows = 2 * chosen.reaches[stage - 1] + 1
    with torch.device("meta"):
        generator = make_generator(chosen, stage)
        for phase in chosen.phases:
            width, height = phase.size
            assert width % multiple(chosen) == height % multiple(chosen) == 0, "sizes halve evenly"
            coarse = chosen.generator.coarse if stage == 1 else 1
            channels = windows * (pose_channels(chosen) if stage == 1 else 4)
            made = generator(torch.empty(2, channels, height // coarse, width // coarse))
            assert made.shape == (2, 4, height, width)


@pytest.mark.parametrize("name", zoo.recipes())
def test_every_recipes_critics_judge_its_sizes(name: str) -> None:
    chosen = recipe.load(name)
    shape = chosen.critics
    with torch.device("meta"):
        critic = PatchCritic(3, pose_channels(chosen), shape.width, shape.layers, shape.scales, False, shape.norm)
        for phase in chosen.phases:
            width, height = phase.size
            scales = critic(torch.empty(2, 3, height, width), torch.empty(2, pose_channels(chosen), height, width))
            assert len(scales) == shape.scales


# ------------------------------------------------------------------------------------------------------------- recipes


@pytest.mark.parametrize("name", zoo.recipes())
def test_every_recipe_resolves_and_survives_being_saved(name: str) -> None:
    chosen = recipe.load(name)
    assert chosen.name == name
    assert len(chosen.description) > 10
    assert sum(phase.share for phase in chosen.phases) == pytest.approx(1)
    assert {1, 2} <= {phase.stage for phase in chosen.phases} <= {1, 2, 3}
    assert recipe.from_dict(recipe.to_dict(chosen)) == chosen
    assert weights.known(chosen.perceptual.trunk).purpose


def test_the_papers_recipe_is_the_defaults_and_lists_every_setting() -> None:
    written = dict(limits.flat(zoo.read_yaml(zoo.recipes()["paper"])))
    assert recipe.load("paper") == dataclasses.replace(
        recipe.Recipe(), description=typing.cast(str, written["description"])
    )
    assert {"name", *written} == dict(limits.flat(recipe.to_dict(recipe.Recipe()))).keys()


GROUPS = ["", *(f"{field.name}." for field in dataclasses.fields(recipe.Recipe)
                if dataclasses.is_dataclass(getattr(recipe.Recipe(), field.name)))]  # fmt: skip


@pytest.mark.parametrize("group", GROUPS)
def test_unknown_keys_are_refused_everywhere(group: str) -> None:
    with pytest.raises(RecipeError, match="there is no setting 'nonsense'") as caught:
        recipe.load("tiny", {f"{group}nonsense": "1"})
    assert "There are:" in caught.value.hint


WRONG = ["batch=many", "batch=2.0", "batch=true", "batch=0", "rate=.nan", "rate=.inf", "rate=0", "key=green", "key=#12",
         "phases=[]", "phases=3", "phases=[{stage: 1}]", "phases=[{stage: 2, size: [64, 64], share: 1}]",
         "phases=[{stage: 4, size: [64, 64], share: 1}]", "closeup=1",
         "phases=[{stage: 1, size: [64], share: 1}]", "phases=[{stage: 1, size: [8, 64], share: 1}]",
         "perceptual.trunk=vgg", "perceptual.depth=9", "generator.width=0", "generator.coarse=3", "refiner.norm=batch",
         "critics.layers=0", "critics.scales=0", "weights.every=0", "weights.gan=-1", "frames=40", "reach=30", "line=0",
         "window=5", "beta1=2", "decay=9", "average=7", "steps=0", "minutes=-1", "precision=half", "augment=3",
         "augment.drop=2", "unpaired.share=-1", "generator=3", "batch=[", "=3", "batch"]  # fmt: skip


@pytest.mark.parametrize("setting", WRONG)
def test_settings_that_cannot_be_are_refused_with_what_they_may_be(setting: str) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe.load("tiny", parse_settings([setting]))
    assert caught.value.hint
    assert setting.partition("=")[0].rpartition(".")[2] in caught.value.problem


NUMBERS = {key: value for key, value in limits.flat(recipe.to_dict(recipe.Recipe()))
           if isinstance(value, (int, float)) and not isinstance(value, bool)}  # fmt: skip


@pytest.mark.parametrize("key", NUMBERS)
def test_every_number_has_limits(key: str) -> None:
    with pytest.raises(RecipeError, match=f"{key} is from "):
        recipe.load("tiny", {key: "-7" if isinstance(NUMBERS[key], int) else ".nan"})


@pytest.mark.parametrize("key", ["#808080", "#b10000", "#40a080"])
def test_without_a_matte_the_key_can_be_keyed(key: str) -> None:
    assert recipe.load("tiny", {"key": key}).key == key
    with pytest.raises(RecipeError, match="key must be a strong green or blue without a matte"):
        recipe.load("tiny", {"key": key, "matte": "false"})
    assert recipe.load("tiny", {"key": "#0040c0", "matte": "false"}).key == "#0040c0"


def test_settings_that_may_be_are_taken() -> None:
    chosen = recipe.load("tiny", parse_settings(["batch=2", "critics.width=16", "augment=null", "rate=1e-3"]))
    assert (chosen.batch, chosen.critics.width, chosen.augment, chosen.rate) == (2, 16, None, 1e-3)


# ------------------------------------------------------------------------------------------------------------- weights


@pytest.mark.parametrize("name", weights.manifest())
def test_every_weight_file_is_well_described(name: str) -> None:
    entry = weights.manifest()[name]
    card = (zoo.root() / entry.card).read_text(encoding="utf-8")
    assert entry.licence in card, "the card tells the licence"
    assert entry.url or entry.bundled
    assert not entry.url or (re.fullmatch(r"https://\S+", entry.url) and entry.url.endswith(entry.file))
    if entry.bundled and "as dancekit" not in card:
        terms = zoo.root() / "licences" / f"{name}.txt"
        assert re.search(r"Copyright|Apache License", terms.read_text(encoding="utf-8")), "they go along"
        assert f"../licences/{terms.name}" in card
    assert re.fullmatch("([0-9a-f]{64})?", entry.sha256)
    assert re.fullmatch("[0-9a-f]*", entry.sha256_prefix)
    assert entry.size > 1000


@pytest.mark.parametrize("name", [name for name, entry in weights.manifest().items() if entry.bundled])
def test_bundled_weights_are_the_ones_that_are_described(name: str) -> None:
    entry = weights.manifest()[name]
    data = entry.path.read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (entry.size, entry.sha256)


def test_every_file_of_the_zoo_is_accounted_for() -> None:
    """Nothing lies about that no manifest, no recipe and no card speaks of; and nothing in it is code."""
    entries = weights.manifest().values()
    expected = {"README.md", "weights.yaml", *(entry.file for entry in entries if entry.bundled)}
    expected |= {entry.card for entry in entries} | {f"recipes/{name}.yaml" for name in zoo.recipes()}
    cards = {entry.card: (zoo.root() / entry.card).read_text(encoding="utf-8") for entry in entries}
    expected |= {f"licences/{name}" for card in cards.values() for name in re.findall(r"\(\.\./licences/(.+?)\)", card)}
    found = {path.relative_to(zoo.root()).as_posix() for path in zoo.root().rglob("*") if path.is_file()}
    assert found == expected
