"""Records of conversations as samples: toolworld's own, data-generator's, OpenAI messages, ShareGPT, tau2-bench."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar, cast

from pydantic import ValidationError

from toolworld.datasets.formats.conversations import ConversationRecord
from toolworld.datasets.formats.openai_chat import from_chat
from toolworld.datasets.samples.code import SOURCE
from toolworld.datasets.samples.sample import Sample, Speaker, Turn
from toolworld.datasets.samples.tables import Row
from toolworld.datasets.task import Task
from toolworld.datasets.trajectory import Trajectory
from toolworld.datasets.verdict import Verdict
from toolworld.environments import Call
from toolworld.ground import (
    EncodingError,
    JsonObject,
    JsonValue,
    RecordError,
    decode,
    describe_error,
    encode,
)
from toolworld.llm import Message


def trajectory_samples(rows: Iterable[Row], verdicts: Mapping[str, Verdict]) -> Iterator[Sample]:
    """Runs as samples: the conversation, the calls of the log, and the agent's last words as the output.

    Args:
        rows: Trajectories.
        verdicts: By run id; what they say of state and calls, of the answer and of the run becomes the checks.
    """
    for row in rows:
        run = _validated(row, Trajectory)
        words = run.agent_texts
        yield Sample(
            id=run.id,
            turns=turns_of_messages(run.messages),
            calls=tuple(one.call for one in run.log),
            output=words[-1] if words else None,
            attributes={"environment": run.environment},
            results=tuple(encode(one.result).decode() for one in run.log if one.failure is None),
            environment=run.environment,
            source=run.task,
            checks=_checks(verdicts[run.id]) if run.id in verdicts else {},
        )


_CALLS, _OUTPUT = ("state", "calls"), ("answer",)


def _checks(verdict: Verdict) -> dict[str, bool]:
    """What a verdict decided; what is unclear, or was not looked at, is left out."""
    if verdict.outcome == "void":
        return {}
    found: dict[str, bool] = {}
    for name, parts in (("calls right", _CALLS), ("output right", _OUTPUT)):
        decided = [one.outcome == "pass" for one in verdict.checks if one.name in parts and one.score is not None]
        if decided:
            found[name] = all(decided)
    return found | ({} if verdict.outcome == "unclear" else {"run right": verdict.passed})


def task_samples(rows: Iterable[Row]) -> Iterator[Sample]:
    """Tasks as samples: the request, the reference calls with what they returned, and where the task comes from."""
    for row in rows:
        task = _validated(row, Task)
        labels = {"environment": task.environment}
        if task.origin:
            labels |= {"mode": task.origin.mode, "style": task.origin.style}
        yield Sample(
            id=task.id,
            turns=(Turn(speaker="user", text=task.request),),
            calls=tuple(one.call for one in task.calls),
            attributes=labels,
            results=(
                *(encode(one.result).decode() for one in task.calls if one.error is None),
                *(str(value) for value in task.scenario.facts.values()),
                *(reaction.say for reaction in task.scenario.reactions),
                task.scenario.known,
            ),
            environment=task.environment,
        )


def tau2_samples(rows: Iterable[Row]) -> Iterator[Sample]:
    """Tasks of tau2-bench, as published or with their calls recorded: why the user calls, and the reference calls."""
    for row in rows:
        told = _object(_object(row.need("user_scenario"), row)["instructions"], row)
        criteria = row.get("evaluation_criteria")
        actions = row.get("calls") or (_object(criteria, row).get("actions") if criteria else None) or []
        calls = [_object(one, row) for one in cast("list[JsonValue]", actions)]
        yield Sample(
            id=str(row.need("id")),
            turns=(Turn(speaker="user", text=str(told.get("reason_for_call") or "")),),
            calls=tuple(Call(name=str(one["name"]), arguments=_object(one["arguments"], row)) for one in calls),
            attributes={"environment": str(told.get("domain") or "")},
            results=(
                *(str(one["result"]) for one in calls if "result" in one and not one.get("is_error")),
                str(told.get("known_info") or ""),
                str(told.get("task_instructions") or ""),
            ),
            environment=str(told.get("domain") or "") or None,
        )


def conversation_samples(rows: Iterable[Row]) -> Iterator[Sample]:
    """Conversation records of data-generator; the domain and the pattern are labels."""
    for row in rows:
        record = _validated(row, ConversationRecord)
        found = sample_of_messages(record.conversation_id, record.chat())
        names = {"domain": "domain", "pattern_type": "pattern", "sampling_mode": "mode"}
        labels = {to: str(record.metadata[name]) for name, to in names.items() if record.metadata.get(name)}
        yield found.model_copy(update={"attributes": labels, "environment": labels.get("domain")})


def chat_samples(rows: Iterable[Row]) -> Iterator[Sample]:
    """OpenAI messages."""
    for number, row in enumerate(rows):
        raw = row.need("messages")
        if not isinstance(raw, list):
            raise RecordError(f"{row.where}: `messages` is a list")
        try:
            messages = from_chat([_with_calls(one) for one in cast("list[JsonObject]", raw)])
        except RecordError as problem:
            raise RecordError(f"{row.where}: {problem}") from None
        yield sample_of_messages(str(row.get("id") or number), messages)


def sharegpt_samples(rows: Iterable[Row]) -> Iterator[Sample]:
    """ShareGPT turns; calls are JSON in turns of `function_call`, what they returned in those of `observation`."""
    for number, row in enumerate(rows):
        turns: list[Turn] = []
        calls: list[Call] = []
        results: list[str] = []
        for one in cast("list[JsonValue]", row.need("conversations")):
            turn = _object(one, row)
            who, value = str(turn.get("from")), str(turn.get("value") or "")
            if who in ("function_call", "tool_call"):
                calls += _sharegpt_calls(value, row)
            elif who in ("observation", "tool"):
                results.append(value)
            elif who in _SPEAKERS:
                words, tagged = _tagged_calls(value)
                calls += [call for one in tagged for call in _sharegpt_calls(one, row)]
                if words:
                    turns.append(Turn(speaker=_SPEAKERS[who], text=words))
            elif who != "system":
                raise RecordError(f"{row.where}: a turn is from {', '.join(_FROM)}, and not from {who!r}")
        yield _sample(str(row.get("id") or number), turns, calls, results)


_SPEAKERS: dict[str, Speaker] = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant"}
_FROM = ("human", "gpt", "function_call", "observation", "system")


def _sharegpt_calls(value: str, row: Row) -> Iterator[Call]:
    try:
        found = decode(value)
        for raw in found if isinstance(found, list) else [found]:
            call = _object(raw, row)
            name = call["name"]
            if not isinstance(name, str) or not name:
                raise RecordError(f"{row.where}: the name of a call is a text, and not {name!r}")
            yield Call(name=name, arguments=_object(call.get("arguments") or {}, row))
    except (EncodingError, KeyError) as problem:
        raise RecordError(f"{row.where}: a call is JSON with a name and arguments: {problem}") from None


_TAGGED = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)
"""Calls in the words of an assistant, as Hermes and Qwen write them."""


def _tagged_calls(text: str) -> tuple[str, list[str]]:
    """What is said besides calls in tags, and these."""
    return _TAGGED.sub("", text).strip(), _TAGGED.findall(text)


def _with_calls(message: JsonObject) -> JsonObject:
    """A message with calls where they belong that stand in the older `function_call`, or in tags in its words."""
    found = [_readable(one) for one in cast("list[JsonValue]", message.get("tool_calls") or [])]
    words = message.get("content")
    if isinstance(words, str) and message.get("role") == "assistant":
        words, tagged = _tagged_calls(words)
        found += [{"id": f"tag{number}", "function": decode(one)} for number, one in enumerate(tagged)]
    if isinstance(message.get("function_call"), dict):
        found.append(_readable({"id": "call", "function": message["function_call"]}))
    return {**message, "content": words or None, "tool_calls": found} if found else message


def _readable(call: JsonValue) -> JsonValue:
    """A call whose arguments are no JSON keeps them as they were written: that is a figure, and no error."""
    if not isinstance(call, dict) or not isinstance(call.get("function"), dict):
        return call
    function = cast(JsonObject, call["function"])
    written = function.get("arguments")
    try:
        is_object = not isinstance(written, str) or isinstance(decode(written or "{}"), dict)
    except EncodingError:
        is_object = False
    return call if is_object else {**call, "function": {**function, "arguments": {SOURCE: written}}}


def sample_of_messages(name: str, messages: Sequence[Message]) -> Sample:
    """A conversation as a sample."""
    calls = [Call(name=one.name, arguments=one.arguments) for message in messages for one in message.tool_calls]
    results = [message.content or "" for message in messages if message.role == "tool"]
    return _sample(name, turns_of_messages(messages), calls, results)


def turns_of_messages(messages: Sequence[Message]) -> tuple[Turn, ...]:
    """What user and assistant say."""
    return tuple(
        Turn(speaker="user" if one.role == "user" else "assistant", text=one.content)
        for one in messages
        if one.role in ("user", "assistant") and one.content
    )


def _sample(name: str, turns: Sequence[Turn], calls: Sequence[Call], results: Sequence[str]) -> Sample:
    """A conversation; what the assistant says last is its output."""
    output = turns[-1].text if turns and turns[-1].speaker == "assistant" else None
    return Sample(id=name, turns=tuple(turns), calls=tuple(calls), results=tuple(results), output=output)


def _object(value: JsonValue, row: Row) -> JsonObject:
    if not isinstance(value, dict):
        raise RecordError(f"{row.where}: an object is expected in place of {str(value)[:40]!r}")
    return value


R = TypeVar("R", Trajectory, Task, ConversationRecord)


def _validated(row: Row, model: type[R]) -> R:
    try:
        return model.model_validate_json(encode(row.values))
    except ValidationError as problem:
        raise RecordError(f"{row.where}: {describe_error(problem)}") from None
