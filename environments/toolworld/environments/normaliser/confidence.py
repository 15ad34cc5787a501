"""How sure a rule is: its precision on labelled operations, measured and not set by hand.

The figures are written by `python -m tests.trials readings`, from operations whose labels were given without sight of
the rules.
"""

import json
from functools import lru_cache
from importlib.resources import files


def confidence_of(what: str, rule: str) -> float | None:
    """The measured precision of a rule; None where it was not measured."""
    return _table().get(what, {}).get(rule)


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, float]]:
    return json.loads((files("toolworld.environments.normaliser") / "confidences.json").read_bytes())
