"""A batch: the tasks of a suite played, judged as they end, and written down."""

from collections.abc import Callable, Mapping
from pathlib import Path

from toolworld.datasets import TaskSuite, Trajectory, Verdict, run_key
from toolworld.ground import Checkpoint, JsonObject, JsonValue, run_jobs
from toolworld.judges import StatementJudge, judge
from toolworld.rollout.batch.players import PlayerModels, Players
from toolworld.rollout.batch.result import BatchResult
from toolworld.rollout.batch.runner import Runner, has_ended
from toolworld.rollout.hosts.host import Host
from toolworld.rollout.planned_run import PlannedRun, planned
from toolworld.rollout.play.limits import Limits
from toolworld.rollout.players.script import Script

TRAJECTORIES, VERDICTS = "trajectories.jsonl", "verdicts.jsonl"

OnRun = Callable[[PlannedRun, Trajectory, Verdict], None]
"""Told of each run as it ends."""


async def play_and_judge(
    suite: TaskSuite,
    scripts: Mapping[str, Script],
    host: Host,
    out: Path,
    *,
    seed: int | None = None,
    trials: int = 1,
    concurrency: int = 8,
    models: PlayerModels | None = None,
    limits: Limits | None = None,
    settings: Mapping[str, JsonValue] | None = None,
    statement_judge: StatementJudge | None = None,
    on_run: OnRun | None = None,
) -> BatchResult:
    """Play the tasks that have a script, judge each run as it ends, and write both under a folder.

    Runs that the folder holds already are not played again, unless their host or the budget cut them
    off; their verdicts are made anew. When all have ended, both files are put in the order of the
    tasks, so that equal runs give equal files, whatever ended first.

    Args:
        suite: Environments and tasks.
        scripts: What the scripted agent does, by task; tasks without a script are not played.
        host: Where the episodes live.
        out: The folder for `trajectories.jsonl` and `verdicts.jsonl`.
        seed: The seed of all episodes; by default each task's own, in which its truth was derived.
        trials: How often each task is played.
        concurrency: Runs at a time.
        models: Who plays; by default the scripts.
        limits: When a run is ended.
        settings: What else the runs of the folder must have in common, by name.
        statement_judge: Who judges statements; by default nobody.
        on_run: Told of each run as it ends; of those resumed too.

    Raises:
        RecordError: a file cannot be read or written, or holds runs that were made under other settings.
    """
    chosen = models or PlayerModels()
    tasks = [task for task in suite.tasks if task.id in scripts]

    def players(run: PlannedRun) -> Players:
        return chosen.players(run, scripts[run.task.id])

    runner = Runner(host, players, limits or Limits())
    result = BatchResult()
    common = {
        **chosen.settings(next(iter(scripts.values())).mutation if scripts else None),
        **_versions(suite),
        **(settings or {}),
    }
    with (
        Checkpoint(out / TRAJECTORIES, Trajectory, run_key, common) as trajectories,
        Checkpoint(out / VERDICTS, Verdict, run_key) as verdicts,
    ):

        async def judge_run(run: PlannedRun, trajectory: Trajectory) -> None:
            runtime = suite.runtime_of(run.task)
            verdict = await judge(run.task, trajectory, runtime, statement_judge=statement_judge)
            verdicts.append(run.name, verdict)
            result.add(trajectory, verdict)
            if on_run:
                on_run(run, trajectory, verdict)

        result.jobs = await run_jobs(
            planned(tasks, seed, trials),
            runner.play,
            trajectories,
            key=lambda run: run.name,
            keep=has_ended,
            on_result=judge_run,
            concurrency=concurrency,
            stop=lambda: runner.stopped_by is not None,
        )
        result.stopped_by = runner.stopped_by if result.jobs.left else None
        verdicts.put_in_order(trajectories.keys())
    return result


def _versions(suite: TaskSuite) -> JsonObject:
    """The versions of the environments that have tasks: the truth of a task may not hold in another one."""
    return {f"environment {task.environment}": task.environment_version for task in suite.tasks}
