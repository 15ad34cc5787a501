"""How users speak, from the table of a language."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from toolworld.ground import humanize


@cache
def grammar(language: str = "english") -> Mapping[str, Any]:
    """The table of a language: forms of greetings, wishes, questions, conditions, corrections and goodbyes."""
    source = files("toolworld.rollout.synthesis") / f"{language}.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))


@cache
def verbs_of_staff() -> frozenset[str]:
    """Verbs of what those whom a desk serves do not ask for: its own people do."""
    return frozenset(str(grammar()["staff"]["verbs"]).split())


@cache
def words_of(list_name: str) -> frozenset[str]:
    """A list of words of the language."""
    return frozenset(str(grammar()["words"][list_name]).split())


def preposition_of(field: str) -> str | None:
    """What stands before the value of a field, if it has such a word: `on` before a date."""
    found = grammar()["prepositions"].get(field)
    return None if found is None else str(found)


def texts_for(name: str) -> tuple[str, ...]:
    """What a user writes into a field of free text: a note, a statement, a reason."""
    table = grammar()["texts"]
    return tuple(table["all"]) if name in str(table["names"]).split() else ()


def noun_of(collection: str) -> str:
    """What one record of a collection is called."""
    words = humanize(collection).split()
    last = words[-1]
    singular = {"children": "child", "feedback": "feedback", "people": "person"}.get(last)
    if singular is None:
        singular = (
            f"{last[:-3]}y"
            if last.endswith("ies")
            else last[:-2]
            if last.endswith(_ES)
            else last
            if last.endswith("ss")
            else last.removesuffix("s")
        )
    return " ".join([*words[:-1], singular])


_ES = ("sses", "xes", "ches", "shes")
