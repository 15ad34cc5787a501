"""Importing in bulk: each source read, compiled and checked in a process of its own, written in order, resumable.

A report stands beside what is written, a line a source: it says of every item whether it came in, how it was mended or
why it was refused; where an earlier run stopped, its lines say what is done already.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Literal, get_args

import anyio

from toolworld.environments.catalogue.folder import save_folder
from toolworld.environments.catalogue.pack import PACK_SUFFIX, index_pack
from toolworld.environments.compiler.compile import compile_toolset, settled, uncompiled
from toolworld.environments.compiler.self_check import self_check
from toolworld.environments.importers.bfcl import import_bfcl
from toolworld.environments.importers.documents import document_files, read_document
from toolworld.environments.importers.found_toolset import MAX_TOOLS, FoundToolset, ImportedItem, refused
from toolworld.environments.importers.openapi import read_openapi
from toolworld.environments.importers.synthtools_tools import import_synthtools_tools
from toolworld.environments.importers.toolbench import import_toolbench
from toolworld.environments.normaliser.operation import Toolset
from toolworld.environments.spec.environment import Environment
from toolworld.ground import LineWriter, Record, RecordError, UsageError, digest, read_lines

ToolsetFormat = Literal["openapi", "toolbench", "bfcl", "synthtools", "mcp"]
"""Formats of tools that are imported in bulk."""
TOOLSET_FORMATS: tuple[ToolsetFormat, ...] = get_args(ToolsetFormat)
_READERS: dict[ToolsetFormat, Callable[[Path], Iterator[FoundToolset]]] = {
    "toolbench": import_toolbench,
    "bfcl": import_bfcl,
    "synthtools": import_synthtools_tools,
}
"""The formats of which several files may make one toolset."""


class ImportedSource(Record):
    """A line of the report: one toolset, or one file that held none."""

    source: str
    """What it was read from."""
    settings: str
    """The settings of the import, as a digest: another import does not go on with this report."""
    environment: str | None = None
    """The environment that it became."""
    full: int = 0
    """How many of its tools are answered, and were held against another tool."""
    partial: int = 0
    """How many are answered, and no other tool can tell."""
    left: int = 0
    """How many are left to a model."""
    succeeded: int = 0
    """Of how many a call with arguments that the schema allows succeeded."""
    items: tuple[ImportedItem, ...]
    """Every item of the source."""


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What is imported, and how."""

    format: ToolsetFormat
    path: Path | str
    """Files; for `mcp` the URL of a server, or the command that starts one."""
    compiles: bool = True
    """Whether programs are compiled; without, a model has to answer all tools."""
    max_tools: int = MAX_TOOLS
    """Of a larger document, some resources are drawn."""
    seed: int = 0
    """Decides what is drawn, and the data."""

    @property
    def settings(self) -> str:
        """A digest of what is imported and how."""
        return digest([self.format, _place(self.path), self.compiles, self.max_tools, self.seed])[:16]


def _place(path: Path | str) -> str:
    return str(path.resolve()) if isinstance(path, Path) else path


@dataclass(slots=True)
class ImportCounts:
    """Counts of an import; every item is imported or refused."""

    sources: int = 0
    resumed: int = 0
    """Sources that an earlier run had done."""
    environments: int = 0
    imported: int = 0
    refused: int = 0
    full: int = 0
    partial: int = 0
    left: int = 0
    succeeded: int = 0
    mends: dict[str, int] = field(default_factory=dict[str, int])
    reasons: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, line: ImportedSource) -> None:
        """Count a line of the report."""
        self.sources += 1
        self.environments += line.environment is not None
        self.full, self.partial = self.full + line.full, self.partial + line.partial
        self.left, self.succeeded = self.left + line.left, self.succeeded + line.succeeded
        for item in line.items:
            if item.outcome == "imported":
                self.imported += 1
            else:
                self.refused += 1
                self.reasons[item.why or ""] = self.reasons.get(item.why or "", 0) + 1
            for mend, count in item.mends.items():
                self.mends[mend] = self.mends.get(mend, 0) + count


_Source = tuple[str, Path | FoundToolset]
"""The name of a source, and the file to read or the toolset that was found."""


def find_sources(plan: ImportPlan) -> list[_Source]:
    """The sources of an import, in order: files, or toolsets where several files make one.

    Raises:
        UsageError: there is nothing at the path.
    """
    if plan.format == "mcp":
        return [(str(plan.path), _listed_by(str(plan.path)))]
    if plan.format == "openapi":
        return [(name, file) for file, name in document_files(Path(plan.path))]
    sources: dict[str, FoundToolset] = {}
    for one in _READERS[plan.format](Path(plan.path)):
        name = one.toolset.id if one.toolset else one.items[0].item
        number, unique = 1, name
        while unique in sources:
            number += 1
            unique = f"{name} ({number})"
        sources[unique] = one
    return list(sources.items())


def _listed_by(server: str) -> FoundToolset:
    from toolworld.environments.importers.mcp_server import read_mcp_server  # takes time to load

    return anyio.run(read_mcp_server, server)


def import_toolsets(
    plan: ImportPlan,
    out: Path,
    report: Path,
    *,
    limit: int | None = None,
    processes: int = 1,
    on_done: Callable[[ImportedSource, int], None] | None = None,
) -> ImportCounts:
    """Import everything at a path into a pack, or into folders.

    Args:
        plan: What is imported.
        out: A `.jsonl` pack that is appended to, or a folder that gets one folder an environment.
        report: The report, a line a source; sources that stand in it are not read again.
        limit: At most so many environments are made.
        processes: How many processes work.
        on_done: Told of each line of the report, and of how many sources there are.

    Raises:
        UsageError: there is nothing at the path.
        RecordError: the output or the report cannot be written or read.
    """
    sources = [one for one in find_sources(plan) if one[1] not in (out, report)]
    counts, done = ImportCounts(), _done(plan, out, report)
    for line in done.values():
        counts.add(line)
        counts.resumed += 1
    waiting = [one for one in sources if one[0] not in done]
    taken = {line.environment for line in done.values() if line.environment is not None}
    with LineWriter(report, alone=True) as lines, _Output(out) as output:
        for environment, line in _worked(plan, waiting, processes):
            if limit is not None and counts.environments >= limit:
                break
            if environment is not None:
                environment, line = _named_apart(environment, line, taken)
                output.write(environment)
            lines.append(line)
            counts.add(line)
            if on_done is not None:
                on_done(line, len(sources))
    return counts


def _done(plan: ImportPlan, out: Path, report: Path) -> dict[str, ImportedSource]:
    """The lines that an earlier run of the same import has written.

    Raises:
        UsageError: the report or the output is that of another import.
    """
    if out == report:
        raise UsageError(f"{out} cannot be both the output and the report")
    lines = read_lines(report, ImportedSource).records if report.exists() else ()
    if any(line.settings != plan.settings for line in lines):
        raise UsageError(f"{report} is the report of another import (path, seed or options differ); give another --out")
    reported = {line.environment for line in lines if line.environment is not None}
    held = _held(out)
    # one more may be there: written when an earlier run was stopped, and not reported yet
    if len(held - reported) > 1 or (held and not lines and not report.exists()):
        raise UsageError(f"{out} has environments that {report} does not name; give another --out")
    if reported - held:
        raise UsageError(f"{report} names environments that {out} does not have; give another --out")
    return {line.source: line for line in lines}


def _held(out: Path) -> set[str]:
    """The ids of the environments in a pack or folder."""
    if out.suffix == PACK_SUFFIX:
        return set(index_pack(out)) if out.exists() else set()
    return {one.name for one in out.iterdir()} if out.is_dir() else set()


def import_source(plan: ImportPlan, source: _Source) -> tuple[Environment | None, ImportedSource]:
    """Read, compile and check one source; pure, so that any process can do it."""
    name, found = source
    try:
        if isinstance(found, Path):
            found = _read(plan, found, name)
        if found.toolset is None:
            return None, ImportedSource(source=name, settings=plan.settings, items=found.items)
        return _made(plan, name, found.toolset, found.items)
    except Exception as problem:  # noqa: BLE001 - one document of thousands must not end the rest
        said = (str(problem).splitlines() or [""])[0][:300]
        why = f"it cannot be made into an environment: {type(problem).__name__}: {said}"
        items = found.items if isinstance(found, FoundToolset) else refused(name, why).items
        left = tuple(_refusal(one, why) for one in items)
        return None, ImportedSource(source=name, settings=plan.settings, items=left)


def _refusal(item: ImportedItem, why: str) -> ImportedItem:
    return item if item.outcome == "refused" else ImportedItem(item=item.item, outcome="refused", why=why)


def _read(plan: ImportPlan, file: Path, name: str) -> FoundToolset:
    try:
        return read_openapi(read_document(file, Path(plan.path)), name, max_tools=plan.max_tools, seed=plan.seed)
    except RecordError as problem:
        return refused(name, str(problem))


def _made(
    plan: ImportPlan, name: str, toolset: Toolset, items: tuple[ImportedItem, ...]
) -> tuple[Environment, ImportedSource]:
    if not plan.compiles:
        environment = uncompiled(toolset)
        left = len(environment.tools)
        return environment, ImportedSource(
            source=name, settings=plan.settings, environment=environment.id, left=left, items=items
        )
    environment, succeeded = _compiled(toolset, plan.seed)
    reaches = [tool.inferred.reach for tool in environment.tools if tool.inferred is not None]
    line = ImportedSource(
        source=name,
        settings=plan.settings,
        environment=environment.id,
        full=reaches.count("full"),
        partial=reaches.count("partial"),
        left=reaches.count("none"),
        succeeded=succeeded,
        items=items,
    )
    return environment, line


def import_found(found: FoundToolset, *, seed: int = 0) -> Environment:
    """Compile and check a toolset that was found.

    Raises:
        RecordError: nothing of it can be used.
    """
    if found.toolset is None:
        raise RecordError(next((one.why for one in found.items if one.why), "it holds no tools"))
    return _compiled(found.toolset, seed)[0]


def _compiled(toolset: Toolset, seed: int) -> tuple[Environment, int]:
    """An environment after its check, and of how many tools a call succeeded."""
    compiled = compile_toolset(toolset, seed=seed)
    checked = self_check(compiled)
    environment = settled(compiled, checked.failed, checked.verified - checked.failed.keys())
    return environment, len(checked.succeeded - checked.failed.keys())


def _worked(
    plan: ImportPlan, sources: list[_Source], processes: int
) -> Iterator[tuple[Environment | None, ImportedSource]]:
    """The results in the order of the sources, a few ahead of what is taken."""
    if processes <= 1 or len(sources) <= 1:
        for source in sources:
            yield import_source(plan, source)
        return
    # forked workers would inherit whatever threads and locks this process has
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        waiting = iter(sources)
        running = [pool.submit(import_source, plan, one) for one in islice(waiting, processes * 4)]
        try:
            while running:
                result = running.pop(0).result()
                running += [pool.submit(import_source, plan, one) for one in islice(waiting, 1)]
                yield result
        finally:
            for one in running:
                one.cancel()


def _named_apart(environment: Environment, line: ImportedSource, taken: set[str]) -> tuple[Environment, ImportedSource]:
    """An environment with an id that no other has, and its line of the report."""
    number, unique = 1, environment.id
    while unique in taken:
        number += 1
        unique = f"{environment.id[:90]}-{number}"
    taken.add(unique)
    if unique == environment.id:
        return environment, line
    items = tuple(one.model_copy(update={"environment": unique}) if one.environment else one for one in line.items)
    return environment.replaced(id=unique), line.model_copy(update={"environment": unique, "items": items})


class _Output:
    """Where environments are written: a pack, or a folder of folders."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._lines = LineWriter(out, alone=True) if out.suffix == PACK_SUFFIX else None
        # what an earlier run wrote before it was stopped, and had no time to report
        self._held = frozenset(index_pack(out)) if self._lines is not None else frozenset[str]()

    def write(self, environment: Environment) -> None:
        """Write an environment, unless it is there already."""
        if self._lines is None:
            save_folder(environment, self._out / environment.id)
        elif environment.id not in self._held:
            self._lines.append(environment)

    def __enter__(self) -> "_Output":
        return self

    def __exit__(self, *problem: object) -> None:
        if self._lines is not None:
            self._lines.__exit__(None, None, None)
