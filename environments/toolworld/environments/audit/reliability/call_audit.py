"""The audit by calls: seeded calls of each tool in several states, held against what has to hold.

Each round starts in another state, which successful writes led to. Every tool gets right calls there, calls with
unknown keys, calls that its schema forbids, and each right call a second time; after a write, tools that read are asked
what they see of it.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from toolworld.environments.audit.reliability.probes import Prober
from toolworld.environments.audit.reliability.properties import (
    agrees,
    is_documented,
    listed_records,
    shows,
    written_otherwise,
)
from toolworld.environments.audit.reliability.report import (
    PROBE_CLASSES,
    PROPERTIES,
    Evidence,
    ProbeClass,
    Property,
    Tally,
    ToolReport,
    shown,
)
from toolworld.environments.audit.reliability.samples import CallSamples
from toolworld.environments.calls.event import Call, Event
from toolworld.environments.calls.snapshot import Snapshot
from toolworld.environments.normaliser.words import compact
from toolworld.environments.runtime.runtime import Runtime
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.ops import Delete, Fields, Insert, Op, Update
from toolworld.ground import JsonObject, same

T = TypeVar("T")
CALLS = 12
"""How many right calls a tool gets."""
_STATES = 4
"""From how many states they are made."""
_WALK = 6
"""How many writes lead to another state."""
_MALFORMED = 3
"""How many forbidden calls go with each right one."""
_LEAST_SUCCESSES = 3
"""How often a tool has to have succeeded before it is said that it never writes."""
_OPEN, _TRIED, _ALIKE = 5, 12, 4
"""Of how many parameters it is tried whether they hold keys, with the keys of how many collections; and how many
letters make a name alike."""
_READERS = 6
"""How many tools are asked what they see after a write."""


@dataclass(slots=True)
class _Found:
    """What was found of a tool."""

    classes: Counter[tuple[ProbeClass, bool]] = field(default_factory=Counter[tuple[ProbeClass, bool]])
    properties: Counter[tuple[Property, bool]] = field(default_factory=Counter[tuple[Property, bool]])
    evidence: dict[Property, Evidence] = field(default_factory=dict[Property, Evidence])
    reached: set[str] = field(default_factory=set[str])
    succeeded: int = 0
    changed: int = 0
    """How many of the right calls changed something."""


async def audit_by_calls(
    runtime: Runtime, *, calls: int = CALLS, seed: int = 0, samples: CallSamples | None = None
) -> tuple[ToolReport, ...]:
    """Audit every tool of an environment by calling it.

    Args:
        runtime: The environment.
        calls: How many right calls each tool gets; others come with them.
        seed: Decides the calls, and the ids that they issue.
        samples: Takes note of correct calls of which everything held, for a judge.
    """
    return await _CallAudit(runtime, calls, seed, samples).run()


class _CallAudit:
    def __init__(self, runtime: Runtime, calls: int, seed: int, samples: CallSamples | None) -> None:
        self._runtime = runtime
        self._samples = samples
        self._calls = calls
        self._seed = seed
        self._prober = Prober(runtime.environment, seed)
        self._draw = random.Random(f"{seed}:{runtime.environment.id}:walk")
        self._tools = [one for one in runtime.environment.tools if runtime.has_program(one)]
        self._found = {one.name: _Found() for one in self._tools}
        self._keys = runtime.environment.state_schema.key_fields

    async def run(self) -> tuple[ToolReport, ...]:
        """Make all calls."""
        for tool in self._tools:
            await self._learn_keys(tool)
        states = max(1, min(_STATES, self._calls))
        for number in range(states):
            snapshot = await self._walk(_WALK * number)
            for tool in self._tools:
                for _ in range(self._calls // states + (number < self._calls % states)):
                    await self._probe(tool, snapshot)
        for tool in self._tools:
            self._judge_writer(tool)
        return tuple(self._report(one) for one in self._runtime.environment.tools)

    async def _learn_keys(self, tool: ToolSpec) -> None:
        """Find out from refusals which parameters hold keys, where neither their names nor their schemas say so.

        A key was wanted if the tool no longer refuses the call once it has one, or refuses it for something else.
        """
        snapshot = self._runtime.start
        given = self._prober.right(tool, snapshot.state)
        refusal = (await self._step(tool, given, snapshot))[0].failure
        for parameter in self._prober.open_parameters(tool)[:_OPEN]:
            if refusal is None or refusal.kind != "tool":
                return
            for collection in self._likely(parameter):
                key = next((key for key, _ in snapshot.state.rows(collection)), None)
                with_key = None if key is None else self._prober.with_key(tool, given, parameter, key)
                if key is None or with_key is None:
                    continue
                after = (await self._step(tool, with_key, snapshot))[0].failure
                if after is None or (after.message != refusal.message and key not in after.message):
                    self._prober.learn(tool.name, parameter, collection)
                    given, refusal = with_key, after
                    break

    def _likely(self, parameter: str) -> list[str]:
        """The collections whose keys a parameter may hold, those first whose names it shares letters with."""
        start = compact(parameter)[:_ALIKE]
        named = sorted(self._keys, key=lambda one: (start not in compact(one), one))
        return named[:_TRIED]

    def _judge_writer(self, tool: ToolSpec) -> None:
        """Whether a tool that writes ever wrote; where no call succeeded, nothing is known."""
        found = self._found[tool.name]
        if tool.effect == "write" and found.succeeded >= _LEAST_SUCCESSES:
            said = None if found.changed else f"none of {found.succeeded} calls that succeeded changed anything"
            self._count(tool, "state_dependent", {}, {"write_changes": said})

    async def _walk(self, steps: int) -> Snapshot:
        """Another state: after some writes that succeeded."""
        snapshot = self._runtime.start
        writers = [one for one in self._tools if one.effect == "write"]
        for _ in range(steps if writers else 0):
            tool = self._draw.choice(writers)
            event, after = await self._step(tool, self._prober.right(tool, snapshot.state), snapshot)
            snapshot = snapshot if event.failure is not None else after
        return snapshot

    async def _step(self, tool: ToolSpec, arguments: JsonObject, snapshot: Snapshot) -> tuple[Event, Snapshot]:
        event, after = await self._runtime.step(snapshot, Call(name=tool.name, arguments=arguments), self._seed)
        if event.failure is not None and event.failure.kind == "tool" and tool.name in self._found:
            self._found[tool.name].reached.add(event.failure.code)
        return event, after

    async def _probe(self, tool: ToolSpec, snapshot: Snapshot) -> None:
        """A right call with what goes with it: wrong ones, a second time, and what readers see."""
        arguments = self._prober.right(tool, snapshot.state)
        event, after = await self._step(tool, arguments, snapshot)
        found = self._found[tool.name]
        if event.failure is not None and event.failure.kind == "arguments":
            return  # no arguments could be made that its schema allows, so that nothing is known
        found.succeeded += event.failure is None
        found.changed += bool(event.ops)
        checks = self._of_one(tool, event, snapshot, after) | self._of_lists(tool, event, snapshot)
        self._count(tool, "correct", arguments, checks)
        if self._samples is not None and all(said is None for said in checks.values()):
            self._samples.add(tool, snapshot, event)  # a judge is asked about what else held
        again, _ = await self._step(tool, arguments, snapshot)
        repeated: dict[Property, str | None] = {"same_answer": _difference(event, again)}
        repeated |= await self._seen_after(tool, event, after)
        self._count(tool, "state_dependent", arguments, repeated)
        await self._probe_wrong(tool, arguments, snapshot)

    async def _probe_wrong(self, tool: ToolSpec, arguments: JsonObject, snapshot: Snapshot) -> None:
        """Calls with keys that nothing has, and calls that the schema forbids."""
        for name, wrong in self._prober.unknown(tool, arguments):
            event, after = await self._step(tool, wrong, snapshot)
            unknown = self._of_one(tool, event, snapshot, after)
            is_made = any(isinstance(op, Insert) for op in event.ops)  # the caller gives new records their keys
            is_refused = event.failure is not None or is_made or _shows_nothing(event)
            unknown["unknown_key_refused"] = None if is_refused else f"{name} {wrong[name]!r} was accepted"
            self._count(tool, "rule_breaking", wrong, unknown)
        malformed = self._prober.malformed(tool, arguments)
        for wrong in self._draw.sample(malformed, min(_MALFORMED, len(malformed))):
            event, after = await self._step(tool, wrong, snapshot)
            is_refused = event.failure is not None and event.failure.kind == "arguments"
            said = None if is_refused else "what the input schema forbids was accepted"
            changed = None if same_state(snapshot, after) else "the state changed"
            checked: dict[Property, str | None] = {"malformed_refused": said, "refusal_changes_nothing": changed}
            self._count(tool, "malformed", wrong, checked)

    def _of_one(self, tool: ToolSpec, event: Event, before: Snapshot, after: Snapshot) -> dict[Property, str | None]:
        """What has to hold of every call, each with what happened instead; None where it held."""
        failure = event.failure
        broke = failure is not None and failure.kind == "simulator"
        checks: dict[Property, str | None] = {"valid_result": str(failure and failure.detail) if broke else None}
        if failure is not None and not broke:
            is_known = is_documented(tool, event)
            checks["refusal_documented"] = None if is_known else f"{failure.code} is not among its errors"
            checks["refusal_changes_nothing"] = None if same_state(before, after) else "the state changed"
        if tool.effect == "read":
            checks["read_changes_nothing"] = None if same_state(before, after) else f"it made {len(event.ops)} changes"
        return checks

    def _of_lists(self, tool: ToolSpec, event: Event, snapshot: Snapshot) -> dict[Property, str | None]:
        """Whether what a reader lists is in the state, as it is there."""
        if tool.effect != "read" or event.failure is not None:
            return {}
        checks: dict[Property, str | None] = {}
        for collection, key, record in listed_records(event.result, snapshot.state, self._keys):
            rows = dict(snapshot.state.rows(collection))
            wrong = None if key in rows and agrees(record, rows[key]) else f"{collection} {key} is listed otherwise"
            checks["search_sound"] = checks.get("search_sound") or wrong
        return checks

    async def _seen_after(self, tool: ToolSpec, event: Event, after: Snapshot) -> dict[Property, str | None]:
        """What readers see of what a call wrote."""
        checks: dict[Property, str | None] = {}
        for op in event.ops if event.failure is None else ():
            if isinstance(op, Insert | Update):
                checks["given_written"] = checks.get("given_written") or written_otherwise(event.call.arguments, op)
            if isinstance(op, Insert | Update | Delete):
                name, said = await self._seen(op, after)
                if name is not None:
                    checks[name] = checks.get(name) or said
        return checks

    async def _seen(self, op: Insert | Update | Delete, after: Snapshot) -> tuple[Property | None, str | None]:
        """Whether the readers of a record see what became of it; None where none can tell."""
        record = dict(after.state.rows(op.collection)).get(op.key)
        readers = sorted(
            (one for one in self._tools if one.effect == "read"), key=lambda one: not self._asks_for(one, op.collection)
        )
        if record is None:
            readers = [one for one in readers if self._asks_for(one, op.collection)]
        names: Mapping[str, Property] = {"insert": "created_found", "update": "update_seen", "delete": "deleted_gone"}
        for reader in readers[:_READERS]:
            arguments = self._prober.right(reader, after.state, (op.collection, op.key))
            if record is None:
                arguments |= dict.fromkeys(self._prober.keys_of(reader), op.key)
            read, _ = await self._step(reader, arguments, after)
            if record is None:
                is_gone = read.failure is not None or _shows_nothing(read)
                return names[op.op], None if is_gone else f"{reader.name} still finds {op.key}"
            found = self._shows(read, op, record) if read.failure is None else None
            if found is not None:
                return names[op.op], None if found else f"{reader.name} shows {op.key} otherwise"
        return None, None

    def _shows(self, read: Event, op: Insert | Update | Delete, record: Fields) -> bool | None:
        return shows(read.result, (self._keys[op.collection], op.key), record, self._keys.values())

    def _asks_for(self, tool: ToolSpec, collection: str) -> bool:
        """Whether a tool is asked for one record of a collection, and for nothing else."""
        return [*self._prober.keys_of(tool).values()] == [collection]

    def _count(
        self, tool: ToolSpec, probe: ProbeClass, arguments: JsonObject, checks: Mapping[Property, str | None]
    ) -> None:
        found = self._found[tool.name]
        found.classes[probe, all(said is None for said in checks.values())] += 1
        for name, said in checks.items():
            found.properties[name, said is None] += 1
            if said is not None and name not in found.evidence:
                evidence = Evidence(property=name, tool=tool.name, arguments=arguments, said=shown(said))
                found.evidence[name] = evidence

    def _report(self, tool: ToolSpec) -> ToolReport:
        found = self._found.get(tool.name)
        documented = [one.code for one in tool.errors]
        return ToolReport(
            environment=self._runtime.environment.id,
            tool=tool.name,
            effect=tool.effect,
            is_answered=found is not None,
            classes=_tallies(found.classes, PROBE_CLASSES) if found else {},
            properties=_tallies(found.properties, PROPERTIES) if found else {},
            succeeded=found.succeeded if found else 0,
            reached=tuple(one for one in documented if found and one in found.reached),
            not_reached=tuple(one for one in documented if not found or one not in found.reached),
            evidence=tuple(found.evidence[one] for one in PROPERTIES if one in found.evidence) if found else (),
        )


def _tallies(counts: Counter[tuple[T, bool]], names: Sequence[T]) -> dict[T, Tally]:
    """How often each held, of those that were tried."""
    tallies = {one: Tally(held=counts[one, True], of=counts[one, True] + counts[one, False]) for one in names}
    return {name: one for name, one in tallies.items() if one.of}


def same_state(before: Snapshot, after: Snapshot) -> bool:
    """Whether a call left the state as it was."""
    return before.state.digest == after.state.digest


def _difference(first: Event, second: Event) -> str | None:
    """What differs between two answers to the same call in the same state."""
    if (first.failure and first.failure.code) != (second.failure and second.failure.code):
        return "it was refused once only"
    if not same(first.result, second.result):
        return f"{shown(first.result)} and then {shown(second.result)}"
    return None if _written(first.ops) == _written(second.ops) else "it wrote otherwise"


def _written(ops: Sequence[Op]) -> list[JsonObject]:
    return [one.model_dump(mode="json") for one in ops]


def _shows_nothing(event: Event) -> bool:
    """Whether a result holds nothing: an empty list, an empty object, nulls, zeros."""
    values = event.result.values() if isinstance(event.result, dict) else [event.result]
    told = [one for one in values if one not in event.call.arguments.values()]  # what was given is only repeated
    return not event.ops and not any(isinstance(one, str | list | dict) and one for one in told)
