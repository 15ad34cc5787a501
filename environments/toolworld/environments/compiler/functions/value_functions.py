"""The bodies of functions on the single values of a state document."""

from collections.abc import Iterator

from toolworld.environments.compiler.literals import quoted
from toolworld.environments.compiler.plans.plan import Plan
from toolworld.environments.compiler.plans.value_plans import ValueChange, ValuePlan
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.shape import properties_of


def value_lines(plan: Plan) -> Iterator[str]:
    """Change the values, and return those that the tool shows."""
    values = plan.values or ValuePlan()
    if values.session is not None and values.flag is not None:
        yield from _session_lines(plan, values)
        return
    if plan.reading.effect == "write" and not values.changes:
        yield "# What it changes is not known."
    for change in values.changes:
        yield from _change_lines(change)
    yield "return {"
    for name, schema in properties_of(plan.reading.record).items():
        shown = values.shown.get(name)
        if shown is not None:
            yield f"    {quoted(name)}: {shown.expression},"
        elif plan.operation.parameter(name) is not None:
            yield f"    {quoted(name)}: {name},"
        elif plain_type(schema) == "boolean" and plan.reading.effect == "write":
            yield f"    {quoted(name)}: True,"
    yield "}"


def _change_lines(change: ValueChange) -> Iterator[str]:
    place, given = change.place, change.value
    now = place.expression
    match change.role:
        case "set" if given.startswith('"'):
            yield place.assigned(given)
        case "set":
            yield f"if {given} is not None:"
            yield f"    {place.assigned(given)}"
        case "append":
            yield f"if {given} not in ({now} or []):"
            yield f"    {place.assigned(f'({now} or []) + [{given}]')}"
        case "remove":
            yield f"if {given} not in ({now} or []):"
            yield f'    fail("not_found", f"{{{given}}} is not in the list.")'
            yield place.assigned(f"[one for one in {now} if one != {given}]")
        case "add":
            yield f"if {given} <= 0:"
            yield f'    fail("invalid_argument", "{given} has to be more than 0.")'
            if change.most is not None:
                yield f"if _number({now}) + {given} > {change.most}:"
                yield f'    fail("failed_precondition", "There is no room for more than {change.most}.")'
            yield place.assigned(f"round(_number({now}) + {given}, 4)")
        case "take":
            yield f"if {given} <= 0:"
            yield f'    fail("invalid_argument", "{given} has to be more than 0.")'
            yield f"if {given} > _number({now}):"
            yield '    fail("failed_precondition", "There is less than that.")'
            yield place.assigned(f"round(_number({now}) - {given}, 4)")


def _session_lines(plan: Plan, values: ValuePlan) -> Iterator[str]:
    """Log in, or out; who gives what the state does not have is told so, or refused where no field can say it."""
    flags = [name for name, one in properties_of(plan.reading.record).items() if plain_type(one) == "boolean"]
    assert values.flag is not None
    if values.session == "out":
        yield values.flag.assigned("False")
        yield f"return {{{', '.join(f'{quoted(name)}: True' for name in flags)}}}"
        return
    tests = [
        f"({place.expression} in (None, '') or {place.expression} == {name})"
        for name, place in values.credentials.items()
    ]
    yield f"is_right = {' and '.join(tests) or 'True'}"
    if not flags:
        yield "if not is_right:"
        yield '    fail("unauthenticated", "That is not right.")'
    yield "if is_right:"
    yield f"    {values.flag.assigned('True')}"
    for name, place in values.credentials.items():
        yield f"    {place.assigned(name)}"
    yield f"return {{{', '.join(f'{quoted(name)}: is_right' for name in flags)}}}"
