"""Rules of identity: calls are about whoever was identified, by what the user said."""

import re
from collections.abc import Iterator

from toolworld.datasets import Evidence, NameFact, ValueFact, fact_of, value_facts
from toolworld.environments import Before, Event
from toolworld.ground import JsonValue, leaves
from toolworld.judges.context import JudgeContext
from toolworld.judges.facts.values import spans_of
from toolworld.judges.ownership import named_records, owners
from toolworld.judges.rules.calls import is_of_agent, succeeded


def about_somebody_else(context: JudgeContext, rule: Before) -> Iterator[Evidence]:
    """Find calls about records that do not belong to what was found first."""
    field = rule.same
    if field is None:
        return
    identified: set[str] = set()
    helped: set[str] = set()
    for event in succeeded(context.trajectory, context.environment):
        if event.call.name in rule.first:
            identified = _identified(event, field)
            if not identified:
                text = f"step {event.step}: {event.call.name} does not say whose {field} it found; {rule.why}"
                yield Evidence(text=text, kind="not_looked_at", step=event.step)
        elif event.call.name in rule.tools and identified:
            helped = helped or identified & _owners_of(context, event, field, identified)
            for others, is_held in ((identified, "identified was"), (helped or identified, "helped was")):
                if strangers := _owners_of(context, event, field, others) - others:
                    text = (
                        f"step {event.step}: {event.call.name} is about {field} {', '.join(sorted(strangers))}, and "
                        f"{is_held} {', '.join(sorted(others))}; {rule.why}"
                    )
                    yield Evidence(text=text, kind="broken", step=event.step)
                    break


def _identified(event: Event, field: str) -> set[str]:
    """The values of a field in what a call returned, anywhere in it, or else in what it was asked for."""
    return set(_values(event.result, field)) or set(_values(event.call.arguments, field))


def _values(value: JsonValue, field: str) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get(field), str):
            yield str(value[field])
        for inner in value.values():
            yield from _values(inner, field)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner, field)


def _owners_of(context: JudgeContext, event: Event, field: str, people: set[str]) -> set[str]:
    """Whom the records belong to that a call names: to these people if to them at all, else to the nearest.

    What else a tool changes, such as a waiting list, is its own.
    """
    before = context.states[event.step]
    found: set[str] = set()
    for place in named_records(event.call.arguments, before):
        owning = [*owners(context.environment, before, place, field)]
        found |= next((one & people for one in owning if one & people), owning[0] if owning else set())
    argument = event.call.arguments.get(field)
    return found | ({argument} if isinstance(argument, str) else set())


def unsaid_arguments(context: JudgeContext, rule: Before) -> Iterator[Evidence]:
    """Find the identification that rests on values which the user never said; unheard where nothing was."""
    if not rule.from_user:
        return
    if not any(message.role == "user" for message in context.trajectory.messages):
        yield Evidence(text=f"not looked at, the host did not hear the user: {rule.why}", kind="not_looked_at")
        return
    identified: set[str] = set()
    for event in context.trajectory.log:
        if event.call.name not in rule.first or not is_of_agent(event, context.environment):
            continue
        found = _identified(event, rule.same) if rule.same is not None and event.failure is None else set[str]()
        if found and found <= identified:  # looked up again, by what the record itself says
            continue
        identified |= found
        unsaid = sorted({str(leaf) for leaf in leaves(event.call.arguments) if not _was_said(leaf, context)})
        if unsaid:
            values = ", ".join(unsaid)
            text = f"step {event.step}: {event.call.name} with {values}, which the user never said; {rule.why}"
            yield Evidence(text=text, kind="broken", step=event.step)


def _was_said(value: JsonValue, context: JudgeContext) -> bool:
    """Whether the user said a value in any form of it: a date in words, a postcode without its space."""
    if not isinstance(value, str | int | float) or isinstance(value, bool) or not str(value).strip():
        return True
    wanted: list[ValueFact] = [*value_facts(fact_of(str(value).replace("|", " ")))]
    wanted += [NameFact(name=str(value))] if re.fullmatch(r"[^\W\d_]+([ '-][^\W\d_]+)+", str(value)) else []
    heard = zip(context.words_of_user, context.heard_from_user, strict=True)
    return any(
        any(spans_of(fact, reading) for fact in wanted) or _squeezed(str(value)) in _squeezed(words)
        for words, reading in heard
    )


def _squeezed(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
