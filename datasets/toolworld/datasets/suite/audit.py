"""Checks of tasks for their author: facts that stand nowhere, tasks that ask for nothing, tools without a task."""

import re
from collections.abc import Iterator
from functools import cache

from toolworld.datasets.suite.task_suite import TaskSuite
from toolworld.datasets.task import Task
from toolworld.environments import Environment, Finding

WHERE = "tasks"
_CODE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9@._-]{4,}")
"""A text that looks like an id, a reference or an address: nobody can work it out, so it must stand somewhere."""


def task_findings(suite: TaskSuite) -> list[Finding]:
    """All warnings about the tasks of a suite. That they can be done was checked when it was loaded."""

    @cache
    def text_of(environment: str) -> str:
        """All that an environment says: its state and policy."""
        return suite.runtimes.environment(environment).model_dump_json(include={"initial_state", "policy"}).casefold()

    findings = [finding for task in suite.tasks for finding in _findings(task, text_of(task.environment))]
    return findings + [finding for one in suite.environments for finding in _unused_tools(one, suite)]


def _findings(task: Task, environment: str) -> Iterator[Finding]:
    where = f"{WHERE}: {task.id}"
    if not task.calls and not task.truth.facts:
        message = "it has neither calls nor facts, so an agent that does nothing passes"
        yield Finding(severity="warning", where=where, message=message)
    known = environment + task.model_dump_json(include={"calls", "request", "scenario"}).casefold()
    for fact in task.truth.facts:
        forms = fact.split("|")
        if _CODE.fullmatch(forms[0]) and not any(form.casefold() in known for form in forms):
            message = f"no result and no record has the fact {forms[0]!r}, so an agent can only guess it"
            yield Finding(severity="warning", where=where, message=message)


def _unused_tools(environment: Environment, suite: TaskSuite) -> Iterator[Finding]:
    tasks = [task for task in suite.tasks if task.environment == environment.id]
    called = {reference.call.name for task in tasks for reference in task.calls}
    for tool in environment.tools if tasks else ():
        if tool.effect == "write" and tool.name not in called:
            message = "no task uses this tool, so nothing shows that it works"
            yield Finding(severity="warning", where=WHERE, tool=tool.name, message=message)
