"""Blanks in what users say, filled in by a model."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from toolworld.datasets.perturbation.asking import ModelOptions, answered, collected, prompt
from toolworld.datasets.perturbation.draws import BLANK, exact_blanks, original_blanks
from toolworld.datasets.perturbation.perturbed import Perturbed, unreadable, with_turns
from toolworld.datasets.samples.sample import Sample, Turn
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

    Of an ACPBench sample the question is blanked, and the context stays.

    Raises:
        ModelError: the model does not answer.
        BudgetError: the budget is spent.
    """
    random = np.random.default_rng(options.seed)
    blanked: list[list[Turn]] = []
    for number, sample in enumerate(samples):
        blanked.append(
            [_blanked(turn, place, sample, share, options, random, number) for place, turn in enumerate(sample.turns)]
        )

    async def fill(place: int) -> Sample | str:
        sample, turns = samples[place], blanked[place]
        asked = [turn.text for turn in turns if BLANK in turn.text.split()]
        if not asked:
            return sample
        text = prompt("blankfill").substitute(turns="\n".join(f"{n}. {said}" for n, said in enumerate(asked, start=1)))
        answer = await answered(
            options, text, _FILLED, lambda found: _filled_problem(found, len(asked)), place, "blankfill"
        )
        if isinstance(answer, str):
            return answer
        filled = iter(cast("list[str]", answer["turns"]))
        new = [
            turn.model_copy(update={"text": next(filled).strip()}) if BLANK in turn.text.split() else turn
            for turn in turns
        ]
        made = with_turns(sample, new)
        return unreadable(made) or made

    return await collected("blankfill", samples, fill, options, {"share": share})


def _blanked(
    turn: Turn,
    place: int,
    sample: Sample,
    share: float,
    options: ModelOptions,
    random: np.random.Generator,
    number: int,
) -> Turn:
    if turn.speaker != "user" or (sample.layout == "acp" and place == 0):
        return turn
    if options.original:
        return turn.model_copy(update={"text": original_blanks(turn.text, share, options.seed + number)})
    return turn.model_copy(update={"text": exact_blanks(turn.text, share, random)})


def _filled_problem(found: JsonObject, wanted: int) -> str | None:
    turns = [str(one) for one in cast("list[JsonValue]", found["turns"])]
    if len(turns) != wanted:
        return f"there are {wanted} turns, and these are {len(turns)}"
    left = next((one for one in turns if BLANK in one.split() or not one.strip()), None)
    return None if left is None else f"a blank is left in {left!r:.80}"
