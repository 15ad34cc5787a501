"""The base class of all records that are stored or sent: immutable, with unknown fields rejected."""

from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from toolworld.ground.errors import RecordError, ToolworldError
from toolworld.ground.text import shortened, shortened_inside

R = TypeVar("R", bound="Record")


class Record(BaseModel):
    """A value that is stored in a file or sent to another process. Its JSON is the file format."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def made(cls, fields: dict[str, object]) -> Self:
        """A record of parts that were checked already: all its fields, in their order. It costs a tenth."""
        record = cls.__new__(cls)
        object.__setattr__(record, "__dict__", fields)
        object.__setattr__(record, "__pydantic_fields_set__", set(fields))
        object.__setattr__(record, "__pydantic_extra__", None)
        object.__setattr__(record, "__pydantic_private__", None)
        return record

    def json_bytes(self) -> bytes:
        """The record as one line of JSON, without the newline."""
        return self.model_dump_json(by_alias=True).encode()


def _require_number(value: object) -> object:
    if isinstance(value, bool | str):
        raise ValueError("Input should be an integer")
    return value


MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader reads exactly."""

Integer = Annotated[int, Field(ge=0, le=MAX_INTEGER), BeforeValidator(_require_number)]
"""An integer from 0 as JSON Schema has it: 1 and 1.0, but neither "1" nor true."""


def parse_record(model: type[R], data: bytes | str, where: str, error: type[ToolworldError] = RecordError) -> R:
    """Parse one record from JSON.

    Args:
        model: The record class to parse.
        data: The JSON text.
        where: The origin of the text (a file and line, for example), which the error message quotes.
        error: The class of error to raise.

    Raises:
        RecordError: the text is not JSON, or not such a record (or `error`, where given).
    """
    try:
        return model.model_validate_json(data)
    except ValidationError as problem:
        raise error(f"{where}: {describe_error(problem)}") from None


MAX_DESCRIBED, MAX_PLACE = 1_000, 200
"""Characters of what is said of a fault, and of where it is: both may repeat what a stranger wrote."""
_MESSAGES = {"extra_forbidden": "there is no such field", "missing": "it is missing"}


def describe_error(problem: ValidationError) -> str:
    """Describe a validation error in one sentence: the first fault, its place, and the number of further faults."""
    faults = problem.errors(include_url=False, include_input=False)
    first = faults[0]
    message = shortened_inside(_MESSAGES.get(first["type"], first["msg"].removeprefix("Value error, ")), MAX_DESCRIBED)
    place = " ".join(shortened(".".join(str(part) for part in first["loc"]), MAX_PLACE).split("\n"))
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{f'`{place}`: ' if place else ''}{message}{more}"
