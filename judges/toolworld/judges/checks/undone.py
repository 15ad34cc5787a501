"""Fields that were changed and changed back in records that the task changes in another way: the end shows nothing."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from toolworld.datasets import Evidence, run_reference
from toolworld.environments import Op, Update, place_of
from toolworld.ground import SpecError
from toolworld.judges.context import JudgeContext


class _Stray(NamedTuple):
    step: int
    place: str
    name: str


async def undone_changes(context: JudgeContext) -> list[Evidence]:
    """The fields that a run changes on the way, though neither it nor the task changes them in the end.

    What the reference calls change on the way is allowed; they are made again to see it, but only where something is
    found, and only in environments with a program. Records that the task never touches are the state's own concern.
    """
    strays = [*_strays(context)]
    if not strays or context.environment.behaviour is None:
        return []
    calls = [reference.call for reference in context.task.calls]
    try:
        reference = await run_reference(context.runtime, calls, context.task.seed)
    except SpecError:
        return []
    allowed = _fields(op for event in reference.events for op in event.ops)
    return [
        Evidence(
            text=f"step {one.step}: {one.name} of {one.place} was changed on the way, and the task never touches it",
            kind="not_allowed",
            step=one.step,
            record=one.place,
        )
        for one in strays
        if one.name not in allowed.get(one.place, frozenset())
    ]


def _strays(context: JudgeContext) -> Iterable[_Stray]:
    touched = frozenset(context.task.truth.touched or ())
    net, wanted = _fields(context.trajectory.changes), _fields(context.task.truth.changes)
    for event in context.trajectory.log:
        for op in event.ops:
            place = place_of(op)
            if not isinstance(op, Update) or place not in touched:
                continue
            volatile = context.environment.state_schema.collections[op.collection].volatile
            known = net.get(place, frozenset()) | wanted.get(place, frozenset()) | frozenset(volatile)
            yield from (_Stray(event.step, place, name) for name in op.fields if name not in known)


def _fields(ops: Iterable[Op]) -> Mapping[str, frozenset[str]]:
    """The fields that ops update, by the record."""
    found: dict[str, frozenset[str]] = {}
    for op in ops:
        if isinstance(op, Update):
            found[place_of(op)] = found.get(place_of(op), frozenset()) | frozenset(op.fields)
    return found
