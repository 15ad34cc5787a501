"""LLM-simulated calls on the gallery and on tau2 retail, by a model that is always right: what they take and cost."""

import json
import subprocess
import sys
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.support.model_endpoint import Payload, Reply, endpoint
from tests.support.oracle import Oracle, with_oracle
from tests.support.three_completions import exchanges

from toolworld.datasets import Task, import_tau2_task, load_suite, read_tau2_tasks
from toolworld.environments import Environment, Event, ReplaySimulator, Runtime, builtin_folders
from toolworld.environments.model_simulator.context import Slicer
from toolworld.ground import same

ROOT = Path(__file__).parents[2]
KEY = "sk-planted-key-0123456789abcdef"


@dataclass(slots=True)
class Spent:
    """What reference calls took, here and the old way, in tokens (four bytes each, both ways)."""

    calls: int = 0
    completions: int = 0
    rejected: int = 0
    ours: int = 0
    theirs: int = 0


async def simulate(environment: Environment, tasks: tuple[Task, ...] | list[Task]) -> Spent:
    """Make the reference calls of all tasks with programs switched off, replay each log with no model, and add up."""
    spent = Spent()
    runtime, slicer = with_oracle(environment, Oracle(environment)), Slicer(environment.state_schema)
    bare = Runtime(environment.model_copy(update={"behaviour": None}))
    for task in tasks:
        snapshot, log = runtime.start, list[Event]()
        for reference in task.calls:
            shown = slicer.choose(snapshot.state, runtime.tool(reference.call.name), reference.call)
            event, after = await runtime.step(snapshot, reference.call, task.seed)
            code = event.failure.code if event.failure else None
            assert code == reference.error and (code or same(event.result, reference.result)), event
            assert event.usage is not None and event.simulator == "model"
            spent.calls += 1
            spent.completions += event.usage.completions
            spent.rejected += len(event.rejected)
            spent.ours += event.usage.tokens
            said = exchanges(runtime.tool(reference.call.name), reference.call, shown, event, after.state)
            spent.theirs += sum(-(-len((asked + answer).encode()) // 4) for asked, answer in said)
            log.append(event)
            snapshot = after
        replaying, again = ReplaySimulator(dict(enumerate(log))), bare.start
        for event in log:
            replayed, again = await bare.step(again, event.call, task.seed, replaying)
            assert replayed.json_bytes() == event.json_bytes()
        assert again.state.digest == snapshot.state.digest
    return spent


@pytest.mark.parametrize("name", sorted(builtin_folders()))
async def test_each_call_of_the_gallery_takes_one_completion_and_a_third_of_the_tokens(name: str) -> None:
    suite = await load_suite([name])
    spent = await simulate(suite.environments[0], suite.tasks)
    assert spent.calls == spent.completions > 50 and spent.rejected == 0
    assert spent.ours <= spent.theirs / 3, spent.ours / spent.theirs


async def test_each_call_of_tau2_retail_too(retail: Runtime, tau2_folder: Path) -> None:
    rows = read_tau2_tasks(tau2_folder / "tasks.train.jsonl")[:30]
    spent = await simulate(retail.environment, [await import_tau2_task(row, retail) for row in rows])
    assert spent.calls == spent.completions > 100 and spent.rejected == 0
    assert spent.ours <= spent.theirs / 3, spent.ours / spent.theirs


def everything_in(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def command(*words: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    toolworld = [sys.executable, "-c", "from toolworld.cli import main; main()", *words]
    return await anyio.run_process(toolworld, check=False, cwd=ROOT, env={"PATH": "/usr/bin:/bin", **environ})


async def test_no_key_comes_into_any_file_log_error_or_export(tmp_path: Path) -> None:
    """The endpoint even repeats the key, in answers and in errors."""

    asked = count(1)

    def indiscreet(payload: Payload) -> Reply:
        if next(asked) % 3 == 0:
            return Reply(status=401, body={"error": {"message": f"bad key {KEY}"}})
        if payload.get("tools"):
            return Reply(f"Your key is {KEY}. Is that all?")
        return Reply(json.dumps({"error": None, "ops": [], "result": {"note": KEY}}))

    async with endpoint(indiscreet) as fake:
        model = f"{fake.url}#m"
        run = (
            "run",
            "library",
            "--limit",
            "4",
            "--turns",
            "3",
            "--agent",
            model,
            "--simulator",
            "model",
            "--model",
            model,
        )
        keys = {
            "TOOLWORLD_MODEL_KEY": KEY,
            "OPENAI_API_KEY": KEY,
            "OTEL_TRACES_EXPORTER": "console",
            "OPENAI_LOG": "debug",
        }
        done = await command(*run, "--out", str(tmp_path / "o"), "--store", str(tmp_path / "s.sqlite"), **keys)
        assert done.returncode == 1, done.stderr
        assert any(KEY in sent for sent in fake.keys)
        exported = await command(
            "export",
            "chat",
            str(tmp_path / "o" / "trajectories.jsonl"),
            "--env",
            "library",
            "--out",
            str(tmp_path / "c.jsonl"),
        )
        assert exported.returncode == 0, exported.stderr
        wrong = await command(*run, "--out", str(tmp_path / "p"), "--budget", "1usd", **keys)
        assert wrong.returncode == 2 and b"the price of" in wrong.stderr
    said = [done.stdout, done.stderr, exported.stdout, exported.stderr, wrong.stdout, wrong.stderr]
    kept = everything_in(tmp_path)
    assert len(kept) >= 5 and b"[key]" in b"".join(kept)
    assert [place for place, text in enumerate([*said, *kept]) if KEY.encode() in text] == []


async def test_the_command_plays_models_and_tells_what_they_cost(tmp_path: Path) -> None:
    def agent(payload: Payload) -> Reply:
        return Reply("All done, goodbye.", usage={"prompt_tokens": 100, "completion_tokens": 7})

    async with endpoint(agent) as fake:
        run: tuple[Any, ...] = (
            "run",
            "library",
            "--limit",
            "3",
            "--agent",
            f"{fake.url}#m",
            "--out",
            str(tmp_path),
            "--json",
        )
        first, again = await command(*run), await command(*run)
        assert len(fake.asked) == 9  # three tasks; the user asks twice what else is needed before it leaves
        shown = await command(*run[:-1])
    told = json.loads(first.stdout)
    assert (told["asked"], told["played"], told["failed"]) == (3, 3, 3)
    [cost] = told["models"]
    assert (cost["role"], cost["stage"], cost["paid"]["completions"], cost["paid"]["prompt_tokens"]) == (
        "agent",
        "run",
        9,
        900,
    )
    assert json.loads(again.stdout)["resumed"] == 3
    assert b"0 passed, 3 failed, 0 unclear, 0 void of 3" in shown.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--agent", "gpt-9"), "names no model for the agent; write it as openai:NAME"),
        (("--agent", "openai:gpt-4o-mini"), "OPENAI_API_KEY"),
        (("--simulator", "model"), "--simulator model needs --model"),
        (("--simulate", "renew_loan"), "is not written as TOOL=KIND"),
        (("--simulate", "renew_loan=model"), "needs --model"),
        (("--simulate", "x=behaviour"), "no environment has such a tool"),
        (("--budget", "2usd"), "are for models, and none is named"),
        (("--agent", "http://127.0.0.1:9/v1#m", "--budget", "lots"), "is no budget"),
        (("--agent", "http://127.0.0.1:9/v1#m", "--mutation", "nothing"), "--mutation is for the scripted agent"),
        (("--agent", "scripted:no-such-file"), "cannot be read"),
    ],
)
async def test_what_is_said_wrongly_about_models_is_one_clear_sentence(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = await command("run", "library", "--out", str(tmp_path / "o"), *words)
    assert done.returncode == 2 and said in " ".join(done.stderr.decode().split()), done.stderr
    assert b"Traceback" not in done.stderr
