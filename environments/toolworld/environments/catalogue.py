"""Finding environments by what a person writes: a folder, a `.jsonl` pack, or the name of a built-in one."""

from importlib.resources import files
from pathlib import Path

from toolworld.environments.environment import Environment
from toolworld.environments.folder import SPEC, load_folder
from toolworld.ground import LineWriter, SpecError, read_lines

PACK = ".jsonl"


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
        raise SpecError(f"{name} is neither a folder, a {PACK} pack nor a built-in environment ({', '.join(builtin)})")
    return Path(name)


def load_environments(names: list[str]) -> list[Environment]:
    """Load the environments that the names mean, in order.

    Raises:
        SpecError: one of them cannot be read, or two have the same id.
    """
    loaded = [environment for name in names for environment in _load(name)]
    seen: set[str] = set()
    for environment in loaded:
        if environment.id in seen:
            raise SpecError(f"two of the environments have the id {environment.id}")
        seen.add(environment.id)
    return loaded


def save_pack(environments: list[Environment], path: Path) -> None:
    """Append environments to a pack, one a line."""
    with LineWriter(path) as lines:
        for environment in environments:
            lines.append(environment)


def _load(name: str) -> list[Environment]:
    path = find_folder(name)
    if path.is_dir():
        return [load_folder(path)]
    if path.suffix != PACK:
        raise SpecError(f"{path} is a file but no {PACK} pack of environments")
    return list(read_lines(path, Environment, SpecError).records)
