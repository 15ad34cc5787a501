"""What a tool is: its name, its schemas, whether it writes, and the errors it documents."""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints

from toolworld.environments.spec.inferred import Inferred
from toolworld.environments.spec.result_form import ResultForm
from toolworld.environments.spec.whole_numbers import asks_for_integers, with_whole_numbers
from toolworld.ground import JsonObject, JsonSchema, JsonValue, Record, with_object_schemas

Effect = Literal["read", "write"]
"""Whether a tool may change the state. A read tool that tries to is stopped."""

Party = Literal["agent", "user"]
"""Who can call a tool: the agent, or the (simulated) user, for actions that only the user can take, such as
restarting their own router."""

ToolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""The function-name rule that all model providers share."""


def object_root(schema: JsonSchema) -> JsonSchema:
    """Reject an input schema whose root is not an object."""
    if schema.get("type") != "object":
        raise ValueError('an input schema must have "type": "object" at its root')
    return schema


class DocumentedError(Record):
    """An error that a tool documents."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    """The first argument of `fail` in the program."""
    when: str
    """The situation in which it occurs, in words that a caller understands."""


class ToolSpec(Record):
    """A tool as its caller sees it: name, description, schemas, effect and documented errors."""

    name: ToolName
    """Unique in the environment."""
    description: str
    """What it does, for whoever calls it."""
    input_schema: Annotated[JsonSchema, AfterValidator(object_root), AfterValidator(with_object_schemas)]
    """JSON Schema 2020-12 of the arguments. Judges do not compare a property with `"format": "free-text"`."""
    output_schema: Annotated[JsonSchema, AfterValidator(with_object_schemas)] | None = None
    """JSON Schema 2020-12 of the value that a successful call returns."""
    effect: Effect
    """Whether it can change the state."""
    party: Party = "agent"
    """Who can call the tool; the other party neither sees it nor can call it."""
    function: str | None = None
    """The function of the program that answers; by default the one with the tool's name."""
    errors: tuple[DocumentedError, ...] = ()
    """The errors that it can refuse a call with."""
    original_name: str | None = None
    """What it is called in the document that it was imported from, where that is something else."""
    request: str | None = None
    """The HTTP request that it stands for, where it was imported from a document of such: `GET /orders/{order_id}`."""
    inferred: Inferred | None = None
    """What a compiler inferred of it; None where people wrote it."""
    listing: JsonObject | None = None
    """The tool as `tools/list` of a recorded server has it, which clients see as it is."""
    result_form: ResultForm | None = None
    """How results of a recorded server look to clients; None where they look as toolworld's own."""

    @property
    def shown_description(self) -> str:
        """The description with the documented errors, as agents read it."""
        errors = "".join(f"\n- {error.code}: {error.when}" for error in self.errors)
        return f"{self.description}\n\nErrors:{errors}" if errors else self.description

    @property
    def parameters(self) -> dict[str, JsonSchema]:
        """The declared parameters, each with its schema."""
        properties = self.input_schema.get("properties")
        if not isinstance(properties, dict):
            return {}
        return {name: schema if isinstance(schema, dict) else {} for name, schema in properties.items()}

    @cached_property
    def function_name(self) -> str:
        """The name of the function that answers for the tool, a valid identifier."""
        return (self.function or self.name).replace("-", "_")

    @cached_property
    def required(self) -> frozenset[str]:
        """The names of the parameters that every call must give."""
        names = self.input_schema.get("required")
        return frozenset(str(name) for name in names) if isinstance(names, list) else frozenset()

    @property
    def free_text(self) -> frozenset[str]:
        """The names of the parameters whose wording is the agent's own, so that judges do not compare them."""
        return frozenset(name for name, schema in self.parameters.items() if schema.get("format") == "free-text")

    def with_defaults(self, arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """The arguments, with the declared default of each one that was left out."""
        absent = {name: value for name, value in self._defaults.items() if name not in arguments}
        return {**absent, **arguments} if absent else arguments

    def for_program(self, arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """The arguments as a program sees them: with defaults, and 5.0 as 5 where the schema asks for an integer."""
        complete = self.with_defaults(arguments)
        if not self._has_integers or not any(isinstance(value, float | dict | list) for value in complete.values()):
            return complete
        whole = with_whole_numbers(complete, self.input_schema, self.input_schema)
        return whole if isinstance(whole, dict) else complete

    @cached_property
    def _defaults(self) -> dict[str, JsonValue]:
        return {name: schema["default"] for name, schema in self.parameters.items() if "default" in schema}

    @cached_property
    def _has_integers(self) -> bool:
        return asks_for_integers(self.input_schema)
