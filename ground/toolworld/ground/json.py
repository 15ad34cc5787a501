"""JSON in two forms: `encode` keeps what it is given, `canonical` gives equal values equal bytes."""

import hashlib
import math
from collections.abc import Iterator
from typing import cast

import orjson
from pydantic import JsonValue

from toolworld.ground.errors import EncodingError

JsonObject = dict[str, JsonValue]
"""A JSON object."""


DEEPEST = 100
"""How deep a value may be nested: what is written down must be readable by every JSON reader."""


def encode(value: object) -> bytes:
    """Write a value as compact UTF-8 JSON, object keys in the order given.

    Raises:
        EncodingError: the value has no JSON form that every reader agrees on.
    """
    try:
        data = orjson.dumps(value)
        if b"null" in data and orjson.loads(data) != value:  # orjson writes NaN and infinities as null
            _require_finite(value)
        if data.count(b"[") + data.count(b"{") > DEEPEST and _deeper_than(value, DEEPEST):
            raise ValueError(f"it is nested more than {DEEPEST} levels deep")
        return data
    except (TypeError, ValueError, RecursionError) as error:
        raise EncodingError(f"this value cannot be written as JSON: {error}") from None


def _deeper_than(value: object, levels: int) -> bool:
    level: list[object] = [value]
    for _ in range(levels + 1):
        inner: list[object] = []
        for one in level:
            if isinstance(one, dict):
                inner += cast("dict[object, object]", one).values()
            elif isinstance(one, list | tuple):
                inner += cast("list[object]", one)
        if not inner:
            return False
        level = inner
    return True


def decode(data: bytes | str) -> JsonValue:
    """Read JSON strictly: one value, no NaN, no infinities.

    Raises:
        EncodingError: the text is not JSON; the message has line and column.
    """
    try:
        return cast(JsonValue, orjson.loads(data))
    except orjson.JSONDecodeError as error:
        raise EncodingError(f"not JSON: {error}") from None


def canonical(value: object) -> bytes:
    """Write a value so that equal JSON values give equal bytes: sorted keys, and 2.0 as 2 (as RFC 8785 does)."""
    try:
        return orjson.dumps(_normal(value), option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError, RecursionError) as error:
        raise EncodingError(f"this value cannot be written as JSON: {error}") from None


def leaves(value: JsonValue) -> Iterator[JsonValue]:
    """Iterate over the strings, numbers and booleans at the ends of a JSON value."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif value is not None:
        yield value


def digest(value: object) -> str:
    """Give the SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def exact_digest(value: object) -> str:
    """Give the SHA-256 of the JSON as it is written, in hexadecimal: quicker, and other for another order of keys."""
    return hashlib.sha256(encode(value)).hexdigest()


def same(one: object, other: object) -> bool:
    """Tell whether two values are equal as JSON: 2 equals 2.0, but 1 is not true."""
    if type(one) is type(other) and isinstance(one, str | int | None):
        return one == other
    return canonical(one) == canonical(other)


def _require_finite(value: object) -> None:
    """Refuse NaN and infinities, which orjson would silently write as null."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a JSON number")
    elif isinstance(value, dict):
        for inner in cast("dict[object, object]", value).values():
            _require_finite(inner)
    elif isinstance(value, list | tuple):
        for inner in cast("list[object]", value):
            _require_finite(inner)


def _normal(value: object) -> object:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a JSON number")
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, dict):
        fields = cast("dict[object, object]", value)
        return {key: _normal(inner) for key, inner in fields.items()}
    if isinstance(value, list | tuple):
        elements = cast("list[object]", value)
        return [_normal(inner) for inner in elements]
    return value  # pyright: ignore[reportUnknownVariableType] - narrowed from object
