"""The gallery: every built-in environment is sound, every task can be done and cannot be faked."""

from pathlib import Path

import pytest

from toolworld.datasets import load_suite, suite_under_faults
from toolworld.environments import FAULT_PROFILES, audit, builtin_folders
from toolworld.rollout import MUTATIONS, Mutation, choose_scripts, play_and_judge
from toolworld.server import InProcessHost, open_episodes

NAMES = sorted(builtin_folders())


async def play(
    name: str, out: Path, mutation: Mutation | None = None, faults: str | None = None, seed: int = 0
) -> dict[str, str]:
    """Play an environment's tasks, and return the outcome of each."""
    suite = await load_suite([name])
    if faults is not None:
        suite = await suite_under_faults(suite, FAULT_PROFILES[faults].model_copy(update={"latency_seconds": 0}))
    outcomes: dict[str, str] = {}
    async with open_episodes(suite.runtimes) as episodes:
        scripts = await choose_scripts(suite, mutation, seed)
        host = InProcessHost(episodes)
        await play_and_judge(
            suite, scripts, host, out, on_run=lambda run, _, verdict: outcomes.update({run.task.id: verdict.outcome})
        )
    return outcomes


def test_there_are_six_trades_each_with_tools_records_a_policy_and_tasks() -> None:
    assert len(NAMES) >= 6


@pytest.mark.parametrize("name", NAMES)
async def test_an_environment_is_sound_and_as_rich_as_promised(name: str) -> None:
    suite = await load_suite([name])
    [environment] = suite.environments
    assert audit(environment) == []
    assert 8 <= len(environment.tools) <= 16
    assert sum(map(len, environment.initial_state.collections.values())) >= 300
    assert len(suite.tasks) >= 15
    assert sum(bool(task.truth.changes) for task in suite.tasks) >= 11
    assert {rule.kind for rule in environment.rules} >= {"before", "confirm"}
    assert all(tool.errors for tool in environment.tools if tool.effect == "write")


@pytest.mark.parametrize("name", NAMES)
async def test_right_runs_pass(name: str, tmp_path: Path) -> None:
    outcomes = await play(name, tmp_path)
    assert len(outcomes) >= 15 and set(outcomes.values()) == {"pass"}, outcomes


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("name", NAMES)
async def test_mutations_are_caught(name: str, mutation: Mutation, tmp_path: Path) -> None:
    outcomes = await play(name, tmp_path, mutation)
    statements = {"unclear"} if mutation == "untold_fact" else set[str]()  # which only a judge by model can find
    assert len(outcomes) >= 10 and {"fail"} <= set(outcomes.values()) <= {"fail"} | statements, outcomes


@pytest.mark.parametrize("name", NAMES)
async def test_right_runs_pass_under_faults_too(name: str, tmp_path: Path) -> None:
    outcomes = await play(name, tmp_path, faults="rough")
    assert len(outcomes) >= 15 and set(outcomes.values()) == {"pass"}, outcomes
