"""The seam to language models: a request, what came of it, and the one thing a model can do."""

from dataclasses import dataclass
from typing import Literal, Protocol

from toolworld.ground import JsonObject, JsonValue, Record, exact_digest
from toolworld.llm.formats.response_format import ResponseFormat
from toolworld.llm.message import Message, ToolCall
from toolworld.llm.usage import Usage

Role = Literal["agent", "user", "simulator", "judge", "author"]
"""Whose part a model plays; what it costs is counted by it."""

Structure = Literal["strict", "schema", "object", "text"]
"""How an answer was held to its form: by a decoder that guarantees the schema, by a decoder that was
given the schema, by a decoder that only knows JSON, or by the words of the prompt alone."""

Finish = Literal["stop", "length", "tool_calls", "filter"]


class ToolDefinition(Record):
    """What a model is told of a tool."""

    name: str
    description: str
    parameters: JsonObject


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that an answer may depend on."""

    messages: tuple[Message, ...]
    tools: tuple[ToolDefinition, ...] = ()
    response_format: ResponseFormat | None = None
    """What the answer must look like; None where it may be words or calls of tools."""
    temperature: float = 0.0
    max_tokens: int = 1024
    seed: int | None = None

    def key(self, model: str) -> str:
        """Give the digest of the whole request to a model."""
        return exact_digest(
            [
                model,
                [message.model_dump() for message in self.messages],
                [tool.model_dump() for tool in self.tools],
                self.response_format.schema if self.response_format else None,
                self.temperature,
                self.max_tokens,
                self.seed,
            ]
        )


class Completion(Record):
    """What a model answered."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    value: JsonValue = None
    """The answer as JSON in the form that was asked for; None where it has a fault."""
    problem: str | None = None
    """Why the answer cannot be used: it is not in its form, or calls tools in a way that cannot be read."""
    finish: Finish = "stop"
    structure: Structure | None = None
    """How the answer was held to its form; None where none was asked for."""
    model: str
    usage: Usage = Usage()


class Model(Protocol):
    """A language model."""

    @property
    def name(self) -> str:
        """What a person calls it by."""
        ...

    @property
    def is_small(self) -> bool:
        """Whether it is there to exercise every path, and not for the quality of its answers."""
        ...

    async def complete(self, request: Request) -> Completion:
        """Answer once.

        Raises:
            ModelError: it cannot be reached, refuses the request, or its answer cannot be read at all.
            BudgetError: what may be spent is spent.
        """
        ...


class RejectedAnswer(Record):
    """An answer that was not accepted."""

    answer: str
    why: str


@dataclass(frozen=True, slots=True)
class AskResult:
    """What it took to get an answer."""

    completion: Completion
    """The last one."""
    usage: Usage
    """Of all of them together."""
    rejected: tuple[RejectedAnswer, ...] = ()
    """The answers before it that were not accepted; the last one too, where none was."""
    accepted: bool = True
