"""All checks of an environment."""

import inspect
from collections.abc import Awaitable, Callable
from typing import cast

from toolworld.datasets import TaskSuite
from toolworld.environments import Environment
from toolworld.ground import UsageError
from toolworld.server.episodes.episodes import open_episodes
from toolworld.server.validation import runtime, semantic, static
from toolworld.server.validation.catalogue import ELSEWHERE, LISTED, Listed
from toolworld.server.validation.finding import Finding, not_run
from toolworld.server.validation.probe import Probe
from toolworld.server.validation.report import CheckReport, ValidationReport

MOST_TASKS = 50
"""Tasks that are played, unless more are asked for."""
_MODULES = {"static": static, "runtime": runtime, "semantic": semantic, "statistical": semantic}
_BY_FRAMES = frozenset({"startup", "reward_well_formed", "observation_schema", "state_contract", "oracle_containment"})
"""Checks that look at a run over OpenEnv's protocol."""


async def validate(suite: TaskSuite, environment: Environment, most_tasks: int = MOST_TASKS) -> ValidationReport:
    """Answer OpenEnv's checks for an environment, by playing its tasks.

    Args:
        suite: The environment with its tasks.
        environment: The environment.
        most_tasks: How many tasks are played, the first ones.

    Raises:
        UsageError: it has no tasks, or a tool whose name OpenEnv's protocol takes.
    """
    own = [task for task in suite.tasks if task.environment == environment.id]
    tasks = [task for task in own if task.faults is None][:most_tasks]
    if not tasks:
        raise UsageError(f"environment {environment.id} has no tasks without faults, so that there is nothing to play")
    async with open_episodes(suite.runtimes, suite.tasks) as episodes:
        probe = Probe(episodes, environment, tasks, suite)
        await probe.play()
        checks = [await _answered(listed, probe) for listed in LISTED]
    return ValidationReport(
        environment=environment.id,
        environment_version=environment.version,
        tasks=len(tasks),
        not_played=len(own) - len(tasks),
        checks=tuple(checks),
    )


async def _answered(listed: Listed, probe: Probe) -> CheckReport:
    finding = await _found(listed.check_id, probe)
    return CheckReport(
        check_id=listed.check_id,
        level=listed.level,
        severity=listed.severity,
        status=finding.status,
        evidence=finding.evidence,
        measured=finding.measured,
        remediation=finding.remediation or None,
    )


async def _found(check: str, probe: Probe) -> Finding:
    if check in ELSEWHERE:
        status, reason = ELSEWHERE[check]
        return Finding(status, (reason,), {})
    lane, _, name = check.partition(".")
    if name in _BY_FRAMES and not probe.frames:
        return not_run("no task was played over OpenEnv's protocol")
    answer = cast(Callable[[Probe], Finding | Awaitable[Finding]], getattr(_MODULES[lane], name))(probe)
    return await answer if inspect.isawaitable(answer) else answer
