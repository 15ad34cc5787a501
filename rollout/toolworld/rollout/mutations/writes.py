"""Changes that are left out, wrong, too many, or not agreed to."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace

from toolworld.datasets import ReferenceRun, changed_arguments, run_reference, without_call
from toolworld.environments import Call, Confirm, Op, State, ToolSpec, Update, comparable_ops, place_of
from toolworld.ground import JsonValue
from toolworld.rollout.mutations.material import Material
from toolworld.rollout.players.script import ADDED, Consent, Script

MAX_TRIED = 40
"""Changes of other tasks that are tried until one fits."""


async def dropped_write(material: Material) -> Script | None:
    """One left out; what refers to the others goes on referring to them."""
    lasting = await _lasting_writes(material)
    if not lasting:
        return None
    left_out = material.chance.choice(lasting)
    calls = material.right.calls
    positions = tuple(place for place in range(len(calls)) if place != left_out)
    return replace(material.right, calls=without_call(calls, left_out), positions=positions)


async def changed_argument(material: Material) -> Script | None:
    """One with another argument."""
    found = [
        material.with_call(number, calls[number])
        for number in await _lasting_writes(material)
        for _, calls in changed_arguments(material.made, number, material.runtime)
    ]
    return material.chance.choice(found) if found else None


async def _lasting_writes(material: Material) -> list[int]:
    """The positions of the changes that show in the end, or are required all the same; not of those taken back."""
    schema = material.runtime.environment.state_schema
    made = tuple(reference.call for reference in material.task.calls)
    before = comparable_ops(material.task.truth.changes, schema)
    lasting: list[int] = []
    for place in material.writes:
        after = await run_reference(material.runtime, without_call(made, place), material.task.seed)
        if place in material.task.truth.calls or comparable_ops(after.changes, schema) != before:
            lasting.append(place)
    return lasting


def with_consent(material: Material, consent: Consent) -> Script | None:
    """Each without the user's yes to it, where the policy wants one."""
    rules = [rule for rule in material.runtime.environment.rules if isinstance(rule, Confirm)]
    wanted = {name for rule in rules for name in rule.tools}
    needs_consent = any(material.made[place].name in wanted for place in material.writes)
    return replace(material.right, consent=consent) if needs_consent else None


def unrelated_consent(material: Material) -> Script | None:
    """Each after a yes to another change; where the first one is refused, the yes to the second is there in time."""
    tools = [material.runtime.tool(reference.call.name) for reference in material.task.calls]
    first = next((number for number, tool in enumerate(tools) if tool.effect == "write"), None)
    return with_consent(material, "unrelated") if first in material.writes else None


async def extra_write(material: Material) -> Script | None:
    """One of another task, which would still change something."""
    right = await _right(material)
    async for call, after in _candidates(material, right):
        if after.digest != right.digest:
            return _with(material, call)
    return None


async def undone_write(material: Material) -> Script | None:
    """One of another task, and another that takes it back: in the end nothing shows."""
    right, schema = await _right(material), material.runtime.environment.state_schema
    before = comparable_ops(right.changes, schema)
    async for call, after in _candidates(material, right):
        if comparable_ops(after.changes, schema) == before:
            continue
        for back in _reversals(call, after.events[-1].ops, material):
            found = await material.run([back], after)
            if found is not None and comparable_ops(found.changes, schema) == before:
                return _with(material, call, back)
    return None


async def volatile_write(material: Material) -> Script | None:
    """One like another task's that changes nothing but what is not compared, in a record of no concern."""
    right, schema = await _right(material), material.runtime.environment.state_schema
    concerned = {place_of(op) for event in right.events for op in event.ops}
    for call in _calls_of_writes(material):
        noted = _noted(material.runtime.tool(call.name), call)
        after = await material.run([noted], right)
        ops = after.events[-1].ops if after is not None else ()
        is_changed = any(not isinstance(op, Update) or op.fields for op in ops)
        if is_changed and not comparable_ops(ops, schema) and not concerned & {place_of(op) for op in ops}:
            return _with(material, noted)
    return None


async def _candidates(material: Material, right: ReferenceRun) -> AsyncIterator[tuple[Call, ReferenceRun]]:
    """Changes of other tasks that succeed after the right calls, with what comes of them."""
    for call in _calls_of_writes(material):
        after = await material.run([call], right)
        if after is not None and after.events[-1].failure is None:
            yield call, after


def _calls_of_writes(material: Material) -> list[Call]:
    tools = frozenset(tool.name for tool in material.runtime.environment.tools if tool.effect == "write")
    return material.calls_of_others(tools)[:MAX_TRIED]


async def _right(material: Material) -> ReferenceRun:
    return await run_reference(material.runtime, material.right.calls, material.task.seed)


def _with(material: Material, *added: Call) -> Script:
    calls = material.right.calls
    positions = (*range(len(calls)), *(ADDED for _ in added))
    return replace(material.right, calls=(*calls, *added), positions=positions)


def _reversals(call: Call, ops: Sequence[Op], material: Material) -> Iterator[Call]:
    """Calls that may take a change back: with the same values, and with those that its records had before."""
    values = call.arguments | _values_before(ops, material.runtime.start.state)
    for tool in material.runtime.environment.tools:
        if tool.effect == "write":
            yield from _calls_with(tool, values)


def _values_before(ops: Sequence[Op], start: State) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for op in ops:
        if isinstance(op, Update):
            record = start.get(op.collection, op.key) or {}
            found |= {name: record[name] for name in op.fields if name in record}
    return found


def _noted(tool: ToolSpec, call: Call) -> Call:
    """The call with its free texts written anew, and with nothing else that can be left out."""
    kept = {name: call.arguments[name] for name in _required(tool) if name in call.arguments}
    return Call(name=tool.name, arguments=kept | dict.fromkeys(tool.free_text, "Nothing to note."))


def _required(tool: ToolSpec) -> list[str]:
    names = tool.input_schema.get("required")
    return [str(name) for name in names] if isinstance(names, list) else []


def _calls_with(tool: ToolSpec, values: Mapping[str, JsonValue]) -> Iterator[Call]:
    """The calls of a tool with all values that have the names of its parameters, and with the required ones only."""
    given = {name: values[name] for name in tool.parameters if values.get(name) is not None}
    names = _required(tool)
    if given.keys() >= {*names}:
        yield Call(name=tool.name, arguments=given)
        yield Call(name=tool.name, arguments={name: given[name] for name in names})
