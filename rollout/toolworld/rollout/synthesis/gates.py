"""Gates: what a task has to pass before it is kept, each with the reason where it does not."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from datetime import date
from typing import Literal, get_args

from toolworld.datasets import ReferenceRun, Task, changed_arguments, lineage_of, run_reference, without_call
from toolworld.environments import Call, Insert, Op, Reads, Runtime, Snapshot, comparable_ops
from toolworld.ground import Record, SpecError, encode
from toolworld.judges import ANYTHING_SAID, mentions, read_message, tell_in
from toolworld.rollout.synthesis.ways import Ways

Gate = Literal["oracle", "floor", "kill", "grounded", "lawful", "new"]
"""Its calls do what they did under three seeds; an agent that does nothing, or answers the same to everybody, fails; so
does each mutated run; each argument is known; its truth keeps the policy; and there is no near copy."""
GATES: tuple[Gate, ...] = get_args(Gate)
SEEDS = (0, 1, 2)
"""What is added to a task's seed."""
UNIVERSAL_ANSWERS = (
    "",
    "Everything is done. Have a good day.",
    "I am sorry, this is not possible, because it is not open any more.",
    "Yes. No. It was cancelled, completed, approved, booked, paid, open and closed.",
)
"""What an agent could say to everybody."""
_ANY_DAY = date(2026, 1, 1)


class GateFailure(Record):
    """A gate that a task did not pass."""

    gate: Gate
    why: str
    argument: tuple[str, str] | None = None
    """The tool and the parameter whose value nobody would see, where that is why."""


async def failed_gate(task: Task, ways: Ways, gates: Collection[Gate] = GATES) -> GateFailure | None:
    """The first gate that a task does not pass by itself; whether it is new, others decide.

    Args:
        task: The task.
        ways: The ways to the records of its environment.
        gates: Those that it has to pass.
    """
    checks: dict[Gate, Callable[[Task, Ways], Awaitable[GateFailure | str | None]]] = {
        "oracle": _oracle,
        "floor": _floor,
        "kill": _kill,
        "grounded": _grounded,
    }
    for gate, find in checks.items():
        why = await find(task, ways) if gate in gates else None
        if isinstance(why, GateFailure):
            return why
        if why is not None:
            return GateFailure(gate=gate, why=why)
    return None


async def _oracle(task: Task, ways: Ways) -> str | None:
    """Whether the calls come out as they did, under three seeds."""
    runtime = ways.terrain.runtime
    expected = [one.error for one in task.calls]
    shapes: list[bytes] = []
    for added in SEEDS:
        try:
            made = await run_reference(runtime, written_calls(task), task.seed + added)
        except SpecError as problem:
            return f"under seed {task.seed + added}: {problem}"
        codes = [event.failure.code if event.failure else None for event in made.events]
        if codes != expected:
            place = next(number for number, code in enumerate(codes) if code != expected[number])
            return f"under seed {task.seed + added} call {place} ends in {codes[place]}"
        shapes.append(_shape(made))
    return None if len({*shapes}) == 1 else "its changes depend on the seed"


def written_calls(task: Task) -> list[Call]:
    """The calls of a task, with their references."""
    return [one.written or one.call for one in task.calls]


def _shape(made: ReferenceRun) -> bytes:
    """The changes of a run, with numbers in the place of ids that it issued."""
    issued = [op.key for event in made.events for op in event.ops if isinstance(op, Insert)]
    texts = [encode(op.model_dump(mode="json")).decode() for op in made.changes]
    for number, key in enumerate(issued):
        texts = [one.replace(key, f"new {number}") for one in texts]
    return "\n".join(sorted(texts)).encode()


async def _floor(task: Task, ways: Ways) -> str | None:
    """Whether an agent that changes nothing, and says what fits everybody, fails."""
    del ways
    if task.truth.changes or task.truth.calls:
        return None
    for answer in UNIVERSAL_ANSWERS:
        said = [read_message(answer, _ANY_DAY, Reads())]
        if all(tell_in(fact, said, ANYTHING_SAID).outcome == "told" for fact in task.truth.facts):
            return f"an agent that changes nothing passes, if it says {answer!r}"
    return None


async def _kill(task: Task, ways: Ways) -> GateFailure | None:
    """Whether a run with a change left out, or with another value, ends otherwise."""
    runtime = ways.terrain.runtime
    right = _compared(task.truth.changes, runtime)
    async for number, name, changes in mutated_runs(task, runtime):
        if _compared(changes, runtime) == right and number not in task.truth.calls:
            call = task.calls[number].call.name
            if name is None:
                return GateFailure(gate="kill", why=f"nobody would see {call} left out")
            return GateFailure(gate="kill", why=f"nobody would see another {name} of {call}", argument=(call, name))
    return None


async def mutated_runs(task: Task, runtime: Runtime) -> AsyncIterator[tuple[int, str | None, tuple[Op, ...]]]:
    """Each run with one mistake: the position of the call, the argument that is another, or None where the call is
    left out, and the changes that come of it."""
    calls = tuple(one.call for one in task.calls)
    before = await _snapshots(runtime, calls, task.seed)
    for number, one in enumerate(task.calls):
        if not one.writes or one.error is not None:
            continue
        variants: list[tuple[str | None, tuple[Call, ...]]] = [(None, without_call(calls, number))]
        variants += [*changed_arguments(calls, number, runtime)]
        for name, mutated in variants:
            if not _is_overwritten(task, number):
                yield number, name, await _changes(runtime, mutated[number:], task.seed, before[number])


def _is_overwritten(task: Task, number: int) -> bool:
    """Whether the user takes a change back later, so that only the end counts."""
    return any(one.after == number for one in task.scenario.reactions)


async def _snapshots(runtime: Runtime, calls: Sequence[Call], seed: int) -> list[Snapshot]:
    """The snapshots before each call, and after the last."""
    found = [runtime.start]
    for call in calls:
        _, after = await runtime.step(found[-1], call, seed, runtime.truth_simulator)
        found.append(after)
    return found


async def _changes(runtime: Runtime, calls: Sequence[Call], seed: int, snapshot: Snapshot) -> tuple[Op, ...]:
    """What has changed since the start after more calls."""
    for call in calls:
        _, snapshot = await runtime.step(snapshot, call, seed, runtime.truth_simulator)
    return snapshot.state.diff(runtime.start.state)


def _compared(changes: Sequence[Op], runtime: Runtime) -> object:
    return comparable_ops(changes, runtime.environment.state_schema, runtime.environment.reads.country)


async def _grounded(task: Task, ways: Ways) -> str | None:
    """Whether an agent can know every argument, and the user says no internal id."""
    for one in lineage_of(task, ways.terrain.runtime.environment):
        if one.source == "ungrounded":
            return f"nothing tells the {one.argument} {one.value!r} of call {one.call} ({one.tool})"
    said = next(internal_ids_said(task, ways), None)
    return f"the user would say the internal id {said}" if said is not None else None


def internal_ids_said(task: Task, ways: Ways) -> Iterator[str]:
    """Keys of records that a task's user says, where people do not know them: ids that a database made."""
    words = " ".join([task.request, task.scenario.goal, task.scenario.known, *map(str, task.scenario.facts.values())])
    squeezed = _squeezed(words)
    for one in task.calls:
        for name in _keys_in(one.call, ways):
            if any(character.isdigit() for character in name) and _squeezed(name) in squeezed and mentions(name, words):
                yield name


def _squeezed(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _keys_in(call: Call, ways: Ways) -> Iterator[str]:
    """The arguments of a call that are keys of records which people do not know."""
    terrain = ways.terrain
    hidden = [one for one in terrain.key_fields if one not in ways.of_known_keys]
    for value in call.arguments.values():
        if isinstance(value, str) and any(terrain.runtime.start.state.get(one, value) is not None for one in hidden):
            yield value
