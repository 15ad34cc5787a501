"""A writer that is a language model."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any, cast

from toolworld.ground import JsonObject, closed_object, digest, encode
from toolworld.llm import Message, Model, Request, ResponseFormat
from toolworld.rollout.questions.question import Draft, PathTold, ReasoningStep
from toolworld.rollout.trees.config import Example
from toolworld.rollout.trees.shown_path import shown_path

_TEMPERATURES = (0.7, 0.8, 0.9)
_MAX_TOKENS = 1024
_TEXT: JsonObject = {"type": "string"}
_STEP: JsonObject = closed_object({"hop": {"type": "integer"}, "fact": _TEXT, "evidence": _TEXT, "output": _TEXT})
_FORMAT = ResponseFormat(
    closed_object(
        {
            "question": _TEXT,
            "answer": _TEXT,
            "reasoning_steps": {"type": "array", "items": _STEP},
        }
    ),
    "question",
)
_ANSWER = ResponseFormat(closed_object({"answer": _TEXT}), "answer")


@cache
def prompt(name: str) -> Template:
    """A prompt of this folder."""
    return Template((files("toolworld.rollout.questions") / "prompts" / f"{name}.md").read_text(encoding="utf-8"))


class ModelWriter:
    """Writes what a model writes.

    Args:
        model: The model.
        min_hops: How many reasoning steps a question has at least.
        observation_tokens: How many tokens of results it is shown.
        description: What seeds are.
        tips: How to write.
        examples: Questions of the style that is wanted.
        seed: Of its completions.
    """

    def __init__(
        self,
        model: Model,
        *,
        min_hops: int,
        observation_tokens: int,
        description: str = "",
        tips: str = "",
        examples: Sequence[Example] = (),
        seed: int = 0,
    ) -> None:
        self.name = model.name
        self._model = model
        self._min_hops = min_hops
        self._observation_tokens = observation_tokens
        self._description = f"\nWhat that is: {description}\n" if description else ""
        self._tips = f"\nHow to write:\n{tips}\n" if tips else ""
        shown = "\n".join(encode(one.model_dump()).decode() for one in examples)
        self._examples = f"\nExamples of style:\n{shown}\n" if shown else ""
        self._seed = seed

    async def write(self, told: PathTold) -> Draft | str:
        """Ask for a question; the try after a draft that was not used is told why."""
        wrong = f"\nThe last draft cannot be used: {told.why}. Write another one.\n" if told.why else ""
        text = prompt("write").substitute(
            content=told.seed.content,
            description=self._description,
            tips=self._tips,
            path=shown_path(told.path, self._observation_tokens).text,
            min_hops=self._min_hops,
            examples=self._examples,
            problem=wrong,
        )
        place = [told.path[-1].id if told.path else "", told.tried]
        request = Request(
            (Message(role="user", content=text),),
            response_format=_FORMAT,
            temperature=_TEMPERATURES[min(told.attempt, len(_TEMPERATURES) - 1)],
            max_tokens=_MAX_TOKENS,
            seed=(self._seed + int(digest(place)[:7], 16)) % 2**31,
        )
        completion = await self._model.complete(request)
        if completion.problem is not None or completion.value is None:
            return f"the answer is not of the form: {completion.problem or 'it is empty'}"
        return _draft(cast("dict[str, Any]", completion.value))


def _draft(value: dict[str, Any]) -> Draft:
    steps = tuple(
        ReasoningStep(hop=one["hop"], fact=one["fact"], evidence=one["evidence"], output=one["output"])
        for one in value["reasoning_steps"]
    )
    return Draft(question=value["question"].strip(), answer=value["answer"].strip(), reasoning_steps=steps)


async def closed_book_answer(model: Model, question: str) -> str:
    """What a model answers without tools; empty where it gives no answer of the form."""
    text = prompt("closed_book").substitute(question=question)
    completion = await model.complete(
        Request((Message(role="user", content=text),), response_format=_ANSWER, max_tokens=256)
    )
    value = completion.value
    return str(value["answer"]) if isinstance(value, dict) else ""
