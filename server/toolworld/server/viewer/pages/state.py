"""The state of a run after so many calls, collection by collection, with what changed since the start."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import orjson

from toolworld.environments import Event, InvalidOpsError, Runtime, State, StateSchema, applied, place_of
from toolworld.ground import JsonValue, NotFoundError
from toolworld.server.viewer.html.values import Absent
from toolworld.server.viewer.pages.changes import Change, ChangingState, Fields

ROWS_A_PAGE = 100
"""Records that a page shows of a collection."""
MAX_FIELDS = 40
"""Fields that a table of records shows."""


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record of a collection, with how it changed since the start."""

    key: str
    record: Fields
    change: Change | None
    steps: tuple[int, ...] = ()
    """The steps that changed it."""


@dataclass(frozen=True, slots=True)
class CollectionPage:
    """Records of a collection."""

    name: str
    key: str
    """The field that holds their keys."""
    fields: tuple[str, ...]
    references: Mapping[str, str]
    """Fields that hold keys of another collection, by name."""
    rows: tuple[RecordRow, ...]
    found: int
    """How many records there are, or are found."""
    next: int | None
    """Where the next page begins; None where this is the last."""


@dataclass(frozen=True, slots=True)
class CollectionHead:
    """A collection in the list of all."""

    name: str
    count: int
    changed: int
    touched: int
    """Records that calls changed, be it that they are as they were again."""


@dataclass(slots=True)
class StatePage:
    """A state, as its page shows it.

    Args:
        runtime: The environment.
        log: The calls before it.
    """

    runtime: Runtime
    log: Sequence[Event] = ()
    state: State = field(init=False)
    fits: bool = field(init=False, default=True)
    """Whether the log is one of this environment; else it is followed unchecked."""
    _changes: dict[str, Change] = field(init=False, default_factory=dict[str, Change])
    _steps: dict[str, list[int]] = field(init=False, default_factory=dict[str, list[int]])

    def __post_init__(self) -> None:
        start = self.runtime.start.state
        self.state, self.fits = _followed(self.runtime, start, self.log)
        for change in ChangingState(start).apply(self.state.diff(start)):
            self._changes[change.place] = change
        for event in self.log:
            for op in event.ops:
                steps = self._steps.setdefault(place_of(op), [])
                if event.step not in steps[-1:]:
                    steps.append(event.step)

    @property
    def schema(self) -> StateSchema:
        """What its collections are."""
        return self.runtime.environment.state_schema

    @property
    def changed(self) -> int:
        """How many records differ from the start."""
        return len(self._changes)

    def heads(self) -> list[CollectionHead]:
        """All collections, those that changed first."""
        by_name = dict.fromkeys(self.schema.collections, 0)
        for change in self._changes.values():
            if change.key:
                by_name[change.collection] += 1
        touched = Counter(place.partition("/")[0] for place in self._steps if "/" in place)
        found = [
            CollectionHead(name, self.state.count(name), changed, touched[name]) for name, changed in by_name.items()
        ]
        return sorted(found, key=lambda head: head.changed == 0)

    def singletons(self, *, only_changed: bool = False) -> dict[str, tuple[JsonValue, Change | None]]:
        """The single values, each with its change; perhaps only those that changed."""
        found = {name: (self.state.value(name), self._changes.get(name)) for name in self.schema.singletons}
        return {name: one for name, one in found.items() if one[1] is not None or not only_changed}

    def collection(
        self,
        name: str,
        words: str = "",
        *,
        begin: int = 0,
        only_changed: bool = False,
        first: str = "",
        limit: int = ROWS_A_PAGE,
    ) -> CollectionPage:
        """Records of a collection: those that changed come first.

        Args:
            name: Of the collection.
            words: Words that a record has, in its key or any field.
            begin: How many records come before this page.
            only_changed: Leave out those that are as they were.
            first: The key of a record that stands before all others.
            limit: How many records are shown.

        Raises:
            NotFoundError: there is no such collection.
        """
        if name not in self.schema.collections:
            raise NotFoundError(f"there is no collection {name[:100]!r} here")
        shape = self.schema.collections[name]
        rows = [row for row in self._rows(name, only_changed=only_changed) if _has_words(row, words)]
        rows.sort(key=lambda row: row.key != first)  # keeps the order of the others
        shown = rows[begin : begin + limit]
        names = dict.fromkeys([shape.key, *(one for row in shown for one in row.record)])
        references = {path: target for path, target in shape.references.items() if "." not in path}
        return CollectionPage(
            name=name,
            key=shape.key,
            fields=tuple(islice(names, MAX_FIELDS)),
            references=references,
            rows=tuple(shown),
            found=len(rows),
            next=begin + limit if begin + limit < len(rows) else None,
        )

    def find(self, words: str, limit: int = ROWS_A_PAGE) -> Iterator[tuple[str, str]]:
        """Collections and keys of records that have words."""
        found = (
            (name, row.key) for name in self.schema.collections for row in self._rows(name) if _has_words(row, words)
        )
        return islice(found, limit)

    def _rows(self, name: str, *, only_changed: bool = False) -> Iterator[RecordRow]:
        prefix = f"{name}/"
        changed = {one.key: one for place, one in self._changes.items() if place.startswith(prefix)}
        for key, change in changed.items():
            record = self.state.get(name, key)
            if record is None:  # deleted: shown as it was
                record = {one.path: one.old for one in change.fields if not isinstance(one.old, Absent)}
            yield RecordRow(key, record, change, tuple(self._steps.get(prefix + key, ())))
        if not only_changed:
            yield from (RecordRow(key, row, None) for key, row in self.state.rows(name) if key not in changed)
            return
        for place, steps in self._steps.items():  # changed, and changed back
            key = place.removeprefix(prefix)
            record = self.state.get(name, key) if place.startswith(prefix) and key not in changed else None
            if record is not None:
                yield RecordRow(key, record, None, tuple(steps))


def _followed(runtime: Runtime, start: State, log: Sequence[Event]) -> tuple[State, bool]:
    """The state after a log, and whether the log is one of this environment; if not, what can be shown of it is."""
    ops = tuple(op for event in log for op in event.ops)
    try:
        return runtime.checker.apply(start, ops) if ops else start, True
    except InvalidOpsError:
        schema = runtime.environment.state_schema
        known = (
            op
            for op in ops
            if (op.name in schema.singletons if op.op == "set" else op.collection in schema.collections)
        )
        return applied(start, known), False


def _has_words(row: RecordRow, words: str) -> bool:
    wanted = words.lower().split()
    if not wanted:
        return True
    text = f"{row.key} {orjson.dumps(row.record, default=str).decode()}".lower()
    return all(word in text for word in wanted)


def keys_of(state: State, schema: StateSchema) -> dict[str, str]:
    """The collection of each key that only one collection has: what a text in a result may be a reference to."""
    found: dict[str, str] = {}
    twice = set[str]()
    for name in schema.collections:
        for key, _ in state.rows(name):
            if key in found and found[key] != name:
                twice.add(key)
            found[key] = name
    return {key: name for key, name in found.items() if key not in twice}
