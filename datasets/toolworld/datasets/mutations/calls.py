"""Wrong lists of calls, made from right ones."""

import random
from collections.abc import Iterator, Mapping, Sequence

from toolworld.datasets.mutations.values import other_value
from toolworld.environments import Call, Runtime
from toolworld.ground import JsonValue


def without_call(calls: tuple[Call, ...], number: int) -> tuple[Call, ...]:
    """The calls without the one at a position."""
    return calls[:number] + calls[number + 1 :]


def changed_arguments(calls: tuple[Call, ...], number: int, runtime: Runtime) -> Iterator[tuple[str, tuple[Call, ...]]]:
    """The calls with one argument of one call changed: once for each argument that judges compare, with its name."""
    call = calls[number]
    tool = runtime.tool(call.name)
    for name, value in call.arguments.items():
        if name in tool.free_text:
            continue
        changed = Call(name=call.name, arguments={**call.arguments, name: other_value(value, tool, name)})
        yield name, _with(calls, number, changed)


def without_arguments(calls: tuple[Call, ...], number: int, runtime: Runtime) -> Iterator[tuple[str, tuple[Call, ...]]]:
    """The calls with one argument of one call left out: once for each that judges compare, with its name."""
    call = calls[number]
    tool = runtime.tool(call.name)
    for name in call.arguments:
        if name not in tool.free_text:
            kept = {one: value for one, value in call.arguments.items() if one != name}
            yield name, _with(calls, number, Call(name=call.name, arguments=kept))


def with_more_arguments(
    calls: tuple[Call, ...], number: int, runtime: Runtime, known: Sequence[Call] = ()
) -> Iterator[tuple[str, tuple[Call, ...]]]:
    """The calls with one argument more for one call, with its name.

    Args:
        calls: The calls.
        number: The position of the call.
        runtime: Its environment.
        known: Other calls, from which values of the same parameter are taken; else the schema has to tell one.
    """
    call = calls[number]
    tool = runtime.tool(call.name)
    for name, schema in tool.parameters.items():
        if name in call.arguments or name in tool.free_text:
            continue
        said = [one.arguments[name] for one in known if one.name == call.name and name in one.arguments]
        value = said[0] if said else _value_of(schema)
        if value is not None:
            yield name, _with(calls, number, Call(name=call.name, arguments={**call.arguments, name: value}))


def with_other_entities(
    calls: tuple[Call, ...], number: int, runtime: Runtime, draw: random.Random, most: int = 8
) -> Iterator[tuple[str, tuple[Call, ...]]]:
    """The calls with one key of one call replaced by that of another record of the same collection, with its name.

    Args:
        calls: The calls, without references.
        number: The position of the call.
        runtime: Its environment.
        draw: Chooses the records; those that share most with the right one come first.
        most: How many are given for each argument.
    """
    state = runtime.start.state
    for name, value in calls[number].arguments.items():
        if not isinstance(value, str):
            continue
        for collection in runtime.environment.state_schema.collections:
            right = state.get(collection, value)
            if right is None:
                continue
            others = [(_shared(right, record), key) for key, record in state.rows(collection) if key != value]
            draw.shuffle(others)
            for _, key in sorted(others, key=lambda other: -other[0])[:most]:
                changed = Call(name=calls[number].name, arguments={**calls[number].arguments, name: key})
                yield name, _with(calls, number, changed)


def _with(calls: tuple[Call, ...], number: int, call: Call) -> tuple[Call, ...]:
    return (*calls[:number], call, *calls[number + 1 :])


def _shared(one: Mapping[str, object], other: Mapping[str, object]) -> int:
    """How many fields of two records are the same."""
    return sum(field in other and other[field] == value for field, value in one.items())


def _value_of(schema: Mapping[str, JsonValue]) -> JsonValue:
    """A value of a simple schema; None where it does not tell one."""
    allowed = schema.get("enum")
    if isinstance(allowed, list) and allowed:
        return allowed[0]
    match schema.get("type"):
        case "boolean":
            return True
        case "integer" | "number":
            least = schema.get("minimum")
            return least if isinstance(least, int | float) else 1
        case _:
            return None
