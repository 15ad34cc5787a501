"""Dotted paths into a record: `address.zip`, `items.*.product_id`. A `*` matches every element or value."""

from collections.abc import Iterator

from toolworld.ground import JsonValue, canonical


def values_at(record: JsonValue, path: str) -> Iterator[JsonValue]:
    """Yield every value that a path reaches in a record; none if the path does not exist there."""
    if "." not in path and path != "*":
        if isinstance(record, dict) and path in record:
            yield record[path]
        return
    yield from _walk(record, path.split("."))


def folded(value: JsonValue, fold: bool) -> bytes | str:
    """A value as a hashable key for comparison; with `fold`, upper and lower case of texts do not count.

    Texts stay `str` and all other values become `bytes`, so a text never equals a value of another type.
    """
    if isinstance(value, str):
        return value.casefold() if fold else value
    return canonical(value)


def folded_values(record: JsonValue, path: str, fold: bool) -> dict[bytes | str, None]:
    """The values at a path as keys for comparison; a `*` can reach the same value several times."""
    return dict.fromkeys(folded(value, fold) for value in values_at(record, path))


def has_value(record: dict[str, JsonValue], path: str, target: bytes | str, fold: bool) -> bool:
    """Whether a record has a value at a path that folds to `target`."""
    if "." not in path and path != "*":
        return path in record and folded(record[path], fold) == target
    return any(folded(value, fold) == target for value in values_at(record, path))


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
