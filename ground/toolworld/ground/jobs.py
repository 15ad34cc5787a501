"""Doing many things: a few at a time, each result written as it comes, resumed where an earlier run stopped.

`run_jobs` is used for rollouts, and by whatever else makes many results of one kind. Its results go to
a `Checkpoint`, a JSONL file: cancelled or killed at any moment, the file holds every result that was
finished, and the same call goes on from there. Time is linear in the number of jobs, and memory does
not hold results, only where in the file each of them stands.
"""

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Generic, TypeVar

from anyio.lowlevel import checkpoint as checkpoint_now

from toolworld.ground.errors import EncodingError, RecordError
from toolworld.ground.files import bounded_lines, draft_beside, open_regular, read_bytes, write_atomically
from toolworld.ground.json import JsonObject, JsonValue, decode, encode, same
from toolworld.ground.lines import LineWriter
from toolworld.ground.record import Record, parse_record
from toolworld.ground.task_group import task_group
from toolworld.ground.text import os_reason

J = TypeVar("J")
R = TypeVar("R", bound=Record)


@dataclass(slots=True)
class JobCounts:
    """Counts of jobs: asked = delivered + resumed + left."""

    asked: int = 0
    delivered: int = 0
    """Results that were made now."""
    resumed: int = 0
    """Results that an earlier run had left in the checkpoint."""
    left: int = 0
    """Jobs that were not begun, because `stop` said so."""


async def run_jobs(
    jobs: Iterable[J],
    work: Callable[[J], Awaitable[R]],
    checkpoint: "Checkpoint[R]",
    *,
    key: Callable[[J], str],
    keep: Callable[[R], bool] = lambda _: True,
    on_result: Callable[[J, R], Awaitable[None]] | None = None,
    concurrency: int = 8,
    stop: Callable[[], bool] = lambda: False,
) -> JobCounts:
    """Do every job once, at most `concurrency` at a time, and put the results in the order of the jobs.

    Args:
        jobs: The jobs; they are taken one by one, so this may be a generator.
        work: Does a job. What it raises ends everything; the results so far are kept.
        checkpoint: Where results are written, and looked for first.
        key: The name of a job's result in the checkpoint.
        keep: Whether a result of an earlier run still counts; else its job is done again.
        on_result: Told of each result, new or resumed, after it was written.
        concurrency: How many jobs are done at a time.
        stop: Asked before each job; once it is true, no other job is begun.

    Raises:
        RecordError: the checkpoint cannot be read or written.
    """
    counts = JobCounts()
    waiting = iter(jobs)
    order: list[str] = []

    async def take_jobs() -> None:
        for job in waiting:
            counts.asked += 1
            name = key(job)
            order.append(name)
            held = checkpoint.get(name)
            if held is not None and keep(held):
                counts.resumed += 1
                await checkpoint_now()  # many in a row must not hold up cancellation
            elif stop():
                counts.left += 1
                continue
            else:
                held = await work(job)
                checkpoint.append(name, held)
                counts.delivered += 1
            if on_result:
                await on_result(job, held)

    # As many tasks as may work at a time, each taking the next job: none waits in memory for its turn.
    async with task_group() as tasks:
        for _ in range(concurrency):
            tasks.start_soon(take_jobs)
    checkpoint.put_in_order(order)
    return counts


class Checkpoint(Generic[R]):
    """A JSONL file of results by key. A key that stands in it twice counts once, with its last line.

    Args:
        path: The file; beside it `<name>.settings.json` holds the settings under which it was begun.
        model: What a line holds.
        key: The key of a line, from its JSON.
        settings: What all results of the file have in common. A file that was begun under other
            settings is refused; settings that it does not know yet are added.

    Raises:
        RecordError: the file cannot be read or written, a line holds no such result, or the settings differ.
    """

    def __init__(
        self,
        path: Path,
        model: type[R],
        key: Callable[[JsonObject], str],
        settings: Mapping[str, JsonValue] | None = None,
    ) -> None:
        self.path = path
        self.repeated = 0
        """Lines of an earlier run that a later one with the same key replaces."""
        self._model = model
        self._places: dict[str, tuple[int, int]] = {}
        if settings is not None:
            self._check_settings(settings)
        self._writer = LineWriter(path, alone=True)  # sets a torn last line aside first
        self._end = 0
        self._reader = open_regular(path)
        try:
            self._index(key)
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __len__(self) -> int:
        return len(self._places)

    def __enter__(self) -> "Checkpoint[R]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()
        self._writer.__exit__(kind, problem, trace)

    def keys(self) -> list[str]:
        """The keys in the order of their lines."""
        return list(self._places)

    def get(self, key: str) -> R | None:
        """The result of a key, read from the file; None if there is none."""
        place = self._places.get(key)
        if place is None:
            return None
        return parse_record(self._model, self._line(place), f"{self.path}: {key}")

    def append(self, key: str, result: R) -> None:
        """Write a result; it is in the file when this returns."""
        length = self._writer.append(result)
        self._places.pop(key, None)
        self._places[key] = (self._end, length)
        self._end += length

    def put_in_order(self, keys: Iterable[str]) -> None:
        """Put the lines of these keys first and in this order, the others behind them, each key once.

        The file is replaced as a whole, unless it is in order already.
        """
        order = dict.fromkeys(key for key in keys if key in self._places)
        order |= dict.fromkeys(self._places)
        is_whole = not self.repeated and sum(length for _, length in self._places.values()) == self._end
        if is_whole and list(order) == list(self._places):
            return
        try:
            with draft_beside(self.path) as draft:
                with draft.open("wb") as file:
                    for key in order:
                        file.write(self._line(self._places[key]))
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(draft, self.path)
        except OSError as problem:
            raise RecordError(f"{self.path} cannot be written: {os_reason(problem)}") from None
        self._reopen(order)

    def _reopen(self, order: Iterable[str]) -> None:
        """Go on with the file that has replaced the one that was open."""
        self.__exit__(None, None, None)
        self._writer, self._reader, self._end = LineWriter(self.path, alone=True), open_regular(self.path), 0
        places, self._places = self._places, {}
        for key in order:
            self._places[key] = (self._end, places[key][1])
            self._end += places[key][1]

    def _line(self, place: tuple[int, int]) -> bytes:
        self._reader.seek(place[0])
        return self._reader.read(place[1])

    def _index(self, key: Callable[[JsonObject], str]) -> None:
        for number, line in enumerate(bounded_lines(self._reader, self.path), start=1):
            if line.strip():
                try:
                    name = key(_object(line))
                except (EncodingError, KeyError, TypeError, ValueError):
                    where = f"{self.path}:{number}"
                    raise RecordError(f"{where}: this line holds no {self._model.__name__.lower()}") from None
                self.repeated += self._places.pop(name, None) is not None
                self._places[name] = (self._end, len(line))
            self._end += len(line)

    def _check_settings(self, settings: Mapping[str, JsonValue]) -> None:
        """Compare the settings with those of the file, and write down those that are new."""
        place = self.path.with_name(f"{self.path.stem}.settings.json")
        before: JsonObject = {}
        if self.path.exists() and self.path.stat().st_size:
            if not place.exists():
                raise RecordError(
                    f"{self.path} has no {place.name} beside it, so nobody can tell how its results were made; "
                    "write to another file"
                )
            before = _settings(place)
        for name, value in settings.items():
            if name in before and not same(before[name], value):
                raise RecordError(
                    f"{self.path} was made with {name} {_shown(before[name])}, and now it is {_shown(value)}; "
                    "use the same settings, or write to another place"
                )
        merged = {**before, **settings}
        if merged != before or not place.exists():
            write_atomically(place, encode(merged) + b"\n")


def _object(data: bytes) -> JsonObject:
    value = decode(data)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _settings(place: Path) -> JsonObject:
    try:
        return _object(read_bytes(place))
    except (EncodingError, ValueError) as problem:
        raise RecordError(f"{place}: no settings of a file of results: {problem}") from None


def _shown(value: JsonValue) -> str:
    return value if isinstance(value, str) else encode(value).decode()
