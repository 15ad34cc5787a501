"""Measures of diversity, of one set each: Vendi scores, entropy of labels, and what is said twice."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

from toolworld.datasets.evaluation.measures.fidelity import vectors_in
from toolworld.datasets.evaluation.measures.measure import NotApplicableError, Property, Subject
from toolworld.datasets.evaluation.sample_set import SampleSet
from toolworld.datasets.metrics.attributes import attribute_entropy
from toolworld.datasets.metrics.repetition import repeated_share
from toolworld.datasets.metrics.vendi import vendi_of_parts, vendi_of_vectors

_WORTH = "as diverse as {{value:.1f}} {what} that have nothing in common"


def diversity_measures(labels: Sequence[str]) -> Iterator[Property]:
    """All of them; each depends on the number of samples, so both sets are measured at the size of the smaller.

    Args:
        labels: The labels that both sets have, and that are classes.
    """
    drawn = partial(Property, pillar="diversity", resampling="subsample", needs_equal_sizes=True)
    fields: dict[Subject, str] = {"instructions": "text_vectors", "outputs": "output_vectors"}
    vendi = {
        subject: drawn(
            name=f"Vendi of {subject}", subject=subject, better="higher", least=1.0, needs_vectors=True,
            compute=partial(_vector_vendi, field), sentence=_WORTH.format(what=subject),
        )
        for subject, field in fields.items()
    }  # fmt: skip
    yield vendi["instructions"]
    yield Property(
        "entropy of labels", "instructions", "diversity", "higher", partial(_label_entropy, labels),
        f"{', '.join(labels) or 'labels'}: spread over {{value:.2f}} nats", needs_equal_sizes=True,
    )  # fmt: skip
    yield drawn(
        name="repeated instructions", subject="instructions", better="lower", most=1.0, compute=_repeated_instructions,
        sentence="{value:.1%} of the instructions are said before, word for word",
    )  # fmt: skip
    yield drawn(
        name="Vendi of tool calls", subject="tool calls", better="higher", least=1.0, compute=_tool_vendi,
        sentence=_WORTH.format(what="sequences of calls"),
    )  # fmt: skip
    yield drawn(
        name="repeated calls", subject="tool calls", better="lower", most=1.0, compute=_repeated_calls,
        sentence="{value:.1%} of the samples make the very calls of another one before them",
    )  # fmt: skip
    yield vendi["outputs"]


def _vector_vendi(field: str, of: SampleSet) -> float:
    return vendi_of_vectors(vectors_in(of, field))


def _label_entropy(names: Sequence[str], of: SampleSet) -> float:
    if not names:
        raise NotApplicableError("there are no labels that both sets have")
    return attribute_entropy([*zip(*(map(tuple, of.labels[name]) for name in names), strict=True)])


def _repeated_instructions(of: SampleSet) -> float:
    return repeated_share(of.instructions)


def _tool_vendi(of: SampleSet) -> float:
    if not any(of.names):
        raise NotApplicableError("no sample has a call")
    return vendi_of_parts([parts_of_calls(names) for names in of.names])


def parts_of_calls(names: Sequence[str]) -> list[tuple[str, ...]]:
    """The parts by which sequences of calls are compared: names, and names in a row, with the begin and the end."""
    if not names:
        return []
    padded = ["", *names, ""]
    return [*((name,) for name in names), *pairwise(padded)]


def _repeated_calls(of: SampleSet) -> float:
    calls = [one for one in of.calls if one is not None]
    if not calls:
        raise NotApplicableError("no sample has a call")
    return repeated_share(calls)
