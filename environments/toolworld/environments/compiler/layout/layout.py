"""The layout of a toolset: its collections, merged by path, schema and entity, and where each operation works."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from toolworld.environments.compiler.layout.collection import Collection, parent_field
from toolworld.environments.compiler.layout.missing import says_missing
from toolworld.environments.compiler.layout.placement import Placement, Signature, placement_of
from toolworld.environments.compiler.layout.state_parts import StatePart, learn, parts_of, references_in
from toolworld.environments.compiler.layout.state_placement import placement_in, with_key_names
from toolworld.environments.compiler.layout.statuses import ENDINGS, STATUS_NAMES, past_of, status_among
from toolworld.environments.compiler.layout.value_places import ValuePlace, value_places
from toolworld.environments.normaliser.key import CODES, IDENTIFIERS
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Reading, Toolset
from toolworld.environments.normaliser.shape import properties_of
from toolworld.environments.normaliser.vocabulary import CREDENTIALS
from toolworld.environments.normaliser.words import (
    compact,
    first_word,
    identifier,
    is_plural,
    last_word,
    singular,
    singulars,
    word_set,
    words,
)
from toolworld.environments.spec.tool import DocumentedError
from toolworld.ground import JsonSchema

_RECORD_KINDS = frozenset({"get", "list", "search", "create", "update"})
_GENERIC_TITLES = word_set("data error item list object response result")


@dataclass(frozen=True, slots=True)
class Layout:
    """All collections of a toolset, and where each operation works."""

    collections: dict[str, Collection]
    placements: dict[str, Placement]
    names: dict[Signature, str]
    """The collection of each signature."""
    values: tuple[ValuePlace, ...] = ()
    """Where the single values of state documents stand."""
    makes: Mapping[str, bool] = field(default_factory=dict[str, bool])
    """Whether each operation makes records."""
    has_login: bool = False
    """Whether a tool opens a session."""

    def of(self, operation: str) -> Collection:
        """The collection that an operation works on."""
        return self.collections[self.names[self.placements[operation].signature]]


def lay_out(toolset: Toolset, readings: Mapping[str, Reading]) -> Layout:
    """Find the collections of a toolset."""
    parts = parts_of(toolset.states)
    named = [one for one in toolset.operations if one.method is None]
    first = {one.name: placement_in(one, readings[one.name], parts) for one in named}
    parts = with_key_names(parts, named, first)
    placements = {
        one.name: (placement_in(one, readings[one.name], parts) if one.method is None else None)
        or placement_of(one, readings[one.name])
        for one in toolset.operations
    }
    layout = _laid_out(toolset, readings, placements, parts)
    moved = _moved_to_parents(toolset, readings, layout)
    return _laid_out(toolset, readings, placements | moved, parts) if moved else layout


def _moved_to_parents(toolset: Toolset, readings: Mapping[str, Reading], layout: Layout) -> dict[str, Placement]:
    """Operations on a field of a record as on a thing of its own: `PUT /orders/{id}/status` changes the order."""
    by_signature: dict[Signature, list[Operation]] = {}
    for one in toolset.operations:
        by_signature.setdefault(layout.placements[one.name].signature, []).append(one)
    found: dict[str, Placement] = {}
    for signature, operations in by_signature.items():
        parent = layout.names.get(signature[:-1])
        if parent is not None and all(
            _is_about_field(one, readings[one.name], layout.placements[one.name], layout.collections[parent])
            for one in operations
        ):
            for one in operations:
                *before, (key, _) = layout.placements[one.name].parents
                found[one.name] = Placement(signature[:-1], key, tuple(before))
    return found


def _is_about_field(operation: Operation, reading: Reading, placement: Placement, parent: Collection) -> bool:
    """Whether an operation reads or changes no more than fields of the record that it is below."""
    is_below = (
        placement.key is None and bool(placement.parents) and parent.field_of(placement.signature[-1]) is not None
    )
    told = [one.original for one in operation.payload] if reading.kind == "update" else []
    names = [*told, *properties_of(reading.record)]
    return (
        is_below
        and reading.kind in ("get", "update")
        and reading.shape in ("record", "none")
        and bool(names)
        and all(parent.field_of(name) is not None for name in names)
    )


def _laid_out(
    toolset: Toolset,
    readings: Mapping[str, Reading],
    placements: dict[str, Placement],
    parts: Sequence[StatePart],
) -> Layout:
    names: dict[Signature, str] = {}
    collections: dict[str, Collection] = {}
    for part in parts:
        names[part.signature] = _free_part_name(part.name, {*names.values()})
    for part in parts:
        name = names[part.signature]
        collections[name] = Collection(name, part.entity, is_in_state=True)
        learn(collections[name], part)
        held = references_in(part, parts)
        collections[name].references |= {field: names[one.signature] for field, one in held.items()}
    others = [one for one in toolset.operations if not placements[one.name].is_in_state]
    for group in _merged(others, readings, placements):
        entity = _entity(group, toolset.operations, readings, placements)
        name = _free_name(entity, group[0], {*collections, *(name for one in toolset.states for name in one)})
        names |= dict.fromkeys(group, name)
        collections[name] = Collection(name, entity)
    for one in toolset.operations:
        _add_result(collections[names[placements[one.name].signature]], one, readings[one.name])
    for one in toolset.operations:  # what is given is called as what is returned, where both are the same
        _add_given(collections[names[placements[one.name].signature]], one, readings[one.name], placements[one.name])
        _add_places(collections, names, one, placements[one.name])
    parents = {parent for one in collections.values() for parent in one.parents.values()}
    for name, collection in collections.items():
        own = {one: readings[one] for one in collection.operations}
        if not collection.is_in_state:
            _settle(collection, own, placements, is_parent=name in parents)
    for collection in collections.values():
        if collection.owner is None:
            collection.shown_parents |= _shown_parents(collection, collections)
    _name_missing(toolset, placements, names, collections)
    for one in toolset.operations:
        if placements[one.name].is_in_state:
            _add_ending(collections[names[placements[one.name].signature]], first_word(one.original))
    values = value_places(toolset.states, [one.name for one in parts])
    makes = {one.name: readings[one.name].kind == "create" for one in toolset.operations}
    has_login = any(one.kind == "session" for one in readings.values())
    return Layout(collections, placements, names, values, makes, has_login)


def _free_part_name(name: str, taken: Set[str]) -> str:
    """The name of a part of the state as an identifier, which no other part has."""
    plain = unique = identifier(name, "record")
    number = 1
    while unique in taken:
        number += 1
        unique = f"{plain}_{number}"
    return unique


def _add_ending(collection: Collection, verb: str) -> None:
    """Add the status that a tool ends a record with, where no record has it yet."""
    for status in STATUS_NAMES:
        values = collection.values.get(status, ())
        if verb in ENDINGS and values and status_among(verb, values) is None:
            collection.values[status] = (*values, past_of(verb))


def _name_missing(
    toolset: Toolset,
    placements: Mapping[str, Placement],
    names: Mapping[Signature, str],
    collections: Mapping[str, Collection],
) -> None:
    """Find the errors by which tools say that there is no such record: by their codes, or as the only one of a tool."""
    found: dict[str, Counter[DocumentedError]] = {}
    for one in toolset.operations:
        subjects = dict.fromkeys(names[part] for _, part in placements[one.name].subjects)
        errors = [error for error in one.errors if says_missing(error)]
        for name in subjects:
            own = {*singulars(name), *collections[name].entity.split("_"), *words(collections[name].key or "")} - {"id"}
            named = [error for error in errors if {*singulars(error.code)} & own]
            if not named and len(errors) == len(subjects) == 1:
                named = errors
            found.setdefault(name, Counter()).update(named[:1])
    for name, counts in found.items():
        collections[name].missing = counts.most_common(1)[0][0] if counts else None


def _merged(
    operations: Sequence[Operation], readings: Mapping[str, Reading], placements: Mapping[str, Placement]
) -> list[list[Signature]]:
    """Signatures in groups that are one collection: records of the same schema, under the same last name or entity."""
    titles: dict[Signature, Counter[str]] = {}
    for one in operations:
        place = placements[one.name].signature
        titles.setdefault(place, Counter())
        title = readings[one.name].record.get("title")
        if isinstance(title, str) and compact(title) not in _GENERIC_TITLES:
            titles[place][compact(title)] += 1
    named = {place: max(sorted(found), key=lambda one: found[one], default="") for place, found in titles.items()}
    whole = {"_".join(singulars(place[-1])): place for place in sorted(titles) if len(place) == 1}
    groups: dict[tuple[str, ...], list[Signature]] = {}
    for place in sorted(titles):
        last = "_".join(singulars(place[-1]))
        top = whole.get(last, place)
        if named[place] and named[place] != named[top]:
            group = ("title", named[place], last)
        else:  # below something else, and without a schema of its own: the same as what stands at the top
            group = ("title", named[top], last) if named[top] else ("path", *top)
        groups.setdefault(group, []).append(place)
    return [sorted(group, key=lambda one: (len(one), one)) for group in groups.values()]


def _entity(
    group: Sequence[Signature],
    operations: Sequence[Operation],
    readings: Mapping[str, Reading],
    placements: Mapping[str, Placement],
) -> str:
    found = Counter(
        readings[one.name].entity
        for one in operations
        if placements[one.name].signature in group and readings[one.name].entity
    )
    last = words(group[0][-1]) or ("record",)
    named = "_".join([*last[:-1], singular(last[-1])])
    return named if named in found or not found else max(sorted(found), key=lambda one: found[one])


def _free_name(entity: str, signature: Signature, taken: Set[str]) -> str:
    """A name that no other collection has: `orders`, or `customer_orders` where there are several."""
    *before, last = (identifier(entity, "record")).split("_")
    name = "_".join([*before, last if is_plural(last) else _plural(last)])
    for parent in reversed(signature[:-1]):
        if name not in taken:
            break
        name = f"{identifier(singular(parent), 'record')}_{name}"
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    return unique


def _plural(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"


def _add_result(collection: Collection, operation: Operation, reading: Reading) -> None:
    """Add the fields that an operation returns."""
    collection.operations.append(operation.name)
    if collection.is_in_state and reading.effect == "write":
        _add_status(collection, reading.record)
    if not collection.is_in_state and reading.kind in _RECORD_KINDS:
        for name, schema in properties_of(reading.record).items():
            _add_field(collection, name, schema)


def _add_status(collection: Collection, record: JsonSchema) -> None:
    """Add the statuses that a result of such records lists, in its order, which begins where records begin."""
    described = properties_of(record)
    for name in (one for one in STATUS_NAMES if one in described and collection.key in described):
        listed = described[name].get("enum")
        statuses = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
        if statuses and (name in collection.values or name not in collection.fields):
            collection.fields.setdefault(name, described[name])
            collection.values[name] = tuple(dict.fromkeys([*statuses, *collection.values.get(name, ())]))


def _add_given(collection: Collection, operation: Operation, reading: Reading, placement: Placement) -> None:
    """Add the fields that an operation is given to write."""
    if placement.makes if placement.is_in_state else reading.kind in ("create", "update"):
        for one in operation.payload:
            if one.name != placement.key and compact(one.name) not in CREDENTIALS:
                _add_field(collection, collection.field_of(one.original) or one.original, one.schema)


def _add_places(
    collections: Mapping[str, Collection], names: Mapping[Signature, str], operation: Operation, placement: Placement
) -> None:
    """Add what an operation is below, and the schemas of the keys that it takes."""
    own = names[placement.signature]
    if placement.key is not None and (key := operation.parameter(placement.key)) is not None:
        collections[own].key_schemas.append(key.schema)
    for parameter, signature in placement.parents:
        if signature in names and names[signature] != own:
            collections[own].parents.setdefault(parent_field(parameter), names[signature])
            if (key := operation.parameter(parameter)) is not None:
                collections[names[signature]].key_schemas.append(key.schema)


def _add_field(collection: Collection, name: str, schema: JsonSchema) -> None:
    if not name or name.startswith("_"):
        return
    known = collection.fields.get(name)
    if known is None:
        collection.fields[name] = schema
    elif plain_type(known) != plain_type(schema):
        kept = {key: value for key, value in known.items() if key not in ("type", "properties", "items", "enum")}
        one_typed = known if plain_type(known) else schema
        collection.fields[name] = kept if plain_type(known) and plain_type(schema) else one_typed
    elif len(schema) > len(known):
        collection.fields[name] = schema


def _settle(
    collection: Collection, readings: Mapping[str, Reading], placements: Mapping[str, Placement], *, is_parent: bool
) -> None:
    """Decide the key, and whether there is only one; of what others are below, there are many."""
    keys = Counter(key for one in readings if (key := placements[one].key) is not None)
    most = max(sorted(keys), key=lambda one: keys[one], default=None)
    collection.key = _key_field(collection, most)
    has_many = any(
        one.kind in ("list", "search", "create") or one.shape in ("list", "wrapped_list") for one in readings.values()
    )
    if most is None and not has_many and not is_parent:
        shared = [{parent_field(parameter) for parameter, _ in placements[one].parents} for one in readings]
        owners = [one for one in collection.parents if all(one in fields for fields in shared)]
        collection.owner = owners[-1] if owners else None
        collection.is_single = collection.owner is None
        collection.key = collection.key if collection.is_single else None


def _shown_parents(collection: Collection, collections: Mapping[str, Collection]) -> dict[str, str]:
    """The fields of records that say below which other record they are."""
    found: dict[str, str] = {}
    for hidden, parent in collection.parents.items():
        entity = collections[parent].entity
        named = hidden.removeprefix("_in_")
        wanted = {compact(named), *(f"{compact(one)}id" for one in (entity, entity.split("_")[-1]))}
        for name, schema in collection.fields.items():
            is_plain = plain_type(schema) in ("string", "integer") and "enum" not in schema
            holds = plain_type(schema) == "string" or collections[parent].has_digits
            if compact(name) in wanted - {"id"} and name != collection.key and is_plain and holds:
                found.setdefault(hidden, name)
    return found


def _key_field(collection: Collection, parameter: str | None) -> str | None:
    """The field that holds what a key parameter asks for: of its name, or the entity's id, or any id."""
    entity = compact(collection.entity)
    by_name = {compact(name): name for name in collection.fields}
    wanted = [compact(parameter)] if parameter else []
    endings = ("id", "uuid", "key", "code", "number")
    wanted += [f"{entity}id", "id", "uuid", f"{entity}uuid", f"{entity}key", "key", "guid", "slug", f"{entity}code"]
    wanted += ["code", "sid", "number", "name", "username"]
    last = last_word(parameter or "")
    found = [by_name[one] for one in wanted if one in by_name and _may_be_key(collection.fields[by_name[one]])]
    if found and found[0] == "name" and parameter and last not in ("name", singular(collection.entity.split("_")[-1])):
        found = found[1:]
    if not found and last in (*endings, *IDENTIFIERS, *CODES):
        found = [name for name, one in collection.fields.items() if words(name)[-1:] == (last,) and _may_be_key(one)]
    return found[0] if found else None


def _may_be_key(schema: JsonSchema) -> bool:
    return plain_type(schema) in ("string", "integer") and "enum" not in schema
