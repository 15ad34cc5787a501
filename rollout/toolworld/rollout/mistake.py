"""Scripts for the scripted agent: the ground truth of a task, or the same with a mistake planted in it.

Planted mistakes are the negative control of every judge: each is one that real agents make.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from toolworld.datasets import Task, run_reference
from toolworld.environments import Call, Runtime, ToolSpec
from toolworld.ground import JsonValue, same

Mistake = Literal["nothing", "dropped_write", "changed_argument", "extra_write", "unconfirmed_write", "untold_fact"]
"""What the agent does wrong: nothing at all, a write left out, one with another argument, one more
than asked for, one without asking the user, or a fact that the user is not told."""

MISTAKES: tuple[Mistake, ...] = get_args(Mistake)


@dataclass(frozen=True, slots=True)
class Script:
    """What a scripted agent does."""

    calls: tuple[Call, ...]
    facts: tuple[str, ...] = ()
    asks: bool = True
    """Whether it asks the user for values that it has not heard."""
    confirms: bool = True
    """Whether it waits for a yes before it changes something."""
    silent: bool = False
    mistake: Mistake | None = None


def script_of(task: Task) -> Script:
    """Give the script that does a task right."""
    return Script(tuple(reference.call for reference in task.calls), task.expected.facts)


async def plant(task: Task, mistake: Mistake, runtime: Runtime, others: Sequence[Task], seed: int = 0) -> Script | None:
    """Give a script with a mistake in it, or None where the task leaves no room for such a mistake."""
    right = replace(script_of(task), mistake=mistake)
    chance = random.Random(f"{task.id}/{mistake}/{seed}")
    writes = [number for number, call in enumerate(right.calls) if runtime.tool(call.name).effect == "write"]
    match mistake:
        case "nothing":
            return Script((), silent=True, mistake=mistake)
        case "untold_fact":
            return replace(right, facts=()) if _has_news(right) else None
        case "unconfirmed_write":
            succeeds = any(task.calls[number].error is None for number in writes)
            return replace(right, confirms=False) if succeeds else None
        case "dropped_write":
            return replace(right, calls=without(right.calls, chance.choice(writes))) if writes else None
        case "changed_argument":
            changed = [calls for number in writes for _, calls in altered(right.calls, number, runtime)]
            return replace(right, calls=chance.choice(changed)) if changed else None
        case "extra_write":
            extra = await _extra_write(right.calls, runtime, others, chance, task.seed)
            return replace(right, calls=(*right.calls, extra)) if extra else None


def _has_news(script: Script) -> bool:
    """Tell whether there is a fact that the announcements of the calls do not give away."""
    given_away = " ".join(str(call.arguments) for call in script.calls)
    return any(not any(wording in given_away for wording in fact.split("|")) for fact in script.facts)


def without(calls: tuple[Call, ...], number: int) -> tuple[Call, ...]:
    """Leave out a call."""
    return calls[:number] + calls[number + 1 :]


def altered(calls: tuple[Call, ...], number: int, runtime: Runtime) -> Iterator[tuple[str, tuple[Call, ...]]]:
    """Give the calls with one argument of one of them changed, once for each argument that is compared."""
    call = calls[number]
    tool = runtime.tool(call.name)
    for name, value in call.arguments.items():
        if name in tool.free_text:
            continue
        changed = Call(name=call.name, arguments={**call.arguments, name: _other(value, tool, name)})
        yield name, (*calls[:number], changed, *calls[number + 1 :])


def _other(value: JsonValue, tool: ToolSpec, name: str) -> JsonValue:
    """Give another value of the same kind."""
    allowed = tool.parameters.get(name, {}).get("enum")
    if isinstance(allowed, list):
        return next((other for other in allowed if not same(other, value)), None)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return _other_text(value)
    if isinstance(value, list) and value:
        last = value[-1]
        return [*value[:-1], _other_text(last) if isinstance(last, str) else None]
    return None


def _other_text(text: str) -> str:
    if text and text[-1].isdigit():
        return text[:-1] + str((int(text[-1]) + 1) % 10)
    return f"{text} 2"


async def _extra_write(
    calls: tuple[Call, ...], runtime: Runtime, others: Sequence[Task], chance: random.Random, seed: int
) -> Call | None:
    """Find a write of another task that would still change something after these calls."""
    candidates = [
        reference.call
        for task in others
        if task.environment == runtime.environment.id
        for reference in task.calls
        if runtime.tool(reference.call.name).effect == "write"
        and reference.error is None
        and reference.call not in calls
    ]
    chance.shuffle(candidates)
    before = await run_reference(runtime, calls, seed)
    for candidate in candidates:
        after = await run_reference(runtime, (*calls, candidate), seed)
        if after.digest != before.digest:
            return candidate
    return None
