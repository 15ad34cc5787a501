"""Which parameter says what an operation is about."""

from typing import NamedTuple

from toolworld.environments.normaliser.kind import Clues, KindFound
from toolworld.environments.normaliser.operation import Parameter
from toolworld.environments.normaliser.vocabulary import CREDENTIALS
from toolworld.environments.normaliser.words import compact, first_word, last_word, singulars, word_set, words

IDENTIFIERS = word_set("guid id ids identifier sid uid uuid")
"""The last words of names of identifiers."""
CODES = word_set("arn code handle hash isbn key no number ref sku slug symbol")
"""The last words of names that identify some things."""
_NAMES = frozenset({"name", "username"})
_OTHERS = word_set("access api app auth callback client developer parent request session")
"""First words of names that identify something else than what the operation is about."""
_ALSO = {
    "airport": {"location"},
    "directory": {"dir", "folder", "path"},
    "file": {"file", "path"},
    "lock": {"door"},
    "place": {"location"},
    "stock": {"symbol", "ticker"},
    "user": {"user", "username"},
}
"""Other words for a thing."""
_LEAST = 1.5
"""The score from which a parameter is the key."""


class KeyFound(NamedTuple):
    """The key parameter, and the name of the rule that gives it."""

    key: str | None
    rule: str


def key_of(clues: Clues, kind: KindFound, entity: str) -> KeyFound:
    """The key of an operation, if one of its parameters is it."""
    if kind.kind in ("session", "calculate"):
        return KeyFound(None, "no_key")
    scored = [(score(clues, kind, entity, one), one) for one in clues.operation.parameters]
    best = max(scored, key=lambda one: one[0], default=(0.0, None))
    if best[1] is None or best[0] < _LEAST:
        return KeyFound(None, "no_key")
    return KeyFound(best[1].name, _rule(clues, best[1]))


def _rule(clues: Clues, parameter: Parameter) -> str:
    if clues.segments and clues.segments[-1] == (parameter.original, True):
        return "last_in_path"
    if parameter.place == "path":
        return "in_path"
    return "named_id" if last_word(parameter.name) in IDENTIFIERS else "named_as_entity"


def score(clues: Clues, kind: KindFound, entity: str, parameter: Parameter) -> float:
    """How much speaks for a parameter as the key."""
    name, tail = words(parameter.name), last_word(parameter.name)
    is_credential = compact(parameter.name) in CREDENTIALS and parameter.place != "path"
    if parameter.type in ("object", "boolean") or is_credential:
        return 0.0
    own, about = {*singulars(parameter.name)}, {*entity.split("_")} - {""}
    points = _points_of_name(tail, parameter, own & about, len(name))
    if any(word in parameter.description.lower()[:60].split() for word in ("id", "identifier", "uuid")):
        points += 0.8
    if first_word(parameter.name) in _OTHERS and parameter.place != "path":
        points -= 2
    if own & about and points:
        points += 1.5
    if parameter.place == "path":
        points += 6 if _rule(clues, parameter) == "last_in_path" else 2
        points += (
            clues.segments.index((parameter.original, True)) if (parameter.original, True) in clues.segments else 0
        )
    if not parameter.required:
        points -= 3
    if own & _ALSO.get(entity.split("_")[-1], set()):
        points += 2
    names_new = kind.kind == "create" and parameter.place in ("body", "argument")
    if names_new and not (tail in ("id", "uuid") and len(name) > 1):
        points -= 2
    if parameter.type == "number" or (parameter.type == "integer" and tail not in ("id", "number", "no", "code")):
        points -= 1.5
    return points


def _points_of_name(tail: str, parameter: Parameter, shared: set[str], length: int) -> float:
    if tail in IDENTIFIERS:
        return 3.0
    if tail in CODES and parameter.place != "body":
        return 1.5
    if tail in _NAMES:
        return 1.2
    return 1.0 if shared and length <= 2 else 0.0
