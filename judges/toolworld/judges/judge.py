"""The judge of a trajectory: who is to blame if something broke, then every check, then the verdict."""

from toolworld.datasets import Fault, Task, Trajectory, Verdict
from toolworld.environments import Environment
from toolworld.ground import AccessError
from toolworld.judges.answer_check import check_answer
from toolworld.judges.calls_check import check_calls
from toolworld.judges.policy_check import check_policy
from toolworld.judges.state_check import check_state


def judge(task: Task, trajectory: Trajectory, environment: Environment) -> Verdict:
    """Judge a trajectory of a task in its environment.

    A fault of the user proxy, the simulator or the host voids the run; the agent's own fault fails it.

    Raises:
        AccessError: task, trajectory and environment do not belong together.
    """
    _belong_together(task, trajectory, environment)
    fault = trajectory.fault or _simulator_fault(trajectory)
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
        raise AccessError(f"trajectory {trajectory.id} is of task {trajectory.task}, not of {task.id}")
    for what, version in (("task", task.environment_version), ("trajectory", trajectory.environment_version)):
        if version != environment.version:
            raise AccessError(
                f"{what} {task.id} was made in version {version} of environment {task.environment}, "
                f"and this is version {environment.version}"
            )


def _simulator_fault(trajectory: Trajectory) -> Fault | None:
    for event in trajectory.log:
        if event.failure is not None and event.failure.kind == "simulator":
            return Fault(party="simulator", message=f"step {event.step}: {event.failure.detail}")
    return None
