"""Simulated calls judged by a language model, which has to say what is wrong with those that it holds to be wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import Any, Literal, cast

from toolworld.environments import AuditedCall, ToolSpec
from toolworld.ground import JsonObject, JsonValue, closed_object, encode
from toolworld.llm import Completion, Message, Model, Request, ResponseFormat, ask

PROMPT = Template((files("toolworld.judges.tool_calls") / "prompts" / "judge.md").read_text(encoding="utf-8"))
MAX_TOKENS = 1024
MAX_BYTES = 4_000
"""How much of a call is shown."""
_LABELS: list[JsonValue] = ["right", "wrong", "unclear"]


@dataclass(frozen=True, slots=True)
class CallOpinion:
    """What a judge holds of one call."""

    label: Literal["right", "wrong", "unclear"]
    why: str = ""
    """What is wrong with it."""


class ToolCallJudge:
    """Judges all calls of a tool with one completion.

    A `wrong` without a reason is `unclear`, and so is everything where the model gives no answer that can be used.
    """

    def __init__(self, model: Model, seed: int = 0) -> None:
        self._model = model
        self._seed = seed

    async def judge(self, tool: ToolSpec, calls: Sequence[AuditedCall]) -> list[CallOpinion]:
        """Say of each call whether it is what the tool promises.

        Raises:
            ModelError: the model does not answer.
            BudgetError: the budget is spent.
        """
        if not calls:
            return []
        shown = [encode(one.model_dump(mode="json", exclude_defaults=True)).decode()[:MAX_BYTES] for one in calls]
        text = PROMPT.substitute(
            tool=tool.model_dump_json(
                include={"name", "description", "input_schema", "output_schema", "effect", "errors"}
            ),
            calls="\n".join(f"{number}. {call}" for number, call in enumerate(shown)),
        )
        request = Request(
            (Message(role="user", content=text),),
            response_format=ResponseFormat(_form(len(calls)), "opinions"),
            max_tokens=MAX_TOKENS,
            seed=self._seed,
        )

        def find_problem(completion: Completion) -> str | None:
            numbers = [opinion["number"] for opinion in _opinions(completion)]
            return None if numbers == [*range(len(calls))] else "give one opinion per call, in their order"

        asked = await ask(self._model, request, find_problem)
        if not asked.accepted:
            return [CallOpinion("unclear")] * len(calls)
        return [_opinion(raw) for raw in _opinions(asked.completion)]


def _opinion(raw: dict[str, Any]) -> CallOpinion:
    why = str(raw["why"]).strip()
    return CallOpinion("unclear" if raw["label"] == "wrong" and not why else raw["label"], why)


def _opinions(completion: Completion) -> list[dict[str, Any]]:
    return cast(dict[str, Any], completion.value)["opinions"]


def _form(count: int) -> JsonObject:
    number: JsonValue = {"type": "integer", "minimum": 0, "maximum": count - 1}
    opinion = closed_object({"number": number, "label": {"enum": _LABELS}, "why": {"type": "string"}})
    return closed_object({"opinions": {"type": "array", "items": opinion, "minItems": count, "maxItems": count}})
