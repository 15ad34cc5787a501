"""A suite under a fault profile, and a task of it as it was before."""

from dataclasses import replace
from functools import partial

from toolworld.datasets.suite.task_suite import TaskSuite
from toolworld.datasets.task import Task
from toolworld.datasets.truth.recovery import rederive_under_faults, without_faults
from toolworld.environments import Environment, FaultProfile, renamed_tools, with_faults


async def suite_under_faults(suite: TaskSuite, profile: FaultProfile, seed: int | None = None) -> TaskSuite:
    """Put all environments of a suite under a fault profile, and derive the truth of its tasks again.

    Args:
        suite: The suite without faults.
        profile: The fault profile.
        seed: The seed that the tasks are to be played with, on which faults depend; by default each task's own.

    Raises:
        SpecError: an environment is under a profile already, or a task cannot be done under this one.
    """
    runtimes = suite.runtimes.transformed(partial(with_faults, profile=profile))
    tasks = [
        await rederive_under_faults(task, suite.runtime_of(task), runtimes[task.environment], seed)
        for task in suite.tasks
    ]
    return replace(suite, runtimes=runtimes, tasks=tuple(tasks))


async def plain_task(suite: TaskSuite, task: Task) -> Task:
    """A task as it is without the faults that were put in, if its environment stands in the suite without them.

    Raises:
        SpecError: its calls break the simulator, or refer to what is not there.
    """
    plain = suite.runtimes[task.environment]
    if task.faults is None or plain.environment.faults is not None:
        return task
    return await without_faults(task, plain, suite.runtime_of(task))


def plain_tool_names(task: Task, environment: Environment) -> set[str]:
    """The tools that a task calls, by their names without faults.

    Args:
        task: The task, perhaps under faults that rename tools.
        environment: Its environment without them.
    """
    names = renamed_tools(environment, task.faults) if task.faults is not None and environment.faults is None else {}
    first = {new: old for old, new in names.items()}
    return {first.get(one.call.name, one.call.name) for one in task.calls}
