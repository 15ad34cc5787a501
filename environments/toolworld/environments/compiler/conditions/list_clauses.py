"""Clauses about lists in records: `the clinician does not do this type`, `the order has no line for this product`."""

import re
from collections.abc import Iterator, Sequence

from toolworld.environments.compiler.conditions.scene import Scene, stems
from toolworld.environments.compiler.literals import quoted
from toolworld.environments.compiler.plans.known_records import KnownRecord
from toolworld.environments.normaliser.key import IDENTIFIERS
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.shape import items_of
from toolworld.environments.normaliser.words import singulars, word_set, words
from toolworld.ground import JsonValue

_NEW = word_set("new other target")
"""Words of parameters that name what a record does not hold yet."""
_DOES_NOT = re.compile(
    r"\b(?:does not|do not|cannot|doesn't) \w+ (?:this|that|the|such a|such)\b|"
    r"\bnot (?:served|offered|accepted|carried|supported)"
)
_HAS_NO = re.compile(
    r"\b(?:has|have) no \w+ (?:for|of|with) (?:this|that|the)\b|\bnot (?:on|in|part of) (?:this|that|the) "
)


def not_among(clause: str, code: str, scene: Scene) -> str | None:
    """An argument that is not among the values of a list of a record."""
    if not (_DOES_NOT.search(clause) or _HAS_NO.search(clause)):
        return None
    spoken = stems(f"{clause} {code}")
    for record in scene.spoken_of(clause):
        for named in scene.records:
            is_spoken_of = bool({*named.collection.entity.split("_")} & spoken)
            if named.parameter is None or named is record or not is_spoken_of:
                continue
            found = next(_lists(record, named.collection.samples.get(named.collection.key or "", ()), named), None)
            if found is not None:
                return f"str({named.parameter}) not in {found}"
    return None


def not_inside(clause: str, code: str, scene: Scene) -> str | None:
    """An argument that names nothing of what a record holds: `the payment method is not found` among the user's."""
    spoken = stems(f"{clause} {code}")
    for one in scene.operation.parameters:
        named = [word for word in singulars(one.original) if word not in IDENTIFIERS]
        is_object = plain_type(items_of(one.schema) or one.schema) == "object"
        if scene.is_key(one) or is_object or not named or not {*named} <= spoken or {*words(one.original)} & _NEW:
            continue
        held = next((held for record in scene.records if (held := _held(record, spoken, named)) is not None), None)
        if held is not None:
            is_list = plain_type(one.schema) == "array"
            test = f"any([each not in {held} for each in {one.name}])" if is_list else f"{one.name} not in {held}"
            return test if one.required else f"{one.name} is not None and {test}"
    return None


def _held(record: KnownRecord, spoken: frozenset[str], named: Sequence[str]) -> str | None:
    """The expression of the keys of what a record holds under the name of a parameter: an object or list of objects."""
    for field, samples in record.collection.samples.items():
        filled = [one for one in samples if isinstance(one, dict | list) and one]
        if not filled or not {*singulars(field)} <= spoken:
            continue
        if all(isinstance(one, dict) and all(isinstance(inner, dict) for inner in one.values()) for one in filled):
            return f"({record.value(field)} or {{}})"
        elements = [element for one in filled if isinstance(one, list) for element in one]
        wanted = ("_".join([*named, "id"]), "id")
        key = next((name for name in wanted if all(isinstance(one, dict) and name in one for one in elements)), None)
        if elements and key is not None:
            return f"[inner.get({quoted(key)}) for inner in {record.value(field)} or []]"
    return None


def _lists(record: KnownRecord, keys: tuple[JsonValue, ...], named: KnownRecord) -> Iterator[str]:
    """The expressions of the lists of a record that hold keys of another one, as they are or in objects."""
    known = {str(one) for one in keys}
    for field, samples in record.collection.samples.items():
        value = f"({record.value(field)} or [])"
        elements = [element for one in samples if isinstance(one, list) for element in one]
        if elements and all(isinstance(one, str) and one in known for one in elements):
            yield value
        for inner in _inner_keys(elements, known, named.collection.key):
            yield f"[str(each.get({quoted(inner)})) for each in {value}]"


def _inner_keys(elements: list[JsonValue], known: set[str], key: str | None) -> Iterator[str]:
    """The fields of objects in a list that hold the keys."""
    objects = [one for one in elements if isinstance(one, dict)]
    for name in objects[0] if objects else ():
        held = [str(one.get(name)) for one in objects]
        if name == key or (held and all(one in known for one in held)):
            yield name
