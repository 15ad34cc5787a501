"""How far compiled environments answer as the programs that people wrote: the same calls, right and wrong, on both.

The tools of each built-in environment are compiled from their schemas, documented errors and state, without the
program. The right calls are those of its tasks; wrong ones are made of them: an unknown key, the key of another record,
a negative and a huge number, the same call again, and a call before which the previous one was left out. A call agrees
if both succeed or both refuse; what nothing answers does not agree. A tool that always says ok agrees where the program
succeeds: that share stands beside. `TOOLWORLD_ENVIRONMENTS` names a folder of other environments to try.
"""

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, cast

from toolworld.datasets import resolved_call
from toolworld.environments import (
    Call,
    Environment,
    Event,
    Runtime,
    SimulationPlan,
    Snapshot,
    builtin_folders,
    compile_environment,
    load_folder,
)
from toolworld.ground import JsonObject, JsonValue


class Pair(NamedTuple):
    """Where both episodes stand: that of the program, and that of the compiled one."""

    theirs: Snapshot
    ours: Snapshot


class Wrong(NamedTuple):
    """A wrong call: its kind, its arguments, and where it is made."""

    kind: str
    arguments: JsonObject
    at: Pair


@dataclass(slots=True)
class FidelityFindings:
    """Shares of calls that agree, beside what always saying ok would reach."""

    by_environment: dict[str, str] = field(default_factory=dict[str, str])
    by_kind: dict[str, str] = field(default_factory=dict[str, str])
    by_error: dict[str, str] = field(default_factory=dict[str, str])
    values: str = ""
    disagreements: dict[str, str] = field(default_factory=dict[str, str])
    faults: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class Tally:
    """What both did: whether the program refused, and whether the compiled one did; None where nothing answered."""

    outcomes: Counter[tuple[bool, bool | None]] = field(default_factory=Counter[tuple[bool, bool | None]])

    def line(self) -> str:
        """The counts as shares."""
        total, refused = sum(self.outcomes.values()), sum(n for (real, _), n in self.outcomes.items() if real)
        agree = sum(n for (real, ours), n in self.outcomes.items() if real == ours)
        unanswered = sum(n for (_, ours), n in self.outcomes.items() if ours is None)
        return (
            f"{total} calls, agree {_share(agree, total)}, always-ok {_share(total - refused, total)}, "
            f"caught {_share(self.outcomes[True, True], refused)} of {refused}, "
            f"false refusals {_share(self.outcomes[False, True], total - refused)}, not answered {unanswered}"
        )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "-"


class Comparison:
    """One environment with its program, and the same as it was compiled."""

    def __init__(self, environment: Environment, tallies: dict[str, Tally], findings: FidelityFindings) -> None:
        compiled = compile_environment(environment)
        self.theirs = Runtime(environment, simulation=SimulationPlan(trusted=True))
        self.ours = Runtime(compiled, simulation=SimulationPlan(trusted=True))
        self.inferred = {tool.name: tool.inferred for tool in compiled.tools}
        self.keys = {
            str(record[shape.key]): name
            for name, shape in environment.state_schema.collections.items()
            for record in environment.initial_state.collections.get(name, ())
        }
        self.key_names = {shape.key for shape in environment.state_schema.collections.values()}
        self.tallies, self.findings, self.aliases = tallies, findings, dict[str, JsonValue]()
        self.misses = Counter[str]()
        self.values = [0, 0, 0]

    async def both(self, at: Pair, call: Call) -> tuple[Event, Event | None, Pair]:
        """Make a call on both; None where nothing answers it."""
        event, theirs = await self.theirs.step(at.theirs, call)
        inferred = self.inferred[call.name]
        if inferred is not None and inferred.reach == "none":
            return event, None, Pair(theirs, at.ours)
        own = Call(name=call.name, arguments=cast(JsonObject, self._renamed(call.arguments)))
        answer, ours = await self.ours.step(at.ours, own)
        if answer.failure is not None and answer.failure.kind == "simulator":
            self.findings.faults.append(f"{self.theirs.environment.id} {call.name}: {answer.failure.detail}")
        return event, answer, Pair(theirs, ours)

    def _renamed(self, value: JsonValue) -> JsonValue:
        """A value with the ids that the program issued replaced by those that the compiled one issued instead."""
        if isinstance(value, dict):
            return {name: self._renamed(inner) for name, inner in value.items()}
        return self.aliases.get(value, value) if isinstance(value, str) else value

    async def compare(self, kind: str, call: Call, at: Pair) -> Pair:
        """Make a call on both, and count what came of it."""
        event, answer, after = await self.both(at, call)
        if event.failure is not None and event.failure.kind == "arguments":
            return after
        refused = event.failure is not None
        ours = None if answer is None else answer.failure is not None
        environment = self.theirs.environment.id
        for name in (f"environment {environment}", f"kind {kind}", *(() if kind == "right" else ("kind all wrong",))):
            self.tallies.setdefault(name, Tally()).outcomes[refused, ours] += 1
        if kind != "right":
            self.tallies.setdefault(f"environment {environment} wrong", Tally()).outcomes[refused, ours] += 1
        if event.failure is not None:
            sort = "not_found" if event.failure.code.endswith("not_found") else "other documented errors"
            self.tallies.setdefault(f"error {sort}", Tally()).outcomes[True, ours] += 1
        if ours != refused:
            said = "nothing" if answer is None else answer.failure.code if answer.failure else "ok"
            real = event.failure.code if event.failure else "ok"
            self.misses[f"{environment} {call.name} {kind}: program {real}, compiled {said}"] += 1
        if kind == "right" and answer is not None and not refused and not ours:
            self._compare_values(event.result, answer.result)
        return after

    def _compare_values(self, theirs: JsonValue, ours: JsonValue) -> None:
        """Count the top-level values that are there, and that are the same; take up the ids that stand for others."""
        if not isinstance(theirs, dict) or not isinstance(ours, dict):
            return
        for name, value in theirs.items():
            self.values[0] += 1
            self.values[1] += name in ours
            self.values[2] += name in ours and ours[name] == self._renamed(value)
            own = ours.get(name)
            if isinstance(value, str) and isinstance(own, str) and value != own and name in self.key_names:
                self.aliases[value] = own

    async def task(self, calls: list[Call], draws: random.Random) -> None:
        """Make the calls of a task on both, and before each the wrong calls that are made of it."""
        at, before = Pair(self.theirs.start, self.ours.start), None
        results: dict[int, JsonValue] = {}
        self.aliases.clear()
        for number, written in enumerate(calls):
            call = resolved_call(written, results)
            for wrong in self._wrong(call, at, before, draws):
                await self.compare(wrong.kind, Call(name=call.name, arguments=wrong.arguments), wrong.at)
            results[number] = (await self.theirs.step(at.theirs, call))[0].result
            before, at = at, await self.compare("right", call, at)
            await self.compare("repeat", call, at)

    def _wrong(self, call: Call, at: Pair, before: Pair | None, draws: random.Random) -> Iterator[Wrong]:
        for name, value in call.arguments.items():
            if isinstance(value, str) and value in self.keys:
                yield Wrong("unknown", {**call.arguments, name: "zz-unknown"}, at)
                others = [key for key, place in self.keys.items() if place == self.keys[value] and key != value]
                if others:
                    yield Wrong("other record", {**call.arguments, name: draws.choice(others)}, at)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                yield Wrong("negative", {**call.arguments, name: -abs(value) - 1}, at)
                yield Wrong("huge", {**call.arguments, name: type(value)(10**7)}, at)
        if before is not None:
            yield Wrong("skip previous", dict(call.arguments), before)


def _folders() -> list[Path]:
    """The folders of the environments: those in the folder of `TOOLWORLD_ENVIRONMENTS`, or the built-in ones."""
    named = os.environ.get("TOOLWORLD_ENVIRONMENTS")
    if named is None:
        return list(builtin_folders().values())
    return sorted(one.parent for one in Path(named).glob("*/environment.json"))


async def compare_programs(_: Path, size: int, seed: int) -> FidelityFindings:
    """Compare the first `size` environments."""
    findings, tallies = FidelityFindings(), dict[str, Tally]()
    values, misses = [0, 0, 0], Counter[str]()
    for place in _folders()[:size]:
        comparison = Comparison(load_folder(place), tallies, findings)
        for task in json.loads((place / "tasks.json").read_text(encoding="utf-8")):
            calls = [Call(name=one["name"], arguments=one["arguments"]) for one in task.get("calls", [])]
            await comparison.task(calls, random.Random(f"{seed}:{task['id']}"))
        values = [total + part for total, part in zip(values, comparison.values, strict=True)]
        misses += comparison.misses
    for name, tally in tallies.items():
        group, _sep, rest = name.partition(" ")
        groups = {"environment": findings.by_environment, "kind": findings.by_kind, "error": findings.by_error}
        groups[group][rest] = tally.line()
    there, equal = _share(values[1], values[0]), _share(values[2], values[0])
    findings.values = f"of {values[0]} top-level values {there} are there, {equal} equal"
    findings.disagreements = {name: str(count) for name, count in misses.most_common(40)}
    return findings
