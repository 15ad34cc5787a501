"""What OpenEnv's clients send, and the schemas of what they get."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from toolworld.ground import Integer, JsonObject, JsonValue, Record
from toolworld.judges import IfUnclear

ErrorType = Literal["execution_error", "invalid_args", "transport_error", "tool_not_found", "timeout"]
"""What went wrong with a call, in OpenEnv's words."""


class ResetData(Record):
    """What a session is reset for."""

    model_config = ConfigDict(extra="ignore")

    task: str | None = None
    split: str | None = None
    index: Integer | None = None
    """The position of the task among those of the split."""
    seed: Integer | None = None
    """Of the episode; where no task is named it chooses one, too."""
    episode_id: str | None = Field(default=None, max_length=200)
    """What the client calls the episode."""
    faults: str | None = None
    if_unclear: IfUnclear = "none"
    """The reward where nothing failed and not everything could be decided; with `none` the run ends in an error."""


class Action(Record):
    """What a step does."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["call_tool", "list_tools"] = "call_tool"
    tool_name: str = ""
    arguments: JsonValue = Field(default_factory=dict)


class Frame(Record):
    """A message on the socket."""

    model_config = ConfigDict(extra="ignore")

    type: str
    data: JsonObject = Field(default_factory=dict)


class RpcRequest(Record):
    """A JSON-RPC request."""

    model_config = ConfigDict(extra="ignore")

    method: str = ""
    params: JsonObject = Field(default_factory=dict)
    id: str | int | None = None


def _schema(title: str, properties: JsonObject, **more: JsonValue) -> JsonObject:
    return {"title": title, "type": "object", "properties": properties, **more}


_TEXT: JsonObject = {"type": "string"}
_OBSERVED: JsonObject = {
    "done": {"type": "boolean"},
    "reward": {"type": ["number", "null"]},
    "metadata": {"type": "object"},
}
SCHEMAS: dict[str, Any] = {
    "action": _schema(
        "CallToolAction",
        {
            "type": {"enum": ["call_tool", "list_tools"], "default": "call_tool"},
            "tool_name": _TEXT,
            "arguments": {"type": "object"},
            "metadata": {"type": "object"},
        },
    ),
    "observation": _schema(
        "CallToolObservation",
        {
            **_OBSERVED,
            "tool_name": _TEXT,
            "result": {},
            "error": {"type": ["object", "null"]},
            "tools": {"type": "array", "items": {"type": "object"}},
        },
    ),
    "reset_observation": _schema(
        "ResetObservation",
        {**_OBSERVED, "task": {"type": ["string", "null"]}, "messages": {"type": "array", "items": {"type": "object"}}},
    ),
    "state": _schema(
        "State", {"episode_id": {"type": ["string", "null"]}, "step_count": {"type": "integer", "minimum": 0}}
    ),
}
"""Of actions, of observations after a step and after a reset, and of the state, as `GET /schema` shows them."""
