"""The things that results show: objects with fields, and what they are called."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from toolworld.ground import JsonValue
from toolworld.rollout.facts.relations import container_names, label_of, singular

MAX_ITEMS = 60
"""How many things of a result are looked at."""
_NAMED_IN = (
    re.compile(r"\bFROM\s+\"?(\w+)", re.IGNORECASE),
    re.compile(r"(?<![\w-])([\w-]{1,64})\.(?:csv|tsv|jsonl?)\b"),
)
"""Where the arguments of a call say what it reads: a table of a query, a file."""
_NAMING = ("table", "file", "collection")
"""Fields that say what the things beside them are: rows of the table of this name."""
_LIMIT = re.compile(r"\bLIMIT\s+\d", re.IGNORECASE)
KEYS, KEY_ENDINGS = ("id", "key", "code"), ("_id", "_code", "_number", "_key")
"""Names of keys, and their endings."""
_SAMPLES = ("sample", "examples", "preview")
"""Names of lists that show some rows of many."""
_KEY = re.compile(r"[\w.-]{1,64}")
_FLAT = ("facts", "attributes", "fields", "properties", "details")
"""Objects inside a thing that are fields of it."""


class Item(NamedTuple):
    """A thing with fields."""

    noun: str
    """What it is, in the singular: `order`; empty where nobody says."""
    fields: Mapping[str, JsonValue]
    """Texts and numbers, by name."""
    group: tuple[str, ...]
    """Where in the result it stands, without numbers: things of one list have the same."""
    is_one_of_more: bool = False
    """Whether the list that it stands in is only a part, so that others may have what it has."""


def items_in(result: JsonValue, arguments: Mapping[str, JsonValue]) -> list[Item]:
    """The things of a result.

    Args:
        result: The result.
        arguments: Of the call, which may say what it reads.
    """
    named = _named_in(arguments)
    # A list that was asked for by a key says of each thing in it that it belongs to that key.
    asked = {name: value for name, value in arguments.items() if is_key(name) and _KEY.fullmatch(str(value))}
    found: list[Item] = []
    is_limited = any(isinstance(value, str) and _LIMIT.search(value) for value in arguments.values())
    for path, fields, is_part in _objects(result, (), is_limited):
        if len(found) == MAX_ITEMS:
            break
        container = next((part for part in reversed(path) if part not in container_names()), None)
        noun = label_of(singular(container)) if container else named or _first_key(fields)
        found.append(
            Item(noun, {**fields, **{name: asked[name] for name in asked if name not in fields}}, path, is_part)
        )
    return found


def _first_key(fields: Mapping[str, JsonValue]) -> str:
    """What a thing is whose first field is its key: a `patron_id` makes it a patron."""
    name = next(iter(fields), "")
    return label_of(name[: -len("_id")]) if name.endswith("_id") else ""


def _named_in(arguments: Mapping[str, JsonValue]) -> str:
    for value in arguments.values():
        for pattern in _NAMED_IN:
            found = pattern.search(value) if isinstance(value, str) else None
            if found:
                return label_of(singular(found[1].casefold()))
    return ""


def _objects(
    value: JsonValue, path: tuple[str, ...], is_part: bool
) -> Iterator[tuple[tuple[str, ...], Mapping[str, JsonValue], bool]]:
    if isinstance(value, list):
        for one in value:
            yield from _objects(one, path, is_part)
    if not isinstance(value, dict):
        return
    fields = {name: one for name, one in value.items() if _is_plain(one)}
    for name in _FLAT:
        inner = value.get(name)
        if isinstance(inner, dict):
            fields |= {key: one for key, one in inner.items() if _is_plain(one)}
    if fields:
        yield path, fields, is_part
    named = next((value[name] for name in _NAMING if isinstance(value.get(name), str)), None)
    inside = path if named is None else (*path, str(named).partition(".")[0])
    for name, one in value.items():
        if name not in _FLAT:
            yield from _objects(one, (*inside, name), is_part or name in _SAMPLES or _is_cut(value, one))


def _is_cut(around: Mapping[str, JsonValue], value: JsonValue) -> bool:
    """Whether a list is only a part of what there is, as the object says that it stands in."""
    total = around.get("total", around.get("count"))
    is_short = isinstance(total, int) and isinstance(value, list) and len(value) < total
    return around.get("cut") is True or around.get("truncated") is True or around.get("has_more") is True or is_short


def _is_plain(value: JsonValue) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""


def is_key(name: str) -> bool:
    """Whether a field holds the key of a thing, by its name."""
    return name.casefold().endswith(KEY_ENDINGS) or name.casefold() in KEYS


def texts_in(items: Sequence[Item], names: Sequence[str] = ("text", "content", "body")) -> Iterator[tuple[str, str]]:
    """The longer texts of things, each with the thing's title."""
    for item in items:
        title = str(next((item.fields[name] for name in ("title", "name") if name in item.fields), ""))
        for name in names:
            if isinstance(item.fields.get(name), str):
                yield title, str(item.fields[name])
