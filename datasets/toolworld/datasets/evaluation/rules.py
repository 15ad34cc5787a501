"""Rules that tell, of each sample, how much of it is valid: parts that hold, of parts that were looked at."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from toolworld.datasets.samples.code import SOURCE, calls_in_code
from toolworld.datasets.samples.sample import Sample
from toolworld.ground import JsonValue, canonical, is_said_in


class Part(NamedTuple):
    """How many parts of a sample hold, of how many."""

    holds: int
    of: int


NOTHING = Part(0, 0)


def code_parses(sample: Sample) -> Part:
    """Whether the calls of a sample can be read, where they are code."""
    if not (sample.code or "").strip():
        return NOTHING
    return Part(int(bool(calls_in_code(sample.code or ""))), 1)


def arguments_said(sample: Sample) -> Part:
    """How many values of arguments stand in what was said, or in what a call returned, in some form.

    Yes and no, variables of code, and values of a single character are not looked for.
    """
    text = f"{sample.text}\n" + "\n".join(sample.results)
    values = [value for call in sample.calls for of in call.arguments.values() for value in _sayable(of)]
    return Part(sum(_is_in(value, text) for value in values), len(values))


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


def _is_in(value: str, text: str) -> bool:
    return is_said_in(value, text) or " ".join(_WORDS.findall(value.lower())) in " ".join(_WORDS.findall(text.lower()))


_WORDS = re.compile(r"[^\W_]+")


def checked(sample: Sample, name: str) -> Part:
    """What a verdict says of a sample; nothing where none does."""
    return Part(int(sample.checks[name]), 1) if name in sample.checks else NOTHING


def agreements(samples: Sequence[Sample], real: Sequence[Sample]) -> Mapping[str, list[Part]]:
    """Whether each sample has the output and the calls of the real one it was made from.

    That is the one that its source names; else any with the same instruction, one of which must agree.
    """
    by_id = {one.id: [one] for one in real}
    by_text: dict[str, list[Sample]] = {}
    for one in real:
        by_text.setdefault(one.text, []).append(one)
    known = [by_id.get(one.source or "") or by_text.get(one.text, []) for one in samples]
    pairs = [*zip(samples, known, strict=True)]
    return {
        "output": [_agrees(output_form(one), [output_form(each) for each in of]) for one, of in pairs],
        "calls": [_agrees(call_forms(one), [call_forms(each) for each in of]) for one, of in pairs],
    }


def _agrees(own: object, others: Sequence[object]) -> Part:
    there = [one for one in others if one is not None]
    return Part(int(own in there), 1) if there else NOTHING


def output_form(sample: Sample) -> str | None:
    """An output, without what does not matter: case and white space around it."""
    return sample.output_key if sample.output is None else sample.output.strip().casefold()


def call_forms(sample: Sample) -> tuple[bytes, ...] | None:
    """Calls in canonical form; None where a sample has none."""
    return tuple(canonical([one.name, one.arguments]) for one in sample.calls) or None
