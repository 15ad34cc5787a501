"""Chat messages in the format of OpenAI-compatible endpoints."""

from typing import Literal

from toolworld.ground import JsonObject, JsonValue, Record, encode


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


class Message(Record):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | None = None
    """None only on an assistant's message that has tool calls and no text."""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    """Set on a `tool` message: the `id` of the call whose result it holds."""
    reasoning: Reasoning | None = None
    """Set on an assistant's message: what its model thought. It is never told to the user."""

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
