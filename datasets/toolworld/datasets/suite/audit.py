"""Checks of tasks for their author: facts that stand nowhere, tasks that ask for nothing, tools without a task."""

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from toolworld.datasets.fact import Fact, value_facts, wording_of
from toolworld.datasets.suite.task_suite import TaskSuite
from toolworld.datasets.task import Task
from toolworld.datasets.trajectory import Trajectory
from toolworld.environments import Environment, Finding
from toolworld.ground import encode

WHERE = "tasks"
_CODE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9@._-]{4,}")
"""A text that looks like an id, a reference or an address: nobody can work it out, so it must stand somewhere."""
_LONG_NUMBER = re.compile(r"[0-9]{4}")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def task_findings(suite: TaskSuite) -> list[Finding]:
    """All warnings about the tasks of a suite. That they can be done was checked when it was loaded."""

    @cache
    def text_of(environment: str) -> str:
        """All that an environment says: its state and policy."""
        return suite.runtimes.environment(environment).model_dump_json(include={"initial_state", "policy"}).casefold()

    findings = [finding for task in suite.tasks for finding in _findings(task, text_of(task.environment))]
    findings += [finding for task in suite.tasks for finding in _forbidden_findings(task, suite)]
    return findings + [finding for one in suite.environments for finding in _unused_tools(one, suite)]


def _findings(task: Task, environment: str) -> Iterator[Finding]:
    where = f"{WHERE}: {task.id}"
    if not task.request.strip():
        yield Finding(severity="warning", where=where, message="its request is empty, so the user begins with nothing")
    if not task.calls and not task.truth.facts:
        message = "it has neither calls nor facts, so an agent that does nothing passes"
        yield Finding(severity="warning", where=where, message=message)
    known = environment + task.model_dump_json(include={"calls", "request", "scenario"}).casefold()
    for fact in map(_forms, task.truth.facts):
        if _is_checkable(fact) and not _stands_in(fact, known):
            doubt = (
                ", so an agent can only guess it"
                if _CODE.fullmatch(fact.split("|")[0])
                else ": is it worked out rightly?"
            )
            message = f"no result and no record has the fact {_shown(fact)}{doubt}"
            yield Finding(severity="warning", where=where, message=message)


def _forbidden_findings(task: Task, suite: TaskSuite) -> Iterator[Finding]:
    """Find forbidden calls that can never be made."""
    for call in task.truth.forbidden:
        tool = suite.runtimes.environment(task.environment).tool(call.name)
        for name in call.arguments.keys() - tool.parameters.keys() if tool else ():
            message = f"forbidden: {call.name} has no parameter `{name}`, so the call can never be made"
            yield Finding(severity="error", where=f"{WHERE}: {task.id}", message=message)


def told_findings(suite: TaskSuite, runs: Iterable[Trajectory]) -> Iterator[Finding]:
    """Find facts that only the state has: nothing that was said or returned in runs of the tasks gives them.

    Args:
        suite: The tasks.
        runs: Runs of them as their calls say.
    """
    told: dict[str, list[str]] = {one.id: [one.policy] for one in suite.environments}
    for run in runs:
        told[run.environment] += [
            encode([event.result, event.failure and event.failure.message]).decode() for event in run.log
        ]
    for task in suite.tasks:
        told[task.environment].append(task.model_dump_json(include={"request", "scenario"}))
    texts = {name: "\n".join(parts).casefold() for name, parts in told.items()}

    @cache
    def state_of(environment: str) -> str:
        return suite.runtimes.environment(environment).initial_state.model_dump_json().casefold()

    for task in suite.tasks:
        for fact in map(_forms, task.truth.facts):
            is_code = any(_CODE.fullmatch(form) or _LONG_NUMBER.search(form) for form in fact.split("|"))
            if (
                is_code
                and not _stands_in(fact, texts[task.environment])
                and _stands_in(fact, state_of(task.environment))
            ):
                message = f"no call of any task gives the fact {_shown(fact)}: can an agent find it out?"
                yield Finding(severity="warning", where=f"{WHERE}: {task.id}", message=message)


def _forms(fact: Fact) -> str:
    """The values of a fact in plain words, with `|` between them."""
    return "|".join(map(wording_of, value_facts(fact)))


def _is_checkable(fact: str) -> bool:
    """Whether a fact must stand somewhere: it has a code or a number in each of its forms."""
    return bool(fact) and all(_CODE.fullmatch(form) or _NUMBER.search(form) for form in fact.split("|"))


def _stands_in(fact: str, text: str) -> bool:
    """Whether a text has a form of a fact, or all the numbers of one; words around numbers are the agent's own."""
    forms = fact.casefold().split("|")
    if any(form in text for form in forms):
        return True
    numbers = _numbers(text)
    return any(found and found <= numbers for form in forms if not _CODE.fullmatch(form) and (found := _numbers(form)))


@lru_cache(maxsize=64)
def _numbers(text: str) -> frozenset[float]:
    # a comma may part thousands, or the elements of a list
    return frozenset(float(number) for read in (text, text.replace(",", "")) for number in _NUMBER.findall(read))


def _shown(fact: str) -> str:
    return repr(fact.split("|")[0])


def _unused_tools(environment: Environment, suite: TaskSuite) -> Iterator[Finding]:
    tasks = [task for task in suite.tasks if task.environment == environment.id]
    called = {reference.call.name for task in tasks for reference in task.calls}
    for tool in environment.tools if tasks else ():
        if tool.effect == "write" and tool.name not in called:
            message = "no task uses this tool, so nothing shows that it works"
            yield Finding(severity="warning", where=WHERE, tool=tool.name, message=message)
