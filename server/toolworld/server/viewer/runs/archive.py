"""Everything that pages are made of: the index of runs, where they are read from, and the environments at hand."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from anyio import Lock, to_thread

from toolworld.datasets import EvaluationReport, Trajectory, Verdict
from toolworld.environments import Runtime
from toolworld.ground import NotFoundError, RecordError, SpecError, StoreError
from toolworld.rollout import Tree
from toolworld.server.viewer.runs.environments import KnownEnvironments
from toolworld.server.viewer.runs.files import FIRST_BYTES, RunFiles
from toolworld.server.viewer.runs.index import RunIndex
from toolworld.server.viewer.runs.opened import OpenedRun, unheard
from toolworld.server.viewer.runs.row import RunRow
from toolworld.server.viewer.runs.stored import StoredRuns
from toolworld.server.viewer.runs.tallies import Overview, overview

MAX_OPENED, MAX_OPENED_CALLS = 32, 20_000
"""How many runs are kept open, and how many calls they have together: pages of a long run ask for it again."""
REFRESH_SECONDS = 1.0
"""After what time it is looked again whether there is more."""


class OpenedAs(NamedTuple):
    """By what a run that is opened is known to be still the same."""

    source: int
    run: str
    state: int
    begin: int
    verdict: int


@dataclass(frozen=True, slots=True)
class GrownTrees:
    """A file of trees of `synthesize`, with the paths that questions were asked of."""

    name: str
    trees: tuple[Tree, ...]
    chosen: frozenset[str]
    """The leaves whose paths were chosen."""


@dataclass(slots=True)
class Archive:
    """What is shown.

    Args:
        environments: The environments and tasks at hand.
        files: Sets of runs in files.
        stores: Sets of runs in stores.
        tried: The episodes in which tools are tried by hand, where they are not among those of a store: they can be
            opened, and are no runs of the table.
        trees: Explored trees.
        reports: Reports of `toolworld evaluate`, by name.
    """

    environments: KnownEnvironments
    files: Sequence[RunFiles] = ()
    stores: Sequence[StoredRuns] = ()
    tried: StoredRuns | None = None
    trees: Sequence[GrownTrees] = ()
    reports: Sequence[tuple[str, EvaluationReport]] = ()
    index: RunIndex = field(default_factory=RunIndex)
    unlisted: RunIndex = field(default_factory=RunIndex)
    """The index of what was tried by hand."""
    is_complete: bool = False
    """Whether all that is there was read."""
    _opened: OrderedDict[OpenedAs, OpenedRun] = field(default_factory=OrderedDict[OpenedAs, OpenedRun])
    _overview: tuple[int, float, Overview] | None = None
    _looked: float = float("-inf")
    _reading: Lock = field(default_factory=Lock)

    def close(self) -> None:
        """Give the indexes back."""
        self.index.close()
        self.unlisted.close()

    async def read_on(self, most: int | None = None) -> None:
        """Read a part of what is not read yet; runs of stores are listed anew if anybody wrote to them."""
        async with self._reading:
            done = [await to_thread.run_sync(self._read_part, one, most) for one in self.files]
            for one in self.stores:
                await one.refresh(self.index)
            self.is_complete = all(done)
            self._looked = time.monotonic()

    def _read_part(self, files: RunFiles, most: int | None) -> bool:
        return files.read_on(self.index, most) if most else files.read_on(self.index)

    async def look_again(self) -> None:
        """Read what came since it was last looked at, if that was a while ago, and not more than a page needs."""
        if time.monotonic() - self._looked <= REFRESH_SECONDS or self._reading.locked():
            if self._looked == float("-inf"):  # the first page waits for the first rows
                async with self._reading:
                    pass
            return
        await self.read_on(FIRST_BYTES)

    async def read_all(self) -> None:
        """Read all that is there."""
        await self.read_on()
        while not self.is_complete:
            await self.read_on()

    @property
    def problems(self) -> list[str]:
        """What could not be read, in sentences."""
        found = [problem for one in self.files for problem in one.problems]
        lines = sum(one.skipped for one in self.files) - len(found)
        found += [one.trouble for one in self.files if one.trouble]
        found += [f"and {lines:,} lines more"] if lines > 0 else []
        left_out = sum(one.skipped for one in self.stores)
        found += [f"{left_out:,} more episodes of the store are not listed here"] if left_out else []
        return [*found, *self.environments.problems]

    async def overview(self) -> Overview:
        """What all runs come to; while they are still read, it is counted anew only now and then."""
        now, version = time.monotonic(), self.index.version
        if self._overview is not None:
            counted_version, counted_at, known = self._overview
            if counted_version == version or (not self.is_complete and now - counted_at < REFRESH_SECONDS):
                return known
        made = await to_thread.run_sync(overview, self.index)
        self._overview = version, now, made
        return made

    def row(self, set_slug: str, run_slug: str) -> RunRow:
        """The run at an address.

        Raises:
            NotFoundError: there is none.
        """
        found = self.index.find(set_slug, run_slug) or self.unlisted.find(set_slug, run_slug)
        if found is None:
            raise NotFoundError("there is no such run here")
        return found

    async def open(self, row: RunRow) -> OpenedRun:
        """A run with all that its page is made of.

        Raises:
            RecordError: its files cannot be read any more.
            NotFoundError: it is not in the store any more.
        """
        place = self._state_of(row)
        if place in self._opened:
            self._opened.move_to_end(place)
            return self._opened[place]
        opened = await self._read(row)
        self._opened[place] = opened
        while len(self._opened) > 1 and (
            len(self._opened) > MAX_OPENED
            or sum(len(one.trajectory.log) for one in self._opened.values()) > MAX_OPENED_CALLS
        ):
            self._opened.popitem(last=False)
        return opened

    def _state_of(self, row: RunRow) -> OpenedAs:
        """What a run was when it was opened: another one is read anew."""
        stored = self._store_of(row)
        if stored is not None:
            return OpenedAs(row.source, row.run, stored.state_of(row.run), row.calls, row.verdict_length)
        return OpenedAs(row.source, row.run, self._files_of(row).generation, row.offset, row.verdict_offset)

    def _files_of(self, row: RunRow) -> RunFiles:
        return next(one for one in self.files if one.number == row.source)

    def _store_of(self, row: RunRow) -> StoredRuns | None:
        return next((one for one in (*self.stores, self.tried) if one is not None and one.number == row.source), None)

    async def _read(self, row: RunRow) -> OpenedRun:
        stored = self._store_of(row)
        if stored is not None:
            trajectory = await stored.trajectory(row)
            if trajectory is None:
                raise NotFoundError("this episode, or one that it was forked from, is no more in the store")
            runtime = await _version(stored, trajectory)
        else:
            trajectory = await to_thread.run_sync(self._files_of(row).trajectory, row)
            runtime = await self.environments.version(row.environment, row.version)
        verdict, problem = None, ""
        try:
            verdict = await self._verdict(row, stored)
        except RecordError as found:  # the run can be looked at all the same
            problem = str(found)
        return OpenedRun(
            row=row,
            trajectory=trajectory or unheard(row),
            is_heard=trajectory is not None,
            verdict=verdict,
            task=await self.environments.task(row.task, runtime, row.seed) if row.task else None,
            runtime=runtime,
            problem=problem,
        )

    async def _verdict(self, row: RunRow, stored: StoredRuns | None) -> Verdict | None:
        if stored is not None:
            return await stored.verdict(row)
        return await to_thread.run_sync(self._files_of(row).verdict, row)


async def _version(stored: StoredRuns, trajectory: Trajectory) -> Runtime | None:
    """The environment of an episode; None if the store does not have it, or it is not sound any more."""
    try:
        return await stored.episodes.environments.version(trajectory.environment, trajectory.environment_version)
    except (StoreError, SpecError):
        return None
