"""Observations as OpenEnv's clients read them."""

from toolworld.environments import Event
from toolworld.ground import JsonObject
from toolworld.server.adapters.openenv.messages import ErrorType
from toolworld.server.episodes.call_result import CallResult


def observation(
    fields: JsonObject, reward: float | None, *, done: bool = False, metadata: JsonObject | None = None
) -> JsonObject:
    """An observation with its reward; after every step that is a finite number, after a reset None."""
    shown: JsonObject = {"observation": {"metadata": metadata or {}, **fields}, "reward": reward, "done": done}
    return {**shown, "metadata": metadata} if metadata else shown


def of_call(name: str, result: CallResult) -> JsonObject:
    """The observation of a call: a refusal by the tool is a result, a call that it could not read is an error."""
    if result.failure is not None and result.failure.kind != "tool":
        return of_error(name, _error_type(result), result.text)
    return observation({"tool_name": name, "result": call_content(result), "error": None}, 0.0)


def of_error(name: str, kind: ErrorType, message: str) -> JsonObject:
    """The observation of a call that was not made."""
    return observation({"tool_name": name, "result": None, "error": {"error_type": kind, "message": message}}, 0.0)


def of_words(
    name: str, text: str, reward: float = 0.0, *, done: bool, metadata: JsonObject | None = None
) -> JsonObject:
    """The observation of words that were said to the user: what it answers."""
    spoken = CallResult(text)
    return observation(
        {"tool_name": name, "result": call_content(spoken), "error": None}, reward, done=done, metadata=metadata
    )


def call_content(result: CallResult) -> JsonObject:
    """A result as MCP has it, with the value itself as `data`, which OpenEnv's client hands out."""
    structured = result.result if isinstance(result.result, dict) else None
    return {
        "content": [{"type": "text", "text": result.text}],
        "structured_content": structured,
        "is_error": not result.ok,
        "data": result.result if result.ok else result.text,
    }


def _error_type(result: CallResult) -> ErrorType:
    event: Event | None = result.event
    if result.failure is not None and result.failure.kind == "simulator":
        return "transport_error"
    return "invalid_args" if event is not None or result.error != "unknown_tool" else "tool_not_found"
