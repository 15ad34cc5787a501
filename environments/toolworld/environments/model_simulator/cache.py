"""Answers to questions that were asked before: the same call, in the same environment, in the same state.

What belongs to the moment and not to the question is put in anew each time: the ids that the call is
given, and for tools that only read, the instant (not the day).
"""

from collections import OrderedDict
from contextlib import AbstractAsyncContextManager

from toolworld.environments.calls.event import Call
from toolworld.environments.calls.simulator import View
from toolworld.environments.model_simulator.consistency import MOST_IDS
from toolworld.environments.model_simulator.context import Slice
from toolworld.environments.spec.clock import instant
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.ground import KeyedLock, exact_digest
from toolworld.llm import Completion, CompletionCache, Usage

MOST = 4096
"""How many answers are kept in memory."""


def question(environment: Environment, tool: ToolSpec, call: Call, view: View, shown: Slice, model: str) -> str:
    """Give the key of a question: everything that its answer may depend on."""
    when = instant(view.now) if tool.effect == "write" else instant(view.now)[:10]
    arguments = tool.with_defaults(call.arguments)
    parts = ["outcome", environment.version, tool.name, arguments, shown.document(), shown.counts, when, model]
    return exact_digest(parts)


class OutcomeCache:
    """Answers in memory, and in a file where one is given."""

    def __init__(self, kept: CompletionCache | None = None) -> None:
        self._kept = kept
        self._answers: OrderedDict[str, str] = OrderedDict()
        self._locks = KeyedLock()

    def turn(self, key: str) -> AbstractAsyncContextManager[None]:
        """Wait until nobody else is finding the answer to this question."""
        return self._locks.hold(key)

    async def get(self, key: str, view: View) -> str | None:
        """Give an answer as it reads at this moment, or None."""
        if key not in self._answers and self._kept is not None:
            found = await self._kept.get(key)
            if found is not None:
                self._answers[key] = found.text
        answer = self._answers.get(key)
        if answer is None:
            return None
        self._answers.move_to_end(key)
        for mark, value in _momentary(view):
            answer = answer.replace(mark, value)
        return answer

    def put(self, key: str, answer: str, view: View, usage: Usage | None) -> None:
        """Keep an accepted answer."""
        for mark, value in _momentary(view):
            answer = answer.replace(value, mark)
        self._answers[key] = answer
        if len(self._answers) > MOST:
            self._answers.popitem(last=False)
        if self._kept is not None:
            self._kept.put(key, Completion(text=answer, model="outcome", usage=usage or Usage()))


def _momentary(view: View) -> list[tuple[str, str]]:
    """Give what an answer may hold of its moment, each with a mark that no answer holds."""
    ids = [(f"\ue000id{nth}\ue000", view.new_id("", nth)) for nth in range(MOST_IDS)]
    return [*ids, ("\ue000now\ue000", instant(view.now))]
