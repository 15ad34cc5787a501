"""AgoraBench: generators in one table.

Source: Kim et al., "Evaluating language models as synthetic data generators", 2024.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolworld.datasets.agora_bench.components import PrincipalComponents, Regression, principal_components, regression
from toolworld.datasets.agora_bench.gap import GapRecovered, Scores, gap_recovered, mean_gap
from toolworld.datasets.agora_bench.generator_rows import GeneratorRows
from toolworld.datasets.agora_bench.in_context import Grade, in_context_gaps
from toolworld.datasets.agora_bench.intrinsic import (
    Instruments,
    Vectors,
    difficulty,
    diversity,
    from_summary,
    judgements,
    median_perplexity,
    repetition,
    sampled,
    soundness,
)
from toolworld.datasets.agora_bench.pair_judge import PairJudgeCard, judge_card, judged
from toolworld.datasets.agora_bench.report import BenchReport, GeneratorReport
from toolworld.ground import UsageError
from toolworld.llm import LedgerEntry

Rows = Sequence[Mapping[str, Any]]
Embed = Callable[[Sequence[str]], Any]
"""Texts as vectors, of shape (n, d); awaited."""
TRAINED, IN_CONTEXT = "gap recovered", "in-context gap"
MOST_ROWS = 2_000
"""How many rows of each generator are checked, and made vectors of."""


@dataclass(frozen=True)
class TrainedScores:
    """Scores of trained models, by benchmark and item."""

    base: Mapping[str, Scores]
    reference: Mapping[str, Scores]
    students: Mapping[str, Mapping[str, Scores]]
    """By generator."""


@dataclass(frozen=True)
class InContext:
    """What the in-context stand-in needs: a benchmark, and rows that are known to be good."""

    items: Rows
    reference: Rows
    shown: int = 4


@dataclass(frozen=True)
class Comparison:
    """What is compared, and how."""

    generators: Sequence[GeneratorRows]
    instruments: Instruments
    embed: Embed
    trained: TrainedScores | None = None
    in_context: InContext | None = None
    earlier: Sequence[BenchReport] = ()
    """Reports of other domains, whose settings count where components are taken."""
    ledger: Callable[[], Sequence[LedgerEntry]] = field(default=lambda: ())
    on_generator: Callable[[str], None] = field(default=lambda _: None)
    """Told when a generator is measured."""


async def compare_generators(comparison: Comparison) -> BenchReport:
    """Compare generators.

    Raises:
        UsageError: two have one name, or a student is of none of them.
        ModelError: a model does not answer.
    """
    names = [one.name for one in comparison.generators]
    _check_names(names, comparison)
    judge = comparison.instruments.judge
    every = [row for one in comparison.generators for row in one.rows]
    card = await judge_card(judge, every, at_once=comparison.instruments.at_once) if judge else None
    in_context = await _in_context(comparison)
    size = min(len(one.rows) for one in comparison.generators)
    found: dict[str, GeneratorReport] = {}
    for one in comparison.generators:
        gaps = _trained(comparison.trained, one.name)
        found[one.name] = GeneratorReport(
            rows=len(one.rows),
            gaps=gaps,
            gap=mean_gap([*gaps.values()]),
            in_context=in_context.get(one.name),
            metrics=await _metrics(one, comparison, min(size, MOST_ROWS)),
        )
        comparison.on_generator(one.name)
    return _report(found, comparison, card)


def _check_names(names: Sequence[str], comparison: Comparison) -> None:
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise UsageError(f"two generators are called {twice}; write NAME=FILE")
    domain = comparison.instruments.domain
    again = [report for report in comparison.earlier if report.domain == domain]
    if again:
        raise UsageError(f"an earlier report is of {domain} as well; reports of other domains go with this one")
    trained = comparison.trained
    students = [*trained.students] if trained else []
    unknown = [name for name in students if name not in names]
    if unknown:
        raise UsageError(f"there are scores of {', '.join(unknown)}, and the generators are {', '.join(names)}")
    if trained is not None:
        _check_benchmarks(trained)


def _check_benchmarks(trained: TrainedScores) -> None:
    """Refuse scores of different benchmarks: their means could not be compared."""
    wanted = sorted(trained.base)
    for name, scores in {"the reference": trained.reference, **trained.students}.items():
        if sorted(scores) != wanted:
            raise UsageError(
                f"the base has scores of {', '.join(wanted)}, and {name} of {', '.join(sorted(scores))}; "
                "all must have the same benchmarks"
            )


def _trained(trained: TrainedScores | None, name: str) -> dict[str, GapRecovered]:
    if trained is None or name not in trained.students:
        return {}
    found: dict[str, GapRecovered] = {}
    for benchmark, student in trained.students[name].items():
        gap = gap_recovered(trained.base[benchmark], student, trained.reference[benchmark])
        if gap is None:
            raise UsageError(f"base, reference and {name} share no item of {benchmark}")
        found[benchmark] = gap
    return found


async def _in_context(comparison: Comparison) -> dict[str, GapRecovered | None]:
    wanted, instruments = comparison.in_context, comparison.instruments
    if wanted is None:
        return {}
    if instruments.solver is None:
        raise UsageError("the in-context gap needs a solver, the model that is shown the rows")
    judge = instruments.judge
    grade: Grade | None = None
    if instruments.domain == "general":
        if judge is None:
            raise UsageError("answers of the domain general are graded by a judge, and none is named")

        async def by_judge(answer: str, item: Mapping[str, Any]) -> float | None:
            score = await judged(judge, str(item["instruction"]), answer)
            return (score.quality - 1) / 4 if score else None

        grade = by_judge
    return await in_context_gaps(
        instruments.solver,
        instruments.domain,
        items=wanted.items,
        reference=wanted.reference,
        generators=comparison.generators,
        grade=grade,
        shown=wanted.shown,
        seed=instruments.seed,
        at_once=instruments.at_once,
    )


async def _metrics(generator: GeneratorRows, comparison: Comparison, size: int) -> dict[str, float | None]:
    rows, instruments = generator.rows, comparison.instruments
    some = sampled(rows, MOST_ROWS, instruments.seed)
    instructions: Vectors = await comparison.embed([str(row["instruction"]) for row in some])
    responses: Vectors = await comparison.embed([str(row["response"]) for row in some])
    return {
        **await soundness(some, instruments.domain),
        "repeated": repetition(rows),
        **diversity(instructions, responses, size, instruments.seed),
        "difficulty": await difficulty(rows, instruments),
        **await judgements(rows, instruments),
        "perplexity": await median_perplexity(rows, instruments),
        **from_summary(generator),
    }


def _report(found: dict[str, GeneratorReport], comparison: Comparison, card: PairJudgeCard | None) -> BenchReport:
    by, key = _ranking(found)
    ranked = dict(sorted(found.items(), key=lambda one: -key(one[1])))
    report = BenchReport(
        domain=comparison.instruments.domain,
        generators=ranked,
        ranked_by=by,
        judge=card,
        notes=(*_notes(comparison), *_failures(comparison, ranked)),
        ledger=tuple(comparison.ledger()),
    )
    every = [report, *comparison.earlier]
    components = principal_components({name: row for one in every for name, row in one.settings.items()})
    fit = _regression(components, every) if components else None
    return report.model_copy(update={"components": components, "regression": fit})


def _regression(components: PrincipalComponents, reports: Sequence[BenchReport]) -> Regression | None:
    """The regression of gaps of trained models, or, where there are none, of those in context."""
    settings = {f"{name} ({one.domain})": generator for one in reports for name, generator in one.generators.items()}
    gaps = {name: one.gap for name, one in settings.items()}
    of = TRAINED
    if all(gap is None for gap in gaps.values()):
        gaps = {name: one.in_context.value if one.in_context else None for name, one in settings.items()}
        of = IN_CONTEXT
    return regression(components, gaps, of)


def _ranking(found: Mapping[str, GeneratorReport]) -> tuple[str | None, Callable[[GeneratorReport], float]]:
    """By what generators are ranked: the first of three figures that all of them have, and in which they differ."""
    figures: dict[str, Callable[[GeneratorReport], float | None]] = {
        TRAINED: lambda one: one.gap,
        IN_CONTEXT: lambda one: one.in_context.value if one.in_context else None,
        "sound and new": lambda one: one.metrics["sound and new"],
    }
    for name, figure in figures.items():
        values = [figure(one) for one in found.values()]
        if None not in values and len({*values}) > 1:
            return name, lambda one: figure(one) or 0.0  # noqa: B023 - it is used with this figure
    return None, lambda _: 0.0


def _failures(comparison: Comparison, found: Mapping[str, GeneratorReport]) -> list[str]:
    """What could have been measured, and gave no figure."""
    instruments = comparison.instruments
    asked = {
        "difficulty": instruments.solver,
        "quality (judge)": instruments.judge,
        "perplexity": instruments.log_probabilities,
    }
    why = {
        "difficulty": "no row tells what is right, or the solver did not answer",
        "quality (judge)": "the judge gave no score that can be read",
        "perplexity": "the endpoint told no log-probabilities",
    }
    return [
        f"{metric} of {name}: {why[metric]}"
        for metric, instrument in asked.items()
        for name, one in found.items()
        if instrument is not None and one.metrics[metric] is None
    ]


def _notes(comparison: Comparison) -> list[str]:
    """What was not measured, and what it needs."""
    instruments = comparison.instruments
    missing = {
        "gap recovered": (comparison.trained, "scores of trained models: --base, --reference and --student"),
        "in-context gap": (comparison.in_context, "--benchmark, --reference-rows and --solver"),
        "difficulty": (instruments.solver, "--solver"),
        "quality (judge)": (instruments.judge, "--judge"),
        "perplexity": (instruments.log_probabilities, "--perplexity, an endpoint that tells log-probabilities"),
    }
    return [f"{name} needs {needed}" for name, (held, needed) in missing.items() if held is None]
