"""An agent without a model: plays a script of calls as a careful person would.

It asks for what nobody has told it yet, says what it is about to change and waits for a yes, and at
the end tells the user what they have to know.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from string import Template

from mcp_types import Tool

from toolworld.datasets import (
    AnswerFact,
    AnyFact,
    Fact,
    GroundTruth,
    SaysFact,
    has_references,
    paraphrases,
    proposals,
    resolved_call,
    with_results,
    wording_of,
)
from toolworld.environments import Call
from toolworld.ground import EncodingError, JsonValue, SpecError, decode, encode, humanize, leaves, spoken_forms
from toolworld.llm import Message, ToolCall
from toolworld.rollout.players.requests import load_phrases
from toolworld.rollout.players.sayings import sayings
from toolworld.rollout.players.script import ADDED, Script, announcement, described, details_of

UNWANTED_COST = "£90,417"
UNRELATED = "I am about to put you on the list for our newsletter."


class ScriptedAgent:
    """Plays a script."""

    model_use = None

    def __init__(self, script: Script) -> None:
        self.name = f"scripted ({script.mutation})" if script.mutation else "scripted"
        self._script = script
        self._draw = None if script.manner is None else random.Random(script.manner)
        self._done = 0
        self._asked: set[int] = set()
        self._paused: set[int] = set()
        self._announced: set[int] = set()
        self._closed = False
        self._writes: frozenset[str] = frozenset()
        self._own: frozenset[str] = frozenset()
        self._heard: list[str] = []
        """What was said and returned so far, message by message, in lower case."""

    async def begin(self, policy: str, tools: Sequence[Tool]) -> None:
        """Find out which tools write."""
        del policy  # the script keeps to it, or breaks it on purpose
        self._own = frozenset(tool.name for tool in tools)
        self._writes = frozenset(
            tool.name for tool in tools if tool.annotations is None or not tool.annotations.read_only_hint
        )

    async def act(self, conversation: Sequence[Message]) -> Message:
        """Ask, announce, call, or tell: whatever comes next."""
        self._heard += [(message.content or "").casefold() for message in conversation[len(self._heard) :]]
        if self._script.silent:
            return Message(role="assistant", content="")
        if self._draw and self._may_pause():
            self._paused.add(self._done)
            return Message(role="assistant", content=self._say("pauses"))
        if self._done == len(self._script.calls):
            return Message(role="assistant", content=self._closing(conversation))
        call = self._resolved(self._script.calls[self._done], conversation, self._place(self._done))
        if call.name not in self._own:  # the user has that tool
            self._done += 1
            details = f" ({details_of(call)})" if call.arguments else ""
            return Message(
                role="assistant", content=f"Please {humanize(call.name)}{details}, and tell me what happens?"
            )
        if self._done not in self._asked:
            self._asked.add(self._done)
            missing = [name for name, value in call.arguments.items() if not self._has_heard(value)]
            if missing and self._script.asks and not self._is_added_read(call):
                wanted = " and ".join(f"{_owner(name)} {humanize(name)}" for name in missing)
                return Message(role="assistant", content=self._say("asks", what=wanted))
        needs_yes = call.name in self._writes and self._script.consent != "none"
        if needs_yes and self._done not in self._announced and not self._is_retry(conversation):
            self._announced.add(self._done)
            return Message(role="assistant", content=self._proposal(call, conversation))
        self._done += 1
        tool_call = ToolCall(id=f"call_{self._done}", name=call.name, arguments=call.arguments)
        return Message(role="assistant", tool_calls=(tool_call,))

    def _is_added_read(self, call: Call) -> bool:
        """Whether the next call is a look-up that is none of the task's: nobody is asked for what it is given."""
        positions = self._script.positions
        return positions is not None and positions[self._done] == ADDED and call.name not in self._writes

    def _is_retry(self, conversation: Sequence[Message]) -> bool:
        """Whether the next call was refused just now: what the user agreed to holds."""
        calls, last = self._script.calls, conversation[-1]
        is_same = self._done > 0 and calls[self._done] == calls[self._done - 1]
        return is_same and last.role == "tool" and (last.content or "").startswith(_ERROR)

    def _may_pause(self) -> bool:
        """Whether the user may want something else after the last call."""
        if not self._done or self._done in self._paused:
            return False
        last = self._done - 1
        place = last if self._script.positions is None else self._script.positions[last]
        return place in self._script.pauses

    def _proposal(self, call: Call, conversation: Sequence[Message]) -> str:
        """What it says that it would do: the change, or something else where the script goes wrong."""
        match self._script.consent:
            case "refused":
                return f"{announcement(call)} That costs you {UNWANTED_COST}. {_GO_AHEAD}"
            case "unrelated":
                others = [
                    (number, one)
                    for number, one in enumerate(self._script.calls)
                    if one.name in self._writes and one.name != call.name
                ]
                if not others:
                    return f"{UNRELATED} {_GO_AHEAD}"
                number, other = others[0]
                return f"{announcement(self._resolved(other, conversation, self._place(number)))} {_GO_AHEAD}"
            case _:
                return self._told_before(self._results(conversation)) + self._asked_for(call)

    def _asked_for(self, call: Call) -> str:
        """The question whether to make a change."""
        phrasing = self._script.phrasing
        if phrasing is None:
            return self._say("proposes", what=described(call))
        forms = proposals(described(call))
        return forms[(phrasing + self._done) % len(forms)]

    def _told_before(self, results: Mapping[int, JsonValue]) -> str:
        """What it tells before the last change."""
        this = self._script.calls[self._done]
        rest = [one for one in self._script.calls[self._done + 1 :] if one != this]  # tries of the same are one change
        if any(one.name in self._writes for one in rest):
            return ""
        return "".join(f"For your information: {_told(one, results)}.\n" for one in self._script.earlier)

    def _say(self, occasion: str, **given: str) -> str:
        """One of the ways to say something; the first one unless the script has a manner."""
        forms = sayings()[occasion]
        return Template(self._draw.choice(forms) if self._draw else forms[0]).substitute(given)

    def _resolved(self, call: Call, conversation: Sequence[Message], place: int) -> Call:
        """The call with what earlier ones returned; with the task's own values where one of them returned nothing."""
        try:
            return resolved_call(call, self._results(conversation))
        except SpecError:
            made = self._script.made[place].arguments if place in range(len(self._script.made)) else {}
            known = {name: made.get(name) if has_references(value) else value for name, value in call.arguments.items()}
            return Call(name=call.name, arguments=known)

    def _place(self, number: int) -> int:
        """The position in the task of a call of the script."""
        return number if self._script.positions is None else self._script.positions[number]

    def _results(self, conversation: Sequence[Message]) -> dict[int, JsonValue]:
        """What the calls of the task returned, by their positions in it."""
        places = self._script.positions or range(len(self._script.calls))
        ids = {f"call_{number}": place for number, place in enumerate(places, start=1)}
        return {
            ids[message.tool_call_id]: _value(message.content or "")
            for message in conversation
            if message.tool_call_id in ids
        }

    def _has_heard(self, value: JsonValue) -> bool:
        """Whether every text in a value was said or returned before; numbers are not asked for."""
        wanted = [spoken_forms(leaf) for leaf in leaves(value) if isinstance(leaf, str)]
        return all(any(form.casefold() in said for said in self._heard for form in forms) for forms in wanted)

    def _closing(self, conversation: Sequence[Message]) -> str:
        if self._closed:
            return sayings()["done"][0]
        self._closed = True
        facts = self._script.facts
        if facts and self._script.closing == "results":
            return "\n".join(one.content or "" for one in conversation if one.role == "tool")
        truth = GroundTruth(digest="", facts=facts)
        results = self._results(conversation)
        with suppress(SpecError):
            truth = with_results(truth, results)
        if facts and self._script.closing == "denials":
            return " ".join(f"It is not true that it is {wording_of(fact)}." for fact in truth.facts)
        is_right = self._draw is not None and self._script.mutation is None
        refused = [*self._refused(conversation)] if is_right else []
        if self._draw and self._script.declines:
            refused.append(self._say("declined"))
        if not facts:
            return " ".join([*refused, self._say("done")])
        told = "\n".join(self._line(number, fact, results) for number, fact in enumerate(truth.facts))
        return " ".join([*refused, self._say("told")]) + f"\n{told}"

    def _line(self, number: int, fact: Fact, results: Mapping[int, JsonValue]) -> str:
        """A fact on a line of its own."""
        if self._script.phrasing is None:
            return f"- {_told(fact, results if self._draw else {})}"
        forms = paraphrases(fact, _name_of(fact, results) or "answer")
        return forms[(self._script.phrasing + number) % len(forms)]

    def _refused(self, conversation: Sequence[Message]) -> Iterator[str]:
        """What could not be done, each with the reason that the tool gave at the last try."""
        calls = {call.id: call for message in conversation for call in message.tool_calls}
        last: dict[bytes, tuple[str, str]] = {}
        for message in conversation:
            call = calls.get(message.tool_call_id or "")
            if call is not None and call.name in self._writes:
                last[encode([call.name, call.arguments])] = (call.name, message.content or "")
        for name, text in last.values():
            if text.startswith(_ERROR):
                yield self._say("refused", what=humanize(name), why=text.removeprefix(_ERROR).strip())


_ERROR = "Error: "
_GO_AHEAD = "Shall I go ahead (yes or no)?"


def _owner(name: str) -> str:
    """Whether somebody is asked for what is their own: a name, a telephone number."""
    return "your" if name in load_phrases().identity else "the"


def _told(fact: Fact, results: Mapping[int, JsonValue]) -> str:
    """A fact in words, with what it is about: what it says itself, or how a result calls it."""
    one = fact.any[0] if isinstance(fact, AnyFact) else fact
    name, words = _name_of(one, results), wording_of(one)
    return f"{name}: {words}" if name else words


def _name_of(fact: Fact, results: Mapping[int, JsonValue]) -> str | None:
    """What a fact is about: what it says itself, or how a result calls it."""
    one = fact.any[0] if isinstance(fact, AnyFact) else fact
    about = None if isinstance(one, AnyFact | AnswerFact | SaysFact) else one.about
    return wording_of(about) if about else _name_in(results, wording_of(one))


def _name_in(results: Mapping[int, JsonValue], words: str) -> str | None:
    """How the last result that shows a value calls it."""
    for _, result in sorted(results.items(), reverse=True):
        for name, value in _fields(result):
            if isinstance(value, str | int | float) and words in (
                str(value),
                humanize(str(value)),
                f"{value:g}" if isinstance(value, float) else "",
            ):
                return humanize(name)
    return None


def _fields(value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """The fields of all objects in a result."""
    if isinstance(value, dict):
        yield from value.items()
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _fields(inner)


def _value(text: str) -> JsonValue:
    """The result that a tool message holds; a refusal is a text."""
    try:
        return decode(text.encode())
    except EncodingError:
        return text
