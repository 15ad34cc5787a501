"""The lines that stages write: one for each question, with what came of it."""

from typing import Literal, get_args

from toolworld.ground import JsonObject, Record
from toolworld.llm import RejectedAnswer, Usage

Stage = Literal["subfields", "scenarios", "state", "tools", "policy", "behaviour", "records"]
STAGES: tuple[Stage, ...] = get_args(Stage)
"""In their order. `subfields` and `scenarios` are asked once for several; each other one once for each environment."""


class StageLine(Record):
    """What came of one question."""

    id: str
    """Of the field, subfield or environment that was asked about."""
    value: JsonObject | None
    """The answer; None if none could be used."""
    why: str | None = None
    """What is wrong with the last answer, if it could not be used."""
    attempts: int
    rejected: tuple[RejectedAnswer, ...] = ()
    """The answers that could not be used."""
    usage: Usage = Usage()
