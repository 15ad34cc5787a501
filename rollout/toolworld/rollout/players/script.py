"""Scripts for the scripted agent: a task's reference calls, or the same with a mutation.

Mutations are the negative control of every judge: each is a mistake that real agents make.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, get_args

from toolworld.datasets import Facts, Task, changed_arguments, run_reference, without_call
from toolworld.environments import Call, Reads, Runtime
from toolworld.ground import JsonValue, humanize
from toolworld.judges import ANYTHING_SAID, read_message, tell_in

Mutation = Literal["nothing", "dropped_write", "changed_argument", "extra_write", "unconfirmed_write", "untold_fact"]
"""What the agent does wrong: nothing at all, a write left out, a write with another argument, one write too many, a
write without asking the user, or a fact that the user is not told."""

MUTATIONS: tuple[Mutation, ...] = get_args(Mutation)


_ANY_DAY = date(2026, 1, 1)


@dataclass(frozen=True, slots=True)
class Script:
    """What a scripted agent does."""

    calls: tuple[Call, ...]
    """Arguments may refer to the results of earlier calls, `$4.dispute_id`."""
    positions: tuple[int, ...] | None = None
    """The position of each call in the task, where some are left out; by default they are in order."""
    facts: Facts = ()
    """What it tells the user at the end."""
    asks: bool = True
    """Whether it asks the user for values that it has not heard."""
    confirms: bool = True
    """Whether it waits for a yes before it changes something."""
    silent: bool = False
    mutation: Mutation | None = None


def script_of(task: Task) -> Script:
    """The script that does a task right."""
    return Script(tuple(reference.written or reference.call for reference in task.calls), facts=task.truth.facts)


async def mutated_script(
    task: Task, mutation: Mutation, runtime: Runtime, others: Sequence[Task], seed: int = 0
) -> Script | None:
    """A task's script with a mutation, or None where the task leaves no room for it.

    Args:
        task: The task.
        mutation: The kind of mutation.
        runtime: The task's environment.
        others: Tasks from which a write too many may be taken.
        seed: Chooses among possible mutations.
    """
    right = replace(script_of(task), mutation=mutation)
    chance = random.Random(f"{task.id}/{mutation}/{seed}")
    writes = [
        number
        for number, reference in enumerate(task.calls)  # to leave a call out that is refused is no mistake
        if reference.error is None and runtime.tool(reference.call.name).effect == "write"
    ]
    match mutation:
        case "nothing":
            return Script((), silent=True, mutation=mutation)
        case "untold_fact":
            return replace(right, facts=()) if _has_untold_fact(task, right) else None
        case "unconfirmed_write":
            return replace(right, confirms=False) if writes else None
        case "dropped_write":
            left_out = chance.choice(writes) if writes else None
            return None if left_out is None else _without(right, left_out)
        case "changed_argument":
            changed = [calls for number in writes for _, calls in changed_arguments(right.calls, number, runtime)]
            return replace(right, calls=chance.choice(changed)) if changed else None
        case "extra_write":
            extra = await _extra_write(right.calls, runtime, others, chance, task.seed)
            return replace(right, calls=(*right.calls, extra)) if extra else None


def _without(script: Script, number: int) -> Script:
    """The script without one of its calls; what refers to the others goes on referring to them."""
    positions = tuple(place for place in range(len(script.calls)) if place != number)
    return replace(script, calls=without_call(script.calls, number), positions=positions)


def _has_untold_fact(task: Task, script: Script) -> bool:
    """Whether there is a fact that the announcements of the calls do not give away."""
    announced = [read_message(announcement(call), _ANY_DAY, Reads()) for call in script.calls]
    return any(tell_in(fact, announced, ANYTHING_SAID).outcome != "told" for fact in task.truth.facts)


async def _extra_write(
    calls: tuple[Call, ...], runtime: Runtime, others: Sequence[Task], chance: random.Random, seed: int
) -> Call | None:
    """A write of another task that would still change something after these calls."""
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


def announcement(call: Call) -> str:
    """What the agent says that it is about to do."""
    details = details_of(call)
    return f"I am about to {humanize(call.name)}: {details}." if details else f"I am about to {humanize(call.name)}."


def details_of(call: Call) -> str:
    """The arguments of a call in words."""
    return ", ".join(f"{humanize(name)} {_shown(value)}" for name, value in call.arguments.items())


def _shown(value: JsonValue) -> str:
    return ", ".join(str(element) for element in value) if isinstance(value, list) else str(value)
