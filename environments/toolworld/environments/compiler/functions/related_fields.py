"""Fields of a result that its record does not have: what other records have that it refers to, and those that refer to
it. A loan shows the `title` of what was lent, and a borrower their `loans`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from toolworld.environments.compiler.layout.collection import Collection
from toolworld.environments.compiler.literals import quoted
from toolworld.environments.compiler.plans.known_records import KnownRecord, referred_records
from toolworld.environments.compiler.plans.plan import Plan
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.shape import properties_of
from toolworld.environments.normaliser.words import compact, singulars
from toolworld.ground import JsonSchema

_NAMES = ("name", "title", "label")
"""Fields by which a thing is called."""
_STEPS = 2
"""How many references are followed."""


class Related(NamedTuple):
    """The fields that a result gets from other records."""

    needs: tuple[KnownRecord, ...]
    """The records that have to be fetched for them, in this order."""
    values: dict[str, str]
    """The expression of each field."""


def related_fields(plan: Plan, known: Sequence[KnownRecord], collections: Mapping[str, Collection]) -> Related:
    """What a result can show besides the fields of its record, which the program calls `row`.

    Args:
        plan: The plan of a tool that returns one record.
        known: The records at hand.
        collections: All collections.
    """
    row = KnownRecord("row", plan.collection)
    base = [row, *(one for one in known if one.variable != "row")]
    taken = frozenset(one.name for one in plan.operation.parameters)
    reached = list(base)
    for _ in range(_STEPS):
        reached += referred_records(reached, collections, taken)
    values: dict[str, str] = {}
    for name, schema in properties_of(plan.reading.record).items():
        if plan.collection.field_of(name) is None:
            found = next(_found(name, schema, reached, (plan.collection, collections)), None)
            if found is not None:
                values[name] = found
    return Related(tuple(_needed(reached, values)), values)


def _found(
    name: str, schema: JsonSchema, reached: Sequence[KnownRecord], where: tuple[Collection, Mapping[str, Collection]]
) -> Iterator[str]:
    """The expressions that a field can be, the surest first."""
    if name in ("now", "today"):
        yield f"{name}()"
    yield from _referring(name, schema, *where)
    for record in reached:
        field = record.collection.field_of(name)
        if record.variable != "row" and field is not None:
            yield record.value(field)
    for record in reached:
        own = compact(record.collection.entity)
        called = next((one for one in _NAMES if one in record.collection.fields), None)
        is_thing = compact(name) == own or own.endswith(compact(name))
        if record.variable != "row" and is_thing and called is not None and plain_type(schema) in ("string", None):
            yield record.value(called)


def _referring(
    name: str, schema: JsonSchema, collection: Collection, collections: Mapping[str, Collection]
) -> Iterator[str]:
    """The records that refer to the row, as a list or as their number."""
    other = next((one for one in collections.values() if singulars(one.name) == singulars(name)), None)
    if other is None or collection.key is None:
        return
    field = next((one for one, target in other.references.items() if target == collection.name), None)
    if field is None:
        return
    test = f"str(each.get({quoted(field)})) == str(row.get({quoted(collection.key)}))"
    found = f'each for each in rows("{other.name}") if {test}'
    match plain_type(schema):
        case "array":
            yield f"[_shown({found.replace('each for', 'each) for', 1)}]"
        case "integer":
            yield f"len([{found}])"
        case _:
            pass


def _needed(reached: Sequence[KnownRecord], values: Mapping[str, str]) -> Iterator[KnownRecord]:
    """The records that values are taken from, and those through which they are reached."""
    by_variable = {one.variable: one for one in reached if one.through is not None}
    wanted = {name for name in by_variable if any(value.startswith(f"{name}.") for value in values.values())}
    for _ in range(_STEPS):
        wanted |= {
            through[0] for name in wanted if (through := by_variable[name].through) and through[0] in by_variable
        }
    return (one for one in reached if one.variable in wanted)


def with_related(plan: Plan, lines: Sequence[str], related: Related, fetched: Sequence[str]) -> Iterator[str]:
    """The lines of a body that ends in a result, with the related fields put into it."""
    *before, last = lines
    if not related.values or not last.startswith("return "):
        yield from lines
        return
    yield from before
    if plan.template == "first":
        yield "row = rows_found[0]"
    yield f"shown = {last.removeprefix('return ')}"
    for record in related.needs:
        if not any(line.startswith(f"{record.variable} = ") for line in fetched):
            yield record.definition
    yield from (f"shown[{quoted(name)}] = {value}" for name, value in related.values.items())
    yield "return shown"
