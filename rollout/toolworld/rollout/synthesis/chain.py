"""A chain of calls as it is made: each in the state that the ones before left."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from toolworld.environments import Call, Event, Runtime, Snapshot, ToolSpec
from toolworld.ground import JsonObject, JsonValue, SpecError
from toolworld.rollout.synthesis.terrain import objects_in


class Argument(NamedTuple):
    """An argument, and where its value stands in an earlier result, `$1.permit_id`; None where the user says it."""

    value: JsonValue
    reference: str | None = None

    @property
    def written(self) -> JsonValue:
        """The argument as the task writes it."""
        return self.value if self.reference is None else self.reference


class Step(NamedTuple):
    """A call that was made: as the task writes it, with references, and what came of it."""

    call: Call
    event: Event


@dataclass(slots=True)
class Chain:
    """The calls of a task so far, and where they led."""

    runtime: Runtime
    seed: int
    snapshot: Snapshot
    steps: list[Step] = field(default_factory=list[Step])
    keys: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    """Where the key of a record was found, by collection and key."""

    async def try_call(self, tool: ToolSpec, arguments: Mapping[str, JsonValue]) -> tuple[Event, Snapshot]:
        """What would come of a call now; nothing is kept.

        Raises:
            SpecError: the call breaks the program.
        """
        call = Call(name=tool.name, arguments=dict(arguments))
        event, after = await self.runtime.step(self.snapshot, call, self.seed, self.runtime.truth_simulator)
        if event.failure is not None and event.failure.kind == "simulator":
            raise SpecError(f"a call of {tool.name} breaks its program: {event.failure.detail}")
        return event, after

    async def make(self, tool: ToolSpec, arguments: Mapping[str, Argument]) -> Event:
        """Make a call, and keep it."""
        event, self.snapshot = await self.try_call(tool, {name: one.value for name, one in arguments.items()})
        written = Call(name=tool.name, arguments={name: one.written for name, one in arguments.items()})
        self.steps.append(Step(written, event))
        return event

    async def look_up(self, tool: ToolSpec, arguments: Mapping[str, Argument], of: tuple[str, str]) -> int:
        """Make a call that only looks something up, unless one before showed the record as it still is: its position.

        Args:
            tool: The tool.
            arguments: Its arguments.
            of: The field of the record's key, and the key.
        """
        values = {name: one.value for name, one in arguments.items()}
        for number, step in enumerate(self.steps):
            if step.event.call.name == tool.name and step.event.call.arguments == values:
                event, _ = await self.try_call(tool, values)
                shown = _record_in(event, of)
                if shown is not None and shown == _record_in(step.event, of):
                    return number
        await self.make(tool, arguments)
        return len(self.steps) - 1

    async def shown_at_start(self, number: int, of: tuple[str, str]) -> list[JsonObject]:
        """The records that a look-up would have shown at the start, but the one that it was for.

        Args:
            number: The position of the call.
            of: The field of the record's key, and the key.
        """
        if not any(step.event.ops for step in self.steps[:number]):
            return []
        event, _ = await Chain(self.runtime, self.seed, self.runtime.start).try_call(
            self.runtime.tool(self.steps[number].event.call.name), self.steps[number].event.call.arguments
        )
        name, key = of
        shown = [inner for _, inner in objects_in(event.result)] if event.failure is None else []
        return [one for one in shown if name in one and str(one[name]) != key]

    def fork(self) -> "Chain":
        """The same chain, to be tried out."""
        return Chain(self.runtime, self.seed, self.snapshot, [*self.steps], {**self.keys})

    def become(self, other: "Chain") -> None:
        """Go on from where a fork of this chain is."""
        self.snapshot, self.steps, self.keys = other.snapshot, other.steps, other.keys


def _record_in(event: Event, of: tuple[str, str]) -> JsonValue:
    """A record as a result shows it, without the moment of the call."""
    name, key = of
    if event.failure is not None:
        return None
    found = next((inner for _, inner in objects_in(event.result) if str(inner.get(name)) == key), None)
    return None if found is None else {one: value for one, value in found.items() if one not in ("now", "today")}
