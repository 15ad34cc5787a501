"""Making a task's truth by doing it: the reference calls are run, and what came of them is written down."""

from collections.abc import Sequence
from dataclasses import dataclass

from toolworld.datasets.task import Expectation, ReferenceCall
from toolworld.environments import Call, Event, Op, Runtime, Snapshot, comparable_ops
from toolworld.ground import SpecError


@dataclass(frozen=True, slots=True)
class Reference:
    """A run of reference calls."""

    events: tuple[Event, ...]
    changes: tuple[Op, ...]
    digest: str

    @property
    def calls(self) -> tuple[ReferenceCall, ...]:
        """The calls with their results, as a task keeps them."""
        return tuple(
            ReferenceCall(call=event.call, result=event.result, error=event.failure.code if event.failure else None)
            for event in self.events
        )


async def run_reference(runtime: Runtime, calls: Sequence[Call], seed: int = 0) -> Reference:
    """Make the calls in a fresh episode.

    Raises:
        SpecError: a call broke the simulator, so there is no truth in it.
    """
    snapshot: Snapshot = runtime.start
    events: list[Event] = []
    for call in calls:
        event, snapshot = await runtime.step(snapshot, call, seed, runtime.truth_simulator)
        if event.failure and event.failure.kind == "simulator":
            raise SpecError(f"reference call {event.step} broke the simulator: {event.failure.detail}")
        events.append(event)
    return Reference(tuple(events), snapshot.state.diff(runtime.start.state), snapshot.state.digest)


async def expect(
    runtime: Runtime,
    calls: Sequence[Call],
    facts: tuple[str, ...] = (),
    forbidden: tuple[Call, ...] = (),
    seed: int = 0,
) -> tuple[Reference, Expectation]:
    """Work out what a task must expect, and give the run that it was worked out by.

    Calls are required by name only where the final state cannot tell: a write whose omission leaves
    the same state (its effect was undone later, or it is meant to be refused), and every call where
    the reference changes nothing and nothing has to be told.
    """
    reference = await run_reference(runtime, calls, seed)
    required = tuple([number for number in range(len(calls)) if await _unseen(runtime, calls, number, reference, seed)])
    if not reference.changes and not facts and not required:
        required = tuple(range(len(calls)))
    expected = Expectation(
        changes=reference.changes, digest=reference.digest, calls=required, facts=facts, forbidden=forbidden
    )
    return reference, expected


async def _unseen(runtime: Runtime, calls: Sequence[Call], number: int, reference: Reference, seed: int) -> bool:
    if runtime.tool(calls[number].name).effect == "read":
        return False
    without = await run_reference(runtime, [*calls[:number], *calls[number + 1 :]], seed)
    schema = runtime.environment.state_schema
    return comparable_ops(without.changes, schema) == comparable_ops(reference.changes, schema)
