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


UNCLEAR: set[Mutation] = {
    "untold_fact",
    "false_fact",
    "denied_fact",
    "dumped_results",
    "unrelated_consent",
    "invented_fact",
}
"""Statements, dumps, values that nobody returned, and a proposal whose text speaks of what is then done: only a judge
by model can decide them."""
UNDECIDED: set[Mutation] = {"dumped_results", "invented_fact"}
WHERE: dict[Mutation, set[str]] = {
    "undone_write": {"bank_cards", "clinic", "hotel", "library"},  # elsewhere nothing can be taken back in one call
    "volatile_write": {"helpdesk"},  # the notes of its tickets; elsewhere no call changes nothing but such a field
    "told_secret": {"bank_cards", "clinic", "hotel", "library"},  # those with a rule of privacy
    # few tasks leave room for these
    "duplicated_write": set(),
    "swapped_calls": set(),
    "early_stop": set(),
    "extra_argument": set(),
    "forbidden_change": set(),
    "skipped_step": set(),
}
"""The environments that leave room for a mutation, where not all do."""


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize(
    "name", [name if name == "library" else pytest.param(name, marks=pytest.mark.long) for name in NAMES]
)
async def test_mutations_are_caught(name: str, mutation: Mutation, tmp_path: Path) -> None:
    outcomes = await play(name, tmp_path, mutation)
    assert len(outcomes) >= 10 or name not in WHERE.get(mutation, NAMES)
    allowed = {"fail", "unclear"} if mutation in UNCLEAR else {"fail"}
    assert set(outcomes.values()) <= allowed, outcomes
    assert not outcomes or mutation in UNDECIDED or "fail" in outcomes.values()


async def test_harder_tasks_are_long_and_their_users_change_their_minds() -> None:
    suite = await load_suite(NAMES)
    long = [task for task in suite.tasks if len(task.calls) >= 8]
    minds = [task for task in long if any(one.after is not None for one in task.scenario.reactions)]
    assert len(long) >= 24 and len(minds) >= 20
    assert all(sum(reference.writes for reference in task.calls) >= 3 for task in minds)
    assert sum(bool(task.truth.forbidden) for task in minds) >= 20


@pytest.mark.parametrize("name", NAMES)
async def test_right_runs_pass_under_faults_too(name: str, tmp_path: Path) -> None:
    outcomes = await play(name, tmp_path, faults="rough")
    assert len(outcomes) >= 15 and set(outcomes.values()) == {"pass"}, outcomes
