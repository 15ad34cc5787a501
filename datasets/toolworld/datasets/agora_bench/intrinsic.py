"""What the rows of a generator are like: their soundness, difficulty, quality, diversity and cost."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolworld.datasets.agora_bench.generator_rows import GeneratorRows
from toolworld.datasets.agora_bench.pair_judge import PairScore, judged
from toolworld.datasets.agora_bench.solver import can_be_checked, fields_of, is_right, solved
from toolworld.datasets.generation.domains.domain import Checks, Domain, validator_of
from toolworld.datasets.generation.near_duplicates import NearDuplicateFilter
from toolworld.datasets.generation.parts import Instance, Ok
from toolworld.datasets.generation.placeholders import DEFAULT_FORMATS
from toolworld.datasets.generation.validators.combined import validated
from toolworld.datasets.metrics.perplexity import perplexities
from toolworld.datasets.metrics.resampling import equal_draw
from toolworld.datasets.metrics.vendi import vendi_of_vectors
from toolworld.datasets.metrics.word_vectors import mean_distance
from toolworld.ground import ModelError, for_each
from toolworld.llm import Model

NEAR = 0.7
"""From which share of common words on a row repeats another."""
Vectors = NDArray[np.float32]
Rows = Sequence[Mapping[str, Any]]
LogProbabilities = Callable[[str, str], Awaitable[Sequence[float]]]
"""Of an instruction and its response, the logarithms of the probabilities of the response's tokens."""


@dataclass(frozen=True)
class Instruments:
    """What measures: fixed for all generators."""

    domain: Domain
    solver: Model | None = None
    judge: Model | None = None
    log_probabilities: LogProbabilities | None = None
    tries: int = 2
    """How often the solver tries each row."""
    most: int = 100
    """Of how many rows models look at."""
    seed: int = 0
    at_once: int = 16


def sampled(rows: Rows, most: int, seed: int) -> list[Mapping[str, Any]]:
    """So many rows, drawn, in their order."""
    return [rows[int(place)] for place in equal_draw(len(rows), most, seed)]


def from_summary(generator: GeneratorRows) -> dict[str, float | None]:
    """What the run says of itself: the share of replies that were rejected, cost, time and errors."""
    found = generator.summary
    if found is None:
        return {"reject rate": None, "cost per row": None, "seconds per row": None, "unanswered": None}
    return {
        "reject rate": 1 - found.accepted_share if found.replies else None,
        "cost per row": found.cost_per_row,
        # Of a run that went on from its log nobody knows how long the whole of it took.
        "seconds per row": found.seconds / found.accepted if found.accepted and not found.from_log else None,
        "unanswered": found.rejected.get("no_answer", 0) / max(1, found.replies + found.rejected.get("no_answer", 0)),
    }


def diversity(instructions: Vectors, responses: Vectors, size: int, seed: int) -> dict[str, float | None]:
    """How unlike each other instructions and responses are; the Vendi score of sets of equal size.

    Args:
        instructions: The vectors of instructions.
        responses: Those of responses.
        size: How many rows of each generator the Vendi score is taken of: it grows with their number.
        seed: Draws them.
    """
    drawn = equal_draw(len(instructions), size, seed)
    return {
        "instruction diversity": mean_distance(instructions),
        "response diversity": mean_distance(responses),
        "vendi": vendi_of_vectors(instructions[drawn]) / len(drawn) if len(drawn) else None,
    }


def repetition(rows: Rows) -> float:
    """The share of rows whose instruction nearly repeats an earlier one; from 0 to 1, lower is better."""
    near = NearDuplicateFilter(NEAR)
    return sum(near.add(str(place), str(row["instruction"])) is not None for place, row in enumerate(rows)) / len(rows)


async def soundness(rows: Rows, domain: Domain) -> dict[str, float]:
    """The share of rows that pass the domain's checks, and of those that do and nearly repeat none before them.

    The checks are those of a run: one final answer and right calculations, code that passes its tests.
    """
    validator = validator_of(domain, DEFAULT_FORMATS, Checks(max_tokens=100_000))
    near, sound, new = NearDuplicateFilter(NEAR), list[bool](), list[bool]()
    for row in rows:
        instance = Instance(instruction=str(row["instruction"]), response=str(row["response"]))
        outcome = await validated(validator, instance, {"fields": fields_of(row)})
        sound.append(isinstance(outcome, Ok))
        new.append(sound[-1] and near.add("", instance.instruction) is None)
    return {"sound": fmean(sound), "sound and new": fmean(new)}


async def difficulty(rows: Rows, instruments: Instruments) -> float | None:
    """1 - the share of tries in which a fixed solver comes to the row's own answer; from 0 to 1.

    It is high for hard rows, and for wrong ones: soundness tells them apart where it can. None where no row tells what
    is right, or the solver answers nothing.
    """
    model = instruments.solver
    drawn = sampled(rows, instruments.most, instruments.seed)
    tried = [row for row in drawn if can_be_checked(instruments.domain, row)]
    if model is None or not tried:
        return None
    right: list[bool] = []

    async def try_once(job: tuple[Mapping[str, Any], int]) -> None:
        row, number = job
        try:
            text = await solved(
                model, instruments.domain, str(row["instruction"]), seed=number, temperature=0.7 if number else 0.0
            )
        except ModelError:
            return
        right.append(await is_right(instruments.domain, text, row))

    jobs = [(row, number) for row in tried for number in range(instruments.tries)]
    await for_each(jobs, try_once, at_once=instruments.at_once)
    return 1 - fmean(right) if right else None


async def judgements(rows: Rows, instruments: Instruments) -> dict[str, float | None]:
    """The mean scores of a judge, from 1 to 5."""
    model = instruments.judge
    if model is None:
        return {"quality (judge)": None, "difficulty (judge)": None}
    found: list[PairScore] = []

    async def judge_one(row: Mapping[str, Any]) -> None:
        try:
            score = await judged(model, str(row["instruction"]), str(row["response"]))
        except ModelError:
            return
        if score is not None:
            found.append(score)

    await for_each(sampled(rows, instruments.most, instruments.seed), judge_one, at_once=instruments.at_once)
    return {
        "quality (judge)": fmean(one.quality for one in found) if found else None,
        "difficulty (judge)": fmean(one.difficulty for one in found) if found else None,
    }


async def median_perplexity(rows: Rows, instruments: Instruments) -> float | None:
    """The median perplexity of responses, given their instructions, under the model that is to be trained; a mean would
    be that of the shortest responses."""
    score = instruments.log_probabilities
    if score is None:
        return None
    values: list[float] = []

    async def score_one(row: Mapping[str, Any]) -> None:
        try:
            tokens = await score(f"{row['instruction']}\n\n", str(row["response"]))
        except ModelError:
            return
        values.extend(one for one in perplexities([tokens]) if one is not None)

    await for_each(sampled(rows, instruments.most, instruments.seed), score_one, at_once=instruments.at_once)
    return median(values) if values else None
