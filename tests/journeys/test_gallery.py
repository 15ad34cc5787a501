"""The gallery: every built-in environment is sound, every task can be done and cannot be faked."""

from pathlib import Path

import pytest

from toolworld.cli.host import LocalHost
from toolworld.datasets import load_shelf, under_faults
from toolworld.environments import FAULT_PROFILES, audit, builtin_folders
from toolworld.rollout import MISTAKES, Mistake, Played, choose_scripts, play_and_judge
from toolworld.server import open_episodes

NAMES = sorted(builtin_folders())


async def play(
    name: str, out: Path, mistake: Mistake | None = None, faults: str | None = None, seed: int = 0
) -> Played:
    shelf = await load_shelf([name])
    if faults is not None:
        shelf = await under_faults(shelf, FAULT_PROFILES[faults].model_copy(update={"latency_seconds": 0}))
    async with open_episodes(shelf.environments) as episodes:
        scripts = await choose_scripts(shelf, mistake, seed)
        return await play_and_judge(shelf, scripts, LocalHost(episodes), out)


def test_there_are_six_trades_each_with_tools_records_a_policy_and_tasks() -> None:
    assert len(NAMES) >= 6


@pytest.mark.parametrize("name", NAMES)
async def test_an_environment_is_sound_and_as_rich_as_promised(name: str) -> None:
    shelf = await load_shelf([name])
    [environment] = shelf.environments
    assert audit(environment) == []
    assert 8 <= len(environment.tools) <= 16
    assert sum(map(len, environment.initial_state.collections.values())) >= 300
    assert len(shelf.tasks) >= 15
    assert sum(bool(task.expected.changes) for task in shelf.tasks) >= 11
    assert {rule.kind for rule in environment.rules} >= {"before", "confirm"}
    assert all(tool.errors for tool in environment.tools if tool.effect == "write")


@pytest.mark.parametrize("name", NAMES)
async def test_right_runs_pass(name: str, tmp_path: Path) -> None:
    played = await play(name, tmp_path)
    assert [run.id for _, run, verdict in played.runs if not verdict.passed] == []


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("name", NAMES)
async def test_planted_mistakes_are_caught(name: str, mistake: Mistake, tmp_path: Path) -> None:
    played = await play(name, tmp_path, mistake)
    assert len(played.runs) >= 10
    assert [run.id for _, run, verdict in played.runs if verdict.outcome != "fail"] == []


@pytest.mark.parametrize("name", NAMES)
async def test_right_runs_pass_under_faults_too(name: str, tmp_path: Path) -> None:
    played = await play(name, tmp_path, faults="rough")
    assert [run.id for _, run, verdict in played.runs if not verdict.passed] == []
