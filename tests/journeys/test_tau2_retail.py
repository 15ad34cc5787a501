"""tau2 retail, all 74 tasks: the recorded calls over MCP, and verdicts that tell right from wrong."""

import subprocess
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client
from mcp_types import TextContent

from toolworld.datasets import (
    Task,
    TaskSuite,
    Tau2Task,
    Trajectory,
    changed_arguments,
    import_tau2_task,
    load_suite,
    read_tau2_tasks,
    recorded_value,
    without_call,
    wording_of,
)
from toolworld.environments import Call, Runtime, RuntimePool
from toolworld.ground import canonical, read_lines, same
from toolworld.judges import judge
from toolworld.rollout import (
    TRAJECTORIES,
    RemoteHost,
    connect,
    mutated_script,
    play_and_judge,
    script_of,
)
from toolworld.server import InProcessHost, build_mcp_server, connected, connection_to, open_episodes

Serving = Callable[..., AbstractAsyncContextManager[str]]


@pytest.fixture(scope="module")
def rows(tau2_folder: Path) -> tuple[Tau2Task, ...]:
    found = read_tau2_tasks(tau2_folder / "tasks.train.jsonl")
    assert len(found) == 74
    return found


@pytest.fixture
async def tasks(rows: tuple[Tau2Task, ...], retail: Runtime) -> list[Task]:
    return [await import_tau2_task(row, retail) for row in rows]


async def differences(client: Client, row: Tau2Task) -> list[str]:
    """Make the recorded calls and name every result that is not the recorded one."""
    found: list[str] = []
    for number, call in enumerate(row.calls):
        result = await client.call_tool(call.name, call.arguments)
        [part] = result.content
        assert isinstance(part, TextContent)
        if bool(result.is_error) != call.is_error:
            found.append(f"{row.id}.{number} {call.name}: {part.text}")
        elif not call.is_error and not same(recorded_value(part.text), recorded_value(call.result)):
            found.append(f"{row.id}.{number} {call.name}: {part.text[:200]} instead of {call.result[:200]}")
    return found


def as_set(ops: list[dict[str, Any]]) -> list[bytes]:
    return sorted(canonical(op) for op in ops)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_every_recorded_call_comes_out_the_same_in_memory(
    rows: tuple[Tau2Task, ...], retail: Runtime, mode: str
) -> None:
    server = build_mcp_server("0")
    wrong: list[str] = []
    async with open_episodes([retail.environment]) as episodes:
        for row in rows:
            episode = await episodes.open(retail.environment.id)
            with connected(connection_to(episode)):
                async with Client(server, mode=mode) as client:
                    wrong += await differences(client, row)
            if as_set([op.model_dump() for op in episode.changes]) != as_set(list(row.final_diff)):
                wrong.append(f"{row.id}: the final diff differs")
    assert wrong == []


async def test_every_recorded_call_comes_out_the_same_over_http(
    rows: tuple[Tau2Task, ...], retail: Runtime, serving: Serving
) -> None:
    wrong: list[str] = []
    async with (
        open_episodes([retail.environment]) as episodes,
        serving(episodes) as base,
        httpx.AsyncClient(base_url=base) as api,
    ):
        for row in rows:
            episode = (await api.post("/episodes", json={"environment": retail.environment.id})).json()
            async with Client(episode["mcp_url"]) as client:
                wrong += await differences(client, row)
            diff = (await api.get(f"/episodes/{episode['id']}/diff")).json()
            if as_set(diff) != as_set(list(row.final_diff)):
                wrong.append(f"{row.id}: the final diff differs")
    assert wrong == []


async def play_all(
    tasks: list[Task], scripts: dict[str, Any], retail: Runtime, out: Path, host: InProcessHost | RemoteHost
) -> dict[str, str]:
    outcomes: dict[str, str] = {}
    suite = TaskSuite(RuntimePool.of([retail.environment]), tuple(tasks))
    await play_and_judge(
        suite, scripts, host, out, on_run=lambda run, _, verdict: outcomes.update({run.task.id: verdict.outcome})
    )
    return outcomes


def without_ids(out: Path) -> list[Trajectory]:
    """The trajectories of a run, without the ids: a server chooses its own, which cannot be guessed."""
    runs = read_lines(out / TRAJECTORIES, Trajectory).records
    return [run.model_copy(update={"id": run.run}) for run in runs]


async def test_every_task_played_with_its_calls_passes(tasks: list[Task], retail: Runtime, tmp_path: Path) -> None:
    scripts = {task.id: script_of(task) for task in tasks}
    async with open_episodes([retail.environment]) as episodes:
        outcomes = await play_all(tasks, scripts, retail, tmp_path, InProcessHost(episodes))
    assert outcomes == {task.id: "pass" for task in tasks}


async def test_the_same_code_plays_at_a_url(
    tasks: list[Task], retail: Runtime, tmp_path: Path, serving: Serving
) -> None:
    chosen = tasks[::6]
    scripts = {task.id: script_of(task) for task in chosen}
    async with open_episodes([retail.environment]) as episodes:
        local = await play_all(chosen, scripts, retail, tmp_path / "local", InProcessHost(episodes))
        async with serving(episodes, "t0ken") as base, connect(base, "t0ken") as host:
            remote = await play_all(chosen, scripts, retail, tmp_path / "remote", host)
    assert local == remote == {task.id: "pass" for task in chosen}
    assert without_ids(tmp_path / "local") == without_ids(tmp_path / "remote")


async def test_doing_nothing_fails_every_task(tasks: list[Task], retail: Runtime, tmp_path: Path) -> None:
    scripts = {task.id: await mutated_script(task, "nothing", retail, tasks) for task in tasks}
    async with open_episodes([retail.environment]) as episodes:
        outcomes = await play_all(tasks, scripts, retail, tmp_path, InProcessHost(episodes))
    assert outcomes == {task.id: "fail" for task in tasks}


async def verdict_on(task: Task, calls: tuple[Call, ...], retail: Runtime) -> str:
    """Judge a run of these calls by an agent that says everything that has to be said."""
    snapshot, log = retail.start, list[Any]()
    for call in calls:
        event, snapshot = await retail.step(snapshot, call)
        log.append(event)
    run = Trajectory(
        id=task.id,
        task=task.id,
        environment=task.environment,
        environment_version=task.environment_version,
        seed=0,
        agent="mutant",
        user="none",
        answer=" ; ".join((*map(wording_of, task.truth.facts), "done")),
        log=tuple(log),
        initial_digest=retail.start.state.digest,
        final_digest=snapshot.state.digest,
        changes=snapshot.state.diff(retail.start.state),
        stop="done",
    )
    verdict = await judge(task, run, retail, if_unclear="one")  # what the user agreed to, nobody heard
    return "pass" if verdict.reward else verdict.outcome


async def test_dropping_a_mutating_call_or_changing_an_argument_fails(tasks: list[Task], retail: Runtime) -> None:
    survivors: list[str] = []
    mutants = 0
    for task in tasks:
        calls = script_of(task).calls
        assert await verdict_on(task, calls, retail) == "pass", task.id
        for number, call in enumerate(calls):
            if retail.tool(call.name).effect == "read" or task.calls[number].error is not None:
                continue
            mutated = [("dropped", without_call(calls, number)), *changed_arguments(calls, number, retail)]
            for label, mutant in mutated:
                mutants += 1
                if await verdict_on(task, mutant, retail) != "fail":
                    survivors.append(f"{task.id}: {call.name} {label}")
    assert mutants > 590
    assert survivors == []


async def test_the_tools_hold_for_calls_that_no_task_makes(retail: Runtime) -> None:
    """Paths of the program that the recorded calls do not take, worked out from the policy by hand."""

    async def result(name: str, **arguments: Any) -> Any:
        event, _ = await retail.step(retail.start, Call(name=name, arguments=arguments))
        return event.failure.code if event.failure else event.result

    for expression, value in {
        "2 + 3 * 4": "14.0",
        "(2 + 3) * 4": "20.0",
        "-2 * -(3 + 1)": "8.0",
        "10 / 4 / 5": "0.5",
        "1 - 2 - 3": "-4.0",
        ".1 + .2": "0.3",
        "2 * (3 + (4 - 1)) / 4": "3.0",
        "1234567.89 + 0": "1234567.89",
        "1000000 * 10": "10000000.0",
        "-(5 - 5)": "0.0",
        "2 ** 3 ** 2": "512.0",
        "-2 ** 2": "-4.0",
        "2 * -3": "-6.0",
        "7 // 2 * 2": "6.0",
        "12345678901234567891 - 12345678901234567890": "1.0",
    }.items():
        assert await result("calculate", expression=expression) == value
    for bad in (
        "",
        "1 +",
        "(1",
        "1)",
        "1 2",
        "1..2",
        "1 / 0",
        "a",
        "()",
        "* 2",
        "__import__",
        "007",
        "²",
        "9" * 400,
        "9 ** 999 ** 9",
        "2 ** -1",
    ):
        assert await result("calculate", expression=bad) == "invalid_expression"
    listed = await result("list_all_product_types")
    assert len(listed) == 50 and list(listed) == sorted(listed)
    assert await result("transfer_to_human_agents", summary="x") == "Transfer successful"

    orders = dict(retail.start.state.rows("orders"))
    users: dict[str, Any] = dict(retail.start.state.rows("users"))
    pending: Any = next(
        order
        for order in orders.values()
        if order["status"] == "pending" and len(methods(users, order)) > 1 and "gift_card" not in first_paid(order)
    )
    other = next(method for method in methods(users, pending) if method != first_paid(pending))
    moved = await result("modify_pending_order_payment", order_id=pending["order_id"], payment_method_id=other)
    amount = pending["payment_history"][0]["amount"]
    if isinstance(moved, str):
        assert moved == "insufficient_balance"
    else:
        assert [(step["transaction_type"], step["amount"]) for step in moved["payment_history"]] == [
            ("payment", amount),
            ("payment", amount),
            ("refund", amount),
        ]
    same_one = await result(
        "modify_pending_order_payment", order_id=pending["order_id"], payment_method_id=first_paid(pending)
    )
    assert same_one == "same_payment_method"
    delivered = next(key for key, order in orders.items() if order["status"] == "delivered")
    assert await result("cancel_pending_order", order_id=delivered, reason="no longer needed") == "order_not_pending"
    assert await result("cancel_pending_order", order_id=pending["order_id"], reason="bored") == "invalid_reason"


def methods(users: dict[str, Any], order: Any) -> list[str]:
    return list(users[order["user_id"]]["payment_methods"])


def first_paid(order: Any) -> str:
    return order["payment_history"][0]["payment_method_id"]


@pytest.mark.long
@pytest.mark.timeout(240)
def test_the_imported_folder_is_a_shelf_like_any_other(tau2_folder: Path, tmp_path: Path, command: list[str]) -> None:
    out = tmp_path / "retail"

    def said(*arguments: str) -> str:
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True)
        return " ".join(done.stdout.split())

    imported = said("env", "import", "tau2", str(tau2_folder), "--out", str(out))
    assert "tau2 retail, 16 tools, 1,550 records, 74 tasks" in imported
    checked = said("env", "check", str(out))
    # of tau2's own tasks: one asks for nothing, five have sums that the agent works out, and two ask for a number that
    # no call of theirs gives; no task uses one tool
    assert "0 errors, 9 warnings" in checked
    assert "tau2_retail/57: it has neither calls nor facts" in checked
    suite: TaskSuite = anyio.run(load_suite, [str(out)])
    assert len(suite.tasks) == 74
    assert {task.environment_version for task in suite.tasks} == {suite.environments[0].version}
