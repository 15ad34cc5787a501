"""The parts of a generation, each replaceable alone: what prepares a prompt, reads a reply, and checks an instance."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any, NamedTuple, Protocol

from pydantic import Field

from toolworld.ground import JsonObject, Record

PlaceholderFormats = Mapping[str, str]
"""What stands in templates and replies for what, by Agora's names: `test_input_trigger` and so on."""
SeedRow = Mapping[str, Any]
"""A row that is given: `instruction`, often `response`, and whatever else belongs to it, such as `answer`."""


class Instance(Record):
    """An instruction and its response."""

    instruction: str
    response: str
    fields: JsonObject = Field(default_factory=dict)
    """What else the reply, or the row that it answers, says: an answer or tests, for instance."""


class Ok(NamedTuple):
    """It can be used."""

    instance: Instance | None = None
    """What a parser read; None from a validator, which leaves it as it is."""


class Reject(NamedTuple):
    """It cannot be used."""

    reason: str
    """A short code, by which rejections are counted."""
    detail: str = ""
    """What is wrong, for people, and for the model that is asked again."""


Outcome = Ok | Reject


@dataclass
class PromptResult:
    """A prompt, and what is to be known of it later."""

    prompt: str
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])


class Demonstration(NamedTuple):
    """An instance that is shown to the model."""

    id: str
    """`seed/4` or `row/17`: its place among the seeds, or among the rows that were accepted."""
    instruction: str
    response: str


@dataclass(frozen=True, slots=True)
class Draw:
    """What a prompt may depend on besides its loader: never on how fast other prompts were answered."""

    index: int = 0
    """The number of the candidate; where rows are given, that of the row."""
    random: Random = field(default_factory=lambda: Random(0))
    accepted: Sequence[Demonstration] = ()
    """Rows that were accepted before, as far as this candidate may see them."""


class PromptLoader(Protocol):
    """Prepares prompts. Those of rows that are given take the row's number, the others nothing."""

    def prepare(self, index: int = 0) -> PromptResult:
        """The next prompt, or that of a row."""
        ...


BasePromptLoader = PromptLoader
"""Agora's name of it."""


class Parser(Protocol):
    """Reads the reply of a model."""

    def parse(self, prompt: str, teacher_model_output: str, placeholder_formats: PlaceholderFormats) -> Any:
        """The instance in a reply: `Ok`, `Reject`, or an object with `instruction` and `response`."""
        ...


class Validator(Protocol):
    """Checks an instance."""

    def validate(self, instruction: str, response: str) -> Any:
        """`Ok`, `Reject`, or whether it can be used. One that wants it gets the prompt's `metadata` as well."""
        ...


def parameter_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's parameters, without `self`."""
    return _names(getattr(function, "__func__", function), hasattr(function, "__func__"))


@lru_cache(maxsize=256)
def _names(function: Callable[..., Any], is_bound: bool) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)[is_bound:]
