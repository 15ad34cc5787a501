"""The base of every record that is written down: frozen, and strict about fields it does not know."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from toolworld.ground.errors import RecordError, ToolworldError

R = TypeVar("R", bound="Record")


class Record(BaseModel):
    """A value that crosses a boundary. Its JSON is the file format."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def json_bytes(self) -> bytes:
        """Give the record as one line of JSON, without the line's end."""
        return self.model_dump_json(by_alias=True).encode()


def parse_record(model: type[R], data: bytes | str, where: str, error: type[ToolworldError] = RecordError) -> R:
    """Read one record from JSON.

    Args:
        model: What the JSON should hold.
        data: The JSON text.
        where: The file and line, or whatever else tells a reader where the text came from.
        error: What to raise.
    """
    try:
        return model.model_validate_json(data)
    except ValidationError as problem:
        raise error(f"{where}: {describe_error(problem)}") from None


_WORDS = {"extra_forbidden": "there is no such field", "missing": "it is missing"}


def describe_error(problem: ValidationError) -> str:
    """Put a validation error in one sentence: the first fault, its place, and how many more there are."""
    faults = problem.errors(include_url=False, include_input=False)
    first = faults[0]
    said = _WORDS.get(first["type"], first["msg"].removeprefix("Value error, "))
    place = ".".join(str(part) for part in first["loc"])
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{f'`{place}`: ' if place else ''}{said}{more}"
