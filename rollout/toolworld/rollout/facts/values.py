"""Values that a path has shown: names, keys and addresses, each with where it came from."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from toolworld.ground import JsonValue
from toolworld.rollout.facts.facts import ShownFact

_NAME = re.compile(r"[A-Z][\w'’.&-]*(?: (?:(?:of|the|de|von|van|and) )?[A-Z0-9][\w'’.&-]*)*(?: [a-z]+)?")
_NAMES = ("title", "name", "text", "label")
"""Fields that say what a thing is called; a link's is its text."""
_QUOTED = re.compile(r"[\"“']([^\"”']{2,80})[\"”']")


class ShownValue(NamedTuple):
    """A value."""

    field: str
    """The name of the field that had it."""
    value: JsonValue
    name: str
    """What the thing is called that has it; empty where nothing says."""


def shown_values(result: JsonValue, field: str = "", name: str = "") -> Iterator[ShownValue]:
    """The values of a result, each with the name of its field and of its thing."""
    if isinstance(result, dict):
        called = str(next((result[one] for one in _NAMES if isinstance(result.get(one), str)), ""))
        for key, one in result.items():
            yield from shown_values(one, key, called)
    elif isinstance(result, list):
        for one in result:
            yield from shown_values(one, field, name)
    elif result is not None and not isinstance(result, bool):
        yield ShownValue(field, result, name)


def names_said(text: str) -> list[str]:
    """What a text names: quoted words and capitalised ones; all of it, if it is short."""
    found = [*(pair[1] for pair in _QUOTED.finditer(text)), *(one.group() for one in _NAME.finditer(text))]
    whole = [text.strip()] if len(text.split()) <= 6 else []
    return list(dict.fromkeys([*whole, *found]))


def names_in(facts: Sequence[ShownFact]) -> list[str]:
    """The values of facts that are names, in their order."""
    return list(dict.fromkeys(fact.value for fact in facts if is_name(fact.value)))


def is_name(value: str) -> bool:
    """Whether a value reads as a name: capitalised words, without digits in front."""
    words = value.split()
    if len(words) == 1 and any(character.isdigit() for character in value):  # a code
        return False
    return bool(words) and words[0][0].isupper() and any(len(word) > 2 for word in words) and len(words) <= 6
