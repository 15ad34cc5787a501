"""A parcel: what a worker needs of an environment to answer its calls, as bytes."""

from typing import Any, NamedTuple, cast

import orjson

from toolworld.environments.state.baseline import Baseline
from toolworld.environments.state.frozen import freeze


class Parcel(NamedTuple):
    """A program, and the initial state of its environment."""

    program: str
    keys: dict[str, str]
    """The key field of every collection."""
    collections: dict[str, dict[str, dict[str, Any]]]
    singletons: dict[str, Any]

    def to_bytes(self) -> bytes:
        """The parcel as JSON."""
        return orjson.dumps(self._asdict())

    @classmethod
    def of_bytes(cls, data: bytes) -> "Parcel":
        """Read a parcel."""
        return cls(**cast("dict[str, Any]", orjson.loads(data)))

    def baseline(self) -> Baseline:
        """The initial state."""
        collections = {
            name: {key: freeze(record) for key, record in records.items()} for name, records in self.collections.items()
        }
        return Baseline(collections, {name: freeze(value) for name, value in self.singletons.items()})
