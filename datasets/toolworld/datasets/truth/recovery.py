"""Tasks under fault profiles: the same task with its ground truth derived again, retries included."""

from collections.abc import Sequence

from toolworld.datasets.task import Task
from toolworld.datasets.truth.reference import ReferenceRun
from toolworld.datasets.truth.references import resolved_call, shifted
from toolworld.environments import Call, Event, Runtime, renamed_tools
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
        SpecError: the task cannot be done under the profile.
    """
    profile = faulty.environment.faults
    if profile is None:
        raise SpecError(f"environment {faulty.environment.id} is under no fault profile")
    names = renamed_tools(plain.environment, profile)
    calls = [_renamed(reference.written or reference.call, names) for reference in task.calls]
    played = task.seed if seed is None else seed
    reference, last = await _retry_until_done(faulty, calls, task, played)
    return task.model_copy(
        update={
            "id": f"{task.id}~{profile.name}",
            "environment_version": faulty.environment.version,
            "calls": reference.calls,
            "faults": profile,
            "seed": played,
            "truth": task.truth.model_copy(
                update={
                    "changes": reference.changes,
                    "digest": reference.digest,
                    "touched": reference.touched,
                    "calls": tuple(last[number] for number in task.truth.calls),
                    "forbidden": tuple(_renamed(call, names) for call in task.truth.forbidden),
                }
            ),
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
        written_now = _shifted(asked, dict(enumerate(last)))
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


def _shifted(call: Call, places: dict[int, int]) -> Call:
    return Call(name=call.name, arguments={name: shifted(value, places) for name, value in call.arguments.items()})


def _renamed(call: Call, names: dict[str, str]) -> Call:
    return Call(name=names.get(call.name, call.name), arguments=call.arguments)
