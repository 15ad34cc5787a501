"""Splits of a dataset in which no environment, or other group, stands in two."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from toolworld.datasets.samples.sample import Sample
from toolworld.ground import UsageError

ENVIRONMENT = "environment"


def group_of(sample: Sample, by: str) -> str:
    """The group of a sample: its environment, or the value of a label.

    Raises:
        UsageError: it has none.
    """
    found = sample.environment if by == ENVIRONMENT and sample.environment else sample.attributes.get(by)
    if found is None:
        has = ", ".join(sample.attributes) or "none"
        raise UsageError(
            f"sample {sample.id} has no {by}; it has the labels: {has} (another field becomes one by --attribute)"
        )
    return found


def split_samples(
    samples: Sequence[Sample], shares: Mapping[str, float], *, by: str = ENVIRONMENT, seed: int = 0
) -> dict[str, list[int]]:
    """The positions of each split: each group is in one split, as near to the shares as groups allow.

    Groups are taken in a drawn order, the largest first among those drawn; each goes where most is missing.

    Args:
        samples: The dataset.
        shares: The share of each split, by name; together 1.
        by: `environment`, or the name of a label.
        seed: Draws the order.

    Raises:
        UsageError: the shares are not shares, a sample has no group, or there are fewer groups than splits.
    """
    if not abs(sum(shares.values()) - 1) <= _ROUNDING or not all(share > 0 for share in shares.values()):
        raise UsageError(f"the shares of splits are above 0 and add up to 1, and not to {sum(shares.values()):g}")
    groups: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(samples):
        groups[group_of(one, by)].append(place)
    if len(groups) < len(shares):
        raise UsageError(f"{len(groups)} groups by {by} cannot be split into {len(shares)}")
    order = [sorted(groups)[int(one)] for one in np.random.default_rng(seed).permutation(len(groups))]
    places: dict[str, list[int]] = {name: [] for name in shares}
    ranked = sorted(order, key=lambda name: -len(groups[name]))
    for number, group in enumerate(ranked):
        empty = [name for name, of in places.items() if not of]
        open_ones = empty if len(ranked) - number <= len(empty) else [*shares]  # no split stays empty
        missing = {name: shares[name] * len(samples) - len(places[name]) for name in open_ones}
        places[max(missing, key=lambda name: missing[name])] += groups[group]
    return {name: sorted(of) for name, of in places.items()}


_ROUNDING = 1e-6
