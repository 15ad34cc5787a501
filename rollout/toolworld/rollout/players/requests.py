"""What an agent asks of the user: facts by name and by type, an agreement, an action, or nothing."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from toolworld.ground import JsonValue, humanize
from toolworld.judges import visible_words

MAX_HEARD = 2_000
"""Characters that a person takes in at once."""


@dataclass(frozen=True, eq=False)
class AskingPhrases:
    """How agents ask in a language."""

    requests: Mapping[str, re.Pattern[str]]
    facts: Mapping[str, str]
    identity: frozenset[str]

    def has(self, name: str, text: str) -> bool:
        """Whether a text has a phrase."""
        return self.requests[name].search(text) is not None


@cache
def load_phrases(language: str = "english") -> AskingPhrases:
    """Load the table of a language."""
    source = files("toolworld.rollout.players") / f"{language}.toml"
    table = tomllib.loads(source.read_text(encoding="utf-8"))
    requests = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in table["requests"].items()}
    return AskingPhrases(requests, table["facts"], frozenset(table["identity"]["facts"].split()))


@dataclass(frozen=True, slots=True)
class AgentWords:
    """What an agent said, as a user hears it."""

    text: str
    phrases: AskingPhrases

    @classmethod
    def of(cls, content: str) -> "AgentWords":
        """The words without thoughts and markup."""
        return cls(_heard(content[:MAX_HEARD]), load_phrases())

    @property
    def sentences(self) -> list[str]:
        """Its sentences and lines."""
        return [part for part in re.split(r"(?<=[.!?])\s+|\n+", self.text) if part.strip()]

    @property
    def proposal(self) -> str:
        """What it says but for sentences that only inform, which propose nothing by naming other things."""
        rest = [sentence for sentence in self.sentences if not self.phrases.has("informs", sentence)]
        return "\n".join(rest) if 0 < len(rest) < len(self.sentences) else self.text

    @property
    def asks_to_proceed(self) -> bool:
        """Whether it proposes something, and waits for an agreement."""
        besides = " ".join(sentence for sentence in self.sentences if not self._asks_details(sentence))
        return self.phrases.has("proceeds", besides) and not self.looks_up_only

    @property
    def looks_up_only(self) -> bool:
        """Whether what it wants to do is only to look something up."""
        asking = [one for one in self.sentences if self.phrases.has("proceeds", one) and not self._asks_details(one)]
        return bool(asking) and all(self.phrases.has("looks_up", sentence) for sentence in asking)

    @property
    def asks(self) -> bool:
        """Whether it asks for anything, courtesies aside."""
        return any(
            "?" in sentence and not self.has("anything_else") and not self.has("offers_help")
            for sentence in self.sentences
        )

    @property
    def asks_yes_or_no(self) -> bool:
        """Whether its last question can be answered by yes: `All four OK?`, and not `What should be different?`"""
        questions = [one for one in self.sentences if "?" in one]
        others = ("asks_openly", "anything_else", "offers_help")
        return (
            bool(questions)
            and not any(self.phrases.has(one, questions[-1]) for one in others)
            and not self._asks_details(questions[-1])
        )

    def has(self, name: str) -> bool:
        """Whether it has a phrase."""
        return self.phrases.has(name, self.text)

    def facts(self, facts: Mapping[str, JsonValue]) -> list[str]:
        """The names of facts that it asks for, with a question mark or without: by name, by type, or all that say who
        the user is."""
        asking = [sentence for sentence in self.sentences if self._is_request(sentence)]
        found = [name for name in facts if any(self._asks_for(name, facts[name], sentence) for sentence in asking)]
        if any(self.phrases.has("who_are_you", sentence) for sentence in asking):
            found += [name for name in facts if name in self.phrases.identity and name not in found]
        return found

    def _asks_details(self, sentence: str) -> bool:
        """Whether a sentence asks who the user is, whatever else it has: `Please confirm your name to proceed`."""
        if not self.phrases.has("asks_details", sentence):
            return False
        patterns = [self.phrases.facts.get(name, re.escape(humanize(name))) for name in self.phrases.identity]
        known = re.search(rf"\b(?:{'|'.join(sorted(patterns))})", sentence, re.IGNORECASE)
        return known is not None or self.phrases.has("who_are_you", sentence)

    def _is_request(self, sentence: str) -> bool:
        """Whether a sentence asks for something: a proposal does not, nor does a bare statement."""
        if self._asks_details(sentence):
            return True
        if self.phrases.has("farewell", sentence) and "?" not in sentence:  # a good day is no question about the day
            return False
        if self.phrases.has("proceeds", sentence) and not self.phrases.has("looks_up", sentence):
            return False
        return (
            self.phrases.has("asks", sentence)
            or re.fullmatch(r"\W*(?:your )?[\w ]{3,40}[:.]?\W*", sentence) is not None
        )

    def _asks_for(self, name: str, value: JsonValue, sentence: str) -> bool:
        pattern = self.phrases.facts.get(name)
        words = re.escape(humanize(name)).replace(r"\ ", r"\W+")
        if re.search(rf"\b(?:{words}{f'|{pattern}' if pattern else ''})", sentence, re.IGNORECASE):
            return True
        chosen = f"{value}".replace("_", " ")
        return (
            "?" in sentence and len(chosen) > 2 and re.search(rf"\b{re.escape(chosen)}\b", sentence, re.I) is not None
        )


@lru_cache(maxsize=4096)
def _heard(content: str) -> str:
    return (visible_words(content) or "").strip()
