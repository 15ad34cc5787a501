"""An agent without a model: plays a script of calls as a careful person would.

It asks for what nobody has told it yet, says what it is about to change and waits for a yes, and at
the end tells the user what they have to know.
"""

from collections.abc import Sequence

from mcp_types import Tool

from toolworld.environments import Call
from toolworld.ground import JsonValue, humanize, leaves
from toolworld.llm import Message, ToolCall
from toolworld.rollout.players.script import Script


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
            return Message(role="assistant", content=self._closing())
        call = self._script.calls[self._done]
        if call.name not in self._own:  # the user has that tool
            self._done += 1
            details = f" ({_details(call)})" if call.arguments else ""
            return Message(
                role="assistant", content=f"Please {humanize(call.name)}{details}, and tell me what happens?"
            )
        if self._done not in self._asked:
            self._asked.add(self._done)
            missing = [name for name, value in call.arguments.items() if not self._has_heard(value)]
            if missing and self._script.asks:
                wanted = " and ".join(f"your {humanize(name)}" for name in missing)
                return Message(role="assistant", content=f"Could you please tell me {wanted}?")
        if call.name in self._writes and self._script.confirms and self._done not in self._announced:
            self._announced.add(self._done)
            return Message(role="assistant", content=f"{_announcement(call)} Shall I go ahead (yes or no)?")
        self._done += 1
        tool_call = ToolCall(id=f"call_{self._done}", name=call.name, arguments=call.arguments)
        return Message(role="assistant", tool_calls=(tool_call,))

    def _has_heard(self, value: JsonValue) -> bool:
        """Whether every text in a value was said or returned before; numbers are not asked for."""
        wanted = (leaf.casefold() for leaf in leaves(value) if isinstance(leaf, str))
        return all(any(leaf in said for said in self._heard) for leaf in wanted)

    def _closing(self) -> str:
        facts = [fact.split("|")[0] for fact in self._script.facts]
        if self._closed or not facts:
            return "Everything is done. Have a good day."
        self._closed = True
        return f"Everything is done. For your information: {'; '.join(facts)}."


def _announcement(call: Call) -> str:
    details = _details(call)
    return f"I am about to {humanize(call.name)}: {details}." if details else f"I am about to {humanize(call.name)}."


def _details(call: Call) -> str:
    return ", ".join(f"{humanize(name)} {_shown(value)}" for name, value in call.arguments.items())


def _shown(value: JsonValue) -> str:
    return ", ".join(str(element) for element in value) if isinstance(value, list) else str(value)
