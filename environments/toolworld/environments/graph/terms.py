"""What a parameter asks for and what a field of a result offers: an attribute of an entity, such as the `id` of an
`order`."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from toolworld.environments.normaliser.key import CODES, IDENTIFIERS
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Parameter, Reading
from toolworld.environments.normaliser.path import segments
from toolworld.environments.normaliser.shape import items_of, properties_of
from toolworld.environments.normaliser.words import compact, is_plural, last_word, singular, singulars, word_set, words
from toolworld.ground import JsonSchema

ATTRIBUTES = IDENTIFIERS | CODES | word_set("email identifier name symbol ticker token username waybill")
"""The last words of names of what identifies something."""
_DEEPEST = 3
_WRAPPERS = word_set(
    """attributes collection content data document documents edges elements entries entry hits item items list node
    nodes object objects payload properties record records response result results row rows value values"""
)
"""Names of objects and lists that say nothing of what is in them."""
_SAID = re.compile(r"\b(?:id|identifier|uuid|symbol|name|code|key) (?:of|for) (?:the|a|an) ([a-z]+(?: [a-z]+)?)")
_NO_THING = word_set("that the to which whose you")


ANY = "any"
"""The attribute of a list of plain values: each of them is what tells one from another."""


class Term(NamedTuple):
    """An attribute of an entity; either may be unknown, and then empty."""

    entity: str
    attribute: str
    place: str = ""
    """The entity in whose path a parameter stands, where that is called otherwise."""


class Offer(NamedTuple):
    """A field of a result, and what it is."""

    operation: str
    path: str
    """Dotted; `[]` where it goes through a list."""
    name: str
    schema: JsonSchema
    term: Term


def wanted(operation: Operation, reading: Reading, parameter: Parameter) -> Term:
    """What a parameter asks for."""
    own = singulars(parameter.original)
    attribute = _attribute(own)
    entity = "_".join(own[:-1]) if attribute and len(own) > 1 else ""
    before = _segment_before(operation, parameter)
    entity = entity or before
    if not entity:
        said = _SAID.search(parameter.description.lower())
        thing = [singular(word) for word in said[1].split() if word not in _NO_THING] if said else []
        entity = "_".join(thing) or (reading.entity if attribute in IDENTIFIERS else "")
    if entity and not attribute and parameter.place == "path" and own:
        attribute = own[-1]
    return Term(entity, attribute, before if before != entity else "")


def _attribute(own: tuple[str, ...]) -> str:
    """What kind of identifier the last word of a name says; `id` for all that mean the same."""
    last = own[-1] if own else ""
    return "id" if last in IDENTIFIERS else last if last in ATTRIBUTES else ""


def _segment_before(operation: Operation, parameter: Parameter) -> str:
    """The thing whose key a parameter of the path is: `order` in `/orders/{id}`."""
    parts = segments(operation.path)
    for before, one in pairwise(parts):
        if one == (parameter.original, True) and not before.is_parameter:
            return "_".join(singulars(before.text))
    return ""


def collection_of(operation: Operation, parameter: Parameter | None = None) -> tuple[str, ...]:
    """The names in a path that say which collection it is: those before a parameter, or all."""
    named: list[str] = []
    for one in segments(operation.path):
        if parameter is not None and one == (parameter.original, True):
            break
        if not one.is_parameter:
            named.append(one.text.lower())
    return tuple(named)


def offers(operation: Operation, reading: Reading) -> Iterator[Offer]:
    """The fields of what an operation returns, each with what it is."""
    response = operation.response
    about = reading.entity
    if plain_type(response) == "array" and plain_type(items_of(response)) in ("string", "integer"):
        yield Offer(operation.name, "[]", about, items_of(response), Term(about, ANY))
    elif plain_type(response) == "array":
        yield from _fields(operation.name, items_of(response), "[]", about, 0)
    else:
        yield from _fields(operation.name, response, "", about, 0)


def _fields(operation: str, schema: JsonSchema, path: str, entity: str, depth: int) -> Iterator[Offer]:
    for name, shape in properties_of(schema).items():
        here = f"{path}.{name}" if path else name
        inner = items_of(shape) if plain_type(shape) == "array" else shape
        mark = "[]" if plain_type(shape) == "array" else ""
        if properties_of(inner) and depth < _DEEPEST:
            yield from _fields(operation, inner, f"{here}{mark}", _entity_inside(name, entity), depth + 1)
        elif plain_type(inner) in ("string", "integer", "number", None):
            own = singulars(name)
            attribute = _attribute(own) or (ANY if mark and is_plural(last_word(name)) else "")
            if attribute == ANY:
                thing = entity if compact(name) in _WRAPPERS else "_".join(own)
                yield Offer(operation, f"{here}{mark}", name, inner, Term(thing, ANY))
                continue
            of = "_".join(own[:-1]) if attribute and len(own) > 1 else entity
            yield Offer(operation, f"{here}{mark}", name, inner, Term(of, attribute))


def _entity_inside(name: str, around: str) -> str:
    """What an object or the elements of a list are: what it is called after, unless that says nothing."""
    own = words(name)
    if not own or compact(name) in _WRAPPERS or own[-1] in _WRAPPERS:
        return around
    return singular(own[-1]) if is_plural(own[-1]) else "_".join(map(singular, own[-2:]))
