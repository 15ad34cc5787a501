"""The page of an audit, for people: what held how often, what did not with the call that shows it, and what nobody
reached."""

from collections import Counter
from collections.abc import Iterator, Sequence

from toolworld.environments.audit.reliability.report import (
    PROBE_CLASSES,
    PROPERTIES,
    ProbeClass,
    Property,
    Tally,
    ToolReport,
    shown,
)

PROPERTY_TEXTS: dict[Property, str] = {
    "valid_result": "a result is as its schema says",
    "refusal_documented": "a refusal has a code that the tool documents",
    "refusal_changes_nothing": "a refused call changes nothing",
    "read_changes_nothing": "a tool that reads changes nothing",
    "write_changes": "a tool that writes changes something, once in all its calls at least",
    "named_changed": "the record that a call names is the one that is changed",
    "given_written": "what is given is written as it is given",
    "same_answer": "the same call in the same state has the same answer",
    "malformed_refused": "what the input schema forbids is refused",
    "unknown_key_refused": "a key that no record has is refused, or finds nothing",
    "refused_for_its_reason": "a key that no record has is refused because there is no such record",
    "created_found": "what was made is found, as it was made",
    "update_seen": "a change is seen",
    "deleted_gone": "what was deleted is gone",
    "search_sound": "what is listed is in the state, as it is there",
    "search_complete": "a filter leaves all that fit it, and nothing else",
    "judged_right": "a judge finds nothing wrong with it",
}
"""What each property says."""
_MOST_EVIDENCE = 100


def page_of(reports: Sequence[ToolReport]) -> str:
    """The page, in Markdown."""
    return "\n".join(_lines(reports)) + "\n"


def totals(reports: Sequence[ToolReport]) -> tuple[dict[Property, Tally], dict[ProbeClass, Tally]]:
    """How often each property held, and the calls of each class, over all tools."""
    properties, classes = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for report in reports:
        for name, one in report.properties.items():
            properties.update({(name, "held"): one.held, (name, "of"): one.of})
        for name, one in report.classes.items():
            classes.update({(name, "held"): one.held, (name, "of"): one.of})
    return (
        {one: Tally(held=properties[one, "held"], of=properties[one, "of"]) for one in PROPERTIES},
        {one: Tally(held=classes[one, "held"], of=classes[one, "of"]) for one in PROBE_CLASSES},
    )


def _lines(reports: Sequence[ToolReport]) -> Iterator[str]:
    answered = [one for one in reports if one.is_answered]
    properties, classes = totals(reports)
    yield "# Audit by calls"
    yield ""
    environments = len({one.environment for one in reports})
    yield f"{len(reports)} tools of {environments} environments, of which a program answers {len(answered)}."
    yield ""
    yield from _table("class of calls", {name.replace("_", " "): one for name, one in classes.items()})
    yield from _table("what has to hold", {PROPERTY_TEXTS[name]: one for name, one in properties.items()})
    unseen = [one for one in answered if not one.succeeded]
    if unseen:
        named = ", ".join(f"{one.environment}: {one.tool}" for one in unseen[:_MOST_EVIDENCE])
        yield f"Of {len(unseen)} tools no right call succeeded, so that what they do was not seen: {_code(named)}"
        yield ""
    yield from _evidence(reports)
    yield from _errors(reports)


def _table(title: str, rows: dict[str, Tally]) -> Iterator[str]:
    yield f"| {title} | held | of | share, at least |"
    yield "|---|---:|---:|---:|"
    for name, one in rows.items():
        if one.of:
            yield f"| {name} | {one.held} | {one.of} | {one.lower:.3f} |"
    yield ""


def _evidence(reports: Sequence[ToolReport]) -> Iterator[str]:
    found = [(report, one) for report in reports for one in report.evidence]
    yield "## What did not hold"
    yield ""
    if not found:
        yield "Nothing was found."
    for report, one in found[:_MOST_EVIDENCE]:
        call = _code(f"{one.tool} {shown(one.arguments, 200)}")
        yield f"- {report.environment}: {PROPERTY_TEXTS[one.property]}: {call}: {_code(one.said)}"
    if len(found) > _MOST_EVIDENCE:
        yield f"- and {len(found) - _MOST_EVIDENCE} more"
    yield ""


def _errors(reports: Sequence[ToolReport]) -> Iterator[str]:
    reached = sum(len(one.reached) for one in reports)
    left = [(one, code) for one in reports if one.is_answered for code in one.not_reached]
    yield "## Documented errors that no call ended in"
    yield ""
    yield f"{reached} were reached, {len(left)} were not."
    yield ""
    for one, code in left[:_MOST_EVIDENCE]:
        yield f"- {one.environment}: {one.tool}: {_code(code)}"
    if len(left) > _MOST_EVIDENCE:
        yield f"- and {len(left) - _MOST_EVIDENCE} more"


def _code(text: str) -> str:
    """A text of a stranger as code, which no mark in it can end."""
    plain = " ".join("".join(one for one in text if one.isprintable() or one == " ").split())
    return f"`{plain.replace('`', chr(39))}`"
