"""The judge of a trajectory: blame first, then every check, then the verdict."""

from collections.abc import Iterable, Mapping, Sequence

from toolworld.datasets import Blame, CheckResult, Task, Trajectory, Verdict
from toolworld.environments import Environment, Runtime
from toolworld.ground import RecordError
from toolworld.judges.blame.run import find_blame
from toolworld.judges.blame.user_proxy import blame_user_for_failure
from toolworld.judges.checks.answer import check_answer
from toolworld.judges.checks.calls import check_calls
from toolworld.judges.checks.policy import check_policy
from toolworld.judges.checks.state import check_state
from toolworld.judges.checks.statements import check_statements
from toolworld.judges.context import Check, JudgeContext
from toolworld.judges.reward import IfUnclear, require_weights, strict_reward, weighted_reward
from toolworld.judges.statements.statement_judge import StatementJudge

CHECKS: Mapping[str, Check] = {
    "state": check_state,
    "calls": check_calls,
    "answer": check_answer,
    "statements": check_statements,
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
    statement_judge: StatementJudge | None = None,
    if_unclear: IfUnclear = "none",
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
        statement_judge: Who judges statements, and facts that code cannot decide; by default nobody.
        if_unclear: The reward of a run in which nothing failed and not everything could be decided.

    Returns:
        The verdict. A run of which no check that counts could be made, or whose check broke, is void too: nobody knows.

    Raises:
        RecordError: task, trajectory and environment do not belong together.
        UsageError: the weights do not fit the checks.
    """
    chosen = CHECKS if checks is None else checks
    if weights is not None:
        require_weights(weights, chosen)
    context = JudgeContext(task, trajectory, runtime, statement_judge)
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
    if all(result.outcome == "skipped" for result in results if weights is None or weights.get(result.name)):
        return _void(context, Blame(party="judge", message="no check that counts could be made"), chosen, results)
    verdict = _verdict(context, results, blame, weights, if_unclear)
    user_blame = None if verdict.passed or blame is not None else blame_user_for_failure(context)
    return verdict if user_blame is None else _void(context, user_blame, chosen, results)


def _verdict(
    context: JudgeContext,
    results: Sequence[CheckResult],
    blame: Blame | None,
    weights: Mapping[str, float] | None,
    if_unclear: IfUnclear,
) -> Verdict:
    reward = strict_reward(results, if_unclear) if weights is None else weighted_reward(results, weights, if_unclear)
    looked_at = _looked_at(results)
    failed = blame is not None or any(result.outcome == "fail" for result in results)
    return Verdict(
        trajectory=context.trajectory.id,
        task=context.task.id,
        seed=context.trajectory.seed,
        trial=context.trajectory.trial,
        outcome="fail" if failed else "pass" if looked_at == 1 else "unclear",
        reward=0.0 if blame is not None else reward,
        looked_at=looked_at,
        scores=_scores(results),
        checks=tuple(results),
        blame=blame,
        final_digest=context.trajectory.final_digest,
    )


def _looked_at(results: Sequence[CheckResult]) -> float:
    """The share of what was to be checked that was decided."""
    wanted = sum(result.to_check for result in results)
    return sum(result.checked for result in results) / wanted if wanted else 1.0


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
        final_digest=context.trajectory.final_digest,
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
