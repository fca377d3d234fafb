"""doctor: is everything in place? Each problem comes with its cure."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dancekit import installed
from dancekit.errors import DancekitError
from dancekit.installed import Trial, version_of
from dancekit.io import weights
from dancekit.io.access import refuse_unwritable
from dancekit.io.workspace import Workspace

if TYPE_CHECKING:
    from dancekit.io.clips import Clip

_LOW_DISK = 1 << 30
_AGAIN = "In the checkout: git pull, then pip install -c constraints.txt ."
_BROKEN = (ImportError, OSError, RuntimeError, AttributeError, TypeError, ValueError)
"""What packages raise that are missing, half there, or made for other versions of one another."""
_BEHIND = {"device": "torch", "ffmpeg": "imageio_ffmpeg", "people": "torch"}
"""The package that a check stands on, where an error does not name one."""
_PACKAGES = {"cv2": "opencv-python", "yaml": "pyyaml", "imageio_ffmpeg": "imageio-ffmpeg"}
"""What is installed for a module of another name."""
_HEAVY = "mediapipe", "cv2"
"""Modules that take long to load, or that crash where a library of the system is another than they expect."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at. cure: what to do; empty if all is well or nothing needs doing."""

    name: str
    what: str
    fine: bool = True
    cure: str = ""


def examine(workspace: Workspace) -> list[Finding]:
    """Look at everything that dancekit needs; what cannot even be looked at is a finding too."""
    trials = {module: Trial(module) for module in _HEAVY}
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "Python": _python,
        "packages": lambda: _packages(trials),
        "opencv": _opencv_pair,
        "device": _device,
        "ffmpeg": _ffmpeg,
        "weights": _weights,
        "disk": lambda: _disk(workspace),
        "people": lambda: _people(workspace),
    }
    in_turn = sorted(checks, key=lambda name: name == "packages")  # last, when the trials are over
    found = {name: list(_looked_at(name, checks[name])) for name in in_turn}
    return [finding for name in checks for finding in found[name]]


def _looked_at(name: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What a check finds up to where it fails, and that it does."""
    try:
        yield from check()
    except DancekitError as error:
        yield Finding(name, error.problem, False, error.hint)
    except _BROKEN as error:
        missed = (getattr(error, "name", None) or _BEHIND.get(name, "")).partition(".")[0]
        package = _PACKAGES.get(missed, missed)
        cure = f"{_AGAIN}  If that does not help: pip install --force-reinstall {package}" if package else _AGAIN
        what = f"cannot be looked at ({type(error).__name__}: {textwrap.shorten(str(error), 300)})"
        yield Finding(name, what, False, cure)


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Finding(
        "Python",
        f"{version} on {platform.system()} {platform.machine()}",
        good,
        "" if good else "Install Python 3.12 from python.org, and dancekit into it.",
    )


def _packages(trials: Mapping[str, Trial]) -> Iterator[Finding]:
    missing = [package for package in installed.required() if version_of(package) is None]
    if missing:
        yield Finding("packages", f"missing: {', '.join(missing)}", False, _AGAIN)
    for module, trial in trials.items():
        if trouble := trial.trouble():
            package = _PACKAGES.get(module, module)
            yield Finding(
                package,
                f"cannot be loaded: {trouble}",
                False,
                f"pip install --force-reinstall {package}  (on Linux also: apt install libgl1 libegl1)",
            )
    version = version_of("mediapipe") or "0"
    if version.split(".")[0] == "0":
        yield Finding("mediapipe", f"{version} is too old", False, "pip install --upgrade 'mediapipe>=1.0'")
    elif not missing:
        yield Finding("packages", ", ".join(f"{p} {version_of(p)}" for p in ("torch", "mediapipe", "opencv-python")))


def _opencv_pair() -> Iterator[Finding]:
    """MediaPipe brings opencv-contrib-python beside opencv-python; both write the folder cv2, so they must agree."""
    pair = {package: version_of(package) for package in ("opencv-python", "opencv-contrib-python")}
    versions = {version for version in pair.values() if version}
    if len(versions) > 1:
        newest = max(versions, key=lambda v: [int(part) for part in v.split(".") if part.isdigit()])
        yield Finding(
            "opencv",
            " beside ".join(f"{p} {v}" for p, v in pair.items()),
            False,
            "Both share one folder and must be of one version: pip install --force-reinstall "
            + " ".join(f"{package}=={newest}" for package in pair),
        )
    extra = version_of("opencv-python-headless")
    if extra and extra not in versions:
        yield Finding(
            "opencv",
            f"opencv-python-headless {extra} lies over the others",
            False,
            "pip uninstall opencv-python-headless, then: pip install --force-reinstall opencv-python",
        )


def _device() -> Iterator[Finding]:
    import torch

    from dancekit import device

    machine = device.find()
    recipe, why = machine.recipe()
    memory = f", {machine.memory / 2**30:.0f} GB" if machine.memory else ""
    yield Finding("device", f"{machine.name}{memory}; recipe {recipe} ({why})")
    if machine.trouble:
        yield Finding(
            "GPU",
            f"{machine.trouble}: all is computed on the CPU",
            False,
            "Close other programs that use it, bring its driver up to date (nvidia.com/drivers), or install "
            "a PyTorch that is made for this card (pytorch.org).",
        )
    card = nvidia_card()
    if card and not torch.cuda.is_available():
        yield Finding(
            "NVIDIA GPU",
            f"{card} is there, but this PyTorch ({torch.__version__}) cannot use it",
            False,
            f"pip install --force-reinstall torch=={torch.__version__.partition('+')[0]} --index-url "
            "https://download.pytorch.org/whl/cu130 (for cards older than the RTX 20 series: cu126)"
            if torch.version.cuda is None
            else "Bring the graphics driver up to date (nvidia.com/drivers).",
        )
    if getattr(torch.backends, "mps", None) is not None and torch.backends.mps.is_available():
        yield Finding("Apple GPU", "there; dancing (transfer) can use it: --device mps")


def nvidia_card() -> str:
    """The name of an NVIDIA card that the driver knows of; empty without one."""
    program = shutil.which("nvidia-smi")
    if not program:
        return ""
    try:
        query = [program, "--query-gpu=name", "--format=csv,noheader"]
        return (
            subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout.strip().splitlines()[0]
        )
    except (OSError, subprocess.SubprocessError, IndexError):
        return ""


def _ffmpeg() -> Iterator[Finding]:
    from dancekit.io import ffmpeg

    try:
        output, _, status = ffmpeg.run(["-v", "quiet", "-encoders"])
        filters, _, _ = ffmpeg.run(["-v", "quiet", "-filters"])
    except DancekitError as error:
        yield Finding("ffmpeg", error.problem, False, error.hint)
        return
    text = (output + filters).decode("utf-8", "replace")
    lacking = [name for name in ("libx264", "prores_ks", "libvpx-vp9", "aac", "zscale") if name not in text]
    what = f"{ffmpeg.executable()}" + (f", lacks {', '.join(lacking)}" if lacking else "")
    yield Finding(
        "ffmpeg",
        what,
        "libx264" not in lacking and not status,
        "pip install --force-reinstall imageio-ffmpeg" if lacking else "",
    )


def _weights() -> Iterator[Finding]:
    for name, entry in weights.manifest().items():
        if not entry.path.is_file():
            yield Finding(
                f"weights {name}",
                f"{'optional, not fetched' if not entry.bundled else 'missing'} ({entry.purpose})",
                not entry.bundled,
                f"to get it: dancekit doctor --fetch {name}  (from {entry.url}, {entry.size / 1e6:.0f} MB)"
                if entry.url
                else _AGAIN,
            )
            continue
        try:
            weights.find(name)
            yield Finding(f"weights {name}", f"{entry.path} ({entry.licence})")
        except DancekitError as error:
            yield Finding(f"weights {name}", error.problem, False, error.hint)
    # As rembg itself looks for them, which does without its package being loaded.
    data = os.environ.get("XDG_DATA_HOME")
    usual = Path(data) / "rembg" if data else Path.home() / ".rembg"
    rembg = Path(os.environ.get("U2NET_HOME") or os.environ.get("REMBG_HOME") or usual)
    models = sorted(path.stem for path in rembg.rglob("*.onnx")) if rembg.is_dir() else []
    yield Finding(
        "rembg models", ", ".join(models) if models else f"none in {rembg}; rembg fetches what --matte rembg needs"
    )


def _disk(workspace: Workspace) -> Iterator[Finding]:
    root = workspace.root.absolute()
    there = next((folder for folder in (root, *root.parents) if folder.is_dir()), None)
    if there is None:  # a drive that is not there
        yield Finding("disk", f"{root}: there is no such place", False, "Choose another folder with --home.")
        return
    refuse_unwritable(root)
    free = shutil.disk_usage(there).free
    yield Finding(
        "disk",
        f"{free / 2**30:.0f} GB free for {root}",
        free > _LOW_DISK,
        "" if free > _LOW_DISK else "Free some space: a minute of film takes about 50 MB, a person some 200 MB.",
    )


def _people(workspace: Workspace) -> Iterator[Finding]:
    from dancekit import begun, likeness
    from dancekit.io import checkpoint, clips

    for name in workspace.people():
        person = workspace.person(name)
        try:
            prepared = [clips.load(folder) for folder in person.clips()]
            for clip in prepared:
                clip.frames()
            seconds = sum(clip.used.sum() / float(clip.track.fps) for clip in prepared)
            state = f"{len(prepared)} film{'s' if len(prepared) != 1 else ''}, {seconds:.0f} s"
            if rare := _rare(prepared):
                state += f"; rarely seen, and so guessed or missing when she dances: {', '.join(rare)}"
            if unfinished := clips.unfinished(person):
                state += f"; not prepared to the end: {', '.join(unfinished)}"
            if person.card.is_file():
                model = likeness.load(person)
                state += f"; trained with {model.recipe.name}, {model.canvas.size[0]}x{model.canvas.size[1]}"
                new = likeness.unlearnt(model.notes, prepared)
                state += f"; prepared since, and not learnt: {', '.join(clip.name for clip in new)}" if new else ""
            else:
                state += "; not trained yet"
            if person.state.is_file():
                checkpoint.read_card(person.state, begun.CURE)
            yield Finding(f"person {name}", state)
        except DancekitError as error:
            yield Finding(f"person {name}", error.problem, False, error.hint)


def _rare(prepared: Sequence[Clip]) -> list[str]:
    """The regions of a person's body that none of her films shows much of."""
    from dancekit.core import tracks, verdict

    shares = [tracks.seen_share(clip.track, clip.inside) for clip in prepared]
    return verdict.rarely({name: max(share[name] for share in shares) for name in shares[0]}) if shares else []
