"""What a model writes of an environment: a state schema, an initial state and a program, each as a text."""

from pydantic import ValidationError

from toolworld.environments.audit.audit import audit
from toolworld.environments.spec.environment import Environment
from toolworld.environments.state.schema import StateDocument, StateSchema
from toolworld.ground import JsonObject, Record, SpecError, closed_object, describe_error, parse_record
from toolworld.llm import ResponseFormat

BEHAVIOUR_FORMAT = ResponseFormat(
    closed_object({name: {"type": "string"} for name in ("state_schema", "initial_state", "program")}), "behaviour"
)
"""A JSON object with three texts."""


class WrittenBehaviour(Record):
    """An answer of a model."""

    state_schema: str
    initial_state: str
    program: str


def with_behaviour(environment: Environment, written: WrittenBehaviour) -> Environment:
    """The environment with the state and the program that a model wrote.

    Raises:
        SpecError: one of them is not what it should be, or the audit finds an error; the message says which.
    """
    schema = parse_record(StateSchema, written.state_schema, "state_schema", SpecError)
    state = parse_record(StateDocument, written.initial_state, "initial_state", SpecError)
    try:
        made = environment.replaced(state_schema=schema, initial_state=state, behaviour=f"{written.program.strip()}\n")
    except ValidationError as problem:
        raise SpecError(describe_error(problem)) from None
    for finding in audit(made, types=False):
        if finding.severity == "error":
            raise SpecError(f"{finding.where}: {finding.message}")
    return made


def read_behaviour(value: object) -> WrittenBehaviour:
    """An answer that matches the format, as a record."""
    return WrittenBehaviour.model_validate(value)


def shown_tools(environment: Environment) -> list[JsonObject]:
    """The tools of an environment as a model sees them that is to write their program."""
    return [
        {
            "function": tool.function_name,
            "description": tool.description,
            "parameters": tool.input_schema,
            "result": tool.output_schema,
            "errors": {error.code: error.when for error in tool.errors},
        }
        for tool in environment.tools
    ]
