"""A person in training: networks, averages, optimisers and schedule, kept so that any stop is a pause."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from dancekit.begun import CURE, aside, forget_before, refuse_other, shaping, stints_of, unit
from dancekit.core import schedule
from dancekit.core.adam import Adam
from dancekit.core.muon import Muon
from dancekit.core.objective import Networks
from dancekit.core.schedule import FACE, Stint
from dancekit.errors import WorkspaceError
from dancekit.io import checkpoint
from dancekit.io.dataset import Canvas
from dancekit.io.files import move, writing
from dancekit.io.locks import alone
from dancekit.io.workspace import Person
from dancekit.likeness import make_generator, pose_channels, prepare_network, refuse_newer, window_channels
from dancekit.networks.generator import Generator
from dancekit.networks.patch import PatchCritic
from dancekit.networks.perceptual import Perceptual
from dancekit.recipe import Recipe, to_dict
from dancekit.types import pair


@dataclass
class Training:
    """Everything that changes while training.

    stints: the schedule with what is spent. step: steps within the present stint, steps: altogether. canvases: the
    picture at each nominal size, as stage I draws it. generators, averages, pairs: by stage. time and wild: D_t, D_w.
    usual: minutes that the recipe takes where none are asked for; 0 if it counts steps.
    """

    recipe: Recipe
    device: torch.device
    canvases: dict[tuple[int, int], Canvas]
    stints: list[Stint]
    step: int = 0
    steps: int = 0
    generators: dict[int, Generator] = field(default_factory=dict)
    averages: dict[int, Generator] = field(default_factory=dict)
    pairs: dict[int, PatchCritic] = field(default_factory=dict)
    time: PatchCritic | None = None
    wild: PatchCritic | None = None
    optimisers: dict[str, Adam] = field(default_factory=dict)
    usual: float = 0.0

    def canvas(self, number: int) -> Canvas:
        """The picture that a stint learns to draw, or to draw a face in."""
        stint = self.stints[number]
        return self.canvases[stint.size].times(self.recipe.closeup if stint.stage == FACE else 1)

    def begin(self, number: int) -> None:
        """Get ready for stint `number`: networks that it needs and do not exist yet, and fresh optimisers.

        A generator that exists goes on from its average, also when the size has grown: weights are carried up.
        """
        stage = self.stints[number].stage
        if stage in self.generators:
            self.generators[stage].load_state_dict(self.averages[stage].state_dict())
        self._make(stage)
        self.averages[stage].load_state_dict(self.generators[stage].state_dict())
        self.step = 0
        self._make_optimisers(stage)

    def _make(self, stage: int) -> None:
        """Networks for a stage, where they do not exist."""
        shape, frames = self.recipe.critics, self.recipe.frames
        half = self.recipe.generator.coarse == 2

        def critic(channels: int, condition: int, small: bool) -> PatchCritic:
            made = PatchCritic(channels, condition, shape.width, shape.layers, shape.scales, small, shape.norm)
            return prepare_network(made, self.device)

        if stage not in self.generators:
            made = prepare_network(make_generator(self.recipe, stage), self.device)
            self.generators[stage], self.averages[stage] = made, copy.deepcopy(made)
            self.averages[stage].requires_grad_(False)
            self.pairs[stage] = critic(3, window_channels(self.recipe, stage), half and stage != 2)
            if stage == FACE:  # what stage I has learnt of her is where the face begins
                if self.recipe.portraits:
                    made.begin_correcting(self.averages[1])
                else:
                    made.load_state_dict(self.averages[1].state_dict())
                self.pairs[stage].load_state_dict(self.pairs[1].state_dict())
        self.time = self.time or critic(3 * frames, 0, False)
        if self.recipe.unpaired.enabled:
            self.wild = self.wild or critic(3, pose_channels(self.recipe), half)

    def _make_optimisers(self, stage: int) -> None:
        # On an NVIDIA GPU the step is recorded and replayed (see stepper): its rate must be found there.
        recorded = self.device.type == "cuda"
        rate = torch.tensor(self.recipe.rate, device=self.device) if recorded else self.recipe.rate
        betas, how = (self.recipe.beta1, 0.999), {"fused": self.device.type != "mps", "capturable": recorded}
        drawing, judging = self.generators[stage], (self.pairs[stage], self._time(stage), self._wild(stage))
        inner = drawing.inner() if self.recipe.muon else []
        self.optimisers = {
            "generator": Muon(drawing.parameters(), inner, self.recipe.muon, rate, betas, **how),
            "critics": Adam(
                [p for critic in judging if critic is not None for p in critic.parameters()], rate, betas, **how
            ),
        }

    def _time(self, stage: int) -> PatchCritic | None:
        """D_t, where a stage shows it frames that follow one another."""
        return self.time if self.recipe.frames_together(stage) == self.recipe.frames else None

    def _wild(self, stage: int) -> PatchCritic | None:
        """D_w, which knows whole bodies only."""
        return None if stage == FACE else self.wild

    def networks(self, stage: int, perceptual: Perceptual, anchor: Generator | None = None) -> Networks:
        """The networks of a stage as the objective wants them; in stage II, G1 is its average and fixed.

        anchor: stage I's generator as it was in the beginning, see Networks.
        """
        return Networks(
            self.averages[1] if stage == 2 else self.generators[stage],
            self.generators[2] if stage == 2 else None,
            self.pairs[stage],
            self._time(stage),
            self._wild(stage),
            perceptual,
            anchor if stage == 1 else None,
        )

    def spend(self, number: int, amount: float) -> None:
        """Count one step of a stint."""
        stint = self.stints[number]
        self.stints[number] = replace(stint, spent=stint.spent + amount)
        self.step += 1
        self.steps += 1

    @torch.no_grad()
    def average(self, stage: int) -> None:
        """Move the averaged weights towards the newest ones."""
        weight = schedule.newest_weight(self.step, self.recipe.average)
        kept: list[torch.Tensor] = list(self.averages[stage].parameters())
        newest: list[torch.Tensor] = list(self.generators[stage].parameters())
        torch._foreach_lerp_(kept, newest, weight)  # pyright: ignore[reportPrivateImportUsage]

    def refuse_broken(self) -> None:
        """Stop before anything is written over by what cannot paint.

        Raises:
            WorkspaceError: the weights are no numbers any more.
        """
        for name, module in self.modules().items():
            if not all(bool(torch.isfinite(p).all()) for p in module.parameters()):
                raise WorkspaceError(
                    f"Training has come apart ({name} holds no numbers any more); the last save is kept.",
                    "Run the command again; if it happens again, add --set rate=0.0001",
                )

    def save(self, person: Person) -> None:
        """Write the whole state to the person's folder."""
        modules = self.modules()
        tensors = {key: t for name, module in modules.items() for key, t in checkpoint.named(name, module).items()}
        for name, optimiser in self.optimisers.items():
            tensors |= checkpoint.optimiser_tensors(f"optimiser.{name}", optimiser)
        card: dict[str, object] = {
            "step": self.step,
            "steps": self.steps,
            "stints": [asdict(stint) for stint in self.stints],
            "canvases": [[list(size), asdict(canvas)] for size, canvas in self.canvases.items()],
            "shaping": shaping(self.recipe),
            "unit": unit(self.recipe),
            "usual": self.usual,
            "recipe": to_dict(self.recipe),
        }
        checkpoint.save(person.state, tensors, card)
        forget_before(person)

    def modules(self) -> dict[str, nn.Module]:
        """All networks by name: G1, G1.average, D_p1, ... D_t, D_w."""
        modules: dict[str, nn.Module] = {}
        for stage in self.generators:
            modules |= {
                f"G{stage}": self.generators[stage],
                f"G{stage}.average": self.averages[stage],
                f"D_p{stage}": self.pairs[stage],
            }
        return modules | {name: net for name, net in (("D_t", self.time), ("D_w", self.wild)) if net is not None}

    def adopt(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Take over networks that were trained on others; what is not among them stays new."""
        for stage in (1, 2):
            self._make(stage)
        for name, module in self.modules().items():
            given = checkpoint.part(tensors, name.removesuffix(".average"))
            if given:
                module.load_state_dict(given)

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Put saved weights and moments back."""
        for stage in (1, 2, FACE):
            if checkpoint.part(tensors, f"G{stage}"):
                self._make(stage)
        for name, module in self.modules().items():
            saved = checkpoint.part(tensors, name)
            if saved:
                module.load_state_dict(saved)
        number = schedule.current(self.stints)
        if number is not None and self.stints[number].spent > 0:
            self._make_optimisers(self.stints[number].stage)
            for name, optimiser in self.optimisers.items():
                checkpoint.restore_optimiser(optimiser, checkpoint.part(tensors, f"optimiser.{name}"))


def resume(person: Person, recipe: Recipe, device: torch.device) -> Training | None:
    """The training state as last saved; None if there is none.

    Raises:
        WorkspaceError: damaged. RecipeError: it belongs to another recipe, see begun.refuse_other.
    """
    if not person.state.is_file():
        return None
    tensors, card = checkpoint.load(person.state, CURE)
    refuse_other(person.name, card, recipe)
    try:
        canvases = {pair(size): Canvas(pair(c["size"]), c["body"], c["fps"]) for size, c in card["canvases"]}
        training = Training(recipe, device, canvases, stints_of(card), int(card["step"]), int(card["steps"]))
        training.restore(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise WorkspaceError(f"{person.state}: this file does not hold a training state ({error}).", CURE) from error
    return training


@contextmanager
def forgetting(person: Person) -> Iterator[None]:
    """Put away what a person has learnt, to start over; her prepared films stay.

    It is gone once the block has saved something new, and comes back if the block fails before that. What transfer
    needs stays where it is until then, so that she can be painted even if the process is killed.
    """
    refuse_newer(person)
    with alone(person.folder, f"{person.name} is being trained"):
        if aside(person).is_dir() and not person.state.exists():  # an earlier start was killed before it saved
            with writing(person.folder):
                _put_back(person)
        _put_aside(person)
    try:
        yield
    finally:
        if not person.state.exists():
            _put_back(person)
        shutil.rmtree(aside(person), ignore_errors=True)


def _put_aside(person: Person) -> None:
    """Move and copy what a person has learnt into a folder; if that fails, all is where it was."""
    away, moved = aside(person), list[Path]()
    shutil.rmtree(away, ignore_errors=True)
    with writing(away):
        away.mkdir()
        try:
            for path in (person.weights, person.card):
                if path.exists():
                    shutil.copyfile(path, away / path.name)
            # Pictures first: where somebody looks at one, Windows moves none, and the state has not been touched.
            for path in (person.samples, person.report, person.log, person.state):
                if path.exists():
                    move(path, away / path.name)
                    moved.append(path)
        except OSError:
            for path in reversed(moved):
                move(away / path.name, path)
            shutil.rmtree(away, ignore_errors=True)
            raise


def _put_back(person: Person) -> None:
    """Undo `_put_aside`, what matters most first."""
    away = aside(person)
    for path in (person.state, person.weights, person.card, person.log, person.report):
        if (away / path.name).exists():
            move(away / path.name, path)
    shutil.rmtree(person.samples, ignore_errors=True)
    with suppress(OSError):  # pictures that somebody looks at are not worth an error
        move(away / person.samples.name, person.samples)
