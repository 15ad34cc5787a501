"""JSON in two forms: `encode` keeps order and number types, `canonical` writes equal values as equal bytes."""

import hashlib
import json
import math
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import cast

import orjson
from pydantic import JsonValue

from toolworld.ground.errors import EncodingError

JsonObject = dict[str, JsonValue]
"""A JSON object."""


MAX_DEPTH = 100
"""Maximum nesting depth of an encoded value, so that any JSON parser can read it."""


_MAY_HOLD_FLOAT = re.compile(rb"[0-9][.eE]|null")
"""Found in the JSON of every float, and of some texts; NaN is written as null."""


def encode(value: object) -> bytes:
    """Write a value as compact UTF-8 JSON, object keys in the order given.

    Raises:
        EncodingError: the value has no JSON form that all parsers read alike (NaN, a lone surrogate, a 65-bit integer),
            or is nested deeper than `MAX_DEPTH`.
    """
    try:
        data = orjson.dumps(value)
        if b"null" in data and orjson.loads(data) != value:  # orjson writes NaN and infinities as null
            _require_finite(value)
        # The count of brackets bounds the depth, and spares most values the walk.
        if data.count(b"[") + data.count(b"{") > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
            raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
        return data
    except (TypeError, ValueError, RecursionError) as error:
        raise EncodingError(f"this value cannot be written as JSON: {error}") from None


def encode_joined(value: object) -> bytes:
    """Write a value whose parts are JSON already (`orjson.Fragment`).

    Not checked are the parts, NaN (written as null) and the depth.

    Raises:
        EncodingError: something between the parts has no JSON form.
    """
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise EncodingError(f"this value cannot be written as JSON: {error}") from None


def _deeper_than(value: object, levels: int) -> bool:
    # Level by level, not recursively: the value may be nested deeper than the interpreter's stack allows.
    level: list[object] = [value]
    for _ in range(levels + 1):
        inner: list[object] = []
        for element in level:
            if isinstance(element, dict):
                inner += cast("dict[object, object]", element).values()
            elif isinstance(element, list | tuple):
                inner += cast("list[object]", element)
        if not inner:
            return False
        level = inner
    return True


def decode(data: bytes | str) -> JsonValue:
    """Parse JSON strictly: one value, no NaN, no infinities.

    Raises:
        EncodingError: the text is not JSON; the message has line and column.
    """
    try:
        return cast(JsonValue, orjson.loads(data))
    except orjson.JSONDecodeError as error:
        raise EncodingError(f"not JSON: {error}") from None


def refuse_repeated_keys(text: str | bytes) -> None:
    """Refuse JSON in which an object has a key twice: one reader takes the first value, another the last.

    Raises:
        EncodingError: there is such an object. Whatever else is wrong with the text, its parser says.
    """
    with suppress(ValueError, RecursionError):
        json.loads(text, object_pairs_hook=_unique, parse_int=len, parse_float=len)


def _unique(pairs: list[tuple[str, object]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for number, key in enumerate(keys) if key in keys[:number])
        raise EncodingError(f"the key {twice[:80]!r} stands twice in an object")


def canonical(value: object) -> bytes:
    """Encode a value so that equal JSON values have equal bytes: keys sorted, and 2.0 written as 2 (as in RFC 8785).

    Raises:
        EncodingError: the value has no JSON form.
    """
    try:
        with suppress(TypeError):  # of what only its normalized form can hold, such as named tuples
            data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
            if _MAY_HOLD_FLOAT.search(data) is None:  # as most values: then there is nothing to normalize
                return data
        return orjson.dumps(_normalized(value), option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError, RecursionError) as error:
        raise EncodingError(f"this value cannot be written as JSON: {error}") from None


def leaves(value: JsonValue) -> Iterator[JsonValue]:
    """Iterate over the strings, numbers and booleans in a JSON value, at any depth; nulls are skipped."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif value is not None:
        yield value


def digest(value: object) -> str:
    """The SHA-256 of the canonical form of a value, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def exact_digest(value: object) -> str:
    """The SHA-256 of the encoded value, in hexadecimal. Faster than `digest`, but it depends on the order of keys."""
    return hashlib.sha256(encode(value)).hexdigest()


def same(one: object, other: object) -> bool:
    """Whether two values are equal as JSON: 2 equals 2.0, but 1 does not equal true."""
    # A shortcut for scalars. Types are compared first, because to Python 1 == True.
    if type(one) is type(other) and isinstance(one, str | int | None):
        return one == other
    return canonical(one) == canonical(other)


def _require_finite(value: object) -> None:
    """Reject NaN and infinities, which orjson would silently write as null."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a JSON number")
    elif isinstance(value, dict):
        for inner in cast("dict[object, object]", value).values():
            _require_finite(inner)
    elif isinstance(value, list | tuple):
        for inner in cast("list[object]", value):
            _require_finite(inner)


def _normalized(value: object) -> object:
    """The value with whole floats as integers, below 2**53: a larger float may stand for several integers."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a JSON number")
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, dict):
        fields = cast("dict[object, object]", value)
        return {key: _normalized(inner) for key, inner in fields.items()}
    if isinstance(value, list | tuple):
        elements = cast("list[object]", value)
        return [_normalized(inner) for inner in elements]
    return value  # pyright: ignore[reportUnknownVariableType] - narrowed from object
