"""installed: which packages there are, of which versions, and whether they can be loaded."""

from __future__ import annotations

import importlib.metadata
import re
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress

_LONG = 300
"""Letters of what Python says that are shown at most."""


def version_of(package: str) -> str | None:
    """The installed version of a package, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def required() -> list[str]:
    """The packages that dancekit's own installation asks for; none where it runs without having been installed."""
    with suppress(importlib.metadata.PackageNotFoundError):
        asked = importlib.metadata.requires("dancekit") or []
        return [re.split(r"[^\w.-]", one)[0] for one in asked if "extra ==" not in one]
    return []


class Trial:
    """A module that is loaded in a process of its own: while other things are looked at, and if it crashes, it does so
    alone."""

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", f"import {module}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def trouble(self) -> str:
        """Wait for it. Why the module cannot be loaded; empty if it can."""
        said = self._process.communicate()[1].decode("utf-8", "replace").split("\n")
        status = self._process.returncode
        if not status:
            return ""
        if status > 0:  # the last line of what Python says is the error itself
            return textwrap.shorten(next((line for line in reversed(said) if line.strip()), f"status {status}"), _LONG)
        with suppress(ValueError):
            return f"it crashes ({signal.Signals(-status).name})"
        return f"it crashes (signal {-status})"
