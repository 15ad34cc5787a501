"""Where an operation works: on which collection, below which parents, and by which key."""

from dataclasses import dataclass
from itertools import pairwise

from toolworld.environments.normaliser.operation import Operation, Reading
from toolworld.environments.normaliser.path import Segment, segments
from toolworld.environments.normaliser.vocabulary import KIND_OF_VERB, verb_of
from toolworld.environments.normaliser.words import is_plural, words

Signature = tuple[str, ...]
"""What identifies a collection: the names in its path, or the entity."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The place of an operation."""

    signature: Signature
    key: str | None
    """The parameter that says which record."""
    parents: tuple[tuple[str, Signature], ...] = ()
    """Parameters that say below which record of which other collection it works, the outermost first."""
    is_in_state: bool = False
    """Whether a state document that came with the tools says where it works."""
    makes: bool = False
    """Whether it makes a new record there; known where a state document says where it works."""
    subjects: tuple[tuple[str, Signature], ...] = ()
    """Parameters that hold keys of records of a state document, each with the part that it names."""


def placement_of(operation: Operation, reading: Reading) -> Placement:
    """Find the place of an operation: by its path, or else by its entity."""
    if operation.method is None:  # what is created gets a key of its own: the key that was read says for what
        return Placement((reading.entity or "record",), None if reading.kind == "create" else reading.key)
    names = {one.original: one.name for one in operation.parameters if one.place == "path"}
    parts = _without_verb(operation, reading, list(segments(operation.path)))
    key = None
    if parts and parts[-1].is_parameter:
        key = names.get(parts[-1].text)
        parts = parts[:-1]
    parents: list[tuple[str, Signature]] = []
    for place, (one, after) in enumerate(pairwise(parts)):
        parent = names.get(after.text)
        if not one.is_parameter and after.is_parameter and parent is not None:
            parents.append((parent, _signature(parts[: place + 1])))
    signature = _signature(parts) or (reading.entity or "record",)
    return Placement(signature, key, tuple(parents))


def _without_verb(operation: Operation, reading: Reading, parts: list[Segment]) -> list[Segment]:
    """The segments before a verb that ends the path: those of `/orders/{id}` for `/orders/{id}/cancel`."""
    last = list(words(parts[-1].text)) if len(parts) > 1 and not parts[-1].is_parameter else []
    verb = verb_of(last[0]) if last else None
    ends_in_verb = verb is not None and not is_plural(last[-1]) and reading.kind not in ("get", "list", "session")
    if reading.kind == "create" and len(parts) > 1 and parts[-2].is_parameter:
        return parts  # what is sent or copied is no record with the key of the one that it is about
    if ends_in_verb and (operation.method == "post" or KIND_OF_VERB[verb or ""] in ("search", "calculate", "action")):
        return parts[:-1]
    return parts


def _signature(parts: list[Segment]) -> Signature:
    return tuple(one.text.lower() for one in parts if not one.is_parameter)
