"""Tasks made by doing: modes do what their names say, gates have their controls, and a seed decides everything."""

import math
import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from toolworld.datasets import Task, TextFact, lineage_of, referred_calls
from toolworld.environments import (
    Call,
    Environment,
    RuntimePool,
    SimulationPlan,
    compose_environments,
    load_environments,
)
from toolworld.ground import JsonValue
from toolworld.rollout import (
    CHAIN_MODES,
    CorpusMemory,
    GateFailure,
    RejectedTask,
    TaskGenerator,
    Ways,
    failed_gate,
)
from toolworld.rollout.synthesis.gates import internal_ids_said
from toolworld.rollout.synthesis.modes import ChainMode, Mode, Sampled, longest_path, not_of_mode
from toolworld.rollout.synthesis.sampler import Sampler
from toolworld.rollout.synthesis.terrain import Terrain

FIELDS = ("dental practice", "bookselling")
ENVIRONMENTS: dict[str, Environment] = {
    made.id: made for field in FIELDS for made in compose_environments(field, 1, seed=5)
}


def pool() -> RuntimePool:
    return RuntimePool({name: lambda one=one: one for name, one in ENVIRONMENTS.items()}, SimulationPlan(trusted=True))


async def made(
    count: int, mode: Mode = "mixed", seed: int = 1, *, remembers: bool = True
) -> tuple[list[Task], list[RejectedTask]]:
    tasks: list[Task] = []
    rejected: list[RejectedTask] = []
    generator = TaskGenerator(pool(), mode, seed=seed, memory=CorpusMemory(is_on=remembers))
    async for one in generator.generate(count):
        if isinstance(one, Task):
            tasks.append(one)
        else:
            rejected.append(one)
    return tasks, rejected


def needs(task: Task) -> list[set[int]]:
    return [referred_calls((one.written or one.call).arguments) for one in task.calls]


def is_of(mode: ChainMode, task: Task) -> bool:
    changes = {number for number, one in enumerate(task.calls) if one.writes and one.error is None}
    match mode:
        case "short":
            return len(task.calls) <= 2
        case "sequential":
            return longest_path(needs(task)) >= 3
        case "multi_tool":
            return len({one.call.name for one in task.calls}) >= 4
        case "parallel":
            return not any(one & changes for one in needs(task))
        case "clarification_first":
            given = [value for value in task.calls[0].call.arguments.values() if isinstance(value, str)]
            return any(value not in task.request for value in given)


@pytest.mark.parametrize("mode", CHAIN_MODES)
async def test_each_mode_does_what_its_name_says(mode: ChainMode) -> None:
    tasks, _ = await made(8, mode)
    assert len(tasks) == 8
    assert all(is_of(mode, task) and task.origin is not None and task.origin.mode == mode for task in tasks)
    assert all(task.truth.changes for task in tasks)


async def test_modes_can_be_told_apart() -> None:
    short, _ = await made(8, "short")
    long, _ = await made(8, "sequential")
    assert not any(is_of("sequential", one) or is_of("multi_tool", one) for one in short)
    assert not any(is_of("short", one) for one in long)
    sampler = Sampler(pool()["dental-practice-dental-practice-5-0"])
    found = [await sampler.sample("sequential", random.Random(number), 0) for number in range(12)]
    chains = [one for one in found if isinstance(one, Sampled)]
    assert chains
    assert all(not_of_mode(one) is None and not_of_mode(replace(one, mode="short")) is not None for one in chains)


async def test_every_task_passes_its_gates_and_says_no_internal_id() -> None:
    tasks, rejected = await made(40)
    assert len(tasks) == 40
    runtimes = pool()
    for task in tasks:
        runtime = runtimes[task.environment]
        assert await failed_gate(task, Ways.in_environment(runtime)) is None
        assert not [*internal_ids_said(task, Ways.in_environment(runtime))]
        sources = Counter(one.source for one in lineage_of(task, runtime.environment))
        assert (sources["ungrounded"] == 0 and sources["result"] > 0) or len(task.calls) < 3
    assert {one.mode for one in rejected} <= {*CHAIN_MODES}
    lengths = [len(one.calls) for one in tasks]
    assert max(lengths) > 8 and sum(one >= 5 for one in lengths) / len(lengths) > 0.4


async def test_thirty_requests_do_not_read_alike() -> None:
    tasks, _ = await made(30)
    requests = [one.request for one in tasks]
    assert len({*requests}) == 30
    assert len({" ".join(one.split()[:3]) for one in requests}) >= 15
    assert not any("$" in one or "_" in one or "  " in one for one in requests)


def test_two_processes_make_the_same_tasks_and_another_seed_others() -> None:
    program = (
        "import sys, anyio\nfrom tests.rollout.synthesis.test_generator import made\n"
        "async def main():\n"
        "    for one in (await made(10, seed=int(sys.argv[1])))[0]:\n        print(one.model_dump_json())\n"
        "anyio.run(main)\n"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", program, seed],
            env={"PYTHONHASHSEED": hashes, "PYTHONPATH": "."},
            capture_output=True,
            check=True,
        ).stdout
        for hashes, seed in (("1", "3"), ("2", "3"), ("1", "4"))
    ]
    assert said[0] == said[1] != said[2] and said[0]


async def one_task(mode: Mode = "sequential") -> Task:
    tasks, _ = await made(1, mode)
    return tasks[0]


async def gate_of(task: Task) -> GateFailure | None:
    return await failed_gate(task, Ways.in_environment(pool()[task.environment]))


async def test_an_argument_that_nothing_tells_does_not_pass() -> None:
    task = await one_task()
    number = next(place for place, one in enumerate(task.calls) if one.writes)
    call = task.calls[number].call
    keys: dict[str, JsonValue] = {**call.arguments}
    name = next(iter(keys))
    planted = task.calls[number].model_copy(
        update={"written": None, "call": Call(name=call.name, arguments={**keys, name: "Quetzalcoatl 77"})}
    )
    changed = task.model_copy(update={"calls": (*task.calls[:number], planted, *task.calls[number + 1 :])})
    sources = lineage_of(changed, ENVIRONMENTS[task.environment])
    assert [one.argument for one in sources if one.source == "ungrounded"] == [name]
    assert await gate_of(changed) is not None


async def test_a_user_who_says_an_internal_id_does_not_pass() -> None:
    task = await one_task()
    key = next(
        str(value)
        for one in task.calls
        for name, value in one.call.arguments.items()
        if (one.written or one.call).arguments[name] != value
    )
    failure = await gate_of(task.model_copy(update={"request": f"{task.request} It is {key}."}))
    assert failure is not None and failure.gate == "grounded" and key in failure.why


async def test_a_task_that_wants_nothing_does_not_pass() -> None:
    task = await one_task("short")
    looked_up = tuple(one for one in task.calls if not one.writes)
    truth = task.truth.model_copy(update={"changes": (), "calls": (), "facts": ()})
    failure = await gate_of(task.model_copy(update={"calls": looked_up, "truth": truth}))
    assert failure is not None and failure.gate == "floor"
    told = truth.model_copy(update={"facts": (TextFact(text="cancelled"),)})
    failure = await gate_of(task.model_copy(update={"calls": looked_up, "truth": told}))
    assert failure is not None and "cancelled" in failure.why  # it would be told by who says everything
    own = truth.model_copy(update={"facts": (TextFact(text="Room 8"),)})
    assert await gate_of(task.model_copy(update={"calls": looked_up, "truth": own})) is None


async def test_a_call_that_comes_out_otherwise_does_not_pass() -> None:
    task = await one_task("short")
    last = task.calls[-1].model_copy(update={"error": "appointment_not_booked"})
    failure = await gate_of(task.model_copy(update={"calls": (*task.calls[:-1], last)}))
    assert failure is not None and failure.gate == "oracle"


async def test_a_change_that_nobody_would_miss_does_not_pass() -> None:
    tasks, _ = await made(25, "short")
    task = next(one for one in tasks if one.calls[-1].call.name.startswith("update_") and len(one.calls) == 2)
    failure = await gate_of(task.model_copy(update={"calls": (*task.calls, task.calls[-1])}))
    assert failure is not None and failure.gate == "kill"


async def test_the_memory_spreads_tasks_over_tools() -> None:
    def evenness(tasks: list[Task]) -> float:
        counts = Counter(f"{one.environment}/{call.call.name}" for one in tasks for call in one.calls if call.writes)
        shares = [count / counts.total() for count in counts.values()]
        return -sum(share * math.log(share) for share in shares)

    steered, plain = [(await made(60, remembers=one))[0] for one in (True, False)]
    assert evenness(steered) > evenness(plain) + 0.1
    assert len({one.origin.mode for one in steered if one.origin}) == len(CHAIN_MODES)


def test_the_memory_keeps_patterns_at_their_usual_shares_however_many_tasks_there_are() -> None:
    memory, usual = CorpusMemory(), {"question": 3.0, "refusal": 1.0}
    assert memory.balance("pattern", "question", usual) == 1.0
    for _ in range(30_000):
        memory.add("pattern", "question")
    for _ in range(10_000):
        memory.add("pattern", "refusal")
    assert [round(memory.balance("pattern", one, usual), 3) for one in usual] == [1.0, 1.0]
    for _ in range(40_000):
        memory.add("pattern", "question")
    question, refusal = (memory.balance("pattern", one, usual) for one in usual)
    assert 0.25 <= question < 1 < refusal <= 4.0
    assert CorpusMemory(is_on=False).balance("pattern", "question", usual) == 1.0


async def test_a_thing_is_told_apart_from_what_was_there_when_the_user_spoke() -> None:
    """The first of two is cancelled: who asks for the second one still has to say which one is meant."""
    runtime = pool()["dental-practice-dental-practice-5-0"]
    sampler = Sampler(runtime)
    found = 0
    for number in range(60):
        sampled = await sampler.sample("parallel", random.Random(number), 0)
        if not isinstance(sampled, Sampled):
            continue
        for one in (subject for intent in sampled.intents for subject in intent.subjects.values()):
            if one.is_new or one.owner or not one.look_alikes:  # told apart by whose it is
                continue
            found += 1
            state = runtime.start.state
            own = state.get(one.collection, one.key) or {}
            rows = [row for key, row in state.rows(one.collection) if key != one.key]
            near = [row for row in rows if row.get("patient_id") == own.get("patient_id")]
            assert not any(all(row.get(name) == own.get(name) for name in one.marks) for row in near), one
    assert found > 10


async def test_who_may_not_speak_for_themselves_is_nobodys_user() -> None:
    [clinic] = load_environments(["clinic"])
    clinics = RuntimePool({clinic.id: lambda: clinic})
    terrain = Terrain(clinics[clinic.id])
    adult = {key: terrain.is_adult("patients", key) for key in terrain.records("patients")}
    assert not adult["P4171"] and sum(adult.values()) > len(adult) / 2  # born in 2019
    state = terrain.runtime.start.state
    children = {str((state.get("patients", key) or {})["name"]) for key in adult if not adult[key]}
    tasks = [one async for one in TaskGenerator(clinics, seed=3).generate(15) if isinstance(one, Task)]
    assert tasks and all(one.scenario.persona.startswith("You are ") for one in tasks)
    assert not [one.id for one in tasks if any(name in one.scenario.persona for name in children)]


async def test_whoever_wants_to_hear_a_status_says_so() -> None:
    tasks, _ = await made(60)
    patterns = {one.id: {*one.origin.patterns} if one.origin else set[str]() for one in tasks}
    told = [
        one
        for one in tasks
        if one.truth.facts and patterns[one.id] & {"condition", "refusal"} and "question" not in patterns[one.id]
    ]
    assert told and all("status" in one.request for one in told)
