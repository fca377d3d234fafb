"""The command line in a process that is stopped at a chosen moment: python stopping.py PLAN prepare film.mp4 ...

PLAN is a JSON object. at: "module:name", a function or method; count: at which of its calls to stop, before it runs;
match: count only calls with this text among their paths; signal: "KILL" or "INT"; half: let the call write the file
that is its second argument, and leave only half of it; set: {"module:NAME": value} to change first; rank: which of
several processes that torchrun starts is stopped, otherwise each.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import signal
import sys
from pathlib import Path


def owner_of(place: str) -> tuple[object, str]:
    """The module or class that "module:name" or "module:Class.name" lives in, and the name there."""
    module, _, names = place.partition(":")
    owner: object = importlib.import_module(module)
    *way, name = names.split(".")
    for step in way:
        owner = getattr(owner, step)
    return owner, name


def stop_at(at: str, count: int, match: str = "", kind: str = "KILL", half: bool = False) -> None:
    """Let the process signal itself at a call."""
    owner, name = owner_of(at)
    original, calls = getattr(owner, name), 0

    @functools.wraps(original)
    def counted(*arguments, **options):
        nonlocal calls
        meant = match in repr([each for each in arguments if isinstance(each, (str, os.PathLike))])
        calls += meant
        if meant and calls == count:
            if half:
                original(*arguments, **options)
                os.truncate(arguments[1], Path(arguments[1]).stat().st_size // 2)
            os.kill(os.getpid(), getattr(signal, f"SIG{kind}"))
        return original(*arguments, **options)

    setattr(owner, name, counted)


if __name__ == "__main__":
    # A shell that starts a job in the background lets it ignore Ctrl-C, and all that it starts too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    plan = json.loads(sys.argv.pop(1))
    for place, value in plan.pop("set", {}).items():
        setattr(*owner_of(place), value)
    if "at" in plan and str(plan.get("rank", "")) in ("", os.environ.get("RANK")):
        stop_at(plan["at"], plan["count"], plan.get("match", ""), plan.get("signal", "KILL"), plan.get("half", False))
    from dancekit.cli import main

    main()
