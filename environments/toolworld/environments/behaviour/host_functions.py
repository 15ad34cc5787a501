"""What a behaviour program can reach: the state of the call it answers, the clock, and a few helpers.

Values cross as JSON text (see `behaviour`), so a program cannot touch the shared state; it changes
records only through `insert`, `update`, `delete` and `set`.
"""

from collections.abc import Callable
from functools import cached_property
from typing import NoReturn, cast

import orjson

from toolworld.environments.behaviour.prelude import (
    add_days,
    add_minutes,
    days_between,
    decimal,
    minutes_between,
    round_to,
    weekday,
)
from toolworld.environments.calls.event import Failure
from toolworld.environments.calls.simulator import View
from toolworld.environments.spec.clock import instant
from toolworld.environments.state.checker import InvalidOpsError, OpsChecker
from toolworld.environments.state.ops import Delete, Fields, Insert, Op, SetValue, Update
from toolworld.environments.state.path import values_at
from toolworld.environments.state.schema import StateSchema
from toolworld.ground import EncodingError, JsonValue, decode

LARGEST = 1 << 20
"""Characters of JSON that a call may return, and that it may write."""
LONGEST = 10_000
"""Characters of a refusal."""
WRITES = frozenset({"insert", "update", "delete", "set"})
"""The host functions that change state."""


class HostFunctionError(Exception):
    """A host function was used wrongly by the program; the message says how."""


class ToolFailure(Exception):  # noqa: N818 - the program's own way to say no
    """The program called `fail`."""


class HostFunctions:
    """The host functions of one environment. `enter` puts it at the moment of a call.

    Starlark swallows the exceptions of host functions, so the cause of a stop is kept in `stopped`.
    """

    def __init__(self, schema: StateSchema, checker: OpsChecker) -> None:
        self._schema = schema
        self._checker = checker
        self._view: View | None = None
        self._writes = False
        self.stopped: Failure | HostFunctionError | None = None
        self.ops: list[Op] = []
        self.issued = 0
        self._written = 0

    def enter(self, view: View, writes: bool) -> None:
        """Begin a call."""
        self._view, self._writes, self._state = view, writes, view.state
        self.stopped, self.ops, self.issued, self._written = None, [], 0, 0

    def leave(self) -> None:
        """End a call."""
        self._view = None

    @cached_property
    def functions(self) -> dict[str, Callable[..., JsonValue]]:
        """Every host function by its name in programs."""
        own = (self.get, self.find, self.rows, self.insert, self.update, self.delete, self.set)
        snapshot = (self.new_id, self.fail)
        plain = (add_days, add_minutes, days_between, minutes_between, weekday, decimal)
        named: dict[str, Callable[..., JsonValue]] = {
            function.__name__: function for function in (*own, *snapshot, *plain)
        }
        return {**named, "round": round_to}

    def answer(self, question: str) -> str:
        """Answer a program's `[function, argument, ...]`, both as JSON text, and keep the cause of a stop."""
        name, *arguments = cast("list[JsonValue]", decode(question))
        try:
            if name in WRITES:
                self._weigh(len(question))
            return orjson.dumps(self.functions[cast(str, name)](*arguments)).decode()
        except HostFunctionError as problem:
            self.stopped = problem
            raise
        except (TypeError, ValueError, AttributeError, OverflowError, EncodingError) as problem:
            self.stopped = HostFunctionError(f"{name}: {problem}")
            raise

    def get(self, name: str, key: str | None = None) -> JsonValue:
        """`get(collection, key)` gives a record or None; `get(name)` gives a singleton."""
        if key is None:
            if name not in self._schema.singletons:
                raise HostFunctionError(f"get: there is no singleton {name!r}")
            return self._state.value(name)
        self._known(name, "get")
        return self._state.get(name, key)

    def find(self, collection: str, where: Fields, fold: bool) -> JsonValue:
        """Give the records that have these values at these dotted paths; `fold` ignores upper and lower case."""
        self._known(collection, "find")
        return [record for _, record in self._state.find(collection, where, fold)]

    def rows(self, collection: str, fields: list[str] | None) -> JsonValue:
        """Give all records, or of each record only what stands at the given dotted paths."""
        self._known(collection, "rows")
        if fields is None:
            return [record for _, record in self._state.rows(collection)]
        return [
            {path: next(values_at(record, path), None) for path in fields} for _, record in self._state.rows(collection)
        ]

    def insert(self, collection: str, record: Fields) -> JsonValue:
        """Put a record into a collection."""
        self._known(collection, "insert")
        key = record.get(self._schema.collections[collection].key)
        if not isinstance(key, str):
            raise HostFunctionError(f"insert: the record for `{collection}` has no text in its key field")
        self._write(Insert(collection=collection, key=key, record=record))
        return record

    def update(self, collection: str, key: str, fields: Fields) -> JsonValue:
        """Change fields of a record and give the record as it is then."""
        self._known(collection, "update")
        self._write(Update(collection=collection, key=key, fields=fields))
        return self._state.get(collection, key)

    def delete(self, collection: str, key: str) -> None:
        """Take a record out."""
        self._known(collection, "delete")
        self._write(Delete(collection=collection, key=key))

    def set(self, name: str, value: JsonValue) -> None:
        """Give a singleton a new value."""
        self._write(SetValue(name=name, value=value))

    def new_id(self, prefix: str) -> str:
        """Issue an id that no other call of the episode has got."""
        self.issued += 1
        return self._now_in().new_id(prefix, self.issued - 1)

    def now(self) -> str:
        """Give the instant of the call: `2026-03-02T09:00:00Z`."""
        return instant(self._now_in().now)

    def today(self) -> str:
        """Give the day of the call: `2026-03-02`."""
        return self._now_in().now.date().isoformat()

    def fail(self, code: str, message: str) -> NoReturn:
        """Refuse the call: the agent gets the code and the message, and nothing changes."""
        if len(code) + len(message) > LONGEST:
            raise HostFunctionError(f"fail: the code and the message are longer than {LONGEST:,} characters")
        self.stopped = Failure(kind="tool", code=code, message=message)
        raise ToolFailure(message)

    def _weigh(self, size: int) -> None:
        self._written += size
        if self._written > LARGEST:
            raise HostFunctionError(f"a call may write at most {LARGEST >> 20} MiB")

    def _write(self, op: Op) -> None:
        if not self._writes:
            raise HostFunctionError("a read tool tried to change the state")
        try:
            self._checker.fits(self._state, op)
        except InvalidOpsError as problem:
            raise HostFunctionError(f"{op.op}: {problem}") from None
        self.ops.append(op)
        self._state = self._state.apply((op,))

    def _known(self, collection: str, function: str) -> None:
        if collection not in self._schema.collections:
            names = ", ".join(self._schema.collections) or "none"
            raise HostFunctionError(f"{function}: there is no collection {collection!r}; declared: {names}")

    def _now_in(self) -> View:
        if self._view is None:
            self.stopped = HostFunctionError("the program asked for the moment of a call outside of a call")
            raise self.stopped
        return self._view
