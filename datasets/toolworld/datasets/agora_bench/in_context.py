"""A stand-in for the performance gap recovered that trains nothing: rows are shown to a model as examples.

The same three scores: the base solves without examples, the student with rows of a generator, the reference with rows
that are known to be good. It says how well rows teach by example, which is not how well they teach by training.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random
from typing import Any

from toolworld.datasets.agora_bench.gap import GapRecovered, gap_recovered
from toolworld.datasets.agora_bench.generator_rows import GeneratorRows
from toolworld.datasets.agora_bench.solver import Shown, is_right, solved
from toolworld.datasets.generation.domains.domain import Domain
from toolworld.ground import for_each
from toolworld.llm import Model

Rows = Sequence[Mapping[str, Any]]
Grade = Callable[[str, Mapping[str, Any]], Awaitable[float]]
"""The score of an answer to an item."""
SHOWN = 4


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
        shown: How many examples are shown.
        seed: Draws them, for each item others; for all sides from the same places.
        at_once: How many requests at a time.

    Raises:
        ModelError: the model does not answer.
    """

    async def right(answer: str, item: Mapping[str, Any]) -> float:
        return float(await is_right(domain, answer, item))

    sides: dict[str, Rows] = {"": (), "reference": reference, **{f"={one.name}": one.rows for one in generators}}
    scores: dict[str, dict[str, float]] = {name: {} for name in sides}

    async def solve(job: tuple[str, int]) -> None:
        name, place = job
        examples = _drawn(sides[name], shown, f"{seed}/{place}")
        answer = await solved(model, domain, str(items[place]["instruction"]), shown=examples)
        scores[name][str(place)] = await (grade or right)(answer, items[place])

    await for_each([(name, place) for place in range(len(items)) for name in sides], solve, at_once=at_once)
    return {
        one.name: gap_recovered(scores[""], scores[f"={one.name}"], scores["reference"], seed) for one in generators
    }


def _drawn(rows: Rows, count: int, seed: str) -> list[Shown]:
    places = Random(seed).sample(range(len(rows)), min(count, len(rows)))
    return [Shown(str(rows[place]["instruction"]), str(rows[place]["response"])) for place in places]
