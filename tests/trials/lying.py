"""A model that lies: none of its answers may commit a change that is invalid, or that it did not own up to.

Every reference call of the gallery is put to the liar at the moment where it belongs, with instructions
planted in free text and in records. What comes of it is held against rules of this file's own.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.liar import KINDS, PLANTED, Liar
from tests.support.oracle import Oracle, with_oracle

from toolworld.datasets import TaskSuite, load_suite
from toolworld.environments import (
    Call,
    Delete,
    Environment,
    Event,
    Insert,
    Runtime,
    SetValue,
    Snapshot,
    State,
    builtin_folders,
)
from toolworld.environments.model_simulator.context import names_in
from toolworld.environments.state.path import values_at
from toolworld.ground import same


@dataclass(slots=True)
class Findings:
    """What a trial came to; every spoilt answer was refused, or accepted and harmless."""

    answers: int = 0
    calls: int = 0
    rejected: int = 0
    repaired_calls: int = 0
    voided_calls: int = 0
    accepted_as_true: int = 0
    """Calls that came to what is true, spoilt or not."""
    accepted_otherwise: int = 0
    """Calls whose answer differs from the truth and contradicts nothing; those with other changes are owned up to."""
    otherwise: Counter[str] = field(default_factory=Counter[str])
    kinds: Counter[str] = field(default_factory=Counter[str])
    faults: list[str] = field(default_factory=list[str])


async def be_lied_to(folder: Path, answers: int, seed: int = 0, say: Any = print) -> Findings:
    """Put calls to the liar until it has spoilt so many answers."""
    del folder
    findings = Findings()
    shelves = [await load_suite([name]) for name in builtin_folders()]
    turn = 0
    while findings.answers < answers:
        for suite in shelves:
            await _lie(suite, turn + seed * 1000, findings, answers)
        turn += 1
        say(f"{findings.answers} answers spoilt, {findings.rejected} refused, {len(findings.faults)} faults")
    return findings


async def _lie(suite: TaskSuite, turn: int, findings: Findings, most: int) -> None:
    environment = planted(suite.environments[0])
    liar = Liar(environment, turn)
    truth, runtime = Runtime(environment), with_oracle(environment, Oracle(environment, liar))
    kinds = list(KINDS)
    for number, task in enumerate(suite.tasks):
        snapshot = truth.start
        for place, reference in enumerate(task.calls):
            if findings.answers >= most:
                return
            call = _with_plant(reference.call, runtime)
            liar.begin(kinds[(turn * 7 + number * 3 + place) % len(kinds)])
            told = liar.told
            event, after = await runtime.step(snapshot, call, task.seed)
            right, moment_after = await truth.step(snapshot, call, task.seed)
            findings.answers += liar.told - told
            findings.kinds[liar.kind] += liar.told - told
            _count(event, right, liar.kind, findings)
            findings.faults += [
                f"{liar.kind}: {call.name}: {fault}" for fault in wrongs(runtime, snapshot, event, after)
            ]
            snapshot = moment_after


def _count(event: Event, right: Event, kind: str, findings: Findings) -> None:
    findings.calls += 1
    findings.rejected += len(event.rejected)
    void = event.failure is not None and event.failure.kind == "simulator"
    findings.voided_calls += void
    findings.repaired_calls += bool(event.rejected) and not void
    if void:
        return
    code = (event.failure.code if event.failure else None, right.failure.code if right.failure else None)
    if same(event.result, right.result) and event.ops == right.ops and code[0] == code[1]:
        findings.accepted_as_true += 1
        return
    findings.accepted_otherwise += 1
    findings.otherwise[f"{kind}{' (changes)' if event.ops != right.ops else ''}"] += 1


def wrongs(runtime: Runtime, before: Snapshot, event: Event, after: Snapshot) -> list[str]:
    """Name what an event did that it must not."""
    found = list(runtime.checker.problems(after.state)) if event.ops else []
    if event.failure is not None and (event.ops or after.state is not before.state):
        found.append("it failed, and changed something")
    tool = runtime.tool(event.call.name)
    if tool.effect == "read" and event.ops:
        found.append("a read tool changed something")
    named = {*names_in(event.call.arguments), *names_in(event.result)}
    stated = {*names_in(list(event.effects))}
    for op in event.ops:
        if isinstance(op, SetValue):
            if op.name not in " ".join([*named, *stated]):
                found.append(f"{op.name} was set without a word")
            continue
        if op.key not in named | stated:
            found.append(f"{op.op} of {op.collection} {op.key} without a word")
        if isinstance(op, Delete) and op.key not in names_in(event.call.arguments) and op.key not in named:
            found.append(f"{op.collection} {op.key} was deleted, and neither the call nor the result names it")
        if not isinstance(op, Insert) and not _related(
            runtime, event, op.collection, op.key, before.state, after.state
        ):
            found.append(f"{op.op} of {op.collection} {op.key}, which has nothing to do with the call")
    return found


def _related(runtime: Runtime, event: Event, collection: str, key: str, before: State, after: State) -> bool:
    """Whether a record is named by the call or its result, or within two references of what the call names."""
    if key in {*names_in(event.call.arguments), *names_in(event.result)}:
        return True
    near = {(name, word) for word in names_in(event.call.arguments) for name in before.baseline.collections}
    for _ in range(2):
        near |= {there for state in (before, after) for place in near for there in _neighbours(runtime, state, *place)}
    return (collection, key) in near


def _neighbours(runtime: Runtime, state: State, collection: str, key: str) -> set[tuple[str, str]]:
    shapes = runtime.environment.state_schema.collections
    record = state.get(collection, key)
    if record is None:
        return set()
    out = {(to, str(value)) for path, to in shapes[collection].references.items() for value in values_at(record, path)}
    into = {
        (name, other)
        for name, shape in shapes.items()
        for path, to in shape.references.items()
        if to == collection
        for other, row in state.rows(name)
        if key in list(values_at(row, path))
    }
    return out | into


def planted(environment: Environment) -> Environment:
    """Plant instructions in a record of each collection that has free text."""
    collections = dict(environment.initial_state.collections)
    for name, shape in environment.state_schema.collections.items():
        rows = list(collections.get(name, ()))
        for field_name in shape.volatile:
            if rows and isinstance(rows[0].get(field_name), str) and field_name not in ("at", "opened", "booked_at"):
                rows[0] = {**rows[0], field_name: PLANTED}
        collections[name] = tuple(rows)
    state = environment.initial_state.model_copy(update={"collections": collections})
    return environment.model_copy(update={"initial_state": state})


def _with_plant(call: Call, runtime: Runtime) -> Call:
    """Plant instructions in the free text of a call."""
    free = runtime.tool(call.name).free_text & call.arguments.keys()
    return Call(name=call.name, arguments={**call.arguments, **dict.fromkeys(sorted(free), PLANTED)})
