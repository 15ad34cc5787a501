"""Keeping a prompt within the model's window: long demonstrations give way to shorter ones."""

from collections.abc import Sequence

from toolworld.datasets.generation.parts import Demonstration, Draw
from toolworld.datasets.generation.tokens import CountTokens

_TRIES = 20


def fitted(
    chosen: Sequence[Demonstration],
    draw: Draw,
    *,
    seeds: Sequence[Demonstration],
    room: int,
    count: CountTokens,
) -> list[Demonstration] | None:
    """Demonstrations that fit, or None where even the shortest that were found do not.

    The longest is replaced, again and again, by a shorter one that is drawn from the same side.

    Args:
        chosen: Those that were chosen.
        draw: The chance, and the rows that were accepted.
        seeds: The seeds.
        room: The tokens that all demonstrations together may have.
        count: Counts tokens.
    """
    fitting = list(chosen)
    lengths = [_length(one, count) for one in fitting]
    for _ in range(_TRIES):
        if sum(lengths) <= room:
            return fitting
        longest = lengths.index(max(lengths))
        side = seeds if fitting[longest].id.startswith("seed/") else draw.accepted
        taken = {one.id for one in fitting}
        others = [side[place] for place in draw.random.sample(range(len(side)), min(_TRIES, len(side)))]
        free = [one for one in others if one.id not in taken]
        if not free:
            return None
        shortest = min(free, key=lambda one: _length(one, count))
        if _length(shortest, count) >= lengths[longest]:
            return None
        fitting[longest], lengths[longest] = shortest, _length(shortest, count)
    return fitting if sum(lengths) <= room else None


def _length(one: Demonstration, count: CountTokens) -> int:
    return count(one.instruction) + count(one.response)
