"""What differs between two environments: their tools, their state, their policy and their program."""

import difflib
from collections.abc import Iterator
from typing import Literal

from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.ground import JsonObject, Record, same

Change = Literal["added", "removed", "changed"]


class Difference(Record):
    """One thing that differs."""

    what: Literal["tool", "collection", "singleton", "policy", "program", "clock", "rule", "environment"]
    name: str
    change: Change
    details: tuple[str, ...] = ()
    """What of it changed."""


def differences(before: Environment, after: Environment) -> list[Difference]:
    """All that differs between two environments, in the order of the first."""
    return [*_tools(before, after), *_state(before, after), *_texts(before, after)]


def _tools(before: Environment, after: Environment) -> Iterator[Difference]:
    old, new = ({tool.name: tool for tool in one.tools} for one in (before, after))
    for name in dict.fromkeys([*old, *new]):
        if name not in new or name not in old:
            yield Difference(what="tool", name=name, change="added" if name in new else "removed")
        elif details := tuple(_of_tool(old[name], new[name])):
            yield Difference(what="tool", name=name, change="changed", details=details)


def _of_tool(old: ToolSpec, new: ToolSpec) -> Iterator[str]:
    for part in ("description", "effect", "output_schema"):
        if getattr(old, part) != getattr(new, part):
            yield part.replace("_", " ")
    for name in dict.fromkeys([*old.parameters, *new.parameters]):
        if name not in new.parameters or name not in old.parameters:
            yield f"parameter {name} {'added' if name in new.parameters else 'removed'}"
        elif not same(old.parameters[name], new.parameters[name]):
            yield f"parameter {name}"
        elif (name in old.required) != (name in new.required):
            yield f"parameter {name} is {'required' if name in new.required else 'optional'} now"
    if not same(_rest(old), _rest(new)):
        yield "something else"
    codes = ({one.code for one in tool.errors} for tool in (old, new))
    for code in sorted(set[str].symmetric_difference(*codes)):
        yield f"error {code}"


def _rest(tool: ToolSpec) -> JsonObject:
    """What a tool has besides what is compared by itself."""
    compared = {"description", "effect", "output_schema", "inferred", "input_schema"}
    said: JsonObject = tool.model_dump(mode="json", exclude=compared)
    schema = {name: one for name, one in tool.input_schema.items() if name not in ("properties", "required")}
    return {**said, "input_schema": schema}


def _state(before: Environment, after: Environment) -> Iterator[Difference]:
    old, new = (one.state_schema.collections for one in (before, after))
    for name in dict.fromkeys([*old, *new]):
        if name not in new or name not in old:
            yield Difference(what="collection", name=name, change="added" if name in new else "removed")
            continue
        rows = [one.initial_state.collections.get(name, ()) for one in (before, after)]
        details = [] if old[name] == new[name] else ["schema"]
        if not same([*rows[0]], [*rows[1]]):
            details.append(f"{len(rows[0])} records before, {len(rows[1])} now")
        if details:
            yield Difference(what="collection", name=name, change="changed", details=tuple(details))
    values = [one.initial_state.singletons for one in (before, after)]
    for name in dict.fromkeys([*values[0], *values[1]]):
        if name not in values[0] or name not in values[1]:
            yield Difference(what="singleton", name=name, change="added" if name in values[1] else "removed")
        elif not same(values[0][name], values[1][name]):
            yield Difference(what="singleton", name=name, change="changed")


def _texts(before: Environment, after: Environment) -> Iterator[Difference]:
    texts: tuple[tuple[Literal["policy", "program"], str, str], ...] = (
        ("policy", before.policy, after.policy),
        ("program", before.behaviour or "", after.behaviour or ""),
    )
    for what, old, new in texts:
        if old != new:
            lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm=""))[2:]
            added, removed = (sum(one.startswith(mark) for one in lines) for mark in "+-")
            said = f"{added} lines added, {removed} removed"
            yield Difference(what=what, name=what, change="changed", details=(said,))
    for what in ("title", "description", "domain"):
        if getattr(before, what) != getattr(after, what):
            yield Difference(what="environment", name=what, change="changed")
    if before.reads != after.reads or before.faults != after.faults:
        yield Difference(what="environment", name="how it reads, or its faults", change="changed")
    if before.clock != after.clock:
        yield Difference(what="clock", name="clock", change="changed")
    if before.rules != after.rules:
        yield Difference(what="rule", name="rules", change="changed")
