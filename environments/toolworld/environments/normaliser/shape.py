"""What a tool returns: a list or a record, at the root or under one name, with paging beside it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Shape
from toolworld.environments.normaliser.words import compact, is_plural, last_word, singulars, word_set, words
from toolworld.ground import JsonSchema, JsonValue

_BESIDE = word_set(
    """code count currentpage cursor error errors etag firstpageurl hasmore kind lastpage lastpageurl limit links
    message meta next nextlink nextpage nextpagetoken nextpageurl nexttoken object offset odatanextlink page
    pagecount pages pagesize pagination paging path perpage prev previous prevpageurl selflink size status success
    total totalcount totalitems totalpages totalresults url warnings"""
)
"""Names that stand beside a list or a record and are no part of it, without marks."""


_WRAPPERS = word_set("data payload response result results")
"""Names of objects that stand around what is returned."""
_MOST_BESIDE = 6
"""How many fields stand beside the list that a result is about; with more of them it is a record that has a list."""
_RECORDS = ("object", None)
"""The types that elements of lists of records have."""
_LISTS = word_set(
    """docs resources result response collection content data entries hits items list members objects records results
    rows value values"""
)
"""Names under which lists stand, whatever they are of."""


class ReturnShape(NamedTuple):
    """The shape of a result."""

    shape: Shape
    record: JsonSchema
    wrapper: tuple[str, ...] = ()
    """The names under which the record or the records stand, from the outside in."""


def properties_of(schema: JsonValue) -> dict[str, JsonSchema]:
    """The properties of a schema, each with its own schema."""
    inner = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(inner, dict):
        return {}
    return {name: shape if isinstance(shape, dict) else {} for name, shape in inner.items()}


def items_of(schema: JsonValue) -> JsonSchema:
    """The schema of the elements of a list; empty where none is given."""
    inner = schema.get("items") if isinstance(schema, dict) else None
    return inner if isinstance(inner, dict) else {}


def shape_of(response: JsonSchema, about: frozenset[str] = frozenset()) -> ReturnShape:
    """Find the record in a response: what stands around and beside it is peeled off.

    Args:
        response: The schema of the result.
        about: Words of the operation, singular: a list under one of them is what it returns.
    """
    if plain_type(response) == "array":
        return ReturnShape("list", items_of(response))
    named = properties_of(response)
    if not named:
        return ReturnShape("none", {})
    rest = [name for name in named if compact(name) not in _BESIDE]
    listed = _list_among(named, rest, about)
    if listed is not None:
        return ReturnShape("wrapped_list", items_of(named[listed]), (listed,))
    records = [name for name in rest if properties_of(named[name])]
    if len(records) == 1 and (len(rest) == 1 or compact(records[0]) in _WRAPPERS):
        inner = shape_of(named[records[0]], about)
        shape: Shape = "wrapped_list" if inner.shape in ("list", "wrapped_list") else "wrapped_record"
        return ReturnShape(shape, inner.record, (records[0], *inner.wrapper))
    return ReturnShape("record", response)


def _list_among(named: Mapping[str, JsonSchema], rest: Sequence[str], about: frozenset[str]) -> str | None:
    """The list that a response is about, if it is about one."""
    lists = [
        name for name in rest if plain_type(named[name]) == "array" and plain_type(items_of(named[name])) in _RECORDS
    ]
    is_record = len(rest) > _MOST_BESIDE or any(words(one)[-1:] == ("id",) for one in rest)
    for name in [] if is_record else lists:
        is_named = bool(set(singulars(name)) & about) and is_plural(last_word(name))
        if compact(name) in _LISTS or is_named:
            return name
    full = [name for name in lists if properties_of(items_of(named[name]))]
    return full[0] if len(full) == 1 and not is_record and (len(rest) <= 2 or len(named) <= 4) else None
