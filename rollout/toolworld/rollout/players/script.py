"""Scripts for the scripted agent: a task's reference calls, and how it plays them."""

from dataclasses import dataclass
from typing import Literal

from toolworld.datasets import Facts, Task
from toolworld.environments import Call
from toolworld.ground import JsonValue, humanize
from toolworld.rollout.mutation import Mutation

Consent = Literal["asked", "none", "refused", "unrelated"]
"""How a change comes by the user's yes: it is announced and agreed to; it is not announced; it is announced as nobody
would want it, and made all the same; or another change of the script is announced in its place."""

Closing = Literal["facts", "denials", "results"]
"""What the agent says at the end: the facts, that they are not so, or all that the calls returned."""

ADDED = -1
"""The position of a call that is none of the task's."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a scripted agent does."""

    calls: tuple[Call, ...]
    """Arguments may refer to the results of earlier calls, `$4.dispute_id`."""
    made: tuple[Call, ...] = ()
    """The task's calls with the values that they had: what is said where a result is not there to refer to."""
    positions: tuple[int, ...] | None = None
    """The position of each call in the task, where some are left out or added; by default they are in order."""
    facts: Facts = ()
    """What it tells the user at the end."""
    closing: Closing = "facts"
    asks: bool = True
    """Whether it asks the user for values that it has not heard."""
    consent: Consent = "asked"
    silent: bool = False
    manner: int | None = None
    """Chooses among ways to say the same; by default each time the same one."""
    phrasing: int | None = None
    """Chooses among the many phrasings of facts and proposals in `datasets.mutations`; by default it uses its own."""
    earlier: Facts = ()
    """Facts that it tells before the last change, and not at the end."""
    pauses: frozenset[int] = frozenset()
    """Positions of changes after which the user may want something else, so that the agent asks before it goes on."""
    declines: bool = False
    """Whether the user asks for something that the agent must not do, which it says at the end."""
    mutation: Mutation | None = None
    """The kind of mistake that was made in it, if one was."""


def script_of(task: Task) -> Script:
    """The script that does a task right."""
    calls = tuple(reference.written or reference.call for reference in task.calls)
    pauses = frozenset(one.after for one in task.scenario.reactions if one.after is not None)
    made = tuple(reference.call for reference in task.calls)
    return Script(calls, made, facts=task.truth.facts, declines=bool(task.truth.forbidden), pauses=pauses)


def announcement(call: Call) -> str:
    """What the agent says that it is about to do."""
    return f"I am about to {described(call)}."


def described(call: Call) -> str:
    """A call in words: `renew loan: loan id L5148`."""
    details = details_of(call)
    return f"{humanize(call.name)}: {details}".removesuffix(".") if details else humanize(call.name)


def details_of(call: Call) -> str:
    """The arguments of a call in words."""
    return ", ".join(f"{humanize(name)} {_shown(value)}" for name, value in call.arguments.items())


def _shown(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(str(element) for element in value) if isinstance(value, list) else str(value)
