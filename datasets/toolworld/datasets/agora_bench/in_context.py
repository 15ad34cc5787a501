"""A stand-in for the performance gap recovered that trains nothing: rows are shown to a model as examples.

The same three scores: the base solves without examples, the student with rows of a generator, the reference with rows
that are known to be good. It says how well rows teach by example, which is not how well they teach by training.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random
from typing import Any

from toolworld.datasets.agora_bench.gap import GapRecovered, gap_recovered
from toolworld.datasets.agora_bench.generator_rows import GeneratorRows
from toolworld.datasets.agora_bench.intrinsic import NEAR
from toolworld.datasets.agora_bench.solver import Shown, is_right, solved
from toolworld.datasets.generation.demonstrations import shared_words
from toolworld.datasets.generation.domains.domain import Domain
from toolworld.ground import ModelError, for_each
from toolworld.llm import Model

Rows = Sequence[Mapping[str, Any]]
Grade = Callable[[str, Mapping[str, Any]], Awaitable[float | None]]
"""The score of an answer to an item; None where nobody can tell: then the item does not count."""
SHOWN, _LOOKED_AT = 4, 5


async def in_context_gaps(
    model: Model,
    domain: Domain,
    *,
    items: Rows,
    reference: Rows,
    generators: Sequence[GeneratorRows],
    grade: Grade | None = None,
    shown: int = SHOWN,
    seed: int = 0,
    at_once: int = 16,
) -> dict[str, GapRecovered | None]:
    """The in-context gap recovered of each generator.

    Args:
        model: The model that solves.
        domain: The domain.
        items: The benchmark: rows with answers or tests.
        reference: Rows that are known to be good.
        generators: The generators.
        grade: Scores an answer; by default 1 where it is right.
        shown: How many examples are shown; none that nearly repeats the item.
        seed: Draws them, for each item others.
        at_once: How many requests at a time.

    Items that the model does not answer on some side are left out on all of them.
    """

    async def right(answer: str, item: Mapping[str, Any]) -> float:
        return float(await is_right(domain, answer, item))

    sides: dict[str, Rows] = {"": (), "reference": reference, **{f"={one.name}": one.rows for one in generators}}
    scores: dict[str, dict[str, float]] = {name: {} for name in sides}

    async def solve(job: tuple[str, int]) -> None:
        name, place = job
        item = str(items[place]["instruction"])
        examples = _drawn(sides[name], shown, f"{seed}/{place}", item)
        try:
            answer = await solved(model, domain, item, shown=examples)
            score = await (grade or right)(answer, items[place])
        except ModelError:
            return  # the item is left out, on all sides
        if score is not None:
            scores[name][str(place)] = score

    await for_each([(name, place) for place in range(len(items)) for name in sides], solve, at_once=at_once)
    return {
        one.name: gap_recovered(scores[""], scores[f"={one.name}"], scores["reference"], seed) for one in generators
    }


def _drawn(rows: Rows, count: int, seed: str, item: str) -> list[Shown]:
    """Examples, none of which gives the item away."""
    found: list[Shown] = []
    for place in Random(seed).sample(range(len(rows)), min(len(rows), _LOOKED_AT * count)):
        one = Shown(str(rows[place]["instruction"]), str(rows[place]["response"]))
        if shared_words(one.instruction, item) < NEAR:
            found.append(one)
        if len(found) == count:
            break
    return found
