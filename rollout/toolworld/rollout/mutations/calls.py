"""Calls that are made twice, in the wrong order, not to the end, or with arguments that are not the right ones."""

from collections.abc import Sequence
from dataclasses import replace

from toolworld.datasets import reordered, with_more_arguments, with_other_entities, without_arguments
from toolworld.environments import Call, Insert, Op, comparable_ops
from toolworld.ground import encode
from toolworld.rollout.mutations.material import Material
from toolworld.rollout.players.script import ADDED, Script

_MOST_TRIED = 24
"""Wrong lists of calls that are tried until one ends otherwise."""


async def duplicated_write(material: Material) -> Script | None:
    """One made twice, where the second does more."""
    for place in material.writes:
        made = material.made
        if await _ends_otherwise(material, (*made[: place + 1], *made[place:])):
            calls = material.right.calls
            positions = (*range(place + 1), ADDED, *range(place + 1, len(calls)))
            return replace(material.right, calls=(*calls[: place + 1], *calls[place:]), positions=positions)
    return None


async def swapped_calls(material: Material) -> Script | None:
    """Two changes in the place of each other, where their order matters."""
    writes = material.writes
    pairs = [(one, other) for number, one in enumerate(writes) for other in writes[number + 1 :]]
    for one, other in pairs[:_MOST_TRIED]:
        order = [*range(len(material.made))]
        order[one], order[other] = other, one
        calls = tuple(material.right.calls[number] for number in order)
        if await _ends_otherwise(material, reordered(material.right.calls, order)):
            return replace(material.right, calls=calls, positions=tuple(order))
    return None


async def early_stop(material: Material) -> Script | None:
    """Nothing more, though two changes and more are left to make."""
    for place in reversed(material.writes[:-1]):
        if await _ends_otherwise(material, material.made[:place]):
            return replace(material.right, calls=material.right.calls[:place])
    return None


async def missing_argument(material: Material) -> Script | None:
    """A change without one of its arguments."""
    found = [
        (place, calls[place])
        for place in material.writes
        for _, calls in without_arguments(material.made, place, material.runtime)
    ]
    return await _first_wrong(material, found)


async def extra_argument(material: Material) -> Script | None:
    """A change with one argument more."""
    known = [reference.call for task in material.others for reference in task.calls]
    found = [
        (place, calls[place])
        for place in material.writes
        for _, calls in with_more_arguments(material.made, place, material.runtime, known)
    ]
    return await _first_wrong(material, found)


async def wrong_entity(material: Material) -> Script | None:
    """A change of another record of the same kind, which is not refused."""
    found = [
        (place, calls[place])
        for place in material.writes
        for _, calls in with_other_entities(material.made, place, material.runtime, material.chance)
    ]
    return await _first_wrong(material, found, is_made=True)


async def _first_wrong(
    material: Material, candidates: Sequence[tuple[int, Call]], *, is_made: bool = False
) -> Script | None:
    """The script with the first call in its place that makes the run end otherwise; `is_made`: and is not refused."""
    shuffled = material.chance.sample([*candidates], len(candidates))
    for place, call in shuffled[:_MOST_TRIED]:
        made = (*material.made[:place], call, *material.made[place + 1 :])
        if await _ends_otherwise(material, made, must_succeed=place if is_made else None):
            return material.with_call(place, call)
    return None


async def _ends_otherwise(material: Material, calls: Sequence[Call], *, must_succeed: int | None = None) -> bool:
    """Whether the run changes something else than the right one, whatever ids new records have."""
    run = await material.run(calls)
    if run is None:  # it would be void
        return False
    if must_succeed is not None and run.events[must_succeed].failure is not None:
        return False
    return _shape(run.changes, material) != _shape(material.task.truth.changes, material)


def _shape(changes: Sequence[Op], material: Material) -> list[str]:
    """The changes as texts, with one word in the place of all new ids."""
    environment = material.runtime.environment
    ops = comparable_ops(changes, environment.state_schema, environment.reads.country)
    issued = [op.key for op in ops if isinstance(op, Insert)]
    texts = [encode(op.model_dump(mode="json")).decode() for op in ops]
    for key in issued:
        texts = [one.replace(key, "new") for one in texts]
    return sorted(texts)
