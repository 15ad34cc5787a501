"""Environments by what a person writes: a folder, a `.jsonl` pack, or the name of a built-in one."""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from toolworld.environments.catalogue.folder import SPEC_FILE, load_folder
from toolworld.environments.catalogue.pack import PACK_SUFFIX, index_pack
from toolworld.environments.spec.environment import Environment, EnvironmentSource
from toolworld.ground import SpecError


class FoundEnvironment(NamedTuple):
    """An environment on disk."""

    id: str
    source: EnvironmentSource
    """Reads it; one in a folder has been read already, one in a pack is read at each call."""
    path: Path
    """The folder or pack."""


def builtin_folders() -> dict[str, Path]:
    """The folders of the environments that are bundled with toolworld, by name."""
    builtin = Path(str(files("toolworld.environments") / "builtin"))
    return {folder.name: folder for folder in sorted(builtin.iterdir()) if (folder / SPEC_FILE).is_file()}


def find_folder(name: str) -> Path:
    """The folder or pack of that path, or else the built-in environment of that name.

    Raises:
        SpecError: there is neither.
    """
    builtin = builtin_folders()
    if not Path(name).is_dir() and name in builtin:
        return builtin[name]
    if not Path(name).exists():
        names = ", ".join(builtin)
        raise SpecError(f"{name} is neither a folder, a {PACK_SUFFIX} pack nor a built-in environment ({names})")
    path = Path(name)
    return path.resolve() if path.is_file() else path  # what belongs to a pack stands beside it, and not beside a link


def find_environments(names: Sequence[str]) -> list[FoundEnvironment]:
    """Find environments, in order.

    Raises:
        SpecError: one of them cannot be read, or two have the same id.
    """
    found: dict[str, FoundEnvironment] = {}
    for name in names:
        for one in _find(find_folder(name)):
            if one.id in found:
                raise SpecError(f"two of the environments have the id {one.id}")
            found[one.id] = one
    return list(found.values())


def load_environments(names: Sequence[str]) -> list[Environment]:
    """Load environments, in order.

    Raises:
        SpecError: one of them cannot be read, or two have the same id.
    """
    return [found.source() for found in find_environments(names)]


def _find(path: Path) -> Iterator[FoundEnvironment]:
    if path.is_dir():
        environment = load_folder(path)
        yield FoundEnvironment(environment.id, lambda: environment, path)
        return
    if path.suffix != PACK_SUFFIX:
        raise SpecError(f"{path} is a file but no {PACK_SUFFIX} pack of environments")
    for name, source in index_pack(path).items():
        yield FoundEnvironment(name, source, path)
