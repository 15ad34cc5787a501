"""Task drafts: tasks as a person writes them, completed with the ground truth that follows from making their calls.

An environment folder holds drafts in `tasks.json`. Their truth (results, changes, digests) is derived
when they are loaded, so an edit of the environment never leaves stale truth behind.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from toolworld.datasets.fact import Facts, Secret
from toolworld.datasets.task import Scenario, Task
from toolworld.datasets.truth.reference import derive_truth
from toolworld.datasets.truth.references import with_results
from toolworld.environments import Call, Runtime
from toolworld.ground import (
    JsonObject,
    JsonValue,
    NotFoundError,
    Record,
    RecordError,
    SpecError,
    describe_error,
    described_schema,
    read_json_text,
    read_lines,
)

DRAFTS, TASKS = "tasks.json", "tasks.jsonl"
MAX_DRAFTS_BYTES = 64 << 20


class DraftCall(Record):
    """A call of the reference solution."""

    name: str
    """The tool."""
    arguments: dict[str, JsonValue]
    """Its arguments; `"$4.dispute_id"` is a field of what call 4 returned, counted from 0."""
    fails: bool = False
    """Whether the tool is meant to refuse it; such a call is not required."""
    unless_told: Facts = ()
    """What the user may tell instead, so that the call is not needed where it is required."""


class TaskDraft(Record):
    """A task without its ground truth."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    """Unique in its environment."""
    request: str
    """The user's opening words."""
    scenario: Scenario
    """The user's side: what a user proxy wants and knows."""
    calls: tuple[DraftCall, ...]
    """The right calls, in an order in which they can be made."""
    facts: Facts = ()
    """What the agent has to tell the user: typed values, answers and statements; plain words are read as the value
    that they are, else as a text."""
    never_told: tuple[Secret, ...] = ()
    """What the agent must not tell the user, unless the user said it first."""
    forbidden: tuple[Call, ...] = ()
    """Calls that must not succeed; arguments that are left out match any."""
    order: Literal["any", "given"] = "any"
    """Whether the required calls must come in the order of `calls`."""
    required: tuple[int, ...] | None = None
    """Positions of calls that must be made although the final state does not show whether they were; by default what
    follows from the calls: see `derive_truth`."""
    seed: Annotated[int, Field(ge=0, lt=2**53)] = 0
    """Decides the ids that the calls issue."""


def drafts_schema() -> JsonObject:
    """The JSON Schema of `tasks.json`, a list of drafts."""
    draft = described_schema(TaskDraft)
    parts = draft.pop("$defs", {})
    return {"title": DRAFTS, "type": "array", "items": draft, "$defs": parts}


_DRAFTS: TypeAdapter[tuple[TaskDraft, ...]] = TypeAdapter(tuple[TaskDraft, ...])


async def complete_draft(draft: TaskDraft, runtime: Runtime) -> Task:
    """Complete a draft with the ground truth that follows from making its calls.

    Raises:
        SpecError: a call is refused that should not be, or the other way round.
    """
    environment = runtime.environment
    where = f"task {draft.id}"
    calls = [Call(name=call.name, arguments=call.arguments) for call in draft.calls]
    for number in (number for number in draft.required or () if not 0 <= number < len(calls)):
        raise SpecError(f"{where} requires call {number}, and its calls are 0 to {len(calls) - 1}")
    try:
        for number in (one.after for one in draft.scenario.reactions if one.after is not None):
            _check_changes(number, calls, runtime)
        for call in draft.forbidden:
            runtime.tool(call.name)
        reference, truth = await derive_truth(runtime, calls, draft.facts, draft.forbidden, draft.seed)
        truth = truth.model_copy(update={"never_told": draft.never_told})
        with_results(truth, {event.step: event.result for event in reference.events})  # to refuse it now, not later
    except (NotFoundError, SpecError) as problem:
        raise SpecError(f"{where}: {problem}") from None
    for call, event in zip(draft.calls, reference.events, strict=True):
        if call.fails != (event.failure is not None):
            problem_text = f"is refused: {event.failure.message}" if event.failure else 'succeeds, and it says "fails"'
            raise SpecError(f"{where}, call {event.step} ({call.name}) {problem_text}")
    required = (
        _required_before_change_of_mind(truth.calls, draft)
        if draft.required is None
        else tuple(sorted({*draft.required}))
    )
    return Task(
        id=f"{environment.id}/{draft.id}",
        environment=environment.id,
        environment_version=environment.version,
        request=draft.request,
        scenario=draft.scenario,
        calls=tuple(
            made.model_copy(update={"unless_told": call.unless_told})
            for made, call in zip(reference.calls, draft.calls, strict=True)
        ),
        truth=truth.model_copy(update={"calls": tuple(sorted({*required})), "order": draft.order}),
        seed=draft.seed,
    )


def _required_before_change_of_mind(required: tuple[int, ...], draft: TaskDraft) -> tuple[int, ...]:
    """The required calls before the first change of mind; from there on only the final state counts, since who waits
    for it need not make what it takes back."""
    first = min((one.after for one in draft.scenario.reactions if one.after is not None), default=len(draft.calls))
    return tuple(number for number in required if number < first)


def _check_changes(number: int, calls: Sequence[Call], runtime: Runtime) -> None:
    """Refuse a reaction that comes after a call that is none, or that changes nothing."""
    if number >= len(calls) or runtime.tool(calls[number].name).effect != "write":
        raise SpecError(f"a reaction comes after call {number}, which is no call of the task that changes something")


async def load_tasks(folder: Path, runtime: Runtime) -> tuple[Task, ...]:
    """Load the tasks of an environment folder: finished ones, or drafts; none where it has neither file.

    Raises:
        RecordError: a file cannot be read, or a task in it is malformed.
        SpecError: a draft cannot be done.
    """
    if (folder / TASKS).is_file():
        return read_lines(folder / TASKS, Task, within=folder).records
    if not (folder / DRAFTS).is_file():
        return ()
    try:
        without_truth = set(drafts_without_programs(folder, runtime))
        drafts = [draft for draft in read_drafts(folder / DRAFTS) if draft.id not in without_truth]
        return tuple([await complete_draft(draft, runtime) for draft in drafts])
    except SpecError as problem:
        raise SpecError(f"{folder / DRAFTS}: {problem}") from None


def drafts_without_programs(folder: Path, runtime: Runtime) -> list[str]:
    """The ids of drafts whose truth cannot be derived, because only a model simulates a tool that they use.

    What a model answers is not the same each time, so it is no ground truth; and deriving it would cost.
    """
    if runtime.simulation.model is None or (folder / TASKS).is_file() or not (folder / DRAFTS).is_file():
        return []
    with_program = {tool.name for tool in runtime.environment.tools if runtime.has_program(tool)}
    used = {draft.id: {call.name for call in draft.calls} for draft in read_drafts(folder / DRAFTS)}
    return [name for name, tools in used.items() if not tools <= with_program]


def read_drafts(path: Path) -> Sequence[TaskDraft]:
    """Read a file of drafts."""
    try:
        return _DRAFTS.validate_json(read_json_text(path, most=MAX_DRAFTS_BYTES, within=path.parent))
    except ValidationError as problem:
        raise RecordError(f"{path}: {describe_error(problem)}") from None
