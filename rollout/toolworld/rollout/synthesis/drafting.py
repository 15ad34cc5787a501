"""Drafts of tasks: the user's side of a chain, its request, and what has to be told, beside its calls."""

import random
from collections.abc import Iterator, Mapping, Sequence

from toolworld.datasets import DraftCall, Fact, Reaction, Scenario, TaskDraft
from toolworld.ground import JsonValue, humanize, is_said_in, spoken_forms
from toolworld.rollout.synthesis.grammar import grammar, noun_of
from toolworld.rollout.synthesis.intents import Intent, values_in
from toolworld.rollout.synthesis.modes import Sampled
from toolworld.rollout.synthesis.terrain import Terrain
from toolworld.rollout.synthesis.values import in_words
from toolworld.rollout.synthesis.wording import Style, Wording, of_another

_WITHHELD_STYLES: tuple[Style, ...] = ("underspecified",)
_UNKNOWN = "You know no ids and no numbers of records; what you do not know you cannot tell."


def draft_of(sampled: Sampled, terrain: Terrain, style: Style, name: str, draw: random.Random, seed: int) -> TaskDraft:
    """The draft of a task from a chain.

    Args:
        sampled: The chain.
        terrain: Its environment.
        style: How the user speaks.
        name: The id of the task.
        draw: Decides the words.
        seed: Of the episode.
    """
    wording = Wording(terrain, draw, sampled.person, sampled.is_own)
    called = _name_of(sampled, terrain)
    leaves_out = sampled.mode == "clarification_first" or style in _WITHHELD_STYLES
    facts = _facts(sampled, called)
    without = _withheld(sampled.intents, facts, draw) if leaves_out else ()
    is_named = called is not None and not (leaves_out and (sampled.mode == "clarification_first" or not without))
    request = wording.request(sampled.intents, style, called if is_named else None, without)
    clauses = [of_another(wording.clause(one)) for one in sampled.intents]
    return TaskDraft(
        id=name,
        request=request,
        scenario=Scenario(
            persona=_persona(sampled, called),
            goal=f"You want to {'; then to '.join(clauses)}.",
            known=_known(facts, sampled, wording),
            unknown=_UNKNOWN,
            facts=facts,
            instructions=str(grammar()["manners"][style]),
            reactions=tuple(_reactions(sampled, wording)),
        ),
        calls=tuple(
            DraftCall(name=step.call.name, arguments=step.call.arguments, fails=step.event.failure is not None)
            for step in sampled.chain.steps
        ),
        facts=_told(sampled.intents),
        never_told=tuple(one for intent in sampled.intents for one in intent.secrets),
        forbidden=tuple(one.forbidden for one in sampled.intents if one.forbidden is not None),
        seed=seed,
    )


def leaves_out(draft: TaskDraft) -> bool:
    """Whether the request leaves out something that the first call needs, so that an agent has to ask first."""
    first = [value for value in draft.calls[0].arguments.values() if isinstance(value, str)]
    return any(value in draft.scenario.facts.values() and value not in draft.request for value in first)


def _name_of(sampled: Sampled, terrain: Terrain) -> str | None:
    """What the person is called."""
    if sampled.person is None:
        return None
    record = terrain.runtime.start.state.get(*sampled.person) or {}
    return terrain.title_of(sampled.person[0], record)


def _persona(sampled: Sampled, called: str | None) -> str:
    if called is None or sampled.person is None:
        return ""
    noun = noun_of(sampled.person[0])
    if not sampled.is_own:
        return f"You work there, and ask about {called}, {'an' if noun[:1] in 'aeiou' else 'a'} {noun}."
    return f"You are {called}, {'an' if noun[:1] in 'aeiou' else 'a'} {noun}."


def _known(facts: Mapping[str, JsonValue], sampled: Sampled, wording: Wording) -> str:
    """All that the user can say, in sentences: what has one value, and what they want of what has several."""
    told = [f"The {humanize(name)} is {spoken_forms(str(value))[-1]}." for name, value in facts.items()]
    wanted = [wording.clause(one) for one in sampled.intents]
    changed = [
        f"The {humanize(name)} is then to be {in_words(value, wording.draw)}."
        for one in sampled.intents
        for name, value in one.second.items()
    ]
    text = " ".join([*told, *(f"I want to {one}." for one in wanted), *changed])
    left = [
        f"The {humanize(name)} is {in_words(value, wording.draw)}."
        for name, values in values_in(sampled.intents).items()
        for value in values
        if not is_said_in(str(value), text)
    ]
    return " ".join([text, *left])


def _facts(sampled: Sampled, called: str | None) -> dict[str, JsonValue]:
    """What the user says when asked for it by name; what has several values is told with what it belongs to."""
    found = {name: values[0] for name, values in values_in(sampled.intents).items() if len(values) == 1}
    if called is not None and found.get("name", called) != called:
        del found["name"]  # somebody else's
    return found


def _withheld(intents: Sequence[Intent], facts: Mapping[str, JsonValue], draw: random.Random) -> tuple[str, ...]:
    """A value of the first change that the user leaves out until it is asked for: one that it cannot do without."""
    first = intents[0]
    possible = [
        name
        for name, value in first.values.items()
        if name in facts
        and isinstance(value, str)
        and (name in first.tool.required or (_is_change_of_itself(first) and len(first.values) == 1))
        and not {*facts} & {*first.tool.parameters} - {*first.said}  # which might be meant in its place
    ]
    return (draw.choice(possible),) if possible else ()


def _is_change_of_itself(intent: Intent) -> bool:
    """Whether a change is nothing without its values: an update, of which an agent has to ask what is to change."""
    return intent.tool.name.split("_")[0] in ("update", "change", "edit", "modify", "set")


def _reactions(sampled: Sampled, wording: Wording) -> Iterator[Reaction]:
    """What the user says when a change was made that they want otherwise."""
    for intent in sampled.intents:
        if intent.second:
            yield Reaction(after=intent.calls[-2], say=wording.correction(intent))


def _told(intents: Sequence[Intent]) -> tuple[Fact, ...]:
    """What the user has to be told, each once."""
    return tuple(dict.fromkeys(fact for intent in intents for fact in intent.facts))
