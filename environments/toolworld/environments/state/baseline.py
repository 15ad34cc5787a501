"""The initial state of an environment: immutable, shared by all its episodes, with indexes and a digest."""

import hashlib

from toolworld.environments.state.ops import Fields
from toolworld.environments.state.path import folded_values
from toolworld.ground import JsonValue, canonical

MODULUS = 1 << 256
"""Modulus of the sum of record digests."""


class Baseline:
    """The initial state of an environment. It is never changed, and each index is built on first use."""

    def __init__(self, collections: dict[str, dict[str, Fields]], singletons: dict[str, JsonValue]) -> None:
        self.collections = collections
        self.singletons = singletons
        self._indexes: dict[tuple[str, str, bool], dict[bytes | str, list[str]]] = {}
        self._orders: dict[str, dict[str, int]] = {}
        self._sum: int | None = None

    def keys_with(self, collection: str, path: str, target: bytes | str, fold: bool) -> list[str]:
        """The keys of the records with a value at `path` that folds to `target`, in the order of the collection."""
        index = self._indexes.get((collection, path, fold))
        if index is None:
            index = self._indexes[collection, path, fold] = _index(self.collections[collection], path, fold)
        return index.get(target, [])

    def order(self, collection: str) -> dict[str, int]:
        """The position of each key in a collection, from 0."""
        if collection not in self._orders:
            self._orders[collection] = {key: position for position, key in enumerate(self.collections[collection])}
        return self._orders[collection]

    @property
    def sum(self) -> int:
        """The sum of the digests of all records and singletons (see `State.digest`)."""
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
        for value in folded_values(record, path, fold):
            index.setdefault(value, []).append(key)
    return index


def sum_of(collection: str, key: str, record: Fields | None) -> int:
    """The digest of a record as a number, 0 if there is no record."""
    return 0 if record is None else record_sum(collection, key, record)


def record_sum(collection: str, key: str, value: JsonValue) -> int:
    """The digest of a record together with its collection and key, as a number."""
    return int.from_bytes(hashlib.sha256(canonical([collection, key, value])).digest(), "big")
