"""OpenAI chat format: `messages` with `tools`, as fine-tuning and chat-completions endpoints take them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from pydantic import ValidationError

from toolworld.datasets.formats.finished import finished
from toolworld.datasets.trajectory import Trajectory
from toolworld.environments import Environment
from toolworld.ground import (
    EncodingError,
    JsonObject,
    JsonValue,
    RecordError,
    decode,
    describe_error,
    encode,
)
from toolworld.llm import Message, ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatForm:
    """How a conversation is written, for templates and endpoints that differ."""

    arguments: Literal["text", "object"] = "text"
    """Of calls: as JSON in a text, as OpenAI has it, or as an object, as many chat templates want it."""
    content: Literal["empty", "null"] = "empty"
    """Of an assistant's message that has calls only: some templates fail on null."""
    tools: Literal["list", "text", "none"] = "list"
    """As a list of functions, as JSON in a text, or left out."""


PLAIN_FORM = ChatForm()


def to_chat(trajectory: Trajectory, environment: Environment, form: ChatForm = PLAIN_FORM) -> JsonObject:
    """A trajectory as `{messages, tools}`, with what the agent was shown; it ends with the assistant.

    Calls are numbered anew, with ids of nine letters and digits: Mistral's templates take no others.
    """
    system: JsonObject = {"role": "system", "content": trajectory.system or environment.policy}
    spoken = finished(trajectory.messages)
    ids = {call.id: f"call{number:05}" for number, call in enumerate(_calls(spoken), start=1)}
    messages: list[JsonValue] = [system, *(_written(_renumbered(message, ids), form) for message in spoken)]
    functions = functions_of(environment)
    match form.tools:
        case "list":
            return {"messages": messages, "tools": [*functions]}
        case "text":
            return {"messages": messages, "tools": encode(functions).decode()}
        case "none":
            return {"messages": messages}


def _written(message: Message, form: ChatForm) -> JsonObject:
    body = message.wire()
    if body["content"] is None and form.content == "empty":
        body["content"] = ""
    if form.arguments == "object" and message.tool_calls:
        body["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    return body


def _calls(messages: Sequence[Message]) -> Iterator[ToolCall]:
    return (call for message in messages for call in message.tool_calls)


def _renumbered(message: Message, ids: Mapping[str, str]) -> Message:
    """A message with other ids of its calls."""
    if not message.tool_calls and message.tool_call_id is None:
        return message
    calls = tuple(call.model_copy(update={"id": ids[call.id]}) for call in message.tool_calls)
    answered = ids.get(message.tool_call_id or "", message.tool_call_id)
    return message.model_copy(update={"tool_calls": calls, "tool_call_id": answered})


MAX_MESSAGES, MAX_SPOKEN = 1_000, 200_000
"""Messages of a conversation, and characters that agent and user say in it."""


def from_chat(messages: Sequence[JsonObject]) -> tuple[Message, ...]:
    """The messages of a conversation that others wrote down; system messages and what is not words are left out.

    Raises:
        RecordError: a message is not of the format; the text says which one, and what is allowed.
    """
    if len(messages) > MAX_MESSAGES:
        raise RecordError(f"a conversation has at most {MAX_MESSAGES:,} messages, and this one {len(messages):,}")
    found = [_from_chat(number, raw) for number, raw in enumerate(messages)]
    if sum(len(message.content or "") for message in found if message.role != "tool") > MAX_SPOKEN:
        raise RecordError(f"what is said in a conversation has at most {MAX_SPOKEN:,} characters")
    return tuple(message for message in found if message.role != "system")


def _from_chat(number: int, raw: JsonObject) -> Message:
    if not isinstance(cast(JsonValue, raw), dict):
        raise RecordError(f"messages.{number} is no object")
    role = {"developer": "system", "function": "tool"}.get(str(raw.get("role")), str(raw.get("role")))
    if role not in ("system", "user", "assistant", "tool"):
        raise RecordError(
            f"messages.{number}: the role is system, user, assistant or tool, and not {raw.get('role')!r}"
        )
    calls = raw.get("tool_calls") or []
    if not isinstance(calls, list):
        raise RecordError(f"messages.{number}: `tool_calls` is a list")
    try:
        body = {
            "role": role,
            "content": _words(raw.get("content")),
            "tool_calls": [_tool_call(call) for call in calls],
            "tool_call_id": raw.get("tool_call_id"),
        }
        return Message.model_validate(body)
    except (ValidationError, KeyError, TypeError, AttributeError, EncodingError) as problem:
        text = describe_error(problem) if isinstance(problem, ValidationError) else str(problem)
        raise RecordError(f"messages.{number} is no message of the OpenAI format: {text}") from None


def _words(content: JsonValue) -> str | None:
    """The words of a content that is a text, or a list of parts."""
    if isinstance(content, list):
        parts = [cast(JsonObject, part) for part in content]
        return "\n".join(_text(part["text"]) for part in parts if part.get("type", "text") == "text") or None
    return None if content is None else _text(content)


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise TypeError(f"`content` is a text or a list of parts, and {value!r:.40} is neither")
    return value


def _tool_call(raw: JsonValue) -> JsonObject:
    call = cast(JsonObject, raw)
    function = cast(JsonObject, call["function"])
    arguments = function.get("arguments") or "{}"
    read = decode(arguments) if isinstance(arguments, str) else arguments
    return {"id": call.get("id") or "call", "name": function["name"], "arguments": read}


def functions_of(environment: Environment) -> list[JsonObject]:
    """The agent's tools as function schemas."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.shown_description, "parameters": tool.input_schema},
        }
        for tool in environment.tools_of("agent")
    ]
