"""What a path holds: runs, verdicts, tasks, environments, a store, explored trees, or a report."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import orjson

from toolworld.datasets import EvaluationReport
from toolworld.ground import (
    BYTE_ORDER_MARK,
    JsonObject,
    RecordError,
    UsageError,
    each_line,
    open_regular,
    os_reason,
    parse_record,
    read_bytes,
)
from toolworld.rollout import TRAJECTORIES, VERDICTS, Tree
from toolworld.server.store.opening import StoreAddress, is_database, shown_address
from toolworld.server.viewer.runs.archive import GrownTrees

MAX_REPORT, MAX_FIRST_LINE = 64 << 20, 256 << 20
"""Bytes of a report, and of the first line of a file, by which it is known."""
MAX_FOLDERS = 200
"""How many folders inside a folder are looked into."""
_TASKS, _PACK = "tasks.jsonl", "environments.jsonl"
_ENVIRONMENT, _STAGES = "environment.json", "stages"
_SQLITE = b"SQLite format 3\x00"
ALLOWED = (
    "a folder of `run`, `make` or `synthesize`, a .jsonl file of trajectories, verdicts, tasks or environments, "
    "a store of episodes, or a report of `evaluate --json`"
)


@dataclass(slots=True)
class ShownFiles:
    """What lies in the paths that were given."""

    runs: list[tuple[str, Path | None, Path | None]] = field(default_factory=list[tuple[str, Path | None, Path | None]])
    """Sets of runs: the name, the trajectories and the verdicts."""
    stores: list[tuple[str, StoreAddress]] = field(default_factory=list[tuple[str, StoreAddress]])
    tasks: list[Path] = field(default_factory=list[Path])
    environments: list[str] = field(default_factory=list[str])
    """Folders and packs."""
    trees: list[GrownTrees] = field(default_factory=list[GrownTrees])
    reports: list[tuple[str, EvaluationReport]] = field(default_factory=list[tuple[str, EvaluationReport]])


def find_shown(paths: Sequence[StoreAddress]) -> ShownFiles:
    """Look into paths, and note the addresses of databases.

    Raises:
        UsageError: one is not there, or holds nothing that is shown.
        RecordError: a file cannot be read.
    """
    found = ShownFiles()
    for given in paths:
        if is_database(given):
            found.stores.append((shown_address(given).rpartition("/")[2] or "store", given))
            continue
        path, before = Path(given), _size(found)
        if path.is_dir():
            _look_into(path, found)
        elif path.exists():
            _look_at(path, found)
        else:
            raise UsageError(f"there is no {path}; what is shown is {ALLOWED}")
        if _size(found) == before:
            raise UsageError(f"{path} holds nothing that is shown; that is {ALLOWED}")
    _name_apart(found)
    return found


def _size(found: ShownFiles) -> int:
    return sum(map(len, (found.runs, found.stores, found.tasks, found.environments, found.trees, found.reports)))


def _look_into(folder: Path, found: ShownFiles) -> None:
    """Take what a folder holds; where it holds nothing, what the folders in it hold."""
    before = _size(found)
    _take_folder(folder, found)
    if _size(found) == before:
        for inner in _folders(folder):
            _take_folder(inner, found)


def _folders(folder: Path) -> Iterator[Path]:
    try:
        inner = sorted(one for one in folder.iterdir() if one.is_dir() and not one.is_symlink())
    except OSError as problem:
        raise RecordError(f"{folder} cannot be read: {os_reason(problem)}") from None
    yield from inner[:MAX_FOLDERS]


def _take_folder(folder: Path, found: ShownFiles) -> None:
    name = folder.resolve().name
    if (folder / _ENVIRONMENT).is_file():
        found.environments.append(str(folder))
        return
    if (folder / _PACK).is_file():
        found.environments.append(str(folder / _PACK))
    trajectories, verdicts = folder / TRAJECTORIES, folder / VERDICTS
    if trajectories.is_file() and _kind(trajectories) != "explored":
        found.runs.append((name, trajectories, verdicts))
    elif verdicts.is_file():
        found.runs.append((name, None, verdicts))
    if (folder / _TASKS).is_file():
        found.tasks.append(folder / _TASKS)
    if (folder / _STAGES / "trees.jsonl").is_file():
        found.trees.append(_trees(name, folder / _STAGES / "trees.jsonl"))
        if (folder / "environment" / _ENVIRONMENT).is_file():
            found.environments.append(str(folder / "environment"))


def _look_at(path: Path, found: ShownFiles) -> None:
    kind = _kind(path)
    match "trajectories" if kind == "empty" and path.name == TRAJECTORIES else kind:
        case "store":
            found.stores.append((path.stem, path))
        case "trajectories":
            beside = path.with_name(VERDICTS)
            is_named = path.name == TRAJECTORIES
            found.runs.append(
                (path.resolve().parent.name if is_named else path.stem, path, beside if is_named else None)
            )
        case "verdicts":
            beside = path.with_name(TRAJECTORIES)
            known = path.name == VERDICTS and beside.is_file()
            name = path.resolve().parent.name if path.name == VERDICTS else path.stem
            found.runs.append((name, beside if known else None, path))
        case "tasks":
            found.tasks.append(path)
        case "environments":
            found.environments.append(str(path))
        case "trees":
            found.trees.append(_trees(path.resolve().parent.parent.name or path.stem, path))
        case "report":
            report = parse_record(EvaluationReport, read_bytes(path, most=MAX_REPORT), str(path))
            found.reports.append((path.stem, report))
        case _:
            raise UsageError(f"{path} is nothing that is shown; that is {ALLOWED}")


def _kind(path: Path) -> str:
    """What a file is, by its first line."""
    with open_regular(path) as file:
        try:
            first = file.readline(MAX_FIRST_LINE)
        except OSError as problem:
            raise RecordError(f"{path} cannot be read: {os_reason(problem)}") from None
        if first.startswith(_SQLITE):
            return "store"
        if not first.strip():
            return "empty"
        row = _object(first) or (_object(first + file.read(MAX_REPORT)) if path.suffix == ".json" else None)
    if row is None:
        return "other"
    signs = {
        "trajectories": ("log", "environment", "final_digest"),
        "verdicts": ("trajectory", "outcome", "scores"),
        "tasks": ("request", "truth", "calls"),
        "environments": ("tools", "policy", "id"),
        "explored": ("trajectory_id", "nodes"),
        "trees": ("seed", "seed_digest", "nodes"),
        "report": ("measures", "real", "synthetic"),
    }
    return next((kind for kind, names in signs.items() if all(name in row for name in names)), "other")


def _object(data: bytes) -> JsonObject | None:
    try:
        row = orjson.loads(data.removeprefix(BYTE_ORDER_MARK))
    except orjson.JSONDecodeError:
        return None
    return cast(JsonObject, row) if isinstance(row, dict) else None


def _trees(name: str, path: Path) -> GrownTrees:
    """Explored trees, with the leaves whose paths questions were asked of, where they are known."""
    trees = tuple(each_line(path, Tree))
    questions, chosen = path.with_name("questions.jsonl"), set[str]()
    if questions.is_file():
        for line in read_bytes(questions, most=MAX_FIRST_LINE).splitlines():
            selected = (_object(line) or {}).get("selected")
            for one in selected if isinstance(selected, list) else []:
                if isinstance(one, dict) and isinstance(leaf := one.get("leaf"), str):
                    chosen.add(leaf)
    return GrownTrees(name, trees, frozenset(chosen))


def _name_apart(found: ShownFiles) -> None:
    """Give sets of one name different ones."""
    taken = dict[str, int]()

    def apart(name: str) -> str:
        taken[name] = taken.get(name, 0) + 1
        return name if taken[name] == 1 else apart(f"{name} {taken[name]}")

    found.runs = [(apart(name), trajectories, verdicts) for name, trajectories, verdicts in found.runs]
    found.stores = [(apart(name), path) for name, path in found.stores]
    found.trees = [GrownTrees(apart(grown.name), grown.trees, grown.chosen) for grown in found.trees]
    found.reports = [(apart(name), report) for name, report in found.reports]
