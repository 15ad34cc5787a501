"""A cache of accepted answers: the same call in the same environment and state is sent to the model only once.

Parts of an answer that depend on the moment and not on the question are filled in anew each time: the
ids that the call is given, and for tools that only read, the time (not the date).
"""

from collections import OrderedDict
from contextlib import AbstractAsyncContextManager

from toolworld.environments.calls.event import Call
from toolworld.environments.calls.simulator import View
from toolworld.environments.model_simulator.consistency import MAX_IDS
from toolworld.environments.model_simulator.context import Slice
from toolworld.environments.spec.clock import instant
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.ground import KeyedLock, exact_digest
from toolworld.llm import Completion, CompletionCache, Usage

MAX_ANSWERS = 4096
"""Maximum number of answers that are kept in memory."""


def question(environment: Environment, tool: ToolSpec, call: Call, view: View, shown: Slice, model: str) -> str:
    """The cache key of a question: a digest of everything that its answer may depend on."""
    # what a write stores may depend on the time; for reads the date is enough, and makes more questions equal
    when = instant(view.now) if tool.effect == "write" else instant(view.now)[:10]
    arguments = tool.with_defaults(call.arguments)
    parts = ["outcome", environment.version, tool.name, arguments, shown.document(), shown.counts, when, model]
    return exact_digest(parts)


class OutcomeCache:
    """Accepted answers in memory, and in a file as well if one is given."""

    def __init__(self, kept: CompletionCache | None = None) -> None:
        self._file_cache = kept
        self._answers: OrderedDict[str, str] = OrderedDict()
        self._locks = KeyedLock()

    def turn(self, key: str) -> AbstractAsyncContextManager[None]:
        """Lock a question, so that equal questions at the same time are sent to the model once."""
        return self._locks.hold(key)

    async def get(self, key: str, view: View) -> str | None:
        """The answer with the ids and the time of this call, or None if there is none."""
        if key not in self._answers and self._file_cache is not None:
            stored = await self._file_cache.get(key)
            if stored is not None:
                self._answers[key] = stored.text
        answer = self._answers.get(key)
        if answer is None:
            return None
        self._answers.move_to_end(key)
        for placeholder, value in _placeholders(view):
            answer = answer.replace(placeholder, value)
        return answer

    def put(self, key: str, answer: str, view: View, usage: Usage | None) -> None:
        """Store an accepted answer, with placeholders for the ids and the time of its call."""
        for placeholder, value in _placeholders(view):
            answer = answer.replace(value, placeholder)
        self._answers[key] = answer
        if len(self._answers) > MAX_ANSWERS:
            self._answers.popitem(last=False)
        if self._file_cache is not None:
            self._file_cache.put(key, Completion(text=answer, model="outcome", usage=usage or Usage()))


def _placeholders(view: View) -> list[tuple[str, str]]:
    """Pairs of a placeholder, which no answer contains, and the id or time that it stands for in this call."""
    ids = [(f"\ue000id{nth}\ue000", view.new_id("", nth)) for nth in range(MAX_IDS)]
    return [*ids, ("\ue000now\ue000", instant(view.now))]
