"""The self-check of a compiled environment: each tool is called, and tools that write and read are held together.

What fails is left to a model. What holds together is proof that a tool does more than answer: a record that was made is
found again with what was given, a change is seen, what was deleted is gone, a filter leaves only what it asks for.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from toolworld.environments.compiler.bench import Bench, NotAskedError, RefusedError, argument, as_asked
from toolworld.environments.compiler.compile import Compiled
from toolworld.environments.compiler.data.record_story import RecordStory
from toolworld.environments.compiler.functions.expressions import is_shown_by
from toolworld.environments.compiler.plans.plan import READERS, Plan, Template, status_field
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.state.op_target import InvalidOpsError
from toolworld.ground import JsonObject, JsonValue, SimulationError, SpecError

_MOST_TRIED = 20
"""How many records are tried until one allows a change."""
Relation = str
"""What holds between two tools, such as `create, then get`."""


@dataclass(slots=True)
class CheckResult:
    """What the self-check found."""

    held: Counter[Relation] = field(default_factory=Counter[Relation])
    """How often each property held."""
    broken: Counter[Relation] = field(default_factory=Counter[Relation])
    """How often it did not."""
    verified: set[str] = field(default_factory=set[str])
    """The tools that take part in a pair that held."""
    consistent: set[str] = field(default_factory=set[str])
    """Tools that only read, and agree with themselves or another one that only reads."""
    failed: dict[str, str] = field(default_factory=dict[str, str])
    """Tools that have to be left to a model, each with the reason."""
    succeeded: set[str] = field(default_factory=set[str])
    """Tools of which a call with arguments that the schema allows succeeded."""


def self_check(compiled: Compiled) -> CheckResult:
    """Call every tool once, and hold the tools of each collection together."""
    result = CheckResult()
    try:
        bench = Bench(compiled)
    except SpecError as problem:
        result.failed = dict.fromkeys(_answered(compiled), f"the program does not load: {problem}")
        return result
    answered = _answered(compiled)
    for name in answered:
        try:
            bench.call(name, bench.arguments(compiled.plans[name]))
            result.succeeded.add(name)
        except (RefusedError, NotAskedError):
            pass
        except (SimulationError, InvalidOpsError) as problem:
            result.failed[name] = f"a call broke: {str(problem)[:200]}"
        bench.restore()
    for name, plan in compiled.plans.items():
        if name in answered and name not in result.failed:
            for relation, partner, outcome in _pairs(bench, plan, compiled, result.failed):
                (result.held if outcome else result.broken)[relation] += 1
                if outcome:
                    only_reads = plan.template in READERS
                    (result.consistent if only_reads else result.verified).update({name, partner})
                else:
                    result.failed.setdefault(name, f"self-check: {relation} does not hold with {partner}")
    return result


def _answered(compiled: Compiled) -> list[str]:
    return [name for name, plan in compiled.plans.items() if plan.template != "none" and _has_function(compiled, name)]


def _has_function(compiled: Compiled, name: str) -> bool:
    tool = compiled.environment.tool(name)
    return tool is not None and tool.inferred is not None and tool.inferred.reach != "none"


def _pairs(
    bench: Bench, plan: Plan, compiled: Compiled, failed: Mapping[str, str]
) -> Iterator[tuple[Relation, str, bool]]:
    """The properties of a tool with each reader of its collection, and whether they hold."""
    others: dict[Template, Plan] = {}
    for one in compiled.plans.values():
        is_other = one.collection is plan.collection and one is not plan and one.operation.name not in failed
        if is_other and _has_function(compiled, one.operation.name) and one.placement.parents == plan.placement.parents:
            others.setdefault(one.template, one)
    checks = _CHECKS.get(plan.template, {})
    for reader, (relation, check) in checks.items():
        if reader in others:
            bench.restore()
            try:
                outcome = check(bench, plan, others[reader])
            except NotAskedError:
                outcome = None
            except RefusedError:  # where errors are documented, one may well speak against what is tried
                outcome = None if plan.placement.is_in_state else False
            except (SimulationError, InvalidOpsError):
                outcome = False
            bench.restore()
            if outcome is not None:
                yield relation, others[reader].operation.name, outcome
    if plan.template == "list":
        yield from _filters(bench, plan)


def _new_record(bench: Bench, plan: Plan) -> tuple[JsonObject, JsonObject]:
    """Create a record; returns the arguments, and the record as the state has it."""
    arguments = bench.arguments(plan)
    key = plan.collection.key_field
    before = {str(one[key]) for one in bench.records(plan.collection)}
    bench.call(plan.operation.name, arguments)
    return arguments, next(one for one in bench.records(plan.collection) if str(one[key]) not in before)


def _create_get(bench: Bench, create: Plan, get: Plan) -> bool | None:
    arguments, record = _new_record(bench, create)
    found = _record_in(get, bench.call(get.operation.name, bench.arguments(get, record)))
    return _has_given(create, get, arguments, found)


def _has_given(writer: Plan, reader: Plan, arguments: JsonObject, found: JsonObject) -> bool | None:
    """Whether a reader shows what a writer was given; what a record is below is said by the path.

    None where the reader shows nothing of it, so that nothing is known.
    """
    below = {writer.collection.parent_place(parameter) for parameter, _ in writer.placement.parents}
    shown = {
        field: arguments[one.name]
        for one in writer.operation.payload
        if (field := writer.collection.field_of(one.original)) is not None
        and one.name in arguments
        and is_shown_by(reader, field)
        and field not in below
    }
    return all(found.get(field) == value for field, value in shown.items()) if shown and found else None


def _create_list(bench: Bench, create: Plan, listing: Plan) -> bool | None:
    _, record = _new_record(bench, create)
    return _is_listed(bench, listing, record)


def _is_listed(bench: Bench, listing: Plan, record: JsonObject) -> bool | None:
    """Whether a list has a record; None where it shows nothing that tells."""
    key = listing.collection.key
    if key is None or not is_shown_by(listing, key):
        return None
    shown = _records_in(listing, bench.call(listing.operation.name, _listing_arguments(bench, listing, record)))
    return any(one.get(key) == record.get(key) for one in shown)


def _listing_arguments(bench: Bench, listing: Plan, record: JsonObject) -> JsonObject:
    """Arguments of a list that a record matches, with as long a page as is allowed."""
    arguments = {**bench.arguments(listing, record), **_matching(listing, record)}
    for use in listing.uses:
        if use.role == "limit" and plain_type(use.parameter.schema) in ("integer", "number"):
            arguments[use.parameter.name] = use.parameter.schema.get("maximum") or 1000
    return arguments


def _matching(listing: Plan, record: JsonObject) -> JsonObject:
    """Values of the required filters of a list that a record matches."""
    found: JsonObject = {}
    for use in listing.uses:
        value = _value_at(record, use.path) if use.path is not None else None
        if use.parameter.required and value is not None:
            found[use.parameter.name] = as_asked(value, use.parameter)
        elif use.parameter.required and use.role == "query":
            texts = [one for name, one in record.items() if isinstance(one, str) and not name.startswith("_")]
            found[use.parameter.name] = texts[0] if texts else ""
    return found


def _update_read(bench: Bench, update: Plan, reader: Plan) -> bool | None:
    rows = bench.records(update.collection)
    changeable = [
        (one, field)
        for one in update.operation.payload
        if (field := update.collection.field_of(one.original)) is not None
        and one.name != update.key
        and plain_type(one.schema) in ("string", "integer", "number", "boolean")
        and field not in (update.collection.key, *update.collection.shown_parents.values())
        and is_shown_by(reader, field)
    ]
    if not rows or not changeable:
        return None
    chosen, field = changeable[0]
    arguments = bench.arguments(update, rows[0])
    if chosen.name not in arguments or arguments[chosen.name] == rows[0].get(field):
        arguments[chosen.name] = argument(chosen, update.collection.entity, RecordStory(random.Random(77), 0))
    bench.call(update.operation.name, arguments)
    if reader.template == "get":
        found = _record_in(reader, bench.call(reader.operation.name, bench.arguments(reader, rows[0])))
        return found.get(field) == arguments[chosen.name]
    key = update.collection.key
    if key is None or not is_shown_by(reader, key):
        return None
    shown = _records_in(reader, bench.call(reader.operation.name, _listing_arguments(bench, reader, rows[0])))
    return any(one.get(key) == rows[0].get(key) and one.get(field) == arguments[chosen.name] for one in shown)


def _change_read(bench: Bench, change: Plan, reader: Plan) -> bool | None:
    """Whether a change of the first record that allows one is seen: what it returns is what the reader has then."""
    key = change.collection.key
    shared = [name for name in change.shown if name in reader.shown and name != key]
    if key is None or not shared or not is_shown_by(reader, key):
        return None
    for record in bench.records(change.collection)[:_MOST_TRIED]:
        bench.restore()
        try:
            told = _record_in(change, bench.call(change.operation.name, bench.arguments(change, record)))
        except RefusedError:
            continue
        if reader.template == "get":
            seen = _record_in(reader, bench.call(reader.operation.name, bench.arguments(reader, record)))
        else:
            arguments = _listing_arguments(bench, reader, record)
            shown = _records_in(reader, bench.call(reader.operation.name, arguments))
            same = [one for one in shown if one.get(key) == record.get(key)]
            seen = same[0] if same else dict[str, JsonValue]()
        if any(told.get(name) != record.get(name) for name in shared):
            return all(told.get(name) == seen.get(name) for name in shared)
    return None


def _delete_get(bench: Bench, delete: Plan, get: Plan) -> bool | None:
    rows = bench.records(delete.collection)
    if not rows:
        return None
    arguments = bench.arguments(get, rows[0])
    bench.call(get.operation.name, arguments)
    bench.call(delete.operation.name, bench.arguments(delete, rows[0]))
    try:
        bench.call(get.operation.name, arguments)
    except RefusedError as refusal:
        return str(refusal) == "not_found"
    return False


def _delete_list(bench: Bench, delete: Plan, listing: Plan) -> bool | None:
    rows = bench.records(delete.collection)
    if not rows or not _is_listed(bench, listing, rows[0]):
        return None
    bench.call(delete.operation.name, bench.arguments(delete, rows[0]))
    return not _is_listed(bench, listing, rows[0])


def _transition_read(bench: Bench, transition: Plan, get: Plan) -> bool | None:
    status = status_field(transition.collection)
    rows = bench.records(transition.collection)
    if status is None or not rows or not is_shown_by(get, status):
        return None
    for record in rows:
        try:
            bench.call(transition.operation.name, bench.arguments(transition, record))
        except RefusedError:
            continue
        after = _record_in(get, bench.call(get.operation.name, bench.arguments(get, record)))
        return after.get(status) != record.get(status)
    return None


def _list_get(bench: Bench, listing: Plan, get: Plan) -> bool | None:
    key = listing.collection.key
    rows = bench.records(listing.collection)
    if not rows or key is None or not is_shown_by(listing, key):
        return None
    shown = _records_in(listing, bench.call(listing.operation.name, _listing_arguments(bench, listing, rows[0])))
    if not shown:
        return False
    record = next(one for one in rows if one.get(key) == shown[0].get(key))
    found = _record_in(get, bench.call(get.operation.name, bench.arguments(get, record)))
    return all(found[name] == value for name, value in shown[0].items() if name in found)


def _set_get(bench: Bench, setting: Plan, get: Plan) -> bool | None:
    arguments = bench.arguments(setting)
    for one in setting.operation.parameters:
        arguments.setdefault(one.name, argument(one, setting.collection.entity, RecordStory(random.Random(77), 0)))
    bench.call(setting.operation.name, arguments)
    found = _record_in(get, bench.call(get.operation.name, bench.arguments(get)))
    return _has_given(setting, get, arguments, found)


def _filters(bench: Bench, plan: Plan) -> Iterator[tuple[Relation, str, bool]]:
    """Each filter on a field that is shown: what it leaves has the value, and it leaves what has it."""
    for use in plan.uses:
        if use.role != "equal" or use.path is None or not is_shown_by(plan, use.path.split(".")[0]):
            continue
        bench.restore()
        rows = bench.records(plan.collection)
        record = next((one for one in rows if isinstance(_value_at(one, use.path), str | int | float)), None)
        if record is None:
            continue
        wanted = _value_at(record, use.path)
        arguments = _listing_arguments(bench, plan, record)
        asked: JsonValue = as_asked(wanted, use.parameter)
        arguments[use.parameter.name] = [asked] if plain_type(use.parameter.schema) == "array" else asked
        try:
            shown = _records_in(plan, bench.call(plan.operation.name, arguments))
        except NotAskedError:
            continue
        except (RefusedError, SimulationError, InvalidOpsError) as problem:
            if not (plan.placement.is_in_state and isinstance(problem, RefusedError)):
                yield "filter", plan.operation.name, False
            continue
        yield (
            "filter",
            plan.operation.name,
            bool(shown) and all(str(_value_at(one, use.path)).lower() == str(wanted).lower() for one in shown),
        )


def _value_at(record: JsonObject, path: str) -> JsonValue:
    value: JsonValue = record
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _record_in(plan: Plan, result: JsonValue) -> JsonObject:
    inner = _unwrapped(plan, result)
    inner = inner[0] if isinstance(inner, list) and inner else inner
    return inner if isinstance(inner, dict) else {}


def _records_in(plan: Plan, result: JsonValue) -> list[JsonObject]:
    inner = _unwrapped(plan, result)
    return [one for one in inner if isinstance(one, dict)] if isinstance(inner, list) else []


def _unwrapped(plan: Plan, result: JsonValue) -> JsonValue:
    for name in plan.reading.wrapper:
        result = result.get(name) if isinstance(result, dict) else None
    return result


_CHECKS = {
    "create": {"get": ("create, then get", _create_get), "list": ("create, then list", _create_list)},
    "update": {"get": ("update, then get", _update_read), "list": ("update, then list", _update_read)},
    "change": {"get": ("change, then get", _change_read), "list": ("change, then list", _change_read)},
    "delete": {"get": ("delete, then get", _delete_get), "list": ("delete, then list", _delete_list)},
    "transition": {"get": ("action, then get", _transition_read)},
    "list": {"get": ("list, then get", _list_get)},
    "single_set": {"single_get": ("set, then get", _set_get)},
}
"""For each template the readers that it is held together with, the name of the property, and its check."""
