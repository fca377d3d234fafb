"""Bases: networks that know people in general, to start training from instead of from nothing (not in the paper)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from dancekit.begun import plain, shaping
from dancekit.errors import RecipeError, WeightsError
from dancekit.io import checkpoint, weights
from dancekit.likeness import make_generator, pose_channels, prepare_network
from dancekit.networks.generator import Generator
from dancekit.recipe import Recipe
from dancekit.training import Training

Tensors = dict[str, Tensor]
_CURE = "Fetch or make it again (dancekit pretrain), or train with --from-scratch."
_OF_FILMS = ("phases", "unpaired", "follow", "future", "scattered", "closeup", "portraits", "single_pose")
"""Settings that shape training but not the networks of a base, or that it is fitted to."""
_SEES_POSES = ("stem.convolution.weight", "condition.weight")
"""Names of the weights that windows of poses are multiplied by."""


def save(path: Path, training: Training) -> None:
    """Write the averaged generators, evened out, and the discriminators of a crowd's training, in half precision."""
    tensors = {
        key: tensor.half()
        for name, module in training.modules().items()
        if name not in ("G1", "G2")
        for key, tensor in checkpoint.named(name.removesuffix(".average"), _as_kept(module)).items()
    }
    card: dict[str, object] = {
        "shaping": _shape(training.recipe),
        "single_pose": training.recipe.single_pose,
        "steps": training.steps,
        "minutes": round(sum(stint.spent for stint in training.stints) / 60, 1) if training.recipe.minutes else None,
    }
    checkpoint.save(path, tensors, card)


def _as_kept(module: nn.Module) -> nn.Module:
    """A network as a base holds it: generators with layers of one size."""
    if isinstance(module, Generator):
        module = copy.deepcopy(module)
        module.even_out()
    return module


def anchor(recipe: Recipe, device: torch.device) -> Generator:
    """Stage I's generator as the recipe's base has it, not to be changed.

    Raises:
        WeightsError, RecipeError: see adopt.
    """
    tensors = load(recipe.base, recipe)
    network = make_generator(recipe, 1)
    network.load_state_dict(checkpoint.part(tensors, "G1"))
    return prepare_network(network, device).eval().requires_grad_(False)


def adopt(training: Training, name: str) -> None:
    """Put a base's weights into a training that has not begun. name: of the manifest, or a .safetensors file.

    Raises:
        WeightsError: there is no such base, or it is damaged. RecipeError: it has another shape than the recipe.
    """
    training.adopt(load(name, training.recipe))


def find(name: str) -> Path:
    """The file of a base, of the manifest or of one's own.

    Raises:
        WeightsError: it is not there.
    """
    if not name.endswith(".safetensors"):
        return weights.find(name)
    if not Path(name).is_file():
        raise WeightsError(f"The base {name} is not there.", _CURE)
    return Path(name)


def load(name: str, recipe: Recipe) -> Tensors:
    """The tensors of a base that fits a recipe.

    Raises:
        WeightsError, RecipeError: see adopt.
    """
    tensors, card = checkpoint.load(find(name), _CURE)
    wanted, given = _shape(recipe), card.get("shaping")
    if not isinstance(given, dict) or given != wanted:
        other = [key for key in wanted if not isinstance(given, dict) or given.get(key) != wanted[key]]
        raise RecipeError(
            f"The base {name} does not fit this recipe: {', '.join(other)} differ.",
            "Leave these settings as they are, or train with --from-scratch.",
        )
    if recipe.single_pose == bool(card.get("single_pose")):
        return tensors
    return _with_poses(tensors, _of_one if recipe.single_pose else _of_windows, recipe)


def _with_poses(tensors: Tensors, change: Callable[[Tensor, Recipe], Tensor], recipe: Recipe) -> Tensors:
    """A base with the weights changed that see poses: it sees one where it saw windows, or windows where it saw one."""
    seen = [name for name in tensors if name.startswith(("G1/stem.", "D_p1/")) and name.endswith(_SEES_POSES)]
    return tensors | {name: change(tensors[name].float(), recipe) for name in seen}


def _of_one(weight: Tensor, recipe: Recipe) -> Tensor:
    """Weights for one pose that do what those for windows do where all poses of a window are alike."""
    return weight.unflatten(1, (2 * recipe.reach + 1, pose_channels(recipe))).sum(1)


def _of_windows(weight: Tensor, recipe: Recipe) -> Tensor:
    """Weights for windows that do what those for one pose do with the middle one."""
    window = weight.new_zeros(len(weight), 2 * recipe.reach + 1, *weight.shape[1:])
    window[:, recipe.reach] = weight
    return window.flatten(1, 2)


def _shape(recipe: Recipe) -> dict[str, object]:
    return {key: value for key, value in plain(shaping(recipe)).items() if key not in _OF_FILMS}
