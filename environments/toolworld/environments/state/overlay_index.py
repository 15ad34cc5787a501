"""An index of the records that an episode has changed, so that `find` need not go through all of them."""

from collections.abc import Mapping

from toolworld.environments.state.ops import Fields
from toolworld.environments.state.path import folded_values

FoldedValue = bytes | str
Query = tuple[str, bool]
"""A path, and whether upper and lower case count."""


class OverlayIndex:
    """The changed records of one collection by the values at the paths that were asked for.

    It is changed in place, so it belongs to one state at a time: a draft takes it from the state that it
    begins with, which makes another one if it is asked again.

    Args:
        overlay: The changed records by key, None for a deleted one.
        base: The baseline's records, which say which of the keys are insertions.
    """

    def __init__(self, overlay: Mapping[str, Fields | None], base: Mapping[str, Fields]) -> None:
        self._base = base
        self._records = {key: record for key, record in overlay.items() if record is not None}
        inserted = [key for key in self._records if key not in base]
        self._positions = {key: position for position, key in enumerate(inserted)}
        self._next = len(inserted)
        self._tables: dict[Query, dict[FoldedValue, dict[str, None]]] = {}

    def keys_with(self, path: str, target: FoldedValue, fold: bool) -> tuple[list[str], list[str]]:
        """The changed records of the baseline that have a value at a path, and the inserted ones in their order."""
        table = self._tables.get((path, fold))
        if table is None:
            table = self._tables[path, fold] = {}
            for key, record in self._records.items():
                _add(table, key, record, (path, fold))
        found = table.get(target, ())
        inserted = sorted((key for key in found if key not in self._base), key=self._positions.__getitem__)
        return [key for key in found if key in self._base], inserted

    def put(self, key: str, record: Fields | None) -> None:
        """Note a record that was inserted, changed, or (None) deleted."""
        before = self._records.pop(key, None)
        for query, table in self._tables.items():
            if before is not None:
                for value in folded_values(before, *query):
                    table.get(value, {}).pop(key, None)
            if record is not None:
                _add(table, key, record, query)
        if record is None:
            self._positions.pop(key, None)
            return
        self._records[key] = record
        if key not in self._base and key not in self._positions:
            self._positions[key] = self._next
            self._next += 1


def _add(table: dict[FoldedValue, dict[str, None]], key: str, record: Fields, query: Query) -> None:
    for value in folded_values(record, *query):
        table.setdefault(value, {})[key] = None
