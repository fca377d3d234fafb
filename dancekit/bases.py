"""Bases: networks that know people in general, to start training from instead of from nothing (not in the paper)."""

from __future__ import annotations

from pathlib import Path

import torch

from dancekit.begun import plain, shaping
from dancekit.errors import RecipeError
from dancekit.io import checkpoint, weights
from dancekit.likeness import make_generator, pose_channels, prepare_network
from dancekit.networks.generator import Generator
from dancekit.recipe import Recipe
from dancekit.training import Training

_CURE = "Fetch or make it again (dancekit pretrain), or train with --from-scratch."
_OF_FILMS = ("phases", "unpaired", "follow", "future", "scattered", "closeup", "portraits", "single_pose")
"""Settings that shape training but not the networks of a base, or that it is fitted to."""
_SEES_POSES = ("stem.convolution.weight", "condition.weight")
"""Names of the weights that windows of poses are multiplied by."""


def save(path: Path, training: Training) -> None:
    """Write the averaged generators and the discriminators of a crowd's training, in half precision."""
    tensors = {
        key: tensor.half()
        for name, module in training.modules().items()
        if name not in ("G1", "G2")
        for key, tensor in checkpoint.named(name.removesuffix(".average"), module).items()
    }
    card: dict[str, object] = {
        "shaping": _shape(training.recipe),
        "steps": training.steps,
        "minutes": round(sum(stint.spent for stint in training.stints) / 60, 1) if training.recipe.minutes else None,
    }
    checkpoint.save(path, tensors, card)


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
    return Path(name) if name.endswith(".safetensors") else weights.find(name)


def load(name: str, recipe: Recipe) -> dict[str, torch.Tensor]:
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
    return _for_one_pose(tensors, recipe) if recipe.single_pose else tensors


def _for_one_pose(tensors: dict[str, torch.Tensor], recipe: Recipe) -> dict[str, torch.Tensor]:
    """Bases see windows of poses; the same networks as they are where all poses of a window are alike."""
    window = 2 * recipe.reach + 1, pose_channels(recipe)
    seen = [name for name in tensors if name.startswith(("G1/stem.", "D_p1/")) and name.endswith(_SEES_POSES)]
    return tensors | {name: tensors[name].float().unflatten(1, window).sum(1) for name in seen}


def _shape(recipe: Recipe) -> dict[str, object]:
    return {key: value for key, value in plain(shaping(recipe)).items() if key not in _OF_FILMS}
