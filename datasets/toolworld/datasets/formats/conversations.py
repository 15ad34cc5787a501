"""Conversation records of data-generator: messages, calls and outputs, with what is known about how they were made."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from toolworld.datasets.task import Task
from toolworld.datasets.trajectory import Trajectory
from toolworld.datasets.truth.references import has_references
from toolworld.environments import Environment, Event
from toolworld.ground import (
    EncodingError,
    JsonObject,
    JsonValue,
    RecordError,
    decode,
    describe_error,
    encode,
    read_bytes,
)
from toolworld.llm import Message, ToolCall


class ConversationCall(BaseModel):
    """A call as conversation records have it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str
    parameters: dict[str, JsonValue] = Field(default={}, validation_alias=AliasChoices("parameters", "arguments"))


class ConversationMessage(BaseModel):
    """A message as conversation records have it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    role: Literal["system", "user", "assistant", "tool"]
    content: str | None = None
    tool_calls: tuple[ConversationCall, ...] | None = None


class ConversationRecord(BaseModel):
    """A conversation record, by whomever it was made; what is not named here is kept as it is."""

    model_config = ConfigDict(frozen=True, extra="allow")

    conversation_id: str
    messages: tuple[ConversationMessage, ...]
    metadata: dict[str, JsonValue] = {}

    def chat(self) -> tuple[Message, ...]:
        """Its messages, with ids for its calls; the results after a message belong to its calls in their order."""
        found: list[Message] = []
        waiting: list[str] = []
        for turn, one in enumerate(self.messages):
            if one.role == "tool":
                found.append(Message(role="tool", content=one.content, tool_call_id=waiting.pop(0) if waiting else ""))
                continue
            calls = [
                ToolCall(id=f"{turn}-{number}", name=call.name, arguments=call.parameters)
                for number, call in enumerate(one.tool_calls or ())
            ]
            waiting = [call.id for call in calls] or waiting
            found.append(Message(role=one.role, content=one.content, tool_calls=tuple(calls)))
        return tuple(found)


def read_conversations(path: Path) -> tuple[ConversationRecord, ...]:
    """Read conversation records.

    Raises:
        RecordError: the file cannot be read, has none, or a line is no such record; the message has its number.
    """
    found: list[ConversationRecord] = []
    for number, line in enumerate(read_bytes(path).splitlines(), start=1):
        if line.strip():
            try:
                raw = decode(line)
                encode(raw)  # what cannot be written again is not read
                found.append(ConversationRecord.model_validate(raw))
            except ValidationError as problem:
                raise RecordError(f"{path}:{number}: {describe_error(problem)}") from None
            except EncodingError as problem:
                raise RecordError(f"{path}:{number}: {problem}") from None
    if not found:
        raise RecordError(f"{path} holds no conversations")
    return tuple(found)


def to_conversation(
    task: Task, trajectory: Trajectory, environment: Environment, *, steered: bool | None = None
) -> JsonObject:
    """A trajectory as a conversation record.

    Args:
        task: Its task.
        trajectory: The run.
        environment: Its environment.
        steered: Whether a memory of the corpus steered what was made; None where nobody knows.
    """
    names = [event.call.name for event in trajectory.log]
    distinct = list(dict.fromkeys(names))
    origin = task.origin
    return {
        "conversation_id": trajectory.id,
        "messages": [*_messages(trajectory.messages)],
        "tool_calls": [{"name": one.call.name, "parameters": one.call.arguments} for one in trajectory.log],
        "tool_outputs": [{"name": one.call.name, "output": _output(one)} for one in trajectory.log],
        "metadata": {
            "conversation_id": trajectory.id,
            "seed": trajectory.seed,
            "tool_ids_used": [*distinct],
            "num_turns": len(trajectory.messages),
            "num_clarification_questions": clarifications_in(trajectory.messages),
            "memory_grounding_rate": grounding_rate(task),
            "corpus_memory_enabled": steered,
            "pattern_type": "+".join(origin.patterns) if origin else None,
            "sampling_mode": origin.mode if origin else None,
            "domain": environment.domain,
            "endpoint_ids": [f"{environment.id}::{name}" for name in names],
            "num_tool_calls": len(names),
            "num_distinct_tools": len(distinct),
        },
    }


def clarifications_in(messages: Sequence[Message]) -> int:
    """How often the agent asked for something before it proposed or told anything: questions that the user answered
    with something other than yes or no."""
    asked = 0
    for before, message in pairwise(messages):
        is_question = before.role == "assistant" and not before.tool_calls and "?" in (before.content or "")
        asked += is_question and message.role == "user" and message.agrees in (None, "none")
    return asked


def grounding_rate(task: Task) -> float | None:
    """The share of calls after the first one that use what an earlier call returned; None where there is only one."""
    later = task.calls[1:]
    return sum(has_references((one.written or one.call).arguments) for one in later) / len(later) if later else None


def _messages(messages: Sequence[Message]) -> Iterator[JsonValue]:
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    for message in messages:
        row: JsonObject = {"role": message.role, "content": message.content or ""}
        if message.tool_calls:
            row["tool_calls"] = [{"name": one.name, "parameters": one.arguments} for one in message.tool_calls]
        if message.role == "tool":
            row["name"] = names.get(message.tool_call_id or "", "")
        yield row


def _output(event: Event) -> JsonValue:
    """What a call returned; a refusal is an object with its code and its words."""
    if event.failure is not None:
        return {"error": event.failure.code, "message": event.failure.message}
    return event.result
