"""OpenEnv's checks of an environment: all 46 are named, those that are answered hold, and each can fail."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from toolworld.datasets import Task, TaskSuite, TextFact, load_suite
from toolworld.ground import UsageError
from toolworld.server import ValidationReport, open_episodes, validate
from toolworld.server.validation import runtime, semantic, static
from toolworld.server.validation.catalogue import ELSEWHERE, LISTED
from toolworld.server.validation.probe import PlayedRun, Probe

NAMES = ("library/renew_one", "library/return_and_collect", "library/expired_card")


@pytest.fixture
def small(library_suite: TaskSuite) -> TaskSuite:
    return replace(library_suite, tasks=tuple(task for task in library_suite.tasks if task.id in NAMES))


async def report_of(suite: TaskSuite) -> ValidationReport:
    return await validate(suite, suite.environments[0])


def statuses(report: ValidationReport) -> dict[str, str]:
    return {check.check_id: check.status for check in report.checks}


async def test_all_checks_are_named_and_those_that_apply_are_answered_with_evidence(small: TaskSuite) -> None:
    report = await report_of(small)
    assert len(LISTED) == len(report.checks) == len(statuses(report)) == 46
    assert (report.count("pass"), report.count("fail"), report.failed) == (32, 0, ())
    assert report.count("not_run") + report.count("not_applicable") == len(ELSEWHERE) == 14
    assert all(check.evidence and all(check.evidence) for check in report.checks)
    assert report.tasks == 3
    again = await report_of(small)
    untimed = [check for check in report.checks if check.check_id != "semantic.resource_envelope"]
    assert [check for check in again.checks if check.check_id != "semantic.resource_envelope"] == untimed


async def test_an_answer_that_stands_in_the_request_is_a_leak(small: TaskSuite) -> None:
    def leaking(task: Task) -> Task:
        truth = task.truth.model_copy(update={"changes": (), "facts": (TextFact(text="Middlemarch"),), "calls": ()})
        return task.model_copy(update={"truth": truth, "calls": task.calls[:2]})

    tasks = tuple(leaking(task) if task.id == "library/renew_one" else task for task in small.tasks)
    report = await report_of(replace(small, tasks=tasks))
    assert statuses(report)["semantic.no_solution_leakage"] == "fail"
    [check] = [check for check in report.checks if check.check_id == "semantic.no_solution_leakage"]
    assert "library/renew_one" in check.evidence[0] and check.remediation
    assert check in report.failed


async def test_a_task_without_tasks_is_refused(small: TaskSuite) -> None:
    with pytest.raises(UsageError, match="has no tasks"):
        await report_of(replace(small, tasks=()))


def spoiled_frames(probe: Probe) -> None:
    probe.frames[1] = {**probe.frames[1], "reward": None}


def leaky_frames(probe: Probe) -> None:
    probe.frames.append({"observation": {"evidence": "it is due on 23 March"}, "reward": 1.0, "done": True})


def misshapen_frames(probe: Probe) -> None:
    probe.frames[1] = {**probe.frames[1], "observation": {"tool_name": 7}}


def forgetful_state(probe: Probe) -> None:
    probe.state = {"episode_id": "other", "step_count": 1}


def lost_rewards(probe: Probe) -> None:
    probe.right[0] = with_verdict(probe.right[0], reward=0.0)


def other_rewards(probe: Probe) -> None:
    probe.other_seed[0] = with_verdict(probe.other_seed[0], reward=0.0)


def paid_mistakes(probe: Probe) -> None:
    probe.mistaken[0] = with_verdict(probe.mistaken[0], reward=1.0)


def unexplained_mistakes(probe: Probe) -> None:
    probe.mistaken[0] = with_verdict(probe.mistaken[0], reward=0.0, checks=())


def other_log(probe: Probe) -> None:
    run = probe.again[0]
    probe.again[0] = replace(run, trajectory=run.trajectory.model_copy(update={"final_digest": "other"}))


def same_ids(probe: Probe) -> None:
    probe.other_seed = [*probe.right]


def unended(probe: Probe) -> None:
    run = probe.right[0]
    probe.right[0] = replace(run, trajectory=run.trajectory.model_copy(update={"stop": "turn_limit"}))


def slow(probe: Probe) -> None:
    probe.seconds = 61.0


def with_verdict(run: PlayedRun, **fields: Any) -> PlayedRun:
    return replace(run, verdict=run.verdict.model_copy(update=fields))


@pytest.mark.parametrize(
    ("check", "spoil"),
    [
        (runtime.reward_well_formed, spoiled_frames),
        (runtime.oracle_containment, leaky_frames),
        (runtime.observation_schema, misshapen_frames),
        (runtime.state_contract, forgetful_state),
        (runtime.reward_attribution, unexplained_mistakes),
        (runtime.trajectory_record, unended),
        (runtime.episode_determinism, other_log),
        (runtime.seed_control, same_ids),
        (semantic.oracle_max, lost_rewards),
        (semantic.reward_reachability, lost_rewards),
        (semantic.variance_bound, other_rewards),
        (semantic.adversarial_floor, paid_mistakes),
        (semantic.verifier_determinism, paid_mistakes),
        (semantic.verifier_portability, lost_rewards),
        (semantic.resource_envelope, slow),
    ],
)
async def test_a_check_passes_and_fails_where_what_it_looks_at_is_spoiled(
    small: TaskSuite, check: Callable[[Probe], Any], spoil: Callable[[Probe], None]
) -> None:
    async def answered(probe: Probe) -> str:
        found = check(probe)
        return (found if isinstance(found, tuple) else await found).status  # type: ignore[no-any-return]

    async with open_episodes(small.runtimes, small.tasks) as episodes:
        probe = Probe(episodes, small.environments[0], small.tasks, small)
        await probe.play()
        assert await answered(probe) == "pass"
        spoil(probe)
        assert await answered(probe) == "fail"


async def test_what_is_declared_otherwise_than_it_is_fails(small: TaskSuite) -> None:
    async with open_episodes(small.runtimes, small.tasks) as episodes:
        environment = small.environments[0]
        probe = Probe(episodes, environment, small.tasks, small)
        fewer = environment.replaced(tools=environment.tools[:-1])
        importing = environment.replaced(behaviour=f"import os\n{environment.behaviour}")
        assert runtime.tool_declaration_accuracy(replace(probe, environment=fewer)).status == "fail"
        assert static.dependency_pinning(replace(probe, environment=importing)).status == "fail"
        assert runtime.network_policy(replace(probe, environment=importing)).status == "fail"
        assert static.task_distribution_pinning(replace(probe, environment=fewer)).status == "fail"
        more = replace(small, tasks=(*small.tasks, small.tasks[0]))
        assert runtime.task_declaration_accuracy(replace(probe, suite=more)).status == "fail"
        prose = environment.replaced(behaviour=f'"""Things to lend,\nfrom drills to saws."""\n{environment.behaviour}')
        assert static.dependency_pinning(replace(probe, environment=prose)).status == "pass"
        by_model = environment.replaced(behaviour=None)
        assert runtime.host_containment(replace(probe, environment=by_model)).status == "not_run"


async def test_what_there_is_nothing_of_is_not_run(small: TaskSuite) -> None:
    async with open_episodes(small.runtimes, small.tasks) as episodes:
        bare = Probe(episodes, small.environments[0], [], small)
        assert (await semantic.canary_floor(bare)).status == "not_run"
        for check in (semantic.adversarial_floor, runtime.seed_control, runtime.reward_attribution):
            assert check(bare).status == "not_run"


async def test_a_statement_that_no_judge_looked_at_pays_nothing() -> None:
    report = await report_of(await load_suite(["helpdesk"]))
    assert report.failed == ()


async def test_a_change_that_the_truth_does_not_ask_for_is_found(small: TaskSuite) -> None:
    [renew] = [task for task in small.tasks if task.id == "library/renew_one"]
    for check, facts in ((semantic.canary_floor, (TextFact(text="Middlemarch"),)), (semantic.floor_gap, ())):
        truth = renew.truth.model_copy(update={"changes": (), "facts": facts})
        suite = replace(small, tasks=(renew.model_copy(update={"truth": truth}),))
        async with open_episodes(suite.runtimes, suite.tasks) as episodes:
            probe = Probe(episodes, suite.environments[0], suite.tasks, suite)
            assert (await check(probe)).status == "fail"
