"""What an operation is about: by its path, or its name, or its description."""

from typing import NamedTuple

from toolworld.environments.normaliser.kind import Clues, KindFound
from toolworld.environments.normaliser.shape import properties_of
from toolworld.environments.normaliser.vocabulary import (
    FILLERS,
    KIND_OF_VERB,
    NOUNS_TOO,
    PREPOSITIONS,
    SUFFIXES,
    VERSION,
    verb_of,
)
from toolworld.environments.normaliser.words import compact, is_plural, singular, word_set, words

_NO_ENTITIES = word_set("""all autocomplete batch bulk by count details find get id info list me mine query search""")
"""Words of paths that name no thing."""
_OTHER_IDS = word_set("account correlation parent request session trace transaction user")
"""First words of ids that name something else than what was made."""
_RANKS = word_set("first last nearest three two")


class EntityFound(NamedTuple):
    """An entity, and the name of the rule that gives it."""

    entity: str
    rule: str


def entity_of(clues: Clues, kind: KindFound) -> EntityFound:
    """The thing that an operation is about; empty where nothing names one."""
    if kind.kind == "session" or kind.rule == "login_status":
        return EntityFound("session", "session")
    fresh = _fresh_id(clues) if kind.kind == "create" else ""
    if fresh:
        named = _from_name(clues)  # `register_credit_card` returns a `card_id`: that of a credit card
        return EntityFound(named if named.endswith(f"_{fresh}") else fresh, "fresh_id")
    from_path = _from_path(clues, kind)
    if from_path:
        return EntityFound(from_path, "path")
    from_name = _from_name(clues)
    if from_name and from_name not in ("history", "stat"):
        return EntityFound(from_name, "name")
    from_text = _from_text(clues)
    return EntityFound(from_name or from_text, "name" if from_name else "text")


def _fresh_id(clues: Clues) -> str:
    """What a new id in the result names: a tool that returns a `booking_id` which it was not given makes a booking."""
    given = {compact(one.name) for one in clues.operation.parameters}
    for name in properties_of(clues.returned.record):
        *before, last = words(name) or ("",)
        if last == "id" and before and compact(name) not in given and not {*before} & _OTHER_IDS:
            return "_".join([*before[:-1], singular(before[-1])])
    return ""


def _from_path(clues: Clues, kind: KindFound) -> str:
    named = [words(one.text) for one in clues.segments if not one.is_parameter]
    order = [one for one in reversed(named) if one]
    if len(named) >= 2 and clues.segments[-1].is_parameter and kind.kind in ("list", "create") and named[-2]:
        ends_in_one = not named[-1] or not is_plural(named[-1][-1])
        if is_plural(named[-2][-1]) and (ends_in_one or kind.kind == "create"):
            order.insert(0, named[-2])  # `/users/{id}/settings/{name}` that lists is about users
    for segment in order:
        kept = [word for word in segment if word not in _NO_ENTITIES]
        verb = verb_of(segment[0])
        if verb and segment[0] not in NOUNS_TOO and len(kept) > 1 and KIND_OF_VERB[verb] != "list":
            kept = [word for word in kept if word != segment[0]]
        is_verb = len(kept) == 1 and verb_of(kept[0]) and kept[0] not in NOUNS_TOO and not is_plural(kept[0])
        if kept and not is_verb:
            return _normal(kept[-3:])
    return ""


def _from_name(clues: Clues) -> str:
    name, verb = clues.name, clues.name_verb
    if verb and (verb_of(name[0]) or len(name) == 1):
        body = name[1:]
    else:
        body = tuple(word for word in name if verb_of(word) != verb or word in NOUNS_TOO)
    kept = _until_preposition(body, len(body))
    return _normal([word for word in kept if word not in ("id", "status") or len(kept) == 1])


def _from_text(clues: Clues) -> str:
    rest = list(clues.text_words)
    verb = clues.text_verb
    while rest and verb and verb_of(rest.pop(0)) != verb:
        pass
    return _normal(_until_preposition([word for word in rest if word not in FILLERS], 3)[-2:])


def _until_preposition(body: tuple[str, ...] | list[str], most: int) -> list[str]:
    kept: list[str] = []
    for word in body:
        if word in PREPOSITIONS and kept:
            break
        if word not in PREPOSITIONS:
            kept.append(word)
        if len(kept) == most:
            break
    return kept


def _normal(found: list[str]) -> str:
    """Words as an entity: without fillers and words that say what of a thing, and singular."""
    found = _without_suffixes(found)
    found = [
        word
        for place, word in enumerate(found)
        if word not in FILLERS | _RANKS and not VERSION.fullmatch(word) and (word != "user" or place == len(found) - 1)
    ]
    found = _without_suffixes(found)
    return "_".join([*found[:-1], singular(found[-1])]) if found else ""


def _without_suffixes(found: list[str]) -> list[str]:
    while len(found) > 1 and found[-1] in SUFFIXES:
        found = found[:-1]
    return found
