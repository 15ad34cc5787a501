"""tau2-bench tasks: reference calls, what the user knows, and what must be communicated, as toolworld tasks."""

import re
from pathlib import Path
from typing import Any

from toolworld.datasets.fact import fact_of
from toolworld.datasets.task import Scenario, Task
from toolworld.datasets.truth.draft import DraftCall, TaskDraft, complete_draft
from toolworld.environments import Runtime
from toolworld.ground import EncodingError, JsonValue, Record, decode, read_lines

_TRANSFER = "transfer_to_human_agents"


class _RecordedCall(Record):
    name: str
    arguments: dict[str, JsonValue]
    result: str
    is_error: bool


class Tau2Instructions(Record):
    """What the simulated user is told."""

    reason_for_call: str
    known_info: str | None = None
    unknown_info: str | None = None
    task_instructions: str


class _Instructions(Tau2Instructions):
    domain: str


class _UserScenario(Record):
    persona: str | None = None
    instructions: _Instructions


class Tau2Task(Record):
    """A row of a tau2 tasks file with its recorded calls."""

    id: str
    user_scenario: _UserScenario
    calls: tuple[_RecordedCall, ...]
    final_diff: tuple[dict[str, Any], ...]
    communicate_info: tuple[str, ...]
    reward_basis: tuple[str, ...]


def read_tau2_tasks(path: Path) -> tuple[Tau2Task, ...]:
    """Read a tasks file.

    Raises:
        RecordError: it cannot be read, or a line is no such task.
    """
    return read_lines(path, Tau2Task).records


async def import_tau2_task(row: Tau2Task, runtime: Runtime) -> Task:
    """Make a task of a row, with the ground truth derived by making its calls here."""
    instructions = row.user_scenario.instructions
    draft = TaskDraft(
        id=row.id,
        request=first_person(instructions.reason_for_call),
        scenario=tau2_scenario(row.user_scenario.persona, instructions),
        calls=tuple(DraftCall(name=call.name, arguments=call.arguments, fails=call.is_error) for call in row.calls),
        facts=tuple(map(fact_of, row.communicate_info)),
    )
    return with_required_transfers(await complete_draft(draft, runtime))


def tau2_scenario(persona: str | None, told: Tau2Instructions) -> Scenario:
    """What the simulated user knows and wants."""
    return Scenario(
        persona=persona or "",
        goal=told.reason_for_call,
        known=first_person(told.known_info or ""),
        unknown=told.unknown_info or "",
        instructions=told.task_instructions,
    )


def with_required_transfers(task: Task) -> Task:
    """The task with its transfers to a human required by name, as they leave no trace in the database."""
    transfers = {n for n, one in enumerate(task.calls) if one.call.name == _TRANSFER and one.error is None}
    required = tuple(sorted({*task.truth.calls, *transfers}))
    return task.model_copy(update={"truth": task.truth.model_copy(update={"calls": required})})


def recorded_value(text: str) -> JsonValue:
    """Read a recorded result: objects and arrays are JSON, anything else is a plain string."""
    try:
        value = decode(text)
    except EncodingError:
        return text
    return value if isinstance(value, dict | list) else text


_PERSONS = {"you are": "I am", "you're": "I'm", "your": "my", "yours": "mine", "yourself": "myself", "you": "I"}


def first_person(text: str) -> str:
    """Rewrite a scenario's "You want ..." as the user would say it: "I want ..."."""

    def swap(match: re.Match[str]) -> str:
        word = _PERSONS[match[0].lower()]
        return word[0].upper() + word[1:] if match[0][0].isupper() else word

    words = sorted(_PERSONS, key=len, reverse=True)
    return re.sub(rf"\b(?:{'|'.join(map(re.escape, words))})\b", swap, text, flags=re.IGNORECASE)
