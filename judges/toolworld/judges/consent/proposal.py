"""The words of a proposal: whether it proposes anything, and its parts."""

import re

from toolworld.environments import ToolSpec
from toolworld.judges.facts.mention import speaks_of, without_what_is_set_apart
from toolworld.judges.facts.reading import Reading, read_message


def proposes(tool: ToolSpec, proposal: Reading) -> bool:
    """Whether a text proposes anything: in so many words, or by asking with the action (`Renew it until Monday?`)."""
    language = proposal.language
    sentences = [one for one in sentences_of(proposal) if not language.has("offers_more", one.text)]
    if any(language.has("proposes", one.text) for one in sentences):
        return True
    asked = [one for one in sentences if "?" in one.text and not language.has("asks_what_was", one.text)]
    asks_for_a_yes = any(language.has("plain_yes", one.text) for one in sentences)  # `Do you say yes to both?`
    return asks_for_a_yes or any(speaks_of(tool.name, one.text) for one in asked)


def is_proposed(tool: ToolSpec, sentence: Reading) -> bool:
    """Whether the words of an action follow at once on those that propose one: `shall I reserve`."""
    clauses = re.split(r"[,:;]|\band\b", sentence.text)
    return any(speaks_of(tool.name, one) and sentence.language.has("proposes", one) for one in clauses)


def sentences_of(proposal: Reading) -> list[Reading]:
    """The sentences and lines of a proposal, each read by itself."""
    parts = re.split(r"(?<=[.!?;])\s+|\n+", proposal.text)
    return [read_message(part, proposal.today, proposal.reads, proposal.language) for part in parts if part.strip()]


def clauses_of(sentence: Reading) -> list[Reading]:
    """The parts of a sentence that are joined by `and` or a semicolon, where there are several."""
    parts = re.split(r",?\s+and\s+|;\s+", sentence.text)
    return [read_message(one, sentence.today, sentence.reads, sentence.language) for one in parts] if parts[1:] else []


def without_set_apart(proposal: Reading) -> Reading:
    """A proposal without what is no part of it, read again."""
    text = without_what_is_set_apart(proposal.text)
    return read_message(text, proposal.today, proposal.reads, proposal.language)
