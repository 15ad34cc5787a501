"""Finding environments by what a person writes: a folder, a `.jsonl` pack, or the name of a built-in one."""

from importlib.resources import files
from pathlib import Path

from toolworld.environments.catalogue.folder import SPEC, load_folder
from toolworld.environments.catalogue.pack import SUFFIX, index_pack
from toolworld.environments.spec.environment import Environment, EnvironmentSource
from toolworld.ground import SpecError


def builtin_folders() -> dict[str, Path]:
    """Give the environments that come with toolworld, by name."""
    shelf = Path(str(files("toolworld.environments") / "builtin"))
    return {folder.name: folder for folder in sorted(shelf.iterdir()) if (folder / SPEC).is_file()}


def find_folder(name: str) -> Path:
    """Give the folder that a name means: a path, or else a built-in environment.

    Raises:
        SpecError: there is neither.
    """
    builtin = builtin_folders()
    if not Path(name).is_dir() and name in builtin:
        return builtin[name]
    if not Path(name).exists():
        names = ", ".join(builtin)
        raise SpecError(f"{name} is neither a folder, a {SUFFIX} pack nor a built-in environment ({names})")
    return Path(name)


def find_environments(names: list[str]) -> dict[str, EnvironmentSource]:
    """Find the environments that the names mean, by id and in order; those of packs are read when they are asked for.

    Raises:
        SpecError: one of them cannot be read, or two have the same id.
    """
    found: dict[str, EnvironmentSource] = {}
    for name in names:
        for identity, source in _find(name).items():
            if identity in found:
                raise SpecError(f"two of the environments have the id {identity}")
            found[identity] = source
    return found


def load_environments(names: list[str]) -> list[Environment]:
    """Load the environments that the names mean, in order.

    Raises:
        SpecError: one of them cannot be read, or two have the same id.
    """
    return [source() for source in find_environments(names).values()]


def _find(name: str) -> dict[str, EnvironmentSource]:
    path = find_folder(name)
    if path.is_dir():
        environment = load_folder(path)
        return {environment.id: lambda: environment}
    if path.suffix != SUFFIX:
        raise SpecError(f"{path} is a file but no {SUFFIX} pack of environments")
    return index_pack(path)
