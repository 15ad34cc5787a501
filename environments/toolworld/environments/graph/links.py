"""Typed links: which field of which result is what a parameter asks for, by entity, identifier and type.

The rules and their weights follow a measurement on labelled parameters (`tests/trials/links.py`). Each link names its
rule; a rule's confidence is its precision there.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from toolworld.environments.graph.terms import ANY, ATTRIBUTES, Offer, Term, collection_of, offers, wanted
from toolworld.environments.normaliser.key import IDENTIFIERS
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Parameter, Reading, Toolset
from toolworld.environments.normaliser.read import read_toolset
from toolworld.environments.normaliser.vocabulary import CREDENTIALS, QUERY_WORDS
from toolworld.environments.normaliser.words import compact, singulars, word_set, words
from toolworld.ground import Record

_VAGUE_NAMES = word_set(
    """code count date description fields format id lang language limit message name offset page size sort status
    success total type value version"""
)
"""Names that are the same in many places, and mean something else in each."""
_MEASURES = word_set(
    "address amount at balance birth body cost count currency data date day description email end first height hour "
    "image last length limit max message method min minute month name note number page password percent percentage "
    "phone price quantity country locale "
    "rate reason size start state status subject text time timestamp title to total url value weight width year zip"
)
"""Words of names of measures and texts, which are no identifiers even where they are called the same."""
_SPEAKING = tuple(
    (one,) for one in ("ean", "iban", "isbn", "issn", "serial", "sku", "slug", "symbol", "ticker", "username")
)
"""Attributes that identify something by themselves."""
_LEAST = 1.5
"""The score from which a field is a source."""
_OTHER_TYPE = 0.8
"""What another type takes from a score: documents are not sure of whether ids are numbers."""
_SAME_PLACE = 0.4
"""What a source of the same collection has before others."""
_KINDS = {"list": 0.3, "search": 0.3, "create": 0.25, "get": 0.1}


class Link(Record):
    """A field of a result, or a key of the state, that a parameter can be given."""

    source: str
    """The operation that returns it; a collection of the state where `field` is its key."""
    field: str
    """The path in the result: `orders[].id`."""
    target: str
    """The operation that takes it."""
    parameter: str
    required: bool
    """Whether the parameter has to be given."""
    concept: str
    """What both are: an attribute of an entity, `order.id`."""
    rule: str
    confidence: float | None = None
    """The rule's precision on labelled parameters; None where it was not measured."""


class Sources(NamedTuple):
    """What the results of a toolset offer."""

    offers: tuple[Offer, ...]
    places: Mapping[str, tuple[str, ...]]
    """The collection of each operation, as its path says it."""


class Scored(NamedTuple):
    """A source with how much speaks for it."""

    score: float
    offer: Offer
    rule: str


def links_of(toolset: Toolset, readings: Mapping[str, Reading] | None = None, *, most: int = 8) -> tuple[Link, ...]:
    """The links of a toolset, the surest source of each parameter first.

    Args:
        toolset: The tools.
        readings: What is inferred of each; by default it is inferred now.
        most: How many sources of one parameter are kept.
    """
    known = readings or read_toolset(toolset)
    sources = sources_in(toolset, known)
    return tuple(
        Link(
            source=one.offer.operation,
            field=one.offer.path,
            target=operation.name,
            parameter=parameter.name,
            required=parameter.required,
            concept=_concept(operation, known[operation.name], parameter, one.offer),
            rule=one.rule,
            confidence=confidence_of_rule(one.rule),
        )
        for operation in toolset.operations
        for parameter in operation.parameters
        for one in sources_of(operation, parameter, known, sources)[:most]
    )


def sources_in(toolset: Toolset, readings: Mapping[str, Reading]) -> Sources:
    """What the results of a toolset offer."""
    found = tuple(offer for one in toolset.operations for offer in offers(one, readings[one.name]))
    return Sources(found, {one.name: collection_of(one) for one in toolset.operations})


def sources_of(
    operation: Operation,
    parameter: Parameter,
    readings: Mapping[str, Reading],
    sources: Sources,
) -> list[Scored]:
    """The fields that a parameter can be given, the surest first."""
    if plain_type(parameter.schema) in ("boolean", "object") or _is_no_key(parameter):
        return []
    term = wanted(operation, readings[operation.name], parameter)
    place = collection_of(operation, parameter) if parameter.place == "path" else ()
    is_made = readings[operation.name].kind == "create" and parameter.place != "path"
    found: list[Scored] = []
    for offer in sources.offers:
        if offer.operation == operation.name:
            continue
        score, rule = _score(term, parameter, offer)
        if score and is_made and _is_new(term, parameter, readings[operation.name]):
            continue
        if rule == "same_words" and parameter.place == "body" and readings[operation.name].kind in ("create", "update"):
            continue  # what is written of a record, and not what says which one
        if score:
            score += _KINDS.get(readings[offer.operation].kind, 0) - _type_penalty(parameter, offer)
            score += _SAME_PLACE if place and sources.places.get(offer.operation) == place else 0
        if score >= _LEAST:
            found.append(Scored(score, offer, rule))
    return sorted(found, key=lambda one: -one.score)


def _score(term: Term, parameter: Parameter, offer: Offer) -> tuple[float, str]:
    """How much speaks for a field, and the rule that says so."""
    own, theirs = singulars(parameter.original), singulars(offer.name)
    is_same = compact(offer.name) == compact(parameter.original)
    wants, has = {*term.entity.split("_")} - {""}, {*offer.term.entity.split("_")} - {""}
    if offer.term.attribute == ANY:
        is_key = term.attribute in IDENTIFIERS | {"id", "name", "code", "key"} and wants == has
        is_thing = own == tuple(offer.term.entity.split("_")) and compact(parameter.original) not in _VAGUE_NAMES
        is_fitting = plain_type(parameter.schema) in (plain_type(offer.schema), "array", None)
        return (2.4, "listed_values") if has and is_fitting and (is_key or is_thing) else (0, "")
    if term.attribute == "code" and {*own} & _MEASURES:
        return 0, ""  # the code of a reason or of a country identifies no record
    if is_same and len(theirs) > 1 and theirs[-1] in ATTRIBUTES and compact(offer.name) not in _VAGUE_NAMES:
        return 3, "same_name"
    if is_same and len(theirs) > 1 and not {*theirs} & _MEASURES and parameter.required:
        return 2, "same_words"
    is_kind = offer.term.attribute and (
        offer.term.attribute == term.attribute or (offer.name in IDENTIFIERS and term.attribute in IDENTIFIERS)
    )
    if is_kind and wants and wants & has:
        same = offer.term.entity.split("_")[-1] == term.entity.split("_")[-1]
        if wants == has:
            return 2.8, "same_entity"
        if has > wants:
            return 0, ""  # one of a certain role, such as the account that a payment comes from
        return (2.5, "same_thing") if same else (1.5, "shared_word")
    is_placed = term.place and term.place in has and offer.name.lower() in IDENTIFIERS and term.attribute == "id"
    if is_placed and parameter.place == "path":
        return 2, "entity_of_path"
    if (
        is_same
        and parameter.place == "path"
        and len(compact(offer.name)) > 3
        and compact(offer.name) not in _VAGUE_NAMES
    ):
        return 2.2 + (0.2 if {term.place, *wants} & has else 0), "same_name_in_path"
    if is_same and own[-1:] in _SPEAKING and compact(offer.name) not in _VAGUE_NAMES:
        return 2, "same_attribute"
    if (
        parameter.place == "path"
        and not is_kind
        and wants & has
        and offer.name.lower() in IDENTIFIERS
        and own == theirs
    ):
        return 1.6, "key_of_path"
    return 0, ""


def _is_new(term: Term, parameter: Parameter, reading: Reading) -> bool:
    """Whether a parameter of a tool that makes something is what the new thing is to be called."""
    is_name = singulars(parameter.original)[-1:] in (("name",), ("email",), ("username",))
    own = {*term.entity.split("_")} & {*reading.entity.split("_")} - {""}
    return is_name or (term.attribute == "id" and bool(own))


def _is_no_key(parameter: Parameter) -> bool:
    """Whether a parameter is a secret, or words to search for."""
    is_secret = compact(parameter.original) in CREDENTIALS or bool({*words(parameter.original)} & {"private", "secret"})
    return is_secret or compact(parameter.original) in QUERY_WORDS


def _type_penalty(parameter: Parameter, offer: Offer) -> float:
    wants, has = plain_type(parameter.schema), plain_type(offer.schema)
    is_same = wants == has or None in (wants, has) or {wants, has} == {"integer", "number"} or wants == "array"
    return 0 if is_same else _OTHER_TYPE


def _concept(operation: Operation, reading: Reading, parameter: Parameter, offer: Offer) -> str:
    term = wanted(operation, reading, parameter)
    entity, attribute = term.entity or offer.term.entity, term.attribute or offer.term.attribute
    return f"{entity or 'value'}.{attribute or '_'.join(singulars(parameter.original))}"


def confidence_of_rule(rule: str) -> float | None:
    """The precision of a rule on labelled parameters; None where it was not measured."""
    return _confidences().get(rule)


@lru_cache(maxsize=1)
def _confidences() -> dict[str, float]:
    return json.loads((files("toolworld.environments.graph") / "confidences.json").read_bytes())


def unlinked(toolset: Toolset, links: Sequence[Link]) -> Iterator[tuple[str, str]]:
    """The required parameters that no link feeds: what a user has to say, or a constant."""
    fed = {(one.target, one.parameter) for one in links}
    for operation in toolset.operations:
        for parameter in operation.parameters:
            if parameter.required and (operation.name, parameter.name) not in fed:
                yield operation.name, parameter.name
