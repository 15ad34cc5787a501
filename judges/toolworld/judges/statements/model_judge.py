"""Statements judged by a language model, which has to quote the words that it rests on."""

import re
from collections.abc import Sequence
from importlib.resources import files
from string import Template
from typing import Any, cast

from toolworld.ground import JsonObject, JsonValue, closed_object
from toolworld.judges.statements.statement_judge import Opinion
from toolworld.llm import Completion, Message, Model, Request, ResponseFormat, Usage, ask

PROMPT = Template((files("toolworld.judges.statements") / "prompts" / "judge.md").read_text(encoding="utf-8"))
MAX_TOKENS = 1024
MAX_CHARACTERS = 60_000
"""Characters of a conversation that are shown; its beginning is left out where it is longer."""
_TOLD: list[JsonValue] = ["yes", "no", "unclear"]


class ModelJudge:
    """Judges all statements of a run with one completion.

    A `yes` without words of the agent's own in its quote is `unclear`.
    """

    def __init__(self, model: Model, seed: int = 0) -> None:
        self.name = model.name
        self.usage = Usage()
        """What it cost so far."""
        self._model = model
        self._seed = seed

    async def judge(self, statements: Sequence[str], conversation: Sequence[Message]) -> Sequence[Opinion]:
        """Say for each statement whether the agent told it to the user.

        Raises:
            ModelError: the model does not answer.
        """
        numbered = "\n".join(f"{number}. {statement}" for number, statement in enumerate(statements))
        text = PROMPT.substitute(conversation=_shown(conversation), statements=numbered)
        request = Request(
            (Message(role="user", content=text),),
            response_format=ResponseFormat(_form(len(statements)), "opinions"),
            max_tokens=MAX_TOKENS,
            seed=self._seed,
        )

        def find_problem(completion: Completion) -> str | None:
            numbers = [opinion["number"] for opinion in _opinions(completion)]
            return None if numbers == [*range(len(statements))] else "give one opinion per statement, in their order"

        asked = await ask(self._model, request, find_problem)
        self.usage += asked.usage
        if not asked.accepted:
            return [Opinion("unclear")] * len(statements)
        words = _squeezed(" ".join(message.content or "" for message in conversation if message.role == "assistant"))
        return [_opinion(raw, words) for raw in _opinions(asked.completion)]


def _opinion(raw: dict[str, Any], words: str) -> Opinion:
    quote = _squeezed(str(raw["quote"]))
    told = raw["told"]
    return Opinion("unclear" if told == "yes" and (not quote or quote not in words) else told, str(raw["quote"]))


def _opinions(completion: Completion) -> list[dict[str, Any]]:
    return cast(dict[str, Any], completion.value)["opinions"]


def _form(count: int) -> JsonObject:
    number: JsonObject = {"type": "integer", "minimum": 0, "maximum": count - 1}
    opinion = closed_object({"number": number, "told": {"enum": _TOLD}, "quote": {"type": "string"}})
    return closed_object({"opinions": {"type": "array", "items": opinion, "minItems": count, "maxItems": count}})


def _shown(conversation: Sequence[Message]) -> str:
    names = {"user": "Customer", "assistant": "Agent"}
    spoken = [
        f"{names[message.role]}: {message.content}"
        for message in conversation
        if message.role in names and message.content
    ]
    return "\n".join(spoken)[-MAX_CHARACTERS:]


def _squeezed(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()
