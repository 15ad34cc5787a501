"""Runs in a store: its episodes, listed with their verdicts and without their calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from anyio.lowlevel import checkpoint

from toolworld.datasets import Trajectory, Verdict
from toolworld.ground import JsonObject, NotFoundError, RecordError, parse_record
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.episodes import Episodes
from toolworld.server.store.protocol import EpisodeOutline
from toolworld.server.viewer.runs.index import RunIndex
from toolworld.server.viewer.runs.row import RunRow, columns_of_run, columns_of_verdict, tags_of_task

_PAGE = 1_000
"""How many episodes are listed at once."""


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

    async def refresh(self, index: RunIndex) -> None:
        """List the episodes again, if anything was written since."""
        before, self._version = self._version, await self.episodes.store.data_version()
        if before == self._version:
            return
        known = dict(index.select("run, calls || outcome || verdict_length", "source = ?", (self.number,)))
        last, listed, seen = "", 0, set[str]()
        while outlines := await self.episodes.store.outlines(last, _PAGE):
            self._put(index, [one for one in outlines if known.get(one.row.id) != _fingerprint(one)])
            seen |= {one.row.id for one in outlines}
            last, listed = outlines[-1].row.id, listed + len(outlines)
            if self.most is not None and listed >= self.most:
                break
            await checkpoint()
        self.skipped = max(0, await self.episodes.store.count_episodes() - listed)
        index.drop_runs(self.number, [run for run in known if run not in seen])

    async def list_one(self, index: RunIndex, episode: Episode) -> None:
        """List one episode as it is now."""
        verdict = await self.episodes.store.verdict(episode.id)
        self._put(index, [EpisodeOutline(episode.row, episode.snapshot.step, verdict)])

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


def _fingerprint(outline: EpisodeOutline) -> str:
    """What differs where an episode went on or was judged."""
    verdict = _verdict_columns(outline)
    return f"{outline.calls}{verdict['outcome'] if verdict else 'open'}{len(outline.verdict or b'')}"


def _verdict_columns(outline: EpisodeOutline) -> dict[str, Any] | None:
    if outline.verdict is None:
        return None
    try:
        verdict = parse_record(Verdict, outline.verdict, "the verdict in the store")
    except RecordError:  # the page of the run says so
        return None
    length = len(outline.verdict)
    return {"run": outline.row.id, **columns_of_verdict(verdict), "verdict_offset": 0, "verdict_length": length}
