"""The lineage of arguments: for each argument of a task's calls, which earlier result or which words it comes from."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from toolworld.datasets.task import Task
from toolworld.datasets.truth.references import reference_in
from toolworld.environments import Environment, ToolSpec
from toolworld.ground import JsonValue, Record, humanize, is_said_in

ArgumentSource = Literal["result", "user", "policy", "default", "ungrounded"]
"""An earlier result; what the user says or knows; the policy; the tool's own default; or nothing that an agent sees."""
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*")


class ArgumentLineage(Record):
    """Where an argument of a call comes from."""

    call: int
    """The position of the call."""
    tool: str
    argument: str
    value: JsonValue
    source: ArgumentSource
    of: str = ""
    """The place in an earlier result, `$1.permit_id`; empty for other sources."""


def lineage_of(task: Task, environment: Environment) -> tuple[ArgumentLineage, ...]:
    """The lineage of every argument of a task's calls, in their order."""
    return tuple(_lineage(task, environment))


def _lineage(task: Task, environment: Environment) -> Iterator[ArgumentLineage]:
    known = _words_of_user(task)
    results: list[JsonValue] = []
    for number, one in enumerate(task.calls):
        written = (one.written or one.call).arguments
        tool = environment.tool(one.call.name)
        for name, value in one.call.arguments.items():
            source, of = _source(written.get(name), value, results, known, (tool, name, environment.policy))
            yield ArgumentLineage(call=number, tool=one.call.name, argument=name, value=value, source=source, of=of)
        results.append(one.result)


def _source(
    written: JsonValue,
    value: JsonValue,
    results: Sequence[JsonValue],
    known: str,
    place: tuple[ToolSpec | None, str, str],
) -> tuple[ArgumentSource, str]:
    tool, name, policy = place
    reference = reference_in(written)
    if reference is not None and not (isinstance(value, str) and _is_said(value, name, known)):
        return "result", reference
    leaves = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else [value]
    if all(_is_said(one, name, known) for one in leaves):
        return "user", ""
    found = next((path for number, one in enumerate(results) for path in _paths(one, f"${number}", value)), None)
    if found is not None:
        return "result", found
    if all(_is_said(one, name, policy.casefold()) for one in leaves):
        return "policy", ""
    is_default = tool is not None and tool.parameters.get(name, {}).get("default") == value
    return ("default" if is_default else "ungrounded"), ""


def _words_of_user(task: Task) -> str:
    """All that a user says or can say, in lower case."""
    scenario = task.scenario
    facts = "\n".join(f"{humanize(name)}: {value}" for name, value in scenario.facts.items())
    said = [one.say for one in scenario.reactions]
    return "\n".join([task.request, scenario.goal, scenario.known, scenario.persona, facts, *said]).casefold()


def _is_said(value: JsonValue, name: str, words: str) -> bool:
    """Whether words say a value: a text of it in any marks, a number by itself, a yes or no by its name."""
    if isinstance(value, bool):
        return humanize(name) in words
    if isinstance(value, int | float):
        return float(value) in {float(one.replace(",", "")) for one in _NUMBER.findall(words) if _is_number(one)}
    if not isinstance(value, str):
        return value is None
    return bool(value) and is_said_in(value, words)


def _is_number(text: str) -> bool:
    return text.replace(",", "").count(".") <= 1


def _paths(value: JsonValue, path: str, wanted: JsonValue) -> Iterator[str]:
    """Where a value stands in a result; yes and no, and numbers of one digit, stand everywhere."""
    if isinstance(wanted, bool | None) or (isinstance(wanted, int | float) and abs(wanted) < _TELLING):
        return
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    if value == wanted:
        yield path
    for name, inner in items:
        yield from _paths(inner, f"{path}.{name}", wanted)


_TELLING = 10
