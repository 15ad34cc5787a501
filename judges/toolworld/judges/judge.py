"""The judge of a trajectory: who is to blame if something broke, then every check, then the verdict."""

from toolworld.datasets import Fault, Task, Trajectory, Verdict, simulator_fault
from toolworld.environments import Environment, InvalidOpsError, Runtime
from toolworld.ground import NotFoundError
from toolworld.judges.answer_check import check_answer
from toolworld.judges.calls_check import check_calls
from toolworld.judges.policy_check import check_policy
from toolworld.judges.state_check import check_state
from toolworld.judges.user_check import find_user_fault


def judge(task: Task, trajectory: Trajectory, runtime: Runtime) -> Verdict:
    """Judge a trajectory of a task in its environment.

    The log is followed from the initial state first: what the trajectory says of the final state is
    not taken on trust. A fault of the user proxy, the simulator or the host voids the run; the
    agent's own fault fails it.

    Raises:
        AccessError: task, trajectory and environment do not belong together.
    """
    environment = runtime.environment
    _belong_together(task, trajectory, environment)
    fault = (
        trajectory.fault
        or _unfinished(trajectory)
        or simulator_fault(trajectory.log)
        or _log_fault(trajectory, runtime)
        or find_user_fault(task, trajectory)
    )
    if fault is not None and fault.party != "agent":
        return Verdict(trajectory=trajectory.id, task=task.id, outcome="void", fault=fault)
    checks = (
        check_state(task, trajectory, environment),
        check_calls(task, trajectory, environment),
        check_answer(task, trajectory),
        check_policy(task, trajectory, environment),
    )
    failed = fault is not None or any(check.outcome == "fail" for check in checks)
    return Verdict(
        trajectory=trajectory.id, task=task.id, outcome="fail" if failed else "pass", checks=checks, fault=fault
    )


def _belong_together(task: Task, trajectory: Trajectory, environment: Environment) -> None:
    if trajectory.task != task.id:
        raise NotFoundError(f"trajectory {trajectory.id} is of task {trajectory.task}, not of {task.id}")
    for what, version in (("task", task.environment_version), ("trajectory", trajectory.environment_version)):
        if version != environment.version:
            raise NotFoundError(
                f"{what} {task.id} was made in version {version} of environment {task.environment}, "
                f"and this is version {environment.version}"
            )


def _unfinished(trajectory: Trajectory) -> Fault | None:
    if trajectory.stop != "budget":
        return None
    return Fault(party="host", message="the budget for models was spent before the run was over")


def _log_fault(trajectory: Trajectory, runtime: Runtime) -> Fault | None:
    """Follow the log, and find a fault of the host if it does not lead to the state that the trajectory tells of."""
    snapshot = runtime.start
    try:
        for event in trajectory.log:
            snapshot = runtime.advance(snapshot, event)
    except InvalidOpsError as problem:
        return Fault(party="host", message=f"the log does not fit the environment: {problem}")
    changes = snapshot.state.diff(runtime.start.state)
    if snapshot.state.digest != trajectory.final_digest or changes != trajectory.changes:
        return Fault(party="host", message="the log does not lead to the final state that the trajectory tells of")
    return None
