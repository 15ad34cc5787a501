"""Tools as models are told of them, and the calls that models write, each in three dialects."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast, overload

from toolworld_client.errors import ToolworldError
from toolworld_client.records import Json, Result

Message = dict[str, Json]


@dataclass(frozen=True)
class Tools(Sequence[Message]):
    """The agent's tools: `name`, `description`, `input_schema`, `output_schema` and `effect` of each."""

    specs: tuple[Message, ...]

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Message, ...]: ...
    def __getitem__(self, index: int | slice) -> Message | tuple[Message, ...]:
        return self.specs[index]

    def __len__(self) -> int:
        return len(self.specs)

    def __iter__(self) -> Iterator[Message]:
        return iter(self.specs)

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [spec["name"] for spec in self.specs]

    def chat(self) -> list[Message]:
        """For OpenAI's chat completions, and most chat templates."""
        return [{"type": "function", "function": self._function(spec)} for spec in self.specs]

    def responses(self) -> list[Message]:
        """For OpenAI's Responses API."""
        return [{"type": "function", **self._function(spec), "strict": False} for spec in self.specs]

    def anthropic(self) -> list[Message]:
        """For Anthropic's messages."""
        return [self._spec(spec, "input_schema") for spec in self.specs]

    def mcp(self) -> list[Message]:
        """As MCP lists them."""
        return [self._spec(spec, "inputSchema") for spec in self.specs]

    def _function(self, spec: Message) -> Message:
        return self._spec(spec, "parameters")

    def _spec(self, spec: Message, schema: str) -> Message:
        return {"name": spec["name"], "description": spec["description"], schema: spec["input_schema"]}


@dataclass(frozen=True)
class ToolCall:
    """A call that a model wrote."""

    name: str
    arguments: Message | None
    """None where the model wrote no JSON object."""
    answered: Callable[[Result], Message]
    """The message that answers it, in the dialect of the call."""

    @classmethod
    def read(cls, call: Json) -> ToolCall:
        """Read a tool call of chat completions, a `function_call` of responses, or a `tool_use` of Anthropic.

        Args:
            call: A dict, or the SDK's own object.

        Raises:
            ToolworldError: it is none of the three, which is the program's mistake and not the model's.
        """
        told = _as_dict(call)
        if isinstance(told.get("function"), dict):
            function = cast(Message, told["function"])
            name, written, answered = function.get("name"), function.get("arguments"), _chat(told.get("id"))
        elif told.get("type") == "tool_use":
            name, written, answered = told.get("name"), told.get("input"), _anthropic(told.get("id"))
        elif told.get("type") == "function_call":
            name, written, answered = told.get("name"), told.get("arguments"), _responses(told.get("call_id"))
        else:
            raise ToolworldError(
                "this is no tool call of chat completions, of responses or of Anthropic's messages: "
                f"{json.dumps(told, default=str)[:200]}"
            )
        return cls(str(name), _object(written), answered)


def _chat(name: Json) -> Callable[[Result], Message]:
    return lambda result: {"role": "tool", "tool_call_id": name, "content": result.text}


def _responses(name: Json) -> Callable[[Result], Message]:
    return lambda result: {"type": "function_call_output", "call_id": name, "output": result.text}


def _anthropic(name: Json) -> Callable[[Result], Message]:
    def answered(result: Result) -> Message:
        return {"type": "tool_result", "tool_use_id": name, "content": result.text, "is_error": not result.ok}

    return answered


def _as_dict(call: Any) -> Message:
    if isinstance(call, dict):
        return cast(Message, call)
    dump = getattr(call, "model_dump", None)  # the SDKs' objects
    return cast(Message, dump()) if callable(dump) else {}


def _object(written: Json) -> Message | None:
    """Arguments as an object: they are one, or the JSON of one; nothing at all is an empty one."""
    if written is None or (isinstance(written, str) and not written.strip()):
        return {}
    try:
        read = json.loads(written) if isinstance(written, str) else written
    except (ValueError, RecursionError):
        return None
    return cast(Message, read) if isinstance(read, dict) else None
