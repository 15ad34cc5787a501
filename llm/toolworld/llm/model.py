"""The interface of language models: `Model` completes a `Request`, and the result is a `Completion`."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, Protocol

from orjson import Fragment

from toolworld.ground import JsonObject, JsonValue, Record, encode, encode_joined
from toolworld.llm.formats.response_format import ResponseFormat
from toolworld.llm.message import Message, Reasoning, SentRecord, ToolCall
from toolworld.llm.usage import Usage

# fmt: off
Role = Literal[
    "agent", "user", "simulator", "judge", "author", "evolver", "solver", "merger", "writer", "explorer", "generator",
]
# fmt: on
"""The role that a model plays in a run; costs are counted for each role."""

Structure = Literal["strict", "schema", "object", "text"]
"""How the response format was enforced, strongest first. `strict`: by a decoder that guarantees the schema;
`schema`: by a decoder that was given the schema; `object`: by a decoder that guarantees a JSON object;
`text`: by instructions in the prompt alone."""

Finish = Literal["stop", "length", "tool_calls", "filter"]
"""Why generation ended: the answer is complete, reached the token limit, calls tools, or was blocked by a filter."""


class ToolDefinition(SentRecord):
    """A tool as a model sees it; `parameters` is the JSON Schema of the arguments."""

    name: str
    description: str
    parameters: JsonObject

    def wire(self) -> JsonObject:
        """The tool as endpoints get it."""
        return {"name": self.name, "description": self.description, "parameters": self.parameters}


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a model: everything that the answer may depend on. The cache key covers all of it."""

    messages: tuple[Message, ...]
    tools: tuple[ToolDefinition, ...] = ()
    response_format: ResponseFormat | None = None
    """The format of the answer; None if it may be free text or tool calls."""
    temperature: float = 0.0
    max_tokens: int = 1024
    seed: int | None = None
    sampling: tuple[tuple[str, JsonValue], ...] = ()
    """Further sampling parameters by their names in the chat-completions API, such as `top_p` and `stop`; these two are
    left out where an endpoint refuses them."""

    def key(self, model: str) -> str:
        """The digest of the model's name and the whole request."""
        whole = [
            model,
            [Fragment(message.encoded) for message in self.messages],
            [Fragment(tool.encoded_wire) for tool in self.tools],
            self.response_format.schema if self.response_format else None,
            Fragment(encode(self.temperature)),
            self.max_tokens,
            self.seed,
            *([self.sampling] if self.sampling else ()),
        ]
        return sha256(encode_joined(whole)).hexdigest()


class Completion(Record):
    """An answer of a model."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    value: JsonValue = None
    """The answer parsed in the response format; None if no format was asked for or the answer does not match it."""
    problem: str | None = None
    """Why the answer cannot be used: it does not match the response format, or its tool calls cannot be parsed."""
    finish: Finish = "stop"
    structure: Structure | None = None
    """How the response format was enforced; None if no format was asked for."""
    model: str
    usage: Usage = Usage()
    reasoning: Reasoning | None = None
    """What the model thought, if its endpoint tells."""

    @property
    def is_cut_without_words(self) -> bool:
        """Whether the token limit was reached before anything was said; thinking counts as well."""
        return self.finish == "length" and not self.tool_calls and not self.text.strip()


class Model(Protocol):
    """A language model."""

    @property
    def name(self) -> str:
        """The name by which users select the model, such as `openai:gpt-4o-mini`."""
        ...

    @property
    def is_small(self) -> bool:
        """Whether this is a tiny test model: prompts are shortened for it, and its quality is not meaningful."""
        ...

    async def complete(self, request: Request) -> Completion:
        """Request one completion.

        Raises:
            ModelError: the model cannot be reached or refuses the request, or its response cannot be parsed at all.
            BudgetError: the budget is spent.
        """
        ...


class RejectedAnswer(Record):
    """An answer that was not accepted, and the reason."""

    answer: str
    why: str


@dataclass(frozen=True, slots=True)
class AskResult:
    """Result of `ask`: the last completion, the total usage, and every rejected answer (all, if none was accepted)."""

    completion: Completion
    """The last completion."""
    usage: Usage
    """The sum over all attempts."""
    rejected: tuple[RejectedAnswer, ...] = ()
    """The rejected answers in order, including the last completion if it was not accepted."""
    accepted: bool = True
    """Whether the last completion was accepted."""
