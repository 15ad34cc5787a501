"""Samples of datasets judged by a language model: whether the calls do what was asked, and the output answers it."""

import random
from collections.abc import Callable, Sequence
from importlib.resources import files
from string import Template
from typing import Any, NamedTuple, cast

from toolworld.datasets import Sample, code_of, sample_order, with_checks
from toolworld.ground import JsonObject, JsonValue, closed_object, for_each, shortened
from toolworld.llm import Completion, Message, Model, Request, ResponseFormat, ask

PROMPT = Template((files("toolworld.judges.tool_calls") / "prompts" / "sample.md").read_text(encoding="utf-8"))
MAX_TOKENS, _AT_ONCE = 512, 16
MAX_CHARACTERS = 8_000
"""How much of a conversation, of the results and of an output is shown, each."""
_ANSWERS: list[JsonValue] = ["yes", "no", "unclear"]


class JudgedSamples(NamedTuple):
    """Samples of which some were judged."""

    samples: tuple[Sample, ...]
    asked: int
    """How many the judge was asked about."""
    unusable: int
    """Of how many of them it gave no answer that can be used."""


class SampleJudge:
    """Judges a sample with one completion. A `no` without a reason is `unclear`, and what is unclear is left out."""

    def __init__(self, model: Model, seed: int = 0) -> None:
        self._model = model
        self._seed = seed

    async def judge(self, sample: Sample) -> dict[str, bool] | None:
        """Say whether calls and output of a sample are right, where it has them, under the names of these checks.

        Returns:
            None where the model gives no answer that can be used.

        Raises:
            ModelError: the model does not answer.
            BudgetError: the budget is spent.
        """
        parts = [name for name, is_there in (("calls", sample.calls), ("output", sample.output)) if is_there]
        if not parts:
            return {}
        opinion: JsonObject = closed_object({"why": {"type": "string"}, "right": {"enum": _ANSWERS}})
        request = Request(
            (Message(role="user", content=_shown(sample)),),
            response_format=ResponseFormat(closed_object(dict.fromkeys(parts, opinion)), "opinion"),
            max_tokens=MAX_TOKENS,
            seed=self._seed,
        )

        def find_problem(completion: Completion) -> str | None:
            found = cast("dict[str, dict[str, str]]", completion.value)
            bare = [name for name, one in found.items() if one["right"] == "no" and not one["why"].strip()]
            return f"say what is wrong with the {bare[0]}" if bare else None

        asked = await ask(self._model, request, find_problem)
        if not asked.accepted:
            return None
        found = cast("dict[str, dict[str, Any]]", asked.completion.value)
        return {f"{name} by judge": one["right"] == "yes" for name, one in found.items() if one["right"] != "unclear"}


async def judge_samples(
    judge: SampleJudge,
    samples: Sequence[Sample],
    *,
    most: int,
    seed: int = 0,
    on_sample: Callable[[], None] = lambda: None,
) -> JudgedSamples:
    """The samples, of which so many as are drawn have what the judge found among their checks.

    Args:
        judge: The judge.
        samples: A set.
        most: How many are judged.
        seed: Draws them.
        on_sample: Told of each that is judged.

    Raises:
        ModelError: the model does not answer.
        BudgetError: the budget is spent.
    """
    judged = list(samples)
    order = sorted(range(len(samples)), key=lambda place: sample_order(samples[place]))
    places = random.Random(seed).sample(order, min(most, len(samples)))
    unusable = 0

    async def judge_one(place: int) -> None:
        nonlocal unusable
        found = await judge.judge(samples[place])
        unusable += found is None
        judged[place] = with_checks(samples[place], found or {})
        on_sample()

    await for_each(places, judge_one, at_once=_AT_ONCE)
    return JudgedSamples(tuple(judged), len(places), unusable)


def _shown(sample: Sample) -> str:
    return PROMPT.substitute(
        conversation=shortened(sample.text, MAX_CHARACTERS),
        calls=shortened(code_of(sample.calls), MAX_CHARACTERS) or "(none)",
        results=shortened("\n".join(sample.results), MAX_CHARACTERS) or "(not recorded)",
        output=shortened(sample.output or "(none)", MAX_CHARACTERS),
    )
