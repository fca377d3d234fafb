"""Weight files: bundled or fetched, always checked against the manifest models/weights.yaml before use."""

from __future__ import annotations

import hashlib
import http.client
import os
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dancekit.errors import WeightsError
from dancekit.io import zoo
from dancekit.io.files import move
from dancekit.plugins import suggestion
from dancekit.types import Progress, no_progress

if TYPE_CHECKING:
    from torch import Tensor

_CHUNK = 1 << 20


@dataclass(frozen=True)
class WeightFile:
    """One entry of the manifest."""

    name: str
    file: str
    size: int
    licence: str
    purpose: str
    card: str
    bundled: bool = False
    url: str = ""
    sha256: str = ""
    sha256_prefix: str = ""

    @property
    def path(self) -> Path:
        """Where the file lies, or would lie once fetched."""
        return (zoo.root() if self.bundled else cache_folder()) / self.file


def cache_folder() -> Path:
    """Where fetched weights are kept: DANCEKIT_CACHE, or .cache/dancekit in the home folder."""
    return Path(os.environ.get("DANCEKIT_CACHE") or Path.home() / ".cache" / "dancekit")


def manifest() -> dict[str, WeightFile]:
    """All weight files that dancekit knows, by name."""
    entries = zoo.read_yaml(zoo.root() / "weights.yaml")
    return {name: WeightFile(name=name, **entry) for name, entry in entries.items()}  # type: ignore[arg-type]


def known(name: str) -> WeightFile:
    """The manifest's entry for a name."""
    entries = manifest()
    if name not in entries:
        raise WeightsError(f"There are no weights called {name!r}.", suggestion(name, sorted(entries)))
    return entries[name]


def find(name: str) -> Path:
    """The checked file of these weights.

    Raises:
        WeightsError: it is not there, or it is not what the manifest says.
    """
    entry = known(name)
    if not entry.path.is_file():
        raise WeightsError(f"The weights {name!r} are not on this computer ({entry.path}).", _how_to_get(entry))
    _check(entry, entry.path, entry.path.stat().st_mtime_ns)
    return entry.path


def available(name: str) -> bool:
    """Whether the file of these weights is on this computer."""
    return known(name).path.is_file()


def _how_to_get(entry: WeightFile) -> str:
    if entry.bundled:
        return "They belong to dancekit itself: install it again."
    return (
        f"Put the file from {entry.url} into {cache_folder()}, or have it fetched: dancekit doctor --fetch {entry.name}"
    )


@lru_cache(maxsize=32)
def _check(entry: WeightFile, path: Path, changed: int) -> None:
    """Compare with the manifest; once for each state of the file."""
    digest = sha256(path)
    if (entry.sha256 and digest != entry.sha256) or not digest.startswith(entry.sha256_prefix):
        raise WeightsError(
            f"{path}: damaged or not the right file (its sha256 starts with {digest[:12]}, not with "
            f"{(entry.sha256 or entry.sha256_prefix)[:12]}).",
            "Delete it. " + _how_to_get(entry),
        )


def sha256(path: Path) -> str:
    """Hex digest of a file's contents."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def fetch(name: str, progress: Progress = no_progress) -> Path:
    """Download a weight file into the cache, going on where an earlier try stopped, and check it.

    Raises:
        WeightsError: no network, or the file that came is not the right one.
    """
    entry = known(name)
    if entry.bundled or entry.path.is_file():
        return find(name)
    part = entry.path.with_name(entry.path.name + ".part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        _download(entry, part, progress)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)  # without the words that urllib puts around it
        raise WeightsError(
            f"{name}: could not be fetched from {entry.url} ({getattr(reason, 'strerror', None) or reason}).",
            f"Run the command again to go on, or copy the file into {cache_folder()} by hand.",
        ) from error
    move(part, entry.path)
    try:
        return find(name)
    except WeightsError:
        entry.path.unlink(missing_ok=True)
        raise


def _download(entry: WeightFile, part: Path, progress: Progress) -> None:
    done = part.stat().st_size if part.exists() else 0
    if done >= entry.size:
        return
    import certifi  # here, so that dancekit doctor can tell that it is missing

    request = urllib.request.Request(entry.url, headers={"Range": f"bytes={done}-"} if done else {})
    trusted = ssl.create_default_context()
    trusted.load_verify_locations(certifi.where())  # a Python of its own may come without any, as on macOS
    with urllib.request.urlopen(request, timeout=30, context=trusted) as answer:
        goes_on = answer.status == 206
        done = done if goes_on else 0
        with part.open("ab" if goes_on else "wb") as file:
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                progress(f"fetching {entry.file}", done, entry.size)
    if done < entry.size:
        raise OSError(f"the connection broke off after {done} of {entry.size} bytes")


def trunk_weights(name: str) -> Mapping[str, Tensor]:
    """Weights of a VGG trunk as convB_J.weight and convB_J.bias, from safetensors or torchvision's own file."""
    given = tensors(name)
    return _renamed(given) if known(name).path.suffix == ".pth" else given


def tensors(name: str) -> Mapping[str, Tensor]:
    """What a weight file holds, from safetensors or from PyTorch's own format, read so that nothing in it can run.

    Raises:
        WeightsError: see find.
    """
    path = find(name)
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)


def _renamed(features: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """torchvision numbers its layers features.N, pooling layers included; block and place follow from the gaps."""
    numbers = sorted({int(key.split(".")[1]) for key in features if key.startswith("features.")})
    block, place, renamed, previous = 1, 0, {}, None
    for number in numbers:
        if previous is not None and number - previous > 2:
            block, place = block + 1, 0
        place, previous = place + 1, number
        for kind in ("weight", "bias"):
            renamed[f"conv{block}_{place}.{kind}"] = features[f"features.{number}.{kind}"]
    return renamed
