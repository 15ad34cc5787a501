"""A run: candidates are made at once, settled in their order, and written."""

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from anyio.lowlevel import checkpoint as checkpoint_now

from toolworld.datasets.generation.near_duplicates import NearDuplicateFilter
from toolworld.datasets.generation.parts import Instance
from toolworld.datasets.generation.runner.candidate import CandidateMaker, RejectedReply, Tried, plain_metadata
from toolworld.datasets.generation.runner.output import AcceptedRows, RowWriter
from toolworld.datasets.generation.runner.progress import OnProgress, Progress
from toolworld.datasets.generation.runner.schedule import Schedule
from toolworld.ground import BudgetError, JsonObject, ModelError, decode, task_group
from toolworld.llm import LedgerEntry, Usage

_LATEST = 20
"""Of so many latest candidates at most half may go without an answer."""
_AT_ONCE = 50
"""After so many candidates other tasks run, since replies from the log never wait."""


@dataclass(slots=True)
class Counts:
    """What became of the candidates that were settled."""

    replies: int = 0
    rejected: Counter[str] = field(default_factory=Counter[str])
    missing_rows: list[int] = field(default_factory=list[int])
    from_log: int = 0
    usage: Usage = field(default_factory=Usage)
    stopped: str | None = None
    failure: ModelError | None = None
    """Why the run ended, if a model did not answer."""


@dataclass(slots=True)
class Generation:
    """A run."""

    schedule: Schedule
    maker: CandidateMaker
    rows: RowWriter
    rejected: RowWriter
    model_name: str
    """What rows say they were made by, where replies do not."""
    near_duplicates: NearDuplicateFilter | None
    has_rows: bool
    """Whether candidates are rows that are given."""
    on_progress: OnProgress
    ledger: Callable[[], list[LedgerEntry]]
    counts: Counts = field(default_factory=Counts)
    _done: dict[int, Tried] = field(default_factory=dict[int, Tried])
    _latest: deque[bool] = field(default_factory=lambda: deque[bool](maxlen=_LATEST))

    async def run(self, concurrency: int) -> None:
        """Make candidates until there are enough, so many at a time.

        Raises:
            SpecError: a part fails.
        """
        self._tell()
        async with task_group() as tasks:
            for _ in range(concurrency):
                tasks.start_soon(self._work)
        # Where the budget ended the run, some candidates have no result, and those behind them are as good as any.
        for index in sorted(self._done):
            self._settle_next(index, self._done[index])

    async def _work(self) -> None:
        made = 0
        while (index := await self.schedule.next()) is not None:
            visible = AcceptedRows(self.rows, self.schedule.visible(index))
            try:
                tried = await self.maker.make(index, visible)
            except BudgetError as problem:
                self._stop(str(problem))
                return
            self._settle(index, tried)
            made += 1
            if made % _AT_ONCE == 0:
                await checkpoint_now()  # replies from the log never wait

    def _settle(self, index: int, tried: Tried) -> None:
        """Settle this candidate, and those behind it that waited for it."""
        self._done[index] = tried
        while self.schedule.settled in self._done:
            place = self.schedule.settled
            self._settle_next(place, self._done.pop(place))

    def _settle_next(self, index: int, tried: Tried) -> None:
        if tried.has_ended and not tried.rejected:
            self._stop("the prompt loader has no more prompts")
            return
        counts = self.counts
        counts.replies += tried.replies
        counts.from_log += tried.from_log
        counts.usage += tried.usage
        accepted = tried.instance is not None and self._is_new(index, tried)
        for one in tried.rejected:
            counts.rejected[one.reason] += 1
            self.rejected.write(decoded(one))
        if accepted and tried.instance is not None:
            self.rows.write(self._row(index, tried.instance, tried))
        elif self.has_rows:
            counts.missing_rows.append(index)
        self.schedule.settle(accepted)
        self._watch(tried)
        self._tell()

    def _tell(self) -> None:
        """Tell how far the run is."""
        schedule, rejected = self.schedule, self.counts.rejected.total()
        self.on_progress(Progress(schedule.wanted, schedule.accepted, rejected, schedule.settled, tuple(self.ledger())))

    def _is_new(self, index: int, tried: Tried) -> bool:
        """Whether an instance nearly repeats none before it; else it is rejected."""
        if self.near_duplicates is None or tried.instance is None:
            return True
        near = self.near_duplicates.add(f"row/{len(self.rows)}", tried.instance.instruction)
        if near is not None:
            tried.rejected.append(
                RejectedReply(
                    candidate=index,
                    attempt=0,
                    reason=near.reason,
                    detail=near.detail,
                    reply=tried.reply,
                    metadata=plain_metadata(tried.metadata),
                )
            )
        return near is None

    def _row(self, index: int, instance: Instance, tried: Tried) -> JsonObject:
        metadata: JsonObject = {"candidate": index, **plain_metadata(tried.metadata)}
        row: JsonObject = {
            "instruction": instance.instruction,
            "response": instance.response,
            "config": tried.model or self.model_name,
            "metadata": metadata,
        }
        fields: dict[str, Any] = {**tried.metadata.get("fields", {}), **instance.fields}
        return {**row, "fields": fields} if fields else row

    def _watch(self, tried: Tried) -> None:
        """Stop where a model does not answer: at once where it never did, else where half of the calls fail."""
        self._latest.append(tried.failure is not None and tried.instance is None)
        failed = sum(self._latest)
        never = failed == len(self._latest) == min(3, self.schedule.wanted) == self.schedule.settled
        if tried.failure is not None and (never or failed > _LATEST // 2):
            self.counts.failure = tried.failure
            self._stop(str(tried.failure))

    def _stop(self, why: str) -> None:
        self.counts.stopped = self.counts.stopped or why
        self.schedule.stop()


def decoded(record: RejectedReply) -> JsonObject:
    """A record as a JSON object."""
    value = decode(record.json_bytes())
    assert isinstance(value, dict)
    return value


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds so far, to a hundredth."""
        return round(time.monotonic() - self._began, 2)
