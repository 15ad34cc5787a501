"""The text of a tool's function: a template of its kind, filled in with its names."""

from collections.abc import Callable, Iterator, Mapping

from toolworld.environments.compiler.collection import HIDDEN_KEY, Collection, parent_field
from toolworld.environments.compiler.expressions import given_fields, quoted, returned, shows_record, wrapped
from toolworld.environments.compiler.list_functions import first_lines, list_lines
from toolworld.environments.compiler.plan import Plan, Template, status_field, verb_of_action
from toolworld.environments.compiler.references import references_of
from toolworld.environments.compiler.single_functions import single_clear_lines, single_get_lines, single_set_lines
from toolworld.environments.compiler.statuses import first_status, status_after
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Parameter
from toolworld.environments.normaliser.words import word_set, words
from toolworld.ground import JsonSchema, shortened

_MADE_WORDS = word_set("created creation inserted registered added")
_CHANGED_WORDS = word_set("updated modified changed")
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
    checks = [*_parent_checks(plan), *_reference_checks(plan, collections)]
    lines = [f'"""{said}"""', *checks, *_BODIES[plan.template](plan)]
    return "\n".join([head, *(f"    {line}" for line in lines)]) + "\n"


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
        f'        fail("not_found", f"There is no {collection.thing} {{key}}.")\n'
        f"    return record\n"
    )


def finder(collection: Collection) -> str:
    """The name of that function."""
    return f"_one_of_{collection.name}"


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
    """Find the record, below its parents."""
    yield f"row = {finder(plan.collection)}({plan.key})"
    for parameter, _ in plan.placement.parents:
        if parent_field(parameter) in plan.collection.parents:
            place = quoted(plan.collection.parent_place(parameter))
            yield f"if str(row.get({place}, {parameter})) != str({parameter}):"
            yield f'    fail("not_found", f"There is no {plan.collection.thing} {{{plan.key}}} there.")'


def _create(plan: Plan) -> Iterator[str]:
    collection, key = plan.collection, plan.collection.key
    below = {collection.parent_place(parameter) for parameter, _ in plan.placement.parents}
    given = {field: one for field, one in given_fields(plan).items() if field not in below}
    named = plan.placement.key or (given.get(key) if key is not None else None)
    yield from _key_lines(plan, named)
    yield f'row = {{"{HIDDEN_KEY}": str(row_key)}}' if collection.key_field == HIDDEN_KEY else "row = {}"
    yield "row.update(_given({"
    if key is not None:
        yield f"    {quoted(key)}: row_key,"
    for name, one in given.items():
        if name != key:
            yield f"    {quoted(name)}: {_or_first_status(plan, name, one)},"
    for name, value in _made_values(collection, given):
        yield f"    {quoted(name)}: {value},"
    for parameter, _ in plan.placement.parents:
        if parent_field(parameter) in collection.parents:
            place = collection.parent_place(parameter)
            is_text = plain_type(collection.fields.get(place, {"type": "string"})) == "string"
            yield f"    {quoted(place)}: {f'str({parameter})' if is_text else parameter},"
    yield "}))"
    yield from returned(plan, f'insert("{collection.name}", row)')


def _or_first_status(plan: Plan, field: str, given: str) -> str:
    """The expression of what a new record has of what was given: a status that was not is the first one."""
    parameter = plan.operation.parameter(given)
    if field != status_field(plan.collection) or parameter is None or parameter.required:
        return given
    return f"{given} if {given} is not None else {quoted(first_status(plan.collection.fields[field]))}"


def _key_lines(plan: Plan, named: str | None) -> Iterator[str]:
    collection = plan.collection
    number = f'_next_number(rows("{collection.name}"), {quoted(collection.key or HIDDEN_KEY)})'
    if collection.has_number_key:
        new = number
    else:
        form = collection.key_form
        new = f"str({number})" if form.is_number else f"new_id({quoted(form.prefix)})"
    if named is None:
        yield f"row_key = {new}"
        return
    parameter = plan.operation.parameter(named)
    is_sure = parameter is not None and parameter.required
    own = named if collection.has_number_key else f"str({named})"
    yield f"row_key = {own}" if is_sure else f"row_key = {own} if {named} is not None else {new}"
    yield f'if get("{collection.name}", str(row_key)) is not None:'
    yield f'    fail("already_exists", f"There is a {plan.collection.thing} {{row_key}} already.")'


def _made_values(collection: Collection, given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What a new record has that nobody gave: times, and the first status."""
    for name, schema in collection.fields.items():
        if name in given or name == collection.key:
            continue
        moment = _moment(name, schema, _MADE_WORDS | _CHANGED_WORDS)
        if moment:
            yield name, moment
        elif name == status_field(collection):
            yield name, quoted(first_status(schema))


def _moment(name: str, schema: JsonSchema, kinds: frozenset[str]) -> str | None:
    """The expression for the time of a call, in the form of a field; None where the field holds no such time."""
    if not kinds & {*words(name)} or "by" in words(name):
        return None
    match plain_type(schema):
        case "integer" | "number":
            return "_seconds()"
        case "string":
            is_day = schema.get("format") == "date" or (words(name)[-1] == "date" and "format" not in schema)
            return "today()" if is_day else "now()"
        case _:
            return None


def _update(plan: Plan) -> Iterator[str]:
    collection = plan.collection
    yield from _record_lines(plan)
    yield "new_values = _given({"
    given = given_fields(plan)
    for field, name in given.items():
        if field != collection.key:
            yield f"    {quoted(field)}: {name},"
    for name, schema in collection.fields.items():
        moment = _moment(name, schema, _CHANGED_WORDS)
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
    yield f"return {wrapped(plan, 'row') if shows_record(plan) else '{}'}"


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


_BODIES: dict[Template, Callable[[Plan], Iterator[str]]] = {
    "create": _create,
    "get": _get,
    "list": list_lines,
    "first": first_lines,
    "update": _update,
    "delete": _delete,
    "transition": _transition,
    "single_get": single_get_lines,
    "single_set": single_set_lines,
    "single_clear": single_clear_lines,
}
