"""The judge of a trajectory: blame first, then every check, then the verdict."""

from collections.abc import Iterable, Mapping, Sequence

from toolworld.datasets import Blame, CheckResult, Task, Trajectory, Verdict
from toolworld.environments import Environment, Runtime
from toolworld.ground import RecordError
from toolworld.judges.blame.run import find_blame
from toolworld.judges.checks.answer import check_answer
from toolworld.judges.checks.calls import check_calls
from toolworld.judges.checks.policy import check_policy
from toolworld.judges.checks.state import check_state
from toolworld.judges.context import Check, JudgeContext
from toolworld.judges.reward import require_weights, strict_reward, weighted_reward

CHECKS: Mapping[str, Check] = {
    "state": check_state,
    "calls": check_calls,
    "answer": check_answer,
    "policy": check_policy,
}
"""The checks that are made by default, by the name of what they look at."""


async def judge(
    task: Task,
    trajectory: Trajectory,
    runtime: Runtime,
    *,
    checks: Mapping[str, Check] | None = None,
    weights: Mapping[str, float] | None = None,
) -> Verdict:
    """Judge a trajectory of a task in its environment.

    The log is followed from the initial state first: what the trajectory says of the final state is
    not taken on trust. A run that the user proxy, the simulator or the host broke is void; one that the
    agent broke fails.

    Args:
        task: The task that the agent was given.
        trajectory: The run.
        runtime: The environment, in the version in which both were made.
        checks: The checks to make, by name; by default `CHECKS`.
        weights: Weights of the scores by name of the check, for a reward with partial credit; by default
            the reward is strict: 1.0 if every check passed, else 0.0.

    Returns:
        The verdict. A run of which no check could be made, or whose check broke, is void too: nobody knows.

    Raises:
        RecordError: task, trajectory and environment do not belong together.
        UsageError: the weights do not fit the checks.
    """
    chosen = CHECKS if checks is None else checks
    if weights is not None:
        require_weights(weights, chosen)
    context = JudgeContext(task, trajectory, runtime)
    _require_match(task, trajectory, runtime.environment)
    blame = find_blame(context)
    if blame is not None and blame.party != "agent":
        return _void(context, blame, chosen)
    results: list[CheckResult] = []
    for name, check in chosen.items():
        try:
            results.append((await check(context)).model_copy(update={"name": name}))
        except Exception as problem:  # noqa: BLE001 - a check may be anyone's, and one that breaks must not end a batch
            message = f"the check {name} broke: {type(problem).__name__}: {problem}"
            return _void(context, Blame(party="judge", message=message), chosen)
    reward = strict_reward(results) if weights is None else weighted_reward(results, weights)
    if reward is None:
        return _void(context, Blame(party="judge", message="no check that counts could be made"), chosen, results)
    failed = blame is not None or any(result.outcome == "fail" for result in results)
    return Verdict(
        trajectory=trajectory.id,
        task=task.id,
        seed=trajectory.seed,
        trial=trajectory.trial,
        outcome="fail" if failed else "pass",
        reward=0.0 if blame is not None else reward,
        scores=_scores(results),
        checks=tuple(results),
        blame=blame,
    )


def _void(context: JudgeContext, blame: Blame, names: Iterable[str], results: Sequence[CheckResult] = ()) -> Verdict:
    return Verdict(
        trajectory=context.trajectory.id,
        task=context.task.id,
        seed=context.trajectory.seed,
        trial=context.trajectory.trial,
        outcome="void",
        reward=None,
        scores={**dict.fromkeys(names), **_scores(results)},
        checks=tuple(results),
        blame=blame,
    )


def _scores(results: Sequence[CheckResult]) -> dict[str, float | None]:
    return {result.name: result.score for result in results}


def _require_match(task: Task, trajectory: Trajectory, environment: Environment) -> None:
    if trajectory.task != task.id:
        raise RecordError(f"trajectory {trajectory.id} is of task {trajectory.task}, not of {task.id}")
    for what, version in (("task", task.environment_version), ("trajectory", trajectory.environment_version)):
        if version != environment.version:
            raise RecordError(
                f"{what} {task.id} was made in version {version} of environment {task.environment}, "
                f"and this is version {environment.version}"
            )
