"""The ground truth of a task, derived by making its reference calls and recording their results."""

from collections.abc import Sequence
from dataclasses import dataclass

from toolworld.datasets.task import GroundTruth, ReferenceCall
from toolworld.environments import Call, Event, Op, Runtime, Snapshot, comparable_ops
from toolworld.ground import SpecError


@dataclass(frozen=True, slots=True)
class ReferenceRun:
    """A run of reference calls."""

    events: tuple[Event, ...]
    changes: tuple[Op, ...]
    digest: str

    @property
    def calls(self) -> tuple[ReferenceCall, ...]:
        """The calls with their results, as a task records them."""
        return tuple(
            ReferenceCall(call=event.call, result=event.result, error=event.failure.code if event.failure else None)
            for event in self.events
        )


async def run_reference(runtime: Runtime, calls: Sequence[Call], seed: int = 0) -> ReferenceRun:
    """Make the calls from the initial state.

    Raises:
        SpecError: a call broke the simulator, so that no truth follows from it.
    """
    snapshot: Snapshot = runtime.start
    events: list[Event] = []
    for call in calls:
        event, snapshot = await runtime.step(snapshot, call, seed, runtime.truth_simulator)
        if event.failure and event.failure.kind == "simulator":
            raise SpecError(f"reference call {event.step} broke the simulator: {event.failure.detail}")
        events.append(event)
    return ReferenceRun(tuple(events), snapshot.state.diff(runtime.start.state), snapshot.state.digest)


async def derive_truth(
    runtime: Runtime,
    calls: Sequence[Call],
    facts: tuple[str, ...] = (),
    forbidden: tuple[Call, ...] = (),
    seed: int = 0,
) -> tuple[ReferenceRun, GroundTruth]:
    """Derive the ground truth of a task, and return it with the reference run that it was derived from.

    Calls are required by name only where the final state cannot tell: a write whose omission leaves
    the same state (its effect was undone later, or it is meant to be refused), and every call where
    the reference changes nothing and nothing has to be told.
    """
    reference = await run_reference(runtime, calls, seed)
    required = tuple(
        [number for number in range(len(calls)) if await _leaves_no_trace(runtime, calls, number, reference, seed)]
    )
    if not reference.changes and not facts and not required:
        required = tuple(range(len(calls)))
    truth = GroundTruth(
        changes=reference.changes, digest=reference.digest, calls=required, facts=facts, forbidden=forbidden
    )
    return reference, truth


async def _leaves_no_trace(
    runtime: Runtime, calls: Sequence[Call], number: int, reference: ReferenceRun, seed: int
) -> bool:
    """Whether the final state is the same without one of the calls, so that the state check would not miss it."""
    if runtime.tool(calls[number].name).effect == "read":
        return False
    without_call = await run_reference(runtime, [*calls[:number], *calls[number + 1 :]], seed)
    schema = runtime.environment.state_schema
    return comparable_ops(without_call.changes, schema) == comparable_ops(reference.changes, schema)
