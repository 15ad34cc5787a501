"""An agent without a model: plays a script of calls as a careful person would.

It asks for what nobody has told it yet, says what it is about to change and waits for a yes, and at
the end tells the user what they have to know.
"""

from collections.abc import Sequence
from contextlib import suppress

from mcp_types import Tool

from toolworld.datasets import AnswerFact, AnyFact, Fact, GroundTruth, SaysFact, resolved_call, with_results, wording_of
from toolworld.environments import Call
from toolworld.ground import EncodingError, JsonValue, SpecError, decode, humanize, leaves
from toolworld.llm import Message, ToolCall
from toolworld.rollout.players.script import Script, announcement, details_of

UNWANTED_COST = "£90,417"
UNRELATED = "I am about to put you on the list for our newsletter."


class ScriptedAgent:
    """Plays a script."""

    model_use = None

    def __init__(self, script: Script) -> None:
        self.name = f"scripted ({script.mutation})" if script.mutation else "scripted"
        self._script = script
        self._done = 0
        self._asked: set[int] = set()
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
        if self._done == len(self._script.calls):
            return Message(role="assistant", content=self._closing(conversation))
        call = self._resolved(self._script.calls[self._done], conversation)
        if call.name not in self._own:  # the user has that tool
            self._done += 1
            details = f" ({details_of(call)})" if call.arguments else ""
            return Message(
                role="assistant", content=f"Please {humanize(call.name)}{details}, and tell me what happens?"
            )
        if self._done not in self._asked:
            self._asked.add(self._done)
            missing = [name for name, value in call.arguments.items() if not self._has_heard(value)]
            if missing and self._script.asks:
                wanted = " and ".join(f"your {humanize(name)}" for name in missing)
                return Message(role="assistant", content=f"Could you please tell me {wanted}?")
        if call.name in self._writes and self._script.consent != "none" and self._done not in self._announced:
            self._announced.add(self._done)
            return Message(role="assistant", content=f"{self._proposal(call)} Shall I go ahead (yes or no)?")
        self._done += 1
        tool_call = ToolCall(id=f"call_{self._done}", name=call.name, arguments=call.arguments)
        return Message(role="assistant", tool_calls=(tool_call,))

    def _proposal(self, call: Call) -> str:
        """What it says that it would do: the change, or something else where the script goes wrong."""
        match self._script.consent:
            case "refused":
                return f"{announcement(call)} That costs you {UNWANTED_COST}."
            case "unrelated":
                others = [one for one in self._script.calls if one.name in self._writes and one.name != call.name]
                return announcement(others[0]) if others else UNRELATED
            case _:
                return announcement(call)

    def _resolved(self, call: Call, conversation: Sequence[Message]) -> Call:
        """The call with what earlier ones returned; as it is written where one of them returned nothing."""
        try:
            return resolved_call(call, self._results(conversation))
        except SpecError:
            return call

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
        wanted = (leaf.casefold() for leaf in leaves(value) if isinstance(leaf, str))
        return all(any(leaf in said for said in self._heard) for leaf in wanted)

    def _closing(self, conversation: Sequence[Message]) -> str:
        if self._closed or not self._script.facts:
            return "Everything is done. Have a good day."
        self._closed = True
        if self._script.closing == "results":
            return "\n".join(one.content or "" for one in conversation if one.role == "tool")
        truth = GroundTruth(digest="", facts=self._script.facts)
        with suppress(SpecError):
            truth = with_results(truth, self._results(conversation))
        if self._script.closing == "denials":
            return " ".join(f"It is not true that it is {wording_of(fact)}." for fact in truth.facts)
        told = "\n".join(f"- {_told(fact)}" for fact in truth.facts)
        return f"Everything is done. For your information:\n{told}"


def _told(fact: Fact) -> str:
    """A fact in words, with what it is about."""
    one = fact.any[0] if isinstance(fact, AnyFact) else fact
    about = None if isinstance(one, AnyFact | AnswerFact | SaysFact) else one.about
    return f"{wording_of(about)}: {wording_of(one)}" if about else wording_of(one)


def _value(text: str) -> JsonValue:
    """The result that a tool message holds; a refusal is a text."""
    try:
        return decode(text.encode())
    except EncodingError:
        return text
