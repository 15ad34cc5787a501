"""What a measure is: what it looks at, which way is better, how it is computed, and how its error is estimated."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from toolworld.datasets.evaluation.sample_set import SampleSet
from toolworld.datasets.metrics.resampling import Resampling

Subject = Literal["instructions", "tool calls", "outputs"]
Pillar = Literal["validity", "fidelity", "diversity"]
Better = Literal["lower", "higher"]


class NotApplicableError(Exception):
    """A measure has nothing to look at; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measure of two sets: how far the synthetic one is from the real one."""

    name: str
    subject: Subject
    pillar: Pillar
    better: Better
    ideal: float
    """Its value where both sets are the same."""
    compute: Callable[[SampleSet, SampleSet], float]
    sentence: str
    """What a value means; `{value}` stands for it, `{real}` and `{synthetic}` for the `mean` of each set."""
    resampling: Resampling = "bootstrap"
    needs_equal_sizes: bool = False
    """Whether it depends on the sizes, so that the larger set is drawn from."""
    most: float = float("inf")
    """The highest value that there can be."""
    least: float = 0.0
    needs_vectors: bool = False
    mean: Callable[[SampleSet], float] | None = None
    """A mean that the sentence tells of each set."""


@dataclass(frozen=True, slots=True)
class Property:
    """A measure of one set: taken of both, the real one to compare with."""

    name: str
    subject: Subject
    pillar: Pillar
    better: Better
    compute: Callable[[SampleSet], float]
    sentence: str
    resampling: Resampling = "bootstrap"
    needs_equal_sizes: bool = False
    most: float = float("inf")
    least: float = 0.0
    needs_vectors: bool = False


Measure = Comparison | Property
