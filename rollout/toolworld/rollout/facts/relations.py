"""Relations in words: what a label means, what people call it, and the sentences that say it."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from pydantic import TypeAdapter

from toolworld.ground import Record, humanize


class _Relation(Record):
    phrase: str
    person: bool
    labels: tuple[str, ...]
    verbs: tuple[str, ...]


class _Words(Record):
    people: tuple[str, ...]
    of_people: frozenset[str]
    verbs: tuple[str, ...]
    containers: frozenset[str]
    places: frozenset[str]


class _File(Record):
    relation: tuple[_Relation, ...]
    words: _Words


class SaidFact(NamedTuple):
    """What a sentence says."""

    subject: str
    label: str
    value: str
    sentence: str


_CAPITALISED = r"[A-Z0-9][\w'&.-]*"
_NO_PART = r"(?!(?:and|of|in|for|on|as|when|which|who|where|that)\b)"
_MORE = rf"\s+(?:of|the|de|von|van|and|la|le)\s+(?=[A-Z0-9])|\s+{_CAPITALISED}|\s+{_NO_PART}[a-z]+(?=[\s.,;])"
_THING = rf"(?:[Tt]he\s+)?({_CAPITALISED}(?:{_MORE})*)"
"""Words that name a thing: the first one capitalised; a few small ones may follow, as in `Halden pump`."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


@cache
def _file() -> _File:
    source = (files("toolworld.rollout.facts") / "english.toml").read_text(encoding="utf-8")
    return TypeAdapter(_File).validate_python(tomllib.loads(source))


@cache
def _by_label() -> Mapping[str, _Relation]:
    return {label: one for one in _file().relation for label in one.labels}


@cache
def _patterns() -> Sequence[tuple[re.Pattern[str], str]]:
    """The sentence of each verb, with the relation's first label."""
    verbs = sorted(((verb, one) for one in _file().relation for verb in one.verbs), key=lambda pair: -len(pair[0]))
    return [
        (re.compile(rf"^{_THING}\s+{re.escape(verb)}\s+{_THING}(?=[\s.,;]|$)"), one.labels[0]) for verb, one in verbs
    ]


def said_facts(text: str) -> Iterator[SaidFact]:
    """What the sentences of a text say, of those whose verbs are known."""
    for sentence in _SENTENCE.split(text):
        for pattern, label in _patterns():
            found = pattern.match(sentence.strip())
            if found:
                yield SaidFact(found[1], label, found[2].rstrip("."), sentence.strip())
                break


def container_names() -> frozenset[str]:
    """Names of lists that do not say what is in them."""
    return _file().words.containers


def place_names() -> frozenset[str]:
    """Names of fields that say where something stands, and nothing of it."""
    return _file().words.places


def label_of(name: str) -> str:
    """A field's name or a label in small words: `ordered_on` becomes `ordered on`."""
    return " ".join(humanize(name).split())


def phrase_of(label: str, subject: str) -> str:
    """What stands for the value of a relation: of `designed by` and a bridge, `the designer of` the bridge."""
    known = _by_label().get(label)
    if known is not None:
        return known.phrase.format(subject)
    words = label.split()
    if len(words) == 2 and words[0].endswith("ed") and words[1] in ("on", "at"):
        return f"the date when {subject} was {words[0]}"
    if words and (words[0] in _file().words.verbs or words[-1] in _file().words.verbs):
        return f'the entry under "{label}" of {subject}'
    return f"the {label} of {subject}"


def is_of_person(label: str) -> bool:
    """Whether only people have a relation, so that nobody calls whoever has it `it`."""
    return label in _file().words.of_people


def is_plural(label: str) -> bool:
    """Whether a label is a noun in the plural."""
    return singular(label) != label and label not in _by_label()


def is_person(label: str) -> bool:
    """Whether the value of a relation is a person."""
    known = _by_label().get(label)
    return known.person if known is not None else any(label.endswith(one) for one in _file().words.people)


def singular(word: str) -> str:
    """A noun in the singular: `orders` becomes `order`, `cities` `city`."""
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
