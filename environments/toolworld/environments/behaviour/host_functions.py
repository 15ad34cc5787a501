"""Host functions: the access of a behaviour program to the state, the clock and the ids of the call it answers.

Values are exchanged as JSON text (see `prelude`), so a program never holds the shared state itself; it
changes records only through `insert`, `update`, `delete` and `set`.
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
from toolworld.ground import EncodingError, JsonValue, decode, shortened

MAX_JSON_CHARACTERS = 1 << 20
"""Maximum length of the JSON that a call returns, and of all the JSON that it writes."""
MAX_FAILURE_CHARACTERS = 10_000
"""Characters of a failure's message that are kept."""
MAX_CODE_CHARACTERS = 100
WRITES = frozenset({"insert", "update", "delete", "set"})
"""Names of the host functions that change state."""


class HostFunctionError(Exception):
    """The program used a host function wrongly; the message says how."""


class ToolFailure(Exception):  # noqa: N818 - a refusal of the call, not an error
    """Ends a program that called `fail`."""


class HostFunctions:
    """The host functions of one environment, which serve one call at a time, from `enter` to `leave`.

    Starlark replaces the exceptions of host functions by its own, so the reason why a program stopped is
    kept in `stopped`.
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
        """Begin a call; `writes` allows it to change the state."""
        self._view, self._writes, self._state = view, writes, view.state
        self.stopped, self.ops, self.issued, self._written = None, [], 0, 0

    def leave(self) -> None:
        """End the call."""
        self._view = None

    @cached_property
    def functions(self) -> dict[str, Callable[..., JsonValue]]:
        """Every host function by its name in programs."""
        for_state = (self.get, self.find, self.rows, self.insert, self.update, self.delete, self.set)
        for_call = (self.new_id, self.fail)
        for_dates_and_numbers = (add_days, add_minutes, days_between, minutes_between, weekday, decimal)
        named: dict[str, Callable[..., JsonValue]] = {
            function.__name__: function for function in (*for_state, *for_call, *for_dates_and_numbers)
        }
        return {**named, "round": round_to}

    def answer(self, question: str) -> str:
        """Call a host function for a program: `[function, argument, ...]` and the result are JSON text.

        If the program must stop, the reason is kept in `stopped`.
        """
        name, *arguments = cast("list[JsonValue]", decode(question))
        try:
            if name in WRITES:
                self._count_written(len(question))
            return orjson.dumps(self.functions[cast(str, name)](*arguments)).decode()
        except HostFunctionError as problem:
            self.stopped = problem
            raise
        except (TypeError, ValueError, AttributeError, OverflowError, EncodingError) as problem:
            self.stopped = HostFunctionError(f"{name}: {problem}")
            raise

    def get(self, name: str, key: str | None = None) -> JsonValue:
        """`get(collection, key)` returns a record or None; `get(name)` returns a singleton."""
        if key is None:
            if name not in self._schema.singletons:
                raise HostFunctionError(f"get: there is no singleton {name!r}")
            return self._state.value(name)
        self._require_collection(name, "get")
        return self._state.get(name, key)

    def find(self, collection: str, where: Fields, fold: bool) -> JsonValue:
        """The records that have these values at these dotted paths; `fold` ignores upper and lower case."""
        self._require_collection(collection, "find")
        return [record for _, record in self._state.find(collection, where, fold)]

    def rows(self, collection: str, fields: list[str] | None) -> JsonValue:
        """All records, or of each record only the first value at each of the given dotted paths."""
        self._require_collection(collection, "rows")
        if fields is None:
            return [record for _, record in self._state.rows(collection)]
        return [
            {path: next(values_at(record, path), None) for path in fields} for _, record in self._state.rows(collection)
        ]

    def insert(self, collection: str, record: Fields) -> JsonValue:
        """Insert a record into a collection, and return it."""
        self._require_collection(collection, "insert")
        key = record.get(self._schema.collections[collection].key)
        if not isinstance(key, str):
            raise HostFunctionError(f"insert: the record for `{collection}` has no text in its key field")
        self._write(Insert(collection=collection, key=key, record=record))
        return record

    def update(self, collection: str, key: str, fields: Fields) -> JsonValue:
        """Change fields of a record, and return the changed record."""
        self._require_collection(collection, "update")
        self._write(Update(collection=collection, key=key, fields=fields))
        return self._state.get(collection, key)

    def delete(self, collection: str, key: str) -> None:
        """Delete a record."""
        self._require_collection(collection, "delete")
        self._write(Delete(collection=collection, key=key))

    def set(self, name: str, value: JsonValue) -> None:
        """Set the value of a singleton."""
        self._write(SetValue(name=name, value=value))

    def new_id(self, prefix: str) -> str:
        """Issue an id that is new in the episode."""
        self.issued += 1
        return self._current_view().new_id(prefix, self.issued - 1)

    def now(self) -> str:
        """The simulated time of the call: `2026-03-02T09:00:00Z`."""
        return instant(self._current_view().now)

    def today(self) -> str:
        """The simulated date of the call: `2026-03-02`."""
        return self._current_view().now.date().isoformat()

    def fail(self, code: str, message: str) -> NoReturn:
        """Refuse the call: the agent gets the code and the message, and the state does not change."""
        # Messages quote arguments, so that a long one must not break the call: the agent would void its own run.
        code, message = code[:MAX_CODE_CHARACTERS], shortened(message, MAX_FAILURE_CHARACTERS)
        self.stopped = Failure(kind="tool", code=code, message=message)
        raise ToolFailure(message)

    def _count_written(self, size: int) -> None:
        self._written += size
        if self._written > MAX_JSON_CHARACTERS:
            raise HostFunctionError(f"a call may write at most {MAX_JSON_CHARACTERS >> 20} MiB")

    def _write(self, op: Op) -> None:
        if not self._writes:
            raise HostFunctionError("a read tool tried to change the state")
        # only the target is checked here, where the program's line is still known; schemas and references are
        # checked when the program has ended, since its ops may break them in between
        try:
            self._checker.fits(self._state, op)
        except InvalidOpsError as problem:
            raise HostFunctionError(f"{op.op}: {problem}") from None
        self.ops.append(op)  # the caller gets the ops; the new state is only for this program's own reads
        self._state = self._state.apply((op,))

    def _require_collection(self, collection: str, function: str) -> None:
        if collection not in self._schema.collections:
            names = ", ".join(self._schema.collections) or "none"
            raise HostFunctionError(f"{function}: there is no collection {collection!r}; declared: {names}")

    def _current_view(self) -> View:
        if self._view is None:
            self.stopped = HostFunctionError("the program asked for the moment of a call outside of a call")
            raise self.stopped
        return self._view
