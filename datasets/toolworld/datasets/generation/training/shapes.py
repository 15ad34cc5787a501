"""A row as trainers take it."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast, get_args

from toolworld.ground import JsonObject

TrainingShape = Literal["agora", "messages", "prompt_completion"]
"""{instruction, response, config}; chat messages; or a prompt and its completion."""
SHAPES: tuple[TrainingShape, ...] = get_args(TrainingShape)
SYSTEM_LINE = "You are a helpful assistant."
"""The system message of a chat; the same when a trained model is asked, or it meets another prompt than it learned."""


def _agora(row: Mapping[str, Any], system: str) -> JsonObject:
    return {"instruction": row["instruction"], "response": row["response"], "config": str(row.get("config", ""))}


def _conversation(row: Mapping[str, Any]) -> dict[str, Any]:
    """The conversation of a row that is a run of a task, with its tools; empty for any other."""
    fields = row.get("fields")
    if not isinstance(fields, Mapping):
        return {}
    held = cast("Mapping[str, Any]", fields)
    return {name: held[name] for name in ("messages", "tools") if held.get("messages") and name in held}


def _messages(row: Mapping[str, Any], system: str) -> JsonObject:
    whole = _conversation(row)
    if whole:
        return whole
    first: list[Any] = [{"role": "system", "content": system}] if system else []
    return {
        "messages": [
            *first,
            {"role": "user", "content": row["instruction"]},
            {"role": "assistant", "content": row["response"]},
        ]
    }


def _prompt_completion(row: Mapping[str, Any], system: str) -> JsonObject:
    whole = _conversation(row)
    if whole:
        messages: list[Any] = whole.pop("messages")
        last = max(place for place, one in enumerate(messages) if one["role"] == "assistant")
        return {"prompt": messages[:last], "completion": [messages[last]], **whole}
    first: list[Any] = [{"role": "system", "content": system}] if system else []
    return {
        "prompt": [*first, {"role": "user", "content": row["instruction"]}],
        "completion": [{"role": "assistant", "content": row["response"]}],
    }


_SHAPED: dict[TrainingShape, Callable[[Mapping[str, Any], str], JsonObject]] = {
    "agora": _agora,
    "messages": _messages,
    "prompt_completion": _prompt_completion,
}


def training_row(row: Mapping[str, Any], shape: TrainingShape, system: str = SYSTEM_LINE) -> JsonObject:
    """A row in a shape.

    Args:
        row: With `instruction` and `response`.
        shape: The shape.
        system: The system message of a chat; none if it is empty.
    """
    return _SHAPED[shape](row, system)
