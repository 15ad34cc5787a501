"""The parts of state documents that hold records, and the parameters that hold their keys."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from toolworld.environments.compiler.layout.collection import Collection
from toolworld.environments.compiler.layout.placement import Signature
from toolworld.environments.normaliser.key import IDENTIFIERS
from toolworld.environments.normaliser.mend import fits, mended, plain_type, schema_of
from toolworld.environments.normaliser.operation import Parameter
from toolworld.environments.normaliser.words import compact, singulars, word_set, words
from toolworld.ground import JsonObject, JsonValue

_HOLDERS = word_set("book collection count counter data history inbox info list map queue record table")
"""Words of names that say how things are held, and not what they are."""
VAGUE = word_set("code id key name number type")
"""Names of key fields that say nothing of what they identify."""
_MAX_KEYS = 5_000
"""How many keys of a part are remembered."""
_EXAMPLE = re.compile(r"(?:such as|e\.g\.,?|for example,?|like)\s+[\"'`]?([\w-]+)")
_LEAST_LETTERS = 3
_MAX_SAMPLES = 200
_MOST_VALUES = 12
"""How many values a field may have that are taken for a closed list."""
_VALUE = re.compile(r"[A-Za-z][\w -]{0,30}")


@dataclass(frozen=True, slots=True)
class StatePart:
    """A part of a state that holds records."""

    name: str
    entity: str
    """What each record is: the words of the name, singular."""
    key: str | None
    """The field that holds a record's key, where one does."""
    fields: tuple[str, ...]
    filled: frozenset[str]
    """The fields that every record has a value in."""
    keys: frozenset[str]
    key_names: frozenset[str] = frozenset()
    """What parameters are called that hold its keys, without marks, where that says nothing by itself."""
    rows: Sequence[tuple[str | None, JsonObject]] = ()
    """The records, each with its key where the part is an object."""

    @property
    def signature(self) -> Signature:
        """What identifies its collection."""
        return (self.name,)


def parts_of(documents: Sequence[JsonObject]) -> tuple[StatePart, ...]:
    """The parts that hold records in most of the documents in which they hold anything."""
    found: list[StatePart] = []
    for name in dict.fromkeys(name for document in documents for name in document):
        samples = [document[name] for document in documents if name in document]
        filled = [one for one in samples if one]
        if sum(map(has_records, filled)) * 2 > len(filled) and all(isinstance(one, dict | list) for one in filled):
            found.append(_part(name, [row for one in samples for row in keyed_rows(one)]))
    return tuple(found)


def has_records(value: JsonValue) -> bool:
    """Whether a value is a list or an object of objects, of which a few may be something else."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return bool(inner) and sum(isinstance(one, dict) for one in inner) * 2 >= len(inner)


def keyed_rows(value: JsonValue) -> list[tuple[str | None, JsonObject]]:
    """The records of a part, each with its key where the part is an object."""
    if isinstance(value, dict):
        return [(key, one) for key, one in value.items() if isinstance(one, dict)]
    return [(None, one) for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _part(name: str, rows: Sequence[tuple[str | None, JsonObject]]) -> StatePart:
    rows = rows[:_MAX_KEYS]
    own = singulars(name)
    entity = "_".join([one for one in own if one not in _HOLDERS] or own) or "record"
    fields = tuple(dict.fromkeys(field for _, row in rows for field in row))
    repeating = [one for one in fields if all(str(row.get(one)) == key for key, row in rows)]
    named = [one for one in ("id", f"{entity}_id", f"{entity.split('_')[-1]}_id") if one in fields]
    key = next(iter([*sorted(repeating), *named]), None)
    keys = {outer if outer is not None else str(row.get(key or "")) for outer, row in rows}
    filled = frozenset(one for one in fields if all(row.get(one) not in (None, "") for _, row in rows))
    return StatePart(name, entity, key, fields, filled, frozenset(keys), rows=rows)


def learn(collection: Collection, part: StatePart) -> None:
    """Take up what the records of a part have: fields, their values, and the field that records are known by."""
    seen: dict[str, list[str]] = {}
    for name in part.fields:
        collection.samples[name] = tuple(row.get(name) for _, row in part.rows[:_MAX_SAMPLES])
    for _, row in part.rows:
        for name, value in row.items():
            schema = mended(schema_of(value), Counter())
            known = collection.fields.get(name)
            if value is None or (known is not None and not fits(value, plain_type(known))):
                collection.mixed.add(name)
            if known is None or not known:
                collection.fields[name] = schema
            if isinstance(value, str):
                seen.setdefault(name, []).append(value)
    collection.values |= {name: values for name, found in seen.items() if (values := _repeated(found))}
    collection.has_outer_keys = any(key is not None for key, _ in part.rows)
    is_sure = sum(part.key in row for _, row in part.rows) > len(part.rows) / 2
    collection.key = part.key if is_sure else None


def _repeated(found: Sequence[str]) -> tuple[str, ...]:
    """The values of a field that has few of them, in the order in which they come; nothing where it has many."""
    values = tuple(dict.fromkeys(found))
    is_closed = len(values) <= _MOST_VALUES and (len(values) < len(found) or len(found) <= 2)
    return values if is_closed and all(_VALUE.fullmatch(one) for one in values) else ()


def references_in(part: StatePart, parts: Sequence[StatePart]) -> dict[str, StatePart]:
    """The fields of a part that hold keys of another one: by their name, or because all that they hold are its keys."""
    found: dict[str, StatePart] = {}
    for field in sorted({*part.fields} - {part.key}):
        held = {value for _, row in part.rows if isinstance(value := row.get(field), str) and value}
        has_many = any(isinstance(row.get(field), list | dict) for _, row in part.rows)
        named = None if has_many else part_of_name(field, parts)
        holding = [one for one in parts if len(held) > 1 and held <= one.keys]
        target = named if named in holding or (named is not None and not held) else next(iter(holding), None)
        if target is not None:
            found[field] = target
    return found


def belongs_to(part: StatePart, other: StatePart) -> bool:
    """Whether each record of a part is one of another's: it names the other, or a list of the other names it."""
    if other in references_in(part, (part, other)).values():
        return True
    return any(_holds_keys([row.get(field) for _, row in other.rows[:_MAX_SAMPLES]], part) for field in other.fields)


def _holds_keys(values: Sequence[JsonValue], part: StatePart) -> bool:
    """Whether the lists among some values hold keys of a part."""
    held = [one for value in values if isinstance(value, list) for one in value]
    return sum(isinstance(one, str) and one in part.keys for one in held) * 2 > len(held)


def part_of_name(name: str, parts: Sequence[StatePart]) -> StatePart | None:
    """The part whose keys a field or parameter of that name holds."""
    own = words(name)
    named = next((one for one in parts if compact(name) in one.key_names), None)
    if named is not None:
        return named
    for part in parts:
        key = words(part.key or "")
        is_plain = "".join(key) in VAGUE or not key
        if not is_plain and own[-len(key) :] == key and (len(key) > 1 or own == key):
            return part
    if own[-1:] and own[-1] in IDENTIFIERS | {"key", "number", "code"} and len(own) > 1:
        wanted = "_".join(singulars(name)[:-1])
        exact = [one for one in parts if one.entity == wanted]
        ending = [one for one in parts if one.entity.split("_")[-1] == wanted or wanted.endswith(f"_{one.entity}")]
        return next(iter(exact or (ending if len(ending) == 1 else [])), None)
    return None


def part_of(parameter: Parameter, parts: Sequence[StatePart]) -> StatePart | None:
    """The part whose keys a parameter holds: by its name, by its closed list, or by the example that describes it."""
    if plain_type(parameter.schema) not in ("string", "integer", None):
        return None
    named = part_of_name(parameter.original, parts)
    if named is not None:
        return named
    listed = parameter.schema.get("enum")
    values = {str(one) for one in listed} if isinstance(listed, list) else set[str]()
    examples = {one for one in _EXAMPLE.findall(parameter.description) if len(one) >= _LEAST_LETTERS}
    for part in parts:
        if (len(values) > 1 and values <= part.keys) or (not values and examples & part.keys):
            return part
    return None
