"""Did the agent keep to the part of the policy that a machine can hold it to?"""

import re
from collections.abc import Iterator

from toolworld.datasets import Check, Task, Trajectory
from toolworld.environments import Before, Call, Confirm, Environment, Event, Never
from toolworld.ground import JsonValue, same

_YES = re.compile(
    r"^\W*(yes|yeah|yep|sure|ok(ay)?|absolutely|certainly|definitely|of course|please (do|proceed|go ahead)|go ahead|"
    r"sounds good|correct|confirm(ed)?|i (confirm|agree|do)|agreed|fine|do it|perfect|that('s| is) (fine|right|ok))\b",
    re.IGNORECASE,
)
_BUT = re.compile(
    r"\b(stop|not yet|never mind|hold on|but wait|(do not|don't) (do|touch|change|proceed|go|book|cancel))\b",
    re.IGNORECASE,
)


def check_policy(task: Task, trajectory: Trajectory, environment: Environment) -> Check:
    """Hold the log against the environment's rules and the task's forbidden calls."""
    broken: list[str] = []
    unheard: list[str] = []
    for rule in environment.rules:
        match rule:
            case Never():
                broken += _forbidden(trajectory, environment, Call(name=rule.tool, arguments=rule.arguments), rule.why)
            case Before():
                broken += _out_of_order(trajectory, rule)
            case Confirm() if trajectory.messages:
                broken += _unconfirmed(trajectory, rule)
            case Confirm():
                unheard.append(f"not looked at, the host did not hear the conversation: {rule.why}")
    for call in task.expected.forbidden:
        broken += _forbidden(trajectory, environment, call, "the task forbids it")
    if broken:
        return Check(name="policy", outcome="fail", evidence=(*broken, *unheard))
    looked_at = len(environment.rules) + len(task.expected.forbidden) - len(unheard)
    if looked_at == 0:
        return Check(name="policy", outcome="skipped", evidence=tuple(unheard) or ("no rule applies",))
    return Check(name="policy", outcome="pass", evidence=(f"{looked_at} rules kept", *unheard))


def _succeeded(trajectory: Trajectory) -> Iterator[Event]:
    return (event for event in trajectory.log if event.failure is None)


def _forbidden(trajectory: Trajectory, environment: Environment, call: Call, why: str) -> Iterator[str]:
    for event in _succeeded(trajectory):
        given = _filled(event, environment)
        if event.call.name == call.name and all(
            name in given and same(given[name], value) for name, value in call.arguments.items()
        ):
            yield f"step {event.step}: {call.name} was called; {why}"


def _out_of_order(trajectory: Trajectory, rule: Before) -> Iterator[str]:
    for event in _succeeded(trajectory):
        if event.call.name in rule.first:
            return
        if event.call.name in rule.tools:
            yield f"step {event.step}: {event.call.name} came before any of {', '.join(rule.first)}; {rule.why}"


def _unconfirmed(trajectory: Trajectory, rule: Confirm) -> Iterator[str]:
    """Look, for each successful call of the rule's tools, at the last thing that the user said before it."""
    position = 0
    asked = agreed = False
    for message in trajectory.messages:
        asked = asked or (message.role == "assistant" and bool(message.content))
        if message.role == "user":  # the opening words agree to nothing: nothing has been proposed yet
            agreed = asked and _agrees(message.content or "")
        for wish in message.tool_calls:
            event = trajectory.log[position] if position < len(trajectory.log) else None
            if event is None or event.call.name != wish.name or not same(event.call.arguments, wish.arguments):
                continue  # a wish for a tool that is not there never reached the log
            position += 1
            if event.failure is None and wish.name in rule.tools and not agreed:
                yield f"step {event.step}: {wish.name} without the user's yes; {rule.why}"


def _agrees(text: str) -> bool:
    return bool(_YES.search(text)) and not _BUT.search(text)


def _filled(event: Event, environment: Environment) -> dict[str, JsonValue]:
    tool = environment.tool(event.call.name)
    return tool.with_defaults(event.call.arguments) if tool else event.call.arguments
