"""The text of a tool's function: a template of its kind, filled in with its names."""

import json
from collections.abc import Callable, Iterator, Mapping

from toolworld.environments.compiler.collection import HIDDEN_KEY, Collection, parent_field
from toolworld.environments.compiler.parameters import Use
from toolworld.environments.compiler.plan import Plan, Template, status_field, verb_of_action
from toolworld.environments.compiler.references import references_of
from toolworld.environments.compiler.statuses import first_status, status_after
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Parameter
from toolworld.environments.normaliser.shape import properties_of
from toolworld.environments.normaliser.words import compact, word_set, words
from toolworld.ground import JsonSchema, shortened

_MADE_WORDS = word_set("created creation inserted registered added")
_CHANGED_WORDS = word_set("updated modified changed")
_TOTALS = word_set("""count length numresults resultcount size total totalcount totalitems totalresults totalrecords""")
_PAGE_NUMBERS = word_set("currentpage page pagenumber")


_OFF_VALUES = (0, -1, "", "all", "any", "*")
"""Defaults of filters that ask for nothing."""


_PLAIN = str.maketrans({"\\": "/", '"': "'", "{": "<", "}": ">"})
"""What a docstring has instead of marks that mean something in a program."""


def function_of(plan: Plan, collections: Mapping[str, Collection]) -> str:
    """The function that answers a tool.

    Args:
        plan: How it is answered.
        collections: All collections, of which some are below others.
    """
    required = [one.name for one in plan.operation.parameters if one.required]
    optional = [f"{one.name}=None" for one in plan.operation.parameters if not one.required]
    head = f"def {plan.operation.function_name}({', '.join(required + optional)}):"
    said = shortened(" ".join(plan.operation.description.split()), 90).translate(_PLAIN)
    said = "".join(one for one in said if one.isprintable())
    checks = [*_parent_checks(plan), *_reference_checks(plan, collections)]
    lines = [f'"""{said}"""', *checks, *_BODIES[plan.template](plan, collections)]
    return "\n".join([head, *(f"    {line}" for line in lines)]) + "\n"


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
            place = _quoted(plan.collection.parent_place(parameter))
            yield f"if str(row.get({place}, {parameter})) != str({parameter}):"
            yield f'    fail("not_found", f"There is no {plan.collection.thing} {{{plan.key}}} there.")'


def _create(plan: Plan, collections: Mapping[str, Collection]) -> Iterator[str]:
    collection, key = plan.collection, plan.collection.key
    below = {collection.parent_place(parameter) for parameter, _ in plan.placement.parents}
    given = {field: one for field, one in _given_fields(plan).items() if field not in below}
    named = plan.placement.key or (given.get(key) if key is not None else None)
    yield from _key_lines(plan, named)
    yield f'row = {{"{HIDDEN_KEY}": str(row_key)}}' if collection.key_field == HIDDEN_KEY else "row = {}"
    yield "row.update(_given({"
    if key is not None:
        yield f"    {_quoted(key)}: row_key,"
    for name, one in given.items():
        if name != key:
            yield f"    {_quoted(name)}: {_or_first_status(plan, name, one)},"
    for name, value in _made_values(collection, given):
        yield f"    {_quoted(name)}: {value},"
    for parameter, _ in plan.placement.parents:
        if parent_field(parameter) in collection.parents:
            place = collection.parent_place(parameter)
            is_text = plain_type(collection.fields.get(place, {"type": "string"})) == "string"
            yield f"    {_quoted(place)}: {f'str({parameter})' if is_text else parameter},"
    yield "}))"
    yield from _returned(plan, f'insert("{collection.name}", row)')


def _given_fields(plan: Plan) -> dict[str, str]:
    """The parameter that gives each field."""
    fields = ((plan.collection.field_of(one.original), one.name) for one in plan.operation.payload)
    return {field: name for field, name in fields if field is not None and name != plan.key}


def _or_first_status(plan: Plan, field: str, given: str) -> str:
    """The expression of what a new record has of what was given: a status that was not is the first one."""
    parameter = plan.operation.parameter(given)
    if field != status_field(plan.collection) or parameter is None or parameter.required:
        return given
    return f"{given} if {given} is not None else {_quoted(first_status(plan.collection.fields[field]))}"


def _key_lines(plan: Plan, named: str | None) -> Iterator[str]:
    collection = plan.collection
    number = f'_next_number(rows("{collection.name}"), {_quoted(collection.key or HIDDEN_KEY)})'
    if collection.has_number_key:
        new = number
    else:
        form = collection.key_form
        new = f"str({number})" if form.is_number else f"new_id({_quoted(form.prefix)})"
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
            yield name, _quoted(first_status(schema))


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


def _update(plan: Plan, collections: Mapping[str, Collection]) -> Iterator[str]:
    collection = plan.collection
    yield from _record_lines(plan)
    yield "new_values = _given({"
    given = _given_fields(plan)
    for field, name in given.items():
        if field != collection.key:
            yield f"    {_quoted(field)}: {name},"
    for name, schema in collection.fields.items():
        moment = _moment(name, schema, _CHANGED_WORDS)
        if moment and name not in given:
            yield f"    {_quoted(name)}: {moment},"
    yield "})"
    yield from _returned(plan, f'update("{collection.name}", row[{_quoted(collection.key_field)}], new_values)')


def _get(plan: Plan, collections: Mapping[str, Collection]) -> Iterator[str]:
    yield from _record_lines(plan)
    yield f"return {_wrapped(plan, 'row')}"


def _delete(plan: Plan, collections: Mapping[str, Collection]) -> Iterator[str]:
    yield from _record_lines(plan)
    yield f"{deleter(plan.collection)}(row)"
    yield f"return {_wrapped(plan, 'row') if _shows_record(plan) else '{}'}"


def deleter(collection: Collection) -> str:
    """The name of the function that deletes a record with all that is below it."""
    return f"_delete_of_{collection.name}"


def deleter_of(collection: Collection, collections: Mapping[str, Collection]) -> str:
    """That function."""
    own = _quoted(collection.key_field)
    lines = [
        f"def {deleter(collection)}(row):",
        f'    """Delete a {collection.thing}, and all that is below it."""',
        f'    delete("{collection.name}", row[{own}])',
    ]
    for child in collections.values():
        for field, parent in child.parents.items():
            if parent == collection.name and not child.is_single:
                place = _quoted(child.shown_parents.get(field, field))
                lines += [
                    f'    for each in rows("{child.name}"):',
                    f'        if str(each.get({place})) == str(row[{own}]) and get("{child.name}", '
                    f"each[{_quoted(child.key_field)}]) is not None:",
                    f"            {deleter(child)}(each)",
                ]
    return "\n".join(lines) + "\n"


def _transition(plan: Plan, collections: Mapping[str, Collection]) -> Iterator[str]:
    collection, status = plan.collection, status_field(plan.collection) or "status"
    after = status_after(verb_of_action(plan.operation), collection.fields.get(status, {})) or ""
    yield from _record_lines(plan)
    yield f"if row.get({_quoted(status)}) == {_quoted(after)}:"
    yield f'    fail("conflict", f"The {plan.collection.thing} {{{plan.key}}} is already " + {_quoted(after)} + ".")'
    yield f"new_values = {{{_quoted(status)}: {_quoted(after)}}}"
    yield from _returned(plan, f'update("{collection.name}", row[{_quoted(collection.key_field)}], new_values)')


def _list(plan: Plan, collections: Mapping[str, Collection]) -> Iterator[str]:
    yield from _found_lines(plan)
    totals = list(_totals(plan, {}))
    if totals:
        yield "rows_total = len(rows_found)"
    part = {use.role: use.parameter.name for use in plan.uses if use.role in ("limit", "offset", "page")}
    if part:
        given = [f"{role}={name}" for role, name in part.items()]
        yield f"rows_found = _page(rows_found, {', '.join([*given, *_first_page(plan)])})"
    if plan.shape == "list":
        yield f"return [{_one_shown(plan)} for each in rows_found]"
        return
    listed = f"[{_one_shown(plan)} for each in rows_found]"
    totals = list(_totals(plan, part))
    wrapper = list(plan.reading.wrapper)
    if len(wrapper) > 1 or not totals:
        yield f"return {_around(plan, listed)}"
        return
    yield "return {"
    yield f"    {_quoted(wrapper[0])}: {listed},"
    yield from totals
    yield "}"


def _first_page(plan: Plan) -> list[str]:
    """The argument that says that pages are counted from 0, where they are."""
    pages = [use.parameter.schema for use in plan.uses if use.role == "page"]
    return ["first=0"] if pages and 0 in (pages[0].get("minimum"), pages[0].get("default")) else []


def _totals(plan: Plan, part: Mapping[str, str]) -> Iterator[str]:
    """What stands beside a list: how many there are, and the page."""
    for name, schema in properties_of(plan.operation.response).items():
        if plain_type(schema) == "integer" and compact(name) in _TOTALS:
            yield f"    {_quoted(name)}: rows_total,"
        elif plain_type(schema) == "integer" and compact(name) in _PAGE_NUMBERS and "page" in part:
            yield f"    {_quoted(name)}: _whole({part['page']}, 1),"


def _first(plan: Plan, collections: Mapping[str, Collection]) -> Iterator[str]:
    yield from _found_lines(plan)
    yield "if not rows_found:"
    yield f'    fail("not_found", "There is no such {plan.collection.thing}.")'
    yield f"return {_wrapped(plan, 'rows_found[0]')}"


def _found_lines(plan: Plan) -> Iterator[str]:
    yield f'rows_found = rows("{plan.collection.name}")'
    for use in plan.uses:
        yield from _filter_lines(use, plan.collection)
    yield from _sort_lines(plan)


def _filter_lines(use: Use, collection: Collection) -> Iterator[str]:
    name, path = use.parameter.name, use.path or ""
    value = (
        f"_at(each, {_quoted(path)})" if "." in path and path not in collection.fields else f"each.get({_quoted(path)})"
    )
    condition = {
        "parent": f"str({value}) == str({name})",
        "equal": f"_same({value}, {name})",
        "least": f"_is_at_least({value}, {name})",
        "most": f"_is_at_most({value}, {name})",
        "query": f"_says(each, {name})",
    }.get(use.role)
    if condition is None or (use.role == "parent" and parent_field(name) not in collection.parents):
        return
    if use.parameter.required:
        yield f"rows_found = [each for each in rows_found if {condition}]"
    else:
        default = use.parameter.schema.get("default")
        is_off = default in _OFF_VALUES and not isinstance(default, bool)
        yield f"if {name} not in (None, {default!r}):" if is_off else f"if {name} is not None:"
        yield f"    rows_found = [each for each in rows_found if {condition}]"


def _sort_lines(plan: Plan) -> Iterator[str]:
    sorts = [use.parameter for use in plan.uses if use.role == "sort"]
    directions = [one for one in sorts if _is_direction(one)]
    orders = [one for one in sorts if one not in directions]
    if orders:
        direction = f", {directions[0].name}" if directions else ""
        yield f"if {orders[0].name} is not None:"
        yield f"    rows_found = _sorted(rows_found, {orders[0].name}{direction})"
    elif directions:
        yield f'if "desc" in str({directions[0].name}).lower():'
        yield "    rows_found = list(reversed(rows_found))"


def _is_direction(parameter: Parameter) -> bool:
    values = parameter.schema.get("enum")
    if isinstance(values, list):
        return all("asc" in str(one).lower() or "desc" in str(one).lower() for one in values)
    return compact(parameter.name) in ("direction", "dir", "sortdirection", "sortorder", "orderdirection")


def _single_get(plan: Plan, collections: Mapping[str, Collection]) -> Iterator[str]:
    yield _single_row(plan)
    yield f"return {_wrapped(plan, 'row')}"


def _single_row(plan: Plan) -> str:
    """Read the one record: of the environment, or of the parent."""
    if plan.collection.owner is None:
        return f'row = dict(get("{plan.collection.name}"))'
    return f'row = get("{plan.collection.name}", {_owner(plan)}) or {{}}'


def _owner(plan: Plan) -> str:
    """The expression of the parent's key."""
    return f"str({next(one for one, _ in plan.placement.parents if parent_field(one) == plan.collection.owner)})"


def _single_set(plan: Plan, collections: Mapping[str, Collection]) -> Iterator[str]:
    collection = plan.collection
    yield _single_row(plan)
    yield "new_values = _given({"
    for field, name in _given_fields(plan).items():
        yield f"    {_quoted(field)}: {name},"
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
    yield f"return {_wrapped(plan, 'row') if _shows_record(plan) else '{}'}"


def _single_clear(plan: Plan, collections: Mapping[str, Collection]) -> Iterator[str]:
    if plan.collection.owner is None:
        yield f'set("{plan.collection.name}", {{}})'
    else:
        yield f'if get("{plan.collection.name}", {_owner(plan)}) is not None:'
        yield f'    delete("{plan.collection.name}", {_owner(plan)})'
    yield "return {}"


def _returned(plan: Plan, written: str) -> Iterator[str]:
    """Write, and return what the tool shows of it: the record, or its key where nothing is described."""
    if _shows_record(plan):
        yield f"return {_wrapped(plan, written)}"
        return
    yield written
    if plan.template == "create" and plan.collection.key is not None:
        yield f"return {{{_quoted(plan.collection.key)}: row_key}}"
    else:
        yield "return {}"


def is_shown_by(plan: Plan, field: str) -> bool:
    """Whether a tool's result has a field of the record."""
    return field in plan.shown


def _shows_record(plan: Plan) -> bool:
    return bool(plan.shown)


def _one_shown(plan: Plan, record: str = "each") -> str:
    """The expression of a record as a tool shows it."""
    if len(plan.shown) >= len(plan.collection.fields):
        return f"_shown({record})"
    return f"_shown({record}, [{', '.join(map(_quoted, plan.shown))}])"


def _wrapped(plan: Plan, record: str) -> str:
    """The expression of a result: the record as it is shown, in the place where the document has it."""
    shown = _one_shown(plan, record)
    match plan.shape:
        case "wrapped_record":
            return _around(plan, shown)
        case "wrapped_list":
            return _around(plan, f"[{shown}]")
        case "list":
            return f"[{shown}]"
        case _:
            return shown


def _around(plan: Plan, inner: str) -> str:
    for name in reversed(plan.reading.wrapper):
        inner = f"{{{_quoted(name)}: {inner}}}"
    return inner


def _quoted(text: str) -> str:
    """A text as programs write it, whatever stands in it."""
    return json.dumps(text, ensure_ascii=False)


_BODIES: dict[Template, Callable[[Plan, Mapping[str, Collection]], Iterator[str]]] = {
    "create": _create,
    "get": _get,
    "list": _list,
    "first": _first,
    "update": _update,
    "delete": _delete,
    "transition": _transition,
    "single_get": _single_get,
    "single_set": _single_set,
    "single_clear": _single_clear,
}
