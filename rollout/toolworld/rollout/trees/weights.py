"""The weights of what a path is scored by."""

from typing import Literal

from toolworld.ground import Record


class ScoreWeights(Record):
    """The weight of each part of a path's score; each part is between 0 and 1, so that weights compare."""

    depth: float = 0.0
    """Its length, of `max_depth` at most."""
    depth_of_five: float = 0.0
    """Its length, of five at most."""
    new_facts: float = 0.0
    """The share of steps whose result says something that no earlier one did."""
    tools: float = 0.0
    """Different tools, of all that can be used."""
    state_changes: float = 0.0
    """The share of steps that changed something."""
    observed_characters: float = 0.0
    """The mean length of its results, from the shortest to the longest mean of the seed's paths."""
    errors: float = 0.0
    """The share of calls that failed; a negative weight makes it a penalty."""


PRESETS: dict[str, ScoreWeights] = {
    "toolworld": ScoreWeights(depth=30, new_facts=40, tools=20, state_changes=10, errors=-50),
    "agentflow": ScoreWeights(depth_of_five=40, observed_characters=30, tools=30),
}
"""`agentflow`: the original's weights. Its divisor of tools is that of the tools that can be used, as it was meant, so
that no score is above 100."""


def weights_of(scores: ScoreWeights | Literal["toolworld", "agentflow"]) -> ScoreWeights:
    """The weights of a preset, or those that were given."""
    return PRESETS[scores] if isinstance(scores, str) else scores
