"""Host functions: the access of a behaviour program to the state, the clock and the ids of the call it answers.

A program gets the records of the state themselves, which are frozen; it changes them only through
`insert`, `update`, `delete` and `set`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, NoReturn, cast

import orjson

from toolworld.environments.behaviour.dates import add_days, add_minutes, days_between, minutes_between, weekday
from toolworld.environments.spec.clock import instant, new_id
from toolworld.environments.state.draft import Draft
from toolworld.environments.state.frozen import freeze
from toolworld.environments.state.op_target import check_target, join_names
from toolworld.environments.state.ops import MAX_OPS, Delete, Insert, Op, SetValue, Update
from toolworld.environments.state.path import values_at
from toolworld.environments.state.state import State
from toolworld.ground import JsonValue, encode, shortened

MAX_JSON_BYTES = 1 << 20
"""Maximum size of the JSON that a call returns, and of all the JSON that it writes."""
MAX_FAILURE_CHARACTERS = 10_000
"""Characters of a failure's message that are kept."""
MAX_CODE_CHARACTERS = 100


_NO_KEY: Any = object()
"""Tells `get(name)` from `get(name, None)`, which a field that is not set leads to."""


class HostFunctionError(Exception):
    """The program used a host function wrongly; the message says how."""


class ToolFailure(Exception):  # noqa: N818 - a refusal of the call, not an error
    """Ends a program that called `fail`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Position(NamedTuple):
    """The point in an episode at which a call is made: what `now` and `new_id` depend on."""

    now: datetime
    seed: int
    ids: int
    """How many ids the episode has issued."""


class HostFunctions:
    """The host functions of one environment, which serve one call at a time, from `enter` to `leave`.

    Args:
        keys: The key field of every collection.
        singletons: The names of all singletons.
    """

    def __init__(self, keys: Mapping[str, str], singletons: Iterable[str]) -> None:
        self._keys = keys
        self._singletons = tuple(singletons)
        self._position: Position | None = None
        self._writes = False
        self._written = 0
        self._draft: Draft | None = None
        self.ops: list[Op] = []
        self.issued = 0

    def enter(self, state: State, position: Position, *, writes: bool) -> None:
        """Begin a call; `writes` allows it to change the state."""
        self._state, self._position, self._writes = state, position, writes
        self._draft, self.ops, self.issued, self._written = None, [], 0, 0

    def leave(self) -> None:
        """End the call."""
        self._position = None

    def state_after(self) -> State:
        """The state that the call has led to."""
        return self._state if self._draft is None else self._draft.finish()

    @property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """Every host function by its name in programs."""
        for_state = (self.get, self.find, self.rows, self.insert, self.update, self.delete, self.set)
        for_call = (self.new_id, self.now, self.today, self.fail)
        for_dates = (add_days, add_minutes, days_between, minutes_between, weekday)
        return {function.__name__: function for function in (*for_state, *for_call, *for_dates)}

    # A program may give anything as an argument, so that what is not of the right type is refused in words.

    def get(self, name: str, key: Any = _NO_KEY) -> JsonValue:
        """`get(collection, key)` returns a record or None; `get(name)` returns a singleton."""
        if key is _NO_KEY:
            if name not in self._singletons:
                raise HostFunctionError(f"there is no singleton {name!r}; declared: {join_names(self._singletons)}")
            return self._state.value(name)
        if name not in self._keys:
            self._refuse_collection(name)
        if not isinstance(key, str):
            raise HostFunctionError(f"a key is text, not {_kind(key)}")
        return self._state.get(name, key)

    def find(self, collection: str, where: Any, fold: bool = False) -> list[JsonValue]:
        """The records that have these values at these dotted paths; `fold` ignores upper and lower case."""
        if collection not in self._keys:
            self._refuse_collection(collection)
        if not isinstance(where, dict):
            raise HostFunctionError(f"what is looked for is a dict of paths and values, not {_kind(where)}")
        found = self._state.find(collection, cast("dict[str, JsonValue]", where), fold)
        return [record for _, record in found]

    def rows(self, collection: str, fields: Any = None) -> list[JsonValue]:
        """All records, or of each record only the first value at each of the given dotted paths."""
        if collection not in self._keys:
            self._refuse_collection(collection)
        if fields is None:
            return [record for _, record in self._state.rows(collection)]
        if not isinstance(fields, list | tuple):
            raise HostFunctionError(f"the fields are a list of paths, not {_kind(fields)}; `find` looks for values")
        return [
            {path: next(values_at(record, path), None) for path in cast("list[str]", fields)}
            for _, record in self._state.rows(collection)
        ]

    def insert(self, collection: str, record: Any) -> JsonValue:
        """Insert a record into a collection, and return it."""
        if collection not in self._keys:
            self._refuse_collection(collection)
        stored = self._as_stored(record)
        key: Any = cast("dict[str, Any]", stored).get(self._keys[collection]) if isinstance(stored, dict) else None
        if not isinstance(key, str):
            raise HostFunctionError(f"the record for `{collection}` has no text in its key field")
        return self._write(Insert.made({"op": "insert", "collection": collection, "key": key, "record": stored})).get(
            collection, key
        )

    def update(self, collection: str, key: Any, fields: Any) -> JsonValue:
        """Change fields of a record, and return the changed record."""
        if collection not in self._keys:
            self._refuse_collection(collection)
        stored = self._as_stored(fields)
        if not isinstance(stored, dict):
            raise HostFunctionError(f"what changes is a dict of fields, not {_kind(fields)}")
        self._require_key(key)
        return self._write(Update.made({"op": "update", "collection": collection, "key": key, "fields": stored})).get(
            collection, key
        )

    def delete(self, collection: str, key: Any) -> None:
        """Delete a record."""
        if collection not in self._keys:
            self._refuse_collection(collection)
        self._require_key(key)
        self._write(Delete.made({"op": "delete", "collection": collection, "key": key}))

    def set(self, name: str, value: JsonValue) -> None:
        """Set the value of a singleton."""
        self._write(SetValue.made({"op": "set", "name": name, "value": self._as_stored(value)}))

    def new_id(self, prefix: str = "") -> str:
        """Issue an id that is new in the episode."""
        position = self._current_position()
        self.issued += 1
        return new_id(prefix, position.seed, position.ids + self.issued - 1)

    def now(self) -> str:
        """The simulated time of the call: `2026-03-02T09:00:00Z`."""
        return instant(self._current_position().now)

    def today(self) -> str:
        """The simulated date of the call: `2026-03-02`."""
        return self._current_position().now.date().isoformat()

    def fail(self, code: Any, message: Any) -> NoReturn:
        """Refuse the call: the agent gets the code and the message, and the state does not change."""
        if not isinstance(code, str) or not isinstance(message, str):
            raise HostFunctionError("a code and a message are texts")
        # Messages quote arguments, so that a long one must not break the call: the agent would void its own run.
        raise ToolFailure(code[:MAX_CODE_CHARACTERS], shortened(message, MAX_FAILURE_CHARACTERS))

    def _as_stored(self, value: Any) -> Any:
        """A value as the state has it: a frozen copy, in which nothing but JSON is left."""
        data = encode(value)
        self._written += len(data)
        if self._written > MAX_JSON_BYTES:
            raise HostFunctionError(f"a call may write at most {MAX_JSON_BYTES >> 20} MiB")
        return freeze(orjson.loads(data))

    def _write(self, op: Op) -> State:
        if not self._writes:
            raise HostFunctionError("a read tool tried to change the state")
        if len(self.ops) == MAX_OPS:
            raise HostFunctionError(f"a call may make at most {MAX_OPS:,} changes")
        # only the target is checked here, where the program's line is still known; schemas and references are
        # checked when the program has ended, since its ops may break them in between
        check_target(self._keys, self._singletons, self._state, op)
        if self._draft is None:
            self._state = self._draft = Draft(self._state)
        self.ops.append(op)
        self._draft.add(op)
        return self._draft

    def _require_key(self, key: object) -> None:
        if not isinstance(key, str):
            raise HostFunctionError(f"a key is text, not {_kind(key)}")

    def _refuse_collection(self, name: object) -> NoReturn:
        raise HostFunctionError(f"there is no collection {name!r}; declared: {join_names(self._keys)}")

    def _current_position(self) -> Position:
        if self._position is None:
            raise HostFunctionError("the program asked for the moment of a call outside of a call")
        return self._position


def _kind(value: object) -> str:
    """What a value is, in the words of a message."""
    kinds = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a dict"}
    return next((name for kind, name in kinds.items() if isinstance(value, kind)), "None" if value is None else "that")
