"""A conversation as something to learn from: it ends with the assistant, and every call in it has its result."""

from collections.abc import Sequence

from toolworld.llm import Message


def finished(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages without calls that nobody answered, and up to the assistant's last one.

    What the user says after it was never answered, so that there is nothing to learn from it.
    """
    answered = {message.tool_call_id for message in messages if message.role == "tool"}
    kept: list[Message] = []
    for message in messages:
        calls = tuple(call for call in message.tool_calls if call.id in answered)
        if len(calls) < len(message.tool_calls):
            message = message.model_copy(update={"tool_calls": calls})
        if message.role != "assistant" or message.tool_calls or message.content:
            kept.append(message)
    while kept and kept[-1].role != "assistant":
        kept.pop()
    return tuple(kept)
