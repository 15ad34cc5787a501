"""Whether a text mentions a value at all, whatever it says of it, and however it writes it."""

import re
from datetime import date
from functools import lru_cache
from itertools import pairwise

from toolworld.datasets import DateFact, NameFact, TextFact, ValueFact, fact_of, value_facts
from toolworld.environments import Reads
from toolworld.ground import humanize
from toolworld.judges.facts.language import Language, load_language
from toolworld.judges.facts.reading import Reading, read_message
from toolworld.judges.facts.values import spans_of

SHORT = 3
"""Characters of a value that is too short to name anything."""
_ANY_DAY = date(2026, 1, 1)


def stands_in(value: str, reading: Reading) -> bool:
    """Whether a message has a value as a whole, a person by a part of the name, or a title by two of its words."""
    if len(value.strip()) < SHORT:
        return False
    for fact in _facts(value):
        if isinstance(fact, TextFact):
            if any(spans_of(part, reading) for part in _parts(fact.text)):
                return True
        elif spans_of(fact, reading):
            return True
    return False


def speaks_of(tool: str, text: str, *, plainly: bool = False) -> bool:
    """Whether a text speaks of what a tool does: it has the verb of its name, or another word for it.

    Args:
        tool: The tool's name.
        text: The text.
        plainly: Whether only the verb itself counts.
    """
    return _verb(humanize(tool).split()[0], load_language(), plainly).search(text) is not None


def names_action(tool: str, text: str) -> bool:
    """Whether a text has the words of a tool's name in their order, with a few others between: `block your card`."""
    return _action(tool).search(text) is not None


def gives_status(status: str, text: str) -> bool:
    """Whether a text says that something gets a status, and not that it has it: `mark it as paid`."""
    language = load_language()
    places = re.finditer(rf"\b{re.escape(humanize(status))}\b", text, re.IGNORECASE)
    return any(language.has("becomes", text[: place.start()]) for place in places)


def is_declined(sentence: str) -> bool:
    """Whether a sentence says what the agent will not or cannot do; a remark in brackets is another matter."""
    return load_language().has("declines", re.sub(r"\([^()]*\)", " ", sentence))


def without_what_is_set_apart(text: str) -> str:
    """A text without what it names as no part of what it is about: `your loan of Emma instead of Middlemarch`."""
    return load_language().phrase("sets_apart").sub(" ", text)


def calendar_words() -> frozenset[str]:
    """The names of months and weekdays, in lower case."""
    language = load_language()
    return frozenset({*language.months, *language.weekdays})


@lru_cache(maxsize=1024)
def _action(tool: str) -> re.Pattern[str]:
    words = [re.escape(word[: max(4, len(word) - 1)]) for word in humanize(tool).split()]
    return re.compile(r"\b" + r"\w*\W+(?:\w+\W+){0,3}".join(words), re.IGNORECASE)


@lru_cache(maxsize=1024)
def _verb(word: str, language: Language, plainly: bool) -> re.Pattern[str]:
    stem = re.escape(word[: max(4, len(word) - 1)])
    others = None if plainly else language.actions.get(word)
    return re.compile(rf"\b(?:{stem}{f'|{others}' if others else ''})", re.IGNORECASE)


@lru_cache(maxsize=16384)  # a scripted user hears the same words in run after run
def mentions(value: str, text: str) -> bool:
    """The same for a text whose day nobody knows: a date counts in each year that it may be of."""
    [*dates] = [fact.date for fact in _facts(value) if isinstance(fact, DateFact) and len(fact.date) == 10]
    return stands_in(value, read_message(text, date.fromisoformat(dates[0]) if dates else _ANY_DAY, Reads()))


@lru_cache(maxsize=4096)
def _facts(value: str) -> tuple[ValueFact, ...]:
    words = value.replace("|", " ").strip()
    return tuple(value_facts(fact_of(words))) if words else ()


@lru_cache(maxsize=4096)
def _parts(text: str) -> tuple[ValueFact, ...]:
    """A text, each two of its words together, and its capitalised words of some length."""
    words = re.findall(r"[\w'&-]+", text)
    pairs = [TextFact(text=f"{one} {other}") for one, other in pairwise(words) if len(one + other) > 5]
    single = [TextFact(text=word) for word in words if len(word) > 3 and word[0].isupper()]
    is_name = len(words) == 2 and all(word[0].isupper() for word in words)
    return (TextFact(text=text), *pairs, *single, *([NameFact(name=text)] if is_name else []))
