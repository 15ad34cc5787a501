"""State: a baseline that all episodes of an environment share, and an overlay with the changes of one episode.

Opening, forking and diffing cost time in proportion to the changes, not to the size of the state. A
`State` is a value: a `Draft` makes the next one and leaves it as it was, so a fork is a reference.
Whether a change is *allowed* is checked in `toolworld.environments.state.checker`.
"""

import weakref
from collections.abc import Iterator, Mapping

from toolworld.environments.state.baseline import MODULUS, Baseline, record_sum, sum_of
from toolworld.environments.state.ops import Delete, Fields, Insert, Op, SetValue, Update
from toolworld.environments.state.overlay_index import OverlayIndex
from toolworld.environments.state.path import folded, has_value
from toolworld.ground import JsonValue, same

Where = Mapping[str, JsonValue]
"""A query: dotted paths, each with the value that a record must have there."""

MAX_SCANNED = 16
"""Up to how many changed records of a collection `find` goes through, where more are indexed."""


class State:
    """One version of an environment's state. Its records are shared and cannot be changed."""

    __slots__ = ("__weakref__", "_changed", "_indexes", "_origin", "_values", "baseline")

    def __init__(
        self,
        base: Baseline,
        changed: dict[str, dict[str, Fields | None]] | None = None,
        values: dict[str, JsonValue] | None = None,
    ) -> None:
        self.baseline = base
        self._changed = changed or {}
        self._values = values or {}
        self._indexes: dict[str, OverlayIndex] = {}
        self._origin: tuple[weakref.ref[State], tuple[Op, ...]] | None = None

    def get(self, collection: str, key: str) -> Fields | None:
        """The record with this key, or None."""
        changed = self._changed.get(collection)
        if changed is not None and key in changed:
            return changed[key]
        return self.baseline.collections[collection].get(key)

    def rows(self, collection: str) -> Iterator[tuple[str, Fields]]:
        """Yield every record with its key: records of the baseline in their order, then inserted ones."""
        changed = self._changed.get(collection, {})
        base = self.baseline.collections[collection]
        for key, record in base.items():
            current = changed.get(key, record) if changed else record
            if current is not None:
                yield key, current
        for key, record in changed.items():
            if key not in base and record is not None:
                yield key, record

    def count(self, collection: str) -> int:
        """The number of records in a collection."""
        changed = self._changed.get(collection, {})
        base = self.baseline.collections[collection]
        # an overlay entry counts 1 for an inserted record, -1 for a deleted one of the baseline, 0 for a changed one
        return len(base) + sum((record is not None) - (key in base) for key, record in changed.items())

    def find(self, collection: str, where: Where, fold: bool = False) -> list[tuple[str, Fields]]:
        """The records, with keys, that match `where`; with `fold`, upper and lower case do not count."""
        if not where:
            return list(self.rows(collection))
        # the first condition is looked up in the indexes, the others are checked
        (path, target), *more = [(path, folded(value, fold)) for path, value in where.items()]
        found: list[tuple[str, Fields]] = []
        for key in self._keys_with(collection, path, target, fold):
            record = self.get(collection, key)
            assert record is not None
            if not more or all(has_value(record, path, target, fold) for path, target in more):
                found.append((key, record))
        return found

    def value(self, name: str) -> JsonValue:
        """The value of a singleton."""
        return self._values[name] if name in self._values else self.baseline.singletons[name]

    def diff(self, before: "State") -> tuple[Op, ...]:
        """The ops that lead from `before` to this state, sorted by collection and key, with changed fields only."""
        if self.baseline is not before.baseline:
            raise ValueError("two states can be compared only if they share a base")
        # only what either overlay holds can differ, so the baseline is not read; the overlay of `before` counts, too,
        # because this state need not descend from it
        places = {
            (name, key)
            for state in (before, self)
            for name, rows in state._changed.items()
            if self._changed.get(name) is not before._changed.get(name)
            for key in rows
        }
        ops = [
            op
            for name, key in sorted(places)
            for op in _record_ops(name, key, before.get(name, key), self.get(name, key))
        ]
        for name in sorted({*before._values, *self._values}):
            if not same(before.value(name), self.value(name)):
                ops.append(SetValue(name=name, value=self.value(name)))
        return tuple(ops)

    @property
    def changed(self) -> int:
        """Number of records and singletons in the overlay."""
        return sum(map(len, self._changed.values())) + len(self._values)

    @property
    def overlay(self) -> tuple[dict[str, dict[str, Fields | None]], dict[str, JsonValue]]:
        """Differences from the baseline: records by collection and key (None for deleted ones), and singletons."""
        return self._changed, self._values

    @property
    def origin(self) -> tuple["State", tuple[Op, ...]] | None:
        """The state that this one was made from, and the ops between them; None if that state is gone."""
        before = self._origin[0]() if self._origin else None
        return (before, self._origin[1]) if before is not None and self._origin is not None else None

    @property
    def digest(self) -> str:
        """A digest of the whole state, computed from the changes alone; equal states have equal digests.

        It is the sum, modulo 2^256, of the SHA-256 of every record with its collection and key: an incremental
        hash of a set (Bellare and Micciancio, "A new paradigm for collision-free hashing", 1997).
        The order of records does not count.
        """
        # a changed record is exchanged in the sum: its new digest is added, and the one in the baseline subtracted
        total = self.baseline.sum
        for name, rows in self._changed.items():
            for key, record in rows.items():
                total += sum_of(name, key, record) - sum_of(name, key, self.baseline.collections[name].get(key))
        for name, value in self._values.items():
            total += record_sum("", name, value) - record_sum("", name, self.baseline.singletons[name])
        return f"{total % MODULUS:064x}"

    def document(self) -> dict[str, JsonValue]:
        """The whole state as one JSON object with records by key; the patches of `json_patch` apply to it."""
        collections: dict[str, JsonValue] = {name: dict(self.rows(name)) for name in self.baseline.collections}
        return {"collections": collections, "singletons": {name: self.value(name) for name in self.baseline.singletons}}

    def _keys_with(self, collection: str, path: str, target: bytes | str, fold: bool) -> list[str]:
        """Keys of the records with a value at `path` that folds to `target`, in the order of `rows`."""
        hits = self.baseline.keys_with(collection, path, target, fold)
        overlay = self._changed.get(collection)
        if not overlay:
            return hits
        base = self.baseline.collections[collection]
        if len(overlay) > MAX_SCANNED:
            changed, inserted = self._index(collection, overlay).keys_with(path, target, fold)
        else:
            found = [
                key for key, record in overlay.items() if record is not None and has_value(record, path, target, fold)
            ]
            changed = [key for key in found if key in base]
            inserted = [key for key in found if key not in base]
        # the baseline's index has the old versions, so it counts only for records that did not change
        hits = [key for key in hits if key not in overlay]
        if changed:
            hits = sorted([*hits, *changed], key=self.baseline.order(collection).__getitem__)
        return [*hits, *inserted]

    def _index(self, collection: str, overlay: dict[str, Fields | None]) -> OverlayIndex:
        if collection not in self._indexes:
            self._indexes[collection] = OverlayIndex(overlay, self.baseline.collections[collection])
        return self._indexes[collection]


def _record_ops(collection: str, key: str, before: Fields | None, after: Fields | None) -> list[Op]:
    if before is None:
        return [] if after is None else [Insert(collection=collection, key=key, record=after)]
    if after is None:
        return [Delete(collection=collection, key=key)]
    if before.keys() - after.keys():
        # an update cannot remove a field, so the record is replaced as a whole
        return [Delete(collection=collection, key=key), Insert(collection=collection, key=key, record=after)]
    fields = {name: value for name, value in after.items() if name not in before or not same(before[name], value)}
    return [Update(collection=collection, key=key, fields=fields)] if fields else []
