"""A state in the making: ops are added one by one, each visible to the next, and the result is a state."""

import weakref
from collections.abc import Iterable

from toolworld.environments.state.frozen import FrozenDict, freeze
from toolworld.environments.state.ops import Fields, Insert, Op, SetValue, Update
from toolworld.environments.state.overlay_index import OverlayIndex
from toolworld.environments.state.state import State


class Draft(State):
    """The next state, which begins as the one before and shares with it what does not change.

    The state before stays as it was. Adding an op costs the same however many came before.
    """

    __slots__ = ("_before", "_ops", "_owned")

    def __init__(self, before: State) -> None:
        super().__init__(before.baseline, dict(before._changed), dict(before._values))
        self._before = before
        self._owned: set[str] = set()
        self._ops: list[Op] = []

    def add(self, op: Op) -> None:
        """Apply an op. It must fit, which `check_target` checks."""
        self._ops.append(op)
        if isinstance(op, SetValue):
            self._values[op.name] = freeze(op.value)
            return
        overlay = self._own(op.collection)
        base = self.baseline.collections[op.collection]
        before = overlay[op.key] if op.key in overlay else base.get(op.key)
        if before is None and op.key in overlay and op.key not in base:
            del overlay[op.key]  # inserted again after its deletion: moves to the end, as in a dict
        overlay[op.key] = after = _record_after(op, before)
        if op.collection in self._indexes:
            self._indexes[op.collection].put(op.key, after)

    def finish(self) -> State:
        """The state; the draft must not be added to any more."""
        made = State(self.baseline, self._changed, self._values)
        made._indexes = self._indexes
        made._origin = weakref.ref(self._before), tuple(self._ops)
        return made

    def _index(self, collection: str, overlay: dict[str, Fields | None]) -> OverlayIndex:
        if collection in self._owned:
            return super()._index(collection, overlay)
        return self._before._index(collection, overlay)

    def _own(self, collection: str) -> dict[str, Fields | None]:
        """The overlay of a collection for writing: a copy, made at the first write."""
        if collection not in self._owned:
            self._owned.add(collection)
            self._changed[collection] = dict(self._changed.get(collection, {}))
            index = self._indexes.get(collection) or self._before._indexes.pop(collection, None)
            if index is not None:
                self._indexes[collection] = index
        return self._changed[collection]


def _record_after(op: Op, before: Fields | None) -> Fields | None:
    if isinstance(op, Insert):
        return freeze(op.record)
    if isinstance(op, Update):
        return FrozenDict({**(before or {}), **freeze(op.fields)})
    return None


def applied(state: State, ops: Iterable[Op]) -> State:
    """The state after ops that fit it."""
    draft = Draft(state)
    for op in ops:
        draft.add(op)
    return draft.finish()
