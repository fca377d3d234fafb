"""Tensors on disk: all-or-nothing safetensors files with a card of plain data in the header; nothing in them runs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from dancekit.errors import WorkspaceError
from dancekit.io.files import FORMAT, NewerError, replacing, unreadable


def save(path: Path, tensors: Mapping[str, Tensor], card: Mapping[str, object]) -> None:
    """Write tensors and a card of plain data; until all is written, the file that was there stays."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        try:
            save_file(plain, temporary, {"card": json.dumps({"format": FORMAT, **card})})
        except SafetensorError as error:
            if any(
                word in str(error).lower()
                for word in ("no space", "file too large", "quota", "os error 28)", "os error 112)")
            ):
                raise WorkspaceError(
                    f"{path}: the disk is full.",
                    "Free some space and run the same command again: it goes on from the last save.",
                ) from error
            raise WorkspaceError(
                f"{path}: cannot be written ({error}).", "Check the disk and the permissions."
            ) from error


def load(path: Path, cure: str, device: torch.device | str = "cpu") -> tuple[dict[str, Tensor], dict[str, Any]]:
    """(tensors, card) of a file that `save` wrote.

    Raises:
        WorkspaceError: missing, damaged, or a newer dancekit's; `cure` says what to do about damage.
    """
    card = read_card(path, cure)
    try:
        with safe_open(path, "pt", str(device)) as file:
            # Copies: views would keep the file open, and Windows does not replace open files.
            return {name: file.get_tensor(name).clone() for name in file.keys()}, card  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise WorkspaceError(f"{path}: this file is damaged ({error}).", cure) from error


def read_card(path: Path, cure: str) -> dict[str, Any]:
    """Only the card of a file that `save` wrote."""
    if not path.is_file():
        raise WorkspaceError(f"{path}: this file is missing.", cure)
    if not os.access(path, os.R_OK):
        raise unreadable(path)
    try:
        with safe_open(path, "pt") as file:
            card = json.loads((file.metadata() or {})["card"])
            number = int(card.get("format", 0))
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise WorkspaceError(f"{path}: this file is damaged ({error}).", cure) from error
    if number > FORMAT:
        raise NewerError(path, number)
    return card


def named(prefix: str, module: nn.Module) -> dict[str, Tensor]:
    """A module's weights under a prefix."""
    return {f"{prefix}/{name}": tensor for name, tensor in module.state_dict().items()}


def part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors under a prefix, without it."""
    return {name[len(prefix) + 1 :]: tensor for name, tensor in tensors.items() if name.startswith(prefix + "/")}


def optimiser_tensors(prefix: str, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimiser's moments, by the place of their parameter and their name."""
    state = optimiser.state_dict()["state"]
    return {
        f"{prefix}/{place}.{name}": torch.as_tensor(value)
        for place, values in state.items()
        for name, value in values.items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put saved moments back; with none saved the optimiser stays fresh.

    Each lies in memory as its parameter does (channels last or not): fused steps take for granted that they agree.
    """
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        place, _, name = key.partition(".")
        state.setdefault(int(place), {})[name] = tensor
    if state:
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
        for parameter, values in optimiser.state.items():
            for name, value in values.items():
                if value.shape == parameter.shape:
                    values[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
