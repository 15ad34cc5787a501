"""A data card: what a dataset holds, in shares, where it comes from, and under which licences."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median

from toolworld.datasets.evaluation.measures.validity import rule_shares
from toolworld.datasets.hygiene.deduplication import deduplicate
from toolworld.datasets.perturbation.perturbed import PerturbationRecord
from toolworld.datasets.samples.reading import Dataset
from toolworld.datasets.samples.sample import Sample
from toolworld.ground import (
    EncodingError,
    Record,
    RecordError,
    decode,
    encode,
    markdown_text,
    open_regular,
    parse_record,
    read_bytes,
)

MOST_SHOWN = 12
"""Values of a label that a card shows."""
UNKNOWN_LICENCE = "not stated"


class Lineage(Record):
    """Where a file comes from."""

    file: str
    samples: int
    licence: str
    made_by: str
    """The method that made it of another dataset, or empty."""


def data_card(datasets: Sequence[Dataset], lineage: Sequence[Lineage], *, title: str) -> str:
    """A card in Markdown, with the head that the hub of Hugging Face reads.

    Args:
        datasets: The files of the dataset.
        lineage: Where each comes from.
        title: Its name.
    """
    samples = [one for of in datasets for one in of.samples]
    _, requests = deduplicate(samples, "words")
    _, calls = deduplicate(samples, "calls")
    licences = sorted({one.licence for one in lineage})
    repeated = [("words", len(requests.dropped)), ("calls", len(calls.dropped))]
    parts = [
        f"---\nlicense: {_licence_tag(licences)}\ntags: [tool-use, agents]\n---\n",
        f"# {title}\n",
        f"{len(samples)} samples in {len(datasets)} {'file' if len(datasets) == 1 else 'files'}.\n",
        "## Where it comes from\n",
        _table(
            ("file", "samples", "licence", "made by"),
            [(one.file, str(one.samples), one.licence, one.made_by or "-") for one in lineage],
        ),
        "## What it holds\n",
        _table(("figure", "value"), _figures(samples)),
        *_labels(samples),
        "## What was checked\n",
        _table(
            ("check", "share"),
            [
                *((f"near duplicates by {by}", f"{count / len(samples):.1%}") for by, count in repeated),
                *((name, f"{share:.1%}") for name, share in rule_shares(samples).items()),
            ],
        ),
    ]
    return "\n".join(parts)


_LICENCE_BYTES = 64 << 10
"""Of a licence file that are read, to find its name."""
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")


def _licence_tag(licences: Sequence[str]) -> str:
    """The licence as the hub's head has it: an identifier, such as `apache-2.0`, or `other`."""
    return licences[0].lower() if len(licences) == 1 and _TAG.fullmatch(licences[0]) else "other"


def licence_beside(path: Path) -> str:
    """The first line of a licence file beside a dataset; `not stated` where there is none."""
    for name in ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE"):
        place = path.parent / name
        if place.is_file():
            with open_regular(place) as file:
                lines = file.read(_LICENCE_BYTES).decode(errors="replace").splitlines()
            return next((line.strip(" #") for line in lines if line.strip(" #")), UNKNOWN_LICENCE)
    return UNKNOWN_LICENCE


def _figures(samples: Sequence[Sample]) -> list[tuple[str, str]]:
    calls, turns = [len(one.calls) for one in samples], [len(one.turns) for one in samples]
    words = [len(one.text.split()) for one in samples]
    tools = Counter(name for one in samples for name in one.names)
    environments = Counter(one.environment for one in samples if one.environment)
    return [
        ("environments", str(len(environments)) if environments else "not stated"),
        ("tools that are called", str(len(tools))),
        ("calls a sample", f"{fmean(calls):.1f} on average, {median(calls):g} in the middle"),
        ("turns a sample", f"{fmean(turns):.1f} on average"),
        ("words a sample", f"{fmean(words):.0f} on average"),
        ("samples without a call", f"{sum(not one for one in calls) / len(samples):.1%}"),
        ("samples with an output", f"{sum(one.output is not None for one in samples) / len(samples):.1%}"),
        ("the commonest tools", ", ".join(f"{name} {count}" for name, count in tools.most_common(5)) or "-"),
    ]


def _labels(samples: Sequence[Sample]) -> list[str]:
    names = list(dict.fromkeys(name for one in samples for name in one.attributes))
    parts: list[str] = []
    for name in names:
        counts = Counter(one.attributes.get(name, "") for one in samples)
        ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        rows = [(value or "(none)", str(count), f"{count / len(samples):.1%}") for value, count in ranked[:MOST_SHOWN]]
        if len(ranked) > MOST_SHOWN:
            rest = sum(count for _, count in ranked[MOST_SHOWN:])
            rows.append((f"{len(ranked) - MOST_SHOWN} others", str(rest), f"{rest / len(samples):.1%}"))
        parts += [f"### By {markdown_text(name)}\n", _table((name, "samples", "share"), rows)]
    return parts


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [
        " | ".join(map(_cell, head)),
        " | ".join("---" for _ in head),
        *(" | ".join(map(_cell, row)) for row in rows),
    ]
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return markdown_text(text)


def made_beside(path: Path) -> str:
    """How a dataset was made, in words, from the record beside it: of another one, or by `make`; empty without one."""
    perturbed, made = path.with_suffix(".made.json"), path.with_name(MAKE_SUMMARY)
    if perturbed.is_file():
        record = parse_record(PerturbationRecord, read_bytes(perturbed), str(perturbed))
        return f"{record.method} {encode(record.parameters).decode()}, seed {record.seed}"
    if not made.is_file():
        return ""
    try:
        summary = decode(read_bytes(made))
    except EncodingError as problem:
        raise RecordError(f"{made}: {problem}") from None
    if not isinstance(summary, dict) or "mode" not in summary or "seed" not in summary:
        return ""
    return f"toolworld make, mode {summary['mode']}, seed {summary['seed']}"


MAKE_SUMMARY = "summary.json"
"""The file that `make` writes beside a dataset."""
