"""A trained person: her generators, the canvas they draw on and her proportions; person.json and person.safetensors."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

import dancekit
from dancekit import recipe as recipes
from dancekit.core import closeup, looks, maps, portraits, sketch
from dancekit.core.drawing import Drawing
from dancekit.core.paint import Painter
from dancekit.core.portraits import Portraits
from dancekit.core.schedule import FACE
from dancekit.core.sketch import Looks
from dancekit.core.sources import Sources
from dancekit.device import number_type
from dancekit.errors import DancekitError, WorkspaceError
from dancekit.io import checkpoint, stills
from dancekit.io.clips import Clip
from dancekit.io.dataset import Canvas
from dancekit.io.files import NewerError, read_json, write_json
from dancekit.io.workspace import Person
from dancekit.networks.generator import Generator
from dancekit.recipe import GeneratorShape, Recipe
from dancekit.types import pair


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """All that transfer needs of a person.

    refine and face are None as long as their stages have not been trained. proportions: see core.retarget. film_body:
    her height in px of her own film. girth: see core.girth, shares of her height. looks: see core.sketch, likewise.
    portraits: what her face begins with, see core.portraits; None for none. sources: what pictures borrow from, see
    core.sources; None for nothing. notes: what stands in for what, and how far training got.
    """

    name: str
    recipe: Recipe
    canvas: Canvas
    proportions: Mapping[str, float]
    film_body: float
    girth: np.ndarray
    looks: Looks
    draw: Generator
    refine: Generator | None
    face: Generator | None
    portraits: Portraits | None
    sources: Sources | None
    notes: Mapping[str, object]

    def painter(self, device: torch.device, refine: bool = True) -> Painter:
        """The generators on a device, ready to paint; without `refine` stage I alone."""
        recipe, body = self.recipe, self.canvas.body
        dtype = number_type(device, recipe.precision)

        def ready(network: Generator) -> Generator:
            # A copy in the numbers that are computed in, so that nothing is converted in every frame.
            return prepare_network(copy.deepcopy(network), device).to(dtype).eval()

        return Painter(
            draw=ready(self.draw),
            refine=ready(self.refine) if refine and self.refine else None,
            drawing=drawing_of(recipe, self.canvas),
            device=device,
            dtype=dtype,
            looks=self.looks.times(body).on(device) if recipe.sketch else None,
            girth=torch.from_numpy(self.girth) * body if recipe.window and recipe.matte else None,
            multiple=multiple(recipe),
            face=ready(self.face) if refine and self.face else None,
            closer=recipe.closeup,
            side=closeup.side(body * recipe.closeup, multiple(recipe)),
            portraits=self.portraits,
            sources=self.sources if refine else None,
        )

    def get_ready(self) -> None:
        """Work out, once, what all pictures need of the frames to borrow from: two seconds' work at the most."""
        if self.sources is not None:
            _ = self.sources.ready, self.sources.palette


Network = TypeVar("Network", bound=nn.Module)


def prepare_network(network: Network, device: torch.device) -> Network:
    """A network on its device with channels last, the layout that convolutions are fastest in."""
    return network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]


def make_generator(recipe: Recipe, stage: int) -> Generator:
    """The generator of a stage as the recipe shapes it, with random weights."""
    shape: GeneratorShape = recipe.refiner if stage == 2 else recipe.generator
    inputs = window_channels(recipe, stage)
    if stage == FACE and recipe.portraits:
        inputs += portraits.CHANNELS * shape.coarse**2
    return Generator(
        inputs,
        shape.width,
        shape.downs,
        shape.blocks,
        shape.coarse,
        shape.skips,
        shape.norm,
        shape.widest,
        unshuffle=stage == 2,
    )


def window_channels(recipe: Recipe, stage: int) -> int:
    """How many channels a stage sees of a window: of poses, or in stage II of frames."""
    first, second = recipe.reaches
    return (2 * second + 1) * 4 if stage == 2 else (2 * first + 1) * pose_channels(recipe)


def pose_channels(recipe: Recipe) -> int:
    """How many channels the networks see of one pose."""
    return maps.CHANNELS + (sketch.CHANNELS if recipe.sketch else 0)


def drawing_of(recipe: Recipe, canvas: Canvas) -> Drawing:
    """How a recipe's networks see poses on a canvas, and what they paint there."""
    return Drawing(
        reach=recipe.reaches,
        line=recipe.line * canvas.body,
        coarse=recipe.generator.coarse,
        key=recipes.key_colour(recipe.key),
        matte=recipe.matte,
        residual=recipe.refiner.residual,
        future=recipe.future,
    )


def multiple(recipe: Recipe) -> int:
    """Sizes must be multiples of this for both generators to halve them evenly."""
    return max(shape.coarse * 2**shape.downs for shape in (recipe.generator, recipe.refiner))


def save(person: Person, likeness: Likeness) -> None:
    """Write person.safetensors, then person.json; each all or nothing, the first complete by itself."""
    card: dict[str, object] = {
        "name": likeness.name,
        "dancekit": dancekit.__version__,
        "canvas": {"size": list(likeness.canvas.size), "body": likeness.canvas.body, "fps": likeness.canvas.fps},
        "proportions": dict(likeness.proportions),
        "film_body": likeness.film_body,
        "girth": [round(float(reach), 4) for reach in likeness.girth],
        "stages": 1 if likeness.refine is None else 2,
        "face": likeness.face is not None,
        "sketch": sketch.KIND,
        **likeness.notes,
        "recipe": recipes.to_dict(likeness.recipe),
    }
    tensors: dict[str, Tensor] = checkpoint.named("draw", likeness.draw)
    tensors |= {f"looks/{name}": part for name, part in likeness.looks._asdict().items()}
    if likeness.refine is not None:
        tensors |= checkpoint.named("refine", likeness.refine)
    if likeness.face is not None:
        tensors |= checkpoint.named("face", likeness.face)
    if likeness.portraits is not None:
        tensors |= {f"portraits/{name}": torch.from_numpy(part) for name, part in likeness.portraits._asdict().items()}
    halved = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    if likeness.sources is not None:
        halved |= stills.packed(likeness.sources.stills)
    checkpoint.save(person.weights, halved, card)
    write_json(person.card, card)


def load(person: Person) -> Likeness:
    """Read a trained person.

    Raises:
        WorkspaceError: not trained yet, damaged, written by a newer dancekit, or learnt from another kind of sketch.
    """
    if not person.card.is_file() and not person.weights.is_file():
        raise WorkspaceError(f"{person.name!r} is not trained yet.", f"Train first: dancekit train {person.name}")
    read_json(person.card, _cure(person))
    tensors, card = checkpoint.load(person.weights, _cure(person))
    _refuse_other_sketches(person, card)
    try:
        recipe = recipes.from_dict(card["recipe"], str(person.card))
        canvas = Canvas(pair(card["canvas"]["size"]), float(card["canvas"]["body"]), float(card["canvas"]["fps"]))
        seen, face = _looks(checkpoint.part(tensors, "looks"), recipe.sketch), bool(card.get("face"))
        likeness = Likeness(
            name=person.name,
            recipe=recipe,
            canvas=canvas,
            proportions=dict(card["proportions"]),
            film_body=float(card["film_body"]),
            girth=np.array(card["girth"], np.float32).reshape(len(maps.SEGMENT_CHANNELS)),
            looks=seen,
            draw=make_generator(recipe, 1),
            refine=make_generator(recipe, 2) if card["stages"] == 2 else None,
            face=make_generator(recipe, FACE) if face else None,
            portraits=_portraits(checkpoint.part(tensors, "portraits")) if face and recipe.portraits else None,
            sources=_sources(checkpoint.part(tensors, "stills"), seen, canvas.body * recipe.closeup),
            notes={key: card[key] for key in ("trained", "trunk", "clips") if key in card},
        )
        likeness.draw.load_state_dict(checkpoint.part(tensors, "draw"))
        if likeness.refine is not None:
            likeness.refine.load_state_dict(checkpoint.part(tensors, "refine"))
        if likeness.face is not None:
            likeness.face.load_state_dict(checkpoint.part(tensors, "face"))
    except (KeyError, TypeError, ValueError, RuntimeError, DancekitError) as error:
        raise WorkspaceError(f"{person.weights}: this file does not hold a person ({error}).", _cure(person)) from error
    return likeness


def _refuse_other_sketches(person: Person, card: Mapping[str, object]) -> None:
    """A card that does not tell is of a time when sketches were as they are now."""
    if card.get("sketch", sketch.KIND) != sketch.KIND:
        raise WorkspaceError(
            f"{person.weights}: {person.name} was learnt from another kind of sketch than this dancekit draws.",
            f"Learn her anew: dancekit train {person.name} --restart",
        )


def _looks(parts: Mapping[str, Tensor], needed: bool) -> Looks:
    if not parts and not needed:  # of a person who was trained before there were sketches, and needs none
        return looks.measure([], 1.0)
    shape = (sketch.SIDES, sketch.BARS, sketch.ALONG, sketch.ACROSS)
    widths, colours, cover = (parts[name].float() for name in Looks._fields)
    return Looks(widths.reshape(sketch.BARS), colours.reshape(*shape, 3), cover.reshape(shape))


def _sources(parts: Mapping[str, Tensor], seen: Looks, body: float) -> Sources | None:
    """body: height in px of the pictures that borrow."""
    return Sources(stills.unpacked(parts), seen.times(body), body) if parts else None


def _portraits(parts: Mapping[str, Tensor]) -> Portraits:
    pictures, marks, doubts = (parts[name].numpy() for name in Portraits._fields)
    many, side = pictures.shape[:2]
    if pictures.dtype != np.uint8 or not many:
        raise ValueError("its portraits are no pictures")
    marks = marks.astype(np.float32).reshape(many, len(portraits.MARKS), 2)
    return Portraits(
        pictures.reshape(many, side, side, portraits.CHANNELS), marks, doubts.astype(np.float32).reshape(many)
    )


def _cure(person: Person) -> str:
    return f"Run dancekit train {person.name}: it writes this file anew from the training state."


def unlearnt(card: Mapping[str, object], clips: Sequence[Clip]) -> list[Clip]:
    """The clips that were not there when a person was last saved, or have been prepared anew since. card: hers, or the
    notes of her likeness."""
    known = card.get("clips")
    if isinstance(known, list):  # as an earlier dancekit wrote it
        return [clip for clip in clips if clip.name not in known]
    return [clip for clip in clips if isinstance(known, dict) and known.get(clip.name) != clip.stored]


def is_whole(person: Person) -> bool:
    """Whether `load` can read the person.

    Raises:
        NewerError: a newer dancekit wrote her.
    """
    try:
        load(person)
    except NewerError:
        raise
    except WorkspaceError:
        return False
    return True


def refuse_newer(person: Person) -> None:
    """Stop before anything that a newer dancekit has learnt is written over.

    Raises:
        NewerError: it has.
    """
    for read, path in (
        (read_json, person.card),
        (checkpoint.read_card, person.weights),
        (checkpoint.read_card, person.state),
    ):
        try:
            read(path, "")
        except NewerError:
            raise
        except WorkspaceError:
            continue
