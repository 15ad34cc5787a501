"""Which samples a perturbation takes: so many as were asked for; or as the original SynAE draws, with replacement."""

from collections import Counter
from collections.abc import Sequence
from math import ceil, floor

import numpy as np


def exact_draw(size: int, share: float, seed: int) -> list[int]:
    """So many different positions as the share says, rounded to the nearest, in the order of the draw."""
    return [int(one) for one in np.random.default_rng(seed).permutation(size)[: round(share * size)]]


def oversample_draw(size: int, share: float, positions: Sequence[int], seed: int) -> list[int]:
    """The positions of a set in which ceil(share · size) samples are copies of a few, and all others differ.

    Args:
        size: How many samples there are, before and after.
        share: How much of the set the copies are; where it is less than what those few are anyway, nothing changes.
        positions: Those that are copied, in turn.
        seed: Draws the others, without replacement.
    """
    copies = ceil(share * size)
    if copies <= len(positions):
        return list(range(size))
    others = [one for one in range(size) if one not in positions]
    kept = np.random.default_rng(seed).permutation(len(others))[: size - copies]
    return [*_tiled(positions, copies), *(others[int(one)] for one in sorted(kept))]


def original_oversample_draw(
    size: int, share: float, positions: Sequence[int], seed: int, *, with_replacement: bool = True
) -> list[int]:
    """The same as the original draws: the others with replacement, and never those that are copied."""
    copies = ceil(share * size)
    others = [one for one in range(size) if one not in positions]
    wanted = size - copies
    replace = with_replacement or wanted > len(others)
    random = np.random.default_rng(seed)
    drawn = [int(one) for one in random.choice(others, size=wanted, replace=replace)] if wanted and others else []
    return [*_tiled(positions, copies), *drawn]


def _tiled(positions: Sequence[int], count: int) -> list[int]:
    return [positions[number % len(positions)] for number in range(count)]


def original_draw(size: int, share: float, seed: int) -> list[int]:
    """floor(share · size) positions with replacement, each named once: fewer than were asked for."""
    drawn = np.random.default_rng(seed).choice(size, size=floor(share * size), replace=True)
    return list(dict.fromkeys(int(one) for one in drawn))


def rarest(labels: Sequence[str], count: int) -> list[str]:
    """The rarest labels; of those that are equally rare, the first in the alphabet."""
    counts = Counter(label for label in labels if label)
    return sorted(counts, key=lambda label: (counts[label], label))[:count]


def drop_draw(labels: Sequence[str], count: int, share: float, seed: int, *, original: bool = False) -> list[int]:
    """The positions that are left out: of each of the rarest labels so much as the share says.

    Args:
        labels: The label of each sample.
        count: Of how many labels.
        share: How much of each is left out, rounded to the nearest; the original rounds down.
        seed: Draws them.
        original: Draw with replacement, so that fewer are left out, as the original does.
    """
    random = np.random.default_rng(seed)
    found: list[int] = []
    for label in rarest(labels, count):
        places = [place for place, one in enumerate(labels) if one == label]
        wanted = floor(share * len(places)) if original else round(share * len(places))
        found += [int(one) for one in random.choice(places, size=wanted, replace=original)]
    return list(dict.fromkeys(found))


class FewShotDraws:
    """Which examples, which reference and how many turns each new sample gets, as the original draws them on BFCL.

    Args:
        size: How many samples there are, and are made.
        examples: How many examples are drawn, with replacement: repeated ones vanish.
        seed: Decides all.
    """

    def __init__(self, size: int, examples: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.examples = sorted({int(one) for one in random.choice(size, size=examples, replace=True)})
        self.references = [int(one) for one in random.choice(size, size=size, replace=True)]
        self.turns = [int(one) for one in random.choice(_TURNS, size=size)]


_TURNS = (2, 3, 4, 5)


def original_blanks(text: str, probability: float, random: np.random.RandomState, *, by_line: bool = False) -> str:
    """A text in which each word is blank with a probability, by numpy's generator of old, as the original draws."""
    lines = text.split("\n") if by_line else [text]
    return "\n".join(
        " ".join(BLANK if random.uniform() < probability else word for word in line.split()) for line in lines
    )


BLANK = "_"


def exact_blanks(text: str, share: float, random: np.random.Generator) -> str:
    """A text in which just that share of the words is blank, rounded to the nearest."""
    words = text.split()
    places = {int(one) for one in random.permutation(len(words))[: round(share * len(words))]}
    return " ".join(BLANK if place in places else word for place, word in enumerate(words))
