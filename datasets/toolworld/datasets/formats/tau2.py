"""tau2-bench tasks: reference calls, what the user knows, and what must be communicated, as toolworld tasks."""

import re
from pathlib import Path
from typing import Any

from toolworld.datasets.fact import fact_of
from toolworld.datasets.task import Scenario, Task
from toolworld.datasets.truth.draft import DraftCall, TaskDraft, complete_draft
from toolworld.environments import Runtime
from toolworld.ground import EncodingError, JsonValue, Record, decode, read_lines


class _RecordedCall(Record):
    name: str
    arguments: dict[str, JsonValue]
    result: str
    is_error: bool


class _Instructions(Record):
    domain: str
    reason_for_call: str
    known_info: str | None = None
    unknown_info: str | None = None
    task_instructions: str


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
    """Make a task of a row, with the ground truth derived by making its calls here.

    Transfers to a human leave no trace in the database, so they are required by name.
    """
    instructions = row.user_scenario.instructions
    draft = TaskDraft(
        id=row.id,
        request=first_person(instructions.reason_for_call),
        scenario=Scenario(
            persona=row.user_scenario.persona or "",
            goal=instructions.reason_for_call,
            known=first_person(instructions.known_info or ""),
            unknown=instructions.unknown_info or "",
            instructions=instructions.task_instructions,
        ),
        calls=tuple(DraftCall(name=call.name, arguments=call.arguments, fails=call.is_error) for call in row.calls),
        facts=tuple(map(fact_of, row.communicate_info)),
    )
    task = await complete_draft(draft, runtime)
    handed_over = {number for number, call in enumerate(row.calls) if call.name == "transfer_to_human_agents"}
    required = tuple(sorted({*task.truth.calls, *handed_over}))  # a transfer leaves no trace in the state
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
