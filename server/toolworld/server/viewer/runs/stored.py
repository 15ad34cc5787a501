"""Runs in a store: its episodes, listed with their verdicts and without their calls."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from anyio import to_thread

from toolworld.datasets import Trajectory, Verdict
from toolworld.ground import JsonObject, NotFoundError, RecordError, parse_record
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.episodes import Episodes
from toolworld.server.store.protocol import EpisodeOutline
from toolworld.server.viewer.runs.index import RunIndex
from toolworld.server.viewer.runs.row import RunRow, columns_of_run, columns_of_verdict, tags_of_task

_PAGE = 500
"""How many episodes are listed before others get their turn."""
_REST = 9
"""For how many times as long as a listing took there is no other one."""


@dataclass(slots=True)
class StoredRuns:
    """The episodes of a store as runs.

    Args:
        number: Of the source in the index.
        set: The name of the set.
        episodes: The episodes.
        most: How many are listed; None for all.
    """

    number: int
    set: str
    episodes: Episodes
    most: int | None = None
    skipped: int = 0
    """Episodes beyond those that are listed."""
    _version: int = -1
    _known: dict[str, int] = field(default_factory=dict[str, int])
    """By episode, what it was when it was listed."""
    not_before: float = float("-inf")
    """When it may be listed again, by the monotonic clock."""

    async def refresh(self, index: RunIndex) -> None:
        """List the episodes again, if anything was written since.

        A store that is written to all the time is listed a part of the time only: the server has other things to do.
        """
        began = time.monotonic()
        version = await self.episodes.store.data_version()
        if version == self._version or began < self.not_before:
            return
        last: int | None = None
        seen: dict[str, int] = {}
        while outlines := await self.episodes.store.outlines(last, self._page(len(seen))):
            found = {one.row.id: _fingerprint(one) for one in outlines}
            changed = [one for one in outlines if self._known.get(one.row.id) != found[one.row.id]]
            await to_thread.run_sync(self._put, index, changed)
            seen |= found
            last = outlines[-1].number
        self.skipped = max(0, await self.episodes.store.count_episodes() - len(seen))
        await to_thread.run_sync(index.drop_runs, self.number, [run for run in self._known if run not in seen])
        self._version, self._known = version, seen
        self.not_before = time.monotonic() + _REST * (time.monotonic() - began)

    def _page(self, listed: int) -> int:
        """How many are listed next."""
        return _PAGE if self.most is None else min(_PAGE, self.most - listed)

    async def list_one(self, index: RunIndex, episode: Episode) -> None:
        """List one episode as it is now, before its turn comes."""
        verdict = await self.episodes.store.verdict(episode.id)
        outline = EpisodeOutline(0, episode.row, 0, episode.snapshot.step, verdict)
        await to_thread.run_sync(self._put, index, [outline])
        self._known[episode.id] = _fingerprint(outline)

    def state_of(self, run: str) -> int:
        """By what an episode is known to be as it was when it was listed."""
        return self._known.get(run, 0)

    def _put(self, index: RunIndex, outlines: Sequence[EpisodeOutline]) -> None:
        index.put_runs(self.number, [self._columns(one) for one in outlines])
        index.put_verdicts(self.number, [row for one in outlines if (row := _verdict_columns(one)) is not None])

    def _columns(self, outline: EpisodeOutline) -> dict[str, Any]:
        row, task = outline.row, self.episodes.tasks.find(outline.row.task) if outline.row.task else None
        document: JsonObject = {
            "id": row.id,
            "task": row.task,
            "environment": row.environment,
            "environment_version": row.version,
            "seed": row.seed,
            "trial": row.trial,
            "agent": "outside",
            "user": "outside",
            "messages": [{"role": "user", "content": task.request}] if task else [],
        }
        tags = [*(["forked"] if row.parent else []), *(["closed"] if row.closed else [])]
        columns = columns_of_run(self.set, document, [*tags, *(tags_of_task(task) if task else [])])
        forked = {"parent": row.parent or "", "fork_step": row.fork_step}
        return {**columns, **forked, "calls": outline.calls, "planned": row.id, "offset": -1, "length": 0}

    async def trajectory(self, row: RunRow) -> Trajectory | None:
        """The trajectory of an episode; None if it is no more there."""
        try:
            return await self.episodes.trajectory(await self.episodes.as_stored(row.run))
        except NotFoundError:
            return None

    async def verdict(self, row: RunRow) -> Verdict | None:
        """The verdict that is kept with an episode."""
        document = await self.episodes.store.verdict(row.run)
        return None if document is None else parse_record(Verdict, document, "the verdict in the store")


def _fingerprint(outline: EpisodeOutline) -> int:
    """What differs where an episode went on, was spoken in, closed or judged."""
    row = outline.row
    state = f"{outline.calls} {outline.exchanges} {row.closed} {row.answer is not None}".encode()
    return crc32(outline.verdict or b"", crc32(state))


def _verdict_columns(outline: EpisodeOutline) -> dict[str, Any] | None:
    if outline.verdict is None:
        return None
    try:
        verdict = parse_record(Verdict, outline.verdict, "the verdict in the store")
    except RecordError:  # the page of the run says so
        return None
    length = len(outline.verdict)
    return {"run": outline.row.id, **columns_of_verdict(verdict), "verdict_offset": 0, "verdict_length": length}
