"""A collection: records of one kind that operations create, read and change."""

from dataclasses import dataclass, field
from functools import cached_property

from toolworld.environments.compiler.layout.keys import KeyForm, key_form
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.words import compact
from toolworld.environments.spec.tool import DocumentedError
from toolworld.ground import JsonSchema, JsonValue

HIDDEN_KEY = "_key"
"""The key field of collections whose records have no text that identifies them; tools do not show it."""


def parent_field(parameter: str) -> str:
    """The hidden field for the key of the record that a parameter names."""
    return f"_in_{parameter}"


def implied_field(attribute: str) -> str:
    """The hidden field of an attribute that tools filter by, and none shows."""
    return f"_has_{attribute}"


@dataclass
class Collection:
    """Records of one kind, or one single thing."""

    name: str
    entity: str
    is_in_state: bool = False
    """Whether its records came with the tools, in a state document."""
    fields: dict[str, JsonSchema] = field(default_factory=dict[str, JsonSchema])
    """What its records have, with the schemas that data are made from."""
    key: str | None = None
    """The field that callers know a record by; None where they see none."""
    parents: dict[str, str] = field(default_factory=dict[str, str])
    """Hidden fields that hold the key of a record of another collection."""
    shown_parents: dict[str, str] = field(default_factory=dict[str, str])
    """The fields that tools show, and that hold the same as a hidden one: `customer_id` below `/customers/{id}`."""
    key_schemas: list[JsonSchema] = field(default_factory=list[JsonSchema])
    """The schemas of the parameters that hold keys."""
    has_outer_keys: bool = False
    """Whether callers know records by keys that stand outside of them: as in an object of records."""
    values: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """The texts that fields with few of them hold, in the records that came with the tools."""
    samples: dict[str, tuple[JsonValue, ...]] = field(default_factory=dict[str, tuple[JsonValue, ...]])
    """What each field holds in some of the records that came with the tools."""
    references: dict[str, str] = field(default_factory=dict[str, str])
    """The fields that hold keys of records that came with the tools, each with the collection of those."""
    missing: DocumentedError | None = None
    """The error by which tools say that there is no such record, where a document names one."""
    mixed: set[str] = field(default_factory=set[str])
    """Fields that hold values of several types in the records that came with the tools."""
    operations: list[str] = field(default_factory=list[str])
    is_single: bool = False
    """Whether there is only one of it."""
    owner: str | None = None
    """The hidden field of the parent of which each record has one of these, where it is one for each parent."""
    implied: dict[str, JsonSchema] = field(default_factory=dict[str, JsonSchema])
    """Hidden fields that records have because tools filter by them."""

    @property
    def thing(self) -> str:
        """What one of the records is called in a sentence."""
        return " ".join(self.entity.split("_")) or "record"

    @cached_property
    def key_form(self) -> KeyForm:
        """How its keys look."""
        own = [self.fields[self.key]] if self.key is not None else []
        return key_form(self.entity, [*own, *self.key_schemas])

    def field_of(self, original: str) -> str | None:
        """The field that a parameter is about: of its name, however that is spelt."""
        if original in self.fields:
            return original
        return self._spellings.get(compact(original))

    @property
    def _spellings(self) -> dict[str, str]:
        return {compact(name): name for name in self.fields}

    @property
    def key_field(self) -> str:
        """The field that the state keeps records by."""
        return self.key if self.key is not None and plain_type(self.fields[self.key]) == "string" else HIDDEN_KEY

    def parent_place(self, parameter: str) -> str:
        """The field that holds the key of the record which a parameter names: what a record is below."""
        return self.shown_parents.get(parent_field(parameter), parent_field(parameter))

    @property
    def has_digits(self) -> bool:
        """Whether its keys are digits, so that a field for numbers can hold them."""
        return self.has_number_key or (self.key_form.is_number and not self.has_outer_keys)

    @property
    def has_number_key(self) -> bool:
        """Whether callers know a record by a number."""
        return self.key is not None and plain_type(self.fields[self.key]) in ("integer", "number")
