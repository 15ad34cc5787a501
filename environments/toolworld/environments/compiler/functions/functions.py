"""The text of a tool's function: a template of its kind, filled in with its names."""

from collections.abc import Callable, Iterator, Mapping

from toolworld.environments.compiler.functions.create_functions import CHANGED_WORDS, create_lines, moment_of
from toolworld.environments.compiler.functions.expressions import (
    finder,
    given_fields,
    missing_line,
    nothing_shown,
    returned,
    shows_record,
    wrapped,
)
from toolworld.environments.compiler.functions.fact_functions import fact_lines
from toolworld.environments.compiler.functions.list_functions import first_lines, list_lines
from toolworld.environments.compiler.functions.single_functions import (
    single_clear_lines,
    single_get_lines,
    single_set_lines,
)
from toolworld.environments.compiler.functions.state_functions import change_lines, state_lines
from toolworld.environments.compiler.functions.value_functions import value_lines
from toolworld.environments.compiler.layout.collection import Collection, parent_field
from toolworld.environments.compiler.layout.references import references_of
from toolworld.environments.compiler.layout.statuses import status_after
from toolworld.environments.compiler.literals import quoted
from toolworld.environments.compiler.packs import command_lines
from toolworld.environments.compiler.plans.plan import Plan, Template, status_field, verb_of_action
from toolworld.environments.normaliser.operation import Parameter
from toolworld.ground import shortened

_PLAIN = str.maketrans({"\\": "/", '"': "'", "{": "<", "}": ">"})
"""What a docstring has instead of marks that mean something in a program."""


def function_of(plan: Plan, collections: Mapping[str, Collection]) -> str:
    """The function that answers a tool.

    Args:
        plan: How it is answered.
        collections: All collections, of which some are below others.
    """
    required = [one.name for one in plan.operation.parameters if one.required]
    optional = [f"{one.name}={_default(plan, one)}" for one in plan.operation.parameters if not one.required]
    head = f"def {plan.operation.function_name}({', '.join(required + optional)}):"
    said = shortened(" ".join(plan.operation.description.split()), 90).translate(_PLAIN)
    said = "".join(one for one in said if one.isprintable())
    if plan.placement.is_in_state:
        body = list(state_lines(plan, collections, _BODIES[plan.template]))
    else:
        body = [*_parent_checks(plan), *_reference_checks(plan, collections), *_BODIES[plan.template](plan)]
    lines = [f'"""{said}"""', *_session_check(plan), *_credential_lines(plan), *body]
    return "\n".join([head, *(f"    {line}" for line in lines)]) + "\n"


def _session_check(plan: Plan) -> Iterator[str]:
    """Refuse a call while nobody is logged in."""
    if plan.session is not None and plan.command is None:
        yield f"if not {plan.session.expression}:"
        yield '    fail("unauthenticated", "Nobody is logged in.")'


def _credential_lines(plan: Plan) -> Iterator[str]:
    """Refuse a token or a secret that is not the one which the state has."""
    for name, place in plan.credentials if plan.values is None or plan.values.session is None else ():
        yield f"if {place.expression} not in (None, '', {name}):"
        yield f'    fail("unauthenticated", "{name} is not valid.")'


def _default(plan: Plan, parameter: Parameter) -> str:
    """The default of a parameter as a program writes it."""
    default = plan.default(parameter)
    if isinstance(default, str):
        return quoted(default)
    return repr(default) if isinstance(default, bool | int | float) else "None"


def finder_of(collection: Collection) -> str:
    """The function that finds the record that a caller names."""
    return (
        f"def {finder(collection)}(key):\n"
        f'    """The {collection.thing} that a caller names."""\n'
        f'    record = get("{collection.name}", str(key))\n'
        f"    if record is None:\n"
        f"        {missing_line(collection, 'key')}\n"
        f"    return record\n"
    )


def _parent_checks(plan: Plan) -> Iterator[str]:
    """Calls that refuse a parent that is not there."""
    for parameter, _ in plan.placement.parents:
        parent = plan.collection.parents.get(parent_field(parameter))
        if parent is not None:
            yield f"_one_of_{parent}({parameter})"


def _reference_checks(plan: Plan, collections: Mapping[str, Collection]) -> Iterator[str]:
    """Calls that refuse a reference to what is not there."""
    if plan.template not in ("create", "update"):
        return
    for one, target in references_of(plan.operation, plan.collection, collections):
        if one.required:
            yield f"{finder(target)}({one.name})"
        else:
            yield f"if {one.name} is not None:"
            yield f"    {finder(target)}({one.name})"


def _record_lines(plan: Plan) -> Iterator[str]:
    """Find the record, below its parents; one of a state document is found before anything is checked."""
    if plan.placement.is_in_state:
        return
    yield f"row = {finder(plan.collection)}({plan.key})"
    for parameter, _ in plan.placement.parents:
        if parent_field(parameter) in plan.collection.parents:
            place = quoted(plan.collection.parent_place(parameter))
            yield f"if str(row.get({place}, {parameter})) != str({parameter}):"
            yield f'    fail("not_found", f"There is no {plan.collection.thing} {{{plan.key}}} there.")'


def _update(plan: Plan) -> Iterator[str]:
    collection = plan.collection
    yield from _record_lines(plan)
    yield "new_values = _given({"
    given = given_fields(plan)
    for field, name in given.items():
        if field != collection.key:
            yield f"    {quoted(field)}: {name},"
    for name, schema in collection.fields.items():
        moment = moment_of(name, schema, CHANGED_WORDS)
        if moment and name not in given:
            yield f"    {quoted(name)}: {moment},"
    yield "})"
    yield from returned(plan, f'update("{collection.name}", row[{quoted(collection.key_field)}], new_values)')


def _get(plan: Plan) -> Iterator[str]:
    yield from _record_lines(plan)
    yield f"return {wrapped(plan, 'row')}"


def _delete(plan: Plan) -> Iterator[str]:
    yield from _record_lines(plan)
    yield f"{deleter(plan.collection)}(row)"
    yield f"return {wrapped(plan, 'row') if shows_record(plan) else nothing_shown(plan)}"


def deleter(collection: Collection) -> str:
    """The name of the function that deletes a record with all that is below it."""
    return f"_delete_of_{collection.name}"


def deleter_of(collection: Collection, collections: Mapping[str, Collection]) -> str:
    """That function."""
    own = quoted(collection.key_field)
    lines = [
        f"def {deleter(collection)}(row):",
        f'    """Delete a {collection.thing}, and all that is below it."""',
        f'    delete("{collection.name}", row[{own}])',
    ]
    for child in collections.values():
        for field, parent in child.parents.items():
            if parent == collection.name and not child.is_single:
                place = quoted(child.shown_parents.get(field, field))
                lines += [
                    f'    for each in rows("{child.name}"):',
                    f'        if str(each.get({place})) == str(row[{own}]) and get("{child.name}", '
                    f"each[{quoted(child.key_field)}]) is not None:",
                    f"            {deleter(child)}(each)",
                ]
    return "\n".join(lines) + "\n"


def _transition(plan: Plan) -> Iterator[str]:
    collection, status = plan.collection, status_field(plan.collection) or "status"
    after = status_after(verb_of_action(plan.operation), collection.fields.get(status, {})) or ""
    yield from _record_lines(plan)
    yield f"if row.get({quoted(status)}) == {quoted(after)}:"
    yield f'    fail("conflict", f"The {plan.collection.thing} {{{plan.key}}} is already " + {quoted(after)} + ".")'
    yield f"new_values = {{{quoted(status)}: {quoted(after)}}}"
    yield from returned(plan, f'update("{collection.name}", row[{quoted(collection.key_field)}], new_values)')


def _command_lines(plan: Plan) -> Iterator[str]:
    assert plan.command is not None
    yield from command_lines(plan.operation, plan.command)


_BODIES: dict[Template, Callable[[Plan], Iterator[str]]] = {
    "create": create_lines,
    "get": _get,
    "list": list_lines,
    "first": first_lines,
    "change": change_lines,
    "values": value_lines,
    "fact": fact_lines,
    "pack": _command_lines,
    "update": _update,
    "delete": _delete,
    "transition": _transition,
    "single_get": single_get_lines,
    "single_set": single_set_lines,
    "single_clear": single_clear_lines,
}
