"""Rules that the log alone shows: calls that must not be made, come in an order, or come too often."""

from collections.abc import Iterator

from toolworld.datasets import Evidence, Trajectory
from toolworld.environments import AtMost, Before, Call, Environment, Event
from toolworld.ground import JsonObject, same


def is_of_agent(event: Event, environment: Environment) -> bool:
    """Whether the agent made the call: the policy is the agent's, and what users do with their own tools is theirs."""
    tool = environment.tool(event.call.name)
    return tool is None or tool.party == "agent"


def succeeded(trajectory: Trajectory, environment: Environment) -> Iterator[Event]:
    """The agent's calls that succeeded."""
    return (event for event in trajectory.log if event.failure is None and is_of_agent(event, environment))


def forbidden(trajectory: Trajectory, environment: Environment, call: Call, why: str) -> Iterator[Evidence]:
    """Find calls of a kind that must not succeed; arguments that are left out match any."""
    for event in succeeded(trajectory, environment):
        given = _with_defaults(event, environment)
        if event.call.name == call.name and all(
            name in given and same(given[name], value) for name, value in call.arguments.items()
        ):
            text = f"step {event.step}: {call.name} was called; {why}"
            yield Evidence(text=text, kind="broken", step=event.step)


def out_of_order(trajectory: Trajectory, environment: Environment, rule: Before) -> Iterator[Evidence]:
    """Find calls of a rule's tools before the first of those that must come first."""
    for event in succeeded(trajectory, environment):
        if event.call.name in rule.first:
            return
        if event.call.name in rule.tools:
            text = f"step {event.step}: {event.call.name} came before any of {', '.join(rule.first)}; {rule.why}"
            yield Evidence(text=text, kind="broken", step=event.step)


def too_often(trajectory: Trajectory, environment: Environment, rule: AtMost) -> Iterator[Evidence]:
    """Find calls past a rule's limit; after as many refusals as it allows there is no further try."""
    count = 0
    for event in trajectory.log:
        if event.call.name not in rule.tools or not is_of_agent(event, environment) or event.injected is not None:
            continue
        refused = event.failure is not None and event.failure.kind == "tool"
        if count >= rule.times and (rule.failing or not refused):
            how = f"after {count} refusals" if rule.failing else f"time {count + 1}"
            text = f"step {event.step}: {event.call.name} was called {how}, of {rule.times} at most; {rule.why}"
            yield Evidence(text=text, kind="broken", step=event.step)
        count += refused == rule.failing


def _with_defaults(event: Event, environment: Environment) -> JsonObject:
    tool = environment.tool(event.call.name)
    return tool.with_defaults(event.call.arguments) if tool else event.call.arguments
