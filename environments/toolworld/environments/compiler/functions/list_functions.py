"""The bodies of functions that find several records: filtered, in an order, and in part."""

from collections.abc import Iterator, Mapping

from toolworld.environments.compiler.functions.expressions import around, one_shown, wrapped
from toolworld.environments.compiler.layout.collection import Collection, parent_field
from toolworld.environments.compiler.layout.missing import says_missing
from toolworld.environments.compiler.literals import quoted
from toolworld.environments.compiler.plans.parameters import Use
from toolworld.environments.compiler.plans.plan import Plan
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Parameter
from toolworld.environments.normaliser.shape import properties_of
from toolworld.environments.normaliser.words import compact, is_plural, last_word, word_set

_TOTALS = word_set("""count length numresults resultcount size total totalcount totalitems totalresults totalrecords""")
_PAGE_NUMBERS = word_set("currentpage page pagenumber")


_OFF_VALUES = (0, -1, "", "all", "any", "*")
"""Defaults of filters that ask for nothing."""


def list_lines(plan: Plan) -> Iterator[str]:
    yield from _found_lines(plan)
    totals = list(_totals(plan, {}))
    if totals:
        yield "rows_total = len(rows_found)"
    part = {use.role: use.parameter.name for use in plan.uses if use.role in ("limit", "offset", "page")}
    if part:
        given = [f"{role}={name}" for role, name in part.items()]
        yield f"rows_found = _page(rows_found, {', '.join([*given, *_first_page(plan)])})"
    if plan.shape == "list":
        yield f"return [{one_shown(plan)} for each in rows_found]"
        return
    listed = f"[{one_shown(plan)} for each in rows_found]"
    totals = list(_totals(plan, part))
    wrapper = list(plan.reading.wrapper)
    if len(wrapper) > 1 or not totals:
        yield f"return {around(plan, listed)}"
        return
    yield "return {"
    yield f"    {quoted(wrapper[0])}: {listed},"
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
            yield f"    {quoted(name)}: rows_total,"
        elif plain_type(schema) == "integer" and compact(name) in _PAGE_NUMBERS and "page" in part:
            yield f"    {quoted(name)}: _whole({part['page']}, 1),"


def first_lines(plan: Plan) -> Iterator[str]:
    yield from _found_lines(plan)
    yield "if not rows_found:"
    yield f"    {nothing_found_line(plan)}"
    yield f"return {wrapped(plan, 'rows_found[0]')}"


def nothing_found_line(plan: Plan) -> str:
    """The call that refuses what no record fits: as the tool's document says it, where it does."""
    error = next((one for one in plan.operation.errors if says_missing(one)), plan.collection.missing)
    if error is not None:
        return f"fail({quoted(error.code)}, {quoted(error.when)})"
    return f'fail("not_found", "There is no such {plan.collection.thing}.")'


def _found_lines(plan: Plan) -> Iterator[str]:
    yield f'rows_found = rows("{plan.collection.name}")'
    for use in plan.uses:
        yield from _filter_lines(use, plan.collection)
    yield from _sort_lines(plan)


def _filter_lines(use: Use, collection: Collection) -> Iterator[str]:
    name, path = use.parameter.name, use.path or ""
    value = (
        f"_at(each, {quoted(path)})" if "." in path and path not in collection.fields else f"each.get({quoted(path)})"
    )
    condition = {
        "parent": f"str({value}) == str({name})",
        "equal": f"_same({value}, {_wanted(use.parameter)})",
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


def _wanted(parameter: Parameter) -> str:
    """The expression of what a filter asks for: of a text that lists values, each of them."""
    is_listing = is_plural(last_word(parameter.name)) or "comma" in parameter.description.lower()
    return f"_parts({parameter.name})" if is_listing and plain_type(parameter.schema) == "string" else parameter.name


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
