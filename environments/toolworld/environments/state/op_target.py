"""The check of an op's target: whether what it changes is there, and what it inserts is not."""

from collections.abc import Collection, Iterable, Mapping

from toolworld.environments.state.ops import Insert, Op, SetValue, Update
from toolworld.environments.state.state import State


class InvalidOpsError(Exception):
    """Ops do not fit the state or its schema; the message says which one and why."""


def check_target(keys: Mapping[str, str], singletons: Collection[str], state: State, op: Op) -> None:
    """Check that the target of an op exists, or for an insertion, that its key is free.

    Args:
        keys: The key field of every collection.
        singletons: The names of all singletons.
        state: The state that the op is to change.
        op: The op.

    Raises:
        InvalidOpsError: the collection, singleton or record does not exist, or a key is taken or would change.
    """
    if isinstance(op, SetValue):
        if op.name not in singletons:
            raise InvalidOpsError(f"there is no singleton `{op.name}`; declared: {join_names(singletons)}")
        return
    key_field = keys.get(op.collection)
    if key_field is None:
        raise InvalidOpsError(f"there is no collection `{op.collection}`; declared: {join_names(keys)}")
    exists = state.get(op.collection, op.key) is not None
    if isinstance(op, Insert):
        if exists:
            raise InvalidOpsError(f"`{op.collection}` already has a record {op.key!r}")
        if op.record.get(key_field) != op.key:
            raise InvalidOpsError(f"the record's `{key_field}` must be its key {op.key!r}")
    elif not exists:
        raise InvalidOpsError(f"`{op.collection}` has no record {op.key!r}")
    if isinstance(op, Update) and op.fields.get(key_field, op.key) != op.key:
        raise InvalidOpsError(f"the key `{key_field}` of {op.key!r} in `{op.collection}` cannot be changed")


def join_names(names: Iterable[str]) -> str:
    """Names as a message lists them."""
    return ", ".join(names) or "none"
