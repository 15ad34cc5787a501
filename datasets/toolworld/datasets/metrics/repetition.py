"""What is said twice, and whether what is said twice agrees."""

from collections.abc import Hashable, Iterable, Sequence


def repeated_share(items: Sequence[Hashable]) -> float:
    """The share of samples that another one before them is equal to; from 0 to 1, lower is better."""
    return 1 - len(set(items)) / len(items) if items else 0.0


def copied_share(items: Sequence[Hashable], originals: Iterable[Hashable]) -> float:
    """The share of samples that stand in another set as they are; from 0 to 1. Lower is better for new data."""
    known = set(originals)
    return sum(item in known for item in items) / len(items) if items else 0.0
