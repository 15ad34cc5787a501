"""Whether judges agree, beyond what they would by chance."""

from collections.abc import Sequence

from toolworld.ground import Record


class Agreement(Record):
    """How far two judges agree, or one with itself."""

    one: str
    other: str
    runs: int
    """Those of which both can say whether they are right."""
    share: float | None
    """Of these, those of which they say the same, from 0 to 1; None where there is none."""
    kappa: float | None
    """Cohen's kappa (1960), at most 1, 0 for chance; None where it is not defined, as both always say the same."""


def agreement(one: str, other: str, first: Sequence[bool | None], second: Sequence[bool | None]) -> Agreement:
    """How far two rows of answers agree, run by run.

    Args:
        one: Who gave the first.
        other: Who gave the second.
        first: Whether each run passes; None where nobody knows.
        second: The same for the other, run by run.
    """
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    same = sum(a == b for a, b in pairs)
    return Agreement(
        one=one,
        other=other,
        runs=len(pairs),
        share=same / len(pairs) if pairs else None,
        kappa=cohens_kappa(pairs),
    )


def cohens_kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Cohen's kappa of two judges: (observed - expected) / (1 - expected); None where all that is expected is observed.

    Args:
        pairs: What each says of each run.
    """
    if not pairs:
        return None
    observed = sum(a == b for a, b in pairs) / len(pairs)
    yes_one, yes_other = sum(a for a, _ in pairs) / len(pairs), sum(b for _, b in pairs) / len(pairs)
    expected = yes_one * yes_other + (1 - yes_one) * (1 - yes_other)
    return None if expected == 1 else (observed - expected) / (1 - expected)
