"""Rules that tell, of each sample, how much of it is valid: parts that hold, of parts that were looked at."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from toolworld.datasets.samples.code import SOURCE, calls_in_code
from toolworld.datasets.samples.sample import Sample, words_in
from toolworld.ground import JsonValue, canonical, spoken_forms


class Part(NamedTuple):
    """How many parts of a sample hold, of how many."""

    holds: int
    of: int


NOTHING = Part(0, 0)


def calls_parse(sample: Sample) -> Part:
    """Whether the calls of a sample can be read: its code as a whole, or the arguments of every call."""
    if (sample.code or "").strip():
        return Part(int(bool(calls_in_code(sample.code or ""))), 1)
    if not sample.calls:
        return NOTHING
    return Part(int(all(call.arguments.keys() != {SOURCE} for call in sample.calls)), 1)


def arguments_said(sample: Sample) -> Part:
    """How many values of arguments stand in what was said, or in what a call returned, as whole words in some form.

    Yes and no, variables of code, and values of a single character are not looked for.
    """
    text = "\n".join([sample.text, *sample.results])
    spoken = f" {' '.join(words_in(text))} "
    values = [value for call in sample.calls for of in call.arguments.values() for value in _sayable(of)]
    found = {value: _is_said(value, text, spoken) for value in dict.fromkeys(values)}
    return Part(sum(found[value] for value in values), len(values))


def _sayable(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        if value.keys() != {SOURCE}:
            for inner in value.values():
                yield from _sayable(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _sayable(inner)
    elif value is not None and not isinstance(value, bool) and len(str(value).strip()) > 1:
        yield str(value)


def _is_said(value: str, text: str, spoken: str) -> bool:
    """Whether a value stands in a text, whose words are given as well; one without words as it is."""
    forms = [" ".join(words_in(form)) for form in (value, *spoken_forms(value))]
    return any(f" {form} " in spoken for form in forms if form) or (not any(forms) and value in text)


def checked(sample: Sample, name: str) -> Part:
    """What a verdict says of a sample; nothing where none does."""
    return Part(int(sample.checks[name]), 1) if name in sample.checks else NOTHING


def agreements(samples: Sequence[Sample], real: Sequence[Sample]) -> Mapping[str, list[Part]]:
    """Whether each sample has the output and the calls of the real one it was made from.

    That is the one that its source names, or one with the same source, such as another run of its task; else any with
    the same instruction. One of them must agree.
    """
    by_id: dict[str, list[Sample]] = {}
    by_text: dict[str, list[Sample]] = {}
    by_source: dict[str, list[Sample]] = {}
    for one in real:
        if one.source is not None:
            by_source.setdefault(one.source, []).append(one)
        by_id.setdefault(one.id, []).append(one)
        by_text.setdefault(one.text, []).append(one)
    known = [
        by_id.get(one.source or "") or by_source.get(one.source or "") or by_text.get(one.text, []) for one in samples
    ]
    pairs = [*zip(samples, known, strict=True)]
    return {
        "output": [_agrees(output_form(one), [output_form(each) for each in of]) for one, of in pairs],
        "calls": [_agrees(call_forms(one), [call_forms(each) for each in of]) for one, of in pairs],
    }


def _agrees(own: object, others: Sequence[object]) -> Part:
    if own is None and all(one is None for one in others):
        return NOTHING
    return Part(int(own in others), 1) if others else NOTHING


def output_form(sample: Sample) -> str | None:
    """An output, without what does not matter: case and white space around it."""
    return sample.output_key if sample.output is None else sample.output.strip().casefold()


def call_forms(sample: Sample) -> tuple[bytes, ...] | None:
    """Calls in canonical form; None where a sample has none."""
    return tuple(canonical([one.name, one.arguments]) for one in sample.calls) or None
