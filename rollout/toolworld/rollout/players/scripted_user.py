"""A user proxy without a model: opens with the task's request, tells what it knows when asked, agrees when asked to."""

from collections.abc import Sequence

from mcp_types import Tool

from toolworld.datasets import Task
from toolworld.environments import Call
from toolworld.ground import humanize
from toolworld.llm import Message, ToolCall
from toolworld.rollout.players.user import Reply


class ScriptedUser:
    """Plays the user's side of a task."""

    name = "scripted"
    model_use = None

    def __init__(self, task: Task) -> None:
        self._task = task
        self._waiting: list[Call] = []
        self._seen = ""

    async def begin(self, tools: Sequence[Tool]) -> None:
        """Find the reference calls that are the user's to make."""
        own = {tool.name for tool in tools}
        self._waiting = [reference.call for reference in self._task.calls if reference.call.name in own]

    async def see(self, call: ToolCall, text: str) -> None:
        """Remember what came of it, to tell the agent."""
        self._seen = f"I did {humanize(call.name)}: {text}"

    async def open(self) -> str:
        """The task's request."""
        return self._task.request

    async def reply(self, conversation: Sequence[Message]) -> Reply:
        """Answer a question with what the scenario knows; when nothing is asked, be done."""
        said = (conversation[-1].content or "").lower()
        if self._seen:
            told, self._seen = self._seen, ""
            return Reply(told)
        if self._waiting and f"please {humanize(self._waiting[0].name)}" in said:
            call = self._waiting.pop(0)
            return Reply("", tool_calls=(ToolCall(id="user", name=call.name, arguments=call.arguments),))
        if "?" not in said:
            return Reply("Thank you, that is all.", done=True)
        if "go ahead" in said:
            return Reply("Yes, please go ahead.")
        facts = self._task.scenario.facts
        asked = [name for name in facts if humanize(name) in said]
        if asked:
            return Reply(" ".join(f"My {humanize(name)} is {facts[name]}." for name in asked))
        known = self._task.scenario.known
        if known and not any(message.content == known for message in conversation if message.role == "user"):
            return Reply(known)
        return Reply("I am afraid I do not know that.")
