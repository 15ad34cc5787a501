"""A user proxy without a model: opens with the task's request, tells what it knows when asked, agrees when asked to."""

from collections.abc import Sequence

from toolworld.datasets import Task
from toolworld.environments import words
from toolworld.llm import Message
from toolworld.rollout.user import Reply


class ScriptedUser:
    """Plays the user's side of a task."""

    name = "scripted"
    use = None

    def __init__(self, task: Task) -> None:
        self._task = task

    async def open(self) -> str:
        """Give the task's request."""
        return self._task.request

    async def reply(self, conversation: Sequence[Message]) -> Reply:
        """Answer a question with what the scenario knows; when nothing is asked, be done."""
        said = (conversation[-1].content or "").lower()
        if "?" not in said:
            return Reply("Thank you, that is all.", done=True)
        if "go ahead" in said:
            return Reply("Yes, please go ahead.")
        facts = self._task.scenario.facts
        asked = [name for name in facts if words(name) in said]
        if asked:
            return Reply(" ".join(f"My {words(name)} is {facts[name]}." for name in asked))
        known = self._task.scenario.known
        if known and not any(message.content == known for message in conversation if message.role == "user"):
            return Reply(known)
        return Reply("I am afraid I do not know that.")
