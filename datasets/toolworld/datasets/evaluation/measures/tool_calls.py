"""Measures of fidelity of tool calls: which tools, after which others, with which arguments."""

from collections.abc import Iterator
from functools import partial

from toolworld.datasets.evaluation.measures.fidelity import flatten, length_distance
from toolworld.datasets.evaluation.measures.measure import Comparison, NotApplicableError
from toolworld.datasets.evaluation.sample_set import SampleSet
from toolworld.datasets.metrics.distances import total_variation
from toolworld.datasets.metrics.tool_planning import planning_distance

_STEPS = {
    1: ("tool use", "which tools are called"),
    2: ("2-step planning", "which tool comes after a call"),
    3: ("3-step planning", "which tool comes after two calls"),
}
_ARGUMENTS = {
    "name": ("argument names", "which arguments are given"),
    "type": ("argument types", "which types arguments have"),
    "value": ("argument values", "which values arguments have"),
}


def tool_measures() -> Iterator[Comparison]:
    """TCNM (calls a sample), TUM (tool use), k-step planning, and arguments by name, type and value; TV is 0 to 1."""
    yield length_distance("calls", "tool calls", "calls a sample")
    for k, (name, what) in _STEPS.items():
        yield Comparison(
            name, "tool calls", "fidelity", "lower", 0.0, partial(_planning, k), f"{what} differs by {{value:.1%}}",
            most=1.0, needs_equal_sizes=k > 1,
        )  # fmt: skip
    for kind, (name, what) in _ARGUMENTS.items():
        yield Comparison(
            name, "tool calls", "fidelity", "lower", 0.0, partial(_arguments, kind), f"{what} differs by {{value:.1%}}",
            most=1.0, needs_equal_sizes=kind == "value",
        )  # fmt: skip


def _planning(k: int, real: SampleSet, synthetic: SampleSet) -> float:
    if not any(len(names) >= k for of in (real, synthetic) for names in of.names):
        raise NotApplicableError("no sample has a call" if k == 1 else f"no sample has {k} calls")
    distance = planning_distance(real.names, synthetic.names, k)
    return min(1.0, distance)  # infinity where one set has no call at all


def _arguments(kind: str, real: SampleSet, synthetic: SampleSet) -> float:
    ours, theirs = (flatten(of.arguments[kind]) for of in (real, synthetic))
    if not ours and not theirs:
        raise NotApplicableError("no call has an argument")
    return min(1.0, total_variation(ours, theirs))
