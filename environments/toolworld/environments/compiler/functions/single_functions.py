"""The bodies of functions on what there is one of: in the environment, or for each record of a parent."""

from collections.abc import Iterator

from toolworld.environments.compiler.functions.expressions import given_fields, nothing_shown, shows_record, wrapped
from toolworld.environments.compiler.layout.collection import HIDDEN_KEY, parent_field
from toolworld.environments.compiler.literals import quoted
from toolworld.environments.compiler.plans.plan import Plan


def single_get_lines(plan: Plan) -> Iterator[str]:
    yield _single_row(plan)
    yield f"return {wrapped(plan, 'row')}"


def _single_row(plan: Plan) -> str:
    """Read the one record: of the environment, or of the parent."""
    if plan.collection.owner is None:
        return f'row = dict(get("{plan.collection.name}"))'
    return f'row = get("{plan.collection.name}", {_owner(plan)}) or {{}}'


def _owner(plan: Plan) -> str:
    """The expression of the parent's key."""
    return f"str({next(one for one, _ in plan.placement.parents if parent_field(one) == plan.collection.owner)})"


def single_set_lines(plan: Plan) -> Iterator[str]:
    collection = plan.collection
    yield _single_row(plan)
    yield "new_values = _given({"
    for field, name in given_fields(plan).items():
        yield f"    {quoted(field)}: {name},"
    yield "})"
    if collection.owner is None:
        yield "row.update(new_values)"
        yield f'set("{collection.name}", row)'
    else:
        yield "if row:"
        yield f'    row = update("{collection.name}", {_owner(plan)}, new_values)'
        yield "else:"
        yield f'    new_values.update({{"{HIDDEN_KEY}": {_owner(plan)}, "{collection.owner}": {_owner(plan)}}})'
        yield f'    row = insert("{collection.name}", new_values)'
    yield f"return {wrapped(plan, 'row') if shows_record(plan) else nothing_shown(plan)}"


def single_clear_lines(plan: Plan) -> Iterator[str]:
    if plan.collection.owner is None:
        yield f'set("{plan.collection.name}", {{}})'
    else:
        yield f'if get("{plan.collection.name}", {_owner(plan)}) is not None:'
        yield f'    delete("{plan.collection.name}", {_owner(plan)})'
    yield f"return {nothing_shown(plan)}"
