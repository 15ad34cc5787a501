"""The turns of a run that a policy plays: what it answers is made or said, until the user is done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from toolworld_client.errors import ToolworldError, VoidRun
from toolworld_client.records import Json, Verdict
from toolworld_client.tools import Message

MAX_TURNS = 50
"""Messages of the policy in a run."""


def as_message(answered: Any) -> Message:
    """What a policy answered, as an assistant's message: it is one (a dict or the SDK's object), or words.

    Raises:
        ToolworldError: it is neither.
    """
    if isinstance(answered, str):
        return {"role": "assistant", "content": answered}
    dump = getattr(answered, "model_dump", None)
    told = dump(exclude_none=True) if callable(dump) else answered
    if not isinstance(told, dict):
        raise ToolworldError(f"a policy answers with a message or with words, and not with {answered!r:.100}")
    return {**cast(Message, told), "role": "assistant"}


def calls_of(message: Message) -> list[Json]:
    """The tool calls of a message."""
    return message.get("tool_calls") or []


def words_of(message: Message) -> str:
    """What a message says: a text, or the texts of its parts."""
    content = message.get("content")
    if isinstance(content, list):
        parts = cast("list[Message]", content)
        return "\n".join(str(part["text"]) for part in parts if isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""


def played(verdict: Verdict, messages: list[Message]) -> Verdict:
    """A verdict with the conversation."""
    return replace(verdict, messages=tuple(messages))


def void(problem: VoidRun, episode: str, messages: list[Message]) -> Verdict:
    """The verdict on a run that the simulation broke."""
    return Verdict("void", None, blame=str(problem), messages=tuple(messages), episode=episode)
