"""What a perturbation makes: samples, which of them were changed, and what came of none."""

from collections.abc import Iterable, Sequence

from toolworld.datasets.samples.code import calls_in_code, code_of
from toolworld.datasets.samples.layouts import text_of, turns_of
from toolworld.datasets.samples.sample import Sample, Turn
from toolworld.environments import Call
from toolworld.ground import JsonValue, Record


class RejectedSample(Record):
    """A sample that was asked for and not made."""

    source: str
    """The id of the sample that it was to be made from."""
    reason: str


class PerturbationRecord(Record):
    """How a dataset was made of another one."""

    schema_version: int = 1
    method: str
    parameters: dict[str, JsonValue]
    seed: int
    original: bool
    """Whether samples were drawn as the original SynAE draws them."""
    asked: int
    delivered: int
    changed: int
    """How many samples differ from the one that they were made from, or are copies or left out."""
    selected: tuple[str, ...]
    """The ids of the samples that were changed, copied or left out, in the order of the draw."""
    rejected: tuple[RejectedSample, ...] = ()
    model: str | None = None


class Perturbed(Record):
    """A dataset that was made of another one."""

    samples: tuple[Sample, ...]
    record: PerturbationRecord


def with_new_ids(samples: Iterable[tuple[Sample, Sample]], method: str) -> tuple[Sample, ...]:
    """New ids with the method and a running number; the sources are named.

    Args:
        samples: Each with the one that it was made from.
        method: The method.
    """
    return tuple(
        one.model_copy(update={"id": f"{method}_{number}", "source": source.id})
        for number, (one, source) in enumerate(samples)
    )


def with_calls(sample: Sample, calls: Sequence[Call]) -> Sample:
    """A sample with other calls, as code too where it has code; what rules had found does not hold any more."""
    code = code_of(calls) if sample.code is not None else None
    return sample.model_copy(update={"calls": tuple(calls), "code": code, "checks": {}})


def with_turns(sample: Sample, turns: Sequence[Turn]) -> Sample:
    """A sample with other turns, in its text too where it is one text."""
    data = text_of(tuple(turns), sample.layout) if sample.data is not None else None
    return sample.model_copy(update={"turns": tuple(turns), "data": data, "checks": {}})


def unreadable(sample: Sample) -> str | None:
    """What of a sample would be another thing when it is read from its file again; None where nothing."""
    if sample.data is not None and turns_of(sample.data, sample.layout) != sample.turns:
        return f"its turns cannot be told apart in a text of the layout {sample.layout}"
    if sample.code is not None and calls_in_code(sample.code) != sample.calls:
        return "its calls cannot be written as code"
    return None


def with_output(sample: Sample, output: str) -> Sample:
    """A sample with another output."""
    return sample.model_copy(update={"output": output, "output_key": None, "output_words": None, "checks": {}})
