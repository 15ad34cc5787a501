"""Whether a text has what a call is given, and what comes of it."""

import re
from decimal import Decimal

from toolworld.environments import Event, State, ToolSpec
from toolworld.ground import leaves
from toolworld.judges.facts.mention import gives_status, stands_in
from toolworld.judges.facts.reading import Reading
from toolworld.judges.facts.span import Span
from toolworld.judges.facts.values import same_value
from toolworld.judges.ownership import touched_records

_KEY = re.compile(r"[\w-]*\d[\w-]*")
_FIGURES = re.compile(r"\d+(?:\.\d+)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def has_status(event: Event, text: str) -> bool:
    """Whether a text has the status that a call gives a record: `mark it as paid`."""
    status = event.result.get("status") if isinstance(event.result, dict) else None
    return isinstance(status, str) and gives_status(status, text)


def says_all(tool: ToolSpec, event: Event, sentence: Reading) -> bool:
    """Whether a sentence has every text and number that a call is given, so that its verb does not matter:
    `your delivery D12: 3 May instead of 1 May`."""
    given = [value for name, value in event.call.arguments.items() if name not in tool.free_text]
    texts = [leaf for value in given for leaf in leaves(value) if isinstance(leaf, str)]
    return len(given) > 1 and all(stands_in(text, sentence) for text in texts) and has_amounts(tool, event, sentence)


def has_days(event: Event, reading: Reading) -> bool:
    """Whether a text that names days names those that a call is given."""
    said = {str(value) for span in reading.spans if span.kind == "date" and not span.weak for value in span.readings}
    given = [leaf for leaf in leaves(event.call.arguments) if isinstance(leaf, str) and _DAY.fullmatch(leaf)]
    return not said or all(stands_in(day, reading) for day in given)


def amounts_of(tool: ToolSpec, event: Event) -> list[int | float]:
    """The numbers among the arguments."""
    return [
        value
        for name, value in event.call.arguments.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and name in tool.parameters
    ]


def has_amounts(tool: ToolSpec, event: Event, reading: Reading) -> bool:
    """Whether a text has each number among the arguments: as a number, as a sum, or in a duration (`2 hours`)."""
    said = [(span.kind, value) for span in reading.spans for value in span.readings]
    counted = {word for span in reading.spans if span.kind == "duration" for word in _counts(span, reading)}
    return all(
        ("number", Decimal(str(number))) in said
        or Decimal(str(number)) in counted
        or any(kind == "money" and same_value(kind, (Decimal(str(number)), None), value) for kind, value in said)
        for number in amounts_of(tool, event)
    )


def _counts(span: Span, reading: Reading) -> list[Decimal]:
    """The figures in the words of a duration."""
    return [Decimal(one) for one in _FIGURES.findall(reading.text[span.start : span.end])]


def names_another_record(event: Event, before: State, sentence: Reading) -> bool:
    """Whether a sentence has the key of another record of the kind that a call changes, and of none that it changes."""
    words = {*_KEY.findall(sentence.text)}
    touched = [(name, key) for name, key in touched_records(event.ops) if before.get(name, key) is not None]
    own = {key for _, key in touched} | {leaf for leaf in leaves(event.call.arguments) if isinstance(leaf, str)}
    others = {word for word in words - own if any(before.get(name, word) is not None for name, _ in touched)}
    return bool(others) and not words & own
