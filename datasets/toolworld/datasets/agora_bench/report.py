"""The report of a comparison of generators."""

from pydantic import Field

from toolworld.datasets.agora_bench.components import PrincipalComponents, Regression
from toolworld.datasets.agora_bench.gap import GapRecovered
from toolworld.datasets.agora_bench.pair_judge import PairJudgeCard
from toolworld.ground import Record
from toolworld.llm import LedgerEntry

BETTER = {
    "gap recovered": "higher",
    "in-context gap": "higher",
    "sound": "higher",
    "sound and new": "higher",
    "difficulty": "higher",
    "quality (judge)": "higher",
    "difficulty (judge)": "higher",
    "instruction diversity": "higher",
    "response diversity": "higher",
    "vendi": "higher",
    "repeated": "lower",
    "perplexity": "lower",
    "reject rate": "lower",
    "unanswered": "lower",
    "cost per row": "lower",
    "seconds per row": "lower",
}
"""Which way each figure is better, for a generator; of perplexity and difficulty that is a matter of opinion."""


INTRINSIC = (
    "sound",
    "sound and new",
    "repeated",
    "instruction diversity",
    "response diversity",
    "difficulty",
    "quality (judge)",
    "difficulty (judge)",
    "perplexity",
)
"""The metrics that are of rows, and do not depend on how many there are; components are taken of these."""


class GeneratorReport(Record):
    """What was measured of a generator."""

    rows: int
    gaps: dict[str, GapRecovered] = Field(default_factory=dict)
    """The performance gap recovered, by benchmark."""
    gap: float | None = None
    """Its mean over benchmarks."""
    in_context: GapRecovered | None = None
    """The stand-in that trains nothing."""
    metrics: dict[str, float | None]
    """Intrinsic metrics; None where one could not be measured."""


class BenchReport(Record):
    """A comparison of generators."""

    domain: str
    generators: dict[str, GeneratorReport]
    """The best first: by the gap recovered, else by the in-context one, else by the share of rows that are sound and
    repeat none before them."""
    ranked_by: str | None
    """None where they do not differ in any of these: then they stand as they were given."""
    judge: PairJudgeCard | None = None
    components: PrincipalComponents | None = None
    regression: Regression | None = None
    notes: tuple[str, ...] = ()
    """What was not measured, and why."""
    ledger: tuple[LedgerEntry, ...] = ()

    @property
    def settings(self) -> dict[str, dict[str, float | None]]:
        """The intrinsic metrics of each generator, as a setting of this domain: of its rows, not of its run."""
        return {
            f"{name} ({self.domain})": {metric: one.metrics[metric] for metric in INTRINSIC if metric in one.metrics}
            for name, one in self.generators.items()
        }
