"""Finding environments by a folder, a `.jsonl` pack, or the name of a built-in one."""

from importlib.resources import files
from pathlib import Path

from toolworld.environments.catalogue.folder import SPEC_FILE, load_folder
from toolworld.environments.catalogue.pack import PACK_SUFFIX, index_pack
from toolworld.environments.spec.environment import Environment, EnvironmentSource
from toolworld.ground import SpecError


def builtin_folders() -> dict[str, Path]:
    """The folders of the environments that come with toolworld, by name."""
    builtin_root = Path(str(files("toolworld.environments") / "builtin"))
    return {folder.name: folder for folder in sorted(builtin_root.iterdir()) if (folder / SPEC_FILE).is_file()}


def find_folder(name: str) -> Path:
    """The path that a name stands for: a folder, or else a built-in environment, or else a pack.

    Raises:
        SpecError: none of these exists.
    """
    builtin = builtin_folders()
    if not Path(name).is_dir() and name in builtin:
        return builtin[name]
    if not Path(name).exists():
        names = ", ".join(builtin)
        raise SpecError(f"{name} is neither a folder, a {PACK_SUFFIX} pack nor a built-in environment ({names})")
    return Path(name)


def find_environments(names: list[str]) -> dict[str, EnvironmentSource]:
    """Functions that read the environments with these names, by id and in order.

    Folders are read at once, and environments in packs when their functions are called.

    Raises:
        SpecError: an environment cannot be read, or two have the same id.
    """
    found: dict[str, EnvironmentSource] = {}
    for name in names:
        for identity, source in _sources(name).items():
            if identity in found:
                raise SpecError(f"two of the environments have the id {identity}")
            found[identity] = source
    return found


def load_environments(names: list[str]) -> list[Environment]:
    """Load the environments with these names, in order.

    Raises:
        SpecError: an environment cannot be read, or two have the same id.
    """
    return [source() for source in find_environments(names).values()]


def _sources(name: str) -> dict[str, EnvironmentSource]:
    path = find_folder(name)
    if path.is_dir():
        environment = load_folder(path)
        return {environment.id: lambda: environment}
    if path.suffix != PACK_SUFFIX:
        raise SpecError(f"{path} is a file but no {PACK_SUFFIX} pack of environments")
    return index_pack(path)
