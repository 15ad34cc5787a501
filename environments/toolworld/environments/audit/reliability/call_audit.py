"""The audit by calls: seeded calls of each tool in several states, held against what has to hold.

Each round starts in another state, which successful writes led to. Every tool gets right calls there, calls with
unknown keys, calls that its schema forbids, and each right call a second time; after a write, tools that read are asked
what they see of it.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from toolworld.environments.audit.reliability.filters import filters_of, wrongly_filtered
from toolworld.environments.audit.reliability.probes import Prober
from toolworld.environments.audit.reliability.properties import (
    agrees,
    asked_otherwise,
    changed_otherwise,
    is_documented,
    listed_records,
    refused_otherwise,
    shows_nothing,
)
from toolworld.environments.audit.reliability.readback import Readback
from toolworld.environments.audit.reliability.report import (
    PROBE_CLASSES,
    PROPERTIES,
    Checks,
    Evidence,
    ProbeClass,
    Property,
    Tally,
    ToolReport,
    broken_reports,
    shown,
)
from toolworld.environments.audit.reliability.samples import CallSamples
from toolworld.environments.calls.event import Call, Event
from toolworld.environments.calls.snapshot import Snapshot
from toolworld.environments.normaliser.words import compact
from toolworld.environments.runtime.runtime import Runtime
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.ops import Insert, Op
from toolworld.ground import JsonObject, QuarantineError, SpecError, same

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
_SOUGHT = 60
"""With how many records it is tried whether a tool succeeds that always refused."""
_AGAIN = 6
"""How often a change is made again, until it is refused."""


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
    made = _CallAudit(runtime, calls, seed, samples)
    try:
        return await made.run()
    except (QuarantineError, SpecError) as problem:
        return broken_reports(runtime.environment, str(problem), made.called)


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
        self._repeated: set[str] = set()
        self.called: str | None = None
        """The tool of the latest call."""
        self._keys = runtime.environment.state_schema.key_fields
        self._readback = Readback(self._tools, self._keys, self._prober, self._step)

    async def run(self) -> tuple[ToolReport, ...]:
        """Make all calls."""
        for tool in self._tools:
            await self._learn_keys(tool)
        states = max(1, min(_STATES, self._calls))
        for number in range(states):
            snapshot = await self._walk(_WALK * number)
            for tool in self._tools:
                for _ in range(self._calls // states + (number < self._calls % states)):
                    await self._probe(tool, snapshot, self._prober.right(tool, snapshot.state))
                if tool.effect == "read":
                    await self._probe_filters(tool, snapshot)
        for tool in self._tools:
            if not self._found[tool.name].succeeded:
                await self._seek(tool)
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
            for _ in range(found.succeeded):  # each of them should have, and none is right where none did
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
        self.called = tool.name
        event, after = await self._runtime.step(snapshot, Call(name=tool.name, arguments=arguments), self._seed)
        if event.failure is not None and event.failure.kind == "tool" and tool.name in self._found:
            self._found[tool.name].reached.add(event.failure.code)
        return event, after

    async def _seek(self, tool: ToolSpec) -> None:
        """Look for records with which a tool succeeds that always refused: they may be few."""
        start = self._runtime.start
        for collection in dict.fromkeys(self._prober.keys_of(tool).values()):
            for key, _ in islice(start.state.rows(collection), _SOUGHT):
                arguments = self._prober.right(tool, start.state, (collection, key))
                event, _ = await self._step(tool, arguments, start)
                if event.failure is None:
                    await self._probe(tool, start, arguments)
                if self._found[tool.name].succeeded >= _LEAST_SUCCESSES:
                    return

    async def _probe(self, tool: ToolSpec, snapshot: Snapshot, arguments: JsonObject) -> None:
        """A right call with what goes with it: wrong ones, a second time, and what readers see."""
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
        repeated: Checks = {"same_answer": _difference(event, again)}
        repeated |= changed_otherwise(event, snapshot, self._prober.given_keys(tool, arguments))
        repeated |= await self._readback.after(event, after)
        self._count(tool, "state_dependent", arguments, repeated)
        await self._probe_unknown(tool, event, snapshot)
        await self._probe_rules(tool, event, snapshot, after)
        await self._probe_malformed(tool, arguments, snapshot)

    async def _probe_unknown(self, tool: ToolSpec, right: Event, snapshot: Snapshot) -> None:
        """Calls with keys that nothing has: the right call, but for one key."""
        arguments = right.call.arguments
        for name, wrong in self._prober.unknown(tool, arguments):
            event, after = await self._step(tool, wrong, snapshot)
            unknown = self._of_one(tool, event, snapshot, after)
            is_made = any(isinstance(op, Insert) for op in event.ops)  # the caller gives new records their keys
            is_refused = event.failure is not None or is_made or shows_nothing(event)
            unknown["unknown_key_refused"] = None if is_refused else f"{name} {wrong[name]!r} was accepted"
            if right.failure is None and event.failure is not None:  # nothing else can be the reason
                unknown["refused_for_its_reason"] = refused_otherwise(tool, event)
            self._count(tool, "rule_breaking", wrong, unknown)

    async def _probe_rules(self, tool: ToolSpec, right: Event, snapshot: Snapshot, after: Snapshot) -> None:
        """Calls that rules may refuse: figures and days at the ends of what is allowed, and a change once more."""
        for given in self._prober.extreme(tool, right.call.arguments):
            event, changed = await self._step(tool, given, snapshot)
            self._count(tool, "rule_breaking", given, self._of_one(tool, event, snapshot, changed))
        if not right.ops or tool.name in self._repeated:
            return
        self._repeated.add(tool.name)
        for _ in range(_AGAIN):
            event, changed = await self._step(tool, right.call.arguments, after)
            self._count(tool, "rule_breaking", right.call.arguments, self._of_one(tool, event, after, changed))
            if event.failure is not None:
                return
            after = changed

    async def _probe_malformed(self, tool: ToolSpec, arguments: JsonObject, snapshot: Snapshot) -> None:
        """Calls that the schema forbids."""
        malformed = self._prober.malformed(tool, arguments)
        for wrong in self._draw.sample(malformed, min(_MALFORMED, len(malformed))):
            event, after = await self._step(tool, wrong, snapshot)
            is_refused = event.failure is not None and event.failure.kind == "arguments"
            said = None if is_refused else "what the input schema forbids was accepted"
            changed = None if same_state(snapshot, after) else "the state changed"
            checked: Checks = {"malformed_refused": said, "refusal_changes_nothing": changed}
            self._count(tool, "malformed", wrong, checked)

    def _of_one(self, tool: ToolSpec, event: Event, before: Snapshot, after: Snapshot) -> Checks:
        """What has to hold of every call, each with what happened instead; None where it held."""
        failure = event.failure
        broke = failure is not None and failure.kind == "simulator"
        checks: Checks = {"valid_result": str(failure and failure.detail) if broke else None}
        if failure is not None and not broke:
            is_known = is_documented(tool, event)
            checks["refusal_documented"] = None if is_known else f"{failure.code} is not among its errors"
            checks["refusal_changes_nothing"] = None if same_state(before, after) else "the state changed"
        if tool.effect == "read":
            checks["read_changes_nothing"] = None if same_state(before, after) else f"it made {len(event.ops)} changes"
        return checks

    def _of_lists(self, tool: ToolSpec, event: Event, snapshot: Snapshot) -> Checks:
        """Whether what a reader lists is in the state, as it is there."""
        if tool.effect != "read" or event.failure is not None:
            return {}
        checks: Checks = {}
        asked = self._prober.given_keys(tool, event.call.arguments)
        for collection, key, record in listed_records(event.result, snapshot.state, self._keys):
            held = snapshot.state.get(collection, key)
            is_so = held is not None and agrees(record, held, snapshot.state)
            wrong = None if is_so else f"{collection} {key} is listed otherwise"
            wrong = wrong or asked_otherwise(record, self._keys[collection], asked)
            checks["search_sound"] = checks.get("search_sound") or wrong
        return checks

    async def _probe_filters(self, tool: ToolSpec, snapshot: Snapshot) -> None:
        """Whether each filter of a list leaves what fits it."""
        fewest = self._prober.fewest(tool, snapshot.state)
        unfiltered, _ = await self._step(tool, fewest, snapshot)
        for one in filters_of(tool, unfiltered) if unfiltered.failure is None else ():
            given = {**fewest, one.parameter: one.value}
            filtered, after = await self._step(tool, given, snapshot)
            checks = self._of_one(tool, filtered, snapshot, after)
            if filtered.failure is None:
                checks["search_complete"] = wrongly_filtered(unfiltered, filtered, one, self._keys.values())
            self._count(tool, "state_dependent", given, checks)

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
