"""What is said twice."""

from collections.abc import Hashable, Sequence


def repeated_share(items: Sequence[Hashable]) -> float:
    """The share of samples that another one before them is equal to; from 0 to 1, lower is better."""
    return 1 - len(set(items)) / len(items) if items else 0.0
