"""The scripts of docs/agents, each in its framework's own virtual environment, against our server over HTTP alone."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import pytest
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.foreign.scripted_endpoint import ScriptedModel, Turn, conversation, listening, offered

from toolworld.datasets import Task, TaskSuite
from toolworld.environments import Call
from toolworld.server import build_app, open_episodes

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "docs" / "agents"
ERAS = {"langchain_agent": "2025-11-25", "openai_agents": "2026-07-28", "pydantic_ai_agent": "2026-07-28"}
"""The scripts, with the protocol version that each one's client speaks, as docs/agents.md says."""

KEY, TOKEN = "key-that-must-never-be-printed", "token-that-must-never-be-printed"
RETURN = "I would take Metropolis back. Shall I go ahead?"
LEND = "Metropolis is back. I would lend you Howards End until 23 March. Shall I go ahead?"
TOLD = "Howards End is yours until 23 March."


class Framework(NamedTuple):
    """A script, and the Python of the virtual environment that it runs in."""

    name: str
    python: Path


@dataclass(frozen=True)
class Played:
    """What came of a script's run."""

    printed: str
    log: list[Call]
    """The calls of the one episode that was opened."""
    refused: list[str]
    """The codes of those that failed."""
    asked: list[dict[str, Any]]
    """What the model was sent, request by request."""
    eras: set[str]
    """The protocol versions that the script's requests named."""


@pytest.fixture(scope="session", params=sorted(ERAS))
def framework(request: pytest.FixtureRequest) -> Framework:
    """A framework, installed once for each text of its requirements."""
    name: str = request.param
    wanted = (SCRIPTS / f"{name}.txt").read_text()
    folder = ROOT / ".foreign" / f"agents-{name}"
    python, stamp = folder / "bin" / "python", folder / "installed.txt"
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*install, "-r", str(SCRIPTS / f"{name}.txt")], check=True)
        stamp.write_text(wanted)
    return Framework(name, python)


@pytest.fixture
def task(library_suite: TaskSuite) -> Task:
    """The task that the scripts do unless they are told otherwise: its request says all that has to be known."""
    [task] = [task for task in library_suite.tasks if task.id == "library/return_and_collect"]
    return task


def right_calls(task: Task) -> list[Call]:
    return [reference.call for reference in task.calls]


def as_turns(calls: list[Call]) -> list[Turn]:
    """Put calls into turns: the first two are both lookups by the same card, and are made together. Before each change
    the agent says what it would do, and the user answers."""
    asks = {"return_copy": RETURN, "check_out_copy": LEND}
    turns: list[Turn] = [calls[:2]]
    for call in calls[2:]:
        turns += [asks[call.name], [call]] if call.name in asks else [[call]]
    return turns


def by_name(call: Call) -> str:
    return call.name


def noting(app: ASGIApp, eras: set[str]) -> ASGIApp:
    """Note the protocol versions that an application's requests name."""

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (era := Headers(scope=scope).get("mcp-protocol-version")):
            eras.add(era)
        await app(scope, receive, send)

    return noted


async def play(framework: Framework, suite: TaskSuite, home: Path, turns: list[Turn]) -> Played:
    """Run a framework's script with a model that takes these turns, at a server that asks for its token."""
    model, eras = ScriptedModel(turns, KEY), set[str]()
    async with (
        open_episodes(suite.runtimes, suite.tasks) as episodes,
        listening(noting(build_app(episodes, TOKEN), eras)) as server,
        listening(model.app) as endpoint,
    ):
        done = await anyio.run_process(
            [str(framework.python), str(SCRIPTS / f"{framework.name}.py"), "--server", server, "--model", "scripted"],
            env={
                "HOME": str(home),
                "OPENAI_API_KEY": KEY,
                "OPENAI_BASE_URL": f"{endpoint}/v1",
                "TOOLWORLD_TOKEN": TOKEN,
            },
            check=False,
        )
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == 0, said
        assert KEY not in said and TOKEN not in said
        [row] = await episodes.store.episodes()
        log = await (await episodes.get(row.id)).log()
    refused = [event.failure.code for event in log if event.failure]
    return Played(done.stdout.decode(), [event.call for event in log], refused, model.requests, eras)


async def test_a_right_run_passes_and_the_log_holds_just_its_calls(
    framework: Framework, library_suite: TaskSuite, task: Task, tmp_path: Path
) -> None:
    right = right_calls(task)
    played = await play(framework, library_suite, tmp_path, [*as_turns(right), TOLD])
    lines = played.printed.splitlines()
    assert lines[:3] == [f"user: {task.request}", f"agent: {RETURN}", "user: Yes, please go ahead."]
    assert lines[5:8] == [f"agent: {TOLD}", "user: Thank you, that is all.", "verdict: pass"]
    assert sorted(played.log[:2], key=by_name) == sorted(right[:2], key=by_name)
    assert played.log[2:] == right[2:]
    assert played.refused == []
    assert played.eras == {ERAS[framework.name]}


async def test_the_model_gets_the_policy_the_request_the_tools_and_every_result(
    framework: Framework, library_suite: TaskSuite, task: Task, tmp_path: Path
) -> None:
    played = await play(framework, library_suite, tmp_path, [*as_turns(right_calls(task)), TOLD])
    environment = library_suite.runtime_of(task).environment
    messages = conversation(played.asked[-1])
    assert [message.role for message in messages[:2]] == ["system", "user"]
    assert environment.policy.strip() in messages[0].text
    assert messages[1].text.startswith(task.request)
    assert offered(played.asked[0]) == [tool.name for tool in environment.tools]
    results = {message.answers: message.text for message in messages if message.role == "tool"}
    assert len(results) == len(task.calls)
    assert "Grace Llewellyn" in results["call_0_0"] and "Metropolis" in results["call_0_1"]
    assert "2026-03-23" in next(reversed(results.values()))


async def test_a_run_that_leaves_out_the_last_write_fails(
    framework: Framework, library_suite: TaskSuite, task: Task, tmp_path: Path
) -> None:
    *most, last = right_calls(task)
    assert last.name == "check_out_copy"
    insists: list[Turn] = [
        TOLD,
        TOLD,
        TOLD,
    ]  # the user, who has agreed to nothing of the kind, asks whether it needs more
    played = await play(framework, library_suite, tmp_path, [*as_turns(most), *insists])
    lines = played.printed.splitlines()
    assert "verdict: fail" in lines and "  state: fail" in lines
    assert "  answer: unclear" in lines  # no call gave the day that it tells
    assert sorted(played.log, key=by_name) == sorted(most, key=by_name)


async def test_refusals_and_made_up_tools_do_not_end_a_run(
    framework: Framework, library_suite: TaskSuite, task: Task, tmp_path: Path
) -> None:
    """A model stumbles three times over the same tool and twice over none; it hears of it each time, and recovers."""
    astray = [Call(name="renew_loan", arguments={"loan_id": f"L999{place}"}) for place in range(3)]
    made_up = Call(name="greet_borrower", arguments={"name": "Grace"})
    stumbles: list[Turn] = [*([call] for call in astray), [made_up], [made_up]]
    played = await play(framework, library_suite, tmp_path, [*stumbles, *as_turns(right_calls(task)), TOLD])
    assert "verdict: pass" in played.printed.splitlines()
    assert played.log[:3] == astray
    assert played.refused == ["loan_not_found"] * 3
    assert len(played.log) == 3 + len(task.calls)
    results = [message.text for message in conversation(played.asked[-1]) if message.role == "tool"]
    assert all(f"There is no loan L999{place}." in results[place] for place in range(3))
    assert all("greet_borrower" in text for text in results[3:5])
