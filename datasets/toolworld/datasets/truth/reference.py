"""The ground truth of a task, derived by making its reference calls and recording their results."""

from collections.abc import Sequence
from dataclasses import dataclass

from toolworld.datasets.fact import Facts
from toolworld.datasets.task import GroundTruth, ReferenceCall
from toolworld.datasets.truth.references import has_references, resolved_call
from toolworld.environments import Call, Effect, Event, Op, Runtime, Snapshot, comparable_ops, touched_places
from toolworld.ground import JsonValue, SpecError


@dataclass(frozen=True, slots=True)
class ReferenceRun:
    """A run of reference calls."""

    events: tuple[Event, ...]
    written: tuple[Call, ...]
    """The calls as they were written, with their references."""
    effects: tuple[Effect, ...]
    """Of their tools."""
    changes: tuple[Op, ...]
    final: Snapshot

    @classmethod
    def of(cls, runtime: Runtime, events: Sequence[Event], written: Sequence[Call], final: Snapshot) -> "ReferenceRun":
        """The run that these calls made, up to its end."""
        effects: tuple[Effect, ...] = tuple(runtime.tool(event.call.name).effect for event in events)
        return cls(tuple(events), tuple(written), effects, final.state.diff(runtime.start.state), final)

    @property
    def digest(self) -> str:
        """Of the final state."""
        return self.final.state.digest

    @property
    def touched(self) -> tuple[str, ...]:
        """What the calls change, as a task records it."""
        return touched_places(op for event in self.events for op in event.ops)

    @property
    def calls(self) -> tuple[ReferenceCall, ...]:
        """The calls with their results, as a task records them."""
        return tuple(
            ReferenceCall(
                call=event.call,
                written=written if has_references(written.arguments) else None,
                result=event.result,
                error=event.failure.code if event.failure else None,
                writes=bool(event.ops) or (event.failure is not None and self.effects[event.step] == "write"),
            )
            for event, written in zip(self.events, self.written, strict=True)
        )


async def run_reference(
    runtime: Runtime, calls: Sequence[Call], seed: int = 0, after: ReferenceRun | None = None
) -> ReferenceRun:
    """Make the calls from the initial state; arguments may refer to earlier results.

    Args:
        runtime: The environment.
        calls: The calls.
        seed: Of the episode.
        after: A run that they go on from, instead of the initial state.

    Raises:
        SpecError: a call broke the simulator, so that no truth follows from it, or refers to what is not there.
    """
    events = [*after.events] if after else list[Event]()
    results: dict[int, JsonValue] = {event.step: event.result for event in events}
    snapshot = after.final if after else runtime.start
    for call in calls:
        made = resolved_call(call, results)
        event, snapshot = await runtime.step(snapshot, made, seed, runtime.truth_simulator)
        if event.failure and event.failure.kind == "simulator":
            raise SpecError(f"reference call {event.step} broke the simulator: {event.failure.detail}")
        events.append(event)
        results[event.step] = event.result
    return ReferenceRun.of(runtime, events, (*(after.written if after else ()), *calls), snapshot)


async def derive_truth(
    runtime: Runtime,
    calls: Sequence[Call],
    facts: Facts = (),
    forbidden: tuple[Call, ...] = (),
    seed: int = 0,
) -> tuple[ReferenceRun, GroundTruth]:
    """Derive the ground truth of a task, and return it with the reference run that it was derived from.

    Calls are required by name only where the final state cannot tell: a write whose omission leaves
    the same state because its effect was undone later, and every call that succeeds where the reference
    changes nothing and nothing has to be told. A call that is refused is not required: whoever asks, or
    reads the policy, need not run into the refusal.
    """
    reference = await run_reference(runtime, calls, seed)
    succeeded = [event.step for event in reference.events if event.failure is None]
    required = tuple(
        [number for number in succeeded if await _leaves_no_trace(runtime, calls, number, reference, seed)]
    )
    if not reference.changes and not facts and not required:
        required = tuple(succeeded)
    truth = GroundTruth(
        changes=reference.changes,
        digest=reference.digest,
        touched=reference.touched,
        calls=required,
        facts=facts,
        forbidden=forbidden,
    )
    return reference, truth


async def _leaves_no_trace(
    runtime: Runtime, calls: Sequence[Call], number: int, reference: ReferenceRun, seed: int
) -> bool:
    """Whether the final state is the same without one of the calls, so that the state check would not miss it."""
    if runtime.tool(calls[number].name).effect == "read":
        return False
    made = [event.call for event in reference.events]
    without_call = await run_reference(runtime, [*made[:number], *made[number + 1 :]], seed)
    schema = runtime.environment.state_schema
    country = runtime.environment.reads.country
    compared = [comparable_ops(changes, schema, country) for changes in (without_call.changes, reference.changes)]
    return compared[0] == compared[1]
