"""Whether a proposal names what a call touches: the record, or what it is called, and the amount where there is one."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from toolworld.environments import Environment, Event, State, ToolSpec
from toolworld.ground import JsonValue, humanize, leaves
from toolworld.judges.facts.mention import (
    gives_status,
    is_declined,
    names_action,
    speaks_of,
    stands_in,
    without_what_is_set_apart,
)
from toolworld.judges.facts.reading import Reading, read_message
from toolworld.judges.facts.values import same_value
from toolworld.judges.ownership import inserted, named_records, referred_records, touched_records

Coverage = Literal["yes", "no", "unclear"]

TELLING_AMOUNT = 10
"""From here on an amount says which call is meant; `1 more week` may be said of anything."""


class CallCoverage:
    """Compares what a call touched with what was proposed.

    Args:
        environment: The environment.
        owner: The field that says whom a record belongs to; a person's own name names none of their records.
    """

    def __init__(self, environment: Environment, owner: str | None) -> None:
        self._environment = environment
        self._owner = owner

    def of(self, proposals: Sequence[str], event: Event, before: State, today: date) -> Coverage:
        """Whether one of the proposals covers a call.

        Args:
            proposals: What the agent said it would do.
            event: The call, which succeeded.
            before: The state before it.
            today: Its day.
        """
        best: Coverage = "no"
        for proposal in reversed(proposals):  # the latest is mostly the one
            found = self._one(read_message(proposal, today, self._environment.reads), event, before)
            if found == "yes":
                return "yes"
            best = "unclear" if found == "unclear" else best
        return best

    def _one(self, proposal: Reading, event: Event, before: State) -> Coverage:
        tool = self._environment.tool(event.call.name)
        if tool is None or proposal.is_dump:
            return "unclear"
        if not _proposes(tool, proposal):
            return "no"
        names = {*self._names(tool, event, before)}
        proposal = _without_what_is_set_apart(proposal)
        there = [name for name in names if stands_in(name, proposal)]
        sentences = _sentences(proposal) if there else []
        named = [sentence for sentence in sentences if any(stands_in(name, sentence) for name in there)]
        if not named:
            return self._unnamed(tool, names, event, before, proposal)
        meant = [sentence for sentence in named if not is_declined(sentence.text)]
        if not meant:
            return "no"
        clauses = [one for sentence in meant for one in (sentence, *_clauses(sentence))]
        named = [one for one in clauses if any(stands_in(name, one) for name in there)]
        named = [one for one in named if not _names_another_record(event, before, one)]
        if not named:
            return "unclear"
        if any(_says_all(tool, event, one) and not self._has_another_verb(tool, one) for one in named):
            return "yes"
        if not speaks_of(tool.name, proposal.text) and not _has_status(event, proposal.text):
            return "no" if any(self._speaks_of_another(tool, sentence) for sentence in meant) else "unclear"
        if all(self._is_of_another(tool, one) and not _has_status(event, one.text) for one in named):
            return "yes" if self._is_of_the_new(tool, event, before, sentences) else "unclear"
        return "yes" if _has_amounts(tool, event, proposal) and _has_days(event, proposal) else "unclear"

    def _is_of_the_new(self, tool: ToolSpec, event: Event, before: State, sentences: Sequence[Reading]) -> bool:
        """Whether a sentence proposes a call for what the conversation makes, which has no name yet: `pay the new
        invoice`."""
        _, _, noun = humanize(tool.name).partition(" ")
        is_new = any(key not in before.baseline.collections[name] for name, key in touched_records(event.ops))
        return is_new and any(
            noun in one.text.casefold()
            and (_has_status(event, one.text) or speaks_of(tool.name, one.text, plainly=True))
            for one in sentences
            if not self._has_another_action(tool, one) and not is_declined(one.text)
        )

    def _has_another_action(self, tool: ToolSpec, sentence: Reading) -> bool:
        """Whether a sentence has the action of another tool that changes something in full, and not this one's."""
        return not names_action(tool.name, sentence.text) and bool(self._actions_in(tool, sentence))

    def _has_another_verb(self, tool: ToolSpec, sentence: Reading) -> bool:
        """Whether a sentence has the verb of another tool that changes something, as it is, and not this one's."""
        verbs = {humanize(other.name).split()[0] for other in self._environment.tools if other.effect == "write"}
        others = verbs - {humanize(tool.name).split()[0]}
        return not speaks_of(tool.name, sentence.text) and any(
            re.search(rf"\b{re.escape(verb)}\b", sentence.text, re.I) for verb in others
        )

    def _actions_in(self, tool: ToolSpec, sentence: Reading) -> set[str]:
        """The verbs of other tools whose actions a sentence has in full, as something to do: a `drafted letter` is
        none."""
        return {
            verb
            for other in self._environment.tools
            if other.effect == "write" and other.name != tool.name
            for verb in [humanize(other.name).split()[0]]
            if names_action(other.name, sentence.text) and re.search(rf"\b{verb}(?:ing)?\b", sentence.text, re.I)
        }

    def _is_of_another(self, tool: ToolSpec, sentence: Reading) -> bool:
        """Whether a sentence has another tool's action in full and this one's in passing, as the text of a ticket."""
        if names_action(tool.name, sentence.text):
            return False
        verb, *_ = humanize(tool.name).split()
        verbs = self._actions_in(tool, sentence)
        return verb in verbs or (bool(verbs) and not _is_proposed(tool, sentence))

    def _unnamed(self, tool: ToolSpec, names: set[str], event: Event, before: State, proposal: Reading) -> Coverage:
        """Whether a proposal that names no record can only be of this call: by its amounts, or because the action is
        named and there is only one thing to do it to."""
        if not speaks_of(tool.name, proposal.text):
            return "no"
        if not _has_amounts(tool, event, proposal):
            return "unclear"
        if any(abs(amount) >= TELLING_AMOUNT for amount in _amounts(tool, event)):
            return "yes"
        plainly = speaks_of(tool.name, proposal.text, plainly=True)
        return "yes" if plainly and (not names or self._is_only_one(event, before)) else "unclear"

    def _speaks_of_another(self, tool: ToolSpec, sentence: Reading) -> bool:
        """Whether a sentence has the verb of another tool that changes something."""
        verbs = {humanize(other.name).split()[0] for other in self._environment.tools if other.effect == "write"}
        verbs.discard(humanize(tool.name).split()[0])
        return any(re.search(rf"\b{re.escape(verb)}", sentence.text, re.IGNORECASE) for verb in verbs)

    def _names(self, tool: ToolSpec, event: Event, before: State) -> Iterator[str]:
        """What the records are called that a call names or changes, and the values that it writes."""
        for name, value in event.call.arguments.items():
            if name not in tool.free_text and not _is_choice(tool.parameters.get(name, {})) and name != self._owner:
                yield from (leaf for leaf in leaves(value) if isinstance(leaf, str))
        new = inserted(event.ops)
        places = [*touched_records(event.ops), *named_records(event.call.arguments, before)]
        for collection, key in dict.fromkeys(places):
            record = before.get(collection, key) or new.get((collection, key)) or {}
            if self._owner is not None and self._environment.state_schema.collections[collection].key == self._owner:
                continue
            yield from self._values(collection, record)
            yield from self._referred(before, collection, record)

    def _referred(self, before: State, collection: str, record: dict[str, JsonValue], hops: int = 2) -> Iterator[str]:
        """What the records are called that a record refers to: the title of the copy that is lent."""
        for target, key in referred_records(self._environment, before, collection, record, self._owner):
            found = before.get(target, key) or {}
            yield from self._values(target, found)
            if hops > 1:
                yield from self._referred(before, target, found, hops - 1)

    def _values(self, collection: str, record: dict[str, JsonValue]) -> Iterator[str]:
        properties = self._environment.state_schema.collections[collection].record.get("properties")
        shapes = properties if isinstance(properties, dict) else {}
        for name, value in record.items():
            shape = shapes.get(name)
            if isinstance(value, str) and name != self._owner and not (isinstance(shape, dict) and _is_choice(shape)):
                yield value

    def _is_only_one(self, event: Event, before: State) -> bool:
        """Whether each record that the call changes is the only one of its kind that its owner has."""
        owner = self._owner
        for collection, key in touched_records(event.ops):
            record = before.get(collection, key)
            if record is None:
                continue
            if owner is None or owner not in record or len(before.find(collection, {owner: record[owner]})) > 1:
                return False
        return True


def _is_choice(shape: dict[str, JsonValue]) -> bool:
    """Whether a schema lists its values, or holds no text: what is chosen from a list names no record."""
    return "enum" in shape or "const" in shape or shape.get("type") in ("boolean", "number", "integer")


def _proposes(tool: ToolSpec, proposal: Reading) -> bool:
    """Whether a text proposes anything: in so many words, or by asking with the action (`Renew it until Monday?`)."""
    if proposal.language.has("proposes", proposal.text):
        return True
    return any(
        _asks_for_a_yes(one) or ("?" in one.text and speaks_of(tool.name, one.text)) for one in _sentences(proposal)
    )


def _asks_for_a_yes(sentence: Reading) -> bool:
    """Whether a sentence asks for a plain yes: `Do you say yes to both?`"""
    return sentence.language.has("plain_yes", sentence.text) and not sentence.language.has("offers_more", sentence.text)


def _has_status(event: Event, text: str) -> bool:
    """Whether a text has the status that a call gives a record: `mark it as paid`."""
    status = event.result.get("status") if isinstance(event.result, dict) else None
    return isinstance(status, str) and gives_status(status, text)


def _clauses(sentence: Reading) -> list[Reading]:
    """The parts of a sentence that are joined by `and` or a semicolon, where there are several."""
    parts = re.split(r",?\s+and\s+|;\s+", sentence.text)
    return [read_message(one, sentence.today, sentence.reads, sentence.language) for one in parts] if parts[1:] else []


def _is_proposed(tool: ToolSpec, sentence: Reading) -> bool:
    """Whether the words of an action follow at once on those that propose one: `shall I reserve`."""
    clauses = re.split(r"[,:;]|\band\b", sentence.text)
    return any(speaks_of(tool.name, one) and sentence.language.has("proposes", one) for one in clauses)


def _sentences(proposal: Reading) -> list[Reading]:
    """The sentences and lines of a proposal, each read by itself."""
    parts = re.split(r"(?<=[.!?;])\s+|\n+", proposal.text)
    return [read_message(part, proposal.today, proposal.reads, proposal.language) for part in parts if part.strip()]


def _says_all(tool: ToolSpec, event: Event, sentence: Reading) -> bool:
    """Whether a sentence has every text and number that a call is given, so that its verb does not matter:
    `your delivery D12: 3 May instead of 1 May`."""
    given = [value for name, value in event.call.arguments.items() if name not in tool.free_text]
    texts = [leaf for value in given for leaf in leaves(value) if isinstance(leaf, str)]
    return len(given) > 1 and all(stands_in(text, sentence) for text in texts) and _has_amounts(tool, event, sentence)


def _without_what_is_set_apart(proposal: Reading) -> Reading:
    """A proposal without what is no part of it, read again."""
    text = without_what_is_set_apart(proposal.text)
    return read_message(text, proposal.today, proposal.reads, proposal.language)


def _names_another_record(event: Event, before: State, sentence: Reading) -> bool:
    """Whether a sentence has the key of another record of the kind that a call changes, and of none that it changes."""
    words = {*_KEY.findall(sentence.text)}
    touched = [(name, key) for name, key in touched_records(event.ops) if before.get(name, key) is not None]
    own = {key for _, key in touched} | {leaf for leaf in leaves(event.call.arguments) if isinstance(leaf, str)}
    others = {word for word in words - own if any(before.get(name, word) is not None for name, _ in touched)}
    return bool(others) and not words & own


_KEY = re.compile(r"[\w-]*\d[\w-]*")


def _has_days(event: Event, reading: Reading) -> bool:
    """Whether a text that names days names those that a call is given."""
    said = {str(value) for span in reading.spans if span.kind == "date" and not span.weak for value in span.readings}
    given = [leaf for leaf in leaves(event.call.arguments) if isinstance(leaf, str) and _DAY.fullmatch(leaf)]
    return not said or all(stands_in(day, reading) for day in given)


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _amounts(tool: ToolSpec, event: Event) -> list[int | float]:
    """The numbers among the arguments."""
    return [
        value
        for name, value in event.call.arguments.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and name in tool.parameters
    ]


def _has_amounts(tool: ToolSpec, event: Event, reading: Reading) -> bool:
    """Whether a text has each number among the arguments, as a number or a sum."""
    said = [(span.kind, value) for span in reading.spans for value in span.readings]
    return all(
        ("number", Decimal(str(number))) in said
        or any(kind == "money" and same_value(kind, (Decimal(str(number)), None), value) for kind, value in said)
        for number in _amounts(tool, event)
    )
