"""Were the calls made that the final state cannot show?

Arguments are compared as JSON in their canonical form with the tools' defaults filled in; parameters of the format
`free-text` are not compared. Of a look-up it matters what was found, by whichever call.
"""

import re
from collections.abc import Sequence

from toolworld.datasets import CheckResult, Evidence, ReferenceCall, resolved_call
from toolworld.environments import Environment, Event, canonical_fields
from toolworld.ground import JsonObject, JsonValue, canonical, leaves, same
from toolworld.judges.context import JudgeContext
from toolworld.judges.facts.conversation import tell_in
from toolworld.judges.facts.told import ANYTHING_SAID

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")


async def check_calls(context: JudgeContext) -> CheckResult:
    """Find every required call in the log, in any order or in the given one; one call cannot serve twice.

    The score is the share of the required calls that were made.
    """
    truth, environment = context.task.truth, context.environment
    wanted = [_in_this_run(context.task.calls[number], context) for number in truth.calls]
    if not wanted:
        note = Evidence(text="the final state shows all that matters")
        return CheckResult(name="calls", outcome="skipped", evidence=(note,), to_check=0, checked=0)
    left = list(context.trajectory.log)
    evidence: list[Evidence] = []
    for reference in wanted:
        position = next((at for at, event in enumerate(left) if _matches(reference, event, environment)), None)
        if position is None:
            evidence.append(_without_call(reference, context))
            continue
        made = left[position]
        evidence.append(Evidence(text=f"made: {made.call.name}", kind="made", step=made.step))
        if truth.order == "given":
            left = left[position + 1 :]
        else:
            del left[position]
    missing = sum(one.kind == "missing" for one in evidence)
    return CheckResult(
        name="calls",
        outcome="fail" if missing else "pass",
        score=1 - missing / len(wanted),
        evidence=tuple(evidence),
        to_check=len(wanted),
        checked=len(wanted),
    )


def _in_this_run(reference: ReferenceCall, context: JudgeContext) -> ReferenceCall:
    """A reference call with what earlier calls of this run returned in its arguments."""
    if reference.written is None:
        return reference
    return reference.model_copy(update={"call": resolved_call(reference.written, context.results)})


def _without_call(reference: ReferenceCall, context: JudgeContext) -> Evidence:
    """What stands in for a call that was not made: the same found or told otherwise; else it is missing."""
    call, environment = reference.call, context.environment
    if reference.unless_told and _were_told(reference, context):
        return Evidence(text=f"not needed, since the user told it: {call.name}", kind="made")
    tool = environment.tool(call.name)
    is_look_up = tool is not None and tool.effect == "read" and reference.error is None
    if is_look_up and _was_found(reference.result, context.trajectory.log, environment):
        return Evidence(text=f"found by other calls: what {call.name} returns", kind="made")
    ending = f", which ends in {reference.error}" if reference.error else ""
    text = f"missing: {call.name} with {canonical(call.arguments).decode()}{ending}"
    return Evidence(text=text, kind="missing")


def _were_told(reference: ReferenceCall, context: JudgeContext) -> bool:
    """Whether the user told all the facts that the call would have found."""
    return all(
        tell_in(fact, context.heard_from_user, ANYTHING_SAID).outcome == "told" for fact in reference.unless_told
    )


def _was_found(result: JsonValue, log: Sequence[Event], environment: Environment) -> bool:
    """Whether other look-ups returned all that one returns; what hour it is does not count."""
    wanted = _found_values([result])
    reads = [event for event in log if event.failure is None and _is_read(event, environment)]
    return bool(wanted) and wanted <= _found_values([event.result for event in reads])


def _is_read(event: Event, environment: Environment) -> bool:
    tool = environment.tool(event.call.name)
    return tool is not None and tool.effect == "read"


def _found_values(results: Sequence[JsonValue]) -> set[bytes]:
    found = (leaf for result in results for leaf in leaves(result))
    return {canonical(leaf) for leaf in found if not (isinstance(leaf, str) and _INSTANT.fullmatch(leaf))}


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
    compared = {key: value for key, value in tool.with_defaults(arguments).items() if key not in tool.free_text}
    return canonical_fields(compared, tool.parameters, environment.reads.country)
