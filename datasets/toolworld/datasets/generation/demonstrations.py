"""Choosing the demonstrations of a prompt: some of the seeds, some of what was accepted, none twice."""

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Literal, get_args

from toolworld.datasets.generation.parts import Demonstration, Draw, SeedRow
from toolworld.ground import SpecError

Choice = Literal["random", "similar", "diverse"]
"""At random; those that share most words with the theme, or with the first one drawn; or those that share fewest."""
Order = Literal["random", "seeds_first", "seeds_last", "similar_last", "short_first"]
"""The order in the prompt: drawn, by where they come from, the one nearest to the theme last, or by length."""
CHOICES: tuple[Choice, ...] = get_args(Choice)
ORDERS: tuple[Order, ...] = get_args(Order)
DRAWN = 50
"""How many demonstrations are drawn from either side before the similar or diverse ones among them are taken."""


def as_demonstrations(rows: Sequence[SeedRow]) -> tuple[Demonstration, ...]:
    """Seeds as demonstrations; the rows themselves are left as they are.

    Raises:
        SpecError: a row has no instruction or no response.
    """
    found: list[Demonstration] = []
    for number, row in enumerate(rows):
        instruction, response = row.get("instruction"), row.get("response")
        if not isinstance(instruction, str) or not isinstance(response, str):
            raise SpecError(f"seed {number} must have `instruction` and `response`, both text; it has {', '.join(row)}")
        found.append(Demonstration(f"seed/{number}", instruction, response))
    return tuple(found)


def choose(
    seeds: Sequence[Demonstration],
    draw: Draw,
    *,
    of_seeds: int,
    of_accepted: int,
    by: Choice = "random",
    near: str = "",
) -> list[Demonstration]:
    """Demonstrations from both sides. While too few rows are accepted, seeds stand in for them.

    Args:
        seeds: The seeds.
        draw: The chance, and the rows that were accepted.
        of_seeds: How many seeds.
        of_accepted: How many rows that were accepted.
        by: How they are chosen.
        near: The text that similar ones are similar to; by default the first one drawn.
    """
    generated = min(of_accepted, len(draw.accepted))
    wanted = [(seeds, of_seeds + of_accepted - generated), (draw.accepted, generated)]
    if by == "random":
        return [one for side, count in wanted for one in _drawn(side, count, draw.random)]
    taken: list[Demonstration] = []
    for side, count in wanted:
        pool = _drawn(side, min(max(DRAWN, count), len(side)), draw.random) if count else []
        for _ in range(count):
            taken.append(pool.pop(_next(pool, taken, by, near)))
    return taken


def _drawn(side: Sequence[Demonstration], count: int, random: Random) -> list[Demonstration]:
    return [side[place] for place in random.sample(range(len(side)), count)]


def _next(pool: Sequence[Demonstration], taken: Sequence[Demonstration], by: Choice, near: str) -> int:
    """The place of the one to take next: the nearest, or the one whose nearest among those taken is farthest."""
    if by == "similar":
        target = near or (taken[0].instruction if taken else pool[0].instruction)
        return max(range(len(pool)), key=lambda place: (shared_words(target, pool[place].instruction), -place))
    return min(
        range(len(pool)),
        key=lambda place: max((shared_words(pool[place].instruction, one.instruction) for one in taken), default=0.0),
    )


def in_order(chosen: Sequence[Demonstration], order: Order, draw: Draw, near: str = "") -> list[Demonstration]:
    """The chosen ones in the order in which they stand in the prompt; ties are drawn."""
    shuffled = list(chosen)
    draw.random.shuffle(shuffled)
    keys: dict[Order, Callable[[Demonstration], float]] = {
        "random": lambda _: 0,
        "seeds_first": lambda one: not one.id.startswith("seed/"),
        "seeds_last": lambda one: one.id.startswith("seed/"),
        "similar_last": lambda one: shared_words(near or chosen[0].instruction, one.instruction),
        "short_first": lambda one: len(one.instruction) + len(one.response),
    }
    return sorted(shuffled, key=keys[order])


def shared_words(one: str, other: str) -> float:
    """The share of words that two texts have in common (Jaccard), from 0 to 1."""
    first, second = set(_words(one)), set(_words(other))
    together = len(first | second)
    return len(first & second) / together if together else 0.0


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
