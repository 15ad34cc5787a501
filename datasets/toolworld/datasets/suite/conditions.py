"""What a task needs of whoever plays it, and the split that its environment belongs to."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Literal

from toolworld.datasets.task import Task
from toolworld.environments import Confirm, Environment
from toolworld.ground import JsonValue

Split = Literal["train", "validation", "test"]
_HELD_OUT: dict[int, Split] = {8: "validation", 9: "test"}
"""The splits of the last two tenths of all environments; the others are for training."""


def split_of(environment: str) -> Split:
    """The split of an environment and all its tasks: 80 % train, 10 % validation, 10 % test.

    It follows from the environment's id alone, so that it is the same in every process, and stays as it is
    when environments are added. No environment stands in two splits.
    """
    digest = hashlib.sha256(f"split 16:{environment}".encode()).digest()  # so that the built-in ones are in all three
    return _HELD_OUT.get(int.from_bytes(digest[:8], "big") % 10, "train")


def needs_user(task: Task, environment: Environment) -> bool:
    """Whether somebody has to answer the agent: to tell it what the request does not say, or to agree to a change."""
    scenario = task.scenario
    said = task.request.casefold()
    untold = any(value.casefold() not in said for value in _values(scenario.facts.values()))
    return untold or bool(scenario.known or scenario.reactions) or _has_to_agree(task, environment)


def _has_to_agree(task: Task, environment: Environment) -> bool:
    asking = {tool for rule in environment.rules if isinstance(rule, Confirm) for tool in rule.tools}
    return any(reference.call.name in asking and reference.error is None for reference in task.calls)


def _values(values: Iterable[JsonValue]) -> Iterator[str]:
    """The single values of what the user knows, as words."""
    for value in values:
        if isinstance(value, dict):
            yield from _values(value.values())
        elif isinstance(value, list):
            yield from _values(value)
        elif value is not None and not isinstance(value, bool):
            yield str(value)
