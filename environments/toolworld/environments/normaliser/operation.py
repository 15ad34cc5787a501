"""What is known of a tool before and after it was read: its document, mended, and what it does to what."""

from dataclasses import dataclass, field
from typing import Literal

from toolworld.environments.spec.tool import DocumentedError, Effect
from toolworld.ground import JsonObject, JsonSchema, JsonValue

Place = Literal["path", "query", "body", "argument"]
"""Where a parameter stands in a request; `argument` where the tool is no HTTP operation."""

Kind = Literal["create", "get", "list", "search", "update", "delete", "action", "calculate", "session"]
"""What a tool does: to one record, to many, to their status; or a pure function; or a login."""

Shape = Literal["list", "wrapped_list", "record", "wrapped_record", "none"]
"""What a tool returns: a list or a record, at the root or under one name of it; or nothing that is described."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a tool."""

    name: str
    """A safe identifier."""
    original: str
    """The name in the document."""
    schema: JsonSchema
    required: bool
    place: Place = "argument"

    @property
    def description(self) -> str:
        """What the document says of it."""
        return str(self.schema.get("description") or "")

    @property
    def type(self) -> JsonValue:
        """Its JSON type, if it has one."""
        return self.schema.get("type")


@dataclass(frozen=True, slots=True)
class Operation:
    """A tool as its document describes it, mended, with nothing inferred."""

    name: str
    """A name that MCP allows, unique in its toolset: the original one where it is that."""
    original: str
    """The name in the document."""
    description: str
    parameters: tuple[Parameter, ...]
    response: JsonSchema = field(default_factory=dict[str, JsonValue])
    """The schema of what it returns; empty where the document says nothing."""
    errors: tuple[DocumentedError, ...] = ()
    method: str | None = None
    """The HTTP method in lower case, if it is an HTTP operation."""
    path: str | None = None
    """The path template, if it is an HTTP operation."""
    stated_effect: Effect | None = None
    """Whether it writes, where its document says so."""
    function: str = ""
    """The name of its function in a program; empty where that is the tool's own."""

    @property
    def request(self) -> str | None:
        """The request that it is, if it is an HTTP operation: `GET /orders/{order_id}`."""
        return f"{self.method.upper()} {self.path}" if self.method and self.path else None

    @property
    def function_name(self) -> str:
        """The name of its function in a program."""
        return self.function or self.name

    @property
    def payload(self) -> tuple[Parameter, ...]:
        """What it is given to write: the fields of its body, or where it has none, what stands in the query."""
        told = tuple(one for one in self.parameters if one.place in ("body", "argument"))
        return told or tuple(one for one in self.parameters if one.place == "query")

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name, or None."""
        return next((one for one in self.parameters if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Toolset:
    """Tools that belong together: what becomes an environment."""

    id: str
    title: str
    domain: str
    description: str
    operations: tuple[Operation, ...]
    states: tuple[JsonObject, ...] = ()
    """State documents that came with it, as examples of what there is."""
    start: str = ""
    """When the clock of its environment starts; empty where nothing says."""
    policy: str = ""
    """What an agent must obey, where that came with it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was inferred of an operation, each with the rule that says so."""

    kind: Kind
    kind_rule: str
    effect: Effect
    entity: str
    """What it is about: one word or more, singular, joined by `_`; empty where nothing says."""
    entity_rule: str
    key: str | None
    """The parameter that says which one it is about."""
    key_rule: str
    shape: Shape
    record: JsonSchema
    """The schema of the record, or of each record, that it returns."""
    wrapper: tuple[str, ...]
    """The names under which the record or the records stand in what it returns, from the outside in."""
    evidence: str
    """The words or the place of the document that the kind rests on."""
