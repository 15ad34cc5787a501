"""Agora with its parts ready for tasks and runs of them."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from toolworld.datasets import Agora, AgoraConfig, Reject, SeedRow, Task, TaskSuite, Trajectory
from toolworld.environments import Runtime
from toolworld.ground import RecordError, UsageError, describe_error, encode
from toolworld.judges import judge
from toolworld.llm import Model
from toolworld.rollout.generation.drafts import DraftParser, DraftValidator, task_of
from toolworld.rollout.generation.runs import PlayingAgent, RunParser, RunPromptLoader, RunValidator, outcome_of
from toolworld.rollout.generation.task_prompts import DraftRepairPromptLoader, TaskPromptLoader
from toolworld.rollout.hosts.host import Host

TASKS_DOMAIN = "tasks"
"""The domain of tasks and runs, beside mathematics, instructions and code."""


async def agora_for_tasks(
    method: str,
    suite: TaskSuite,
    host: Host,
    llm: Any,
    *,
    agent: Model | None = None,
    rows: Sequence[SeedRow] | None = None,
    sampling_params: Mapping[str, Any] | None = None,
    config: AgoraConfig | None = None,
) -> Agora:
    """Agora for tasks of an environment: new ones, runs of tasks as responses, and repair as quality enhancement.

    Args:
        method: `instance_generation` writes tasks; `response_generation` has an agent play the suite's tasks;
            `quality_enhancement` mends rejected drafts, or plays failed runs again by an agent that is told why.
        suite: The environments and their tasks; one environment, where tasks are written.
        host: Where episodes are opened.
        llm: The model that writes drafts, in any form.
        agent: The model that plays; the budget is the one that it was opened with.
        rows: For enhancement: the lines of a `.rejected.jsonl`, or trajectories.
        sampling_params: How replies are sampled.
        config: Further settings.

    Raises:
        UsageError: there is no such method, or something is missing.
        RecordError: a row is none of what can be repaired, or there is nothing to repair.
    """
    sampling = {"max_tokens": 4096, "temperature": 1.0, **(sampling_params or {})}
    if method == "instance_generation":
        return _writing(_task_loader(suite), suite, host, llm, sampling, config)
    if method == "response_generation":
        if not suite.tasks:
            raise UsageError("there are no tasks to play")
        return _playing(suite, host, agent, RunPromptLoader(suite.tasks), sampling, config)
    if method != "quality_enhancement":
        raise UsageError(f"there is no method {method!r}")
    if not rows:
        raise UsageError("quality_enhancement needs rows: rejected drafts, or trajectories")
    runs = [run for row in rows if (run := _run_in(row)) is not None]
    if not runs:
        return _writing(DraftRepairPromptLoader(_task_loader(suite), rows), suite, host, llm, sampling, config)
    if len(runs) < len(rows):
        raise RecordError(f"{len(runs)} of {len(rows)} rows are trajectories; give either those, or rejected drafts")
    return _playing(suite, host, agent, await _failed_runs(runs, suite), sampling, config)


def _task_loader(suite: TaskSuite) -> TaskPromptLoader:
    return TaskPromptLoader(_only_runtime(suite), suite.tasks)


def _only_runtime(suite: TaskSuite) -> Runtime:
    if len(suite.environments) != 1:
        raise UsageError(f"tasks are written for one environment at a time, and there are {len(suite.environments)}")
    return suite.runtimes[suite.environments[0].id]


def _writing(
    loader: Any, suite: TaskSuite, host: Host, llm: Any, sampling: Mapping[str, Any], config: AgoraConfig | None
) -> Agora:
    validator = DraftValidator(_only_runtime(suite), host)
    return Agora(llm, {}, loader, validator, DraftParser(), sampling, config)


def _playing(
    suite: TaskSuite,
    host: Host,
    agent: Model | None,
    loader: RunPromptLoader,
    sampling: Mapping[str, Any],
    config: AgoraConfig | None,
) -> Agora:
    if agent is None:
        raise UsageError("runs need an agent, the model that plays")
    # A run that does not pass is played anew: nothing in it could be corrected by asking. Its budget is the agent's.
    own = replace(config or AgoraConfig(), corrections=0, budget=None)
    playing = PlayingAgent(agent, loader, host)
    return Agora(playing, {}, loader, RunValidator(suite), RunParser(suite), sampling, own)


async def _failed_runs(runs: Sequence[Trajectory], suite: TaskSuite) -> RunPromptLoader:
    """The tasks of runs that do not pass, with what was wrong."""
    known = {task.id: task for task in suite.tasks}
    tasks: list[Task] = []
    problems: dict[int, str] = {}
    for run in runs:
        task = known.get(str(run.task))
        if task is None:
            raise RecordError(f"trajectory {run.id} is of task {run.task}, which is not among the tasks")
        outcome = outcome_of(await judge(task, run, suite.runtime_of(task)))
        if isinstance(outcome, Reject):
            problems[len(tasks)] = f"{outcome.reason}: {outcome.detail}"
            tasks.append(task)
    if not tasks:
        raise RecordError("every one of these runs passes; there is nothing to repair")
    return RunPromptLoader(tasks, problems)


def _run_in(row: SeedRow) -> Trajectory | None:
    """The trajectory of a row: the row itself, its field, or the reply of a rejected one; None where there is none."""
    fields: Any = row.get("fields") or {}
    reply = row.get("reply")
    held: Any = row if "initial_digest" in row else fields.get("trajectory")
    if held is None and isinstance(reply, str) and '"initial_digest"' in reply:
        held = reply
    if held is None:
        return None
    try:
        return Trajectory.model_validate_json(held if isinstance(held, str) else encode(dict(held)))
    except ValidationError as problem:
        raise RecordError(f"a row is no trajectory: {describe_error(problem)}") from None


async def written_tasks(rows: Iterable[Mapping[str, Any]], runtime: Runtime) -> AsyncIterator[Task]:
    """The tasks of rows whose drafts were accepted, with their ground truth."""
    for row in rows:
        yield await task_of(row["fields"]["draft"], runtime)


def accepted_runs(rows: Iterable[Mapping[str, Any]]) -> Iterator[Trajectory]:
    """The trajectories of rows of runs."""
    for row in rows:
        yield Trajectory.model_validate_json(encode(row["fields"]["trajectory"]))
