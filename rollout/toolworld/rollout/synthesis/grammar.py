"""How users speak, from the table of a language."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def grammar(language: str = "english") -> Mapping[str, Any]:
    """The table of a language: forms of greetings, wishes, questions, conditions, corrections and goodbyes."""
    source = files("toolworld.rollout.synthesis") / f"{language}.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))


@cache
def verbs_of_staff() -> frozenset[str]:
    """Verbs of what those whom a desk serves do not ask for: its own people do."""
    return frozenset(str(grammar()["staff"]["verbs"]).split())


def texts_for(name: str) -> tuple[str, ...]:
    """What a user writes into a field of free text: a note, a statement, a reason."""
    table = grammar()["texts"]
    return tuple(table["all"]) if name in str(table["names"]).split() else ()
