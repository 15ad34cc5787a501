"""Measures of validity: what rules and judges say of samples."""

from collections.abc import Iterator, Sequence
from functools import partial

from toolworld.datasets.evaluation.measures.measure import NotApplicableError, Property, Subject
from toolworld.datasets.evaluation.sample_set import SampleSet, sample_set
from toolworld.datasets.samples.sample import Sample

_RULES: dict[str, tuple[Subject, str, str]] = {
    "has calls": ("tool calls", "samples with calls", "{value:.1%} of the samples have calls"),
    "code": ("tool calls", "calls that parse", "the calls of {value:.1%} of the samples can be read"),
    "said": (
        "tool calls",
        "arguments that were said",
        "{value:.1%} of the values in arguments stand in the conversation or in what a call returned",
    ),
    "calls right": ("tool calls", "calls right by rule", "state and calls are right in {value:.1%} of the judged runs"),
    "calls by judge": ("tool calls", "calls right by judge", "a model finds the calls of {value:.1%} right"),
    "calls of source": (
        "tool calls",
        "calls as in the source",
        "{value:.1%} of the samples made from a real one have its calls",
    ),
    "has output": ("outputs", "samples with an output", "{value:.1%} of the samples have an output"),
    "output right": ("outputs", "output right by rule", "the answer is right in {value:.1%} of the judged runs"),
    "output by judge": ("outputs", "output right by judge", "a model finds the outputs of {value:.1%} right"),
    "output of source": (
        "outputs",
        "output as in the source",
        "{value:.1%} of the samples made from a real one have its output",
    ),
    "run right": ("outputs", "run right by rule", "{value:.1%} of the judged runs pass"),
}
"""By rule: what it looks at, the name of the measure, and what a value means."""


_NEEDED = ("has calls", "has output")
"""What a set only lacks if another one has it."""


def validity_measures(real: SampleSet, synthetic: SampleSet) -> Iterator[Property]:
    """The rules that found something to look at in the synthetic set: holding parts / parts looked at, 0 to 1."""
    for rule, (subject, name, sentence) in _RULES.items():
        parts = synthetic.parts.get(rule, ())
        is_idle = rule in _NEEDED and not any(part.holds for part in (*parts, *real.parts.get(rule, ())))
        if parts and not is_idle:
            looked_at = f"{sentence} ({sum(part.of for part in parts):,} looked at)"
            yield Property(name, subject, "validity", "higher", partial(_share, rule), looked_at, most=1.0)


def _share(rule: str, of: SampleSet) -> float:
    parts = of.parts.get(rule, ())
    total = sum(part.of for part in parts)
    if not total:
        raise NotApplicableError("the rule finds nothing to look at")
    return sum(part.holds for part in parts) / total


def rule_shares(samples: Sequence[Sample]) -> dict[str, float]:
    """What rules say of a set by itself, by the name of the measure."""
    of = sample_set(samples, (), {}, None)
    return {one.name: one.compute(of) for one in validity_measures(of, of)}
