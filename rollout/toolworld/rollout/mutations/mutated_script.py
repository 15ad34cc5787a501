"""Mutations are the negative control of every judge: each is a mistake that real agents make."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from toolworld.datasets import Task
from toolworld.environments import Runtime
from toolworld.rollout.mutation import Mutation
from toolworld.rollout.mutations.calls import (
    duplicated_write,
    early_stop,
    extra_argument,
    missing_argument,
    swapped_calls,
    wrong_entity,
)
from toolworld.rollout.mutations.material import Material
from toolworld.rollout.mutations.people import another_person, guessed_identity, others_read
from toolworld.rollout.mutations.rules import forbidden_change, skipped_identity, skipped_step
from toolworld.rollout.mutations.words import (
    denied_fact,
    dumped_results,
    false_fact,
    invented_fact,
    told_secret,
    untold_fact,
)
from toolworld.rollout.mutations.writes import (
    changed_argument,
    dropped_write,
    extra_write,
    undone_write,
    unrelated_consent,
    volatile_write,
    with_consent,
)
from toolworld.rollout.players.script import Script, script_of

_MADE: dict[Mutation, Callable[[Material], Script | None]] = {
    "nothing": lambda material: Script((), silent=True, mutation=material.right.mutation),
    "unconfirmed_write": partial(with_consent, consent="none"),
    "refused_write": partial(with_consent, consent="refused"),
    "unrelated_consent": unrelated_consent,
    "skipped_identity": skipped_identity,
    "another_person": another_person,
    "guessed_identity": guessed_identity,
    "others_read": others_read,
    "untold_fact": untold_fact,
    "false_fact": false_fact,
    "denied_fact": denied_fact,
    "invented_fact": invented_fact,
    "dumped_results": dumped_results,
    "told_secret": told_secret,
}
_TRIED: dict[Mutation, Callable[[Material], Awaitable[Script | None]]] = {
    "dropped_write": dropped_write,
    "duplicated_write": duplicated_write,
    "swapped_calls": swapped_calls,
    "early_stop": early_stop,
    "missing_argument": missing_argument,
    "extra_argument": extra_argument,
    "wrong_entity": wrong_entity,
    "forbidden_change": forbidden_change,
    "skipped_step": skipped_step,
    "changed_argument": changed_argument,
    "extra_write": extra_write,
    "undone_write": undone_write,
    "volatile_write": volatile_write,
}
"""Those for which calls are tried."""


async def mutated_script(
    task: Task, mutation: Mutation, runtime: Runtime, others: Sequence[Task], seed: int = 0
) -> Script | None:
    """A task's script with a mutation, or None where the task leaves no room for it.

    Args:
        task: The task.
        mutation: The kind of mutation.
        runtime: The task's environment.
        others: Tasks from which calls of other people are taken.
        seed: Chooses among possible mutations.
    """
    material = Material(
        task=task,
        right=replace(script_of(task), mutation=mutation),
        runtime=runtime,
        others=[other for other in others if other.environment == task.environment],
        chance=random.Random(f"{task.id}/{mutation}/{seed}"),
    )
    made = _MADE.get(mutation)
    return made(material) if made else await _TRIED[mutation](material)
