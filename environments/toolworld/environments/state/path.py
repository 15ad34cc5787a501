"""Dotted paths into a record: `address.zip`, `items.*.product_id`. A `*` stands for every element or value."""

from collections.abc import Iterator

from toolworld.ground import JsonValue


def values_at(record: JsonValue, path: str) -> Iterator[JsonValue]:
    """Give every value that a path reaches in a record; nothing where it leads nowhere."""
    yield from _walk(record, path.split("."))


def _walk(value: JsonValue, parts: list[str]) -> Iterator[JsonValue]:
    if not parts:
        yield value
        return
    head, rest = parts[0], parts[1:]
    if head == "*":
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for element in inner:
            yield from _walk(element, rest)
    elif isinstance(value, dict) and head in value:
        yield from _walk(value[head], rest)
