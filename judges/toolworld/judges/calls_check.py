"""Were the calls made that the final state cannot tell of?

Arguments are compared as JSON with the tools' defaults filled in; parameters of the format
`free-text` are not compared.
"""

from toolworld.datasets import Check, ReferenceCall, Task, Trajectory
from toolworld.environments import Environment, Event
from toolworld.ground import JsonValue, same


def check_calls(task: Task, trajectory: Trajectory, environment: Environment) -> Check:
    """Look for every required call in the log, in any order or in the given one; one call cannot serve twice."""
    wanted = [task.calls[number] for number in task.expected.calls]
    if not wanted:
        return Check(name="calls", outcome="skipped", evidence=("the final state tells all that matters",))
    left = list(trajectory.log)
    missing: list[str] = []
    for reference in wanted:
        position = next((at for at, event in enumerate(left) if _is(reference, event, environment)), None)
        if position is None:
            missing.append(f"missing: {reference.call.name} with {reference.call.arguments}{_ending(reference)}")
        else:
            left = left[position + 1 :] if task.expected.order == "given" else left[:position] + left[position + 1 :]
    if missing:
        return Check(name="calls", outcome="fail", evidence=tuple(missing))
    names = ", ".join(reference.call.name for reference in wanted)
    return Check(name="calls", outcome="pass", evidence=(f"made: {names}",))


def _is(reference: ReferenceCall, event: Event, environment: Environment) -> bool:
    if reference.call.name != event.call.name:
        return False
    if reference.error != (event.failure.code if event.failure else None):
        return False
    return same(
        _comparable(reference.call.name, reference.call.arguments, environment),
        _comparable(event.call.name, event.call.arguments, environment),
    )


def _comparable(name: str, arguments: dict[str, JsonValue], environment: Environment) -> dict[str, JsonValue]:
    tool = environment.tool(name)
    if tool is None:
        return arguments
    return {key: value for key, value in tool.with_defaults(arguments).items() if key not in tool.free_text}


def _ending(reference: ReferenceCall) -> str:
    return f", which ends in {reference.error}" if reference.error else ""
