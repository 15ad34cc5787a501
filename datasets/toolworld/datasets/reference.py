"""Making a task's truth by doing it: the reference calls are run, and what came of them is written down."""

from collections.abc import Sequence
from dataclasses import dataclass

from toolworld.datasets.task import Expectation, ReferenceCall
from toolworld.environments import Call, Event, Insert, Moment, Op, Runtime, Update
from toolworld.environments.ops import Fields
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
    moment: Moment = runtime.start
    events: list[Event] = []
    for call in calls:
        event, moment = await runtime.perform(moment, call, seed, runtime.truth)
        if event.failure and event.failure.kind == "simulator":
            raise SpecError(f"reference call {event.step} broke the simulator: {event.failure.detail}")
        events.append(event)
    return Reference(tuple(events), moment.state.diff(runtime.start.state), moment.state.digest)


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
    return _lasting(runtime, without.changes) == _lasting(runtime, reference.changes)


def _lasting(runtime: Runtime, changes: tuple[Op, ...]) -> list[Op]:
    """Give changes as judges compare them: a call less also shifts the clock, and with it what holds the moment."""
    shapes = runtime.environment.state_schema.collections
    lasting: list[Op] = []
    for op in changes:
        match op:
            case Insert():
                op = op.model_copy(update={"record": _without(op.record, shapes[op.collection].volatile)})
            case Update():
                op = op.model_copy(update={"fields": _without(op.fields, shapes[op.collection].volatile)})
                if not op.fields:
                    continue
            case _:
                pass
        lasting.append(op)
    return lasting


def _without(fields: Fields, volatile: tuple[str, ...]) -> Fields:
    return {name: value for name, value in fields.items() if name not in volatile}
