"""How the original SynAE splits texts and finds labels: by tags anywhere in a text; its ways are kept."""

import re
from typing import Literal

from toolworld.datasets.metrics.attributes import OTHER, substrings_found

_T1_PAIRS, _BFCL_STATEMENTS = 10, 20
_ANY_TAG = re.compile(r"(assistant:|user:)")


def t1_statements(text: str) -> tuple[list[str], list[str]]:
    """What user and assistant say, in pairs that begin with the assistant; an assistant without a user is dropped."""
    users: list[str] = []
    assistants: list[str] = []
    for part in text.split("assistant:")[1:]:
        said, tag, answer = part.partition("user:")
        if tag and len(users) < _T1_PAIRS:
            assistants.append(said)
            users.append(answer)
    return users, assistants


def bfcl_statements(text: str) -> list[str]:
    """What the user says, split at each tag, wherever it stands."""
    return text.split("user:")[1:][:_BFCL_STATEMENTS]


def acp_statements(text: str) -> list[str]:
    """The first two lines."""
    return text.strip().split("\n")[:2]


def tagged_lengths(text: str, speaker: Literal["user", "assistant"]) -> list[int]:
    """The words of each statement of a speaker, from its tag to the next one of either."""
    parts = _ANY_TAG.split(text)
    return [len(words.split()) for tag, words in zip(parts[1::2], parts[2::2], strict=True) if tag == f"{speaker}:"]


def rounds(text: str, *tags: str) -> int:
    """How often tags occur."""
    return sum(text.count(tag) for tag in tags)


def word_count(text: str) -> int:
    """Words between white space; tags count."""
    return len(text.split())


def substring_labels(text: str, words: tuple[str, ...]) -> list[str]:
    """All words that stand anywhere in a text, in any case; `Other` where none does."""
    return substrings_found(text, words) or [OTHER]
