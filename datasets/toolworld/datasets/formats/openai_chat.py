"""OpenAI chat format: `messages` with `tools`, as fine-tuning and chat-completions endpoints take them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from toolworld.datasets.suite.task_suite import TaskSuite
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
    read_lines,
    write_atomically,
)
from toolworld.llm import Message, ToolCall


def to_chat(trajectory: Trajectory, environment: Environment) -> JsonObject:
    """A trajectory as `{messages, tools}`; the policy is the system message.

    Calls are numbered anew, with ids of nine letters and digits: Mistral's templates take no others.
    """
    system: JsonObject = {"role": "system", "content": environment.policy}
    ids = {call.id: f"call{number:05}" for number, call in enumerate(_calls(trajectory), start=1)}
    messages: list[JsonValue] = [system, *(_renumbered(message, ids).wire() for message in trajectory.messages)]
    return {"messages": messages, "tools": [*functions_of(environment)]}


def _calls(trajectory: Trajectory) -> Iterator[ToolCall]:
    return (call for message in trajectory.messages for call in message.tool_calls)


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


def export_chat(trajectories: Path, suite: TaskSuite, out: Path) -> tuple[int, int]:
    """Write the trajectories of a JSONL file in the chat format, one conversation a line.

    Returns:
        The number of conversations, and the bytes of a cut-off last line, which was not read.

    Raises:
        RecordError: the file cannot be read, holds nothing, or one of its runs is not in the suite's environments.
    """
    lines = read_lines(trajectories, Trajectory)
    if not lines.records:
        raise RecordError(f"{trajectories} holds no trajectories")
    rows: list[bytes] = []
    for run in lines.records:
        if run.environment not in suite.runtimes:
            raise RecordError(
                f"{trajectories}: run {run.id} is of environment {run.environment}, which --env did not name"
            )
        environment = suite.runtimes.environment(run.environment)
        if run.environment_version != environment.version:
            raise RecordError(
                f"{trajectories}: run {run.id} was made in version {run.environment_version} of {run.environment}, "
                f"and this is version {environment.version} (played under --faults?)"
            )
        rows.append(encode(to_chat(run, environment)) + b"\n")
    write_atomically(out, b"".join(rows))
    return len(rows), lines.torn


def functions_of(environment: Environment) -> list[JsonObject]:
    """The agent's tools as function schemas."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.input_schema},
        }
        for tool in environment.tools_of("agent")
    ]
