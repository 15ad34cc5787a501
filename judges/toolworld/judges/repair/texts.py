"""New words around calls that stay as they are."""

from collections.abc import Mapping, Sequence, Set

from toolworld.ground import JsonValue, encode
from toolworld.llm import Message


def frozen_parts(messages: Sequence[Message]) -> list[bytes]:
    """The calls and results of a conversation in their order, which no new words may change; whatever ids they have."""
    return [
        encode([one.content] if one.role == "tool" else [[call.name, call.arguments] for call in one.tool_calls])
        for one in messages
        if one.tool_calls or one.role == "tool"
    ]


def writable_turns(messages: Sequence[Message], speakers: Set[str]) -> list[int]:
    """The positions of the texts that may be written anew: not of what a user agreed to, or refused."""
    answers = {turn: one.agrees for turn, one in enumerate(messages) if one.role == "user"}
    found: list[int] = []
    for turn, one in enumerate(messages):
        answer = next((agrees for later, agrees in answers.items() if later > turn), None)
        if one.role in speakers and one.content and (one.role == "user" or answer not in ("yes", "no")):
            found.append(turn)
    return found


def with_texts(messages: Sequence[Message], texts: Mapping[int, str]) -> tuple[Message, ...]:
    """The messages with other texts, by their positions."""
    return tuple(
        one.model_copy(update={"content": texts[turn]}) if turn in texts else one for turn, one in enumerate(messages)
    )


def call_groups(messages: Sequence[Message]) -> list[tuple[Message, ...]]:
    """Each message with calls, and the results that follow it."""
    groups: list[list[Message]] = []
    for one in messages:
        if one.tool_calls:
            groups.append([one])
        elif one.role == "tool" and groups:
            groups[-1].append(one)
    return [tuple(group) for group in groups]


def rebuilt(messages: Sequence[Message], parts: Sequence[Mapping[str, JsonValue]]) -> tuple[Message, ...]:
    """A conversation made of new texts and of the groups of calls of another.

    Args:
        messages: The other conversation.
        parts: `{"by": "user" | "agent", "text": ...}`, or `{"calls": K}` for a group.
    """
    groups = call_groups(messages)
    made: list[Message] = [one for one in messages[:1] if one.role == "system"]
    for part in parts:
        place = part.get("calls")
        if isinstance(place, int) and place < len(groups):
            made += groups[place]
        elif "text" in part:
            made.append(Message(role="user" if part.get("by") == "user" else "assistant", content=str(part["text"])))
    return tuple(made)
