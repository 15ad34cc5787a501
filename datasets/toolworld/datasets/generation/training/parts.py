"""Parts for training and validation that do not overlap: near duplicates go to the same one."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from toolworld.datasets.hygiene.near_duplicates import groups_of, near_pairs, word_parts
from toolworld.ground import UsageError

NEAR = 0.7
"""From which share of common words on two instructions are near duplicates."""


def training_parts(
    rows: Sequence[Mapping[str, Any]], validation_share: float, seed: int = 0
) -> tuple[list[int], list[int]]:
    """The places of rows for training and for validation, each in order.

    Agora takes the first 500 rows of the training set for validation, and trains on them as well.

    Args:
        rows: The rows.
        validation_share: The share of rows for validation; as near to it as groups of near duplicates allow.
        seed: Draws them.

    Raises:
        UsageError: the share is not from 0 to below 1.
    """
    if not 0 <= validation_share < 1:
        raise UsageError(f"the share for validation is from 0 to below 1, and not {validation_share:g}")
    groups = _groups(rows)
    order = Random(seed).sample(range(len(groups)), len(groups))
    wanted, validation = round(validation_share * len(rows)), set[int]()
    for place in order:
        if len(validation) + len(groups[place]) <= wanted:
            validation.update(groups[place])
    return [place for place in range(len(rows)) if place not in validation], sorted(validation)


def _groups(rows: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """Rows that resemble each other, together; each of the others alone."""
    joined = groups_of(near_pairs([word_parts(str(row["instruction"])) for row in rows], NEAR))
    inside = {place for group in joined for place in group}
    return sorted([*joined, *([place] for place in range(len(rows)) if place not in inside)])
