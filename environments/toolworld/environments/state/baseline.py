"""The initial state of an environment, frozen and shared by every episode, with indexes and a digest."""

import hashlib

from toolworld.environments.state.ops import Fields
from toolworld.environments.state.path import values_at
from toolworld.ground import JsonValue, canonical

MODULUS = 1 << 256
"""Digests of records are added up modulo this."""


class Baseline:
    """The initial state of an environment, frozen, with indexes that are built when first asked for."""

    def __init__(self, collections: dict[str, dict[str, Fields]], singletons: dict[str, JsonValue]) -> None:
        self.collections = collections
        self.singletons = singletons
        self._indexes: dict[tuple[str, str, bool], dict[bytes | str, list[str]]] = {}
        self._orders: dict[str, dict[str, int]] = {}
        self._sum: int | None = None

    def keys_with(self, collection: str, path: str, value: JsonValue, fold: bool) -> list[str]:
        """Give the keys of the records that have a value at a path, in the order of the collection."""
        index = self._indexes.get((collection, path, fold))
        if index is None:
            index = self._indexes[collection, path, fold] = _index(self.collections[collection], path, fold)
        return index.get(folded(value, fold), [])

    def order(self, collection: str) -> dict[str, int]:
        """Give the place of each key of a collection."""
        if collection not in self._orders:
            self._orders[collection] = {key: place for place, key in enumerate(self.collections[collection])}
        return self._orders[collection]

    @property
    def sum(self) -> int:
        """The additive digest of everything in it (see `State.digest`)."""
        if self._sum is None:
            parts = [
                record_sum(name, key, record) for name, rows in self.collections.items() for key, record in rows.items()
            ]
            parts += [record_sum("", name, value) for name, value in self.singletons.items()]
            self._sum = sum(parts) % MODULUS
        return self._sum


def _index(rows: dict[str, Fields], path: str, fold: bool) -> dict[bytes | str, list[str]]:
    index: dict[bytes | str, list[str]] = {}
    for key, record in rows.items():
        for value in dict.fromkeys(folded(value, fold) for value in values_at(record, path)):
            index.setdefault(value, []).append(key)
    return index


def folded(value: JsonValue, fold: bool) -> bytes | str:
    """Give a value as something to compare by, with `fold` without regard to upper and lower case.

    A text is its own; it never equals the bytes of any other value.
    """
    if isinstance(value, str):
        return value.casefold() if fold else value
    return canonical(value)


def sum_of(collection: str, key: str, record: Fields | None) -> int:
    """Give the digest of a record that may not be there."""
    return 0 if record is None else record_sum(collection, key, record)


def record_sum(collection: str, key: str, value: JsonValue) -> int:
    """Give the digest of a record in its place, as a number."""
    return int.from_bytes(hashlib.sha256(canonical([collection, key, value])).digest(), "big")
