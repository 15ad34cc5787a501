"""Wrong lists of calls, made from right ones."""

from collections.abc import Iterator

from toolworld.datasets.mutations.values import other_value
from toolworld.environments import Call, Runtime


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
        yield name, (*calls[:number], changed, *calls[number + 1 :])
