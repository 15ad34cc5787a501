"""Were the calls made that the final state cannot show?

Arguments are compared as JSON with the tools' defaults filled in; parameters of the format
`free-text` are not compared.
"""

from toolworld.datasets import CheckResult, ReferenceCall
from toolworld.environments import Environment, Event
from toolworld.ground import JsonObject, same
from toolworld.judges.context import JudgeContext


async def check_calls(context: JudgeContext) -> CheckResult:
    """Find every required call in the log, in any order or in the given one; one call cannot serve twice.

    The score is the share of the required calls that were made.
    """
    truth, environment = context.task.truth, context.environment
    wanted = [context.task.calls[number] for number in truth.calls]
    if not wanted:
        return CheckResult(name="calls", outcome="skipped", evidence=("the final state shows all that matters",))
    left = list(context.trajectory.log)
    missing: list[str] = []
    for reference in wanted:
        position = next((at for at, event in enumerate(left) if _matches(reference, event, environment)), None)
        if position is None:
            missing.append(f"missing: {reference.call.name} with {reference.call.arguments}{_error_text(reference)}")
        elif truth.order == "given":
            left = left[position + 1 :]
        else:
            del left[position]
    if missing:
        score = 1 - len(missing) / len(wanted)
        return CheckResult(name="calls", outcome="fail", score=score, evidence=tuple(missing))
    names = ", ".join(reference.call.name for reference in wanted)
    return CheckResult(name="calls", outcome="pass", score=1.0, evidence=(f"made: {names}",))


def _matches(reference: ReferenceCall, event: Event, environment: Environment) -> bool:
    if reference.call.name != event.call.name:
        return False
    if reference.error != (event.failure.code if event.failure else None):
        return False
    return same(
        _compared(reference.call.name, reference.call.arguments, environment),
        _compared(event.call.name, event.call.arguments, environment),
    )


def _compared(name: str, arguments: JsonObject, environment: Environment) -> JsonObject:
    tool = environment.tool(name)
    if tool is None:
        return arguments
    return {key: value for key, value in tool.with_defaults(arguments).items() if key not in tool.free_text}


def _error_text(reference: ReferenceCall) -> str:
    return f", which ends in {reference.error}" if reference.error else ""
