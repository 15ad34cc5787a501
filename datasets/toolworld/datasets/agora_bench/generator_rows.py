"""The rows of a generator, and what its run says of itself."""

from pathlib import Path
from typing import NamedTuple

from toolworld.datasets.generation.domains.shapes import read_rows
from toolworld.datasets.generation.runner.output import OutputPaths
from toolworld.datasets.generation.runner.summary import GenerationSummary
from toolworld.ground import JsonObject, RecordError, UsageError, parse_record, read_bytes


class GeneratorRows(NamedTuple):
    """What a generator made."""

    name: str
    rows: tuple[JsonObject, ...]
    """With `instruction` and `response`."""
    summary: GenerationSummary | None
    """What its run says; None for rows that come from elsewhere."""


def read_generator(text: str) -> GeneratorRows:
    """Read the rows of a generator.

    Args:
        text: NAME=FILE, or FILE, whose name is then the generator's.

    Raises:
        UsageError: it is not written so.
        RecordError: the file cannot be read, or has rows without a response.
    """
    name, equals, place = text.partition("=")
    path = Path(place if equals else text)
    name = name if equals else path.name.split(".")[0]
    if not name or not str(path):
        raise UsageError(f"{text!r} is not written as NAME=FILE")
    rows = read_rows(path)
    if not rows:
        raise RecordError(f"{path} holds no rows")
    lacking = next((number for number, row in enumerate(rows, start=1) if not isinstance(row.get("response"), str)), 0)
    if lacking:
        raise RecordError(f"{path}, row {lacking} has no response")
    return GeneratorRows(name, tuple(rows), _summary_beside(path))


def _summary_beside(path: Path) -> GenerationSummary | None:
    if path.suffix not in (".json", ".jsonl"):
        return None
    place = OutputPaths(path).summary
    return parse_record(GenerationSummary, read_bytes(place), str(place)) if place.is_file() else None
