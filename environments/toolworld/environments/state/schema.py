"""The schema of a state: collections of records with key fields and references, and singletons."""

from typing import Self

from pydantic import Field, model_validator

from toolworld.environments.state.baseline import Baseline
from toolworld.environments.state.frozen import freeze
from toolworld.environments.state.ops import Fields
from toolworld.ground import JsonSchema, JsonValue, Record, SpecError


class CollectionSchema(Record):
    """The schema of a collection, a named set of records of one kind."""

    key: str
    """The field that identifies a record: a string, unique in the collection."""
    record: JsonSchema
    """JSON Schema 2020-12 of one record. A property's `default` is filled in when a state is read."""
    references: dict[str, str] = Field(default_factory=dict)
    """Dotted paths (`items.*.product_id`) that hold keys of the named collection, or null."""
    volatile: tuple[str, ...] = ()
    """Fields that judges do not compare, because they hold the time of a call or the agent's own wording."""


class StateSchema(Record):
    """The schema of an environment's state."""

    collections: dict[str, CollectionSchema] = Field(default_factory=dict)
    """Sets of records, by name."""
    singletons: dict[str, JsonSchema] = Field(default_factory=dict)
    """Values that there is one of, by name, each with its JSON Schema."""

    @property
    def key_fields(self) -> dict[str, str]:
        """The key field of every collection."""
        return {name: shape.key for name, shape in self.collections.items()}

    @model_validator(mode="after")
    def _check_field_names(self) -> Self:
        for name, shape in self.collections.items():
            for path, target in shape.references.items():
                if target not in self.collections:
                    allowed = ", ".join(self.collections)
                    raise ValueError(f"`{path}` of `{name}` refers to the collection `{target}`; declared: {allowed}")
            known = shape.record.get("properties")
            for path in (*shape.references, *shape.volatile, shape.key):
                if isinstance(known, dict) and path.split(".")[0] not in known:
                    raise ValueError(f"`{path}` of `{name}` is not a property of its records")
        return self


class StateDocument(Record):
    """A state as it is written in files: lists of records, in which fields with a default may be left out."""

    collections: dict[str, tuple[Fields, ...]] = Field(default_factory=dict)
    singletons: dict[str, JsonValue] = Field(default_factory=dict)


def build_baseline(schema: StateSchema, document: StateDocument, where: str) -> Baseline:
    """Build the baseline of a document: records by key, with defaults filled in. Collections may be left out.

    Raises:
        SpecError: a collection or singleton is unknown, a singleton is missing, or a key is missing, not a string
            or used twice.
    """
    _check_names(schema.collections, document.collections, "collection", where, may_be_missing=True)
    _check_names(schema.singletons, document.singletons, "singleton", where, may_be_missing=False)
    collections = {
        name: _rows_by_key(name, shape, document.collections.get(name, ()), where)
        for name, shape in schema.collections.items()
    }
    return Baseline(collections, {name: freeze(document.singletons[name]) for name in schema.singletons})


def _rows_by_key(name: str, shape: CollectionSchema, records: tuple[Fields, ...], where: str) -> dict[str, Fields]:
    defaults = _defaults(shape.record)
    rows: dict[str, Fields] = {}
    for number, record in enumerate(records, start=1):
        key = record.get(shape.key)
        if not isinstance(key, str) or not key:
            raise SpecError(f"{where}: record {number} of `{name}` has no text in its key field `{shape.key}`")
        if key in rows:
            raise SpecError(f"{where}: `{name}` has two records with the key {key!r}")
        missing = {field: value for field, value in defaults.items() if field not in record}
        rows[key] = freeze({**record, **missing} if missing else record)
    return rows


def _defaults(schema: JsonSchema) -> Fields:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return {}
    return {
        name: shape["default"] for name, shape in properties.items() if isinstance(shape, dict) and "default" in shape
    }


def _check_names(
    declared: dict[str, CollectionSchema] | dict[str, JsonSchema],
    present: dict[str, tuple[Fields, ...]] | dict[str, JsonValue],
    kind: str,
    where: str,
    may_be_missing: bool,
) -> None:
    for name in present:
        if name not in declared:
            allowed = ", ".join(declared) or "none"
            raise SpecError(f"{where}: {kind} `{name}` is not in the state schema; declared: {allowed}")
    for name in declared:
        if name not in present and not may_be_missing:
            raise SpecError(f"{where}: {kind} `{name}` of the state schema has no value")
