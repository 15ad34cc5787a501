"""Clauses about lists in records: `the clinician does not do this type`, `the order has no line for this product`."""

import re
from collections.abc import Iterator

from toolworld.environments.compiler.conditions.scene import Scene, stems
from toolworld.environments.compiler.literals import quoted
from toolworld.environments.compiler.plans.known_records import KnownRecord
from toolworld.ground import JsonValue

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
