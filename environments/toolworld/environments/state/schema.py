"""What a state may hold: collections of records with a key field and references, and singletons."""

from typing import Self

from pydantic import Field, model_validator

from toolworld.environments.state.baseline import Baseline
from toolworld.environments.state.ops import Fields
from toolworld.ground import JsonSchema, JsonValue, Record, SpecError


class CollectionSchema(Record):
    """A named set of records of one kind."""

    key: str
    """The field that tells records apart; a string, and unique."""
    record: JsonSchema
    """JSON Schema 2020-12 of one record. A property's `default` is filled in when a state is read."""
    references: dict[str, str] = Field(default_factory=dict)
    """Dotted paths (`items.*.product_id`) that hold keys of the named collection; null refers to nothing."""
    volatile: tuple[str, ...] = ()
    """Fields that judges do not compare, because they hold the moment of a call or the agent's own wording."""


class StateSchema(Record):
    """The shape of an environment's state."""

    collections: dict[str, CollectionSchema] = Field(default_factory=dict)
    singletons: dict[str, JsonSchema] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _refers_to_what_is_there(self) -> Self:
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
    """A state at rest, as a person edits it."""

    collections: dict[str, tuple[Fields, ...]] = Field(default_factory=dict)
    singletons: dict[str, JsonValue] = Field(default_factory=dict)


def build_baseline(schema: StateSchema, document: StateDocument, where: str) -> Baseline:
    """Key the records of a document, with defaults filled in.

    Raises:
        SpecError: a collection or singleton is unknown or missing, or a key is missing, no string, or given twice.
    """
    _same_names(schema.collections, document.collections, "collection", where, may_lack=True)
    _same_names(schema.singletons, document.singletons, "singleton", where, may_lack=False)
    collections = {
        name: _keyed(name, shape, document.collections.get(name, ()), where)
        for name, shape in schema.collections.items()
    }
    return Baseline(collections, {name: document.singletons[name] for name in schema.singletons})


def _keyed(name: str, shape: CollectionSchema, records: tuple[Fields, ...], where: str) -> dict[str, Fields]:
    defaults = _defaults(shape.record)
    rows: dict[str, Fields] = {}
    for number, record in enumerate(records, start=1):
        key = record.get(shape.key)
        if not isinstance(key, str) or not key:
            raise SpecError(f"{where}: record {number} of `{name}` has no text in its key field `{shape.key}`")
        if key in rows:
            raise SpecError(f"{where}: `{name}` has two records with the key {key!r}")
        missing = {field: value for field, value in defaults.items() if field not in record}
        rows[key] = {**record, **missing} if missing else record
    return rows


def _defaults(schema: JsonSchema) -> Fields:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return {}
    return {
        name: shape["default"] for name, shape in properties.items() if isinstance(shape, dict) and "default" in shape
    }


def _same_names(
    declared: dict[str, CollectionSchema] | dict[str, JsonSchema],
    given: dict[str, tuple[Fields, ...]] | dict[str, JsonValue],
    kind: str,
    where: str,
    may_lack: bool,
) -> None:
    for name in given:
        if name not in declared:
            allowed = ", ".join(declared) or "none"
            raise SpecError(f"{where}: {kind} `{name}` is not in the state schema; declared: {allowed}")
    for name in declared:
        if name not in given and not may_lack:
            raise SpecError(f"{where}: {kind} `{name}` of the state schema has no value")
