"""Tasks under fault profiles: the same task with its ground truth derived again, retries included, and back again."""

from collections.abc import Mapping, Sequence

from toolworld.datasets.task import Task
from toolworld.datasets.truth.reference import ReferenceRun, run_reference
from toolworld.datasets.truth.references import resolved_call, shifted_call
from toolworld.environments import Call, Event, FaultProfile, Runtime, renamed_tools
from toolworld.ground import SpecError

MAX_TRIES = 20
"""How often a refused call is made before the profile counts as impossible."""


async def rederive_under_faults(task: Task, plain: Runtime, faulty: Runtime, seed: int | None = None) -> Task:
    """Derive a task's ground truth again for its environment under a fault profile.

    The reference calls have the tools' new names, and include every refused try with its repetition.
    Where calls are required by name, their last try is.

    Args:
        task: The task without faults.
        plain: Its environment.
        faulty: The environment under a fault profile.
        seed: The seed that the task is to be played with, on which faults depend; by default the task's own.

    Raises:
        SpecError: the task cannot be done under the profile, or is under one already.
    """
    profile = _profile_of(faulty)
    if task.faults is not None:
        raise SpecError(f"task {task.id} is under the fault profile {task.faults.name} already")
    names = renamed_tools(plain.environment, profile)
    calls = [_renamed(reference.written or reference.call, names) for reference in task.calls]
    played = task.seed if seed is None else seed
    reference, last = await _retry_until_done(faulty, calls, task, played)
    made = _with_run(task, faulty, reference, dict(enumerate(last)), names)
    return made.model_copy(update={"id": f"{task.id}~{profile.name}", "faults": profile, "seed": played})


async def without_faults(task: Task, plain: Runtime, faulty: Runtime) -> Task:
    """The task that a task under a fault profile was derived from; its truth is derived again.

    Args:
        task: The task under the profile.
        plain: Its environment without faults.
        faulty: The environment under the profile.

    Raises:
        SpecError: a call breaks the simulator, or refers to what is not there.
    """
    first = {new: old for old, new in renamed_tools(plain.environment, _profile_of(faulty)).items()}
    under = await run_reference(faulty, [one.written or one.call for one in task.calls], task.seed)
    kept = [event.step for event in under.events if not _spoilt(event)]
    places = {step: number for number, step in enumerate(kept)}
    calls = [_renamed(shifted_call(under.written[step], places), first) for step in kept]
    made = _with_run(task, plain, await run_reference(plain, calls, task.seed), places, first)
    return made.model_copy(update={"id": task.id.rpartition("~")[0] or task.id, "faults": None})


def _profile_of(runtime: Runtime) -> FaultProfile:
    profile = runtime.environment.faults
    if profile is None:
        raise SpecError(f"environment {runtime.environment.id} is under no fault profile")
    return profile


def _with_run(
    task: Task, runtime: Runtime, run: ReferenceRun, places: Mapping[int, int], names: Mapping[str, str]
) -> Task:
    """A task with other reference calls that do the same.

    Args:
        task: The task.
        runtime: Where the calls were made.
        run: The calls.
        places: The new position of each of its old calls.
        names: The new names of the tools.
    """
    told = {places[number]: one.unless_told for number, one in enumerate(task.calls) if number in places}
    calls = [one.model_copy(update={"unless_told": told.get(number, ())}) for number, one in enumerate(run.calls)]
    changed = {
        "changes": run.changes,
        "digest": run.digest,
        "touched": run.touched,
        "calls": tuple(places[number] for number in task.truth.calls),
        "forbidden": tuple(_renamed(call, names) for call in task.truth.forbidden),
    }
    reactions = tuple(
        one if one.after is None else one.model_copy(update={"after": places[one.after]})
        for one in task.scenario.reactions
    )
    return task.model_copy(
        update={
            "environment_version": runtime.environment.version,
            "calls": tuple(calls),
            "scenario": task.scenario.model_copy(update={"reactions": reactions}),
            "truth": task.truth.model_copy(update=changed),
        }
    )


async def _retry_until_done(
    runtime: Runtime, calls: Sequence[Call], task: Task, seed: int
) -> tuple[ReferenceRun, list[int]]:
    """Make the calls, each until no fault spoils its result, and return the step of each one's last try."""
    snapshot, events, last = runtime.start, list[Event](), list[int]()
    written: list[Call] = []
    for asked, wanted in zip(calls, task.calls, strict=True):
        call = resolved_call(asked, {number: events[step].result for number, step in enumerate(last)})
        written_now = shifted_call(asked, dict(enumerate(last)))
        for _ in range(MAX_TRIES):
            event, snapshot = await runtime.step(snapshot, call, seed, runtime.truth_simulator)
            events.append(event)
            written.append(written_now)
            if not _spoilt(event):
                break
        code = events[-1].failure.code if events[-1].failure else None
        if code != wanted.error or _spoilt(events[-1]):
            how = "what was true before" if code == wanted.error else code or "well"
            raise SpecError(f"task {task.id} cannot be done under these faults: {call.name} answers {how}")
        last.append(len(events) - 1)
    return ReferenceRun.of(runtime, events, written, snapshot), last


def _spoilt(event: Event) -> bool:
    """Whether a fault refused the call or made its result stale; a delayed result is as good as any."""
    return event.injected is not None and event.injected.kind != "latency"


def _renamed(call: Call, names: Mapping[str, str]) -> Call:
    return Call(name=names.get(call.name, call.name), arguments=call.arguments)
