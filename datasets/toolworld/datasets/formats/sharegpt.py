"""ShareGPT: conversations of turns `{from, value}`, with calls and observations, as LLaMA-Factory reads it."""

from collections.abc import Iterator

from toolworld.datasets.formats.finished import finished
from toolworld.datasets.formats.openai_chat import functions_of
from toolworld.datasets.trajectory import Trajectory
from toolworld.environments import Environment
from toolworld.ground import JsonObject, JsonValue, encode
from toolworld.llm import Message, ToolCall


def to_sharegpt(trajectory: Trajectory, environment: Environment) -> JsonObject:
    """A trajectory as `{conversations, system, tools}`.

    Turns alternate, as the format wants: `human` or `observation`, then `gpt` or `function_call`; it ends with the
    assistant. The value of a call is `{name, arguments}` as JSON, of several calls at once a list of them; `tools` is
    JSON as well.
    """
    turns = _turns(finished(trajectory.messages))
    return {
        "conversations": [{"from": who, "value": value} for who, value in turns],
        "system": trajectory.system or environment.policy,
        "tools": encode([one["function"] for one in functions_of(environment)]).decode(),
    }


def _turns(messages: tuple[Message, ...]) -> Iterator[tuple[str, str]]:
    """Who speaks, and what; what the same side says twice in a row is one turn."""
    last: tuple[str, str] | None = None
    for message in messages:
        who, value = _turn(message)
        if last is not None and last[0] == who:
            last = (who, f"{last[1]}\n{value}")
            continue
        if last is not None:
            yield last
        last = (who, value)
    if last is not None:
        yield last


def _turn(message: Message) -> tuple[str, str]:
    if message.tool_calls:
        calls: list[JsonValue] = [_call(one) for one in message.tool_calls]
        return "function_call", encode(calls[0] if len(calls) == 1 else calls).decode()
    who = {"user": "human", "tool": "observation"}.get(message.role, "gpt")
    return who, message.content or ""


def _call(one: ToolCall) -> JsonObject:
    return {"name": one.name, "arguments": one.arguments}
