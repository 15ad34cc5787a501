"""Chat messages in the form that OpenAI-compatible endpoints exchange."""

from typing import Literal

from toolworld.ground import JsonObject, JsonValue, Record, encode


class ToolCall(Record):
    """A wish of the agent's to call a tool."""

    id: str
    """Ties the call to the `tool` message that answers it; unique in its conversation."""
    name: str
    arguments: dict[str, JsonValue]


class Message(Record):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | None = None
    """None only on an assistant's message that calls tools and says nothing."""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    """Set on a `tool` message: the call that it answers."""

    def wire(self) -> JsonObject:
        """Give the message as chat-completions endpoints take it."""
        row: JsonObject = {"role": self.role, "content": self.content}
        if self.tool_calls:
            row["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": encode(call.arguments).decode()},
                }
                for call in self.tool_calls
            ]
        if self.tool_call_id is not None:
            row["tool_call_id"] = self.tool_call_id
        return row
