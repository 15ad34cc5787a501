"""New samples that a model writes after examples."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from toolworld.datasets.perturbation.asking import ModelOptions, ask_for_json, make_each, prompt
from toolworld.datasets.perturbation.draws import FewShotDraws
from toolworld.datasets.perturbation.perturbed import Perturbed, unreadable, with_calls, with_output, with_turns
from toolworld.datasets.samples.code import code_of
from toolworld.datasets.samples.sample import Sample, Turn
from toolworld.environments import Call
from toolworld.ground import JsonObject, JsonValue, UsageError, closed_object
from toolworld.llm import ResponseFormat


async def fewshot(
    samples: Sequence[Sample], examples: int, options: ModelOptions, *, each_anew: bool = False
) -> Perturbed:
    """Let a model write as many samples anew, after a few examples.

    Args:
        samples: The dataset.
        examples: How many examples it sees; the original draws them with replacement, so that it sees fewer.
        options: How it is asked.
        each_anew: Draw other examples for each sample.

    Raises:
        ModelError: the model does not answer.
        BudgetError: the budget is spent.
    """
    method = "fewshot_random" if each_anew else "fewshot"
    if examples > len(samples):
        raise UsageError(f"{method}: {examples} examples cannot be drawn of {len(samples)} samples")
    tools = list(dict.fromkeys(name for one in samples for name in one.names))
    shown = _examples(len(samples), examples, options, each_anew=each_anew)
    texts = {one.text for one in samples}
    turns = _turn_counts(samples, examples, options)
    likes = _references(samples, examples, options)

    async def write(place: int) -> Sample | str:
        like = likes[place]
        text = prompt("fewshot").substitute(
            examples="\n\n".join(_shown(samples[one]) for one in shown[place]),
            turns=f"in {turns[place]} turns",
            tools=", ".join(tools) or "none",
            output="" if like.output is None else "Give its output as well.",
        )
        form = _new_sample_form(tools, has_output=like.output is not None)
        answer = await ask_for_json(
            options, text, form, lambda found: _copy_problem(found, like, texts), place, "fewshot"
        )
        return answer if isinstance(answer, str) else _as_sample(answer, like)

    return await make_each(method, samples, write, options, {"examples": examples})


def _examples(size: int, count: int, options: ModelOptions, *, each_anew: bool) -> list[list[int]]:
    """The examples of each new sample."""
    if options.original and not each_anew:
        return [FewShotDraws(size, count, options.seed).examples] * size
    random = np.random.default_rng(options.seed)

    def drawn() -> list[int]:
        if options.original:
            return sorted({int(one) for one in random.choice(size, size=count, replace=True)})
        return sorted(int(one) for one in random.permutation(size)[:count])

    return [drawn() for _ in range(size)] if each_anew else [drawn()] * size


def _references(samples: Sequence[Sample], examples: int, options: ModelOptions) -> Sequence[Sample]:
    """What each new sample takes its form and labels from: the one in its place, or as the original draws them."""
    if not options.original:
        return samples
    return [samples[place] for place in FewShotDraws(len(samples), examples, options.seed).references]


def _turn_counts(samples: Sequence[Sample], examples: int, options: ModelOptions) -> list[int]:
    """How many turns each new sample is to have: as many as the one in its place, or as the original draws them."""
    if options.original:
        return FewShotDraws(len(samples), examples, options.seed).turns
    return [max(1, len(one.turns)) for one in samples]


def _new_sample_form(tools: Sequence[str], *, has_output: bool) -> ResponseFormat:
    text: JsonObject = {"type": "string", "minLength": 1}
    speaker: JsonObject = {"enum": ["user", "assistant"]}
    call: JsonObject = closed_object({"name": {"enum": [*tools]}, "arguments": {"type": "object"}})
    parts: JsonObject = {
        "turns": {"type": "array", "items": closed_object({"speaker": speaker, "text": text}), "minItems": 1},
        **({"calls": {"type": "array", "items": call}} if tools else {}),
        **({"output": text} if has_output else {}),
    }
    return ResponseFormat(closed_object(parts), "sample")


def _copy_problem(found: JsonObject, like: Sample, texts: set[str]) -> str | None:
    made = _as_sample(found, like)
    return "it repeats a sample word for word" if made.text in texts else unreadable(made)


def _as_sample(found: JsonObject, like: Sample) -> Sample:
    turns = [Turn.model_validate(one) for one in cast("list[JsonValue]", found["turns"])]
    calls = [Call.model_validate(one) for one in cast("list[JsonValue]", found.get("calls") or [])]
    made = with_calls(with_turns(like, turns), calls)
    return with_output(made, str(found["output"])) if "output" in found else made


def _shown(sample: Sample) -> str:
    parts = [sample.text, f"Calls:\n{code_of(sample.calls)}" if sample.calls else ""]
    return "\n".join(part for part in (*parts, f"Output: {sample.output}" if sample.output is not None else "") if part)
