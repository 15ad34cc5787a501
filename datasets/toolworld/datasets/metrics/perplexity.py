"""Perplexity of texts under a model."""

import math
from collections.abc import Sequence


def perplexities(
    log_probabilities: Sequence[Sequence[float]], counted: Sequence[Sequence[bool]] | None = None
) -> list[float | None]:
    """The perplexity of each text: exp(-mean log p) over its own tokens; from 1, lower is more likely.

    Each text has a value of its own, and padding counts nowhere: Agora's evaluator gives the mean over a padded batch
    to every row of it.

    Args:
        log_probabilities: The natural logarithm of each token's probability; a row a text.
        counted: Which tokens belong to the text, and are no padding; by default all.

    Returns:
        A value a text; None for one without tokens.
    """
    found: list[float | None] = []
    for row, values in enumerate(log_probabilities):
        kept = [value for place, value in enumerate(values) if counted is None or counted[row][place]]
        found.append(math.exp(-sum(kept) / len(kept)) if kept else None)
    return found
