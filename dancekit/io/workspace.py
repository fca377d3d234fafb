"""The workspace: all paths and names in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dancekit.errors import WorkspaceError
from dancekit.io.files import unreadable
from dancekit.io.names import WILD, check_name, is_name
from dancekit.plugins import suggestion


@dataclass(frozen=True)
class Person:
    """The folder of one person. prepared: where her clips lie, if not in it."""

    name: str
    folder: Path
    prepared: Path | None = None

    @property
    def clips_folder(self) -> Path:
        """Where prepared clips lie."""
        return self.prepared or self.folder / "clips"

    def variant(self, name: str) -> Person:
        """The same person with the same clips, trained in another way, in a folder within hers."""
        return Person(self.name, self.folder / "ablation" / name, self.clips_folder)

    @property
    def card(self) -> Path:
        """person.json: what she is trained with and how far."""
        return self.folder / "person.json"

    @property
    def weights(self) -> Path:
        """person.safetensors: the averaged generators."""
        return self.folder / "person.safetensors"

    @property
    def state(self) -> Path:
        """Training state; safe to delete."""
        return self.folder / "state.safetensors"

    @property
    def log(self) -> Path:
        """log.jsonl: one line of losses now and then."""
        return self.folder / "log.jsonl"

    @property
    def report(self) -> Path:
        """report.html: what evaluate found."""
        return self.folder / "report.html"

    @property
    def samples(self) -> Path:
        """Pictures drawn while training."""
        return self.folder / "samples"

    def clips(self) -> list[Path]:
        """Folders of completely prepared clips, by name."""
        return sorted(
            path.parent for path in self.clips_folder.glob("*/clip.json") if not path.parent.name.startswith(".")
        )


@dataclass(frozen=True)
class Workspace:
    """A folder of persons, ./dance by default."""

    root: Path

    def person(self, name: str) -> Person:
        """The folder of a person, existing or not.

        Raises:
            WorkspaceError: the name cannot be a folder's name, or differs from another person's only in case: where
                workspaces are copied to, the two may be one folder.
        """
        check_name(name)
        people = self.people()
        twin = next((other for other in people if other.lower() == name.lower()), name)
        if twin != name and name not in people:
            raise WorkspaceError(
                f"There is a person {twin!r} already, and on Windows and macOS {name!r} would be the same folder.",
                f"Choose another name, or add to what there is with: --as {twin}",
            )
        return Person(name, self.root / name)

    def people(self) -> list[str]:
        """Names of all persons with at least one prepared clip or a trained state."""
        if not self.root.is_dir():
            return []
        try:
            found = (Person(path.name, path) for path in sorted(self.root.iterdir()) if is_name(path.name))
        except PermissionError as error:
            raise unreadable(self.root) from error
        return [person.name for person in found if person.clips() or person.card.is_file()]

    def existing(self, name: str) -> Person:
        """The folder of a person who must have been prepared.

        Raises:
            WorkspaceError: unknown; the known ones are listed.
        """
        known = self.people()
        if not is_name(name) and Path(name).suffix:
            film = f'"{name}"' if " " in name else name
            hint = f"If it is a film, prepare it first, with dancekit prepare {film}, and then train: dancekit train me"
            raise WorkspaceError(f"{name!r} cannot be a person's name.", hint)
        if check_name(name, "anna") not in known:
            first = (
                "If you have prepared a film of this person, go to the folder in which you did it. If not, do it: "
                f"dancekit prepare myclip.mp4 --as {name}"
            )
            hint = suggestion(name, known) if known else first
            raise WorkspaceError(f"There is no person {name!r} in {self.root.absolute()}.", hint)
        return Person(name, self.root / name)

    @property
    def wild(self) -> Path:
        """Poses of strangers for unpaired learning."""
        return self.root / WILD
