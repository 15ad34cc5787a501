"""Tasks under faults: the same task with its ground truth worked out again, getting over what gets in the way."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from toolworld.datasets.reference import Reference
from toolworld.datasets.shelf import Shelf
from toolworld.datasets.task import Task
from toolworld.environments import Call, Event, FaultProfile, Runtime, renamed_tools, with_faults
from toolworld.ground import SpecError

MOST_TRIES = 20
"""How often a refused call is made again before the profile is called impossible."""


async def under_faults(shelf: Shelf, profile: FaultProfile, seed: int | None = None) -> Shelf:
    """Put all environments of a shelf under a profile, and work out its tasks anew.

    Args:
        shelf: The environments and tasks.
        profile: What gets in the way.
        seed: The seed that the tasks are to be played with, on which faults depend; by default each task's own.

    Raises:
        SpecError: an environment is under one already, or a task cannot be done under this one.
    """
    runtimes = shelf.runtimes.changed(partial(with_faults, profile=profile))
    tasks = [await recover(task, shelf.runtime_of(task), runtimes[task.environment], seed) for task in shelf.tasks]
    return replace(shelf, runtimes=runtimes, tasks=tuple(tasks))


async def recover(task: Task, plain: Runtime, faulty: Runtime, seed: int | None = None) -> Task:
    """Give a task as it is in an environment under faults.

    The reference calls go by the tools' new names and include every refused try with its repetition.
    What is expected of the final state stays; where calls are required by name, it is their last try.

    Raises:
        SpecError: it cannot be done under the profile.
    """
    profile = faulty.environment.faults
    if profile is None:
        raise SpecError(f"environment {faulty.environment.id} is under no fault profile")
    names = renamed_tools(plain.environment, profile)
    calls = [_renamed(reference.call, names) for reference in task.calls]
    played = task.seed if seed is None else seed
    reference, last = await _persist(faulty, calls, task, played)
    return task.model_copy(
        update={
            "id": f"{task.id}~{profile.name}",
            "environment_version": faulty.environment.version,
            "calls": reference.calls,
            "faults": profile,
            "seed": played,
            "expected": task.expected.model_copy(
                update={
                    "changes": reference.changes,
                    "digest": reference.digest,
                    "calls": tuple(last[number] for number in task.expected.calls),
                    "forbidden": tuple(_renamed(call, names) for call in task.expected.forbidden),
                }
            ),
        }
    )


async def _persist(runtime: Runtime, calls: Sequence[Call], task: Task, seed: int) -> tuple[Reference, list[int]]:
    """Make the calls, each until no fault spoils its answer, and tell at which step each was."""
    snapshot, events, last = runtime.start, list[Event](), list[int]()
    for call, wanted in zip(calls, task.calls, strict=True):
        for _ in range(MOST_TRIES):
            event, snapshot = await runtime.step(snapshot, call, seed, runtime.truth_simulator)
            events.append(event)
            if not _spoilt(event):
                break
        said = events[-1].failure.code if events[-1].failure else None
        if said != wanted.error or _spoilt(events[-1]):
            how = "what was true before" if said == wanted.error else said or "well"
            raise SpecError(f"task {task.id} cannot be done under these faults: {call.name} answers {how}")
        last.append(len(events) - 1)
    return Reference(tuple(events), snapshot.state.diff(runtime.start.state), snapshot.state.digest), last


def _spoilt(event: Event) -> bool:
    """Tell whether a fault refused the call or staled its answer; a late answer is as good as any."""
    return event.injected is not None and event.injected.kind != "latency"


def _renamed(call: Call, names: dict[str, str]) -> Call:
    return Call(name=names.get(call.name, call.name), arguments=call.arguments)
