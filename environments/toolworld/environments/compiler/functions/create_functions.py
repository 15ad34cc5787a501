"""The bodies of functions that make records."""

from collections.abc import Iterator, Mapping

from toolworld.environments.compiler.functions.expressions import given_fields, returned
from toolworld.environments.compiler.layout.collection import HIDDEN_KEY, Collection, parent_field
from toolworld.environments.compiler.layout.statuses import first_status
from toolworld.environments.compiler.literals import quoted
from toolworld.environments.compiler.plans.plan import Plan, status_field
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Parameter
from toolworld.environments.normaliser.words import last_word, word_set, words
from toolworld.ground import JsonSchema

_MADE_WORDS = word_set("created creation inserted registered added")
_PRICES = word_set("cost price")
_QUANTITIES = word_set("amount quantity shares")
_POSITIVE = word_set("amount price quantity shares")
CHANGED_WORDS = word_set("updated modified changed")


def create_lines(plan: Plan) -> Iterator[str]:
    collection, key = plan.collection, plan.collection.key
    below = {collection.parent_place(parameter) for parameter, _ in plan.placement.parents}
    given = {field: one for field, one in given_fields(plan).items() if field not in below}
    named = plan.placement.key or (given.get(key) if key is not None else None)
    yield from key_lines(plan, named)
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


def convention_lines(plan: Plan) -> Iterator[str]:
    """Refuse sums and numbers of things that are not above 0, where a toolset documents no errors at all."""
    for one in plan.operation.parameters if not plan.operation.errors else ():
        is_sum = bool({*words(one.original)} & _POSITIVE) and plain_type(one.schema) in ("integer", "number")
        if is_sum and one.required:
            yield f"if {one.name} <= 0:"
            yield f'    fail("invalid_argument", "{one.name} has to be more than 0.")'
    price, number = (_named(plan, one) for one in (_PRICES, _QUANTITIES))
    if plan.funds is not None and price is not None and not plan.operation.errors:
        cost = f"{price.name} * {number.name}" if number is not None else price.name
        sells = [one for one in plan.operation.parameters if "sell" in str(one.schema.get("enum")).lower()]
        is_bought = f'"sell" not in str({sells[0].name}).lower() and ' if sells else ""
        yield f"if {is_bought}{cost} > _number({plan.funds.expression}):"
        yield '    fail("failed_precondition", "There is not enough money for that.")'


def _named(plan: Plan, names: frozenset[str]) -> Parameter | None:
    """The required number that is called so."""
    numbers = [one for one in plan.operation.parameters if plain_type(one.schema) in ("integer", "number")]
    return next((one for one in numbers if one.required and {*words(one.name)} & names), None)


def key_lines(plan: Plan, named: str | None) -> Iterator[str]:
    collection = plan.collection
    number = f'_next_number(rows("{collection.name}"), {quoted(collection.key or HIDDEN_KEY)})'
    if collection.has_number_key:
        new = number
    else:
        form = collection.key_form
        new = f"str({number})" if form.is_number else f"new_id({quoted(form.prefix)})"
    if named is None and plan.counter is not None:
        yield f"row_key = _number({plan.counter.expression})"
        yield f'if get("{collection.name}", str(row_key)) is not None:'
        yield f"    row_key = _free_number(rows({quoted(collection.name)}), row_key)"
        yield plan.counter.assigned("row_key + 1")
        if not collection.has_number_key:
            yield "row_key = str(row_key)"
        return
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
        moment = moment_of(name, schema, _MADE_WORDS | CHANGED_WORDS)
        if moment:
            yield name, moment
        elif name == status_field(collection):
            yield name, quoted(first_status(schema))


def moment_of(name: str, schema: JsonSchema, kinds: frozenset[str]) -> str | None:
    """The expression for the time of a call, in the form of a field; None where the field holds no such time."""
    if not kinds & {*words(name)} or "by" in words(name):
        return None
    match plain_type(schema):
        case "integer" | "number":
            return "_seconds()"
        case "string":
            is_day = schema.get("format") == "date" or (last_word(name) == "date" and "format" not in schema)
            return "today()" if is_day else "now()"
        case _:
            return None
