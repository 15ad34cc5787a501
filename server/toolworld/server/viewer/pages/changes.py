"""What calls did to the state, field by field; and what was expected beside what was made."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from toolworld.datasets import ChangePair, CheckResult, Task, Trajectory
from toolworld.environments import Delete, Insert, Op, SetValue, State, Update, place_of
from toolworld.ground import JsonValue, same
from toolworld.server.viewer.html.values import ABSENT, Absent, Shown

MAX_LINES = 60
"""Fields that a change of one record shows."""
MAX_LIST = 30
"""Up to how many elements a list is compared element by element."""

ChangeKind = Literal["created", "changed", "deleted"]
Fields = dict[str, JsonValue]
Before = Fields | None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field before and after."""

    path: str
    old: Shown
    new: Shown


@dataclass(frozen=True, slots=True)
class Change:
    """A record, or a singleton (whose key is empty), before and after."""

    kind: ChangeKind
    collection: str
    key: str
    fields: tuple[FieldChange, ...]
    more: int = 0
    """Fields beyond those that are shown."""

    @property
    def place(self) -> str:
        """The record, as evidence names it."""
        return f"{self.collection}/{self.key}" if self.key else self.collection


class ChangingState:
    """A state that follows a log and remembers of each change what was there before.

    Only what changes is looked at, so that a log of 10,000 calls takes no longer than its changes.

    Args:
        start: The initial state; None where the environment is not at hand: then what was before is not known.
    """

    def __init__(self, start: State | None) -> None:
        self._start = start
        self._records: dict[tuple[str, str], Before] = {}
        self._values: dict[str, JsonValue] = {}

    def apply(self, ops: Iterable[Op]) -> tuple[Change, ...]:
        """Make changes, and return them with what was there before."""
        return tuple(self._applied(op) for op in ops)

    def _applied(self, op: Op) -> Change:
        if isinstance(op, SetValue):
            old = self._values.get(op.name, self._initial_value(op.name))
            self._values[op.name] = op.value
            return _change("changed", op.name, "", deep_changes("", old, op.value))
        place = op.collection, op.key
        before = self._records[place] if place in self._records else self._initial(*place)
        if isinstance(op, Insert):
            self._records[place] = op.record
            return _change("created", *place, (FieldChange(name, ABSENT, value) for name, value in op.record.items()))
        if isinstance(op, Delete):
            self._records[place] = None
            return _change(
                "deleted", *place, (FieldChange(name, value, ABSENT) for name, value in (before or {}).items())
            )
        self._records[place] = {**(before or {}), **op.fields}
        known = before or {}
        lines = (
            line for name, value in op.fields.items() for line in deep_changes(name, known.get(name, ABSENT), value)
        )
        return _change("changed", *place, lines)

    def _initial(self, collection: str, key: str) -> Before:
        if self._start is None or collection not in self._start.baseline.collections:
            return None
        return self._start.get(collection, key)

    def _initial_value(self, name: str) -> Shown:
        if self._start is None or name not in self._start.baseline.singletons:
            return ABSENT
        return self._start.value(name)


def _change(kind: ChangeKind, collection: str, key: str, fields: Iterable[FieldChange]) -> Change:
    found = [*fields]
    return Change(kind, collection, key, tuple(found[:MAX_LINES]), max(0, len(found) - MAX_LINES))


def deep_changes(path: str, old: Shown, new: Shown) -> Iterator[FieldChange]:
    """What differs between two values, inside objects and lists: one changed rate of ten nights is one line."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from deep_changes(f"{path}.{key}" if path else key, old.get(key, ABSENT), new.get(key, ABSENT))
    elif isinstance(old, list) and isinstance(new, list) and max(len(old), len(new)) <= MAX_LIST:
        for at in range(max(len(old), len(new))):
            yield from deep_changes(
                f"{path}.{at}", old[at] if at < len(old) else ABSENT, new[at] if at < len(new) else ABSENT
            )
    elif isinstance(old, Absent) or isinstance(new, Absent) or not same(old, new):
        yield FieldChange(path, old, new)


Mark = Literal["same", "missing", "extra", "wrong", "unjudged"]
MARKS: dict[Mark, str] = {
    "same": "as expected",
    "missing": "left undone",
    "extra": "nobody asked for it",
    "wrong": "made wrongly",
    "unjudged": "not judged",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A field: before, as it should be, and as it is."""

    path: str
    before: Shown
    expected: Shown
    made: Shown
    differs: bool


@dataclass(frozen=True, slots=True)
class ComparedRecord:
    """A record, expected beside made."""

    place: str
    """As evidence names it: `collection/key`, or the singleton's name."""
    kind: ChangeKind
    mark: Mark
    cells: tuple[Cell, ...]
    is_there: bool
    """Whether the record is there at the end of the run."""

    @property
    def differing(self) -> list[Cell]:
        """The fields that differ."""
        return [cell for cell in self.cells if cell.differs]

    @property
    def alike(self) -> list[Cell]:
        """The fields that do not."""
        return [cell for cell in self.cells if not cell.differs]


def compared_records(
    trajectory: Trajectory, task: Task | None, check: CheckResult | None, start: State | None
) -> list[ComparedRecord]:
    """What was expected beside what was made, what is wrong first.

    The judge has paired what differs, and knows which new record stands for which; where it did not look, nothing here
    says whether a change is right.
    """
    if check is None or check.outcome not in ("pass", "fail"):
        return sorted(_unjudged(trajectory.changes, task, start), key=lambda one: one.place)
    pairs = [pair for pair in check.changes if pair.record and (pair.expected or pair.actual)]
    wrong = [_compared(pair, start) for pair in {pair.record: pair for pair in pairs}.values()]
    right = _as_expected(trajectory.changes, task, pairs, start)
    return [*sorted(wrong, key=lambda one: one.place), *sorted(right, key=lambda one: one.place)]


def _unjudged(made: Sequence[Op], task: Task | None, start: State | None) -> Iterator[ComparedRecord]:
    expected = {place_of(op): op for op in (task.truth.changes if task else ())}
    actual = {place_of(op): op for op in made}
    for place in {**expected, **actual}:
        pair = ChangePair(record=place, expected=expected.get(place), actual=actual.get(place))
        yield _compared(pair, start, mark="unjudged")


def _as_expected(
    made: Sequence[Op], task: Task | None, differing: Iterable[ChangePair], start: State | None
) -> Iterator[ComparedRecord]:
    """The changes that the judge did not hold against the run; a new record may have another id than the expected."""
    against = {place_of(pair.actual) for pair in differing if pair.actual is not None}
    expected = {place_of(op): op for op in (task.truth.changes if task else ())}
    for op in made:
        if (place := place_of(op)) not in against:
            yield _compared(ChangePair(record=place, expected=expected.get(place, op), actual=op), start, mark="same")


def _compared(pair: ChangePair, start: State | None, *, mark: Mark | None = None) -> ComparedRecord:
    is_same = mark is not None
    mark = mark or ("missing" if pair.actual is None else "extra" if pair.expected is None else "wrong")
    op = pair.actual or pair.expected
    assert op is not None
    before = _before(op, start)
    left, right = _after(pair.expected), _after(pair.actual)
    names = [*dict.fromkeys([*left, *right])]
    cells = [_cell(name, before, pair, (left, right), is_same=is_same) for name in names[:MAX_LINES]]
    if not names:  # a deletion has no fields
        gone, there = "deleted", "there"
        expected, made = (gone if isinstance(one, Delete) else there for one in (pair.expected, pair.actual))
        cells = [Cell("(the record)", there, expected, made, differs=not is_same)]
    kinds: dict[str, ChangeKind] = {"insert": "created", "update": "changed", "delete": "deleted", "set": "changed"}
    is_there = not isinstance(pair.expected, Insert) if pair.actual is None else not isinstance(pair.actual, Delete)
    return ComparedRecord(pair.record, kinds[op.op], mark, tuple(cells), is_there)


def _cell(name: str, before: Fields, pair: ChangePair, sides: tuple[Fields, Fields], *, is_same: bool) -> Cell:
    """A field of both sides; a side that leaves it alone keeps what was there."""
    old: Shown = before.get(name, ABSENT)
    kept = [ABSENT if isinstance(op, Insert | Delete) else old for op in (pair.expected, pair.actual)]
    expected, made = (side.get(name, default) for side, default in zip(sides, kept, strict=True))
    differs = (name in pair.fields or "" in pair.fields) if pair.fields else not is_same
    return Cell(name, old, expected, made, differs)


def _before(op: Op, start: State | None) -> Fields:
    if start is None:
        return {}
    if isinstance(op, SetValue):
        value = start.value(op.name) if op.name in start.baseline.singletons else None
        return value if isinstance(value, dict) else {"value": value}
    if op.collection not in start.baseline.collections:
        return {}
    return start.get(op.collection, op.key) or {}


def _after(op: Op | None) -> Fields:
    match op:
        case Insert():
            return op.record
        case Update():
            return op.fields
        case SetValue():
            return op.value if isinstance(op.value, dict) else {"value": op.value}
        case _:
            return {}
