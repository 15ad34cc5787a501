"""Which runs are exported, and why the others are not."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from toolworld.datasets.formats.finished import finished
from toolworld.datasets.suite.task_suite import TaskSuite
from toolworld.datasets.trajectory import Trajectory
from toolworld.datasets.verdict import Verdict
from toolworld.environments import FAULT_PROFILES, Environment
from toolworld.ground import RecordError

Only = Literal["pass", "decided", "all"]


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """A run with the environment that it was played in, and its verdict if it has one."""

    trajectory: Trajectory
    environment: Environment
    verdict: Verdict | None


@dataclass(slots=True, kw_only=True)
class Selection:
    """Chooses runs, and counts what it leaves out."""

    only: Only = "all"
    """Runs that passed; runs that have a reward; or all but void ones, judged or not."""
    min_reward: float | None = None
    left_out: Counter[str] = field(default_factory=Counter[str])
    """How many runs were left out, by the reason."""

    def chosen(self, runs: Iterable[JudgedRun]) -> Iterator[JudgedRun]:
        """The runs that are to be exported."""
        for run in runs:
            reason = self._reason(run)
            if reason is None:
                yield run
            else:
                self.left_out[reason] += 1

    def _reason(self, run: JudgedRun) -> str | None:
        verdict = run.verdict
        if run.trajectory.blame is not None and run.trajectory.blame.party != "agent":
            return "void"
        if verdict is not None and verdict.outcome == "void":
            return "void"
        if not finished(run.trajectory.messages):
            return "without a conversation"
        if self.only == "pass" and (verdict is None or not verdict.passed):
            return "not passed" if verdict else "not judged"
        reward = verdict.reward if verdict else None
        if reward is None and (self.only == "decided" or self.min_reward is not None):
            return "without a reward"
        if self.min_reward is not None and (reward or 0.0) < self.min_reward:
            return f"reward below {self.min_reward:g}"
        return None


def judged_runs(
    trajectories: Iterable[Trajectory], verdicts: Mapping[str, Verdict], suite: TaskSuite, where: str
) -> Iterator[JudgedRun]:
    """Runs with their environments and verdicts.

    Args:
        trajectories: The runs.
        verdicts: By the trajectory's id.
        suite: The environments.
        where: Where the runs come from, for errors.

    Raises:
        RecordError: a run stands there twice, is of an environment that is not in the suite, or of another version of
            it; or a verdict is of another run of the same name.
    """
    seen: set[str] = set()
    for run in trajectories:
        if run.id in seen:
            raise RecordError(f"{where}: run {run.id} stands there twice; export runs of several agents one by one")
        seen.add(run.id)
        if run.environment not in suite.runtimes:
            raise RecordError(f"{where}: run {run.id} is of environment {run.environment}, which --env did not name")
        verdict = verdicts.get(run.id)
        if verdict is not None and verdict.final_digest not in (None, run.final_digest):
            raise RecordError(f"{where}: the verdict of {run.id} is of another run of that name; judge these again")
        yield JudgedRun(run, _environment_of(run, suite, where), verdict)


def _environment_of(run: Trajectory, suite: TaskSuite, where: str) -> Environment:
    """The version of the environment in which a run was played: as it is served, or under the profile of its task."""
    environment = suite.runtimes.environment(run.environment)
    profile = FAULT_PROFILES.get((run.task or "").partition("~")[2])
    if run.environment_version != environment.version and profile is not None and environment.faults is None:
        environment = suite.runtimes.under(run.environment, profile).environment
    if run.environment_version != environment.version:
        raise RecordError(
            f"{where}: run {run.id} was made in version {run.environment_version} of {run.environment}, "
            f"and this is version {environment.version} (played under a profile of one's own? see --faults)"
        )
    return environment
