"""Dotted paths into a record: `address.zip`, `items.*.product_id`. A `*` matches every element or value."""

from collections.abc import Iterator

from toolworld.ground import JsonValue


def values_at(record: JsonValue, path: str) -> Iterator[JsonValue]:
    """Yield every value that a path reaches in a record; none if the path does not exist there."""
    yield from _walk(record, path.split("."))


def _walk(value: JsonValue, parts: list[str]) -> Iterator[JsonValue]:
    if not parts:
        yield value
        return
    head, rest = parts[0], parts[1:]
    if head == "*":
        children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for child in children:
            yield from _walk(child, rest)
    elif isinstance(value, dict) and head in value:
        yield from _walk(value[head], rest)
