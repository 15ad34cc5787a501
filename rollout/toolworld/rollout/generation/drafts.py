"""Drafts of tasks that a model writes: read from its reply, completed, and held against every gate."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import ValidationError

from toolworld.datasets import DraftCall, Instance, Ok, Outcome, Reject, Scenario, Task, TaskDraft, complete_draft
from toolworld.environments import Runtime
from toolworld.ground import (
    JsonObject,
    JsonValue,
    Record,
    SpecError,
    ToolworldError,
    closed_object,
    decode,
    describe_error,
    digest,
    encode,
    humanize,
    leaves,
)
from toolworld.llm import ResponseFormat
from toolworld.rollout.hosts.host import Host
from toolworld.rollout.synthesis.gates import failed_gate
from toolworld.rollout.synthesis.trial import failed_run
from toolworld.rollout.synthesis.ways import Ways

_TEXT: JsonObject = {"type": "string", "minLength": 1}
_VALUE: JsonObject = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}
_FACT = closed_object({"name": _TEXT, "value": _VALUE})
_CALL = closed_object({"name": _TEXT, "arguments": {"type": "object"}})
DRAFT_FORMAT = ResponseFormat(
    closed_object(
        {
            "request": _TEXT,
            "goal": _TEXT,
            "facts": {"type": "array", "items": _FACT, "maxItems": 20},
            "calls": {"type": "array", "items": _CALL, "minItems": 1, "maxItems": 20},
            "tell": {"type": "array", "items": {"type": "string"}, "maxItems": 10},
        }
    ),
    "task",
)


class WrittenFact(Record):
    """What the customer can say when asked."""

    name: str
    value: str | int | float | bool


class WrittenDraft(Record):
    """A draft as a model writes it."""

    request: str
    goal: str
    """What the customer wants, in the second person."""
    facts: tuple[WrittenFact, ...] = ()
    calls: tuple[DraftCall, ...]
    tell: tuple[str, ...] = ()


class DraftParser:
    """Reads drafts of tasks: the request is the instruction, the calls are the response."""

    response_format = DRAFT_FORMAT

    def parse(self, prompt: str, teacher_model_output: str, placeholder_formats: Mapping[str, str]) -> Outcome:
        """The draft in a reply."""
        value, problem = DRAFT_FORMAT.read(teacher_model_output)
        if problem is not None:
            return Reject("unreadable", problem)
        try:
            draft = WrittenDraft.model_validate_json(encode(value))
        except ValidationError as error:
            return Reject("unreadable", describe_error(error))
        calls = encode([call.model_dump(mode="json", exclude_defaults=True) for call in draft.calls]).decode()
        fields: JsonObject = {"draft": cast(JsonObject, decode(draft.json_bytes()))}
        return Ok(Instance(instruction=draft.request, response=calls, fields=fields))


class DraftValidator:
    """Accepts drafts that become a task which passes every gate, and whose right run passes its verdict.

    Args:
        runtime: The environment.
        host: Where right runs are played.
    """

    def __init__(self, runtime: Runtime, host: Host) -> None:
        self._runtime, self._host = runtime, host
        self._ways = Ways.in_environment(runtime)

    @property
    def described_as(self) -> JsonValue:
        """What decides its answers."""
        return ["DraftValidator", self._runtime.environment.version]

    async def validate(self, instruction: str, response: str, metadata: dict[str, Any]) -> Outcome:
        """Whether the task of a draft is sound; a rejection names the gate."""
        try:
            task = await task_of(metadata["fields"]["draft"], self._runtime)
        except SpecError as problem:
            return Reject("no_truth", str(problem))
        if not task.truth.changes and not task.truth.facts:
            return Reject("floor", "it changes nothing, and there is nothing that the agent has to tell")
        unknown = untold(metadata["fields"]["draft"]["tell"], task)
        if unknown is not None:
            return Reject("ungrounded_answer", f"no call returns {unknown!r}, which the agent would have to tell")
        try:
            failure = await failed_gate(task, self._ways)
            if failure is not None:
                return Reject(failure.gate, failure.why)
            why = await failed_run(task, self._runtime, self._host)
        except ToolworldError as problem:
            return Reject("oracle", str(problem))
        return Ok() if why is None else Reject("lawful", why)


def untold(tell: Sequence[str], task: Task) -> str | None:
    """The first text that the agent would have to tell, and that no call returns; None if there is none."""
    known = [str(leaf).casefold() for one in task.calls for leaf in leaves(one.result)]
    for text in tell:
        wanted = re.compile(rf"(?<!\w){re.escape(text.strip().casefold())}(?!\w)")
        if not any(wanted.search(leaf) or _is_number(text, leaf) for leaf in known):
            return text
    return None


def _is_number(text: str, leaf: str) -> bool:
    try:
        return float(text.strip().lstrip("$€£")) == float(leaf)
    except ValueError:
        return False


async def task_of(draft: Mapping[str, Any], runtime: Runtime) -> Task:
    """The task of a draft, with its ground truth.

    Raises:
        SpecError: a call is refused, or names what there is not.
    """
    written = WrittenDraft.model_validate_json(encode(dict(draft)))
    name = f"written-{digest(cast(JsonObject, dict(draft)))[:12]}"
    try:
        made = TaskDraft(
            id=name,
            request=written.request,
            scenario=Scenario(
                goal=written.goal,
                known=" ".join(f"The {humanize(one.name)} is {one.value}." for one in written.facts),
                facts={one.name: one.value for one in written.facts},
            ),
            calls=written.calls,
            facts=cast(Any, written.tell),
        )
    except ValidationError as problem:
        raise SpecError(f"task {name}: {describe_error(problem)}") from None
    return await complete_draft(made, runtime)
