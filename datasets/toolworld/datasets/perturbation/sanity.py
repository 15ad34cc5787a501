"""A sanity check of measures on a dataset of one's own: defects are planted, and the measures must notice."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from toolworld.datasets.evaluation.evaluate import EvaluationOptions, evaluate
from toolworld.datasets.evaluation.vectors import VectorTable
from toolworld.datasets.perturbation.methods import METHODS, PerturbationOptions, perturb
from toolworld.datasets.samples.reading import Dataset
from toolworld.datasets.samples.sample import Sample
from toolworld.ground import Record, UsageError

NOTICES = {
    "oversample": ("Vendi of instructions", "repeated instructions", "Vendi of tool calls"),
    "invalidate": (
        "arguments that were said",
        "argument values",
        "calls as in the source",
        "output as in the source",
    ),
    "drop_minority": ("entropy of labels",),
    "truncate": ("words of a conversation", "instruction Fréchet distance"),
    "shuffle": ("2-step planning", "3-step planning", "calls as in the source"),
}
"""The measures that must notice a defect, where they can be computed."""
IGNORES = {
    "oversample": ("calls that parse",),
    "invalidate": ("tool use", "2-step planning", "words users say at once"),
    "drop_minority": ("repeated instructions",),
    "truncate": ("tool use", "argument values", "calls as in the source"),
    "shuffle": ("tool use", "argument values", "words users say at once"),
}
"""Measures that must not."""
_ALIKE = 1e-9


class SanityResult(Record):
    """A measure on a planted defect."""

    defect: str
    measure: str
    must_notice: bool
    before: float
    """Of the dataset beside itself."""
    after: float
    """Of the dataset with the defect beside it."""
    is_right: bool
    """Whether it became worse where it must, and did not where it must not."""


class SanityReport(Record):
    """Whether the measures notice defects of a dataset."""

    share: float
    results: tuple[SanityResult, ...]
    left_out: dict[str, str]
    """Defects that could not be planted, and why."""


async def check_sanity(
    real: Dataset,
    options: PerturbationOptions,
    evaluation: EvaluationOptions,
    *,
    vectors: Callable[[Sequence[Sample]], Awaitable[VectorTable | None]],
    share: float = 0.5,
) -> SanityReport:
    """Plant each defect that needs no model, measure the outcome beside the dataset, and compare.

    Args:
        real: The dataset.
        options: How defects are planted.
        evaluation: How is measured.
        vectors: Gives the vectors of samples; None where there are none.
        share: How strong the defects are.
    """
    evaluation = replace(evaluation, most_samples=max(len(real.samples), evaluation.most_samples))
    before = await _measured(real, real.samples, evaluation, vectors)
    results: list[SanityResult] = []
    left_out: dict[str, str] = {}
    for defect in (name for name, method in METHODS.items() if not method.needs_model):
        try:
            label = options.label if defect == "drop_minority" else None
            made = await perturb(real.samples, defect, share, replace(options, label=label))
        except UsageError as reason:
            left_out[defect] = str(reason)
            continue
        if not made.record.changed:
            left_out[defect] = f"{share:g} of so few samples is none"
            continue
        after = await _measured(real, made.samples, evaluation, vectors)
        results += _compared(defect, before, after)
    return SanityReport(share=share, results=tuple(results), left_out=left_out)


async def _measured(
    real: Dataset,
    samples: Sequence[Sample],
    evaluation: EvaluationOptions,
    vectors: Callable[[Sequence[Sample]], Awaitable[VectorTable | None]],
) -> dict[str, tuple[float, bool]]:
    """The value of each measure, and whether higher is better."""
    table = await vectors([*real.samples, *samples])
    report = evaluate(real, Dataset("defect", tuple(samples), real.layout), vectors=table, options=evaluation).report
    return {one.name: (one.value, one.better == "higher") for one in report.measures if one.value is not None}


def _is_untouched(measure: str, defect: str, before: Mapping[str, tuple[float, bool]]) -> bool:
    """Outputs are made invalid only where there are no calls; a set of likes cannot become less diverse."""
    if measure.startswith("Vendi") and before[measure][0] <= 1 + _ALIKE:
        return True
    return (defect, measure) == ("invalidate", "output as in the source") and "tool use" in before


def _compared(
    defect: str, before: dict[str, tuple[float, bool]], after: dict[str, tuple[float, bool]]
) -> list[SanityResult]:
    found: list[SanityResult] = []
    for must_notice, names in ((True, NOTICES[defect]), (False, IGNORES[defect])):
        for name in (one for one in names if one in before and one in after and not _is_untouched(one, defect, before)):
            (value, is_higher_better), (changed, _) = before[name], after[name]
            worse = value - changed if is_higher_better else changed - value
            is_right = worse > _ALIKE if must_notice else worse <= _ALIKE
            found.append(
                SanityResult(
                    defect=defect,
                    measure=name,
                    must_notice=must_notice,
                    before=value,
                    after=changed,
                    is_right=is_right,
                )
            )
    return found
