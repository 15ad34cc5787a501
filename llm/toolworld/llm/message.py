"""Chat messages in the format of OpenAI-compatible endpoints."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, Self, cast

from toolworld.ground import JsonObject, JsonValue, Record, encode


class SentRecord(Record):
    """A record that is sent again in every request of a conversation, so that its JSON is kept."""

    @cached_property
    def encoded_wire(self) -> bytes:
        """The record as JSON, as endpoints get it."""
        return encode(self.wire())

    def wire(self) -> JsonObject:
        """The record as endpoints get it."""
        raise NotImplementedError

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, which has JSON of its own."""
        # pydantic copies cached properties, too: they would be those of the old fields
        copied = super().model_copy(update=update, deep=deep)
        for name in ("encoded", "encoded_wire"):
            cast("dict[str, Any]", copied.__dict__).pop(name, None)
        return copied


class ToolCall(Record):
    """A tool call that the model requested."""

    id: str
    """Links the call to the `tool` message with its result; unique in its conversation."""
    name: str
    arguments: dict[str, JsonValue]


class Reasoning(Record):
    """What a model thought before it answered. Some endpoints demand it back with the history."""

    text: str
    model: str
    """The name of the model; no other gets to see it."""


class Message(SentRecord):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | None = None
    """None only on an assistant's message that has tool calls and no text."""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    """Set on a `tool` message: the `id` of the call whose result it holds."""
    reasoning: Reasoning | None = None
    """Set on an assistant's message: what its model thought. It is never told to the user."""
    agrees: Literal["yes", "no", "none"] | None = None
    """Set on a user's message: whether the user agreed to what was last proposed; None where nobody but the words says.
    No model gets to see it."""
    step: int | None = None
    """Set on a `tool` message: the step of the episode's log that the call is; None if it never reached the log."""

    @cached_property
    def encoded(self) -> bytes:
        """The message as JSON, as cache keys have it."""
        return encode(self.model_dump(exclude={"agrees", "step"}))

    def wire(self) -> JsonObject:
        """The message as a JSON object of the chat-completions API."""
        body: JsonObject = {"role": self.role, "content": self.content}
        if self.tool_calls:
            body["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": encode(call.arguments).decode()},
                }
                for call in self.tool_calls
            ]
        if self.tool_call_id is not None:
            body["tool_call_id"] = self.tool_call_id
        return body
