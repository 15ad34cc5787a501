"""The words of a language, read from a table: months, numbers, currencies, and how sentences deny or doubt."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, eq=False)
class Language:
    """A language as data; tables are keyed by words in lower case."""

    ones: Mapping[str, int]
    """Number words up to ninety that can stand alone."""
    ordinals: Mapping[str, int]
    scales: Mapping[str, int]
    short_scales: Mapping[str, int]
    groups: Mapping[str, int]
    months: Mapping[str, int]
    """From 1."""
    weekdays: Mapping[str, int]
    """From 0, Monday."""
    ordinary_words: frozenset[str]
    """Names of weekdays that are ordinary words as well."""
    days_from_now: Mapping[str, int]
    parts_of_day: Mapping[str, str]
    """`a` or `p`, as in a.m. and p.m."""
    named_times: Mapping[str, str]
    currencies: Mapping[str, str]
    """Symbols and codes, each with its code."""
    currency_units: Mapping[str, str]
    currency_hundredths: Mapping[str, str]
    notes: Mapping[str, tuple[int, str]]
    """Words for sums, with amount and currency."""
    durations: Mapping[str, int]
    """Units in seconds."""
    titles: tuple[str, ...]
    not_people: tuple[str, ...]
    """Words that make a name one of a place or firm."""
    actions: Mapping[str, str]
    """Other words for what a tool does, as regular expressions by the first word of its name."""
    phrases: Mapping[str, str]
    """Regular expressions by what they tell."""

    @cached_property
    def _compiled(self) -> dict[str, re.Pattern[str]]:
        return {name: re.compile(pattern, re.IGNORECASE) for name, pattern in self.phrases.items()}

    def phrase(self, name: str) -> re.Pattern[str]:
        """A compiled phrase."""
        return self._compiled[name]

    def has(self, name: str, text: str) -> bool:
        """Whether a text has a phrase."""
        return self._compiled[name].search(text) is not None


def alternatives(words: Iterable[str]) -> str:
    """A regular expression of words, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


@cache
def load_language(name: str = "english") -> Language:
    """Load the table of a language."""
    source = files("toolworld.judges.facts") / "languages" / f"{name}.toml"
    return _language(tomllib.loads(source.read_text(encoding="utf-8")))


def _language(table: dict[str, Any]) -> Language:
    numbers, calendar, money = table["numbers"], table["calendar"], table["money"]
    ones = {word: value for value, word in enumerate(numbers["ones"].split())}
    ones |= {word: 10 * value for value, word in enumerate(numbers["tens"].split(), 2)}
    return Language(
        ones=ones,
        ordinals=_ordinals(numbers, ones),
        scales=numbers["scales"],
        short_scales=numbers["short_scales"],
        groups=numbers["groups"],
        months=_numbered(calendar["months"], 1),
        weekdays=_numbered(calendar["weekdays"], 0),
        ordinary_words=frozenset(calendar["ordinary_words"].split()),
        days_from_now=calendar["days_from_now"],
        parts_of_day=calendar["parts_of_day"],
        named_times=calendar["named_times"],
        currencies={code: code for code in money["currencies"].split()} | money["symbols"],
        currency_units=money["units"],
        currency_hundredths=money["hundredths"],
        notes={word: (amount, money["notes_in"]) for word, amount in money["notes"].items()},
        durations=table["durations"]["seconds"],
        titles=tuple(table["names"]["titles"].split()),
        actions=table["actions"],
        not_people=tuple(table["names"]["not_people"].split()),
        phrases={
            **table["stance"],
            **table["answers"],
            **table["consent"],
            "nothing_to_pay": money["nothing"].replace("\n", ""),
        },
    )


def _numbered(names: str, first: int) -> dict[str, int]:
    return {name: number for number, group in enumerate(names.split(), first) for name in group.split("|")}


def _ordinals(numbers: dict[str, Any], ones: Mapping[str, int]) -> dict[str, int]:
    """Ordinals as far as days of a month go: `twenty-first` is put together from `twenty` and `first`."""
    simple = {word: value for value, word in enumerate(numbers["ordinals"].split())} | numbers["round_ordinals"]
    joined = {
        f"{ten}{mark}{word}": value + unit
        for ten, value in ones.items()
        if value in (20, 30)
        for word, unit in simple.items()
        for mark in ("", " ", "-")
        if 0 < unit < 10 and value + unit <= 31
    }
    return simple | joined
