"""Blanks in what users say, filled in by a model."""

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from toolworld.datasets.perturbation.asking import ModelOptions, ask_for_json, make_each, prompt
from toolworld.datasets.perturbation.draws import BLANK, exact_blanks, original_blanks
from toolworld.datasets.perturbation.perturbed import Perturbed, unreadable, with_turns
from toolworld.datasets.samples.sample import Sample
from toolworld.ground import JsonObject, JsonValue
from toolworld.llm import ResponseFormat

_FILLED = ResponseFormat(
    {
        "type": "object",
        "properties": {"turns": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}},
        "required": ["turns"],
        "additionalProperties": False,
    },
    "filled",
)


async def blankfill(samples: Sequence[Sample], share: float, options: ModelOptions) -> Perturbed:
    """Blank a share of the words of what users say, and let a model fill them in; calls and outputs stay.

    Of an ACPBench sample the question is blanked, and the context stays. An answer that changes other words than the
    blank ones is asked for again, and then rejected.

    Raises:
        ModelError: the model does not answer.
        BudgetError: the budget is spent.
    """
    blank = _blanker(share, options)
    blanked = [{place: blank(sample.turns[place].text) for place in _blankable(sample)} for sample in samples]

    async def fill(number: int) -> Sample | str:
        sample = samples[number]
        asked = {place: text for place, text in blanked[number].items() if BLANK in text.split()}
        if not asked:
            return sample
        lines = [f"{line}. {text}" for line, text in enumerate(asked.values(), start=1)]
        answer = await ask_for_json(
            options,
            prompt("blankfill").substitute(turns="\n".join(lines)),
            _FILLED,
            lambda found: _filled_problem(found, [*asked.values()]),
            number,
            "blankfill",
        )
        if isinstance(answer, str):
            return answer
        filled = dict(zip(asked, cast("list[str]", answer["turns"]), strict=True))
        turns = [
            turn.model_copy(update={"text": filled[place].strip()}) if place in filled else turn
            for place, turn in enumerate(sample.turns)
        ]
        made = with_turns(sample, turns)
        return unreadable(made) or made

    return await make_each("blankfill", samples, fill, options, {"share": share})


def _blankable(sample: Sample) -> list[int]:
    """The positions of the turns whose words may be blanked."""
    said = [place for place, turn in enumerate(sample.turns) if turn.speaker == "user"]
    return said[1:] if sample.layout == "acp" else said


def _blanker(share: float, options: ModelOptions) -> Callable[[str], str]:
    """Blanks words of one text after the other."""
    if options.original:
        old = np.random.RandomState(options.seed)
        return lambda text: original_blanks(text, share, old)
    random = np.random.default_rng(options.seed)
    return lambda text: exact_blanks(text, share, random)


def _filled_problem(found: JsonObject, asked: Sequence[str]) -> str | None:
    turns = [str(one) for one in cast("list[JsonValue]", found["turns"])]
    if len(turns) != len(asked):
        return f"there are {len(asked)} turns, and these are {len(turns)}"
    for turn, before in zip(turns, asked, strict=True):
        words = iter(turn.split())
        if BLANK in turn.split() or not turn.strip():
            return f"a blank is left in {turn!r:.80}"
        lost = next((word for word in before.split() if word != BLANK and word not in words), None)
        if lost is not None:
            return f"the word {lost!r} is not kept in its place in {turn!r:.80}"
    return None
