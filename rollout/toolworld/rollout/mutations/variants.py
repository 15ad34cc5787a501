"""Right runs that go otherwise: a judge that fails one of them raises a false alarm."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace

from toolworld.datasets import Task, changed_arguments, equal_value, referred_calls, value_facts, wording_of
from toolworld.environments import AtMost, Call, Runtime, comparable_ops
from toolworld.ground import JsonValue, digest, leaves
from toolworld.rollout.mutation import Variant
from toolworld.rollout.mutations.material import Material
from toolworld.rollout.mutations.people import identifying_tools
from toolworld.rollout.players.script import ADDED, Script, script_of


async def varied_script(task: Task, variant: Variant, runtime: Runtime) -> Script | None:
    """A task's right script in a variant, or None where the task leaves no room for it."""
    draw = random.Random(f"{task.id}/{variant}")
    right = script_of(task)
    return await _VARIED[variant](Material(task=task, right=right, runtime=runtime, others=(), chance=draw))


async def _other_words(material: Material) -> Script:
    return replace(material.right, manner=_drawn(material, "words"))


async def _other_paraphrases(material: Material) -> Script:
    return replace(material.right, phrasing=_drawn(material, "phrasing"))


def _drawn(material: Material, purpose: str) -> int:
    return int(digest([material.task.id, purpose])[:8], 16)


async def _other_order(material: Material) -> Script | None:
    """Each look-up as early as what it needs is known; faults depend on the step of a call, so that they keep theirs.

    Changes keep their order, and so do look-ups that would show something else before them.
    """
    if material.task.faults is not None:
        return None
    runtime, right = material.runtime, material.right
    known = 1 + max((number for number, call in enumerate(material.made) if _identifies(call, material)), default=0)
    first, later = list(range(known)), list(range(known, len(right.calls)))
    for number in [one for one in later if not material.task.calls[one].writes]:
        made = material.task.calls[number]
        event, _ = await runtime.step(runtime.start, made.call, material.task.seed, runtime.truth_simulator)
        if referred_calls(right.calls[number].arguments) <= {*first} and event.result == made.result:
            first.append(number)
            later.remove(number)
    order = (*first, *later)
    if order == tuple(range(len(order))):
        return None
    return replace(right, calls=tuple(right.calls[number] for number in order), positions=order)


def _identifies(call: Call, material: Material) -> bool:
    return call.name in identifying_tools(material.runtime)


async def _extra_reads(material: Material) -> Script | None:
    """Each look-up twice, but for those that say who the user is."""
    if material.task.faults is not None:
        return None
    reads = [number for number in _free_reads(material) if material.task.calls[number].error is None]
    if not reads:
        return None
    calls: list[Call] = []
    positions: list[int] = []
    for number, call in enumerate(material.right.calls):
        calls += [call, call] if number in reads else [call]
        positions += [number, ADDED] if number in reads else [number]
    return replace(material.right, calls=tuple(calls), positions=tuple(positions))


async def _equal_values(material: Material) -> Script | None:
    """One value written otherwise, which the tool takes for the same."""
    for number, call in enumerate(material.made):
        for name, value in call.arguments.items():
            other = equal_value(value)
            if other is not None and await _ends_the_same(material, number, {name: other}):
                return _with_argument(material, number, {name: other})
    return None


async def _ends_the_same(material: Material, number: int, changed: dict[str, JsonValue]) -> bool:
    made = material.made
    call = Call(name=made[number].name, arguments={**made[number].arguments, **changed})
    run = await material.run((*made[:number], call, *made[number + 1 :]))
    if run is None:
        return False
    before = [one.error for one in material.task.calls]
    after = [event.failure.code if event.failure else None for event in run.events]
    environment = material.runtime.environment
    schema, country = environment.state_schema, environment.reads.country
    right = comparable_ops(material.task.truth.changes, schema, country)
    return before == after and comparable_ops(run.changes, schema, country) == right


def _with_argument(material: Material, number: int, changed: dict[str, JsonValue]) -> Script:
    calls = material.right.calls
    call = Call(name=calls[number].name, arguments={**calls[number].arguments, **changed})
    return replace(material.right, calls=(*calls[:number], call, *calls[number + 1 :]))


async def _retried_error(material: Material) -> Script | None:
    """A look-up with a wrong argument first, which the tool refuses, and then the right one."""
    if material.task.faults is not None:
        return None
    for number in _free_reads(material):
        for _, calls in changed_arguments(material.made, number, material.runtime):
            run = await material.run(calls[: number + 1])
            failure = run.events[-1].failure if run is not None else None
            if failure is not None and failure.kind == "tool":
                right = material.right.calls
                positions = (*range(number), ADDED, *range(number, len(right)))
                tried = (*right[:number], calls[number], *right[number:])
                return replace(material.right, calls=tried, positions=positions)
    return None


def _free_reads(material: Material) -> list[int]:
    """The positions of look-ups that may be made as often as one likes."""
    rules = material.runtime.environment.rules
    counted = {name for rule in rules if isinstance(rule, AtMost) for name in rule.tools}
    counted |= identifying_tools(material.runtime)
    tools = [material.runtime.tool(call.name) for call in material.made]
    return [number for number, tool in enumerate(tools) if tool.effect == "read" and tool.name not in counted]


async def _earlier_facts(material: Material) -> Script | None:
    """The facts that are known before the last change are told with its proposal."""
    if not material.writes:
        return None
    results = [one.result for one in material.task.calls[: material.writes[-1]] if one.error is None]
    seen = {str(leaf) for leaf in leaves([*results])}
    known = tuple(fact for fact in material.right.facts if any(wording_of(one) in seen for one in value_facts(fact)))
    rest = tuple(fact for fact in material.right.facts if fact not in known)
    return replace(material.right, earlier=known, facts=rest) if known else None


_VARIED: dict[Variant, Callable[[Material], Awaitable[Script | None]]] = {
    "other_words": _other_words,
    "other_order": _other_order,
    "other_paraphrases": _other_paraphrases,
    "extra_reads": _extra_reads,
    "equal_values": _equal_values,
    "retried_error": _retried_error,
    "earlier_facts": _earlier_facts,
}
